//! Python's syntax, as far as the rest of this module asks for it: names with what they were
//! imported as, calls with their arguments, literals with their values.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use tree_sitter::{LanguageError, Node, ParseOptions, ParseState, Tree};

use super::DefaultValue;
use super::files::PythonFile;

/// How often the parser reports its progress before a file counts as too intricate: the greatest
/// honest file comes to a quarter of it.
const MAX_STEPS: u32 = 1 << 17;

/// How deep an expression is looked into.
const MAX_DEPTH: usize = 32;

/// The parser, for one file after another.
pub(super) struct Parser(tree_sitter::Parser);

impl Parser {
    pub(super) fn new() -> Result<Self, LanguageError> {
        let mut parser = tree_sitter::Parser::new();
        parser.set_language(&tree_sitter_python::LANGUAGE.into())?;
        Ok(Self(parser))
    }

    /// The tree of a text; nothing for one that would take unreasonably long.
    pub(super) fn parse(&mut self, text: &str) -> Option<Tree> {
        let bytes = text.as_bytes();
        let mut steps = 0_u32;
        let mut progress = |_: &ParseState| {
            steps += 1;
            if steps > MAX_STEPS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let options = ParseOptions::new().progress_callback(&mut progress);
        let mut read = |at: usize, _| bytes.get(at..).unwrap_or_default();
        let tree = self.0.parse_with_options(&mut read, None, Some(options));
        if tree.is_none() {
            self.0.reset();
        }
        tree
    }
}

/// A file that was parsed.
pub(super) struct Module<'t> {
    /// Relative to the project, with `/`.
    pub(super) path: &'t str,
    /// The name under which it is imported, where it has one.
    pub(super) name: Option<&'t str>,
    text: &'t str,
    /// All nodes that have a name of their own in the grammar, each before those within it.
    nodes: Vec<Placed<'t>>,
    /// What a name stands for: `os` for `import os`, `os.environ` for `from os import environ`.
    imports: BTreeMap<&'t str, String>,
}

/// A node and the one around it.
#[derive(Clone, Copy)]
pub(super) struct Placed<'t> {
    pub(super) node: Node<'t>,
    pub(super) parent: Option<Node<'t>>,
}

impl<'t> Module<'t> {
    pub(super) fn new(file: &'t PythonFile, tree: &'t Tree) -> Self {
        let mut module = Self {
            path: &file.path,
            name: file.module.as_deref(),
            text: &file.text,
            nodes: nodes(tree),
            imports: BTreeMap::new(),
        };
        module.imports = module.read_imports();
        module
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = Placed<'t>> + '_ {
        self.nodes.iter().copied()
    }

    /// The nodes of one kind.
    pub(super) fn of_kind(&self, kind: &'static str) -> impl Iterator<Item = Node<'t>> + '_ {
        self.nodes().map(|placed| placed.node).filter(move |node| node.kind() == kind)
    }

    /// The statements of the module itself.
    pub(super) fn statements(&self) -> Vec<Node<'t>> {
        self.nodes.first().map(|root| named_children(root.node)).unwrap_or_default()
    }

    pub(super) fn text_of(&self, node: Node<'_>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// What a call calls, in full: `os.getenv`, whatever the file calls it.
    pub(super) fn callee(&self, call: Node<'_>) -> Option<String> {
        self.qualified(call.child_by_field_name("function")?)
    }

    /// A name or attribute with what it was imported as: `os.environ` for `environ` where that came
    /// from `os`. A name that is the file's own stays as it is.
    pub(super) fn qualified(&self, node: Node<'_>) -> Option<String> {
        let dotted = self.dotted(node)?;
        let (first, rest) = match dotted.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (dotted.as_str(), None),
        };
        Some(match (self.imports.get(first), rest) {
            (Some(imported), Some(rest)) => format!("{imported}.{rest}"),
            (Some(imported), None) => imported.clone(),
            (None, _) => dotted,
        })
    }

