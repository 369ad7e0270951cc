//! git's configuration files (git-config(1), "CONFIGURATION FILE").

use std::ops::Range;

use super::SyntaxError;
use super::lines::Lines;

/// A variable with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The section in lower case.
    pub(crate) section: String,
    /// The subsection, such as the URL of `[http "https://git.example/"]`.
    pub(crate) subsection: Option<String>,
    /// The variable in lower case.
    pub(crate) key: String,
    /// The value; none where the variable stands alone, which means true.
    pub(crate) value: Option<String>,
    lines: Range<usize>,
    /// Where the variable begins in its first line; above 0 too where it stands behind a section header.
    start: usize,
    /// Where its name ends.
    name_end: usize,
    /// Where the value ends in its last line, before a comment.
    end: usize,
}

impl Entry {
    /// Whether git takes the value for false.
    pub(crate) fn is_false(&self) -> bool {
        self.value.as_deref().is_some_and(|value| {
            value.is_empty()
                || ["false", "no", "off", "0"].iter().any(|no| value.eq_ignore_ascii_case(no))
        })
    }
}

/// Where a section begins.
struct Header {
    section: String,
    subsection: Option<String>,
    line: usize,
}

/// A configuration file of git that is edited.
#[derive(Debug, Clone)]
pub(crate) struct GitConfig {
    lines: Lines,
}

impl GitConfig {
    /// Reads a text.
    pub(crate) fn parse(text: &str) -> Result<Self, SyntaxError> {
        let config = Self { lines: Lines::new(text) };
        config.read()?;
        Ok(config)
    }

