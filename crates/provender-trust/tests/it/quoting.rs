//! What is written in each syntax reads back as what was meant, whatever that is.

use proptest::prelude::*;
use provender_trust::environment::{EnvironmentError, Shell, Variables, WantedVariables, render};

/// Reads the value of the last line as the documentation of the syntax says.
fn read_back(text: &str, shell: Shell) -> String {
    let line = text.trim_end_matches(['\r', '\n']).lines().last().unwrap();
    let value = |prefix: &str| line.strip_prefix(prefix).unwrap().to_owned();
    let within = |text: String, quote: char| {
        text.strip_prefix(quote).unwrap().strip_suffix(quote).unwrap().to_owned()
    };
    match shell {
        Shell::Sh | Shell::Docker => posix(&value("export NODE_EXTRA_CA_CERTS=")),
        Shell::Fish => {
            let mut out = String::new();
            let inner = within(value("set -gx NODE_EXTRA_CA_CERTS "), '\'');
            let mut chars = inner.chars().peekable();
            while let Some(c) = chars.next() {
                match (c, chars.peek()) {
                    ('\\', Some('\\' | '\'')) => out.extend(chars.next()),
                    ('\'', _) => panic!("the quotes end early: {line}"),
                    _ => out.push(c),
                }
            }
            out
        }
        Shell::PowerShell => {
            let mut out = String::new();
            let inner = within(value("$env:NODE_EXTRA_CA_CERTS = "), '\'');
            let mut chars = inner.chars();
            while let Some(c) = chars.next() {
                if matches!(c, '\'' | '\u{2018}'..='\u{201b}') {
                    assert_eq!(chars.next(), Some(c), "the quotes end early: {line}");
                }
                out.push(c);
            }
            out
        }
        Shell::Cmd => {
            let inner = value("@set \"NODE_EXTRA_CA_CERTS=");
            let inner = inner.strip_suffix('"').unwrap();
            assert!(!inner.contains('"') && !inner.replace("%%", "").contains('%'), "{line}");
            inner.replace("%%", "%")
        }
        Shell::GitLab => {
            let inner = within(value("  NODE_EXTRA_CA_CERTS: "), '\'');
            assert!(
                !inner.replace("''", "").contains('\'') && !inner.replace("$$", "").contains('$'),
                "{line}"
            );
            inner.replace("''", "'").replace("$$", "$")
        }
        Shell::GitHub => value("NODE_EXTRA_CA_CERTS="),
        Shell::Dotenv => {
            let value = value("NODE_EXTRA_CA_CERTS=");
            match value.starts_with('\'') {
                true => {
                    let inner = within(value, '\'');
                    assert!(!inner.contains('\''), "{line}");
                    inner
                }
                false => {
                    assert!(!value.contains([' ', '#', '"', '\'', '$', '\\', '`']), "{line}");
                    value
                }
            }
        }
    }
}

/// A word of a POSIX shell made of single-quoted parts and escaped characters.
fn posix(word: &str) -> String {
    let (mut out, mut quoted) = (String::new(), false);
    let mut chars = word.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' => quoted = !quoted,
            '\\' if !quoted => out.extend(chars.next()),
            c => {
                assert!(quoted, "bare: {word}");
                out.push(c);
            }
        }
    }
    assert!(!quoted, "open: {word}");
    out
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_value_reads_back_or_is_refused(name in "[ -~\u{e4}\u{2018}-\u{201f}]{0,24}") {
        let path = format!("/{name}.pem");
        let wanted = WantedVariables { ca: Some(path.clone().into()), ..WantedVariables::default() };
        let variables = Variables::new(&wanted).unwrap();
        for shell in Shell::ALL.into_iter().filter(|shell| *shell != Shell::Docker) {
            match render(&variables, shell) {
                Ok(text) => prop_assert_eq!(read_back(&text, shell), path.clone(), "{}", shell),
                Err(EnvironmentError::Unwritable { what, .. }) => {
                    let known = match shell {
                        Shell::Cmd => path.contains(['"', '!']),
                        Shell::Dotenv => path.contains('\''),
                        _ => false,
                    };
                    prop_assert!(known, "{shell}: {what}");
                }
                Err(error) => prop_assert!(false, "{error}"),
            }
        }
    }

    #[test]
    fn line_breaks_are_refused_everywhere(before in "[a-z]{0,3}", control in "[\n\r\0\t\u{1b}\u{85}]") {
        let path = format!("/{before}{control}x.pem");
        let wanted = WantedVariables { ca: Some(path.into()), ..WantedVariables::default() };
        prop_assert!(Variables::new(&wanted).is_err());
    }
}
