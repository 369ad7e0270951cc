//! Where apt and apk find packages: apt's one-line lists, its deb822 stanzas (sources.list(5)), apk's `repositories`.
//!
//! Entries are counted: `["0", "uri"]`, `["0", "options", "trusted"]`, `["0", "suite"]`, `["0", "components"]`; of a
//! stanza `["0", "URIs"]`, as its field is spelled.

use super::lines::{Line, blanks_before, comment, comment_line, lines, trimmed, words};
use super::{one_error, single};
use crate::facts::{Facts, Setting, Span, Tool, Value};

/// Reads `sources.list` and `*.list`.
pub(crate) fn apt_list(text: &str) -> Facts {
    let mut facts = Facts::default();
    let mut entry = 0;
    for line in lines(text) {
        let mut content = trimmed(text, &line.span);
        if let Some(sign) = text[content.clone()].find('#') {
            let sign = content.start + sign;
            facts.comments.push(comment(text, sign..content.end));
            content = trimmed(text, &(content.start..sign));
        }
        if !content.is_empty() {
            match Entry::read(text, &content) {
                Some(found) => {
                    found.settings(text, entry, &line, &mut facts);
                    entry += 1;
                }
                None => one_error(&mut facts, content, "not `deb [options] uri suite components`"),
            }
        }
    }
    facts
}

/// A line of a list.
struct Entry {
    kind: Span,
    /// The brackets with what is in them.
    brackets: Option<Span>,
    uri: Span,
    suite: Span,
    components: Vec<Span>,
}

impl Entry {
    fn read(text: &str, content: &Span) -> Option<Self> {
        let kind = words(text, content).into_iter().next()?;
        if !matches!(&text[kind.clone()], "deb" | "deb-src") {
            return None;
        }
        let mut rest = trimmed(text, &(kind.end..content.end));
        let mut brackets = None;
        if text[rest.clone()].starts_with('[') {
            let close = rest.start + text[rest.clone()].find(']')? + 1;
            brackets = Some(rest.start..close);
            rest = trimmed(text, &(close..rest.end));
        }
        // `cdrom:[...]/` may hold blanks.
        let slice = &text[rest.clone()];
        let skip = match (slice.find('['), slice.find(']')) {
            (Some(open), Some(close)) if !slice[..open].contains([' ', '\t']) => close.max(open),
            _ => 0,
        };
        let length = slice[skip..].find([' ', '\t']).map_or(slice.len(), |at| skip + at);
        let uri = rest.start..rest.start + length;
        let mut words = words(text, &(uri.end..content.end)).into_iter();
        let suite = words.next()?;
        Some(Self { kind, brackets, uri, suite, components: words.collect() })
    }

    fn settings(&self, text: &str, entry: usize, line: &Line, facts: &mut Facts) {
        let path = |name: &str| vec![entry.to_string(), name.to_owned()];
        let mut add = |name: &str, span: &Span| {
            let value = text[span.clone()].to_owned();
            let (key, whole) = (span.clone(), line.whole.clone());
            facts.settings.push(single(Tool::Apt, path(name), value, span.clone(), key, whole));
        };
        add("type", &self.kind);
        add("uri", &self.uri);
        add("suite", &self.suite);
        if let (Some(first), Some(last)) = (self.components.first(), self.components.last()) {
            let span = first.start..last.end;
            facts.settings.push(Setting {
                tool: Tool::Apt,
                path: path("components"),
                value: text[span.clone()].to_owned(),
                values: blank_separated(text, &self.components, &line.whole),
                key: span,
                whole: line.whole.clone(),
            });
        }
        let Some(brackets) = &self.brackets else { return };
        let options = words(text, &(brackets.start + 1..brackets.end - 1));
        for (index, option) in options.iter().enumerate() {
            let slice = &text[option.clone()];
            let Some((name, value)) = slice.split_once('=') else {
                one_error(facts, option.clone(), "not `name=value`");
                continue;
            };
            let whole = match (options.len(), index) {
                (1, _) => blanks_before(text, brackets.start)..brackets.end,
                (_, 0) => option.start..options[1].start,
                _ => options[index - 1].end..option.end,
            };
            // `arch+=x` and `arch-=x` add and take away.
            let key = option.start..option.start + name.len();
            let name = name.trim_end_matches(['+', '-']);
            let path = vec![entry.to_string(), "options".to_owned(), name.to_owned()];
            let span = option.end - value.len()..option.end;
            facts.settings.push(single(Tool::Apt, path, value.to_owned(), span, key, whole));
        }
    }
}

