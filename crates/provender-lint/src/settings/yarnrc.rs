//! `.yarnrc` of yarn 1 (`key value`, in the form of its lock file) and `.yarnrc.yml` of later ones.

use super::lines::{blanks_after, comment_line, lines, trimmed};
use super::yaml::Yaml;
use super::{one_error, single};
use crate::facts::{Facts, Span, Tool};

/// Reads `.yarnrc`.
pub(crate) fn classic(text: &str) -> Facts {
    let mut facts = Facts::default();
    for line in lines(text) {
        let content = trimmed(text, &line.span);
        if content.is_empty() {
            continue;
        }
        if let Some(comment) = comment_line(text, &line, &['#']) {
            facts.comments.push(comment);
            continue;
        }
        let Some(key) = token(text, &content, true) else {
            one_error(&mut facts, content, "a quote is not closed");
            continue;
        };
        // `key value` and `key: value` say the same.
        let colon = text[key.end..content.end].starts_with(':');
        let start = blanks_after(text, key.end + usize::from(colon)).min(content.end);
        let Some(value) = token(text, &(start..content.end), false) else {
            one_error(&mut facts, content, "a quote is not closed");
            continue;
        };
        let path = vec![unquoted(&text[key.clone()])];
        let words = unquoted(&text[value.clone()]);
        facts.settings.push(single(Tool::YarnClassic, path, words, value, key, line.whole));
    }
    facts
}

/// A quoted word, or a bare one, which as a key ends at a blank or a colon at its end.
fn token(text: &str, span: &Span, key: bool) -> Option<Span> {
    let slice = &text[span.clone()];
    if let Some(inner) = slice.strip_prefix('"') {
        let mut escaped = false;
        let end = inner.find(|c: char| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        })?;
        return Some(span.start..span.start + end + 2);
    }
    if !key {
        return Some(span.clone());
    }
    let length = slice.find([' ', '\t']).unwrap_or(slice.len());
    let length = slice[..length].trim_end_matches(':').len();
    Some(span.start..span.start + length)
}

fn unquoted(word: &str) -> String {
    match word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => word.to_owned(),
    }
}

/// Reads `.yarnrc.yml`.
pub(crate) fn berry(text: &str) -> Facts {
    Yaml::parse(text).settings(Tool::Yarn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::proof::{check, cut, setting, without, without_value};

    #[test]
    fn keys_of_yarn_1_stand_where_they_are_said_to_stand() {
        let text = "# ü\nregistry \"https://npm.corp.example/\"\n\"strict-ssl\" false\ncafile: \"C:\\\\k\u{f6}nig\"\n--install.x true\n";
        let facts = check(text, classic);
        assert!(facts.errors.is_empty());
        let registry = setting(&facts, &["registry"]);
        assert_eq!(registry.value, "https://npm.corp.example/");
        assert_eq!(&text[registry.values[0].span.clone()], "\"https://npm.corp.example/\"");
        assert_eq!(setting(&facts, &["strict-ssl"]).value, "false");
        assert_eq!(setting(&facts, &["cafile"]).value, "C:\\k\u{f6}nig");
        assert!(!without(text, classic, &["strict-ssl"]).contains("strict"));
        assert_eq!(check("x \"y\n", classic).errors.len(), 1);
    }

    #[test]
    fn keys_of_later_ones_stand_where_they_are_said_to_stand() {
        let text = "# ü\nenableStrictSsl: false # why\nunsafeHttpWhitelist:\n  - a.example\n  # between\n  - \"b.example\"\nnetworkSettings:\n  \"*.corp.example\":\n    enableNetwork: true\nnpmScopes: {corp: {npmRegistryServer: 'http://c.example'}, x: {y: 1}}\n";
        for text in [text.to_owned(), text.replace('\n', "\r\n")] {
            let facts = check(&text, berry);
            assert!(facts.errors.is_empty());
            assert_eq!(facts.comments.len(), 3);
            let list = setting(&facts, &["unsafeHttpWhitelist"]);
            assert_eq!(&text[list.values[1].span.clone()], "\"b.example\"");
            let deep = setting(&facts, &["npmScopes", "corp", "npmRegistryServer"]);
            assert_eq!(&text[deep.values[0].span.clone()], "'http://c.example'");
            without(&text, berry, &["enableStrictSsl"]);
            without(&text, berry, &["unsafeHttpWhitelist"]);
            without(&text, berry, &["npmScopes", "corp", "npmRegistryServer"]);
            let network = ["networkSettings", "*.corp.example", "enableNetwork"];
            assert!(!cut(&text, &setting(&facts, &network).whole).contains("enableNetwork"));
            assert!(without_value(&text, berry, &["unsafeHttpWhitelist"], 0).contains("between"));
            without_value(&text, berry, &["unsafeHttpWhitelist"], 1);
        }
    }
}
