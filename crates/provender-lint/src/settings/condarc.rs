//! `.condarc`.

use super::yaml::Yaml;
use crate::facts::{Facts, Tool};

/// Reads a file.
pub(crate) fn parse(text: &str) -> Facts {
    Yaml::parse(text).settings(Tool::Conda)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::proof::{check, setting, without, without_value};

    #[test]
    fn settings_stand_where_they_are_said_to_stand() {
        let text = "ssl_verify: false\nchannels: [ 'https://a.example/c', defaults ] # ü\ndefault_channels:\n- http://b.example\n- https://c.example\ncustom_multichannels:\n  corp:\n    - http://d.example\n";
        let facts = check(text, parse);
        assert_eq!(&text[setting(&facts, &["ssl_verify"]).values[0].span.clone()], "false");
        assert_eq!(setting(&facts, &["custom_multichannels", "corp"]).values.len(), 1);
        assert!(without(text, parse, &["ssl_verify"]).starts_with("channels"));
        assert!(
            without_value(text, parse, &["channels"], 0).contains("channels: [ defaults ] # ü")
        );
        assert!(without_value(text, parse, &["channels"], 1).contains("[ 'https://a.example/c' ]"));
        let rest = without_value(text, parse, &["default_channels"], 0);
        assert!(rest.contains("default_channels:\n- https://c.example\ncustom"));
    }

    #[test]
    fn what_stands_before_an_error_is_read() {
        let facts = check("ssl_verify: no\nchannels: [a,\nx: ]: y\n", parse);
        assert!(!facts.errors.is_empty());
        assert_eq!(setting(&facts, &["ssl_verify"]).value, "no");
    }
}
