//! tree-sitter, as far as the rest of this module sees it.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::Range;
use std::sync::LazyLock;

use tree_sitter::{Language, Parser, TreeCursor};

/// The grammar, which the names of its nodes belong to.
static BASH: LazyLock<Language> = LazyLock::new(|| tree_sitter_bash::LANGUAGE.into());

thread_local! {
    /// A parser is costly to make and cheap to use again.
    static PARSER: RefCell<Option<Parser>> = RefCell::new(bash());
}

fn bash() -> Option<Parser> {
    let mut parser = Parser::new();
    parser.set_language(&BASH).ok()?;
    Some(parser)
}

/// The syntax tree of a text. Its places are those of the text.
pub(super) fn parse(text: &str) -> Option<Tree> {
    let masked = masked(text);
    let parsed = PARSER.with_borrow_mut(|parser| parser.as_mut()?.parse(masked.as_ref(), None))?;
    let mut tree = Tree { nodes: Vec::new() };
    tree.fill(&mut parsed.walk());
    Some(tree)
}

/// A syntax tree in which the way to a node's neighbours is as short as that to its children.
pub(super) struct Tree {
    nodes: Vec<Entry>,
}

struct Entry {
    kind: &'static str,
    field: Option<&'static str>,
    range: Range<usize>,
    named: bool,
    missing: bool,
    broken: bool,
    parent: usize,
    previous: Option<usize>,
    next: Option<usize>,
    first_child: Option<usize>,
}

impl Tree {
    pub(super) fn root(&self) -> Option<Node<'_>> {
        (!self.nodes.is_empty()).then_some(Node { tree: self, index: 0 })
    }

    /// Takes the nodes over, without recursion: texts may be nested as deep as they like.
    fn fill(&mut self, cursor: &mut TreeCursor<'_>) {
        let mut parents = vec![0];
        let mut previous = None;
        loop {
            let index = self.nodes.len();
            let parent = parents.last().copied().unwrap_or_default();
            self.push(cursor, parent, previous);
            if cursor.goto_first_child() {
                parents.push(index);
                previous = None;
                continue;
            }
            previous = Some(index);
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
                previous = parents.pop();
            }
        }
    }

    fn push(&mut self, cursor: &TreeCursor<'_>, parent: usize, previous: Option<usize>) {
        let index = self.nodes.len();
        let node = cursor.node();
        match previous.and_then(|previous| self.nodes.get_mut(previous)) {
            Some(previous) => previous.next = Some(index),
            None if index > 0 => self.nodes[parent].first_child = Some(index),
            None => {}
        }
        self.nodes.push(Entry {
            kind: BASH.node_kind_for_id(node.kind_id()).unwrap_or_default(),
            field: field_name(cursor),
            range: node.byte_range(),
            named: node.is_named(),
            missing: node.is_missing(),
            broken: node.has_error(),
            parent,
            previous,
            next: None,
            first_child: None,
        });
    }
}

/// The fields that matter here, by names that outlive the cursor.
fn field_name(cursor: &TreeCursor<'_>) -> Option<&'static str> {
    let name = cursor.field_name()?;
    ["body", "redirect", "destination", "argument", "variable", "value", "name", "right"]
        .into_iter()
        .find(|field| *field == name)
}

/// A node of a tree.
#[derive(Clone, Copy)]
pub(super) struct Node<'t> {
    tree: &'t Tree,
    index: usize,
}

impl<'t> Node<'t> {
    fn entry(self) -> &'t Entry {
        &self.tree.nodes[self.index]
    }

    fn at(self, index: Option<usize>) -> Option<Self> {
        index.map(|index| Self { tree: self.tree, index })
    }

    pub(super) fn id(self) -> usize {
        self.index
    }

    pub(super) fn kind(self) -> &'static str {
        self.entry().kind
    }

    /// What it is to its parent.
    pub(super) fn field(self) -> Option<&'static str> {
        self.entry().field
    }

    pub(super) fn byte_range(self) -> Range<usize> {
        self.entry().range.clone()
    }

    pub(super) fn start_byte(self) -> usize {
        self.entry().range.start
    }

    pub(super) fn end_byte(self) -> usize {
        self.entry().range.end
    }

    /// Whether it is more than a sign or a reserved word.
    pub(super) fn is_named(self) -> bool {
        self.entry().named
    }

    /// Whether the grammar put it where the text lacks it.
    pub(super) fn is_missing(self) -> bool {
        self.entry().missing
    }

    pub(super) fn is_error(self) -> bool {
        self.kind() == "ERROR"
    }

    /// Whether something in it is not understood.
    pub(super) fn has_error(self) -> bool {
        self.entry().broken
    }

    pub(super) fn parent(self) -> Option<Self> {
        self.at((self.index > 0).then_some(self.entry().parent))
    }

    pub(super) fn prev_sibling(self) -> Option<Self> {
        self.at(self.entry().previous)
    }

    pub(super) fn next_sibling(self) -> Option<Self> {
        self.at(self.entry().next)
    }

    pub(super) fn children(self) -> impl Iterator<Item = Self> + use<'t> {
        std::iter::successors(self.at(self.entry().first_child), |node| node.next_sibling())
    }

    pub(super) fn child(self, field: &str) -> Option<Self> {
        self.children().find(|child| child.field() == Some(field))
    }
}

/// `${{ ... }}`, which a CI service puts in before a shell sees it, as a variable of the same length.
fn masked(text: &str) -> Cow<'_, str> {
    let mut masked = Cow::Borrowed(text);
    let mut at = 0;
    while let Some(start) = text[at..].find("${{").map(|place| at + place) {
        let line = text[start..].split('\n').next().unwrap_or_default();
        let Some(length) = line.find("}}") else {
            at = start + 3;
            continue;
        };
        at = start + length + 2;
        masked.to_mut().replace_range(start + 2..at - 1, &"_".repeat(length - 1));
    }
    masked
}

/// Whether a node is something that the shell puts a value in for.
fn is_expansion(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "simple_expansion"
            | "expansion"
            | "command_substitution"
            | "process_substitution"
            | "arithmetic_expansion"
    )
}

/// The outermost expansions within a node, in order.
pub(super) fn expansions<'t>(node: Node<'t>, found: &mut Vec<Node<'t>>) {
    if is_expansion(node) {
        found.push(node);
    } else {
        for child in node.children() {
            expansions(child, found);
        }
    }
}
