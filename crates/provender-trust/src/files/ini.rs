//! INI files as pip's `configparser` and git read them: sections, `key = value` or `key: value`, continued lines.

use super::Entry;

/// The settings of an INI file; each entry's key is its section and its name in lower case.
#[derive(Debug, Default)]
pub(crate) struct Ini(Vec<Entry>);

impl Ini {
    /// The last setting of this name in this section.
    pub(crate) fn get(&self, section: &str, name: &str) -> Option<&Entry> {
        self.entries().rev().find(|entry| entry.key[0] == section && entry.key[1] == name)
    }

    /// All settings in the order of their lines.
    pub(crate) fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.0.iter()
    }
}

/// Reads an INI file. A line that begins with white space continues the value before it, where that line has a value
/// and no `=` of its own under a git section.
pub(crate) fn ini(text: &str) -> Ini {
    let mut entries: Vec<Entry> = Vec::new();
    let mut section = String::new();
    for (number, line) in text.lines().enumerate() {
        let content = line.trim();
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = content.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            section = name.trim().to_owned();
            continue;
        }
        let continues = line.starts_with([' ', '\t']) && !content.contains('=');
        if continues && let Some(last) = entries.last_mut().filter(|e| e.key[0] == section) {
            if !last.value.is_empty() {
                last.value.push('\n');
            }
            last.value.push_str(content);
            continue;
        }
        let Some(split) = content.find(['=', ':']) else {
            entries.push(Entry::new([section.clone(), content.to_lowercase()], "", number + 1));
            continue;
        };
        let (name, value) = content.split_at(split);
        let key = [section.clone(), name.trim().to_lowercase()];
        entries.push(Entry::new(key, value[1..].trim(), number + 1));
    }
    Ini(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_may_go_on_over_lines() {
        let file = ini("# c\n[global]\ntrusted-host =\n    a.example\n    b.example:8080\n");
        let entry = file.get("global", "trusted-host").unwrap();
        assert_eq!((entry.value.as_str(), entry.line), ("a.example\nb.example:8080", 3));
    }

    #[test]
    fn the_last_of_a_name_counts_and_sections_are_kept_apart() {
        let file = ini("[a]\nCert = 1\ncert: 2\n[b]\ncert=3\n");
        assert_eq!(file.get("a", "cert").unwrap().value, "2");
        assert_eq!(file.get("b", "cert").unwrap().value, "3");
        assert_eq!(file.get("c", "cert"), None);
    }
}
