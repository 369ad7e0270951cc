//! apt's configuration (apt.conf(5)): `A::B "value";`, `A { B "value"; };`, lists `A { "x"; "y"; };` and
//! `A:: "x";`, comments with `//`, `/* */` and, at the beginning of a line, `#`.

use super::lines::{after_line, blanks_after, comment, content_end, own_line, text_start};
use super::one_error;
use crate::facts::{Comment, Facts, Setting, Span, Tool, Value};

/// How many blocks within each other are told apart.
const DEPTH: usize = 64;

/// Reads a file.
pub(crate) fn parse(text: &str) -> Facts {
    let mut reader =
        Reader { text, at: text_start(text), facts: Facts::default(), blocks: Vec::new() };
    while reader.step() {}
    if let Some(block) = reader.blocks.first() {
        let span = block.key.clone();
        one_error(&mut reader.facts, span, "a brace is not closed");
    }
    while !reader.blocks.is_empty() {
        reader.close_block();
    }
    reader.facts.settings.sort_by_key(|setting| setting.key.start);
    reader.facts
}

/// A block that is not closed yet.
struct Block {
    /// The path of what stands in it.
    path: Vec<String>,
    key: Span,
    /// The values in it without a name.
    values: Vec<Value>,
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    facts: Facts,
    blocks: Vec<Block>,
}