/// Words as the values of a setting.
fn blank_separated(text: &str, words: &[Span], whole: &Span) -> Vec<Value> {
    let value = |(index, word): (usize, &Span)| Value {
        text: text[word.clone()].to_owned(),
        span: word.clone(),
        whole: match (words.len(), index) {
            (1, _) => whole.clone(),
            (_, 0) => word.start..words[1].start,
            _ => words[index - 1].end..word.end,
        },
    };
    words.iter().enumerate().map(value).collect()
}

/// Reads `*.sources`: stanzas of fields between empty lines; a value goes on in lines that begin with a blank.
pub(crate) fn apt_sources(text: &str) -> Facts {
    let mut facts = Facts::default();
    let mut stanza = 0;
    let mut open: Option<Field> = None;
    let mut empty = true;
    for line in lines(text) {
        let content = trimmed(text, &line.span);
        if text[line.span.clone()].starts_with('#') {
            facts.comments.extend(comment_line(text, &line, &['#']));
        } else if content.is_empty() {
            close(text, stanza, open.take(), &mut facts);
            stanza += usize::from(!empty);
            empty = true;
        } else if text[line.span.clone()].starts_with([' ', '\t']) {
            match &mut open {
                Some(field) => {
                    field.whole.end = line.whole.end;
                    field.parts.push(content);
                }
                None => one_error(&mut facts, content, "a value without its field"),
            }
        } else {
            close(text, stanza, open.take(), &mut facts);
            empty = false;
            match text[content.clone()].find(':').filter(|at| *at > 0) {
                Some(at) => {
                    let at = content.start + at;
                    let value = trimmed(text, &(at + 1..content.end));
                    open = Some(Field {
                        key: content.start..at,
                        whole: line.whole.clone(),
                        parts: vec![value],
                    });
                }
                None => one_error(&mut facts, content, "not `Field: value`"),
            }
        }
    }
    close(text, stanza, open, &mut facts);
    facts
}

/// A field whose value may go on.
struct Field {
    key: Span,
    whole: Span,
    parts: Vec<Span>,
}

fn close(text: &str, stanza: usize, field: Option<Field>, facts: &mut Facts) {
    let Some(field) = field else { return };
    let mut values = Vec::new();
    for part in &field.parts {
        let words = words(text, part);
        values.extend(blank_separated(text, &words, part));
    }
    match values.as_mut_slice() {
        [only] => only.whole = field.whole.clone(),
        values => {
            // A line of one word goes as a line, but for the field's own.
            for value in values {
                let start = blanks_before(text, value.span.start);
                let own = start > field.key.end && text[..start].ends_with('\n');
                let line = super::lines::content_end(text, value.span.end);
                if own && text[value.span.end..line].trim_ascii().is_empty() {
                    value.whole = start..super::lines::after_line(text, value.span.end);
                }
            }
        }
    }
    let texts: Vec<&str> = field.parts.iter().map(|part| &text[part.clone()]).collect();
    facts.settings.push(Setting {
        tool: Tool::Apt,
        path: vec![stanza.to_string(), text[field.key.clone()].to_owned()],
        value: texts.join(" ").trim().to_owned(),
        values,
        key: field.key,
        whole: field.whole,
    });
}

