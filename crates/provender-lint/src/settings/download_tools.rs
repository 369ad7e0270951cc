//! `.curlrc` (curl(1), `--config`) and `.wgetrc` (wget manual, 6.2).

use super::lines::{comment_line, lines, trimmed};
use super::{one_error, single};
use crate::facts::{Facts, Span, Tool};

/// Reads `.curlrc`: an option a line with or without its dashes, its value behind a blank, `=` or `:`, quoted or not.
/// The path is the option without dashes; an option without a value has none.
pub(crate) fn curl(text: &str) -> Facts {
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
        let slice = &text[content.clone()];
        let dashed = slice.starts_with('-');
        let length = slice
            .find(|c: char| c.is_ascii_whitespace() || (!dashed && matches!(c, '=' | ':')))
            .unwrap_or(slice.len());
        let key = content.start..content.start + length;
        let name = text[key.clone()].trim_start_matches('-').to_owned();
        if name.is_empty() {
            one_error(&mut facts, content, "not an option");
            continue;
        }
        let rest = trimmed(text, &(key.end..content.end));
        let rest = match text[rest.clone()].strip_prefix(['=', ':']) {
            Some(_) => trimmed(text, &(rest.start + 1..rest.end)),
            None => rest,
        };
        let (value, span) = curl_value(text, rest);
        let has_value = !span.is_empty();
        let mut setting = single(Tool::Curl, vec![name], value, span, key, line.whole);
        if !has_value {
            setting.values.clear();
        }
        facts.settings.push(setting);
    }
    facts
}

/// A quoted value ends at its quote, another one at a blank.
fn curl_value(text: &str, span: Span) -> (String, Span) {
    let slice = &text[span.clone()];
    let Some(inner) = slice.strip_prefix('"') else {
        let length = slice.find(|c: char| c.is_ascii_whitespace()).unwrap_or(slice.len());
        return (slice[..length].to_owned(), span.start..span.start + length);
    };
    let mut value = String::new();
    let mut characters = inner.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, span.start..span.start + 1 + at + 1),
            '\\' => value.extend(characters.next().map(|(_, escaped)| match escaped {
                't' => '\t',
                'n' => '\n',
                'r' => '\r',
                'v' => '\u{b}',
                other => other,
            })),
            other => value.push(other),
        }
    }
    (value, span)
}

/// Reads `.wgetrc`: `name = value`. wget tells names apart without case, dashes and underscores.
pub(crate) fn wget(text: &str) -> Facts {
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
        let Some(at) = text[content.clone()].find('=').filter(|at| *at > 0) else {
            one_error(&mut facts, content, "not `name = value`");
            continue;
        };
        let key = trimmed(text, &(content.start..content.start + at));
        let span = trimmed(text, &(content.start + at + 1..content.end));
        let path = vec![text[key.clone()].to_owned()];
        let value = text[span.clone()].to_owned();
        facts.settings.push(single(Tool::Wget, path, value, span, key, line.whole));
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::proof::{check, setting, without};

    #[test]
    fn options_of_curl_stand_where_they_are_said_to_stand() {
        let text = "# ü\r\n-k\r\n--proxy = http://a.example:3128\r\ncacert \"/etc/k\u{f6}nig\\\".pem\"\r\nuser-agent=x\r\ninsecure\r\n";
        let facts = check(text, curl);
        assert!(facts.errors.is_empty());
        assert!(setting(&facts, &["k"]).values.is_empty());
        assert_eq!(&text[setting(&facts, &["k"]).key.clone()], "-k");
        assert_eq!(setting(&facts, &["proxy"]).value, "http://a.example:3128");
        let cert = setting(&facts, &["cacert"]);
        assert_eq!(cert.value, "/etc/k\u{f6}nig\".pem");
        assert_eq!(&text[cert.values[0].span.clone()], "\"/etc/k\u{f6}nig\\\".pem\"");
        assert_eq!(setting(&facts, &["user-agent"]).value, "x");
        assert!(without(text, curl, &["insecure"]).ends_with("=x\r\n"));
        assert!(without(text, curl, &["k"]).starts_with("# ü\r\n--proxy"));
    }

    #[test]
    fn settings_of_wget_stand_where_they_are_said_to_stand() {
        let text = "# x\ncheck_certificate = off\nhttps_proxy=http://a.example\nbad\n";
        let facts = check(text, wget);
        assert_eq!(facts.errors.len(), 1);
        let check = setting(&facts, &["check_certificate"]);
        assert_eq!(&text[check.values[0].span.clone()], "off");
        assert!(without(text, wget, &["check_certificate"]).starts_with("# x\nhttps"));
    }
}
