//! Text taken out of a file, which still knows where each of its bytes stands there.
//!
//! What a shell or a builder reads is often not what the file says byte for byte: line continuations
//! are joined, quotes undone, comments between lines dropped. A [`Passage`] is the text as it is read,
//! and maps every range of it back to the exact span in the file.

use std::ops::Range;

use crate::facts::Span;

/// Text as it is read, with where it stands in its file.
#[derive(Debug, Clone, Default)]
pub struct Passage {
    text: String,
    pieces: Vec<Piece>,
    origin: usize,
}

/// A part of a passage: from `at` to the next piece.
#[derive(Debug, Clone)]
struct Piece {
    at: usize,
    source: Span,
    /// Whether each byte stands for one byte of the source, and not all of it for all of the source.
    verbatim: bool,
}

impl Passage {
    /// An empty passage at a place in the file.
    pub fn at(origin: usize) -> Self {
        Self { text: String::new(), pieces: Vec::new(), origin }
    }

    /// A part of the file as it is. An invalid span gives an empty passage.
    pub fn verbatim(file: &str, span: Span) -> Self {
        let mut passage = Self::at(span.start);
        passage.push(file, span);
        passage
    }

    /// Adds a part of the file as it is. What was left out before it belongs to neither side.
    pub fn push(&mut self, file: &str, span: Span) {
        let Some(text) = file.get(span.clone()).filter(|text| !text.is_empty()) else { return };
        let at = self.text.len();
        self.text.push_str(text);
        match self.pieces.last_mut() {
            Some(last) if last.verbatim && last.source.end == span.start => {
                last.source.end = span.end;
            }
            _ => self.pieces.push(Piece { at, source: span, verbatim: true }),
        }
    }

    /// Adds text that stands for something else in the file, such as `"` for `\"`.
    pub fn push_for(&mut self, text: &str, source: Span) {
        if !text.is_empty() {
            self.pieces.push(Piece { at: self.text.len(), source, verbatim: false });
            self.text.push_str(text);
        }
    }

    /// Adds a part of another passage.
    pub fn push_from(&mut self, other: &Self, range: Range<usize>) {
        let first = other.piece_index(range.start).unwrap_or_default();
        for (index, piece) in other.pieces.iter().enumerate().skip(first) {
            let end = other.end_of_piece(index);
            let (from, to) = (piece.at.max(range.start), end.min(range.end));
            if piece.at >= range.end {
                break;
            }
            if from >= to {
                continue;
            }
            let Some(text) = other.text.get(from..to) else { return };
            let source = if piece.verbatim {
                piece.source.start + (from - piece.at)..piece.source.start + (to - piece.at)
            } else {
                piece.source.clone()
            };
            self.pieces.push(Piece { at: self.text.len(), source, verbatim: piece.verbatim });
            self.text.push_str(text);
        }
    }

    /// A part of this passage.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        let mut part = Self::at(self.start_of(range.start));
        part.push_from(self, range);
        part
    }

    /// The text as it is read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where in the file the byte at `at` stands; at the end of the text, where the text ends.
    pub fn start_of(&self, at: usize) -> usize {
        if at >= self.text.len() {
            return self.pieces.last().map_or(self.origin, |last| last.source.end);
        }
        match self.piece_index(at).and_then(|index| self.pieces.get(index)) {
            Some(piece) if piece.verbatim => piece.source.start + (at - piece.at),
            Some(piece) => piece.source.start,
            None => self.origin,
        }
    }

    /// Where in the file the byte before `at` ends; at the start of the text, where the text starts.
    pub fn end_of(&self, at: usize) -> usize {
        if at == 0 {
            return self.pieces.first().map_or(self.origin, |first| first.source.start);
        }
        match self.piece_index(at - 1).and_then(|index| self.pieces.get(index)) {
            Some(piece) if piece.verbatim => {
                piece.source.end.min(piece.source.start + (at - piece.at))
            }
            Some(piece) => piece.source.end,
            None => self.origin,
        }
    }

    /// The span in the file of a range of the text.
    pub fn span(&self, range: Range<usize>) -> Span {
        if range.is_empty() {
            let place = self.end_of(range.start);
            return place..place;
        }
        self.start_of(range.start)..self.end_of(range.end)
    }

    /// The span in the file of a range of the text, with what was left out of the text before it.
    pub fn span_with_gap(&self, range: Range<usize>) -> Span {
        self.end_of(range.start)..self.end_of(range.end)
    }

    /// How many bytes of the file were left out of a range of the text, and before it.
    pub fn left_out(&self, range: Range<usize>) -> usize {
        let source = self.start_of(range.end).saturating_sub(self.end_of(range.start));
        source.saturating_sub(range.len())
    }

    /// What of the text comes behind the piece that the byte before `at` is part of: for joined lines, what stands on
    /// further lines.
    pub fn behind_piece(&self, at: usize) -> &str {
        let end = at.checked_sub(1).and_then(|last| self.piece_index(last));
        let end = end.map_or(self.text.len(), |index| self.end_of_piece(index));
        self.text.get(end..).unwrap_or_default()
    }

    fn piece_index(&self, at: usize) -> Option<usize> {
        self.pieces.partition_point(|piece| piece.at <= at).checked_sub(1)
    }

    fn end_of_piece(&self, index: usize) -> usize {
        self.pieces.get(index + 1).map_or(self.text.len(), |next| next.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined() -> (String, Passage) {
        let file = "a \\\n  b \\\"c".to_owned();
        let mut passage = Passage::at(0);
        passage.push(&file, 0..2);
        passage.push(&file, 4..8);
        passage.push_for("\"", 8..10);
        passage.push(&file, 10..11);
        (file, passage)
    }

    #[test]
    fn what_is_left_out_belongs_to_the_gap_alone() {
        let (file, passage) = joined();
        assert_eq!(passage.text(), "a   b \"c");
        assert_eq!(&file[passage.span(4..5)], "b");
        assert_eq!(&file[passage.span(1..5)], " \\\n  b");
        assert_eq!(&file[passage.span(2..5)], "  b");
        assert_eq!(&file[passage.span_with_gap(2..5)], "\\\n  b");
    }

    #[test]
    fn what_stands_for_something_else_maps_to_all_of_it() {
        let (file, passage) = joined();
        assert_eq!(&file[passage.span(6..8)], "\\\"c");
        let part = passage.slice(4..8);
        assert_eq!(part.text(), "b \"c");
        assert_eq!(&file[part.span(2..3)], "\\\"");
        assert_eq!(&file[part.span(0..4)], "b \\\"c");
    }

    #[test]
    fn an_empty_range_stands_somewhere() {
        let (_, passage) = joined();
        assert_eq!(passage.span(0..0), 0..0);
        assert_eq!(passage.span(8..8), 11..11);
        assert_eq!(Passage::at(7).span(0..0), 7..7);
    }
}
