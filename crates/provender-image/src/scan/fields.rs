//! Stanzas of `Name: value` lines: Debian's control files (deb822(5)) and the core metadata of Python
//! distributions, which is an e-mail's header.

/// Some fields that stand together.
#[derive(Debug)]
pub(super) struct Stanza<'a> {
    /// Its first line, counted from 1.
    pub(super) line: usize,
    fields: Vec<(&'a str, &'a str)>,
    /// The first line that is no field and continues none.
    pub(super) malformed: Option<usize>,
}

/// How many fields of a stanza are looked at.
const FIELDS: usize = 10_000;

impl<'a> Stanza<'a> {
    /// The value of a field, its letters' case aside, with the lines that continue it.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// The values of a field that stands several times.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let named = move |field: &&(&str, &str)| field.0.eq_ignore_ascii_case(name);
        self.fields.iter().filter(named).map(|(_, value)| *value)
    }

    /// The value of a field that has one line, which is not empty.
    pub(super) fn word(&self, name: &str) -> Option<&'a str> {
        self.get(name).filter(|value| !value.is_empty() && !value.contains('\n'))
    }
}

/// The stanzas of a text, one after another.
pub(super) fn stanzas(text: &str) -> impl Iterator<Item = Stanza<'_>> {
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut line = 1;
    std::iter::from_fn(move || {
        while let Some((first, after)) = rest.split_once('\n')
            && first.trim().is_empty()
        {
            (rest, line) = (after, line + 1);
        }
        if rest.trim().is_empty() {
            return None;
        }
        let (stanza, after, next) = stanza(rest, line);
        (rest, line) = (after, next);
        Some(stanza)
    })
}

/// Reads a stanza up to the empty line after it: the stanza, what follows, and the line of that.
fn stanza(text: &str, line: usize) -> (Stanza<'_>, &str, usize) {
    let mut stanza = Stanza { line, fields: Vec::new(), malformed: None };
    // The field that is being read: its name, and where its value begins and ends.
    let mut field: Option<(&str, usize, usize)> = None;
    let (mut at, mut number) = (0, line);
    let mut fields = Vec::new();
    for raw in text.split_inclusive('\n') {
        let content = raw.trim_end_matches(['\n', '\r']);
        if content.trim().is_empty() {
            break;
        }
        let end = at + content.len();
        if content.starts_with([' ', '\t']) {
            match &mut field {
                Some((.., value_end)) => *value_end = end,
                None => stanza.malformed = stanza.malformed.or(Some(number)),
            }
        } else if !content.starts_with('#') {
            if let Some(finished) = field.take()
                && fields.len() < FIELDS
            {
                fields.push(finished);
            }
            match content.split_once(':') {
                Some((name, value)) if !name.contains(char::is_whitespace) => {
                    field = Some((name, end - value.len(), end));
                }
                _ => stanza.malformed = stanza.malformed.or(Some(number)),
            }
        }
        at += raw.len();
        number += 1;
    }
    fields.extend(field);
    let value = |(name, start, end)| Some((name, text.get(start..end)?.trim()));
    stanza.fields = fields.into_iter().filter_map(value).collect();
    (stanza, text.get(at..).unwrap_or_default(), number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_on_in_indented_lines() {
        let text = "\n\nPackage: a\nDescription: one\n two\n .\n three\nVersion: 1\n\n\n\nPackage: b\r\nVERSION:2\r\n";
        let found: Vec<_> = stanzas(text).collect();
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].line, found[1].line), (3, 12));
        assert_eq!(found[0].get("description"), Some("one\n two\n .\n three"));
        assert_eq!(found[0].word("Description"), None);
        assert_eq!(found[0].word("Version"), Some("1"));
        assert_eq!(found[1].word("Package"), Some("b"));
        assert_eq!(found[1].word("Version"), Some("2"));
    }

    #[test]
    fn a_line_that_is_no_field_is_named_and_the_rest_is_read() {
        let text =
            " early\nPackage: a\nwhat is this\n more of it\nVersion: 1\n# a comment\n of: 1\n";
        let stanza = stanzas(text).next().unwrap();
        assert_eq!(stanza.malformed, Some(1));
        assert_eq!(
            (stanza.word("Package"), stanza.get("Version")),
            (Some("a"), Some("1\n# a comment\n of: 1"))
        );
        assert_eq!(stanzas("A: 1\nnonsense\n").next().unwrap().malformed, Some(2));
    }

    #[test]
    fn no_text_gives_no_stanza() {
        for text in ["", "\n", " \n\t\n", "\u{feff}"] {
            assert_eq!(stanzas(text).count(), 0, "{text:?}");
        }
        assert_eq!(stanzas(":").count(), 1);
    }
}
