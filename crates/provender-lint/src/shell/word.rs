//! Words: quotes undone, variables with a known value put in.

use std::ops::Range;

use super::scope::Scope;
use super::tree::{self, Node};
use crate::expansion;
use crate::facts::Word;
use crate::passage::Passage;

/// A word as it stands in the text: nodes that touch each other.
#[derive(Clone)]
pub(super) struct Raw<'t> {
    /// Where it stands in the text.
    pub(super) range: Range<usize>,
    /// What it is made of.
    pub(super) nodes: Vec<Node<'t>>,
}

impl<'t> Raw<'t> {
    /// Words of nodes in the text's order. The grammar ends a word before an escaped blank and at a line
    /// continuation; the shell does not.
    pub(super) fn collect(text: &str, nodes: impl IntoIterator<Item = Node<'t>>) -> Vec<Self> {
        let mut words: Vec<Self> = Vec::new();
        for node in nodes {
            let range = node.byte_range();
            if range.is_empty() {
                continue;
            }
            match words.last_mut() {
                Some(last) if is_escaped(text, last.range.end..range.start) => {
                    last.range.end = range.end;
                    last.nodes.push(node);
                }
                _ => words.push(Self { range, nodes: vec![node] }),
            }
        }
        words
    }

    /// The word as the shell reads it.
    pub(super) fn read(&self, passage: &Passage, scope: &Scope<'_>) -> Word {
        let mut reader = Reader::new(passage.text(), self);
        let (text, known) = reader.read(scope);
        Word {
            text,
            known,
            span: passage.span(self.range.clone()),
            whole: whole(passage, self.range.clone()),
        }
    }

    /// The text of the word with quotes undone and nothing put in, as a passage: what `sh -c` is given.
    pub(super) fn unquoted(&self, passage: &Passage) -> Passage {
        let mut result = Passage::at(passage.start_of(self.range.start));
        Reader::new(passage.text(), self).pieces(|piece| match piece {
            Piece::Same(range) | Piece::Expansion(range, _) => result.push_from(passage, range),
            Piece::Other(text, range) => result.push_for(text, passage.span(range)),
        });
        result
    }
}

/// Whether a range holds nothing but escaped characters.
fn is_escaped(text: &str, range: Range<usize>) -> bool {
    let mut characters = text.get(range).unwrap_or(" ").chars();
    while let Some(first) = characters.next() {
        let escaped = characters.next();
        let escaped = if escaped == Some('\r') { characters.next() } else { escaped };
        if first != '\\' || escaped.is_none() {
            return false;
        }
    }
    true
}

/// The word with the blanks and line continuations before it, so that a valid command is left without it.
fn whole(passage: &Passage, range: Range<usize>) -> Range<usize> {
    let text = passage.text();
    // Without the blank a digit before it would become a file descriptor, or two words one.
    let touches = text[range.end..].starts_with(['<', '>', '(', '$', '`', '"', '\'']);
    let start = if touches { range.start } else { before_blanks(text, range.start) };
    if start == range.start && touches {
        return passage.span(range);
    }
    // More than a continuation was left out: a comment, which stays where a further line keeps it in the instruction.
    let commented = passage.left_out(start..range.start) > "\\\r\n".len();
    if commented && !passage.behind_piece(range.end).trim().is_empty() {
        return passage.span(range);
    }
    passage.span_with_gap(start..range.end)
}

/// Where the blanks and line continuations that end at `at` begin.
pub(super) fn before_blanks(text: &str, at: usize) -> usize {
    let mut rest = &text[..at];
    loop {
        let shorter = rest.trim_end_matches([' ', '\t']);
        let joined = shorter
            .strip_suffix("\\\n")
            .or_else(|| shorter.strip_suffix("\\\r\n"))
            .filter(|before| !ends_escaped(before));
        match joined {
            Some(before) => rest = before,
            None => return shorter.len(),
        }
    }
}

/// Where the blanks and line continuations that begin at `at` end.
pub(super) fn behind_blanks(text: &str, at: usize) -> usize {
    let mut rest = &text[at..];
    loop {
        let shorter = rest.trim_start_matches([' ', '\t']);
        match shorter.strip_prefix("\\\n").or_else(|| shorter.strip_prefix("\\\r\n")) {
            Some(behind) => rest = behind,
            None => return text.len() - shorter.len(),
        }
    }
}

