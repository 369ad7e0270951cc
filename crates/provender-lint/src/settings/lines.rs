//! Lines and blank-separated words of a text, with the places they stand at.

use crate::facts::{Comment, Span};

/// A line.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Its text without the line's end.
    pub(crate) span: Span,
    /// Its text with the line's end.
    pub(crate) whole: Span,
}

/// Where a text begins, behind its byte order mark.
pub(crate) fn text_start(text: &str) -> usize {
    if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
}

/// The lines of a text, in order; a byte order mark belongs to none.
pub(crate) fn lines(text: &str) -> Vec<Line> {
    let mut start = text_start(text);
    let mut found = Vec::new();
    while start < text.len() {
        let whole = start..after_line(text, start);
        found.push(Line { span: start..content_end(text, start), whole: whole.clone() });
        start = whole.end;
    }
    found
}

/// Where the line that holds this place begins.
pub(crate) fn line_start(text: &str, at: usize) -> usize {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    if start == 0 { text_start(text).min(at) } else { start }
}

/// Where the line that holds this place ends, before its line's end.
pub(crate) fn content_end(text: &str, at: usize) -> usize {
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    if end > at && text.as_bytes()[end - 1] == b'\r' { end - 1 } else { end }
}

/// Where the line after the one that holds this place begins.
pub(crate) fn after_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1)
}

/// The span without the blanks and line ends around it.
pub(crate) fn trimmed(text: &str, span: &Span) -> Span {
    let slice = &text[span.clone()];
    let start = span.start + (slice.len() - slice.trim_ascii_start().len());
    let end = start + text[start..span.end].trim_ascii_end().len();
    start..end
}

/// Where the blanks before a place begin, on its line.
pub(crate) fn blanks_before(text: &str, at: usize) -> usize {
    at - text[..at].bytes().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

/// Where the line begins, if nothing but blanks stands before this place on it.
pub(crate) fn own_line(text: &str, at: usize) -> Option<usize> {
    let start = blanks_before(text, at);
    let begins = matches!(text.as_bytes()[..start].last(), None | Some(b'\n'));
    (begins || text[..start] == *"\u{feff}").then_some(start)
}

/// Where the blanks behind a place end, on its line.
pub(crate) fn blanks_after(text: &str, at: usize) -> usize {
    at + text[at..].bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

/// Words between blanks and line ends.
pub(crate) fn words(text: &str, span: &Span) -> Vec<Span> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, byte) in text[span.clone()].bytes().enumerate() {
        let at = span.start + at;
        match (byte.is_ascii_whitespace(), start) {
            (true, Some(begun)) => {
                found.push(begun..at);
                start = None;
            }
            (false, None) => start = Some(at),
            _ => {}
        }
    }
    found.extend(start.map(|begun| begun..span.end));
    found
}

/// The line as a comment, if its first character that is no blank is one of `signs`.
pub(crate) fn comment_line(text: &str, line: &Line, signs: &[char]) -> Option<Comment> {
    let span = trimmed(text, &line.span);
    text[span.clone()].starts_with(signs).then(|| comment(text, span))
}

/// A comment that begins with a sign of one character.
pub(crate) fn comment(text: &str, span: Span) -> Comment {
    let own_line = own_line(text, span.start).is_some();
    let sign = text[span.clone()].chars().next().map_or(0, char::len_utf8);
    Comment { text: text[span.start + sign..span.end].to_owned(), span, own_line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_before_its_carriage_return() {
        let text = "a\r\nbé\n";
        let found: Vec<_> = lines(text).iter().map(|line| &text[line.span.clone()]).collect();
        assert_eq!(found, ["a", "bé"]);
        assert_eq!(&text[lines(text)[0].whole.clone()], "a\r\n");
    }

    #[test]
    fn a_byte_order_mark_belongs_to_no_line() {
        let text = "\u{feff}a\nb";
        assert_eq!(&text[lines(text)[0].whole.clone()], "a\n");
        assert_eq!(line_start(text, 4), 3);
    }

    #[test]
    fn words_stand_between_blanks_and_line_ends() {
        let text = " a\tb\r\n  cé ";
        let found: Vec<_> =
            words(text, &(0..text.len())).into_iter().map(|span| &text[span]).collect();
        assert_eq!(found, ["a", "b", "cé"]);
    }
}
