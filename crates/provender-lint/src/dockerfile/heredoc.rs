//! Heredocs of `RUN`, `COPY` and `ADD`.

use std::ops::Range;

use super::lines::Lines;
use crate::facts::Span;

/// A heredoc.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heredoc {
    /// The word that ends it, quotes undone; of `COPY` also the file's name.
    pub name: String,
    /// Where its `<<NAME` stands.
    pub operator: Span,
    /// Its lines, without the one that ends it.
    pub content: Span,
    /// Whether it began with `<<-`: tabs at the start of its lines go.
    pub strips_tabs: bool,
    /// Whether variables in it are put in: its name is not quoted.
    pub expands: bool,
    /// The file descriptor before `<<`, if there is one.
    pub descriptor: Option<u32>,
}

/// A heredoc that a line announces; its place is that in the joined line.
pub(super) struct Announced {
    pub(super) range: Range<usize>,
    pub(super) name: String,
    pub(super) strips_tabs: bool,
    pub(super) expands: bool,
    pub(super) descriptor: Option<u32>,
}

/// The heredocs that a joined line announces.
pub(super) fn announced(line: &str) -> Vec<Announced> {
    if !line.contains("<<") {
        return Vec::new();
    }
    let words = words(line).unwrap_or_default();
    words.into_iter().filter_map(|range| announcement(line, range)).collect()
}

/// `^(\d*)<<(-?)\s*([^<]*)$`, the last of which is one word.
fn announcement(line: &str, range: Range<usize>) -> Option<Announced> {
    let word = &line[range.clone()];
    let (descriptor, rest) = word.split_once("<<")?;
    if !descriptor.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (strips_tabs, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let rest = rest.trim_start();
    if rest.is_empty() || rest.contains('<') {
        return None;
    }
    let (name, expands) = unquoted(rest);
    Some(Announced { range, name, strips_tabs, expands, descriptor: descriptor.parse().ok() })
}

/// A word without its quotes and escapes, and whether it had no quotes.
fn unquoted(word: &str) -> (String, bool) {
    let mut name = String::new();
    let mut quote = None;
    let mut plain = true;
    let mut characters = word.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, quote) {
            ('"' | '\'', None) => {
                quote = Some(character);
                plain = false;
            }
            (_, Some(open)) if open == character => quote = None,
            ('\\', None) => name.extend(characters.next()),
            ('\\', Some('"')) => {
                let escaped = characters.next_if(|next| matches!(next, '"' | '$' | '\\'));
                name.push(escaped.unwrap_or('\\'));
            }
            _ => name.push(character),
        }
    }
    (name, plain)
}

/// Words of a line with quotes and escapes left in, as BuildKit's shell lexer splits them; none of a
/// line that it refuses.
fn words(line: &str) -> Option<Vec<Range<usize>>> {
    let mut found = Vec::new();
    let mut start = None;
    let mut characters = line.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character.is_whitespace() {
            found.extend(start.take().map(|start| start..at));
            continue;
        }
        start.get_or_insert(at);
        match character {
            '\'' => {
                characters.find(|(_, next)| *next == '\'')?;
            }
            '"' => loop {
                match characters.next()?.1 {
                    '"' => break,
                    '\\' => {
                        characters.next_if(|(_, next)| matches!(next, '"' | '$' | '\\'));
                    }
                    _ => {}
                }
            },
            '\\' => {
                characters.next();
            }
            '$' if line[at + 1..].starts_with('{') => {
                let behind = line[at + 2..].chars().next()?;
                if matches!(behind, '{' | '}' | ':') {
                    return None;
                }
            }
            '<' if characters.next_if(|(_, next)| *next == '<').is_some() => {
                while characters.next_if(|(_, next)| matches!(next, ' ' | '\t' | '\r')).is_some() {}
            }
            _ => {}
        }
    }
    found.extend(start.map(|start| start..line.len()));
    Some(found)
}

/// Reads a heredoc's lines: where they stand and where the line that ends them ends. Without such a
/// line the content goes to the end of the file, and nothing ends it.
pub(super) fn content(lines: &mut Lines<'_>, announced: &Announced) -> (Span, Option<usize>) {
    let start = lines.at();
    while let Some(line) = lines.next() {
        let text =
            if announced.strips_tabs { line.text.trim_start_matches('\t') } else { line.text };
        if text == announced.name {
            return (start..line.start, Some(line.end()));
        }
    }
    (start..lines.at(), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(line: &str) -> Vec<String> {
        announced(line).into_iter().map(|one| format!("{}{}", one.name, one.expands)).collect()
    }

    #[test]
    fn words_that_begin_with_the_operator_announce_heredocs() {
        assert_eq!(names("RUN <<EOF"), ["EOFtrue"]);
        assert_eq!(names("RUN cat <<-'A B' 3<< \"C\" <<D\\ E"), ["A Bfalse", "Cfalse", "D Etrue"]);
        assert_eq!(names("RUN a<<EOF '<<EOF' \\<<EOF <<<EOF << <<-"), [""; 0]);
        assert_eq!(names("RUN echo \"un <<EOF"), [""; 0]);
        assert_eq!(names("COPY <<a.txt <<b.txt /d/"), ["a.txttrue", "b.txttrue"]);
    }
}
