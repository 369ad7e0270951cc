//! The keys at the top of a YAML mapping, as `.condarc` and `.yarnrc.yml` have them. What is nested is carried along.

use std::ops::Range;

use super::lines::Lines;
use super::{SyntaxError, quoted};

/// A key at the top of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The key without quotes.
    pub(crate) key: String,
    /// The scalar without quotes; empty where a list or a mapping follows.
    pub(crate) value: String,
    lines: Range<usize>,
    /// Where the value begins in its first line.
    start: usize,
    /// Where it ends there, before a comment.
    end: usize,
}

impl Entry {
    /// Whether YAML 1.1 or 1.2 takes the value for false.
    pub(crate) fn is_false(&self) -> bool {
        ["false", "no", "off"].iter().any(|no| self.value.eq_ignore_ascii_case(no))
    }
}

/// A YAML file whose keys at the top are edited.
#[derive(Debug, Clone)]
pub(crate) struct Yaml {
    lines: Lines,
}

impl Yaml {
    /// Reads a text; refuses shapes that cannot be edited by lines.
    pub(crate) fn parse(text: &str) -> Result<Self, SyntaxError> {
        let yaml = Self { lines: Lines::new(text) };
        yaml.read()?;
        Ok(yaml)
    }

    /// The keys in their order.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        // The text was read without an error before, and edits keep it well formed.
        self.read().unwrap_or_default()
    }

    /// Gives a key a value: in its place, else at the end.
    pub(crate) fn set(&mut self, key: &str, value: &str) {
        let written = written(value);
        let Some(entry) = self.entries().into_iter().rfind(|entry| entry.key == key) else {
            let end = self.lines.iter().position(|line| line.trim_end() == "...");
            let end = end.unwrap_or(self.lines.len());
            self.lines.insert(end, &format!("{key}: {written}"));
            return;
        };
        if entry.value == value && entry.lines.len() == 1 {
            return;
        }
        let line = self.lines.get(entry.lines.start);
        let space = if line[..entry.start].ends_with(':') { " " } else { "" };
        let new = format!("{}{space}{written}{}", &line[..entry.start], &line[entry.end..]);
        self.lines.replace(entry.lines.start, &new);
        self.lines.remove(entry.lines.start + 1..entry.lines.end);
    }

    /// Removes the keys that are meant, with all that is below them, and gives them.
    pub(crate) fn remove(&mut self, meant: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let removed: Vec<_> = self.entries().into_iter().filter(meant).collect();
        for entry in removed.iter().rev() {
            self.lines.remove(entry.lines.clone());
        }
        removed
    }

    pub(crate) fn into_text(self) -> String {
        self.lines.into_text()
    }

    fn read(&self) -> Result<Vec<Entry>, SyntaxError> {
        let mut entries: Vec<Entry> = Vec::new();
        for (index, line) in self.lines.iter().enumerate() {
            if line.trim().is_empty() || line.trim_start().starts_with('#') || line.starts_with('%')
            {
                continue;
            }
            if line.starts_with('\t') {
                return Err(SyntaxError::at(index, "a tab as indentation"));
            }
            let goes_on =
                line.starts_with([' ', ']', '}']) || line == "-" || line.starts_with("- ");
            if goes_on {
                let Some(last) = entries.last_mut() else {
                    return Err(SyntaxError::at(index, "no mapping whose keys begin their lines"));
                };
                last.lines.end = index + 1;
                continue;
            }
            if line.trim_end() == "..." {
                break;
            }
            if line.trim_end() == "---" {
                if entries.is_empty() {
                    continue;
                }
                return Err(SyntaxError::at(index, "a second document"));
            }
            let Some((key, after)) = key(line) else {
                return Err(SyntaxError::at(index, "neither `key: value` nor a comment"));
            };
            let start = after + line[after..].len() - line[after..].trim_start().len();
            let (value, end) = scalar(&line[start..]);
            entries.push(Entry { key, value, lines: index..index + 1, start, end: start + end });
        }
        Ok(entries)
    }
}

