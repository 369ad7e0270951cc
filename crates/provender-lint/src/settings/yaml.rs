//! YAML as a tree whose nodes know where they stand (YAML 1.2; JSON is read as the part of it that it is).
//!
//! An anchor's node exists once; an alias refers to it. What stands before an error is in the tree.

mod build;
mod settings;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use saphyr_parser::ScalarStyle;

use self::build::Builder;
use super::lines::{after_line, own_line};
use super::separated;
use crate::facts::{Comment, Span, SyntaxError};

/// How deep nodes are followed.
const DEPTH: usize = 64;

/// A node's number.
pub(super) type Id = usize;

/// A node.
#[derive(Debug)]
pub(super) struct Node {
    /// Where it stands, quotes and brackets included, without its anchor and tag.
    pub(super) span: Span,
    /// Where its anchor or tag begins, if it has one; else where it begins.
    start: usize,
    pub(super) kind: Kind,
}

/// What a node is.
#[derive(Debug)]
pub(super) enum Kind {
    Scalar { text: String, style: ScalarStyle },
    Sequence { items: Vec<Id>, flow: bool },
    Mapping { entries: Vec<(Id, Id)>, flow: bool },
    Alias(Option<Id>),
}

/// A file.
#[derive(Debug)]
pub(super) struct Yaml<'t> {
    pub(super) text: &'t str,
    nodes: Vec<Node>,
    /// The root of every document.
    pub(super) documents: Vec<Id>,
    pub(super) comments: Vec<Comment>,
    pub(super) errors: Vec<SyntaxError>,
    /// Whether a comma may stand behind the last item of a flow collection.
    trailing_comma: bool,
    /// What goes if an entry goes, of the mappings that were asked for.
    wholes: RefCell<HashMap<Id, Rc<[Span]>>>,
}

impl<'t> Yaml<'t> {
    /// Reads YAML.
    pub(super) fn parse(text: &'t str) -> Self {
        Builder::new(text, true).run()
    }

    /// Reads JSON.
    pub(super) fn parse_json(text: &'t str) -> Self {
        Builder::new(text, false).run()
    }

    /// A node; an alias is followed.
    pub(super) fn node(&self, id: Id) -> &Node {
        let mut node = &self.nodes[id];
        for _ in 0..DEPTH {
            match node.kind {
                Kind::Alias(Some(target)) => node = &self.nodes[target],
                _ => break,
            }
        }
        node
    }

    /// Whether this is an alias, whose node stands elsewhere.
    pub(super) fn is_alias(&self, id: Id) -> bool {
        matches!(self.nodes[id].kind, Kind::Alias(_))
    }

    /// The number of the node an alias refers to; any other node's own.
    pub(super) fn target(&self, mut id: Id) -> Id {
        for _ in 0..DEPTH {
            match self.nodes[id].kind {
                Kind::Alias(Some(target)) => id = target,
                _ => break,
            }
        }
        id
    }

