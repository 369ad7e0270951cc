//! INI as pip (Python's `configparser`) and npm (its `ini`) read it.

use std::ops::Range;

use super::lines::Lines;
use super::{SyntaxError, quoted};

/// Whose INI it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// `configparser`: sections, `=` or `:`, values that go on in indented lines, no comments behind values. pip
    /// takes keys in any case, and `_` for `-`.
    Pip,
    /// npm: keys before any section, `=`, quoted values, comments behind values.
    Npm,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The section; none before the first.
    pub(crate) section: Option<String>,
    /// The key, as the tool compares it.
    pub(crate) key: String,
    /// The value; that of several lines is joined with line breaks.
    pub(crate) value: String,
    lines: Range<usize>,
    /// Where the value begins in its first line.
    start: usize,
    /// Where it ends there: before a comment.
    end: usize,
}

/// An INI file that is edited.
#[derive(Debug, Clone)]
pub(crate) struct Ini {
    flavour: Flavour,
    lines: Lines,
}

impl Ini {
    /// Reads a text.
    pub(crate) fn parse(text: &str, flavour: Flavour) -> Result<Self, SyntaxError> {
        let ini = Self { flavour, lines: Lines::new(text) };
        ini.read()?;
        Ok(ini)
    }

    /// All entries in their order.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        // The text was read without an error before, and edits keep it well formed.
        self.read().unwrap_or_default()
    }

    /// The entry that decides: the last of that name.
    pub(crate) fn get(&self, section: Option<&str>, key: &str) -> Option<String> {
        self.find(section, key).map(|entry| entry.value)
    }

    fn find(&self, section: Option<&str>, key: &str) -> Option<Entry> {
        let here = |entry: &Entry| entry.section.as_deref() == section && entry.key == key;
        self.entries().into_iter().rfind(here)
    }

    /// Gives a key a value: in its place, else behind the last key of its section, else in a new section.
    pub(crate) fn set(&mut self, section: Option<&str>, key: &str, value: &str) {
        let written = self.written(value);
        if let Some(entry) = self.find(section, key) {
            if entry.value == value {
                return;
            }
            let line = self.lines.get(entry.lines.start);
            let head = &line[..entry.start];
            let joined = match head.trim_end() {
                assigned if !assigned.ends_with(['=', ':']) => "=",
                assigned if assigned.len() == head.len() && line.contains(" =") => " ",
                _ => "",
            };
            let new = format!("{head}{joined}{written}{}", &line[entry.end..]);
            self.lines.replace(entry.lines.start, &new);
            self.lines.remove(entry.lines.start + 1..entry.lines.end);
            return;
        }
        let equals = match self.flavour {
            Flavour::Pip => " = ",
            Flavour::Npm => "=",
        };
        let new = format!("{key}{equals}{written}");
        let last = self.entries().into_iter().rfind(|entry| entry.section.as_deref() == section);
        let header = section.and_then(|section| self.header(section));
        match (last, header, section) {
            (Some(last), _, _) => self.insert(last.lines.end, &new),
            (None, Some(header), _) => self.insert(header + 1, &new),
            (None, None, Some(section)) => {
                if self.lines.len() > 0 && !self.lines.get(self.lines.len() - 1).trim().is_empty() {
                    self.lines.push("");
                }
                self.lines.push(&format!("[{section}]"));
                self.lines.push(&new);
            }
            (None, None, None) => {
                let first_header =
                    self.lines.iter().position(|line| line.trim_start().starts_with('['));
                self.lines.insert(first_header.unwrap_or(self.lines.len()), &new);
            }
        }
    }

    /// Inserts a key. It stands as far in as what follows, which would else go on its value.
    fn insert(&mut self, index: usize, new: &str) {
        let follows = |line: &&str| !line.trim().is_empty() && !is_comment(line);
        let blanks = match self.lines.iter().skip(index).find(follows) {
            Some(line) if self.flavour == Flavour::Pip => line[..indent(line)].to_owned(),
            _ => String::new(),
        };
        self.lines.insert(index, &format!("{blanks}{new}"));
    }

    /// Removes the entries that are meant, and gives them.
    pub(crate) fn remove(&mut self, meant: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let mut removed: Vec<_> = self.entries().into_iter().filter(meant).collect();
        for entry in removed.iter().rev() {
            self.lines.remove(entry.lines.clone());
        }
        removed.dedup();
        removed
    }

    /// Removes words from the values of a key, in all sections; a key that is left without words goes. Gives the
    /// words.
    pub(crate) fn remove_words(&mut self, key: &str, meant: impl Fn(&str) -> bool) -> Vec<String> {
        let mut removed = Vec::new();
        for entry in self.entries().into_iter().rev().filter(|entry| entry.key == key) {
            let words: Vec<_> = entry.value.split_whitespace().collect();
            let (go, stay): (Vec<_>, Vec<_>) = words.into_iter().partition(|word| meant(word));
            removed.extend(go.iter().map(|word| (*word).to_owned()));
            if go.is_empty() {
                continue;
            }
            if stay.is_empty() {
                self.lines.remove(entry.lines);
                continue;
            }
            for index in entry.lines.clone().rev() {
                let line = self.lines.get(index).to_owned();
                let first = index == entry.lines.start;
                if is_comment(&line) && !first {
                    continue;
                }
                let (head, value) =
                    if first { line.split_at(entry.start) } else { line.split_at(indent(&line)) };
                let kept: Vec<_> = value.split_whitespace().filter(|word| !meant(word)).collect();
                if kept.len() == value.split_whitespace().count() {
                    continue;
                }
                if kept.is_empty() && !first {
                    self.lines.remove(index..index + 1);
                } else {
                    let space = if first && head.ends_with(['=', ':']) && !kept.is_empty() {
                        " "
                    } else {
                        ""
                    };
                    self.lines
                        .replace(index, format!("{head}{space}{}", kept.join(" ")).trim_end());
                }
            }
        }
        removed.reverse();
        removed
    }

    pub(crate) fn into_text(self) -> String {
        self.lines.into_text()
    }

    fn header(&self, section: &str) -> Option<usize> {
        let entries = self.entries();
        // A line that looks like a header goes on a value where it stands further in.
        let in_value = |at: usize| entries.iter().any(|entry| entry.lines.contains(&at));
        let mut lines = self.lines.iter().enumerate();
        let found = lines.find(|(at, line)| header_of(line) == Some(section) && !in_value(*at));
        found.map(|(at, _)| at)
    }

    fn written(&self, value: &str) -> String {
        let special = |c: char| matches!(c, ';' | '#' | '"' | '\'' | '\\') || c.is_whitespace();
        match self.flavour {
            Flavour::Npm if value.contains(special) => quoted(value),
            _ => value.to_owned(),
        }
    }

    fn key(&self, written: &str) -> String {
        match self.flavour {
            Flavour::Pip => written.trim().to_lowercase().replace('_', "-"),
            Flavour::Npm => written.trim().trim_matches('"').to_owned(),
        }
    }

    fn read(&self) -> Result<Vec<Entry>, SyntaxError> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut section = None;
        let mut key_indent = None;
        for (index, line) in self.lines.iter().enumerate() {
            if line.trim().is_empty() || is_comment(line) {
                continue;
            }
            if self.flavour == Flavour::Pip
                && key_indent.is_some_and(|key_indent| indent(line) > key_indent)
                && let Some(entry) = entries.last_mut()
            {
                entry.value.push('\n');
                entry.value.push_str(line.trim());
                entry.lines.end = index + 1;
                continue;
            }
            if let Some(name) = header_of(line) {
                section = Some(name.to_owned());
                key_indent = None;
                continue;
            }
            if line.trim_start().starts_with('[') {
                return Err(SyntaxError::at(index, "a section header without `]`"));
            }
            let delimiters: &[char] =
                if self.flavour == Flavour::Pip { &['=', ':'] } else { &['='] };
            let Some(at) = line.find(delimiters) else {
                if self.flavour == Flavour::Npm {
                    // A key alone is `true`.
                    entries.push(self.entry(
                        section.clone(),
                        line,
                        index,
                        line.len(),
                        line.len(),
                        "true",
                    ));
                    continue;
                }
                return Err(SyntaxError::at(
                    index,
                    "neither a section, a key with a value nor a comment",
                ));
            };
            if self.flavour == Flavour::Pip && section.is_none() {
                return Err(SyntaxError::at(index, "a key before the first section"));
            }
            let start = at + 1 + indent(&line[at + 1..]);
            let (value, end) = self.value(&line[start..]);
            entries.push(self.entry(
                section.clone(),
                &line[..at],
                index,
                start,
                start + end,
                &value,
            ));
            key_indent = Some(indent(line));
        }
        Ok(entries)
    }

    fn entry(
        &self,
        section: Option<String>,
        key: &str,
        index: usize,
        start: usize,
        end: usize,
        value: &str,
    ) -> Entry {
        Entry {
            section,
            key: self.key(key),
            value: value.to_owned(),
            lines: index..index + 1,
            start,
            end,
        }
    }

    /// The value at the beginning of a text, and where it ends.
    fn value(&self, text: &str) -> (String, usize) {
        if self.flavour == Flavour::Pip {
            return (text.trim_end().to_owned(), text.trim_end().len());
        }
        if let Some(rest) = text.strip_prefix('"') {
            let mut value = String::new();
            let mut escaped = false;
            for (at, c) in rest.char_indices() {
                match c {
                    _ if escaped => {
                        value.push(c);
                        escaped = false;
                    }
                    '\\' => escaped = true,
                    '"' => return (value, at + 2),
                    _ => value.push(c),
                }
            }
        }
        let end = text.find([';', '#']).unwrap_or(text.len());
        let value = text[..end].trim_end();
        (value.trim_matches('\'').to_owned(), value.len())
    }
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with(['#', ';'])
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn header_of(line: &str) -> Option<&str> {
    let inner = line.trim_start().strip_prefix('[')?;
    Some(&inner[..inner.rfind(']')?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str, flavour: Flavour, edit: impl Fn(&mut Ini)) -> String {
        let mut ini = Ini::parse(text, flavour).unwrap();
        edit(&mut ini);
        let once = ini.clone().into_text();
        edit(&mut ini);
        assert_eq!(ini.into_text(), once, "not idempotent");
        once
    }

    #[test]
    fn a_header_in_a_value_is_none() {
        let text = "[other]\nkey = a\n  [s]\n";
        let mut ini = Ini::parse(text, Flavour::Pip).unwrap();
        ini.set(Some("s"), "key", "b");
        assert_eq!(ini.into_text(), format!("{text}\n[s]\nkey = b\n"));
    }

    #[test]
    fn a_value_is_replaced_in_its_place() {
        let text = "# mine\n[global]\nTimeout = 60\nIndex_URL:https://old.example/\n    continued\n; end\n[install]\nx=1\n";
        let new = edited(text, Flavour::Pip, |ini| {
            ini.set(Some("global"), "index-url", "https://new.example/");
            ini.set(Some("global"), "cert", "/ca.pem");
        });
        assert_eq!(
            new,
            "# mine\n[global]\nTimeout = 60\nIndex_URL:https://new.example/\ncert = /ca.pem\n; end\n[install]\nx=1\n"
        );
    }

    #[test]
    fn a_section_is_made_where_it_is_missing() {
        let set = |ini: &mut Ini| ini.set(Some("global"), "cert", "/ca.pem");
        assert_eq!(edited("", Flavour::Pip, set), "[global]\ncert = /ca.pem\n");
        assert_eq!(edited("[global]\n", Flavour::Pip, set), "[global]\ncert = /ca.pem\n");
        assert_eq!(
            edited("[install]\r\nx = 1", Flavour::Pip, set),
            "[install]\r\nx = 1\r\n\r\n[global]\r\ncert = /ca.pem\r\n"
        );
    }

    #[test]
    fn words_go_from_values_of_one_line_or_of_several() {
        let go = |ini: &mut Ini| {
            ini.remove_words("trusted-host", |word| word == "a");
        };
        let of = |text: &str| {
            edited(&format!("[global]\n{text}"), Flavour::Pip, go)["[global]\n".len()..].to_owned()
        };
        assert_eq!(of("trusted-host = a\nx = 1\n"), "x = 1\n");
        assert_eq!(of("trusted_host=a b a\nx = 1\n"), "trusted_host= b\nx = 1\n");
        assert_eq!(
            of("trusted-host =\n    a\n    # why b\n    b\n\nx = 1\n"),
            "trusted-host =\n    # why b\n    b\n\nx = 1\n"
        );
        assert_eq!(of("trusted-host = a\n    b\n"), "trusted-host =\n    b\n");
        assert_eq!(of("trusted-host = b\n"), "trusted-host = b\n");
    }

    #[test]
    fn npm_has_no_sections_and_comments_behind_values() {
        let text = "; mine\n//npm.example/:_authToken=${TOKEN}\nregistry = https://old.example/ ; why\nstrict-ssl\n";
        let ini = Ini::parse(text, Flavour::Npm).unwrap();
        assert_eq!(ini.get(None, "registry").as_deref(), Some("https://old.example/"));
        assert_eq!(ini.get(None, "strict-ssl").as_deref(), Some("true"));
        let new = edited(text, Flavour::Npm, |ini| {
            ini.set(None, "registry", "https://new.example/");
            ini.set(None, "cafile", "/with space/#ca.pem");
        });
        assert_eq!(
            new,
            "; mine\n//npm.example/:_authToken=${TOKEN}\nregistry = https://new.example/ ; why\nstrict-ssl\ncafile=\"/with space/#ca.pem\"\n"
        );
    }

    #[test]
    fn what_configparser_refuses_is_refused_with_its_line() {
        let line = |text| Ini::parse(text, Flavour::Pip).unwrap_err().line;
        assert_eq!(line("[global]\n\nnonsense\n"), 3);
        assert_eq!(line("x = 1\n"), 1);
        assert_eq!(line("# c\n[global\nx = 1\n"), 2);
    }
}
