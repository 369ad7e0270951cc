//! Taking elements out of lists in JSON, with every other byte left as it is.

use std::ops::Range;

use super::SyntaxError;

/// Removes the texts that are meant from the list under a key of the outermost object; a list that is left empty goes
/// with its key. Gives the new text and what was removed.
pub(crate) fn remove_strings(
    text: &str,
    key: &str,
    meant: impl Fn(&str) -> bool,
) -> Result<(String, Vec<String>), SyntaxError> {
    if text.trim().is_empty() {
        return Ok((text.to_owned(), Vec::new()));
    }
    // serde_json judges; what follows may take the text for good.
    let value: serde_json::Value = serde_json::from_str(text).map_err(|error| {
        SyntaxError::at(error.line().saturating_sub(1), format!("no JSON: {error}"))
    })?;
    if !value.is_object() {
        return Err(SyntaxError::at(0, "not an object"));
    }
    let Some(member) = members(text, &outermost(text), '{')
        .into_iter()
        .rfind(|member| string(&text[member.clone()]).is_some_and(|(name, _)| name == key))
    else {
        return Ok((text.to_owned(), Vec::new()));
    };
    let Some(list) =
        member_value(text, &member).filter(|value| text[value.clone()].starts_with('['))
    else {
        return Ok((text.to_owned(), Vec::new()));
    };
    let items = members(text, &list, '[');
    let (go, stay): (Vec<_>, Vec<_>) = items
        .into_iter()
        .partition(|item| string(&text[item.clone()]).is_some_and(|(value, _)| meant(&value)));
    let removed: Vec<String> =
        go.iter().filter_map(|item| string(&text[item.clone()]).map(|(value, _)| value)).collect();
    if removed.is_empty() {
        return Ok((text.to_owned(), removed));
    }
    let mut out = text.to_owned();
    if stay.is_empty() {
        out.replace_range(with_comma(text, &member), "");
    } else {
        for item in go.into_iter().rev() {
            // Ranges are those of the first text: what is cut out later lies before.
            let range = with_comma(&out, &item);
            out.replace_range(range, "");
        }
    }
    Ok((out, removed))
}

/// The object that is the whole text.
fn outermost(text: &str) -> Range<usize> {
    let start = text.find('{').unwrap_or_default();
    start..text.rfind('}').map_or(text.len(), |end| end + 1)
}

/// The elements of an object or list, without the blanks around them.
fn members(text: &str, of: &Range<usize>, open: char) -> Vec<Range<usize>> {
    let mut members = Vec::new();
    let (mut depth, mut at, mut start) = (0usize, of.start + open.len_utf8(), None);
    while at < of.end {
        let rest = &text[at..of.end];
        let Some(c) = rest.chars().next() else { break };
        match c {
            '"' => {
                start.get_or_insert(at);
                at += string(rest).map_or(rest.len(), |(_, len)| len);
                continue;
            }
            '[' | '{' => {
                start.get_or_insert(at);
                depth += 1;
            }
            ']' | '}' if depth > 0 => depth -= 1,
            ',' | ']' | '}' if depth == 0 => {
                if let Some(start) = start.take() {
                    members.push(start..start + text[start..at].trim_end().len());
                }
            }
            c if !c.is_whitespace() => {
                start.get_or_insert(at);
            }
            _ => {}
        }
        at += c.len_utf8();
    }
    members
}

/// The value of an object's member.
fn member_value(text: &str, member: &Range<usize>) -> Option<Range<usize>> {
    let (_, name_len) = string(&text[member.clone()])?;
    let after = &text[member.start + name_len..member.end];
    let value = after.trim_start().strip_prefix(':')?.trim_start();
    Some(member.end - value.len()..member.end)
}

/// The JSON string at the beginning of a text, and its length there.
fn string(text: &str) -> Option<(String, usize)> {
    let mut escaped = false;
    let end = text.strip_prefix('"')?.char_indices().find_map(|(at, c)| match c {
        _ if escaped => {
            escaped = false;
            None
        }
        '\\' => {
            escaped = true;
            None
        }
        '"' => Some(at + 2),
        _ => None,
    })?;
    Some((serde_json::from_str(&text[..end]).ok()?, end))
}

/// An element with the comma that goes with it and the blanks before it.
fn with_comma(text: &str, element: &Range<usize>) -> Range<usize> {
    let before = text[..element.start].trim_end();
    let after = &text[element.end..];
    if after.trim_start().starts_with(',') {
        let comma = element.end + after.len() - after.trim_start().len() + 1;
        let first = before.ends_with(['[', '{']);
        if first && !text[before.len()..element.start].contains('\n') {
            let blanks = text[comma..].len() - text[comma..].trim_start_matches(' ').len();
            return element.start..comma + blanks;
        }
        return before.len()..comma;
    }
    before.strip_suffix(',').unwrap_or(before).len()..element.end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(text: &str) -> String {
        let remove = |text: &str| {
            remove_strings(text, "insecure-registries", |host| host.starts_with('x')).unwrap()
        };
        let (once, _) = remove(text);
        assert_eq!(remove(&once), (once.clone(), Vec::new()));
        serde_json::from_str::<serde_json::Value>(&once).unwrap();
        once
    }

    #[test]
    fn an_element_goes_with_its_comma_and_its_line() {
        let text = "{\n\t\"a\": {\"insecure-registries\": [\"x\"]},\n\t\"insecure-registries\": [\n\t\t\"x1\",\n\t\t\"b\\\"\",\n\t\t\"x2\"\n\t],\n\t\"c\": [1, {}]\n}\n";
        assert_eq!(
            without(text),
            "{\n\t\"a\": {\"insecure-registries\": [\"x\"]},\n\t\"insecure-registries\": [\n\t\t\"b\\\"\"\n\t],\n\t\"c\": [1, {}]\n}\n"
        );
        assert_eq!(
            without(r#"{"insecure-registries": ["b", "x", "c"]}"#),
            r#"{"insecure-registries": ["b", "c"]}"#
        );
        assert_eq!(
            without(r#"{"insecure-registries": ["x", "b"]}"#),
            r#"{"insecure-registries": ["b"]}"#
        );
    }

    #[test]
    fn a_list_that_is_left_empty_goes_with_its_key() {
        assert_eq!(
            without("{\n  \"insecure-registries\" : [ \"x\" ],\n  \"b\": 1\n}"),
            "{\n  \"b\": 1\n}"
        );
        assert_eq!(
            without("{\n  \"b\": 1,\n  \"insecure-registries\": [\"x\", \"xx\"]\n}"),
            "{\n  \"b\": 1\n}"
        );
        assert_eq!(without("{\"insecure-registries\": [\"x\"]}"), "{}");
    }

    #[test]
    fn nothing_changes_where_nothing_is_meant() {
        for text in [
            "",
            "{ }",
            "{\"insecure-registries\": [\"b\"] , \"x\": \"x\"}",
            "{\"insecure-registries\": \"x\"}",
        ] {
            assert_eq!(remove_strings(text, "insecure-registries", |h| h == "x").unwrap().0, text);
        }
    }

    #[test]
    fn broken_json_is_refused_with_its_line() {
        let line = |text| remove_strings(text, "k", |_| true).unwrap_err().line;
        assert_eq!(line("{\n  \"a\": 1,\n}"), 3);
        assert_eq!(line("[]"), 1);
    }
}
