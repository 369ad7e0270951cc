//! Requirement and constraint files, as pip's `req_file.py` reads them: a line goes on behind a backslash at its
//! end, a comment begins with `#` behind a blank, a line is options or a requirement with options behind it.
//!
//! A requirement is the setting `["requirement"]`; an option is the setting of its long name, so that `-i` is
//! `["index-url"]`, but for `-r`, which is `["r"]`. A hash lies within its requirement's `whole`.

use super::lines::{Line, comment, lines};
use super::single;
use crate::facts::{Facts, Span, Tool};

/// Options, with their one-letter form, the name of their setting, and whether they take a value
/// (pip's `cmdoptions.py`, those that `SUPPORTED_OPTIONS` and `SUPPORTED_OPTIONS_REQ` list).
const OPTIONS: &[(&str, &str, &str, bool)] = &[
    ("index-url", "i", "index-url", true),
    ("pypi-url", "", "index-url", true),
    ("extra-index-url", "", "extra-index-url", true),
    ("no-index", "", "no-index", false),
    ("constraint", "c", "constraint", true),
    ("requirement", "r", "r", true),
    ("editable", "e", "editable", true),
    ("find-links", "f", "find-links", true),
    ("no-binary", "", "no-binary", true),
    ("only-binary", "", "only-binary", true),
    ("prefer-binary", "", "prefer-binary", false),
    ("require-hashes", "", "require-hashes", false),
    ("pre", "", "pre", false),
    ("trusted-host", "", "trusted-host", true),
    ("use-feature", "", "use-feature", true),
    ("global-option", "", "global-option", true),
    ("hash", "", "hash", true),
    ("config-settings", "", "config-settings", true),
];

/// Reads a file.
pub(crate) fn parse(text: &str) -> Facts {
    let mut facts = Facts::default();
    let mut joined: Vec<Line> = Vec::new();
    for line in lines(text) {
        let content = &text[line.span.clone()];
        let is_comment = content.trim_ascii_start().starts_with('#');
        let goes_on = content.ends_with('\\') && !is_comment;
        joined.push(line);
        if !goes_on {
            logical_line(text, &joined, &mut facts);
            joined.clear();
        }
    }
    logical_line(text, &joined, &mut facts);
    facts
}

/// Lines that backslashes join.
fn logical_line(text: &str, joined: &[Line], facts: &mut Facts) {
    let (Some(first), Some(last)) = (joined.first(), joined.last()) else { return };
    let whole = first.whole.start..last.whole.end;
    let words = words(text, joined, facts);
    let Some(head) = words.first() else { return };
    let is_option = |word: &Span| text[word.clone()].starts_with('-');
    let requirement = if is_option(head) {
        0
    } else {
        // Options follow the requirement.
        words.iter().position(is_option).unwrap_or(words.len())
    };
    if requirement > 0 {
        let span = head.start..words[requirement - 1].end;
        let value = words[..requirement].iter().map(|word| &text[word.clone()]);
        let value = value.collect::<Vec<_>>().join(" ");
        let path = vec!["requirement".to_owned()];
        facts.settings.push(single(Tool::Pip, path, value, span.clone(), span, whole.clone()));
    }
    options(text, &words, requirement, &whole, facts);
}

/// The options from word `first` on.
fn options(text: &str, words: &[Span], first: usize, line: &Span, facts: &mut Facts) {
    let mut next = first;
    while next < words.len() {
        let at = next;
        let word = &words[at];
        next += 1;
        let Some(option) = Spelled::of(&text[word.clone()]) else {
            super::one_error(facts, word.clone(), "not an option of a requirement file");
            continue;
        };
        let (value, value_span) = match option.attached {
            Some(skip) => {
                (unquoted(&text[word.start + skip..word.end]), word.start + skip..word.end)
            }
            None if option.takes_value => {
                let Some(value) = words.get(next) else {
                    super::one_error(facts, word.clone(), "an option without its value");
                    continue;
                };
                next += 1;
                (unquoted(&text[value.clone()]), value.clone())
            }
            None => (String::new(), word.end..word.end),
        };
        let end = words[next - 1].end;
        let whole = if at == 0 && next == words.len() {
            line.clone()
        } else if at == 0 {
            word.start..words[next].start
        } else {
            words[at - 1].end..end
        };
        let key_end = option.attached.map_or(word.end, |_| word.start + option.key_length);
        let key = word.start..key_end;
        let path = vec![option.name.to_owned()];
        let mut setting = single(Tool::Pip, path, value, value_span, key, whole);
        if !option.takes_value {
            setting.values.clear();
        }
        facts.settings.push(setting);
    }
}

/// An option as a word spells it.
struct Spelled {
    name: &'static str,
    takes_value: bool,
    /// Where in the word its value begins, if it is in the word.
    attached: Option<usize>,
    /// How much of the word is the option.
    key_length: usize,
}

impl Spelled {
    fn of(word: &str) -> Option<Self> {
        if let Some(long) = word.strip_prefix("--") {
            let (name, value) = long.split_once('=').map_or((long, None), |(a, b)| (a, Some(b)));
            let exact = OPTIONS.iter().find(|option| option.0 == name);
            // optparse takes the beginning of one option for that option.
            let mut begun = OPTIONS.iter().filter(|option| option.0.starts_with(name));
            let abbreviated = match (begun.next(), begun.next()) {
                (Some(only), None) if !name.is_empty() => Some(only),
                _ => None,
            };
            let option = exact.or(abbreviated)?;
            return Some(Self {
                name: option.2,
                takes_value: option.3,
                attached: value.map(|_| 2 + name.len() + 1),
                key_length: 2 + name.len(),
            });
        }
        let short = word.strip_prefix('-')?;
        let letter = &short[..short.chars().next()?.len_utf8()];
        let option = OPTIONS.iter().find(|option| option.1 == letter)?;
        let attached = (short.len() > letter.len()).then_some(2);
        Some(Self { name: option.2, takes_value: option.3, attached, key_length: 2 })
    }
}

