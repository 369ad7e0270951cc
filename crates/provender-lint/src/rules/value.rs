//! What tools take for yes and no.

use crate::facts::Word;

/// Whether something is switched off, as far as a file tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It is.
    Off,
    /// It is not.
    On,
    /// That is known only when the file is used.
    Unknown,
}

impl State {
    /// Reads a word by its text, if that is known.
    pub(crate) fn of(word: &Word, off: impl Fn(&str) -> bool) -> Self {
        if !word.known {
            Self::Unknown
        } else if off(&word.text) {
            Self::Off
        } else {
            Self::On
        }
    }

    /// Reads a setting's value. A `${NAME}` is put in by the tool that reads the file.
    pub(crate) fn of_text(text: &str, off: impl Fn(&str) -> bool) -> Self {
        if text.contains("${") {
            Self::Unknown
        } else if off(text) {
            Self::Off
        } else {
            Self::On
        }
    }
}

/// Whether most tools read a text as no: `false`, `no`, `off`, `0`, and their first letters, in any case.
pub(crate) fn no(text: &str) -> bool {
    ["false", "no", "off", "0", "f", "n"].iter().any(|no| text.eq_ignore_ascii_case(no))
}

/// Whether most tools read a text as yes.
pub(crate) fn yes(text: &str) -> bool {
    ["true", "yes", "on", "1", "t", "y"].iter().any(|yes| text.eq_ignore_ascii_case(yes))
}