    /// `a.b.c` as it is written.
    pub(super) fn dotted(&self, node: Node<'_>) -> Option<String> {
        let mut parts = Vec::new();
        let mut at = node;
        for _ in 0..MAX_DEPTH {
            match at.kind() {
                "identifier" => {
                    parts.push(self.text_of(at));
                    parts.reverse();
                    return Some(parts.join("."));
                }
                "attribute" => {
                    parts.push(self.text_of(at.child_by_field_name("attribute")?));
                    at = at.child_by_field_name("object")?;
                }
                _ => return None,
            }
        }
        None
    }

    /// The arguments of a call, or of a class.
    pub(super) fn arguments(&self, call: Node<'t>) -> Arguments<'t> {
        let list = call.child_by_field_name("arguments");
        let list = list.or_else(|| call.child_by_field_name("superclasses"));
        let mut arguments = Arguments::default();
        for node in list.map(named_children).unwrap_or_default() {
            match node.kind() {
                "keyword_argument" => {
                    let parts =
                        node.child_by_field_name("name").zip(node.child_by_field_name("value"));
                    arguments
                        .keywords
                        .extend(parts.map(|(name, value)| (self.text_of(name), value)));
                }
                "comment" => {}
                "list_splat" | "dictionary_splat" => break,
                _ => arguments.positional.push(node),
            }
        }
        arguments
    }

    /// The value of a string that stands there as it is (Python's reference, section 2.5).
    pub(super) fn string(&self, node: Node<'t>) -> Option<String> {
        match node.kind() {
            "parenthesized_expression" => {
                let inner = named_children(node);
                inner
                    .into_iter()
                    .find(|node| node.kind() == "string" || node.kind() == "concatenated_string")
                    .and_then(|inner| self.string(inner))
            }
            "concatenated_string" => {
                let parts =
                    named_children(node).into_iter().filter(|part| part.kind() != "comment");
                parts.map(|part| self.literal(part)).collect()
            }
            _ => self.literal(node),
        }
    }

    /// One string literal without anything computed in it.
    fn literal(&self, node: Node<'t>) -> Option<String> {
        if node.kind() != "string" {
            return None;
        }
        let parts = named_children(node);
        let (first, last) = (parts.first()?, parts.last()?);
        let opening = self.text_of(*first);
        let prefix = opening.trim_end_matches(['"', '\'']).to_ascii_lowercase();
        if prefix.contains(['b', 'f', 't'])
            || parts.iter().any(|part| part.kind() == "interpolation")
        {
            return None;
        }
        if first.kind() != "string_start" || last.kind() != "string_end" {
            return None;
        }
        let inner = self.text.get(first.end_byte()..last.start_byte())?;
        if prefix.contains('r') { Some(inner.to_owned()) } else { unescaped(inner) }
    }

    /// What an expression comes to, as far as that stands there.
    pub(super) fn value(&self, node: Node<'t>) -> DefaultValue {
        match node.kind() {
            "none" => DefaultValue::Unset,
            "true" => DefaultValue::Literal("true".to_owned()),
            "false" => DefaultValue::Literal("false".to_owned()),
            "integer" | "float" => DefaultValue::Literal(self.text_of(node).replace('_', "")),
            "unary_operator" => {
                let text = self.text_of(node);
                let number = text.strip_prefix('-').is_some_and(|rest| {
                    !rest.is_empty()
                        && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
                });
                if number { DefaultValue::Literal(text.to_owned()) } else { DefaultValue::Computed }
            }
            _ => self.string(node).map_or(DefaultValue::Computed, DefaultValue::Literal),
        }
    }

    /// Whether it imports something of a top-level package.
    pub(super) fn imports_from(&self, package: &str) -> bool {
        self.imports.values().any(|name| name.split('.').next() == Some(package))
    }

    /// Whether it begins to work when it is run as a program.
    pub(super) fn starts_itself(&self) -> bool {
        self.statements().into_iter().filter(|node| node.kind() == "if_statement").any(|node| {
            node.child_by_field_name("condition").is_some_and(|condition| {
                let text = self.text_of(condition);
                text.contains("__name__") && text.contains("__main__")
            })
        })
    }

    fn read_imports(&self) -> BTreeMap<&'t str, String> {
        let mut imports = BTreeMap::new();
        for node in self.nodes().map(|placed| placed.node) {
            let from = match node.kind() {
                "import_statement" => None,
                "import_from_statement" => {
                    let Some(module) = node.child_by_field_name("module_name") else { continue };
                    Some(self.absolute(self.text_of(module)))
                }
                _ => continue,
            };
            let mut cursor = node.walk();
            for name in node.children_by_field_name("name", &mut cursor) {
                let (name, alias) = match name.kind() {
                    "aliased_import" => {
                        let Some(inner) = name.child_by_field_name("name") else { continue };
                        (self.text_of(inner), name.child_by_field_name("alias"))
                    }
                    _ => (self.text_of(name), None),
                };
                let alias = alias.map(|alias| self.text_of(alias));
                match (&from, alias) {
                    (Some(from), alias) => {
                        imports.insert(alias.unwrap_or(name), format!("{from}.{name}"));
                    }
                    (None, Some(alias)) => {
                        imports.insert(alias, name.to_owned());
                    }
                    // `import a.b` brings `a`.
                    (None, None) => {
                        let first = name.split('.').next().unwrap_or(name);
                        imports.insert(first, first.to_owned());
                    }
                }
            }
        }
        imports
    }

