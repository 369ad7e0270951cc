//! `.yarnrc` of yarn 1: a key and a value on each line, as in its lock files.

use super::lines::Lines;
use super::{SyntaxError, quoted};

/// A `.yarnrc` that is edited.
#[derive(Debug, Clone)]
pub(crate) struct YarnRc {
    lines: Lines,
}

impl YarnRc {
    /// Reads a text.
    pub(crate) fn parse(text: &str) -> Result<Self, SyntaxError> {
        let lines = Lines::new(text);
        for (index, line) in lines.iter().enumerate() {
            if !line.trim().is_empty()
                && !line.trim_start().starts_with('#')
                && split(line).is_none()
            {
                return Err(SyntaxError::at(index, "neither a key with a value nor a comment"));
            }
        }
        Ok(Self { lines })
    }

    /// The value of a key: the last one.
    pub(crate) fn get(&self, key: &str) -> Option<String> {
        self.lines
            .iter()
            .filter_map(split)
            .filter(|(k, _, _)| *k == key)
            .map(|(_, _, value)| value)
            .last()
    }

    /// Gives a key a value: in its place, else at the end.
    pub(crate) fn set(&mut self, key: &str, value: &str) {
        if self.get(key).as_deref() == Some(value) {
            return;
        }
        let found = self.lines.iter().enumerate().filter_map(|(index, line)| {
            let (k, start, _) = split(line)?;
            (k == key).then(|| (index, line[..start].to_owned()))
        });
        match found.last() {
            Some((index, head)) => self.lines.replace(index, &format!("{head}{}", quoted(value))),
            None => self.lines.push(&format!("{key} {}", quoted(value))),
        }
    }

    /// Removes the lines whose key and value are meant; gives the keys.
    pub(crate) fn remove(&mut self, meant: impl Fn(&str, &str) -> bool) -> Vec<String> {
        let mut removed = Vec::new();
        for index in (0..self.lines.len()).rev() {
            let line = self.lines.get(index).to_owned();
            if let Some((key, _, value)) = split(&line)
                && meant(key, &value)
            {
                removed.push(key.to_owned());
                self.lines.remove(index..index + 1);
            }
        }
        removed
    }

    pub(crate) fn into_text(self) -> String {
        self.lines.into_text()
    }
}

/// The key of a line, where its value begins, and the value without quotes.
fn split(line: &str) -> Option<(&str, usize, String)> {
    let text = line.trim_start();
    if text.is_empty() || text.starts_with('#') {
        return None;
    }
    let offset = line.len() - text.len();
    let (key, after) = match text.strip_prefix('"') {
        Some(rest) => {
            let end = rest.find('"')?;
            (&rest[..end], end + 2)
        }
        None => {
            let end = text.find([' ', '\t', ':'])?;
            (&text[..end], end)
        }
    };
    let value = text[after..].trim_start_matches([' ', '\t', ':']);
    if value.is_empty() {
        return None;
    }
    let start = offset + text.len() - value.len();
    let value = value.trim_end();
    let value = match value.strip_prefix('"').and_then(|v| v.strip_suffix('"')) {
        Some(inner) => inner.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => value.to_owned(),
    };
    Some((key, start, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_set_and_removed_and_the_rest_stays() {
        let text = "# yarn lockfile v1\n\n\nregistry \"https://old.example/\"\n\"strict-ssl\" false\nlastUpdateCheck 1\n";
        let mut rc = YarnRc::parse(text).unwrap();
        assert_eq!(rc.remove(|key, value| key == "strict-ssl" && value == "false"), ["strict-ssl"]);
        rc.set("registry", "https://new.example/");
        rc.set("cafile", "/a \"b\".pem");
        rc.set("cafile", "/a \"b\".pem");
        assert_eq!(
            rc.into_text(),
            "# yarn lockfile v1\n\n\nregistry \"https://new.example/\"\nlastUpdateCheck 1\ncafile \"/a \\\"b\\\".pem\"\n"
        );
    }

    #[test]
    fn a_key_without_a_value_is_refused_with_its_line() {
        assert_eq!(YarnRc::parse("a 1\nregistry\n").unwrap_err().line, 2);
    }
}