impl Reader<'_> {
    /// Reads one thing; gives whether something is left.
    fn step(&mut self) -> bool {
        self.skip_blanks();
        let Some(first) = self.text[self.at..].chars().next() else { return false };
        match first {
            '}' => {
                self.at += 1;
                self.skip_semicolon();
                if self.blocks.is_empty() {
                    let span = self.at - 1..self.at;
                    one_error(&mut self.facts, span, "a brace that closes nothing");
                } else {
                    self.close_block();
                }
            }
            ';' => self.at += 1,
            '{' => {
                let key = self.at..self.at + 1;
                self.open_block(key, Vec::new());
            }
            '"' => {
                let (text, span) = self.word();
                self.end_of_value(&span);
                let whole = self.whole(&span);
                match self.blocks.last_mut() {
                    Some(block) => block.values.push(Value { text, span, whole }),
                    None => one_error(&mut self.facts, span, "a value without its name"),
                }
            }
            _ => self.named(),
        }
        true
    }

    /// A name, and behind it a value, a block or nothing.
    fn named(&mut self) {
        let (name, key) = self.word();
        if key.is_empty() {
            // A character that begins nothing.
            let next = self.text[self.at..].chars().next().map_or(1, char::len_utf8);
            self.at += next;
            return;
        }
        let parts: Vec<String> =
            name.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
        self.skip_blanks();
        match self.text[self.at..].chars().next() {
            Some('{') => self.open_block(key, parts),
            Some(';' | '}') | None => self.settle(key.clone(), parts, None),
            Some(_) => {
                let value = self.word();
                self.settle(key, parts, Some(value));
            }
        }
    }

    fn open_block(&mut self, key: Span, parts: Vec<String>) {
        self.at += 1;
        let mut path = self.path();
        if self.blocks.len() < DEPTH {
            path.extend(parts);
        }
        self.blocks.push(Block { path, key, values: Vec::new() });
    }

    /// Closes the innermost block, whose own values are a setting.
    fn close_block(&mut self) {
        let Some(block) = self.blocks.pop() else { return };
        if block.values.is_empty() {
            return;
        }
        let whole = self.whole(&(block.key.start..self.at));
        self.push(block.path, block.values, block.key, whole);
    }

    fn settle(&mut self, key: Span, parts: Vec<String>, value: Option<(String, Span)>) {
        let last = value.as_ref().map_or(key.end, |(_, span)| span.end);
        self.end_of_value(&(key.start..last));
        let whole = self.whole(&(key.start..last));
        let mut path = self.path();
        path.extend(parts);
        let values = value.map(|(text, span)| Value { text, span, whole: whole.clone() });
        self.push(path, values.into_iter().collect(), key, whole);
    }

    fn push(&mut self, path: Vec<String>, mut values: Vec<Value>, key: Span, whole: Span) {
        if let [only] = values.as_mut_slice() {
            only.whole = whole.clone();
        }
        let texts: Vec<&str> = values.iter().map(|value| value.text.as_str()).collect();
        let value = texts.join(" ");
        self.facts.settings.push(Setting { tool: Tool::Apt, path, value, values, key, whole });
    }

    fn path(&self) -> Vec<String> {
        self.blocks.last().map(|block| block.path.clone()).unwrap_or_default()
    }

    /// A word, quotes undone, which may stand in a part of it.
    fn word(&mut self) -> (String, Span) {
        let start = self.at;
        let mut word = String::new();
        let mut quoted = false;
        for character in self.text[start..].chars() {
            match character {
                '"' => quoted = !quoted,
                '\n' if quoted => {
                    one_error(&mut self.facts, start..self.at, "a quote is not closed");
                    break;
                }
                ';' | '{' | '}' if !quoted => break,
                other if !quoted && other.is_whitespace() => break,
                other => word.push(other),
            }
            self.at += character.len_utf8();
        }
        (word, start..self.at)
    }

    /// Goes behind the semicolon, which has to be there.
    fn end_of_value(&mut self, value: &Span) {
        if !self.skip_semicolon() {
            one_error(&mut self.facts, value.clone(), "no semicolon behind the value");
        }
    }

    fn skip_semicolon(&mut self) -> bool {
        let before = self.at;
        let rest = &self.text[self.at..];
        self.at = self.text.len() - rest.trim_ascii_start().len();
        if self.text[self.at..].starts_with(';') {
            self.at += 1;
            return true;
        }
        self.at = before;
        false
    }

    /// The lines of a thing that ends here, or it and the blanks behind it if something else stands there.
    fn whole(&self, thing: &Span) -> Span {
        let end = self.at.max(thing.end);
        let rest = &self.text[blanks_after(self.text, end)..];
        let ends = ["\n", "\r\n", "//", "/*"];
        let alone = rest.is_empty() || ends.iter().any(|end| rest.starts_with(end));
        match own_line(self.text, thing.start) {
            Some(start) if alone => start..after_line(self.text, end),
            _ => thing.start..blanks_after(self.text, end),
        }
    }

    /// Goes behind blanks, line ends and comments.
    fn skip_blanks(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            self.at = self.text.len() - rest.trim_ascii_start().len();
            let rest = &self.text[self.at..];
            let directive = rest.starts_with("#clear") || rest.starts_with("#include");
            if !rest.starts_with(['#', '/']) {
                return;
            }
            let line = self.at..content_end(self.text, self.at);
            if rest.starts_with("//") {
                let found = comment(self.text, line.clone());
                let text = found.text.trim_start_matches('/').to_owned();
                self.facts.comments.push(Comment { text, ..found });
                self.at = line.end;
            } else if rest.starts_with("/*") {
                let end = rest.find("*/").map_or(self.text.len(), |at| self.at + at + 2);
                let found = comment(self.text, self.at..end);
                let text = found.text.trim_matches(['*', '/']).to_owned();
                self.facts.comments.push(Comment { text, ..found });
                self.at = end;
            } else if rest.starts_with('#') && !directive {
                self.facts.comments.push(comment(self.text, line.clone()));
                self.at = line.end;
            } else if directive {
                self.at = line.end;
            } else {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::proof::{check, setting, without, without_value};

    const TEXT: &str = "# ü\nAcquire::https::Verify-Peer \"false\"; // why\nAcquire {\n  https { Verify-Host \"false\"; Timeout 5; };\n  /* more */\n  http::Proxy::\"a.example\" \"DIRECT\";\n};\nDPkg::Post-Invoke { \"one; {two}\"; \"three\"; };\nAPT::NeverAutoRemove:: \"^linux\";\n#clear X;\n";

    #[test]
    fn settings_stand_where_they_are_said_to_stand() {
        let facts = check(TEXT, parse);
        assert!(facts.errors.is_empty(), "{:?}", facts.errors);
        let peer = setting(&facts, &["Acquire", "https", "Verify-Peer"]);
        assert_eq!(&TEXT[peer.values[0].span.clone()], "\"false\"");
        assert_eq!(setting(&facts, &["Acquire", "https", "Verify-Host"]).value, "false");
        assert_eq!(setting(&facts, &["Acquire", "https", "Timeout"]).value, "5");
        assert_eq!(setting(&facts, &["Acquire", "http", "Proxy", "a.example"]).value, "DIRECT");
        let invoke = setting(&facts, &["DPkg", "Post-Invoke"]);
        assert_eq!(invoke.values[0].text, "one; {two}");
        assert_eq!(setting(&facts, &["APT", "NeverAutoRemove"]).value, "^linux");
        let comments: Vec<_> = facts.comments.iter().map(|found| found.text.trim()).collect();
        assert_eq!(comments, ["ü", "why", "more"]);
    }

    #[test]
    fn a_setting_goes_and_leaves_the_rest() {
        for text in [TEXT.to_owned(), TEXT.replace('\n', "\r\n")] {
            assert!(!without(&text, parse, &["Acquire", "https", "Verify-Peer"]).contains("why"));
            let rest = without(&text, parse, &["Acquire", "https", "Verify-Host"]);
            assert!(rest.contains("https { Timeout 5; };"));
            assert!(!without(&text, parse, &["DPkg", "Post-Invoke"]).contains("DPkg"));
            let rest = without_value(&text, parse, &["DPkg", "Post-Invoke"], 0);
            assert!(rest.contains("{ \"three\"; };"));
        }
    }

    #[test]
    fn what_is_not_closed_is_an_error_and_the_rest_is_read() {
        let facts = check("A { B \"x\nC \"y\";\n", parse);
        assert!(facts.errors.len() >= 2);
        assert!(facts.settings.iter().any(|setting| setting.value == "y"));
        assert_eq!(check("} ; A::B \"x\"", parse).errors.len(), 2);
    }
}
