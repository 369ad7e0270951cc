//! A YAML scalar's text with the place of every byte of it in the file.

use saphyr_parser::ScalarStyle;

use super::lines::{content_end, line_start, lines};
use super::yaml::{Kind, Node};
use crate::facts::{Facts, Span, Word};

/// A text, and where its bytes stand in the file it comes from.
#[derive(Debug)]
pub(super) struct Placed<'t> {
    pub(super) text: String,
    file: &'t str,
    /// Where the character that each byte belongs to begins and ends in the file.
    places: Vec<(usize, usize)>,
    /// Where an empty span behind the text stands.
    end: usize,
    /// Whether its lines are the file's lines.
    literal: bool,
}

impl<'t> Placed<'t> {
    /// A scalar's text; none if the node is no scalar, or its text is not what is found in the file.
    pub(super) fn of(file: &'t str, node: &Node) -> Option<Self> {
        let Kind::Scalar { text, style } = &node.kind else { return None };
        let mut placed = Self {
            text: String::with_capacity(text.len()),
            file,
            places: Vec::with_capacity(text.len()),
            end: node.span.end,
            literal: *style == ScalarStyle::Literal,
        };
        match style {
            ScalarStyle::Literal | ScalarStyle::Folded => {
                placed.block(&node.span, *style == ScalarStyle::Folded);
                placed.chomp(text);
            }
            ScalarStyle::Plain => placed.flow(&node.span, None),
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                let quote = if *style == ScalarStyle::SingleQuoted { '\'' } else { '"' };
                placed.flow(&(node.span.start + 1..node.span.end - 1), Some(quote));
            }
        }
        (placed.text == *text).then_some(placed)
    }

    /// Where a span of the text stands in the file. Of whole lines it is the whole lines.
    pub(super) fn span(&self, span: &Span) -> Span {
        let Some(&(start, _)) = self.places.get(span.start) else { return self.end..self.end };
        if span.is_empty() {
            return start..start;
        }
        let last = span.end - 1;
        let (newline, end) = self.places[last];
        if self.text.as_bytes()[last] != b'\n' {
            return start..end;
        }
        let begins_line = span.start == 0 || self.text.as_bytes()[span.start - 1] == b'\n';
        if !self.literal {
            return start..newline.max(start);
        }
        if begins_line {
            return line_start(self.file, start)..end;
        }
        // The next line follows without its indentation; behind the last one stands something else.
        let next = self.places.get(span.end).map_or(newline, |place| place.0);
        start..next.max(start)
    }

    /// Where the words, variables and so on stand in the file.
    pub(super) fn place(&self, facts: &mut Facts) {
        let word = |word: &mut Word| {
            word.span = self.span(&word.span);
            word.whole = self.span(&word.whole);
        };
        let alone = |whole: &Span| {
            let rest = [&self.text[..whole.start], &self.text[whole.end..]];
            rest.iter().all(|rest| rest.trim().is_empty())
        };
        for command in &mut facts.commands {
            command.span = self.span(&command.span);
            command.words.iter_mut().for_each(word);
        }
        for variable in &mut facts.variables {
            variable.name_span = self.span(&variable.name_span);
            variable.whole = self.span(&variable.whole);
            variable.value.iter_mut().for_each(word);
        }
        // A step does not go with its last command.
        facts.removals.retain(|removal| !alone(&removal.whole));
        for removal in &mut facts.removals {
            removal.command = self.span(&removal.command);
            removal.whole = self.span(&removal.whole);
        }
        for setting in &mut facts.settings {
            setting.key = self.span(&setting.key);
            let whole = &mut setting.whole;
            // A step does not go with the last file that it writes.
            *whole = if alone(whole) { whole.start..whole.start } else { whole.clone() };
            setting.whole = self.span(&setting.whole);
            for value in &mut setting.values {
                value.span = self.span(&value.span);
                value.whole = self.span(&value.whole);
                if value.whole.contains(&setting.key.start) {
                    value.whole = setting.whole.clone();
                }
            }
        }
        for comment in &mut facts.comments {
            comment.span = self.span(&comment.span);
        }
        for error in &mut facts.errors {
            error.span = self.span(&error.span);
        }
    }

    fn push(&mut self, character: char, place: (usize, usize)) {
        self.text.push(character);
        self.places.resize(self.text.len(), place);
    }

    fn copy(&mut self, span: Span) {
        for (at, character) in self.file[span.clone()].char_indices() {
            let at = span.start + at;
            self.push(character, (at, at + character.len_utf8()));
        }
    }

    /// Line breaks between two lines that are joined: one is a blank, `n + 1` are `n`.
    fn fold(&mut self, breaks: &[(usize, usize)]) {
        match breaks {
            [] => {}
            [only] => self.push(' ', *only),
            [_, rest @ ..] => rest.iter().for_each(|place| self.push('\n', *place)),
        }
    }

    /// A block scalar (YAML 1.2, 8.1): lines without their indentation, joined where it is folded.
    fn block(&mut self, span: &Span, folded: bool) {
        let first = line_start(self.file, span.start);
        let indentation = span.start - first;
        let mut breaks: Vec<(usize, usize)> = Vec::new();
        let mut before: Option<bool> = None;
        for line in lines(&self.file[first..span.end]) {
            let (start, end) = (first + line.span.start, first + line.span.end);
            let slice = &self.file[start..end];
            let blanks = slice.bytes().take_while(|byte| *byte == b' ').count();
            let start = start + blanks.min(indentation);
            if start < end {
                let deeper = self.file[start..end].starts_with([' ', '\t']);
                match before {
                    Some(false) if folded && !deeper => self.fold(&breaks),
                    _ => breaks.iter().for_each(|place| self.push('\n', *place)),
                }
                breaks.clear();
                self.copy(start..end);
                before = Some(deeper);
            }
            if line.whole.end > line.span.end {
                breaks.push((end, first + line.whole.end));
            }
        }
        breaks.iter().for_each(|place| self.push('\n', *place));
    }

    /// Line ends at the end are as many as the parser says; blank lines at the beginning too.
    fn chomp(&mut self, wanted: &str) {
        let content = self.text.trim_end_matches('\n').len();
        let ends = wanted.len() - wanted.trim_end_matches('\n').len();
        self.text.truncate((content + ends).min(self.text.len()));
        self.places.truncate(self.text.len());
        while self.text.len() < wanted.len() && wanted.ends_with('\n') {
            self.push('\n', (self.end, self.end));
        }
    }

    /// A plain or quoted scalar (YAML 1.2, 7.3): its lines are joined without the blanks around the breaks.
    fn flow(&mut self, span: &Span, quote: Option<char>) {
        let mut at = span.start;
        let mut breaks: Vec<(usize, usize)> = Vec::new();
        // Up to here blanks are content even before a line's end.
        let mut kept = 0;
        while at < span.end {
            let rest = &self.file[at..span.end];
            let Some(character) = rest.chars().next() else { return };
            let next = at + character.len_utf8();
            if matches!(character, '\n' | '\r') {
                if breaks.is_empty() {
                    let text = self.text.trim_end_matches([' ', '\t']).len().max(kept);
                    self.text.truncate(text);
                    self.places.truncate(text);
                }
                let end = if rest.starts_with("\r\n") { at + 2 } else { next };
                breaks.push((at, end));
                at = end;
                continue;
            }
            if !breaks.is_empty() {
                if matches!(character, ' ' | '\t') {
                    at = next;
                    continue;
                }
                let taken = std::mem::take(&mut breaks);
                self.fold(&taken);
            }
            at = match (quote, character) {
                (Some('\''), '\'') => {
                    self.push('\'', (at, (next + 1).min(span.end)));
                    next + 1
                }
                (Some('"'), '\\') => {
                    let end = self.escape(at, span.end);
                    kept = self.text.len();
                    end
                }
                _ => {
                    self.push(character, (at, next));
                    next
                }
            };
        }
        let taken = std::mem::take(&mut breaks);
        self.fold(&taken);
    }

    /// What a backslash means within double quotes (YAML 1.2, 5.7); gives the place behind it.
    fn escape(&mut self, at: usize, limit: usize) -> usize {
        let rest = &self.file[at + 1..limit];
        let Some(letter) = rest.chars().next() else { return limit };
        let next = at + 1 + letter.len_utf8();
        let digits = match letter {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            '\n' | '\r' => {
                // The line goes on behind the next line's indentation.
                let line = content_end(self.file, next - 1).max(next);
                let rest = &self.file[line..limit];
                return limit - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
            }
            _ => 0,
        };
        if digits > 0 {
            let end = (next + digits).min(limit);
            let code = self.file.get(next..end).and_then(|hex| u32::from_str_radix(hex, 16).ok());
            if let Some(character) = code.and_then(char::from_u32) {
                self.push(character, (at, end));
            }
            return end;
        }
        let character = match letter {
            '0' => '\0',
            'a' => '\u{7}',
            'b' => '\u{8}',
            't' | '\t' => '\t',
            'n' => '\n',
            'v' => '\u{b}',
            'f' => '\u{c}',
            'r' => '\r',
            'e' => '\u{1b}',
            'N' => '\u{85}',
            '_' => '\u{a0}',
            'L' => '\u{2028}',
            'P' => '\u{2029}',
            other => other,
        };
        self.push(character, (at, next));
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::yaml::Yaml;

    /// Every character of the first value that stands one to one in the file does so in its place.
    fn placed(text: &str) -> String {
        let yaml = Yaml::parse(text);
        assert!(yaml.errors.is_empty(), "{:?}", yaml.errors);
        let value = yaml.own_entries(yaml.documents[0])[0].1;
        let placed = Placed::of(text, yaml.node(value)).expect("a text that is found");
        for (at, character) in placed.text.char_indices() {
            let place = placed.span(&(at..at + character.len_utf8()));
            let there = &text[place];
            assert!(
                there == character.to_string()
                    || there.starts_with(['\\', '\'', '\n', '\r'])
                    || character == '\n',
                "{character:?} at {there:?}"
            );
        }
        placed.text
    }

    #[test]
    fn every_style_is_found_in_the_file() {
        assert_eq!(placed("a: |\n  x é\n\n   y\n  z\nb: 1\n"), "x é\n\n y\nz\n");
        assert_eq!(placed("a: |\r\n  x\r\n  y\r\nb: 1\r\n"), "x\ny\n");
        assert_eq!(placed("a: |-\n  x\n\n\nb: 1\n"), "x");
        assert_eq!(placed("a: |+\n  x\n"), "x\n");
        assert_eq!(placed("a: |\n  x"), "x\n");
        assert_eq!(placed("a: >\n  x\n  y\n\n  z\n   w\n  v\n"), "x y\nz\n w\nv\n");
        assert_eq!(placed("a: >-\n  x \\\n  y\n"), "x \\ y");
        assert_eq!(placed("a: x\n  y\n\n  z # c\n"), "x y\nz");
        assert_eq!(placed("a: 'it''s\n  é'\n"), "it's é");
        assert_eq!(placed("a: \"x \\\"y\\\" \\u00e9 \\\n   z\n  w\"\n"), "x \"y\" é z w");
        assert_eq!(placed("a: |2\n    x\n"), "  x\n");
    }

    #[test]
    fn whole_lines_of_a_block_are_whole_lines_of_the_file() {
        let text = "a: |\n  one\n  two\nb: 1\n";
        let yaml = Yaml::parse(text);
        let value = yaml.own_entries(yaml.documents[0])[0].1;
        let placed = Placed::of(text, yaml.node(value)).expect("a text that is found");
        assert_eq!(&text[placed.span(&(4..8))], "  two\n");
        assert_eq!(&text[placed.span(&(5..8))], "wo");
        assert_eq!(&text[placed.span(&(0..4))], "  one\n");
        assert_eq!(&text[placed.span(&(1..4))], "ne\n  ");
    }
}
