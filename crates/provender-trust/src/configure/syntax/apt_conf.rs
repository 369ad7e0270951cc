//! apt's configuration files (apt.conf(5)).

use std::ops::Range;

use super::SyntaxError;

/// An option with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The whole name in lower case, `acquire::https::verify-peer`.
    pub(crate) name: String,
    /// The name as it is written in its scope.
    pub(crate) written: String,
    /// The value without quotes.
    pub(crate) value: String,
    statement: Range<usize>,
    value_span: Range<usize>,
}

impl Entry {
    /// Whether apt takes the value for false.
    pub(crate) fn is_false(&self) -> bool {
        ["no", "false", "without", "off", "disable", "0"]
            .iter()
            .any(|no| self.value.eq_ignore_ascii_case(no))
    }
}

/// The options of a text in their order. Included files are not followed.
pub(crate) fn entries(text: &str) -> Result<Vec<Entry>, SyntaxError> {
    let mut entries = Vec::new();
    let mut scopes: Vec<(String, usize)> = Vec::new();
    let mut statement = Statement::default();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let directive = rest.starts_with("#clear")
            || rest.starts_with("#include")
            || rest.starts_with("#x-apt");
        if rest.starts_with("//") || (c == '#' && !directive) {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("/*") {
            let end = rest
                .find("*/")
                .ok_or_else(|| SyntaxError::at_byte(text, at, "a comment that does not end"))?;
            at += end + 2;
        } else if c.is_whitespace() {
            at += c.len_utf8();
        } else if c == '"' {
            let end = rest[1..].find(['"', '\n']).filter(|&end| rest[1 + end..].starts_with('"'));
            let end =
                end.ok_or_else(|| SyntaxError::at_byte(text, at, "a quote that is not closed"))?;
            statement.value(at, at..at + end + 2, &rest[1..=end]);
            at += end + 2;
        } else if c == '{' {
            scopes.push((statement.name.take().unwrap_or_default(), at));
            statement = Statement::default();
            at += 1;
        } else if c == '}' {
            if statement.start.is_some() {
                return Err(SyntaxError::at_byte(text, at, "an option without `;`"));
            }
            scopes.pop().ok_or_else(|| SyntaxError::at_byte(text, at, "a `}` without `{`"))?;
            at += 1;
        } else if c == ';' {
            at += 1;
            if let Some(entry) = std::mem::take(&mut statement).finish(&scopes, at) {
                entries.push(entry);
            }
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || matches!(c, ';' | '{' | '}' | '"'));
            let word = &rest[..end.unwrap_or(rest.len())];
            if statement.name.is_some() {
                statement.value(at, at..at + word.len(), word);
            } else {
                statement.start.get_or_insert(at);
                statement.name = Some(word.to_owned());
            }
            at += word.len();
        }
    }
    if let Some(start) = statement.start {
        return Err(SyntaxError::at_byte(text, start, "an option without `;`"));
    }
    match scopes.last() {
        Some((_, open)) => Err(SyntaxError::at_byte(text, *open, "a `{` that is not closed")),
        None => Ok(entries),
    }
}

#[derive(Default)]
struct Statement {
    start: Option<usize>,
    name: Option<String>,
    value: Option<(String, Range<usize>)>,
}

impl Statement {
    fn value(&mut self, at: usize, span: Range<usize>, value: &str) {
        self.start.get_or_insert(at);
        if self.value.is_none() {
            self.value = Some((value.to_owned(), span));
        }
    }

    fn finish(self, scopes: &[(String, usize)], end: usize) -> Option<Entry> {
        let start = self.start?;
        let written = self.name.unwrap_or_default();
        let (value, value_span) = self.value?;
        let mut name = String::new();
        for part in scopes.iter().map(|(scope, _)| scope.as_str()).chain([written.as_str()]) {
            if !name.is_empty() {
                name.push_str("::");
            }
            name.push_str(&part.to_lowercase());
        }
        Some(Entry { name, written, value, statement: start..end, value_span })
    }
}

