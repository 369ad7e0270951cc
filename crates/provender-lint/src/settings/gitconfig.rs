//! Git's configuration (git-config(1), "Syntax"): `[section]`, `[section "subsection"]`, `key = value`, a key alone
//! for true, comments with `#` or `;` anywhere, quotes and escapes, a backslash at a line's end.
//!
//! The path is section, subsection, key, as they are spelled; git tells section and key apart without case.

use super::lines::{after_line, comment, content_end, own_line, text_start, trimmed};
use super::{one_error, single};
use crate::facts::{Facts, Span, Tool};

/// Reads a file.
pub(crate) fn parse(text: &str) -> Facts {
    let mut facts = Facts::default();
    let mut section: Vec<String> = Vec::new();
    let mut at = text_start(text);
    while at < text.len() {
        let rest = &text[at..];
        let Some(first) = rest.chars().next() else { break };
        if first.is_ascii_whitespace() {
            at += 1;
        } else if matches!(first, '#' | ';') {
            let end = content_end(text, at);
            facts.comments.push(comment(text, at..end));
            at = end;
        } else if first == '[' {
            match header(text, at) {
                Some((path, end)) => {
                    section = path;
                    at = end;
                }
                None => {
                    let end = content_end(text, at);
                    one_error(&mut facts, at..end, "not a section");
                    at = end.max(at + 1);
                }
            }
        } else {
            at = variable(text, at, &section, &mut facts);
        }
    }
    facts
}

/// `[section]`, `[section "sub"]`, `[section.sub]`: its path and where it ends.
fn header(text: &str, at: usize) -> Option<(Vec<String>, usize)> {
    let line_end = content_end(text, at);
    let line = &text[at + 1..line_end];
    let name_end = line.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '.'))?;
    let name = &line[..name_end];
    let rest = line[name_end..].trim_ascii_start();
    if let Some(after) = rest.strip_prefix(']') {
        let path = name.split('.').map(str::to_owned).collect();
        return Some((path, line_end - after.len()));
    }
    let mut sub = String::new();
    let mut characters = rest.strip_prefix('"')?.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '\\' => sub.extend(characters.next().map(|(_, escaped)| escaped)),
            '"' => {
                let after = rest[1 + index + 1..].trim_ascii_start().strip_prefix(']')?;
                return Some((vec![name.to_owned(), sub], line_end - after.len()));
            }
            other => sub.push(other),
        }
    }
    None
}

/// Reads a key with its value; gives where it ends.
fn variable(text: &str, at: usize, section: &[String], facts: &mut Facts) -> usize {
    let line_end = content_end(text, at);
    let rest = &text[at..line_end];
    let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(rest.len());
    let key = at..at + length;
    let behind = trimmed(text, &(key.end..line_end));
    let sign = text[behind.clone()].chars().next();
    if length == 0 || section.is_empty() || !matches!(sign, None | Some('=' | '#' | ';')) {
        one_error(facts, at..line_end, "neither a section nor a setting");
        return line_end.max(at + 1);
    }
    let (value, span, end) = if sign == Some('=') {
        read_value(text, behind.start + 1)
    } else {
        ("true".to_owned(), key.end..key.end, key.end)
    };
    let comment_sign = trimmed(text, &(end..content_end(text, end)));
    let alone = comment_sign.is_empty() || text[comment_sign.clone()].starts_with(['#', ';']);
    let whole = match own_line(text, at) {
        Some(start) if alone => start..after_line(text, end),
        _ => at..end,
    };
    let mut path = section.to_vec();
    path.push(text[key.clone()].to_owned());
    facts.settings.push(single(Tool::Git, path, value, span, key, whole));
    end
}

/// A value without its quotes, where it stands, and where it ends.
fn read_value(text: &str, from: usize) -> (String, Span, usize) {
    let mut value = String::new();
    let mut quoted = false;
    let start = from + (text[from..].len() - text[from..].trim_start_matches([' ', '\t']).len());
    // How much of the value, and of the file, blanks at the end are not cut from.
    let (mut kept, mut end) = (0, start);
    let mut characters = text[start..].char_indices().peekable();
    while let Some((index, character)) = characters.next() {
        let after = start + index + character.len_utf8();
        match character {
            '\n' => break,
            '#' | ';' if !quoted => break,
            '"' => {
                quoted = !quoted;
                (kept, end) = (value.len(), after);
            }
            '\\' => {
                if text[after..].starts_with("\r\n") {
                    characters.next();
                }
                match characters.next() {
                    Some((_, '\n')) | None => continue,
                    Some((at, escaped)) => {
                        value.push(match escaped {
                            'n' => '\n',
                            't' => '\t',
                            'b' => '\u{8}',
                            other => other,
                        });
                        (kept, end) = (value.len(), start + at + escaped.len_utf8());
                    }
                }
            }
            other => {
                value.push(other);
                if quoted || !other.is_ascii_whitespace() {
                    (kept, end) = (value.len(), after);
                }
            }
        }
    }
    value.truncate(kept);
    (value, start..end, end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::proof::{check, setting, without};

    const TEXT: &str = "; ü\n[user]\n\tname = \"Jos\u{e9} # 1\" ; who\n[http \"https://git.corp.example\"]\n\tsslVerify = false # why\n\tproxy = http://a.example\\\n:3128\n[http] sslVerify\n[url \"a\\\"b\"] insteadOf = x\n[alias.sub]\n\tx = !git \\\"y\\\"\n";

    #[test]
    fn keys_and_values_stand_where_they_are_said_to_stand() {
        let facts = check(TEXT, parse);
        assert!(facts.errors.is_empty(), "{:?}", facts.errors);
        let verify = setting(&facts, &["http", "https://git.corp.example", "sslVerify"]);
        assert_eq!(&TEXT[verify.values[0].span.clone()], "false");
        assert_eq!(setting(&facts, &["user", "name"]).value, "Jos\u{e9} # 1");
        let proxy = setting(&facts, &["http", "https://git.corp.example", "proxy"]);
        assert_eq!(proxy.value, "http://a.example:3128");
        assert_eq!(setting(&facts, &["http", "sslVerify"]).value, "true");
        assert_eq!(setting(&facts, &["url", "a\"b", "insteadOf"]).value, "x");
        assert_eq!(setting(&facts, &["alias", "sub", "x"]).value, "!git \"y\"");
        assert_eq!(facts.comments.len(), 3);
    }

    #[test]
    fn a_setting_goes_with_its_lines_or_from_its_header() {
        for text in [TEXT.to_owned(), TEXT.replace('\n', "\r\n")] {
            let path = ["http", "https://git.corp.example", "sslVerify"];
            assert!(!without(&text, parse, &path).contains("why"));
            let rest = without(&text, parse, &["http", "https://git.corp.example", "proxy"]);
            assert!(!rest.contains(":3128"));
            assert!(without(&text, parse, &["http", "sslVerify"]).contains("[http]"));
        }
    }

    #[test]
    fn what_is_no_setting_is_an_error_and_the_rest_is_read() {
        let facts = check("x = 1\n[http\n?\n[http]\nsslVerify = no", parse);
        assert_eq!(facts.errors.len(), 3);
        assert_eq!(setting(&facts, &["http", "sslVerify"]).value, "no");
    }
}