    /// All variables in their order.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        // The text was read without an error before, and edits keep it well formed.
        self.read().map(|(entries, _)| entries).unwrap_or_default()
    }

    /// Gives a variable a value: in its place, else at the end of its section, else in a new section.
    pub(crate) fn set(&mut self, section: &str, subsection: Option<&str>, key: &str, value: &str) {
        let Ok((entries, headers)) = self.read() else { return };
        let in_section = |s: &str, sub: &Option<String>| {
            s.eq_ignore_ascii_case(section) && sub.as_deref() == subsection
        };
        let here: Vec<_> =
            entries.iter().filter(|e| in_section(&e.section, &e.subsection)).collect();
        if let Some(entry) = here.iter().rfind(|e| e.key.eq_ignore_ascii_case(key)) {
            if entry.value.as_deref() == Some(value) {
                return;
            }
            let last = self.lines.get(entry.lines.end - 1)[entry.end..].to_owned();
            let head = &self.lines.get(entry.lines.start)[..entry.name_end];
            let new = format!("{head} = {}{last}", written(value));
            self.lines.replace(entry.lines.start, &new);
            self.lines.remove(entry.lines.start + 1..entry.lines.end);
            return;
        }
        let header =
            headers.iter().rfind(|h| in_section(&h.section, &h.subsection)).map(|h| h.line + 1);
        let new = format!("\t{key} = {}", written(value));
        match (here.last(), header) {
            (Some(last), _) => self.lines.insert(last.lines.end, &new),
            (None, Some(line)) => self.lines.insert(line, &new),
            (None, None) => {
                let header = match subsection {
                    Some(sub) => {
                        let sub = sub.replace('\\', "\\\\").replace('"', "\\\"");
                        format!("[{section} \"{sub}\"]")
                    }
                    None => format!("[{section}]"),
                };
                self.lines.push(&header);
                self.lines.push(&new);
            }
        }
    }

    /// Removes the variables that are meant, and gives them.
    pub(crate) fn remove(&mut self, meant: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let removed: Vec<_> = self.entries().into_iter().filter(meant).collect();
        for entry in removed.iter().rev() {
            let before = self.lines.get(entry.lines.start)[..entry.start].to_owned();
            if before.trim().is_empty() {
                self.lines.remove(entry.lines.clone());
            } else {
                // Behind a section header.
                self.lines.replace(entry.lines.start, before.trim_end());
                self.lines.remove(entry.lines.start + 1..entry.lines.end);
            }
        }
        removed
    }

    pub(crate) fn into_text(self) -> String {
        self.lines.into_text()
    }

    fn read(&self) -> Result<(Vec<Entry>, Vec<Header>), SyntaxError> {
        let mut entries = Vec::new();
        let mut headers: Vec<Header> = Vec::new();
        let mut index = 0;
        while index < self.lines.len() {
            let line = self.lines.get(index);
            let mut at = blank(line, 0);
            if line[at..].starts_with('[') {
                let (section, subsection, end) = header(&line[at..])
                    .ok_or_else(|| SyntaxError::at(index, "a broken section header"))?;
                headers.push(Header { section, subsection, line: index });
                at = blank(line, at + end);
            }
            if at == line.len() || line[at..].starts_with(['#', ';']) {
                index += 1;
                continue;
            }
            let Some(Header { section, subsection, .. }) = headers.last() else {
                return Err(SyntaxError::at(index, "a variable before the first section"));
            };
            let name: &str = &line[at..];
            let name_len =
                name.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(name.len());
            if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
                return Err(SyntaxError::at(index, "neither a section, a variable nor a comment"));
            }
            let name_end = at + name_len;
            let after = blank(line, name_end);
            let (value, lines, end) = match line[after..].chars().next() {
                Some('=') => {
                    let (value, last, end) = self.value(index, after + 1)?;
                    (Some(value), index..last + 1, end)
                }
                None | Some('#' | ';') => (None, index..index + 1, name_end),
                Some(_) => return Err(SyntaxError::at(index, "a variable without `=`")),
            };
            let next = lines.end;
            entries.push(Entry {
                section: section.clone(),
                subsection: subsection.clone(),
                key: name[..name_len].to_lowercase(),
                value,
                lines,
                start: at,
                name_end,
                end,
            });
            index = next;
        }
        Ok((entries, headers))
    }

    /// The value that begins here, the line in which it ends, and where there.
    fn value(&self, first: usize, from: usize) -> Result<(String, usize, usize), SyntaxError> {
        let (mut value, mut quote, mut index, mut from) = (String::new(), false, first, from);
        // How much of the value and of its line counts: blanks at the end do not.
        let (mut kept, mut end) = (0, from);
        loop {
            let line = self.lines.get(index);
            let mut chars = line[from..].char_indices();
            let mut goes_on = false;
            while let Some((at, c)) = chars.next() {
                let next = from + at + c.len_utf8();
                match c {
                    '"' => {
                        quote = !quote;
                        (kept, end) = (value.len(), next);
                    }
                    '#' | ';' if !quote => break,
                    '\\' => match chars.next() {
                        None => goes_on = true,
                        Some((_, escaped)) => {
                            value.push(match escaped {
                                'n' => '\n',
                                't' => '\t',
                                'b' => '\u{8}',
                                '\\' | '"' => escaped,
                                _ => return Err(SyntaxError::at(index, "an unknown escape")),
                            });
                            (kept, end) = (value.len(), next + escaped.len_utf8());
                        }
                    },
                    c if c.is_whitespace() && !quote => {
                        if !value.is_empty() {
                            value.push(c);
                        }
                    }
                    c => {
                        value.push(c);
                        (kept, end) = (value.len(), next);
                    }
                }
            }
            if goes_on && index + 1 < self.lines.len() {
                index += 1;
                from = 0;
                end = 0;
                continue;
            }
            if quote {
                return Err(SyntaxError::at(index, "a quote that is not closed"));
            }
            value.truncate(kept);
            return Ok((value, index, end));
        }
    }
}

/// Where the first character that is no blank stands.
fn blank(line: &str, from: usize) -> usize {
    line.len() - line[from..].trim_start().len()
}

