//! Words as the emitted files need them.

/// Whether a text needs no quotes anywhere: a path or a name of plain letters.
pub(super) fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(['-', '/'])
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./@+".contains(&byte))
        && text.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// Whether a text can be the key of a label.
pub(super) fn is_label(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte))
}

/// Words in exec form: a JSON array on one line.
pub(super) fn exec(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word, "\"\\")).collect();
    format!("[{}]", words.join(", "))
}

/// A value of `ENV` or `LABEL`, where `$` would name a variable.
pub(super) fn docker(text: &str) -> String {
    quoted(text, "\"\\$")
}

/// A scalar of a compose file: plain where that means the same (YAML 1.2, section 7.3.3), else
/// between double quotes. A `$` that names no variable is written twice (compose-spec,
/// "Interpolation").
pub(super) fn yaml(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_-.".contains(&byte))
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "true" | "false" | "yes" | "no" | "on" | "off" | "null" | "y" | "n"
        );
    if plain { text.to_owned() } else { quoted(&text.replace('$', "$$"), "\"\\") }
}

/// A text between double quotes with a backslash before each of these characters.
fn quoted(text: &str, escaped: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        if escaped.contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_where_they_stand() {
        assert_eq!(exec(&["a b".into(), r#"c"\"#.into()]), r#"["a b", "c\"\\"]"#);
        assert_eq!(docker(r#"a $b "c""#), r#""a \$b \"c\"""#);
        for (text, written) in [
            ("python3", "python3"),
            ("/tmp", "/tmp"),
            ("-c", "\"-c\""),
            ("no", "\"no\""),
            ("8000", "\"8000\""),
            ("a: $b", "\"a: $$b\""),
            ("", "\"\""),
        ] {
            assert_eq!(yaml(text), written);
        }
    }
}
