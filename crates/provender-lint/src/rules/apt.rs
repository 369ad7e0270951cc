//! How apt spells its configuration, in files and behind `-o`.

use super::bypass::Found;
use super::value::State;
use crate::facts::{Invocation, Setting};

/// A setting's key in lower case, as in `acquire::https::verify-peer`: apt reads it in any case.
pub(crate) fn key(setting: &Setting) -> String {
    setting.path.join("::").to_ascii_lowercase()
}

/// Whether a program is one of apt's.
pub(crate) fn is_program(program: &str) -> bool {
    ["apt", "apt-get", "aptitude", "apt-cache", "apt-mark"].contains(&program)
}

/// What apt reads as no (`StringToBool`).
pub(crate) fn no(value: &str) -> bool {
    ["no", "false", "without", "off", "disable", "0"]
        .iter()
        .any(|no| value.eq_ignore_ascii_case(no))
}

/// What apt reads as yes (`StringToBool`).
pub(crate) fn yes(value: &str) -> bool {
    ["yes", "true", "with", "on", "enable", "1"].iter().any(|yes| value.eq_ignore_ascii_case(yes))
}

/// A `-o KEY=VALUE` of a command.
pub(crate) struct Configured {
    /// The key in lower case.
    pub(crate) key: String,
    value: String,
    known: bool,
    /// Where it stands.
    pub(crate) found: Found,
}

impl Configured {
    /// Whether it switches something off, given which values do.
    pub(crate) fn state(&self, off: impl Fn(&str) -> bool) -> State {
        if !self.known {
            State::Unknown
        } else if off(&self.value) {
            State::Off
        } else {
            State::On
        }
    }
}

/// What a command of apt's is configured with: `-o KEY=VALUE`, `-oKEY=VALUE`, `--option=KEY=VALUE`.
pub(crate) fn options(invocation: &Invocation<'_>) -> Vec<Configured> {
    if !is_program(invocation.program) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for option in ["-o", "--option"] {
        for used in invocation.option(option, true) {
            let known = used.value_word.unwrap_or(used.option).known;
            found.extend(configured(used.value.unwrap_or_default(), known, Found::option(&used)));
        }
    }
    for word in invocation.arguments {
        let pair = word.text.strip_prefix("-o").filter(|pair| !pair.is_empty());
        found.extend(pair.and_then(|pair| configured(pair, word.known, Found::word(word))));
    }
    found
}

fn configured(pair: &str, known: bool, found: Found) -> Option<Configured> {
    let (key, value) = pair.split_once('=')?;
    Some(Configured {
        key: key.trim().to_ascii_lowercase(),
        value: value.trim().trim_matches('"').to_owned(),
        known,
        found,
    })
}
