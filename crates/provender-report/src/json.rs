//! JSON as every command of provender writes it.

use serde::Serialize;

use crate::untrusted;

/// A document: indented by two spaces, fields in the order of their types, a line feed at its end.
///
/// Characters that a terminal could obey are written as escapes, which changes nothing for a reader
/// of JSON.
///
/// # Errors
///
/// When a value has no form in JSON, such as a map whose keys are not strings.
pub fn document(value: &impl Serialize) -> serde_json::Result<String> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(untrusted::escaped_json(&text).into_owned())
}
