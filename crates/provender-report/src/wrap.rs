//! Text broken into lines, by `textwrap`, between the words of paths, names and advisories' ids.

use anstyle::Style as Paint;
use textwrap::core::Word;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

use crate::Style;

/// Breaks a text into lines of at most `width` columns; the lines after the first are indented by
/// `indent` columns.
pub(crate) fn wrap(text: &str, width: usize, indent: usize) -> Vec<String> {
    let indent = " ".repeat(indent);
    let options = Options::new(width)
        .subsequent_indent(&indent)
        .word_separator(WordSeparator::Custom(words))
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit)
        .break_words(true);
    textwrap::wrap(text, options).into_iter().map(|line| line.into_owned()).collect()
}

/// A line of text, safe to show, broken into lines that fit the style, each in the same colour; the
/// lines after the first are indented.
pub(crate) fn painted(text: &str, paint: Paint, style: Style) -> String {
    let line = |line: &String| {
        let (indent, words) = line.split_at(line.len() - line.trim_start().len());
        format!("{indent}{}\n", style.paint(paint, words))
    };
    wrap(text, style.columns(), 2).iter().map(line).collect()
}

/// The pieces between which a line may be broken: at spaces, after the characters that join paths,
/// URLs and lists, before a line's number, and after a hyphen in a name, but not in an advisory's id.
pub(crate) fn words(line: &str) -> Box<dyn Iterator<Item = Word<'_>> + '_> {
    let mut rest = line;
    Box::new(std::iter::from_fn(move || {
        let mut before = '\0';
        let mut chars = rest.char_indices().peekable();
        let end = loop {
            let (index, c) = chars.next()?;
            let end = index + c.len_utf8();
            let Some((_, after)) = chars.peek() else { break end };
            let breaks = match c {
                ' ' => *after != ' ',
                '/' | '\\' | ',' => *after != ' ' && *after != c,
                ':' => after.is_ascii_digit(),
                '-' => before.is_lowercase() && after.is_lowercase(),
                _ => false,
            };
            if breaks {
                break end;
            }
            before = c;
        };
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(Word::from(word))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_broken_after_their_slashes() {
        assert_eq!(
            wrap("services/backend/requirements.txt", 20, 0),
            ["services/backend/", "requirements.txt"]
        );
    }

    #[test]
    fn names_are_broken_at_hyphens_and_ids_are_not() {
        assert_eq!(wrap("python-multipart", 10, 0), ["python-", "multipart"]);
        assert_eq!(wrap("GHSA-wj6h-64fc-37mp", 12, 0), ["GHSA-wj6h-64", "fc-37mp"]);
        assert_eq!(wrap("https://a.example/b:12", 20, 0), ["https://a.example/b:", "12"]);
    }
}
