//! Editors for the formats of configuration files. Each changes the lines it means and leaves every other byte.

pub(super) mod apt_conf;
pub(super) mod git_config;
pub(super) mod ini;
pub(super) mod json;
pub(super) mod lines;
#[cfg(test)]
mod properties;
pub(super) mod toml;
pub(super) mod yaml;
pub(super) mod yarnrc;

/// What is wrong with a text, and in which line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// What is wrong.
    pub(crate) what: String,
}

impl SyntaxError {
    /// An error in the line with this index, which counts from 0.
    fn at(index: usize, what: impl Into<String>) -> Self {
        Self { line: index + 1, what: what.into() }
    }

    /// An error at a byte of the text.
    fn at_byte(text: &str, byte: usize, what: impl Into<String>) -> Self {
        let before = text.as_bytes().get(..byte).unwrap_or(text.as_bytes());
        Self::at(before.iter().filter(|&&b| b == b'\n').count(), what)
    }
}

/// The value as a quoted string that TOML, YAML, JSON, npm's ini and yarn 1 all read: double quotes, with backslashes
/// before quotes and backslashes. Values hold no control characters.
fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}
