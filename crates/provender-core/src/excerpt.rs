//! A diagnostic about a text, with the text and the exact spans that it speaks of.

use std::ops::Range;
use std::sync::Arc;

use crate::Diagnostic;

/// A span of a text, in bytes, with a few words beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    /// The bytes; both ends lie between characters.
    pub span: Range<usize>,
    /// The words; empty where the span speaks for itself.
    pub label: String,
}

/// A diagnostic about a part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// What is wrong; its place names the file.
    pub diagnostic: Diagnostic,
    /// The text of the file, secrets in it masked by as many bytes.
    pub source: Arc<str>,
    /// What it is about.
    pub primary: Marked,
    /// What belongs to it.
    pub also: Vec<Marked>,
    /// What a fix would do, if there is one.
    pub fix: Option<String>,
}

/// A position in a text, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

/// Where a byte of a text stands; the end of the text for what lies beyond it.
pub fn position(text: &str, byte: usize) -> Position {
    let mut end = byte.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = &text[..end];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Position {
        line: count(before.bytes().filter(|byte| *byte == b'\n').count() + 1),
        column: count(before[line_start..].chars().count() + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_from_one() {
        let text = "eins\nzwölf = 3\r\n";
        assert_eq!(position(text, 0), Position { line: 1, column: 1 });
        assert_eq!(position(text, 5), Position { line: 2, column: 1 });
        let at = text.find('=').unwrap_or_default();
        assert_eq!(position(text, at), Position { line: 2, column: 7 });
        assert_eq!(position(text, 999), Position { line: 3, column: 1 });
    }
}
