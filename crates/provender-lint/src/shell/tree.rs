//! tree-sitter, as far as the rest of this module sees it.

use std::borrow::Cow;
use std::cell::RefCell;

use tree_sitter::{Node, Parser, Tree};

thread_local! {
    /// A parser is costly to make and cheap to use again.
    static PARSER: RefCell<Option<Parser>> = RefCell::new(bash());
}

fn bash() -> Option<Parser> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_bash::LANGUAGE.into()).ok()?;
    Some(parser)
}

/// The syntax tree of a text. Its places are those of the text.
pub(super) fn parse(text: &str) -> Option<Tree> {
    let masked = masked(text);
    PARSER.with_borrow_mut(|parser| parser.as_mut()?.parse(masked.as_ref(), None))
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

/// The children of a node, with their fields.
pub(super) fn children<'t>(node: Node<'t>) -> Vec<(Node<'t>, Option<&'t str>)> {
    let mut cursor = node.walk();
    let mut found = Vec::new();
    if cursor.goto_first_child() {
        loop {
            found.push((cursor.node(), cursor.field_name()));
            if !cursor.goto_next_sibling() {
                break;
            }
        }
    }
    found
}

/// Whether a node is something that the shell puts a value in for.
pub(super) fn is_expansion(node: Node<'_>) -> bool {
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
        for (child, _) in children(node) {
            expansions(child, found);
        }
    }
}
