//! Words of instructions: quotes and escapes undone, variables put in, as BuildKit's `shell/lex.go`
//! does it.

use crate::expansion;

/// What is known of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lookup<'e> {
    /// It has this value.
    Value(&'e str),
    /// It has none: it was declared without one, or nothing can have set it.
    Unset,
    /// Something outside the file may have set it.
    Unknown,
}

/// A word without quotes, and whether all of it is known: what is not stands in it as it is written.
/// A word that the builder would refuse is given back as it is, as not known.
pub(super) fn process<'e>(
    word: &str,
    escape: char,
    lookup: &dyn Fn(&str) -> Lookup<'e>,
) -> (String, bool) {
    let mut lexer = Lexer { text: word, at: 0, escape, lookup, known: true, depth: 0 };
    match lexer.until(None, false) {
        Some(text) => (text, lexer.known),
        None => (word.to_owned(), false),
    }
}

struct Lexer<'a, 'e> {
    text: &'a str,
    at: usize,
    escape: char,
    lookup: &'a dyn Fn(&str) -> Lookup<'e>,
    known: bool,
    depth: usize,
}

impl<'a> Lexer<'a, '_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += character.len_utf8();
        Some(character)
    }

    /// Reads up to `stop`, which is read too; none if it does not come or something is refused.
    /// Patterns keep their escapes.
    fn until(&mut self, stop: Option<char>, keep_escapes: bool) -> Option<String> {
        if self.depth > 50 {
            return None;
        }
        self.depth += 1;
        let mut result = String::new();
        while let Some(character) = self.peek() {
            if stop == Some(character) {
                self.at += character.len_utf8();
                self.depth -= 1;
                return Some(result);
            }
            match character {
                '$' => result.push_str(&self.dollar()?),
                '\'' => {
                    self.at += 1;
                    let length = self.text[self.at..].find('\'')?;
                    result.push_str(&self.text[self.at..self.at + length]);
                    self.at += length + 1;
                }
                '"' => self.double_quoted(&mut result, keep_escapes)?,
                _ => {
                    self.at += character.len_utf8();
                    if character != self.escape {
                        result.push(character);
                        continue;
                    }
                    if keep_escapes {
                        result.push(character);
                    }
                    result.extend(self.next());
                }
            }
        }
        self.depth -= 1;
        stop.is_none().then_some(result)
    }

    fn double_quoted(&mut self, result: &mut String, keep_escapes: bool) -> Option<()> {
        self.at += 1;
        loop {
            match self.peek()? {
                '"' => {
                    self.at += 1;
                    return Some(());
                }
                '$' => result.push_str(&self.dollar()?),
                character => {
                    self.at += character.len_utf8();
                    if character != self.escape {
                        result.push(character);
                        continue;
                    }
                    if keep_escapes {
                        result.push(character);
                    }
                    match self.peek()? {
                        next if matches!(next, '"' | '$') || next == self.escape => {
                            self.at += next.len_utf8();
                            result.push(next);
                        }
                        _ => result.push(character),
                    }
                }
            }
        }
    }

    /// `$NAME` or `${NAME...}`; what is not known stays as it is written.
    fn dollar(&mut self) -> Option<String> {
        let start = self.at;
        self.at += 1;
        let value = if self.peek() == Some('{') {
            self.at += 1;
            self.braced()?
        } else {
            let name = self.name();
            if name.is_empty() {
                return Some("$".to_owned());
            }
            match (self.lookup)(name) {
                Lookup::Value(value) => Some(value.to_owned()),
                Lookup::Unset | Lookup::Unknown => None,
            }
        };
        match value {
            Some(value) => Some(value),
            None => {
                self.known = false;
                Some(self.text[start..self.at].to_owned())
            }
        }
    }

    fn name(&mut self) -> &'a str {
        let text: &'a str = self.text;
        let rest = &text[self.at..];
        let Some(first) = rest.chars().next() else { return "" };
        let length = if first.is_ascii_digit() {
            rest.find(|next: char| !next.is_ascii_digit()).unwrap_or(rest.len())
        } else if matches!(first, '@' | '*' | '#' | '?' | '-' | '$' | '!') {
            1
        } else {
            rest.find(|next: char| !next.is_alphanumeric() && next != '_').unwrap_or(rest.len())
        };
        self.at += length;
        &rest[..length]
    }

    /// What stands in braces: the outer none if it is refused, the inner one if it is not known.
    fn braced(&mut self) -> Option<Option<String>> {
        if matches!(self.peek()?, '{' | '}' | ':') {
            return None;
        }
        let name = self.name();
        let found = (self.lookup)(name);
        let mut sign = self.next()?;
        let empty_is_unset = sign == ':';
        if empty_is_unset {
            sign = self.next()?;
        }
        let outer_known = self.known;
        match sign {
            '}' if !empty_is_unset => Some(match found {
                Lookup::Value(value) => Some(value.to_owned()),
                Lookup::Unset | Lookup::Unknown => None,
            }),
            '-' | '+' | '?' => {
                let word = self.until(Some('}'), false)?;
                let word_known = std::mem::replace(&mut self.known, outer_known);
                let set = match &found {
                    Lookup::Value(value) => !(empty_is_unset && value.is_empty()),
                    Lookup::Unset => false,
                    Lookup::Unknown => return Some(None),
                };
                let takes_word = match sign {
                    '-' => !set,
                    '+' => set,
                    _ => false,
                };
                if takes_word {
                    self.known &= word_known;
                    return Some(Some(word));
                }
                Some(match (sign, found) {
                    ('+', _) => Some(String::new()),
                    (_, Lookup::Value(value)) if set => Some(value.to_owned()),
                    _ => None,
                })
            }
            '#' | '%' if !empty_is_unset => {
                let greedy = self.peek() == Some(sign);
                self.at += usize::from(greedy);
                let pattern = self.until(Some('}'), true)?;
                let word_known = std::mem::replace(&mut self.known, outer_known);
                let Lookup::Value(value) = found else { return Some(None) };
                self.known &= word_known;
                let cut = if sign == '#' {
                    expansion::without_prefix(value, &pattern, greedy)
                } else {
                    expansion::without_suffix(value, &pattern, greedy)
                };
                Some(Some(cut.to_owned()))
            }
            '/' if !empty_is_unset => {
                let all = self.peek() == Some('/');
                self.at += usize::from(all);
                let pattern = self.until(Some('/'), true)?;
                let replacement = self.until(Some('}'), true)?;
                let word_known = std::mem::replace(&mut self.known, outer_known);
                let Lookup::Value(value) = found else { return Some(None) };
                self.known &= word_known;
                Some(Some(expansion::replaced(value, &pattern, &replacement, all)))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Lookup<'static> {
        match name {
            "A" => Lookup::Value("a.b.c"),
            "E" => Lookup::Value(""),
            "U" => Lookup::Unset,
            _ => Lookup::Unknown,
        }
    }

    fn processed(word: &str) -> (String, bool) {
        process(word, '\\', &lookup)
    }

    #[test]
    fn every_operator_does_what_the_builder_does() {
        for (word, text) in [
            ("$A-${A}", "a.b.c-a.b.c"),
            ("${U:-d}${U-d}${E:-d}${E-d}", "ddd"),
            ("${A:+x}${E:+x}${E+x}${U+x}", "xx"),
            ("${A:?no}", "a.b.c"),
            ("${A#*.}", "b.c"),
            ("${A##*.}", "c"),
            ("${A%.*}", "a.b"),
            ("${A%%.*}", "a"),
            ("${A/./-}", "a-b.c"),
            ("${A//./-}", "a-b-c"),
            ("${U:-${A#a.}}", "b.c"),
            ("'$A'\"$A\"\\$A", "$Aa.b.c$A"),
            ("\"q\\\"\\z\"\\ x", "q\"\\z x"),
            ("$", "$"),
            ("a$/b", "a$/b"),
        ] {
            assert_eq!(processed(word), (text.to_owned(), true), "{word}");
        }
    }

    #[test]
    fn what_is_not_known_stays_as_it_is_written() {
        for word in ["x$B", "${B}", "${B:-d}", "${B#$A}", "$U", "${U}", "${U:-$B}"] {
            let (text, known) = processed(word);
            assert!(!known, "{word}");
            assert_eq!(text, if word == "${U:-$B}" { "$B" } else { word });
        }
        assert_eq!(processed("${A:-$B}"), ("a.b.c".to_owned(), true));
    }

    #[test]
    fn what_the_builder_refuses_is_left_alone() {
        for word in
            ["'a", "\"a", "${", "${}", "${A", "${A:", "${A:#b}", "${A!b}", "${{A}}", "${A/b}"]
        {
            assert_eq!(processed(word), (word.to_owned(), false));
        }
    }
}