/// The section and subsection of a header, and where it ends.
fn header(text: &str) -> Option<(String, Option<String>, usize)> {
    let inner = text.strip_prefix('[')?;
    let name_len = inner.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '.'))?;
    let name = inner[..name_len].to_lowercase();
    let rest = &inner[name_len..];
    if rest.starts_with(']') {
        return Some(match name.split_once('.') {
            // The old way to write a subsection, which is lower case.
            Some((section, sub)) => (section.to_owned(), Some(sub.to_owned()), name_len + 2),
            None => (name, None, name_len + 2),
        });
    }
    let quoted_at = rest.find('"').filter(|&at| at > 0 && rest[..at].trim().is_empty())?;
    let mut sub = String::new();
    let mut chars = rest[quoted_at + 1..].char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => sub.push(chars.next()?.1),
            '"' => {
                let end = quoted_at + 1 + at + 1;
                let close = rest[end..].starts_with(']');
                return close.then_some((name, Some(sub), 1 + name_len + end + 1));
            }
            c => sub.push(c),
        }
    }
    None
}

/// A value as git reads it back.
fn written(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
    let quote = value.contains(['#', ';']) || value.trim() != value;
    if quote { format!("\"{escaped}\"") } else { escaped }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str, edit: impl Fn(&mut GitConfig)) -> String {
        let mut config = GitConfig::parse(text).unwrap();
        edit(&mut config);
        let once = config.clone().into_text();
        edit(&mut config);
        assert_eq!(config.into_text(), once, "not idempotent");
        once
    }

    #[test]
    fn values_are_read_as_git_reads_them() {
        let text = "[http]\n\tsslVerify\n  proxy = \"a # b\" \\\n  c ; why\n[http \"https://x.example/\\\"q\"] sslverify = FALSE # c\n\
                    [Branch.Main]\nx=\n";
        let entries = GitConfig::parse(text).unwrap().entries();
        let seen: Vec<_> = entries
            .iter()
            .map(|e| {
                (e.section.as_str(), e.subsection.as_deref(), e.key.as_str(), e.value.as_deref())
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("http", None, "sslverify", None),
                ("http", None, "proxy", Some("a # b   c")),
                ("http", Some("https://x.example/\"q"), "sslverify", Some("FALSE")),
                ("branch", Some("main"), "x", Some("")),
            ]
        );
        assert!(entries[2].is_false() && entries[3].is_false() && !entries[0].is_false());
    }

    #[test]
    fn a_value_is_set_where_it_stands_or_in_its_section() {
        let text = "# top\n[user]\n\tname = Ann\n[http]\n\tproxy = x\n\tsslCAInfo = \"/old one\" # why\n[core]\n";
        let new = edited(text, |config| {
            config.set("http", None, "sslCAInfo", "/new;one");
            config.set("http", Some("https://git.example/"), "sslCAInfo", "/a b.pem");
            config.set("core", None, "x", "y");
        });
        assert_eq!(
            new,
            "# top\n[user]\n\tname = Ann\n[http]\n\tproxy = x\n\tsslCAInfo = \"/new;one\" # why\n[core]\n\tx = y\n\
             [http \"https://git.example/\"]\n\tsslCAInfo = /a b.pem\n"
        );
    }

    #[test]
    fn a_variable_goes_with_its_lines_only() {
        let new =
            edited("[http] sslVerify = false # c\n[a]\n  x = \\\n    1\n  y = 2\n", |config| {
                config.remove(|e| e.key == "sslverify" || e.key == "x");
            });
        assert_eq!(new, "[http]\n[a]\n  y = 2\n");
    }

    #[test]
    fn what_git_refuses_is_refused_with_its_line() {
        let line = |text| GitConfig::parse(text).unwrap_err().line;
        assert_eq!(line("x = 1\n"), 1);
        assert_eq!(line("[a]\n[b \"c]\n"), 2);
        assert_eq!(line("[a]\nx = \"open\n"), 2);
        assert_eq!(line("[a]\nx y\n"), 2);
        assert_eq!(line("[a]\nx = \\q\n"), 2);
    }
}
