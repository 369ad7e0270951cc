//! How the arguments of an instruction are split, by the rules of each kind of instruction
//! (BuildKit's `parser/split_command.go` and `line_parsers.go`). Ranges are those of the joined line.

use std::ops::Range;

/// A range without the blanks at its ends.
pub(super) fn trimmed(line: &str, range: Range<usize>) -> Range<usize> {
    let text = &line[range.clone()];
    let start = range.end - text.trim_start().len();
    start..start + text.trim().len()
}

/// The first word of a range, and what is behind it.
pub(super) fn first_word(line: &str, range: Range<usize>) -> (Range<usize>, Range<usize>) {
    let range = trimmed(line, range);
    let text = &line[range.clone()];
    let end = range.start + text.find(is_blank).unwrap_or(text.len());
    (range.start..end, trimmed(line, end..range.end))
}

/// The blanks that separate words in most instructions.
fn is_blank(character: char) -> bool {
    matches!(character, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ')
}

/// Words between blanks, quotes not heeded.
pub(super) fn blank_separated(line: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let text = &line[range.clone()];
    let mut found = Vec::new();
    let mut start = None;
    for (at, character) in text.char_indices() {
        if is_blank(character) {
            found.extend(start.take().map(|start| start..range.start + at));
        } else {
            start.get_or_insert(range.start + at);
        }
    }
    found.extend(start.map(|start| start..range.end));
    found
}

/// A flag with its quotes and escapes undone.
pub(super) struct RawFlag {
    pub(super) range: Range<usize>,
    pub(super) text: String,
}

/// The flags at the start of a range, and what is behind them. `--` ends them.
pub(super) fn flags(line: &str, range: Range<usize>, escape: char) -> (Vec<RawFlag>, Range<usize>) {
    let mut found = Vec::new();
    let mut rest = trimmed(line, range);
    while line[rest.clone()].starts_with("--") {
        let (text, length) = flag(&line[rest.clone()], escape);
        let word = rest.start..rest.start + length;
        rest = trimmed(line, word.end..rest.end);
        if text == "--" {
            break;
        }
        found.push(RawFlag { range: word, text });
    }
    (found, rest)
}

/// The flag that a text begins with, and its length.
fn flag(text: &str, escape: char) -> (String, usize) {
    let mut value = String::new();
    let mut quote = None;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match quote {
            None if character.is_whitespace() => return (value, at),
            None if matches!(character, '"' | '\'') => quote = Some(character),
            Some(open) if open == character => quote = None,
            _ if character == escape => match characters.next() {
                Some((_, escaped)) => value.push(escaped),
                None => break,
            },
            _ => value.push(character),
        }
    }
    (value, text.len())
}

/// Words between blanks that are not quoted, with their quotes: of `ENV`, `ARG` and `LABEL`.
pub(super) fn quoted_words(line: &str, range: Range<usize>, escape: char) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut characters = line[range.clone()].char_indices();
    while let Some((at, character)) = characters.next() {
        let at = range.start + at;
        match quote {
            None if character.is_whitespace() => {
                found.extend(start.take().map(|start| start..at));
                continue;
            }
            None if matches!(character, '"' | '\'') => quote = Some(character),
            Some(open) if open == character => quote = None,
            _ => {}
        }
        start.get_or_insert(at);
        if character == escape && quote != Some('\'') {
            characters.next();
        }
    }
    found.extend(start.map(|start| start..range.end));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str, split: impl Fn(&str, Range<usize>) -> Vec<Range<usize>>) -> Vec<&str> {
        split(line, 0..line.len()).into_iter().map(|range| &line[range]).collect()
    }

    #[test]
    fn quotes_hold_words_together_where_they_are_heeded() {
        let line = "a=1  b='c d'\te=\"f \\\" g\" h\\ i é=ü";
        let words = split(line, |line, range| quoted_words(line, range, '\\'));
        assert_eq!(words, ["a=1", "b='c d'", "e=\"f \\\" g\"", "h\\ i", "é=ü"]);
        assert_eq!(split("a 'b  c'", blank_separated), ["a", "'b", "c'"]);
    }

    #[test]
    fn flags_end_at_the_first_word_without_dashes() {
        let line = " --mount=type=cache --x='a b'\\c -- --no";
        let (found, rest) = flags(line, 0..line.len(), '\\');
        let texts: Vec<_> = found.iter().map(|flag| flag.text.as_str()).collect();
        assert_eq!(texts, ["--mount=type=cache", "--x=a bc"]);
        assert_eq!(&line[found[1].range.clone()], "--x='a b'\\c");
        assert_eq!(&line[rest], "--no");
    }
}
