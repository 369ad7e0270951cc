//! GitHub-flavoured Markdown (GFM 0.29), as GitHub and GitLab show it.

use std::fmt::Display;

use provender_core::Diagnostic;

use crate::untrusted;

/// A heading of the third level and a table below it; nothing for no rows.
pub(crate) fn section<const N: usize>(
    out: &mut String,
    title: &str,
    columns: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    out.push_str(&format!("\n### {title}\n\n"));
    table(out, columns, rows);
}

/// A table whose cells are Markdown already.
pub(crate) fn table<const N: usize>(
    out: &mut String,
    columns: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) {
    out.push_str(&format!("| {} |\n|{}\n", columns.join(" | "), " --- |".repeat(N)));
    for row in rows {
        out.push_str(&format!("| {} |\n", row.join(" | ")));
    }
}

/// The columns of [`diagnostic`].
pub(crate) const DIAGNOSTIC: [&str; 6] =
    ["level", "rule", "message", "where", "hint", "decided by"];

/// A diagnostic as a row of a table.
pub(crate) fn diagnostic(diagnostic: &Diagnostic) -> [String; 6] {
    let message = std::iter::once(&diagnostic.message).chain(&diagnostic.causes);
    [
        escaped(diagnostic.level),
        escaped(diagnostic.rule),
        escaped(message.map(String::as_str).collect::<Vec<_>>().join(": ")),
        diagnostic.place.as_ref().map(escaped).unwrap_or_default(),
        escaped(diagnostic.hint.as_deref().unwrap_or_default()),
        escaped(diagnostic.decided_by.as_deref().unwrap_or_default()),
    ]
}

/// One line of text that Markdown shows as it is: every character that could mean something is
/// escaped with a backslash (CommonMark section 2.4), addresses do not become links, and nobody is
/// notified because a summary contains an `@`.
pub(crate) fn escaped(text: impl Display) -> String {
    let text = untrusted::line(&text.to_string());
    let mut out = String::with_capacity(text.len() + 8);
    let mut chars = text.trim().chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '@' if chars.peek().is_some_and(|next| next.is_alphanumeric()) => {
                out.push_str("@&#8203;");
            }
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '#'
            | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    // The addresses that GFM links on its own (section 6.9).
    out.replace("://", "\\://").replace("www.", "www\\.")
}

/// One line of text in which what stands between two backticks is code; the rest as by
/// [`escaped`]. Not for a table, whose cells end at every `|`.
pub(crate) fn prose(text: &str) -> String {
    let text = untrusted::line(text);
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escaped(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for (index, part) in parts.iter().enumerate() {
        if index % 2 == 1 {
            if !part.is_empty() {
                out.push_str(&format!("`{part}`"));
            }
            continue;
        }
        // The blanks between text and code, which escaping trims.
        let (start, end) = (part.starts_with(' '), part.ends_with(' '));
        out.push_str(if start && index > 0 { " " } else { "" });
        out.push_str(&escaped(part));
        let last = index + 1 == parts.len();
        out.push_str(if end && !last && part.trim() != "" { " " } else { "" });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_text_is_shown_and_not_obeyed() {
        assert_eq!(escaped("a|b `c` <img> [x](y)"), "a\\|b \\`c\\` \\<img\\> \\[x\\](y)");
        assert_eq!(escaped("one\ntwo\r\n| three"), "one two \\| three");
        assert_eq!(
            escaped("https://a.example www.a.example"),
            "https\\://a.example www\\.a.example"
        );
        assert_eq!(escaped("ask @team @ home"), "ask @&#8203;team @ home");
        assert_eq!(escaped("&lt;\\|"), "\\&lt;\\\\\\|");
    }

    #[test]
    fn commands_in_prose_are_code() {
        assert_eq!(prose("run `a --b=*` in *x*, then `c`"), "run `a --b=*` in \\*x\\*, then `c`");
        assert_eq!(prose("a lone ` is shown"), "a lone \\` is shown");
    }
}
