//! Lines joined into instructions, as BuildKit's `parser.Parse` joins them: comments and empty lines
//! within a continuation go, blanks at the start of a continued line stay.

use crate::facts::{Comment, Span};
use crate::passage::Passage;

/// A line that was joined, with nothing decided about what it says.
pub(super) struct Joined {
    /// Its text, continuations undone.
    pub(super) passage: Passage,
    /// From its first line's start to its last line's end, without the end of line.
    pub(super) lines: Span,
}

/// The way through the file's lines.
pub(super) struct Lines<'a> {
    text: &'a str,
    at: usize,
}

/// One line as it stands in the file.
#[derive(Clone, Copy)]
pub(super) struct Physical<'a> {
    /// Its text without the end of line.
    pub(super) text: &'a str,
    /// Where it starts.
    pub(super) start: usize,
}

impl Physical<'_> {
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Its comment, if it is one.
    pub(super) fn comment(&self) -> Option<Comment> {
        let trimmed = self.text.trim_start();
        let text = trimmed.strip_prefix('#')?;
        Some(Comment {
            text: text.to_owned(),
            span: self.end() - trimmed.len()..self.end(),
            own_line: true,
        })
    }
}

impl<'a> Lines<'a> {
    /// From the start of a file, a byte order mark skipped.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 } }
    }

    /// Where the next line starts.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The next line, without going on.
    pub(super) fn peek(&self) -> Option<Physical<'a>> {
        let rest = &self.text[self.at..];
        if rest.is_empty() {
            return None;
        }
        let line = rest.split('\n').next().unwrap_or(rest);
        Some(Physical { text: line.trim_end_matches('\r'), start: self.at })
    }

    /// The next line.
    pub(super) fn next(&mut self) -> Option<Physical<'a>> {
        let line = self.peek()?;
        let rest = &self.text[self.at..];
        self.at += rest.find('\n').map_or(rest.len(), |end| end + 1);
        Some(line)
    }

    /// The next line that says something, joined with those it continues in.
    pub(super) fn joined(&mut self, escape: char, comments: &mut Vec<Comment>) -> Option<Joined> {
        let (first, from) = loop {
            let line = self.next()?;
            match line.comment() {
                Some(comment) => comments.push(comment),
                None if line.text.trim_start().is_empty() => {}
                None => break (line, line.end() - line.text.trim_start().len()),
            }
        };
        let mut passage = Passage::at(from);
        let mut end = first.end();
        let mut goes_on = self.push(&mut passage, from, first, escape);
        while goes_on && let Some(line) = self.next() {
            if let Some(comment) = line.comment() {
                comments.push(comment);
            } else if !line.text.trim_start().is_empty() {
                goes_on = self.push(&mut passage, line.start, line, escape);
                end = line.end();
            }
        }
        Some(Joined { passage, lines: first.start..end })
    }

    /// Adds a line from `from` on, and says whether it continues in the next.
    fn push(&self, passage: &mut Passage, from: usize, line: Physical<'_>, escape: char) -> bool {
        let text = &self.text[from..line.end()];
        let continued = text
            .trim_end_matches([' ', '\t'])
            .strip_suffix(escape)
            .filter(|before| !before.ends_with(escape));
        passage.push(self.text, from..from + continued.unwrap_or(text).len());
        continued.is_some()
    }

    /// Where a line that ends at `end` ends with its end of line.
    pub(super) fn with_end_of_line(&self, end: usize) -> usize {
        let rest = &self.text[end..];
        end + rest.find('\n').map_or(rest.len(), |place| place + 1)
    }
}
