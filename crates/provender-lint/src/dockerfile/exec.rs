//! The exec form: a JSON array of strings.

use std::ops::Range;

use crate::passage::Passage;

/// A string of the array.
pub(super) struct Element {
    /// Where it stands in the joined line, quotes included.
    pub(super) range: Range<usize>,
    /// What goes if only it goes: with a comma.
    pub(super) whole: Range<usize>,
    /// Its value, escapes undone.
    pub(super) value: Passage,
}

/// The strings of a range that is a JSON array of strings; none if it is not, for then it is shell text.
pub(super) fn read(passage: &Passage, range: Range<usize>) -> Option<Vec<Element>> {
    let mut json = Json { passage, at: range.start, end: range.end };
    json.expect('[')?;
    let mut elements: Vec<Element> = Vec::new();
    if json.expect(']').is_none() {
        loop {
            json.blanks();
            let start = json.at;
            let value = json.string()?;
            let range = start..json.at;
            elements.push(Element { whole: range.clone(), range, value });
            if json.expect(',').is_none() {
                json.expect(']')?;
                break;
            }
        }
    }
    json.blanks();
    if json.at != json.end {
        return None;
    }
    let starts: Vec<Range<usize>> = elements.iter().map(|element| element.range.clone()).collect();
    for (index, element) in elements.iter_mut().enumerate() {
        match (index.checked_sub(1).map(|before| &starts[before]), starts.get(index + 1)) {
            (Some(before), _) => element.whole.start = before.end,
            (None, Some(next)) => element.whole.end = next.start,
            (None, None) => {}
        }
    }
    Some(elements)
}

struct Json<'a> {
    passage: &'a Passage,
    at: usize,
    end: usize,
}

impl Json<'_> {
    fn rest(&self) -> &str {
        &self.passage.text()[self.at..self.end]
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at = self.end - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn expect(&mut self, sign: char) -> Option<()> {
        self.blanks();
        self.rest().strip_prefix(sign)?;
        self.at += sign.len_utf8();
        Some(())
    }

    fn string(&mut self) -> Option<Passage> {
        self.expect('"')?;
        let mut value = Passage::at(self.passage.start_of(self.at));
        loop {
            let character = self.rest().chars().next()?;
            let start = self.at;
            match character {
                '"' => {
                    self.at += 1;
                    return Some(value);
                }
                '\\' => {
                    let (decoded, length) = escape(&self.rest()[1..])?;
                    self.at += 1 + length;
                    let source = self.passage.span(start..self.at);
                    value.push_for(decoded.encode_utf8(&mut [0; 4]), source);
                }
                control if control < ' ' => return None,
                _ => {
                    let run = self.rest().find(['"', '\\']).unwrap_or(self.end - start);
                    let run = self.rest()[..run].find(|other| other < ' ').unwrap_or(run);
                    self.at += run;
                    value.push_from(self.passage, start..self.at);
                }
            }
        }
    }
}

/// What stands behind a backslash, and its length (RFC 8259, section 7).
fn escape(rest: &str) -> Option<(char, usize)> {
    let letter = rest.chars().next()?;
    let character = match letter {
        '"' | '\\' | '/' => letter,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => {
            let high = unit(rest.get(1..5)?)?;
            if let Some(pair) = rest.get(5..11).and_then(|next| next.strip_prefix("\\u")) {
                let units = [high, unit(pair)?];
                if let Some(Ok(character)) = char::decode_utf16(units).next()
                    && character > '\u{ffff}'
                {
                    return Some((character, 11));
                }
            }
            let character = char::from_u32(u32::from(high)).unwrap_or(char::REPLACEMENT_CHARACTER);
            return Some((character, 5));
        }
        _ => return None,
    };
    Some((character, 1))
}

fn unit(digits: &str) -> Option<u16> {
    let hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    hex.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(text: &str) -> Option<Vec<String>> {
        let passage = Passage::verbatim(text, 0..text.len());
        let elements = read(&passage, 0..text.len())?;
        Some(elements.into_iter().map(|element| element.value.text().to_owned()).collect())
    }

    #[test]
    fn an_array_of_strings_is_the_exec_form() {
        assert_eq!(strings(r#"[ "a", "b\"\u00e9\ud83d\ude00\n" ]"#).unwrap(), ["a", "b\"é😀\n"]);
        assert_eq!(strings("[]").unwrap(), [""; 0]);
    }

    #[test]
    fn anything_else_is_shell_text() {
        for text in [
            "[\"a\"",
            "['a']",
            "[\"a\",]",
            "[\"a\" \"b\"]",
            "[ -f x ]",
            "[1]",
            "[\"\\x\"]",
            "a",
            "",
        ] {
            assert!(strings(text).is_none(), "{text}");
        }
    }

    #[test]
    fn an_element_goes_with_a_comma() {
        let text = r#"["a", "b" , "c"]"#;
        let passage = Passage::verbatim(text, 0..text.len());
        let elements = read(&passage, 0..text.len()).unwrap();
        let wholes: Vec<_> = elements.iter().map(|element| &text[element.whole.clone()]).collect();
        assert_eq!(wholes, ["\"a\", ", ", \"b\"", " , \"c\""]);
    }
}