fn unquoted(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '"' | '\'')).collect()
}

/// The words of joined lines, up to a comment. A quoted blank does not end a word; a backslash at a line's end does.
fn words(text: &str, joined: &[Line], facts: &mut Facts) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    for (index, line) in joined.iter().enumerate() {
        let goes_on = index + 1 < joined.len();
        let end = if goes_on { line.span.end - 1 } else { line.span.end };
        let sign = comment_start(text, &(line.span.start..end));
        words_of_line(text, line.span.start..sign.unwrap_or(end), &mut found);
        if let Some(sign) = sign {
            // To pip the comment goes to the end of the joined lines.
            let stop = joined.last().map_or(end, |line| line.span.end);
            facts.comments.push(comment(text, sign..stop));
            break;
        }
    }
    found
}

/// Where a comment begins: at a `#` at the beginning or behind a blank, quoted or not.
fn comment_start(text: &str, span: &Span) -> Option<usize> {
    let bytes = text.as_bytes();
    span.clone()
        .find(|&at| bytes[at] == b'#' && (at == span.start || bytes[at - 1].is_ascii_whitespace()))
}

fn words_of_line(text: &str, span: Span, found: &mut Vec<Span>) {
    let (mut begun, mut quote) = (None, None);
    for at in span.clone() {
        let byte = text.as_bytes()[at];
        if byte.is_ascii_whitespace() && quote.is_none() {
            found.extend(begun.take().map(|start| start..at));
            continue;
        }
        begun = begun.or(Some(at));
        match quote {
            Some(open) if byte == open => quote = None,
            None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
            _ => {}
        }
    }
    found.extend(begun.map(|start| start..span.end));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::proof::{check, setting, without};

    const TEXT: &str = "# from a lock\n-i https://pypi.corp.example/simple\n--trusted-host pypi.corp.example  # why\n--extra-index-url=http://b.example/simple --find-links ./wheels\nflask[async]==3.0 ; python_version < \"4\" \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\nsix  # any\n";

    #[test]
    fn options_and_requirements_stand_where_they_are_said_to_stand() {
        let facts = check(TEXT, parse);
        assert!(facts.errors.is_empty(), "{:?}", facts.errors);
        let index = setting(&facts, &["index-url"]);
        assert_eq!(index.value, "https://pypi.corp.example/simple");
        assert_eq!(&TEXT[index.values[0].span.clone()], "https://pypi.corp.example/simple");
        let extra = setting(&facts, &["extra-index-url"]);
        assert_eq!(&TEXT[extra.key.clone()], "--extra-index-url");
        assert_eq!(&TEXT[extra.values[0].span.clone()], "http://b.example/simple");
        let requirements: Vec<_> =
            facts.settings.iter().filter(|setting| setting.path == ["requirement"]).collect();
        assert_eq!(requirements[0].value, "flask[async]==3.0 ; python_version < \"4\"");
        assert_eq!(requirements[1].value, "six");
        let hashes: Vec<_> =
            facts.settings.iter().filter(|setting| setting.path == ["hash"]).collect();
        assert_eq!(hashes.len(), 2);
        assert!(hashes.iter().all(|hash| hash.whole.end <= requirements[0].whole.end));
        let comments: Vec<_> =
            facts.comments.iter().map(|found| (found.text.trim(), found.own_line)).collect();
        assert_eq!(comments, [("from a lock", true), ("why", false), ("any", false)]);
    }

    #[test]
    fn an_option_goes_alone_or_with_its_line() {
        assert!(!without(TEXT, parse, &["trusted-host"]).contains("why"));
        assert!(without(TEXT, parse, &["extra-index-url"]).contains("\n--find-links ./wheels\n"));
        assert!(
            without(TEXT, parse, &["find-links"])
                .contains("\n--extra-index-url=http://b.example/simple\n")
        );
    }

    #[test]
    fn an_option_behind_a_backslash_takes_the_backslash_along() {
        let text = "--pre \\\r\n  --trusted-host a.example\r\nsix\r\n";
        assert_eq!(without(text, parse, &["trusted-host"]), "--pre\r\nsix\r\n");
        assert_eq!(without(text, parse, &["pre"]), "--trusted-host a.example\r\nsix\r\n");
    }

    #[test]
    fn the_beginning_of_an_option_is_the_option() {
        let facts = check("--trusted a.example\n-fhttps://x.example/\n", parse);
        assert_eq!(setting(&facts, &["trusted-host"]).value, "a.example");
        assert_eq!(setting(&facts, &["find-links"]).value, "https://x.example/");
    }

    #[test]
    fn a_url_with_a_fragment_is_no_comment() {
        let facts = check("x @ https://a.example/x.whl#sha256=aa # c\n", parse);
        assert_eq!(
            setting(&facts, &["requirement"]).value,
            "x @ https://a.example/x.whl#sha256=aa"
        );
    }

    #[test]
    fn an_unknown_option_is_an_error() {
        let facts = check("--nonsense\n--trusted-host\nsix\n", parse);
        assert_eq!(facts.errors.len(), 2);
        assert_eq!(setting(&facts, &["requirement"]).value, "six");
    }
}
