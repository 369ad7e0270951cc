//! `.env` files, as compose and the dotenv libraries read them: `NAME=value`, `export` before it, quotes that may go
//! over several lines, comments with `#` at the beginning of a line or behind a blank.

use super::lines::{after_line, comment, content_end, text_start, trimmed};
use super::one_error;
use crate::facts::{Facts, Origin, Span, Variable, Word};

/// Reads a file.
pub(crate) fn parse(text: &str) -> Facts {
    let mut facts = Facts::default();
    let mut at = text_start(text);
    while at < text.len() {
        let line = trimmed(text, &(at..content_end(text, at)));
        if line.is_empty() {
            at = after_line(text, at);
        } else if text[line.clone()].starts_with('#') {
            facts.comments.push(comment(text, line));
            at = after_line(text, at);
        } else {
            at = assignment(text, at, line, &mut facts);
        }
    }
    facts
}

/// Reads an assignment; gives where the next line begins.
fn assignment(text: &str, begin: usize, line: Span, facts: &mut Facts) -> usize {
    let mut start = line.start;
    let slice = &text[line.clone()];
    if let Some(rest) = slice.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])) {
        start = line.end - rest.trim_ascii_start().len();
    }
    let rest = &text[start..line.end];
    let name_end = rest.find('=').unwrap_or(rest.len());
    let name_span = trimmed(text, &(start..start + name_end));
    let name = &text[name_span.clone()];
    if name.is_empty()
        || name.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '#'))
    {
        one_error(facts, line, "not `NAME=value`");
        return after_line(text, begin);
    }
    let value = (name_end < rest.len()).then(|| value(text, start + name_end + 1, line.end));
    let end = value.as_ref().map_or(line.end, |value| value.span.end);
    let after = after_line(text, end);
    let behind = trimmed(text, &(end..content_end(text, end)));
    if text[behind.clone()].starts_with('#') {
        facts.comments.push(comment(text, behind));
    }
    facts.variables.push(Variable {
        name: name.to_owned(),
        name_span,
        value,
        whole: begin..after,
        origin: Origin::DotEnv,
    });
    after
}

fn value(text: &str, start: usize, line_end: usize) -> Word {
    let span = trimmed(text, &(start..line_end));
    let word =
        |text: String, known: bool, span: Span| Word { text, known, whole: span.clone(), span };
    let quote = text[span.clone()].chars().next().filter(|first| matches!(first, '"' | '\''));
    if let Some(quote) = quote
        && let Some(end) = closing(text, span.start + 1, quote)
    {
        let inner = &text[span.start + 1..end];
        let span = span.start..end + 1;
        return if quote == '\'' {
            word(inner.to_owned(), true, span)
        } else {
            word(unescaped(inner), !inner.replace("\\$", "").contains('$'), span)
        };
    }
    let bytes = text.as_bytes();
    let sign = span
        .clone()
        .find(|&at| bytes[at] == b'#' && (at == start || matches!(bytes[at - 1], b' ' | b'\t')));
    let span = trimmed(text, &(span.start..sign.unwrap_or(span.end)));
    let raw = &text[span.clone()];
    word(raw.to_owned(), !raw.contains('$'), span)
}

/// Where the quote is closed.
fn closing(text: &str, start: usize, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, character) in text[start..].char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quote == '"' => escaped = true,
            _ if character == quote => return Some(start + at),
            _ => {}
        }
    }
    None
}

fn unescaped(inner: &str) -> String {
    let mut text = String::new();
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n') => text.push('\n'),
                Some('r') => text.push('\r'),
                Some('t') => text.push('\t'),
                Some(other @ ('"' | '\\' | '$')) => text.push(other),
                Some(other) => text.extend(['\\', other]),
                None => text.push('\\'),
            },
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::proof::{check, cut};

    const TEXT: &str = "# ü\r\nPIP_TRUSTED_HOST=a.example # why\r\nexport NODE_TLS_REJECT_UNAUTHORIZED = \"0\"\r\nPEM='one\r\ntwo'\r\nURL=https://${USER}@b.example/#x\r\nEMPTY=\r\nbad line\r\n";

    #[test]
    fn names_and_values_stand_where_they_are_said_to_stand() {
        let facts = check(TEXT, parse);
        assert_eq!((facts.variables.len(), facts.errors.len()), (5, 1));
        let values: Vec<_> = facts
            .variables
            .iter()
            .map(|found| {
                let value = found.value.as_ref().unwrap();
                (&TEXT[found.name_span.clone()], value.text.as_str(), value.known)
            })
            .collect();
        assert_eq!(
            values,
            [
                ("PIP_TRUSTED_HOST", "a.example", true),
                ("NODE_TLS_REJECT_UNAUTHORIZED", "0", true),
                ("PEM", "one\r\ntwo", true),
                ("URL", "https://${USER}@b.example/#x", false),
                ("EMPTY", "", true),
            ]
        );
        let quoted = facts.variables[1].value.as_ref().unwrap();
        assert_eq!(&TEXT[quoted.span.clone()], "\"0\"");
        assert_eq!(facts.comments.len(), 2);
    }

    #[test]
    fn a_variable_goes_with_its_lines() {
        let facts = check(TEXT, parse);
        let rest = cut(TEXT, &facts.variables[2].whole);
        assert!(rest.contains("\"0\"\r\nURL="));
        let again = check("\u{feff}A=b\nC=d", parse);
        assert_eq!(again.variables[0].name, "A");
        assert_eq!(again.variables[1].value.as_ref().unwrap().text, "d");
    }
}
