//! From the parser's events to the tree.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use super::{Id, Kind, Node, Yaml};
use crate::facts::{Span, SyntaxError};
use crate::settings::lines::{after_line, comment, content_end, trimmed};

/// How often a text is read again without a line that is not understood.
const MOST_ATTEMPTS: usize = 16;

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
        let yaml = Yaml {
            text,
            nodes: Vec::new(),
            documents: Vec::new(),
            comments: Vec::new(),
            errors: Vec::new(),
            trailing_comma,
            wholes: RefCell::default(),
        };
        Self { yaml, offsets: Vec::new(), open: Vec::new(), anchors: HashMap::new() }
    }

    pub(super) fn run(mut self) -> Yaml<'t> {
        let mut text = Cow::Borrowed(self.yaml.text);
        for _ in 0..MOST_ATTEMPTS {
            let Err((at, message)) = self.events(&text) else { break };
            let without = outdented_bracket(&text, at);
            if without.is_none() {
                let span = at..content_end(self.yaml.text, at);
                self.yaml.errors.push(SyntaxError { message, span, of_shell: false });
            }
            // One line that is not understood should not hide the rest.
            match without.or_else(|| without_line(&text, at)) {
                Some(without) => text = Cow::Owned(without),
                None => break,
            }
        }
        self.find_comments();
        self.yaml
    }

    /// Reads a text whose bytes stand where those of the file do; an error with its place ends it.
    fn events(&mut self, text: &str) -> Result<(), (usize, String)> {
        self.offsets.clear();
        if !text.is_ascii() {
            self.offsets.extend(text.char_indices().map(|(at, _)| at));
        }
        self.yaml.nodes.clear();
        self.yaml.documents.clear();
        self.anchors.clear();
        let mut result = Ok(());
        for event in Parser::new_from_str(text) {
            match event {
                Ok((event, span)) => {
                    let start = self.at(&span.start);
                    let end = self.at(&span.end).max(start);
                    self.event(event, start..end);
                }
                Err(error) => {
                    result = Err((self.at(error.marker()), error.info().to_owned()));
                    break;
                }
            }
        }
        // An error leaves collections open.
        while !self.open.is_empty() {
            self.close(None);
        }
        result
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

/// The text with the bracket that begins the line at `at` on the line before. Tools read a flow collection whose closing
/// bracket stands no deeper than its key (most parsers do, YAML 1.2 does not allow it).
fn outdented_bracket(text: &str, at: usize) -> Option<String> {
    let start = line_start(text, at);
    let rest = text[start..].trim_start_matches([' ', '\t']);
    if !rest.starts_with([']', '}']) {
        return None;
    }
    let bracket = text.len() - rest.len();
    let mut from = start;
    while from > 0 {
        let above = line_start(text, from - 1);
        let line = &text[above..from];
        let content = match line.find('#') {
            Some(sign) if line[..sign].ends_with([' ', '\t']) || sign == 0 => &line[..sign],
            _ => line,
        };
        from = above;
        if !content.trim().is_empty() {
            return Some(blank(text, above + content.trim_end().len()..bracket));
        }
    }
    None
}

/// The text without what the line at `at` says; none if it says nothing.
fn without_line(text: &str, at: usize) -> Option<String> {
    let line = line_start(text, at)..content_end(text, at);
    (!text[line.clone()].trim().is_empty()).then(|| blank(text, line))
}

/// The text with blanks for a range, byte for byte.
fn blank(text: &str, range: Span) -> String {
    [&text[..range.start], &" ".repeat(range.len()), &text[range.end..]].concat()
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |end| end + 1)
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

#[cfg(test)]
mod tests {
    use crate::source::FileKind;

    fn images(text: &str) -> (Vec<String>, usize) {
        let file = crate::read("compose.yaml", FileKind::Compose, text);
        let settings = file.facts.settings.iter().filter(|one| one.name() == "image");
        (settings.map(|one| one.value.clone()).collect(), file.facts.errors.len())
    }

    #[test]
    fn a_bracket_may_close_left_of_its_key() {
        for inner in ["a,\n      b\n", "a, # é\n      b # ü\n", "\"a\"\n", "\n"] {
            let text = format!(
                "services:\n  a:\n    ports: [\n      {inner}]\n    image: x\n  b:\n    image: y\n"
            );
            assert_eq!(images(&text), (vec!["x".into(), "y".into()], 0), "{text}");
        }
    }

    #[test]
    fn one_line_that_is_not_understood_hides_no_other() {
        let text = "services:\n  é:\n    image: x\n   bad: ]\n  b:\n    image: y\n    c: [1\n  d:\n    image: z\n";
        let (found, errors) = images(text);
        assert!(found.contains(&"x".to_owned()) && found.contains(&"y".to_owned()), "{found:?}");
        assert!(errors > 0);
    }
}
