//! A text as its lines, each with its own line ending.

use std::ops::Range;

/// A text as its lines, each with the ending that it has.
#[derive(Debug, Clone)]
pub(crate) struct Lines {
    bom: bool,
    lines: Vec<String>,
}

impl Lines {
    pub(crate) fn new(text: &str) -> Self {
        let (bom, text) = match text.strip_prefix('\u{feff}') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        Self { bom, lines: text.split_inclusive('\n').map(str::to_owned).collect() }
    }

    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The lines without their endings.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|line| content(line))
    }

    /// A line without its ending; empty behind the end.
    pub(crate) fn get(&self, index: usize) -> &str {
        self.lines.get(index).map_or("", |line| content(line))
    }

    /// Puts another content in the place of a line, which keeps its ending.
    pub(crate) fn replace(&mut self, index: usize, new: &str) {
        if let Some(line) = self.lines.get_mut(index) {
            let ending = line[content(line).len()..].to_owned();
            *line = format!("{new}{ending}");
        }
    }

    /// Inserts a line before the one with this index. It gets the line ending of the text.
    pub(crate) fn insert(&mut self, index: usize, new: &str) {
        let ending = self.ending();
        let index = index.min(self.lines.len());
        if index > 0
            && let Some(above) = self.lines.get_mut(index - 1)
            && !above.ends_with('\n')
        {
            above.push_str(ending);
        }
        self.lines.insert(index, format!("{new}{ending}"));
    }

    /// Adds a line at the end.
    pub(crate) fn push(&mut self, new: &str) {
        self.insert(self.lines.len(), new);
    }

    pub(crate) fn remove(&mut self, range: Range<usize>) {
        self.lines.drain(range);
    }

    fn ending(&self) -> &'static str {
        if self.lines.first().is_some_and(|line| line.ends_with("\r\n")) { "\r\n" } else { "\n" }
    }

    pub(crate) fn into_text(self) -> String {
        let bom = if self.bom { "\u{feff}" } else { "" };
        format!("{bom}{}", self.lines.concat())
    }
}

fn content(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_that_is_not_meant_stays() {
        let text = "\u{feff}a\r\nb\nc\r\n\r\nlast";
        assert_eq!(Lines::new(text).into_text(), text);
        let mut lines = Lines::new(text);
        lines.replace(1, "B");
        lines.push("more");
        lines.remove(0..1);
        assert_eq!(lines.into_text(), "\u{feff}B\nc\r\n\r\nlast\r\nmore\r\n");
    }
}
