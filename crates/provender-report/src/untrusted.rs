//! Text that strangers wrote, made safe to show.
//!
//! A terminal obeys control characters (ECMA-48) wherever they come from, and the bidirectional
//! ones (Unicode UAX #9) make a line read as something it is not.

use std::borrow::Cow;
use std::fmt::Write;

/// One line of text without control characters: line breaks and tabs become single spaces,
/// everything else that would not be seen as what it is becomes U+FFFD.
pub(crate) fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for part in text.split(is_break).filter(|part| !part.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        push_visible(&mut out, part);
    }
    out
}

/// Text of several lines, each without control characters; tabs become single spaces, and blank
/// lines at the end are left out.
pub(crate) fn lines(text: &str) -> Vec<String> {
    text.trim_end()
        .lines()
        .map(|line| {
            let mut out = String::with_capacity(line.len());
            push_visible(&mut out, &line.replace(is_break, " "));
            out
        })
        .collect()
}

/// A JSON document in which every character that a terminal could obey is written as an escape.
///
/// JSON itself asks that only of U+0000 to U+001F (RFC 8259 section 7). Outside of its strings a
/// document has no such character but the line feeds of its layout, which stay.
pub(crate) fn escaped_json(document: &str) -> Cow<'_, str> {
    if !document.contains(|c| is_deceptive(c) && c != '\n') {
        return Cow::Borrowed(document);
    }
    let mut out = String::with_capacity(document.len());
    for c in document.chars() {
        if is_deceptive(c) && c != '\n' {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a `String` cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

fn push_visible(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            // It only asks for the colourful form of the character before, and would make the
            // width of a line depend on the terminal's font.
            '\u{fe0f}' => {}
            c if is_deceptive(c) => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
}

/// Whether a character ends a line or jumps within it.
fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether a character is obeyed rather than shown: C0 and C1 controls, marks and overrides of the
/// direction of writing, invisible operators, annotations and tags.
pub(crate) fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        assert_eq!(line("a\u{1b}[2Jb\u{9b}31mc\u{7f}\u{202e}d"), "a�[2Jb�31mc��d");
        assert_eq!(lines("a\r\nb\rc\u{8}\n\n"), ["a", "b c�"]);
    }

    #[test]
    fn breaks_become_single_spaces() {
        assert_eq!(line("\n a\r\n\tb\u{2028}c\n"), " a b c");
    }

    #[test]
    fn ordinary_text_of_any_script_stays() {
        let text = "naïve 日本語 مرحبا नमस्ते\u{200d} 👩‍👧";
        assert_eq!(line(text), text);
    }

    #[test]
    fn json_keeps_its_meaning_when_it_is_escaped() {
        let text = "a\u{9b}b\u{7f}\u{202e}\u{e0041}";
        let document = serde_json::to_string_pretty(&[text]).unwrap();
        let escaped = escaped_json(&document);
        assert_eq!(escaped, "[\n  \"a\\u009bb\\u007f\\u202e\\udb40\\udc41\"\n]");
        assert_eq!(serde_json::from_str::<[String; 1]>(&escaped).unwrap(), [text]);
    }
}