/// The key of a line, and where what follows its colon begins.
fn key(line: &str) -> Option<(String, usize)> {
    if let Some(quote) = line.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let end = 1 + line[1..].find(quote)?;
        let rest = &line[end + 1..];
        let colon = rest.find(':').filter(|&at| rest[..at].trim().is_empty())?;
        return Some((line[1..end].to_owned(), end + 1 + colon + 1));
    }
    if line.starts_with(['{', '[', '&', '*', '!', '|', '>', '?', '@', '`']) {
        return None;
    }
    let colon = line
        .match_indices(':')
        .map(|(at, _)| at)
        .find(|&at| line[at + 1..].is_empty() || line[at + 1..].starts_with([' ', '\t']))?;
    Some((line[..colon].trim_end().to_owned(), colon + 1))
}

/// The scalar at the beginning of a text, without quotes, and where it ends.
fn scalar(text: &str) -> (String, usize) {
    if let Some(rest) = text.strip_prefix('"') {
        let mut value = String::new();
        let mut chars = rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
                '"' => return (value, at + 2),
                c => value.push(c),
            }
        }
    } else if let Some(rest) = text.strip_prefix('\'') {
        let mut from = 0;
        while let Some(at) = rest[from..].find('\'').map(|at| from + at) {
            if rest[at + 1..].starts_with('\'') {
                from = at + 2;
            } else {
                return (rest[..at].replace("''", "'"), at + 2);
            }
        }
    }
    let end = match text.starts_with('#') {
        true => 0,
        false => text.find(" #").unwrap_or(text.len()),
    };
    let value = text[..end].trim_end();
    (value.to_owned(), value.len())
}

/// A value as YAML: plain where that cannot be misread.
fn written(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-');
    let begins = value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    if begins && value.chars().all(plain) { value.to_owned() } else { quoted(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str, edit: impl Fn(&mut Yaml)) -> String {
        let mut yaml = Yaml::parse(text).unwrap();
        edit(&mut yaml);
        let once = yaml.clone().into_text();
        edit(&mut yaml);
        assert_eq!(yaml.into_text(), once, "not idempotent");
        once
    }

    #[test]
    fn a_value_is_set_in_its_place_or_at_the_end() {
        let text = "# mine\n---\nchannels:\n- a\n  # deeper\n- b: c\n\"ssl_verify\":   No  # why\nx: |\n  ssl_verify: no\n";
        let new = edited(text, |yaml| {
            yaml.set("ssl_verify", "/etc/ca.pem");
            yaml.set("registry", "https://a.example/");
            yaml.set("win", "C:\\ca \"1\".pem");
        });
        assert_eq!(
            new,
            "# mine\n---\nchannels:\n- a\n  # deeper\n- b: c\n\"ssl_verify\":   /etc/ca.pem  # why\nx: |\n  ssl_verify: no\n\
             registry: \"https://a.example/\"\nwin: \"C:\\\\ca \\\"1\\\".pem\"\n"
        );
    }

    #[test]
    fn a_key_goes_with_what_is_below_it() {
        let text = "a: 1\nb:\n  - x\n\n  - y\nc: 'it''s' # c\nd:\n";
        let gone = edited(text, |yaml| {
            yaml.remove(|entry| entry.key == "b");
        });
        assert_eq!(gone, "a: 1\nc: 'it''s' # c\nd:\n");
        let entries = Yaml::parse(text).unwrap().entries();
        assert_eq!(entries[2].value, "it's");
        assert_eq!(
            edited(text, |yaml| yaml.set("d", "x")),
            "a: 1\nb:\n  - x\n\n  - y\nc: 'it''s' # c\nd: x\n"
        );
        assert_eq!(edited("a: 1\n...\n", |yaml| yaml.set("d", "x")), "a: 1\nd: x\n...\n");
    }

    #[test]
    fn what_cannot_be_edited_by_lines_is_refused_with_its_line() {
        let line = |text| Yaml::parse(text).unwrap_err().line;
        assert_eq!(line("{a: 1}\n"), 1);
        assert_eq!(line("a: 1\n\tb: 2\n"), 2);
        assert_eq!(line("a: 1\nnonsense\n"), 2);
        assert_eq!(line("a: 1\n---\nb: 2\n"), 2);
        assert_eq!(line("  a: 1\n"), 1);
    }
}
