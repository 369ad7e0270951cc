//! The subset of YAML in which `.condarc` and `.yarnrc.yml` are written: nested mappings of plain or quoted scalars.

use super::Entry;
use super::keys::unquoted;

/// The scalars of a YAML document by the keys down to them. Lists, anchors and block scalars are passed over.
pub(crate) fn yaml(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut open: Vec<(usize, String)> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let content = line.trim();
        if content.is_empty() || content.starts_with(['#', '-']) {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        while open.last().is_some_and(|(depth, _)| *depth >= indent) {
            open.pop();
        }
        let Some((key, value)) = split(content) else { continue };
        let value = without_comment(value);
        if value.is_empty() {
            open.push((indent, key.to_owned()));
        } else {
            let path = open.iter().map(|(_, key)| key.as_str()).chain([key]);
            entries.push(Entry::new(path, unquoted(value), number + 1));
        }
    }
    entries
}

/// A key, without its quotes, and what stands after its colon.
fn split(content: &str) -> Option<(&str, &str)> {
    for quote in ['"', '\''] {
        if let Some(rest) = content.strip_prefix(quote) {
            let (key, rest) = rest.split_once(quote)?;
            return Some((key, rest.trim_start().strip_prefix(':')?));
        }
    }
    match content.split_once(": ") {
        Some(pair) => Some(pair),
        None => content.strip_suffix(':').map(|key| (key, "")),
    }
}

fn without_comment(value: &str) -> &str {
    let value = value.trim();
    if value.starts_with(['"', '\'']) {
        return value;
    }
    if value.starts_with('#') {
        return "";
    }
    value.split(" #").next().unwrap_or(value).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_found_by_the_keys_above_them() {
        let text = "ssl_verify: false # no\nchannels:\n  - a\nnetworkSettings:\n  \"*.example\":\n    caFilePath: \"/a.pem\"\nlast: 1\n";
        let entries = yaml(text);
        let found: Vec<_> =
            entries.iter().map(|e| (e.key.join("/"), e.value.as_str(), e.line)).collect();
        assert_eq!(
            found,
            [
                ("ssl_verify".to_owned(), "false", 1),
                ("networkSettings/*.example/caFilePath".to_owned(), "/a.pem", 6),
                ("last".to_owned(), "1", 7),
            ]
        );
    }
}