/// Reads apk's `repositories`: a URL or folder a line, `@tag` before it.
pub(crate) fn apk(text: &str) -> Facts {
    let mut facts = Facts::default();
    let mut entry = 0_usize;
    for line in lines(text) {
        let content = trimmed(text, &line.span);
        if let Some(comment) = comment_line(text, &line, &['#']) {
            facts.comments.push(comment);
            continue;
        }
        let words = words(text, &content);
        let mut add = |name: &str, span: &Span| {
            let path = vec![entry.to_string(), name.to_owned()];
            let value = text[span.clone()].to_owned();
            let (key, whole) = (span.clone(), line.whole.clone());
            facts.settings.push(single(Tool::Apk, path, value, span.clone(), key, whole));
        };
        match words.as_slice() {
            [] => continue,
            [tag, uri] if text[tag.clone()].starts_with('@') => {
                add("tag", tag);
                add("uri", uri);
            }
            [uri, ..] => add("uri", uri),
        }
        entry += 1;
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::proof::{check, setting, without, without_value};

    #[test]
    fn entries_of_a_list_stand_where_they_are_said_to_stand() {
        let text = "# ü\ndeb [ arch=amd64 trusted=yes ] http://a.example/debian bookworm main contrib # why\n\ndeb-src [trusted=yes] http://b.example/ ./\ndeb cdrom:[Debian 12 _x_]/ bookworm main\nrpm x\n";
        for text in [text.to_owned(), text.replace('\n', "\r\n")] {
            let facts = check(&text, apt_list);
            assert_eq!((facts.errors.len(), facts.comments.len()), (1, 2));
            let uri = setting(&facts, &["0", "uri"]);
            assert_eq!(&text[uri.values[0].span.clone()], "http://a.example/debian");
            let trusted = setting(&facts, &["0", "options", "trusted"]);
            assert_eq!(&text[trusted.key.clone()], "trusted");
            assert_eq!(&text[trusted.values[0].span.clone()], "yes");
            assert_eq!(setting(&facts, &["0", "components"]).values.len(), 2);
            assert_eq!(setting(&facts, &["2", "uri"]).value, "cdrom:[Debian 12 _x_]/");
            let rest = without(&text, apt_list, &["0", "options", "trusted"]);
            assert!(rest.contains("deb [ arch=amd64 ] http"));
            let rest = without(&text, apt_list, &["1", "options", "trusted"]);
            assert!(rest.contains("deb-src http://b.example/ ./"));
            without_value(&text, apt_list, &["0", "components"], 0);
        }
    }

    #[test]
    fn stanzas_stand_where_they_are_said_to_stand() {
        let text = "# ü\nTypes: deb\nURIs: http://a.example\n  https://b.example\n# between\n  https://c.example\nTrusted: yes\n\n\nTypes: deb deb-src\nURIs: https://d.example\n";
        for text in [text.to_owned(), text.replace('\n', "\r\n")] {
            let facts = check(&text, apt_sources);
            assert_eq!((facts.errors.len(), facts.comments.len()), (0, 2));
            let uris = setting(&facts, &["0", "URIs"]);
            assert_eq!(&text[uris.values[1].span.clone()], "https://b.example");
            assert_eq!(setting(&facts, &["1", "URIs"]).value, "https://d.example");
            assert!(!without(&text, apt_sources, &["0", "Trusted"]).contains("yes"));
            without(&text, apt_sources, &["0", "URIs"]);
            for value in 0..3 {
                without_value(&text, apt_sources, &["0", "URIs"], value);
            }
        }
    }

    #[test]
    fn repositories_of_apk_stand_where_they_are_said_to_stand() {
        let text = "# ü\nhttp://a.example/main\n@edge https://b.example/edge\n";
        let facts = check(text, apk);
        assert_eq!(setting(&facts, &["0", "uri"]).value, "http://a.example/main");
        assert_eq!(setting(&facts, &["1", "uri"]).value, "https://b.example/edge");
        let whole = &setting(&facts, &["0", "uri"]).whole;
        assert_eq!(&text[whole.clone()], "http://a.example/main\n");
    }
}