    /// The full name of a module that an import names, perhaps relative to this one.
    fn absolute(&self, written: &str) -> String {
        let name = written.trim_start_matches('.');
        let up = written.len() - name.len();
        if up == 0 {
            return name.to_owned();
        }
        let own = self.name.unwrap_or_default();
        let mut parts: Vec<&str> = own.split('.').collect();
        let is_package = self.path.ends_with("/__init__.py");
        parts.truncate((parts.len() + usize::from(is_package)).saturating_sub(up));
        if !name.is_empty() {
            parts.push(name);
        }
        parts.join(".")
    }
}

/// The arguments of a call.
#[derive(Default)]
pub(super) struct Arguments<'t> {
    /// Those without a name that stand before anything unpacked.
    pub(super) positional: Vec<Node<'t>>,
    keywords: Vec<(&'t str, Node<'t>)>,
}

impl<'t> Arguments<'t> {
    pub(super) fn keyword(&self, name: &str) -> Option<Node<'t>> {
        self.keywords.iter().find(|(keyword, _)| *keyword == name).map(|(_, value)| *value)
    }

    /// An argument that may be given by its place or its name.
    pub(super) fn get(&self, at: usize, name: &str) -> Option<Node<'t>> {
        self.positional.get(at).copied().or_else(|| self.keyword(name))
    }
}

/// What stands directly in a node.
pub(super) fn named_children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).collect()
}

/// All named nodes of a tree, without recursion: files may be nested as deep as they like.
fn nodes(tree: &Tree) -> Vec<Placed<'_>> {
    let mut cursor = tree.walk();
    let mut found = Vec::new();
    let mut parents: Vec<Node<'_>> = Vec::new();
    loop {
        let node = cursor.node();
        if node.is_named() {
            found.push(Placed { node, parent: parents.last().copied() });
        }
        if cursor.goto_first_child() {
            parents.push(node);
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return found;
            }
            parents.pop();
        }
    }
}

/// The value of what stands between quotes; nothing where an escape is in it that settings never
/// need.
fn unescaped(inner: &str) -> Option<String> {
    let mut value = String::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            value.push(c);
            continue;
        }
        match rest.next()? {
            escaped @ ('\\' | '\'' | '"') => value.push(escaped),
            'n' => value.push('\n'),
            't' => value.push('\t'),
            'r' => value.push('\r'),
            '\n' => {}
            _ => return None,
        }
    }
    Some(value)
}

/// Reads a text of a test.
#[cfg(test)]
pub(super) fn with<T>(path: &str, text: &str, read: impl FnOnce(&Module<'_>) -> T) -> T {
    let module = path.strip_suffix(".py").map(|stem| stem.replace('/', "."));
    let module = module.map(|name| name.trim_end_matches(".__init__").to_owned());
    let file = PythonFile { path: path.to_owned(), module, text: text.to_owned() };
    let tree = Parser::new().unwrap().parse(text).unwrap();
    read(&Module::new(&file, &tree))
}

#[cfg(test)]
mod tests;