    /// A scalar's text.
    pub(super) fn scalar(&self, id: Id) -> Option<&str> {
        match &self.node(id).kind {
            Kind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Whether there is nothing: `key:` alone.
    pub(super) fn is_null(&self, id: Id) -> bool {
        self.node(id).span.is_empty()
    }

    /// A sequence's items; of anything else none.
    pub(super) fn items(&self, id: Id) -> &[Id] {
        match &self.node(id).kind {
            Kind::Sequence { items, .. } => items,
            _ => &[],
        }
    }

    /// A mapping's entries as they are written; of anything else none.
    pub(super) fn own_entries(&self, id: Id) -> &[(Id, Id)] {
        match &self.node(id).kind {
            Kind::Mapping { entries, .. } => entries,
            _ => &[],
        }
    }

    /// Whether this is a mapping.
    pub(super) fn is_mapping(&self, id: Id) -> bool {
        matches!(self.node(id).kind, Kind::Mapping { .. })
    }

    /// Whether a tag such as `!reference` says that it means something else.
    pub(super) fn is_tagged(&self, id: Id) -> bool {
        let node = &self.nodes[id];
        node.start < node.span.start && self.text[node.start..node.span.start].contains('!')
    }

    /// Whether this is a collection in brackets.
    pub(super) fn is_flow(&self, id: Id) -> bool {
        matches!(
            self.node(id).kind,
            Kind::Mapping { flow: true, .. } | Kind::Sequence { flow: true, .. }
        )
    }

    /// A mapping's entries, and behind them what `<<` brings that it does not have itself: the mapping that has
    /// the entry, and the entry's index there.
    pub(super) fn entries(&self, id: Id) -> Vec<Entry> {
        let mut found = Vec::new();
        self.collect_entries(id, 0, &mut HashSet::new(), &mut found);
        found
    }

    fn collect_entries<'y>(
        &'y self,
        id: Id,
        depth: usize,
        names: &mut HashSet<&'y str>,
        found: &mut Vec<Entry>,
    ) {
        let map = self.target(id);
        let mut merged = Vec::new();
        for (index, &(key, value)) in self.own_entries(map).iter().enumerate() {
            let Some(name) = self.scalar(key) else { continue };
            if name == "<<" {
                if self.is_mapping(value) {
                    merged.push(value);
                } else {
                    merged.extend(self.items(value));
                }
            } else if names.insert(name) {
                found.push(Entry { name: name.to_owned(), map, index, key, value });
            }
        }
        if depth < 8 {
            for map in merged {
                self.collect_entries(map, depth + 1, names, found);
            }
        }
    }

    /// The entry of this name.
    pub(super) fn entry(&self, id: Id, name: &str) -> Option<Entry> {
        let own = self.own_entries(id).iter().enumerate();
        let mut own = own.filter(|(_, (key, _))| self.scalar(*key) == Some(name));
        own.next()
            .map(|(index, &(key, value))| Entry {
                name: name.to_owned(),
                map: self.target(id),
                index,
                key,
                value,
            })
            .or_else(|| self.entries(id).into_iter().find(|entry| entry.name == name))
    }

    /// The value of the entry of this name.
    pub(super) fn get(&self, id: Id, name: &str) -> Option<Id> {
        self.entry(id, name).map(|entry| entry.value)
    }

    /// For every entry what goes if it goes: its lines, or in brackets it and its comma.
    pub(super) fn entry_wholes(&self, map: Id) -> Rc<[Span]> {
        if let Some(known) = self.wholes.borrow().get(&map) {
            return Rc::clone(known);
        }
        let wholes: Rc<[Span]> = self.find_entry_wholes(map).into();
        self.wholes.borrow_mut().insert(map, Rc::clone(&wholes));
        wholes
    }

    fn find_entry_wholes(&self, map: Id) -> Vec<Span> {
        let entries = self.own_entries(map);
        let pairs: Vec<Span> =
            entries.iter().map(|(key, value)| self.pair_span(*key, *value)).collect();
        if self.is_flow(map) {
            return separated::wholes(self.text, &pairs, self.trailing_comma);
        }
        let next = |index: usize| entries.get(index + 1).map(|(key, _)| self.nodes[*key].start);
        pairs.iter().enumerate().map(|(index, pair)| self.block_whole(pair, next(index))).collect()
    }

    /// What goes if an entry goes.
    pub(super) fn entry_whole(&self, entry: &Entry) -> Span {
        self.entry_wholes(entry.map)[entry.index].clone()
    }

    /// For every item what goes if it goes: its lines, or in brackets it and its comma.
    pub(super) fn item_wholes(&self, sequence: Id) -> Vec<Span> {
        let items: Vec<Span> =
            self.items(sequence).iter().map(|item| self.outer_span(*item)).collect();
        if self.is_flow(sequence) {
            return separated::wholes(self.text, &items, self.trailing_comma);
        }
        items.into_iter().map(|item| self.item_whole(item)).collect()
    }

    /// The lines of an item with its dash, which may stand on a line before.
    fn item_whole(&self, item: Span) -> Span {
        let before = self.text[..item.start].trim_ascii_end();
        let Some(dash) = before.strip_suffix('-').map(str::len) else { return item };
        match own_line(self.text, dash) {
            Some(line) => line..self.lines_end(&item),
            None => item,
        }
    }

    fn block_whole(&self, pair: &Span, next: Option<usize>) -> Span {
        if let Some(line) = own_line(self.text, pair.start) {
            return line..self.lines_end(pair);
        }
        match next {
            Some(next) => pair.start..next,
            // It is all of an item.
            None => self.item_whole(pair.clone()),
        }
    }

    /// The end of the last line of a span.
    fn lines_end(&self, span: &Span) -> usize {
        if self.text[..span.end].ends_with('\n') {
            span.end
        } else {
            after_line(self.text, span.end)
        }
    }

    /// Where key and value stand, from the one's beginning to the other's end.
    pub(super) fn pair_span(&self, key: Id, value: Id) -> Span {
        let key = &self.nodes[key];
        let mut end = self.outer_span(value).end.max(key.span.end);
        if self.nodes[value].span.is_empty() {
            let rest = self.text[key.span.end..].trim_start_matches([' ', '\t']);
            if rest.starts_with(':') {
                end = end.max(self.text.len() - rest.len() + 1);
            }
        }
        key.start..end
    }

    /// Where a node stands with its anchor and tag.
    fn outer_span(&self, id: Id) -> Span {
        let node = &self.nodes[id];
        node.start.min(node.span.end)..node.span.end
    }
}

/// An entry of a mapping.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) name: String,
    /// The mapping that has it, which may be another if it was merged.
    pub(super) map: Id,
    pub(super) index: usize,
    pub(super) key: Id,
    pub(super) value: Id,
}
