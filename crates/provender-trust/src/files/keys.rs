//! Formats of one setting a line: `.curlrc`, `.wgetrc` and the `.yarnrc` of yarn 1.

use super::Entry;

/// The letters of curl's options that take a value (curl(1)).
const CURL_VALUED: &str = "AbcCdDeEFhHKmoPQrtTuUwxXyYz";

/// The options of a curl configuration file (curl(1), `--config`): `name = value`, `name: value`, `name value` or a
/// flag alone, each with or without dashes before it. Names come without dashes; letters behind one dash are an option
/// each, up to one that takes the rest as its value.
pub(crate) fn curlrc(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (number, line) in lines(text) {
        match line.strip_prefix('-').filter(|rest| !rest.starts_with('-')) {
            Some(rest) => curl_letters(rest, number, &mut entries),
            None => {
                let separates = |c: char| c.is_whitespace() || c == '=' || c == ':';
                let (name, value) = line.split_at(line.find(separates).unwrap_or(line.len()));
                let value = unquoted(value.trim_start_matches(separates));
                entries.push(Entry::new([name.trim_start_matches('-')], value, number));
            }
        }
    }
    entries
}

/// The options of `-Lk` or `-Lo file`, without the dash.
fn curl_letters(text: &str, number: usize, entries: &mut Vec<Entry>) {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, after) = text.split_at(end);
    for (at, letter) in word.char_indices() {
        let rest = &word[at + letter.len_utf8()..];
        let valued = CURL_VALUED.contains(letter);
        let value = match (valued, rest) {
            (true, "") => unquoted(after),
            (true, rest) => rest,
            (false, _) => "",
        };
        entries.push(Entry::new([letter.to_string()], value, number));
        if valued {
            break;
        }
    }
}

/// The commands of a wgetrc: `name = value`. Wget does not tell `-`, `_` and their absence apart, nor cases: names come
/// in lower case without them.
pub(crate) fn wgetrc(text: &str) -> Vec<Entry> {
    lines(text)
        .filter_map(|(number, line)| {
            let (name, value) = line.split_once('=')?;
            let name: String =
                name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
            Some(Entry::new([name], value.trim(), number))
        })
        .collect()
}

/// The settings of a `.yarnrc` of yarn 1, which is written as its lock file is: `name value`, either in quotes.
pub(crate) fn yarnrc(text: &str) -> Vec<Entry> {
    lines(text)
        .filter_map(|(number, line)| {
            let (name, value) = match line.strip_prefix('"') {
                Some(rest) => rest.split_once('"')?,
                None => line.split_once(char::is_whitespace)?,
            };
            Some(Entry::new([name], unquoted(value.trim()), number))
        })
        .collect()
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(number, line)| (number + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// The text between quotes, or the text itself.
pub(super) fn unquoted(text: &str) -> &str {
    let text = text.trim();
    for quote in ['"', '\''] {
        if let Some(rest) = text.strip_prefix(quote) {
            return rest.split(quote).next().unwrap_or(rest);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(entries: Vec<Entry>) -> Vec<(String, String, u32)> {
        entries.into_iter().map(|mut e| (e.key.remove(0), e.value, e.line)).collect()
    }

    fn owned(pairs: &[(&str, &str, u32)]) -> Vec<(String, String, u32)> {
        pairs.iter().map(|(k, v, l)| ((*k).to_owned(), (*v).to_owned(), *l)).collect()
    }

    #[test]
    fn curl_writes_an_option_in_many_ways() {
        let text = "# c\n-k\n--cacert \"/a b.pem\"\ncapath=/c\nproxy: p\ninsecure\n";
        assert_eq!(
            pairs(curlrc(text)),
            owned(&[
                ("k", "", 2),
                ("cacert", "/a b.pem", 3),
                ("capath", "/c", 4),
                ("proxy", "p", 5),
                ("insecure", "", 6)
            ])
        );
    }

    #[test]
    fn curl_takes_letters_together() {
        let text = "-Lk\n-so \"/a k\"\n-xhttp://k:1\n";
        assert_eq!(
            pairs(curlrc(text)),
            owned(&[
                ("L", "", 1),
                ("k", "", 1),
                ("s", "", 2),
                ("o", "/a k", 2),
                ("x", "http://k:1", 3),
            ])
        );
    }

    #[test]
    fn wget_does_not_tell_dashes_and_cases_apart() {
        let text = "Check_Certificate = off\nca-certificate=/a.pem\n";
        assert_eq!(
            pairs(wgetrc(text)),
            owned(&[("checkcertificate", "off", 1), ("cacertificate", "/a.pem", 2)])
        );
    }

    #[test]
    fn yarn_1_separates_by_white_space() {
        let text = "cafile \"/a.pem\"\n\"strict-ssl\" false\n";
        assert_eq!(
            pairs(yarnrc(text)),
            owned(&[("cafile", "/a.pem", 1), ("strict-ssl", "false", 2)])
        );
    }
}