/// Whether a text ends in an odd number of backslashes.
fn ends_escaped(text: &str) -> bool {
    text.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1
}

/// A part of a word.
enum Piece<'p, 't> {
    /// Text that means itself.
    Same(Range<usize>),
    /// Text that stands for another.
    Other(&'p str, Range<usize>),
    /// Something that the shell puts a value in for.
    Expansion(Range<usize>, Node<'t>),
}

struct Reader<'a, 't> {
    text: &'a str,
    range: Range<usize>,
    expansions: Vec<Node<'t>>,
}

impl<'a, 't> Reader<'a, 't> {
    fn new(text: &'a str, raw: &Raw<'t>) -> Self {
        let mut expansions = Vec::new();
        for &node in &raw.nodes {
            tree::expansions(node, &mut expansions);
        }
        Self { text, range: raw.range.clone(), expansions }
    }

    fn read(&mut self, scope: &Scope<'_>) -> (String, bool) {
        let text = self.text;
        let mut result = String::new();
        let mut known = true;
        self.pieces(|piece| match piece {
            Piece::Same(range) => result.push_str(&text[range]),
            Piece::Other(other, _) => result.push_str(other),
            Piece::Expansion(range, node) => match value(text, node, scope) {
                Some(value) => result.push_str(&value),
                None => {
                    known = false;
                    result.push_str(&text[range]);
                }
            },
        });
        (result, known)
    }

    /// Goes through the word (POSIX XCU 2.2, and bash's `$'...'` and `$"..."`).
    fn pieces(&mut self, mut take: impl FnMut(Piece<'_, 't>)) {
        let text = self.text;
        let end = self.range.end;
        let mut at = self.range.start;
        let mut quoted = false;
        let mut expansions = self.expansions.iter().peekable();
        while at < end {
            while expansions.next_if(|node| node.start_byte() < at).is_some() {}
            if let Some(&node) = expansions.next_if(|node| node.start_byte() == at) {
                let stop = node.end_byte().clamp(at + 1, end);
                take(Piece::Expansion(at..stop, node));
                at = stop;
                continue;
            }
            let rest = &text[at..end];
            let length = rest.chars().next().map_or(1, char::len_utf8);
            let next = rest[length..].chars().next();
            match rest.as_bytes()[0] {
                b'"' => {
                    quoted = !quoted;
                    at += 1;
                }
                b'$' if !quoted && next == Some('"') => at += 1,
                b'$' if !quoted && next == Some('\'') => at = ansi_c(text, at, end, &mut take),
                b'\'' if !quoted => {
                    let stop = rest[1..].find('\'').map_or(end, |close| at + 1 + close);
                    if stop > at + 1 {
                        take(Piece::Same(at + 1..stop));
                    }
                    at = (stop + 1).min(end);
                }
                b'\\' if rest[1..].starts_with('\n') => at += 2,
                b'\\' if rest[1..].starts_with("\r\n") => at += 3,
                b'\\' => match next {
                    Some(next) if !quoted || matches!(next, '"' | '\\' | '$' | '`') => {
                        let stop = at + 1 + next.len_utf8();
                        take(Piece::Other(&text[at + 1..stop], at..stop));
                        at = stop;
                    }
                    _ => {
                        take(Piece::Same(at..at + 1));
                        at += 1;
                    }
                },
                _ => {
                    take(Piece::Same(at..at + length));
                    at += length;
                }
            }
        }
    }
}

/// Reads `$'...'` at `at` (bash manual, ANSI-C quoting), and says where it ends.
fn ansi_c<'t>(text: &str, at: usize, end: usize, take: &mut impl FnMut(Piece<'_, 't>)) -> usize {
    let mut place = at + 2;
    while place < end {
        let rest = &text[place..end];
        let Some(first) = rest.chars().next() else { break };
        if first == '\'' {
            return place + 1;
        }
        if first != '\\' {
            take(Piece::Same(place..place + first.len_utf8()));
            place += first.len_utf8();
            continue;
        }
        let Some(letter) = rest[1..].chars().next() else { return end };
        let (value, length) = escape(letter, &rest[1 + letter.len_utf8()..]);
        let stop = place + 1 + letter.len_utf8() + length;
        match value {
            Some(value) => {
                take(Piece::Other(value.encode_utf8(&mut [0; 4]), place..stop));
            }
            None => take(Piece::Same(place..stop)),
        }
        place = stop;
    }
    end
}

/// What a backslash and a letter stand for, and how many bytes behind the letter belong to them.
fn escape(letter: char, rest: &str) -> (Option<char>, usize) {
    let digits = |radix: u32, most: usize| {
        let count = rest.chars().take(most).take_while(|digit| digit.is_digit(radix)).count();
        (u32::from_str_radix(&rest[..count], radix).ok().and_then(char::from_u32), count)
    };
    match letter {
        'n' => (Some('\n'), 0),
        't' => (Some('\t'), 0),
        'r' => (Some('\r'), 0),
        'a' => (Some('\u{7}'), 0),
        'b' => (Some('\u{8}'), 0),
        'e' | 'E' => (Some('\u{1b}'), 0),
        'f' => (Some('\u{c}'), 0),
        'v' => (Some('\u{b}'), 0),
        '\\' | '\'' | '"' | '?' => (Some(letter), 0),
        'x' => digits(16, 2),
        'u' => digits(16, 4),
        'U' => digits(16, 8),
        '0'..='7' => {
            let behind = rest.chars().take(2).take_while(|digit| digit.is_digit(8));
            let digits: String = std::iter::once(letter).chain(behind).collect();
            (u32::from_str_radix(&digits, 8).ok().and_then(char::from_u32), digits.len() - 1)
        }
        _ => (None, 0),
    }
}

/// The value of an expansion, if it is known.
fn value(text: &str, node: Node<'_>, scope: &Scope<'_>) -> Option<String> {
    let raw = text.get(node.byte_range())?;
    match node.kind() {
        "simple_expansion" => scope.get(raw.strip_prefix('$')?).map(str::to_owned),
        "expansion" => {
            let inner = raw.strip_prefix("${")?.strip_suffix('}')?;
            let length = inner
                .find(|character: char| !character.is_ascii_alphanumeric() && character != '_')
                .unwrap_or(inner.len());
            let (name, operator) = inner.split_at(length);
            operated(scope.get(name)?, operator)
        }
        _ => None,
    }
}

/// `${NAME...}` of a known value, if the operator's word is plain.
fn operated(value: &str, operator: &str) -> Option<String> {
    let plain = |word: &'_ str| !word.contains(['$', '`', '"', '\'', '\\']);
    let greedy = |rest: &'_ str, sign: char| rest.starts_with(sign);
    let word = |rest: &'_ str| plain(rest).then(|| rest.to_owned());
    if operator.is_empty() {
        return Some(value.to_owned());
    }
    let (empty_is_unset, sign) = match operator.strip_prefix(':') {
        Some(rest) => (true, rest),
        None => (false, operator),
    };
    let set = !(empty_is_unset && value.is_empty());
    let rest = sign.get(1..)?;
    match sign.as_bytes()[0] {
        b'-' | b'=' if set => Some(value.to_owned()),
        b'?' if set => Some(value.to_owned()),
        b'-' | b'=' => word(rest),
        b'+' if set => word(rest),
        b'+' => Some(String::new()),
        _ if empty_is_unset || !plain(rest) => None,
        b'#' => {
            let all = greedy(rest, '#');
            Some(expansion::without_prefix(value, &rest[usize::from(all)..], all).to_owned())
        }
        b'%' => {
            let all = greedy(rest, '%');
            Some(expansion::without_suffix(value, &rest[usize::from(all)..], all).to_owned())
        }
        b'/' => {
            let all = greedy(rest, '/');
            let rest = &rest[usize::from(all)..];
            if rest.starts_with(['#', '%']) {
                return None;
            }
            let (pattern, replacement) = rest.split_once('/').unwrap_or((rest, ""));
            Some(expansion::replaced(value, pattern, replacement, all))
        }
        _ => None,
    }
}
