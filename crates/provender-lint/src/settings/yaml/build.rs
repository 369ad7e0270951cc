//! From the parser's events to the tree.

use std::cell::RefCell;
use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use super::{Id, Kind, Node, Yaml};
use crate::facts::{Span, SyntaxError};
use crate::settings::lines::{after_line, comment, content_end, trimmed};

/// A collection that is not closed yet, and the key that waits for its value.
struct Open {
    id: Id,
    key: Option<Id>,
}

pub(super) struct Builder<'t> {
    yaml: Yaml<'t>,
    /// The byte every character begins at; empty if they are the same.
    offsets: Vec<usize>,
    open: Vec<Open>,
    anchors: HashMap<usize, Id>,
}

impl<'t> Builder<'t> {
    pub(super) fn new(text: &'t str, trailing_comma: bool) -> Self {
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
            wholes: RefCell::default(),
        };
        Self { yaml, offsets, open: Vec::new(), anchors: HashMap::new() }
    }

    pub(super) fn run(mut self) -> Yaml<'t> {
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
