//! TOML files, with the lines of their values.

use std::path::{Path, PathBuf};

use toml_edit::{Document, Item};

use super::{Entry, Found};

/// A TOML file.
pub(crate) struct Toml {
    file: PathBuf,
    document: Document<String>,
}

impl Toml {
    /// Reads a file; none if it is not there or is no TOML.
    pub(crate) fn read(file: &Path) -> Option<Self> {
        let document = Document::parse(super::text(file)?).ok()?;
        Some(Self { file: file.to_owned(), document })
    }

    /// The file's path.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// What stands at these keys.
    pub(crate) fn item(&self, keys: &[&str]) -> Option<&Item> {
        keys.iter().try_fold(self.document.as_item(), |item, key| item.get(key))
    }

    /// The scalar at these keys as text.
    pub(crate) fn scalar(&self, keys: &[&str]) -> Option<Found> {
        let item = self.item(keys)?;
        Some(Found::entry(&self.file, &keys.join("."), &self.entry(item)?))
    }

    /// The strings at these keys: those of an array, or one alone.
    pub(crate) fn strings(&self, keys: &[&str]) -> Vec<Found> {
        let Some(item) = self.item(keys) else { return Vec::new() };
        let name = keys.join(".");
        match item.as_array() {
            Some(array) => array
                .iter()
                .filter_map(|value| {
                    let line = self.line(value.span());
                    let entry = Entry::new([name.as_str()], value.as_str()?, line);
                    Some(Found::entry(&self.file, &name, &entry))
                })
                .collect(),
            None => self.scalar(keys).into_iter().collect(),
        }
    }

    /// The tables at these keys: those of an array of tables.
    pub(crate) fn tables(&self, keys: &[&str]) -> Vec<&toml_edit::Table> {
        let tables = self.item(keys).and_then(Item::as_array_of_tables);
        tables.map(|tables| tables.iter().collect()).unwrap_or_default()
    }

    /// A scalar of a table of this file.
    pub(crate) fn of_table(&self, table: &toml_edit::Table, key: &str) -> Option<Found> {
        Some(Found::entry(&self.file, key, &self.entry(table.get(key)?)?))
    }

    fn entry(&self, item: &Item) -> Option<Entry> {
        let value = item.as_value()?;
        let text = match value {
            toml_edit::Value::String(text) => text.value().clone(),
            toml_edit::Value::Boolean(flag) => flag.value().to_string(),
            toml_edit::Value::Integer(number) => number.value().to_string(),
            _ => return None,
        };
        Some(Entry::new(["value"], &text, self.line(value.span())))
    }

    fn line(&self, span: Option<std::ops::Range<usize>>) -> usize {
        let start = span.map_or(0, |span| span.start);
        let before = self.document.raw().get(..start).unwrap_or_default();
        before.bytes().filter(|&byte| byte == b'\n').count() + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_with_their_lines() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("uv.toml");
        let text = "a = 1\n\n[http]\ncainfo = \"/a.pem\"\nhosts = [\n  \"x.example\",\n  \"y.example\",\n]\n[[s]]\nverify = false\n";
        std::fs::write(&file, text).unwrap();
        let toml = Toml::read(&file).unwrap();
        let cainfo = toml.scalar(&["http", "cainfo"]).unwrap();
        assert_eq!((cainfo.value.as_str(), cainfo.name.as_str()), ("/a.pem", "http.cainfo"));
        assert_eq!(cainfo.place.unwrap().line, Some(4));
        let lines: Vec<_> = toml
            .strings(&["http", "hosts"])
            .into_iter()
            .map(|found| (found.value, found.place.unwrap().line))
            .collect();
        assert_eq!(lines, [("x.example".to_owned(), Some(6)), ("y.example".to_owned(), Some(7))]);
        let verify = toml.of_table(toml.tables(&["s"])[0], "verify").unwrap();
        assert_eq!((verify.value.as_str(), verify.place.unwrap().line), ("false", Some(10)));
    }
}
