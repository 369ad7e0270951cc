//! TOML reduced to keys with values (TOML 1.0). The parser goes on behind an error.

use std::collections::HashMap;

use toml_parser::decoder::Encoding;
use toml_parser::parser::{Event, EventKind, RecursionGuard, parse_document};
use toml_parser::{ParseError, Raw, Source};

use super::lines::{after_line, comment, line_start};
use super::separated;
use crate::facts::{Facts, Setting, Span, SyntaxError, Tool, Value};

/// How deep arrays and inline tables may be nested.
const DEPTH: u32 = 64;

/// Reads a file; `tool` says whose a setting is by its path, and none leaves it out.
pub(super) fn parse(text: &str, tool: impl Fn(&[String]) -> Option<Tool>) -> Facts {
    let source = Source::new(text);
    let tokens = source.lex().into_vec();
    let mut events: Vec<Event> = Vec::new();
    let mut errors: Vec<ParseError> = Vec::new();
    parse_document(&tokens, &mut RecursionGuard::new(&mut events, DEPTH), &mut errors);
    let mut reader = Reader {
        text,
        tool: &tool,
        table: Vec::new(),
        arrays: HashMap::new(),
        facts: Facts::default(),
        events,
        next: 0,
    };
    reader.document();
    let mut facts = reader.facts;
    facts.errors = errors.iter().map(|error| syntax_error(text, error)).collect();
    facts.settings.sort_by_key(|setting| setting.key.start);
    facts
}

fn syntax_error(text: &str, error: &ParseError) -> SyntaxError {
    let span = error.unexpected().or(error.context());
    let span = span.map_or(0..0, |span| span.start()..span.end());
    let span = if text.get(span.clone()).is_some() { span } else { 0..0 };
    SyntaxError { message: error.description().to_owned(), span, of_shell: false }
}

struct Reader<'t> {
    text: &'t str,
    tool: &'t dyn Fn(&[String]) -> Option<Tool>,
    /// The path of the table whose header stood last.
    table: Vec<String>,
    /// How many tables an array of tables has so far.
    arrays: HashMap<Vec<String>, usize>,
    facts: Facts,
    events: Vec<Event>,
    next: usize,
}

/// A value, once it was read.
enum Read {
    Scalar(String, Span),
    Array(Vec<Value>, Span, bool),
    Table(Span),
}

impl Read {
    fn span(&self) -> Span {
        match self {
            Self::Scalar(_, span) | Self::Array(_, span, _) | Self::Table(span) => span.clone(),
        }
    }
}