/// Gives an option a value: in its place, else at the end.
pub(crate) fn set(text: &str, name: &str, value: &str) -> Result<String, SyntaxError> {
    let mut out = text.to_owned();
    match entries(text)?.into_iter().rfind(|entry| entry.name == name.to_lowercase()) {
        Some(entry) if entry.value == value => {}
        Some(entry) => out.replace_range(entry.value_span, &format!("\"{value}\"")),
        None => {
            if !out.is_empty() && !out.ends_with('\n') {
                out.push('\n');
            }
            out.push_str(&format!("{name} \"{value}\";\n"));
        }
    }
    Ok(out)
}

/// Removes the options that are meant, each with its line where nothing else stands there. Gives the new text and the
/// options.
pub(crate) fn remove(
    text: &str,
    meant: impl Fn(&Entry) -> bool,
) -> Result<(String, Vec<Entry>), SyntaxError> {
    let removed: Vec<_> = entries(text)?.into_iter().filter(meant).collect();
    let mut out = text.to_owned();
    for entry in removed.iter().rev() {
        let line_start = out[..entry.statement.start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = out[entry.statement.end..]
            .find('\n')
            .map_or(out.len(), |at| entry.statement.end + at + 1);
        let before = out[line_start..entry.statement.start].trim();
        let after = out[entry.statement.end..line_end].trim();
        let alone = before.is_empty() && (after.is_empty() || after.starts_with("//"));
        if alone {
            out.replace_range(line_start..line_end, "");
        } else {
            out.replace_range(entry.statement.clone(), "");
        }
    }
    Ok((out, removed))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "// Verify-Peer \"false\";\nAPT::Get::Assume-Yes \"true\"; # x\nAcquire {\n  Retries 3;\n  https {\n    Verify-Peer \"false\"; // sorry\n    Proxy \"http://proxy.example:3128\"; };\n  /* \" */\n};\nDir::Ignore { \"a\"; \"b\"; };\n#clear X;\n";

    #[test]
    fn options_are_found_in_scopes_and_without() {
        let names: Vec<_> = entries(TEXT).unwrap().into_iter().map(|e| (e.name, e.value)).collect();
        let of = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            names,
            [
                of("apt::get::assume-yes", "true"),
                of("acquire::retries", "3"),
                of("acquire::https::verify-peer", "false"),
                of("acquire::https::proxy", "http://proxy.example:3128"),
                of("dir::ignore::", "a"),
                of("dir::ignore::", "b"),
                of("#clear", "X"),
            ]
        );
    }

    #[test]
    fn an_option_goes_with_its_line_or_alone() {
        let (out, removed) = remove(TEXT, Entry::is_false).unwrap();
        assert_eq!(removed.len(), 1);
        assert_eq!(out, TEXT.replace("    Verify-Peer \"false\"; // sorry\n", ""));
        let (out, _) = remove("A { Verify-Peer no; X 1; };", Entry::is_false).unwrap();
        assert_eq!(out, "A {  X 1; };");
    }

    #[test]
    fn a_value_is_set_in_its_place_or_at_the_end() {
        let name = "Acquire::https::Proxy";
        assert_eq!(
            set(TEXT, name, "DIRECT").unwrap(),
            TEXT.replace("http://proxy.example:3128", "DIRECT")
        );
        let once = set("A 1;", name, "DIRECT").unwrap();
        assert_eq!(once, "A 1;\nAcquire::https::Proxy \"DIRECT\";\n");
        assert_eq!(set(&once, name, "DIRECT").unwrap(), once);
    }

    #[test]
    fn what_apt_refuses_is_refused_with_its_line() {
        let line = |text| entries(text).unwrap_err().line;
        assert_eq!(line("A 1;\nB 2\n"), 2);
        assert_eq!(line("A 1;\nB {\n C 3;\n"), 2);
        assert_eq!(line("}\n"), 1);
        assert_eq!(line("\nA \"x;\n"), 2);
        assert_eq!(line("/* x"), 1);
    }
}
