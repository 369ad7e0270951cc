//! `.npmrc`, as npm's `ini` package reads it: `key = value`, `key[] = value`, a key alone for true, comments with `;`
//! or `#` on lines of their own and behind an unquoted value, values in quotes.

use super::lines::{comment, comment_line, lines, trimmed};
use super::single;
use crate::facts::{Facts, Span, Tool};

/// Reads a file.
pub(crate) fn parse(text: &str) -> Facts {
    let mut facts = Facts::default();
    let mut section: Option<String> = None;
    for line in lines(text) {
        let content = trimmed(text, &line.span);
        if content.is_empty() {
            continue;
        }
        if let Some(comment) = comment_line(text, &line, &['#', ';']) {
            facts.comments.push(comment);
            continue;
        }
        let slice = &text[content.clone()];
        if let Some(name) = slice.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = Some(name.trim().to_owned());
            continue;
        }
        let (key, value) = match slice.find('=') {
            Some(0) => {
                super::one_error(&mut facts, content, "a value without its key");
                continue;
            }
            Some(at) => {
                let at = content.start + at;
                let value = trimmed(text, &(at + 1..content.end));
                (trimmed(text, &(content.start..at)), Some(value))
            }
            None => (content.clone(), None),
        };
        let name = unquoted(text[key.clone()].trim_end_matches("[]"));
        let mut path: Vec<String> = section.iter().cloned().collect();
        path.push(name);
        let (value, span) = match value {
            Some(span) => {
                let (value, span, sign) = read_value(text, span);
                facts.comments.extend(sign.map(|at| comment(text, at..content.end)));
                (value, span)
            }
            None => ("true".to_owned(), key.end..key.end),
        };
        facts.settings.push(single(Tool::Npm, path, value, span, key, line.whole));
    }
    facts
}

/// The value without quotes, where it stands, and where a comment behind it begins.
fn read_value(text: &str, span: Span) -> (String, Span, Option<usize>) {
    let slice = &text[span.clone()];
    for quote in ['"', '\''] {
        if let Some(inner) = slice.strip_prefix(quote)
            && let Some(end) = inner.find(quote)
        {
            let end = span.start + end + 2;
            let rest = trimmed(text, &(end..span.end));
            let sign = text[rest.clone()].starts_with([';', '#']).then_some(rest.start);
            return (unquoted(&text[span.start..end]), span.start..end, sign);
        }
    }
    let mut value = String::new();
    let mut characters = slice.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some((_, escaped @ ('\\' | ';' | '#'))) => value.push(escaped),
                Some((_, other)) => value.extend(['\\', other]),
                None => value.push('\\'),
            },
            ';' | '#' => {
                let before = trimmed(text, &(span.start..span.start + at));
                return (value.trim().to_owned(), before, Some(span.start + at));
            }
            other => value.push(other),
        }
    }
    (value, span, None)
}

fn unquoted(word: &str) -> String {
    let inner = |quote| word.strip_prefix(quote).and_then(|rest: &str| rest.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).unwrap_or(word).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::proof::{check, setting, without};

    const TEXT: &str = "; ours\r\nregistry=https://npm.corp.example/\r\nstrict-ssl = false ; why\r\n//npm.corp.example/:_authToken=${TOKEN}\r\nca[]=\"-----BEGIN \u{fc}\"\r\nalways-auth\r\n";

    #[test]
    fn keys_and_values_stand_where_they_are_said_to_stand() {
        let facts = check(TEXT, parse);
        let strict = setting(&facts, &["strict-ssl"]);
        assert_eq!(strict.value, "false");
        assert_eq!(&TEXT[strict.values[0].span.clone()], "false");
        assert_eq!(setting(&facts, &["//npm.corp.example/:_authToken"]).value, "${TOKEN}");
        let ca = setting(&facts, &["ca"]);
        assert_eq!(ca.value, "-----BEGIN \u{fc}");
        assert_eq!(&TEXT[ca.values[0].span.clone()], "\"-----BEGIN \u{fc}\"");
        assert_eq!(setting(&facts, &["always-auth"]).value, "true");
        assert_eq!(facts.comments.len(), 2);
        assert_eq!(facts.comments[1].text, " why");
    }

    #[test]
    fn a_setting_goes_with_its_line() {
        let rest = without(TEXT, parse, &["strict-ssl"]);
        assert!(rest.contains("example/\r\n//npm"));
    }

    #[test]
    fn a_value_without_a_key_is_an_error() {
        assert_eq!(check("=x\ny=1\n", parse).errors.len(), 1);
    }
}