impl Reader<'_> {
    fn document(&mut self) {
        while let Some(event) = self.event() {
            match event.kind() {
                EventKind::StdTableOpen => {
                    let keys = self.header(EventKind::StdTableClose);
                    self.table = self.counted(&keys);
                }
                EventKind::ArrayTableOpen => {
                    let keys = self.header(EventKind::ArrayTableClose);
                    let mut path = self.counted(&keys[..keys.len().saturating_sub(1)]);
                    path.extend(keys.last().cloned());
                    let count = self.arrays.entry(path.clone()).or_default();
                    path.push(count.to_string());
                    *count += 1;
                    self.table = path;
                }
                EventKind::SimpleKey => {
                    self.next -= 1;
                    let prefix = self.table.clone();
                    if let Some((key, value)) = self.pair(&prefix) {
                        let whole = line_start(self.text, key.start)
                            ..after_line(self.text, value.span().end);
                        self.settle(&prefix, key, value, whole);
                    }
                }
                _ => {}
            }
        }
    }

    /// The next event; comments are taken out on the way.
    fn event(&mut self) -> Option<Event> {
        while let Some(event) = self.events.get(self.next) {
            self.next += 1;
            match event.kind() {
                EventKind::Comment => {
                    let span = span_of(event);
                    self.facts.comments.push(comment(self.text, span));
                }
                EventKind::Whitespace | EventKind::Newline | EventKind::Error => {}
                _ => return Some(*event),
            }
        }
        None
    }

    fn header(&mut self, close: EventKind) -> Vec<String> {
        let mut keys = Vec::new();
        while let Some(event) = self.event() {
            match event.kind() {
                EventKind::SimpleKey => keys.push(self.decoded(&event, true)),
                kind if kind == close => break,
                EventKind::KeySep => {}
                _ => {
                    self.next -= 1;
                    break;
                }
            }
        }
        keys
    }

    /// A table's path with the number of the current table behind every array of tables.
    fn counted(&self, keys: &[String]) -> Vec<String> {
        let mut path = Vec::new();
        for key in keys {
            path.push(key.clone());
            if let Some(count) = self.arrays.get(&path) {
                path.push((count - 1).to_string());
            }
        }
        path
    }

    /// `a.b = value`: where the key stands, its parts, and the value.
    fn pair(&mut self, prefix: &[String]) -> Option<(Key, Read)> {
        let mut parts = Vec::new();
        let mut span: Option<Span> = None;
        loop {
            let event = self.event()?;
            match event.kind() {
                EventKind::SimpleKey => {
                    let stands = span_of(&event);
                    span = Some(span.map_or(stands.clone(), |span| span.start..stands.end));
                    parts.push(self.decoded(&event, true));
                }
                EventKind::KeySep => {}
                EventKind::KeyValSep => break,
                _ => {
                    self.next -= 1;
                    return None;
                }
            }
        }
        let mut path = prefix.to_vec();
        path.extend(parts.iter().cloned());
        let value = self.value(&path)?;
        let span = span?;
        Some((Key { start: span.start, end: span.end, parts }, value))
    }

    /// A value; what lies deeper becomes settings at once.
    fn value(&mut self, path: &[String]) -> Option<Read> {
        let event = self.event()?;
        let open = span_of(&event);
        match event.kind() {
            EventKind::Scalar => Some(Read::Scalar(self.decoded(&event, false), open)),
            EventKind::ArrayOpen => Some(self.array(path, open)),
            EventKind::InlineTableOpen => Some(self.inline_table(path, open)),
            _ => {
                self.next -= 1;
                None
            }
        }
    }

    fn array(&mut self, path: &[String], open: Span) -> Read {
        let mut items: Vec<Span> = Vec::new();
        let mut scalars: Vec<(usize, String)> = Vec::new();
        let mut end = open.end;
        while let Some(event) = self.event() {
            match event.kind() {
                EventKind::ArrayClose => {
                    end = span_of(&event).end;
                    break;
                }
                EventKind::ValueSep => {}
                EventKind::Scalar | EventKind::ArrayOpen | EventKind::InlineTableOpen => {
                    self.next -= 1;
                    let mut inner = path.to_vec();
                    inner.push(items.len().to_string());
                    let Some(item) = self.value(&inner) else { break };
                    let span = item.span();
                    end = end.max(span.end);
                    match item {
                        Read::Scalar(text, _) => scalars.push((items.len(), text)),
                        Read::Array(values, _, true) => self.push(&inner, &span, values, &span),
                        Read::Array(..) | Read::Table(_) => {}
                    }
                    items.push(span);
                }
                _ => {
                    self.next -= 1;
                    break;
                }
            }
        }
        let wholes = separated::wholes(self.text, &items, true);
        let own = !scalars.is_empty() || items.is_empty();
        let values = scalars
            .into_iter()
            .map(|(index, text)| Value {
                text,
                span: items[index].clone(),
                whole: wholes[index].clone(),
            })
            .collect();
        Read::Array(values, open.start..end, own)
    }

    fn inline_table(&mut self, path: &[String], open: Span) -> Read {
        let mut pairs: Vec<(Key, Read)> = Vec::new();
        let mut end = open.end;
        while let Some(event) = self.event() {
            match event.kind() {
                EventKind::InlineTableClose => {
                    end = span_of(&event).end;
                    break;
                }
                EventKind::ValueSep => {}
                EventKind::SimpleKey => {
                    self.next -= 1;
                    let Some((key, value)) = self.pair(path) else { break };
                    end = end.max(value.span().end);
                    pairs.push((key, value));
                }
                _ => {
                    self.next -= 1;
                    break;
                }
            }
        }
        let spans: Vec<Span> =
            pairs.iter().map(|(key, value)| key.start..value.span().end).collect();
        // TOML 1.0 allows no comma behind the last pair.
        let wholes = separated::wholes(self.text, &spans, false);
        for ((key, value), whole) in pairs.into_iter().zip(wholes) {
            self.settle(path, key, value, whole);
        }
        Read::Table(open.start..end)
    }

    /// Makes a setting of a pair, unless its value was made into settings already.
    fn settle(&mut self, prefix: &[String], key: Key, value: Read, whole: Span) {
        let mut path = prefix.to_vec();
        path.extend(key.parts);
        let values = match value {
            Read::Scalar(text, span) => vec![Value { text, span, whole: whole.clone() }],
            Read::Array(values, _, true) => values,
            Read::Array(..) | Read::Table(_) => return,
        };
        self.push(&path, &(key.start..key.end), values, &whole);
    }

    fn push(&mut self, path: &[String], key: &Span, mut values: Vec<Value>, whole: &Span) {
        let Some(tool) = (self.tool)(path) else { return };
        if let [only] = values.as_mut_slice() {
            only.whole = whole.clone();
        }
        let texts: Vec<&str> = values.iter().map(|value| value.text.as_str()).collect();
        self.facts.settings.push(Setting {
            tool,
            path: path.to_vec(),
            value: texts.join(" "),
            values,
            key: key.clone(),
            whole: whole.clone(),
        });
    }

    fn decoded(&self, event: &Event, key: bool) -> String {
        let slice = &self.text[span_of(event)];
        let raw = Raw::new_unchecked(slice, event.encoding(), event.span());
        let mut decoded = String::new();
        if key {
            raw.decode_key(&mut decoded, &mut ());
        } else {
            let _kind = raw.decode_scalar(&mut decoded, &mut ());
        }
        // What is no string stands as it is written.
        if event.encoding().is_none_or(|encoding: Encoding| slice.len() < closed(encoding)) {
            slice.to_owned()
        } else {
            decoded
        }
    }
}

/// The least length of a string that is closed.
fn closed(encoding: Encoding) -> usize {
    match encoding {
        Encoding::LiteralString | Encoding::BasicString => 2,
        Encoding::MlLiteralString | Encoding::MlBasicString => 6,
    }
}

struct Key {
    start: usize,
    end: usize,
    parts: Vec<String>,
}

fn span_of(event: &Event) -> Span {
    event.span().start()..event.span().end()
}
