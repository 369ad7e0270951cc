//! `pip.conf` and `pip.ini`, as Python's `RawConfigParser` reads them: `[section]`, `key = value` or `key: value`,
//! further lines of a value indented deeper than its key, comments with `#` or `;` on lines of their own only.

use super::lines::{Line, comment_line, lines, trimmed, words};
use super::one_error;
use crate::facts::{Facts, Setting, Span, Tool, Value};

/// A key whose value may go on.
struct Open {
    indent: usize,
    key: Span,
    whole: Span,
    /// What stands behind the key, one span a line, with the line.
    parts: Vec<(Span, Span)>,
}

/// Reads a file.
pub(crate) fn parse(text: &str) -> Facts {
    let mut facts = Facts::default();
    let mut section: Option<String> = None;
    let mut open: Option<Open> = None;
    for line in lines(text) {
        let content = trimmed(text, &line.span);
        if content.is_empty() {
            continue;
        }
        if let Some(comment) = comment_line(text, &line, &['#', ';']) {
            facts.comments.push(comment);
            continue;
        }
        let indent = content.start - line.span.start;
        if let Some(open) = open.as_mut().filter(|open| indent > open.indent) {
            open.whole.end = line.whole.end;
            open.parts.push((content, line.whole.clone()));
            continue;
        }
        close(text, section.as_deref(), open.take(), &mut facts);
        let slice = &text[content.clone()];
        if let Some(name) = slice.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            section = Some(name.0.to_owned());
        } else if section.is_none() {
            one_error(&mut facts, content, "a setting before the first section");
        } else if let Some(at) = slice.find(['=', ':']).filter(|at| *at > 0) {
            open = Some(begin(text, &line, &content, at, indent));
        } else {
            one_error(&mut facts, content, "neither a section nor a setting");
        }
    }
    close(text, section.as_deref(), open, &mut facts);
    facts
}

fn begin(text: &str, line: &Line, content: &Span, separator: usize, indent: usize) -> Open {
    let separator = content.start + separator;
    let value = trimmed(text, &(separator + 1..content.end));
    Open {
        indent,
        key: trimmed(text, &(content.start..separator)),
        whole: line.whole.clone(),
        parts: if value.is_empty() { Vec::new() } else { vec![(value, line.whole.clone())] },
    }
}

fn close(text: &str, section: Option<&str>, open: Option<Open>, facts: &mut Facts) {
    let (Some(section), Some(open)) = (section, open) else { return };
    let key = &text[open.key.clone()];
    let value: Vec<&str> = open.parts.iter().map(|(part, _)| &text[part.clone()]).collect();
    facts.settings.push(Setting {
        tool: Tool::Pip,
        path: vec![section.to_owned(), key.to_owned()],
        value: value.join("\n"),
        values: values(text, &open),
        key: open.key,
        whole: open.whole,
    });
}

/// The words of a value; pip splits every option that takes several at blanks and line ends.
fn values(text: &str, open: &Open) -> Vec<Value> {
    let mut found = Vec::new();
    for (part, line) in &open.parts {
        let words = words(text, part);
        let first_line = line.start == open.whole.start;
        for (index, word) in words.iter().enumerate() {
            let whole = match (words.len(), index) {
                // A further line of the value goes as a line.
                (1, _) if !first_line => line.clone(),
                (_, 0) if words.len() > 1 => word.start..words[1].start,
                (_, 0) => word.clone(),
                _ => words[index - 1].end..word.end,
            };
            found.push(Value { text: text[word.clone()].to_owned(), span: word.clone(), whole });
        }
    }
    if let [only] = found.as_mut_slice() {
        only.whole = open.whole.clone();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::proof::{check, setting, without, without_value};

    const TEXT: &str = "# ours\n[global]\nindex-url = https://pypi.corp.example/simple\ntrusted-host =\n    a.example\n    # why\n    b.example c.example\n; end\n[install]\nno_deps: yes\n";

    #[test]
    fn sections_keys_and_values_stand_where_they_are_said_to_stand() {
        let facts = check(TEXT, parse);
        let hosts = setting(&facts, &["global", "trusted-host"]);
        assert_eq!(&TEXT[hosts.key.clone()], "trusted-host");
        let texts: Vec<_> = hosts.values.iter().map(|value| value.text.as_str()).collect();
        assert_eq!(texts, ["a.example", "b.example", "c.example"]);
        assert_eq!(setting(&facts, &["install", "no_deps"]).value, "yes");
        assert_eq!(
            setting(&facts, &["global", "index-url"]).value,
            "https://pypi.corp.example/simple"
        );
        assert_eq!(facts.comments.len(), 3);
    }

    #[test]
    fn a_setting_goes_with_its_further_lines() {
        assert_eq!(
            without(TEXT, parse, &["global", "trusted-host"]),
            "# ours\n[global]\nindex-url = https://pypi.corp.example/simple\n; end\n[install]\nno_deps: yes\n"
        );
    }

    #[test]
    fn one_value_goes_alone() {
        let path = ["global", "trusted-host"];
        assert!(!without_value(TEXT, parse, &path, 0).contains("a.example"));
        assert!(without_value(TEXT, parse, &path, 1).contains("    c.example\n"));
        assert!(without_value(TEXT, parse, &path, 2).contains("    b.example\n"));
    }

    #[test]
    fn carriage_returns_and_umlauts_do_no_harm() {
        let text =
            "[global]\r\ncert = C:\\zertifikate\\k\u{f6}nig.pem\r\ntrusted-host = a.example\r\n";
        let facts = check(text, parse);
        assert_eq!(setting(&facts, &["global", "cert"]).value, "C:\\zertifikate\\k\u{f6}nig.pem");
        assert_eq!(
            without(text, parse, &["global", "trusted-host"]),
            "[global]\r\ncert = C:\\zertifikate\\k\u{f6}nig.pem\r\n"
        );
    }

    #[test]
    fn what_is_no_setting_is_an_error_and_the_rest_is_read() {
        let facts = check("x = 1\n[global]\nfoo\ntimeout = 3\n", parse);
        assert_eq!(facts.errors.len(), 2);
        assert_eq!(setting(&facts, &["global", "timeout"]).value, "3");
    }
}
