//! Python source as far as settings can be found in it: logical lines of tokens.
//!
//! No interpreter is asked, and nothing of the project runs. What cannot be read for certain is
//! [`Token::Opaque`], and whoever reads the tokens takes nothing from it.

/// A piece of a line (the Python reference, section 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// An identifier or a keyword.
    Name(String),
    /// A string literal with its value.
    Text(String),
    /// A number as it is written.
    Number(String),
    /// A string whose value is not known before it runs, or that this reader does not decode.
    Opaque,
    /// Any other character.
    Sign(char),
}

impl Token {
    pub(super) fn is(&self, sign: char) -> bool {
        matches!(self, Self::Sign(other) if *other == sign)
    }

    pub(super) fn is_name(&self, name: &str) -> bool {
        matches!(self, Self::Name(other) if other == name)
    }
}

/// A logical line: brackets and backslashes join physical ones.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Columns before its first token.
    pub(super) indent: usize,
    /// At least one.
    pub(super) tokens: Vec<Token>,
}

/// The lines that hold something, up to the end or to a string that does not end.
pub(super) fn lines(source: &str) -> Vec<Line> {
    let mut reader = Reader { rest: source.trim_start_matches('\u{feff}'), ..Reader::default() };
    while reader.step().is_some() {}
    reader.end_line();
    reader.lines
}

#[derive(Default)]
struct Reader<'a> {
    rest: &'a str,
    lines: Vec<Line>,
    tokens: Vec<Token>,
    /// Columns before the first token of the line that is read.
    indent: usize,
    /// How many brackets are open.
    depth: usize,
}

impl Reader<'_> {
    /// Reads on; nothing when there is no more.
    fn step(&mut self) -> Option<()> {
        let c = self.rest.chars().next()?;
        match c {
            '\n' => {
                self.skip(1);
                if self.depth == 0 {
                    self.end_line();
                }
            }
            ' ' | '\t' | '\r' | '\u{c}' => {
                if self.tokens.is_empty() && self.depth == 0 {
                    // A tab goes to the next multiple of eight (section 2.1.8).
                    self.indent += if c == '\t' { 8 - self.indent % 8 } else { 1 };
                }
                self.skip(1);
            }
            '#' => self.skip(self.rest.find('\n').unwrap_or(self.rest.len())),
            '\\' => self.skip(1 + usize::from(self.rest[1..].starts_with('\n'))),
            '"' | '\'' => self.string("")?,
            c if c.is_ascii_digit() => self.number(),
            c if c == '_' || c.is_alphabetic() => self.name()?,
            c => {
                match c {
                    '(' | '[' | '{' => self.depth += 1,
                    ')' | ']' | '}' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
                self.tokens.push(Token::Sign(c));
                self.skip(c.len_utf8());
            }
        }
        Some(())
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    fn end_line(&mut self) {
        let (tokens, indent) = (std::mem::take(&mut self.tokens), std::mem::take(&mut self.indent));
        if !tokens.is_empty() {
            self.lines.push(Line { indent, tokens });
        }
    }

    fn word(&mut self, part: impl Fn(char) -> bool) -> String {
        let end = self.rest.find(|c| !part(c)).unwrap_or(self.rest.len());
        let word = self.rest[..end].to_owned();
        self.skip(end);
        word
    }

    fn number(&mut self) {
        let number = self.word(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
        self.tokens.push(Token::Number(number));
    }

    fn name(&mut self) -> Option<()> {
        let name = self.word(|c| c == '_' || c.is_alphanumeric());
        let prefix = name.len() <= 2 && name.chars().all(|c| "bBfFrRtTuU".contains(c));
        if prefix && self.rest.starts_with(['"', '\'']) {
            return self.string(&name.to_ascii_lowercase());
        }
        self.tokens.push(Token::Name(name));
        Some(())
    }

    /// A string literal (section 2.5); nothing if it does not end.
    fn string(&mut self, prefix: &str) -> Option<()> {
        let mark = &self.rest[..1];
        let triple = mark.repeat(3);
        let mark = if self.rest.starts_with(&triple) { triple } else { mark.to_owned() };
        self.skip(mark.len());
        let raw = prefix.contains('r');
        let mut certain = !prefix.contains(['b', 'f', 't']);
        let mut value = String::new();
        while !self.rest.starts_with(&mark) {
            let c = self.rest.chars().next()?;
            self.skip(c.len_utf8());
            match c {
                '\n' if mark.len() == 1 => return None,
                '\\' => {
                    let escaped = self.rest.chars().next()?;
                    self.skip(escaped.len_utf8());
                    match escaped {
                        _ if raw => value.extend([c, escaped]),
                        '\\' | '\'' | '"' => value.push(escaped),
                        'n' => value.push('\n'),
                        't' => value.push('\t'),
                        '\n' => {}
                        _ => certain = false,
                    }
                }
                c => value.push(c),
            }
        }
        self.skip(mark.len());
        // Strings that stand side by side are one (section 2.5.2).
        let token = match (self.tokens.last(), certain) {
            (Some(Token::Text(before)), true) => {
                let whole = format!("{before}{value}");
                self.tokens.pop();
                Token::Text(whole)
            }
            (Some(Token::Opaque), _) => return Some(()),
            (Some(Token::Text(_)), false) => {
                self.tokens.pop();
                Token::Opaque
            }
            (_, true) => Token::Text(value),
            (_, false) => Token::Opaque,
        };
        self.tokens.push(token);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(source: &str) -> Vec<Token> {
        lines(source).into_iter().flat_map(|line| line.tokens).collect()
    }

    #[test]
    fn a_string_has_its_value() {
        for (source, value) in [
            ("'a'", "a"),
            (r#""it's""#, "it's"),
            (r"'it\'s\n'", "it's\n"),
            (r"r'a\b'", r"a\b"),
            ("'''a\nb'''", "a\nb"),
            ("('a' # why\n 'b')", "ab"),
            ("u'a' \"b\"", "ab"),
        ] {
            let texts: Vec<_> = tokens(source)
                .into_iter()
                .filter(|token| matches!(token, Token::Text(_)))
                .collect();
            assert_eq!(texts, [Token::Text(value.to_owned())], "{source}");
        }
    }

    #[test]
    fn what_is_computed_is_opaque() {
        for source in ["f'{a}'", "b'a'", r"'\x41'", "'a' f'{b}'", "f'{a}' 'b'", "rb'a'"] {
            assert_eq!(tokens(source), [Token::Opaque], "{source}");
        }
    }

    #[test]
    fn lines_are_logical_ones_with_their_indent() {
        let source = "class A:  # it\n\n    x = (1,\n2)\n\ty = 3 \\\n  + 4\n";
        let lines = lines(source);
        let indents: Vec<_> = lines.iter().map(|line| line.indent).collect();
        assert_eq!(indents, [0, 4, 8]);
        assert_eq!(lines[1].tokens.len(), 7);
        assert_eq!(lines[2].tokens.len(), 5);
    }

    #[test]
    fn a_string_that_does_not_end_ends_the_reading() {
        assert_eq!(lines("a = 1\nb = 'open\nc = 2\n").len(), 2);
        assert_eq!(tokens("'''open"), []);
        assert_eq!(tokens("\\"), []);
        assert_eq!(tokens("'\\"), []);
    }
}
