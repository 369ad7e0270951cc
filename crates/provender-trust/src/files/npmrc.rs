//! `.npmrc`: `key = value`, values in quotes, `${VARIABLE}` in them.

use super::Entry;
use super::keys::unquoted;
use crate::Machine;

/// The settings of an `.npmrc`. An array's `key[]` is named `key`.
pub(crate) fn npmrc(text: &str, machine: &Machine) -> Vec<Entry> {
    text.lines()
        .enumerate()
        .filter_map(|(number, line)| {
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';', '[']) {
                return None;
            }
            let (key, value) = line.split_once('=').unwrap_or((line, "true"));
            let key = key.trim().trim_end_matches("[]");
            Some(Entry::new([key], &expanded(unquoted(value), machine), number + 1))
        })
        .collect()
}

/// The text with each `${NAME}` replaced by that variable; one that is not there stays, as npm leaves it.
fn expanded(text: &str, machine: &Machine) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(end) = rest[start..].find('}') else { break };
        out.push_str(&rest[..start]);
        let name = rest[start + 2..start + end].trim_end_matches('?');
        match machine.variable(name) {
            Some(value) => out.push_str(value),
            None => out.push_str(&rest[start..=start + end]),
        }
        rest = &rest[start + end + 1..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_in_values_are_filled_in() {
        let machine = Machine::new([("CA".to_owned(), "/a.pem".to_owned())], "/");
        let entries = npmrc("; c\ncafile = \"${CA}\"\nstrict-ssl=${NONE}\nflag\n", &machine);
        let values: Vec<_> = entries.iter().map(|e| (e.value.as_str(), e.line)).collect();
        assert_eq!(values, [("/a.pem", 2), ("${NONE}", 3), ("true", 4)]);
    }
}
