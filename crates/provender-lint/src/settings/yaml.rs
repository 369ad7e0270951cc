//! YAML as a tree whose nodes know where they stand (YAML 1.2; JSON is read as the part of it that it is).
//!
//! An anchor's node exists once; an alias refers to it. What stands before an error is in the tree.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use super::lines::{after_line, comment, content_end, own_line, trimmed};
use super::separated;
use crate::facts::{Comment, Facts, Setting, Span, SyntaxError, Tool, Value};

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
        self.collect_entries(id, 0, &mut found);
        found
    }

    fn collect_entries(&self, id: Id, depth: usize, found: &mut Vec<Entry>) {
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
            } else if !found.iter().any(|entry| entry.name == name) {
                found.push(Entry { name: name.to_owned(), map, index, key, value });
            }
        }
        if depth < 8 {
            for map in merged {
                self.collect_entries(map, depth + 1, found);
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
    pub(super) fn entry_wholes(&self, map: Id) -> Vec<Span> {
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

    /// Every setting below a node: scalars, and lists of scalars.
    pub(super) fn settings(&self, tool: Tool) -> Facts {
        let mut facts = Facts {
            comments: self.comments.clone(),
            errors: self.errors.clone(),
            ..Facts::default()
        };
        for &root in &self.documents {
            self.collect_settings(tool, root, &mut Vec::new(), &mut facts.settings, 0);
        }
        facts
    }

    fn collect_settings(
        &self,
        tool: Tool,
        id: Id,
        path: &mut Vec<String>,
        settings: &mut Vec<Setting>,
        depth: usize,
    ) {
        if depth > DEPTH {
            return;
        }
        match &self.nodes[id].kind {
            Kind::Mapping { entries, .. } => {
                for (&(key, value), whole) in entries.iter().zip(self.entry_wholes(id)) {
                    let Some(name) = self.scalar(key) else { continue };
                    path.push(name.to_owned());
                    let place = (self.nodes[key].span.clone(), whole);
                    settings.extend(self.setting(tool, value, path, place));
                    self.collect_settings(tool, value, path, settings, depth + 1);
                    path.pop();
                }
            }
            Kind::Sequence { items, .. } => {
                let nested = |item: &Id| !matches!(self.nodes[*item].kind, Kind::Scalar { .. });
                let wholes = if items.iter().any(nested) { self.item_wholes(id) } else { vec![] };
                for (index, (&item, whole)) in items.iter().zip(wholes).enumerate() {
                    path.push(index.to_string());
                    if matches!(self.nodes[item].kind, Kind::Sequence { .. }) {
                        let place = (self.nodes[item].span.clone(), whole);
                        settings.extend(self.setting(tool, item, path, place));
                    }
                    self.collect_settings(tool, item, path, settings, depth + 1);
                    path.pop();
                }
            }
            Kind::Scalar { .. } | Kind::Alias(_) => {}
        }
    }

    /// The setting that a scalar or a list of scalars is.
    pub(super) fn setting(
        &self,
        tool: Tool,
        value: Id,
        path: &[String],
        (key, whole): (Span, Span),
    ) -> Option<Setting> {
        let values = match &self.nodes[value].kind {
            Kind::Scalar { text, .. } => {
                vec![Value {
                    text: text.clone(),
                    span: self.nodes[value].span.clone(),
                    whole: whole.clone(),
                }]
            }
            Kind::Sequence { items, .. } => {
                let scalars: Vec<Value> = items
                    .iter()
                    .zip(self.item_wholes(value))
                    .filter_map(|(&item, item_whole)| match &self.nodes[item].kind {
                        Kind::Scalar { text, .. } => Some(Value {
                            text: text.clone(),
                            span: self.nodes[item].span.clone(),
                            whole: if items.len() == 1 { whole.clone() } else { item_whole },
                        }),
                        _ => None,
                    })
                    .collect();
                if scalars.is_empty() && !items.is_empty() {
                    return None;
                }
                scalars
            }
            Kind::Mapping { .. } | Kind::Alias(_) => return None,
        };
        let texts: Vec<&str> = values.iter().map(|value| value.text.as_str()).collect();
        let text = texts.join(" ");
        Some(Setting { tool, path: path.to_vec(), value: text, values, key, whole })
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

/// A collection that is not closed yet, and the key that waits for its value.
struct Open {
    id: Id,
    key: Option<Id>,
}

struct Builder<'t> {
    yaml: Yaml<'t>,
    /// The byte every character begins at; empty if they are the same.
    offsets: Vec<usize>,
    open: Vec<Open>,
    anchors: HashMap<usize, Id>,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str, trailing_comma: bool) -> Self {
        let offsets = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().map(|(at, _)| at).collect()
        };
        let yaml = Yaml {
            text,
            nodes: Vec::new(),
            documents: Vec::new(),
            comments: Vec::new(),
            errors: Vec::new(),
            trailing_comma,
        };
        Self { yaml, offsets, open: Vec::new(), anchors: HashMap::new() }
    }

    fn run(mut self) -> Yaml<'t> {
        for event in Parser::new_from_str(self.yaml.text) {
            match event {
                Ok((event, span)) => {
                    let start = self.at(&span.start);
                    let end = self.at(&span.end).max(start);
                    self.event(event, start..end);
                }
                Err(error) => {
                    let at = self.at(error.marker());
                    let line = at..content_end(self.yaml.text, at);
                    let message = error.info().to_owned();
                    self.yaml.errors.push(SyntaxError { message, span: line });
                    break;
                }
            }
        }
        // An error leaves collections open.
        while !self.open.is_empty() {
            self.close(None);
        }
        self.find_comments();
        self.yaml
    }

    fn at(&self, marker: &Marker) -> usize {
        let index = marker.index();
        let length = self.yaml.text.len();
        if self.offsets.is_empty() {
            index.min(length)
        } else {
            self.offsets.get(index).copied().unwrap_or(length)
        }
    }

    fn event(&mut self, event: Event<'_>, span: Span) {
        match event {
            Event::DocumentStart(_) => self.anchors.clear(),
            Event::Scalar(text, style, anchor, _) => {
                let text = text.into_owned();
                let (outer, span) = self.scalar_span(span, style);
                self.add(outer, span, Kind::Scalar { text, style }, anchor);
            }
            Event::Alias(anchor) => {
                let target = self.anchors.get(&anchor).copied();
                let span = trimmed(self.yaml.text, &span);
                self.add(span.start, span, Kind::Alias(target), 0);
            }
            Event::SequenceStart(anchor, _) => {
                let flow = self.opens(&span, '[');
                self.begin(span, Kind::Sequence { items: Vec::new(), flow }, flow, anchor);
            }
            Event::MappingStart(anchor, _) => {
                let flow = self.opens(&span, '{');
                self.begin(span, Kind::Mapping { entries: Vec::new(), flow }, flow, anchor);
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(Some(span)),
            _ => {}
        }
    }

    /// Whether a collection begins with this bracket.
    fn opens(&self, span: &Span, bracket: char) -> bool {
        self.yaml.text[span.clone()].trim_ascii_end().ends_with(bracket)
    }

    fn begin(&mut self, span: Span, kind: Kind, flow: bool, anchor: usize) {
        // The parser counts the blanks behind a bracket among it.
        let end = if flow { trimmed(self.yaml.text, &span).end } else { span.end };
        let id = self.add(span.start, end - usize::from(flow)..end, kind, anchor);
        self.open.push(Open { id, key: None });
    }

    fn add(&mut self, start: usize, span: Span, kind: Kind, anchor: usize) -> Id {
        let id = self.yaml.nodes.len();
        self.yaml.nodes.push(Node { span, start, kind });
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        let Some(open) = self.open.last_mut() else {
            self.yaml.documents.push(id);
            return id;
        };
        match (&mut self.yaml.nodes[open.id].kind, open.key.take()) {
            (Kind::Sequence { items, .. }, _) => items.push(id),
            (Kind::Mapping { entries, .. }, Some(key)) => entries.push((key, id)),
            (_, None) => open.key = Some(id),
            _ => {}
        }
        id
    }

    /// Closes the innermost collection; its end is its bracket or that of what is last in it.
    fn close(&mut self, bracket: Option<Span>) {
        if let Some(key) = self.open.last().and_then(|open| open.key) {
            let end = self.yaml.nodes[key].span.end;
            let kind = Kind::Scalar { text: String::new(), style: ScalarStyle::Plain };
            self.add(end, end..end, kind, 0);
        }
        let Some(Open { id, .. }) = self.open.pop() else { return };
        let nodes = &self.yaml.nodes;
        let (last, flow) = match &nodes[id].kind {
            Kind::Sequence { items, flow } => {
                (items.last().map(|item| self.yaml.outer_span(*item).end), *flow)
            }
            Kind::Mapping { entries, flow } => {
                (entries.last().map(|(key, value)| self.yaml.pair_span(*key, *value).end), *flow)
            }
            _ => return,
        };
        let end = bracket.filter(|_| flow).map(|span| (span.start + 1).min(span.end)).or(last);
        let span = &mut self.yaml.nodes[id].span;
        span.end = end.unwrap_or(span.end).max(span.start);
    }

    /// Where a scalar begins with its anchor and tag, and where it stands without them. The parser counts blanks
    /// and comments behind a quoted scalar among it, and blank lines behind a block scalar.
    fn scalar_span(&self, span: Span, style: ScalarStyle) -> (usize, Span) {
        let text = self.yaml.text;
        let outer = span.start;
        let mut start = span.start;
        while text[start..span.end].starts_with(['&', '!']) && !is_block(style) {
            let rest = &text[start..span.end];
            let property = rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len());
            start = span.end - rest[property..].trim_ascii_start().len();
        }
        let end = match style {
            ScalarStyle::SingleQuoted => closing_quote(text, start, b'\'').min(span.end),
            ScalarStyle::DoubleQuoted => closing_quote(text, start, b'"').min(span.end),
            ScalarStyle::Plain => trimmed(text, &(start..span.end)).end.max(start),
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let content = start + text[start..span.end].trim_ascii_end().len();
                after_line(text, content).min(span.end.max(content))
            }
        };
        (outer, start..end.max(start))
    }

    /// A comment begins with `#` at a line's beginning or behind a blank, outside of scalars.
    fn find_comments(&mut self) {
        let text = self.yaml.text;
        let mut scalars: Vec<Span> = self
            .yaml
            .nodes
            .iter()
            .filter(|node| matches!(node.kind, Kind::Scalar { .. }) && !node.span.is_empty())
            .map(|node| node.span.clone())
            .collect();
        scalars.sort_by_key(|span| span.start);
        let mut scalars = scalars.into_iter().peekable();
        let mut at = 0;
        while let Some(found) = text[at..].find('#') {
            let sign = at + found;
            while scalars.next_if(|scalar| scalar.end <= sign).is_some() {}
            if let Some(scalar) = scalars.peek().filter(|scalar| scalar.contains(&sign)) {
                at = scalar.end.max(sign + 1);
                continue;
            }
            at = sign + 1;
            if sign == 0 || matches!(text.as_bytes()[sign - 1], b' ' | b'\t' | b'\n' | b'\r') {
                at = content_end(text, sign);
                self.yaml.comments.push(comment(text, sign..at));
            }
        }
    }
}

fn is_block(style: ScalarStyle) -> bool {
    matches!(style, ScalarStyle::Literal | ScalarStyle::Folded)
}

/// Behind the quote that closes the one that stands at `start`.
fn closing_quote(text: &str, start: usize, quote: u8) -> usize {
    let bytes = text.as_bytes();
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote == b'"' => at += 1,
            byte if byte == quote => {
                if quote == b'\'' && bytes.get(at + 1) == Some(&b'\'') {
                    at += 1;
                } else {
                    return at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    text.len()
}
