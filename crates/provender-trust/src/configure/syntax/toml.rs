//! TOML, edited in place: values through `toml_edit`, removals by lines, so that the comments above a setting stay.

use std::ops::Range;

use toml_edit::{Array, Document, DocumentMut, Item, Table, TableLike, TomlError, Value};

use super::SyntaxError;

/// A step on the way to a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Into a table.
    Key(String),
    /// Into a list of tables.
    Index(usize),
}

/// The way to a setting.
pub(crate) type Way = Vec<Step>;

/// A way of keys.
pub(crate) fn way(keys: &[&str]) -> Way {
    keys.iter().map(|&key| Step::Key(key.to_owned())).collect()
}

/// A way with one more key.
pub(crate) fn below(way: &Way, key: &str) -> Way {
    way.iter().cloned().chain([Step::Key(key.to_owned())]).collect()
}

fn error(text: &str, error: &TomlError) -> SyntaxError {
    let byte = error.span().map_or(0, |span| span.start);
    SyntaxError::at_byte(text, byte, error.message().replace('\n', ", "))
}

/// Reads a text.
pub(crate) fn parse(text: &str) -> Result<DocumentMut, SyntaxError> {
    text.parse::<DocumentMut>().map_err(|e| error(text, &e))
}

/// Edits a text; the closure says whether it changed anything, or what stands in the way.
pub(crate) fn edit(
    text: &str,
    change: impl FnOnce(&mut DocumentMut) -> Result<bool, &'static str>,
) -> Result<String, SyntaxError> {
    let mut document = parse(text)?;
    match change(&mut document) {
        Ok(true) => {
            let out = document.to_string();
            // toml_edit ends the lines it writes with a line feed alone.
            if text.contains("\r\n") {
                Ok(out.replace("\r\n", "\n").replace('\n', "\r\n"))
            } else {
                Ok(out)
            }
        }
        Ok(false) => Ok(text.to_owned()),
        Err(what) => Err(SyntaxError::at(0, what)),
    }
}

/// The table under a key, made where it is missing.
pub(crate) fn table<'a>(
    parent: &'a mut dyn TableLike,
    key: &str,
) -> Result<&'a mut dyn TableLike, &'static str> {
    if !parent.contains_key(key) {
        let mut made = Table::new();
        made.set_implicit(true);
        parent.insert(key, Item::Table(made));
    }
    parent.get_mut(key).and_then(Item::as_table_like_mut).ok_or("a value where a table should be")
}

/// Gives a key a value and keeps the comments around it. Says whether that changed anything.
pub(crate) fn set(table: &mut dyn TableLike, key: &str, value: impl Into<Value>) -> bool {
    let mut value = value.into();
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            let same = match (&*old, &value) {
                (Value::String(old), Value::String(new)) => old.value() == new.value(),
                (Value::Boolean(old), Value::Boolean(new)) => old.value() == new.value(),
                _ => false,
            };
            if !same {
                *value.decor_mut() = old.decor().clone();
                *old = value;
            }
            !same
        }
        None => {
            table.insert(key, Item::Value(value));
            true
        }
    }
}

/// Adds a text to a list, which is made where it is missing. Says whether that changed anything.
pub(crate) fn add(table: &mut dyn TableLike, key: &str, text: &str) -> Result<bool, &'static str> {
    if !table.contains_key(key) {
        table.insert(key, Item::Value(Value::Array(Array::new())));
    }
    let list =
        table.get_mut(key).and_then(Item::as_array_mut).ok_or("a value where a list should be")?;
    let there = list.iter().any(|item| item.as_str() == Some(text));
    if !there {
        list.push(text);
    }
    Ok(!there)
}

/// The table at the end of a way.
pub(crate) fn table_at<'a>(root: &'a Table, way: &[Step]) -> Option<&'a dyn TableLike> {
    let mut table: &dyn TableLike = root;
    let mut steps = way.iter().peekable();
    while let Some(step) = steps.next() {
        let Step::Key(key) = step else { return None };
        let item = table.get(key)?;
        table = match steps.next_if(|step| matches!(step, Step::Index(_))) {
            Some(Step::Index(index)) => item.as_array_of_tables()?.get(*index)?,
            _ => item.as_table_like()?,
        };
    }
    Some(table)
}

/// The same, to be changed.
pub(crate) fn table_at_mut<'a>(root: &'a mut Table, way: &[Step]) -> Option<&'a mut dyn TableLike> {
    let mut table: &mut dyn TableLike = root;
    let mut steps = way.iter().peekable();
    while let Some(step) = steps.next() {
        let Step::Key(key) = step else { return None };
        let item = table.get_mut(key)?;
        table = match steps.next_if(|step| matches!(step, Step::Index(_))) {
            Some(Step::Index(index)) => item.as_array_of_tables_mut()?.get_mut(*index)?,
            _ => item.as_table_like_mut()?,
        };
    }
    Some(table)
}

/// The item at the end of a way.
pub(crate) fn get<'a>(root: &'a Table, way: &[Step]) -> Option<&'a Item> {
    let (Step::Key(last), parents) = way.split_last()? else { return None };
    table_at(root, parents)?.get(last)
}

/// Removes a key with its lines; what stands above them stays. The text as it is where the key is not there.
pub(crate) fn remove(text: &str, way: &[Step]) -> Result<String, SyntaxError> {
    let document = Document::parse(text.to_owned()).map_err(|e| error(text, &e))?;
    let Some(span) = span(document.as_table(), way) else { return Ok(text.to_owned()) };
    let line_start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[span.end..].find('\n').map_or(text.len(), |at| span.end + at + 1);
    let before = text[line_start..span.start].trim();
    let after = text[span.end..line_end].trim();
    if before.is_empty() && (after.is_empty() || after.starts_with('#')) {
        return Ok(format!("{}{}", &text[..line_start], &text[line_end..]));
    }
    // Within an inline table, where no comments are.
    edit(text, |document| Ok(remove_inline(document, way)))
}

fn remove_inline(document: &mut DocumentMut, way: &[Step]) -> bool {
    let Some((Step::Key(last), parents)) = way.split_last() else { return false };
    table_at_mut(document.as_table_mut(), parents).is_some_and(|table| table.remove(last).is_some())
}

/// The bytes of a key with its value.
fn span(root: &Table, way: &[Step]) -> Option<Range<usize>> {
    let (Step::Key(last), parents) = way.split_last()? else { return None };
    let (key, value) = table_at(root, parents)?.get_key_value(last)?;
    Some(key.span()?.start..value.span()?.end)
}

/// Removes the texts that are meant from a list; a list that is left empty goes. Gives the new text and what went.
pub(crate) fn remove_strings(
    text: &str,
    way: &[Step],
    meant: impl Fn(&str) -> bool,
) -> Result<(String, Vec<String>), SyntaxError> {
    let document = parse(text)?;
    let Some(list) = get(document.as_table(), way).and_then(Item::as_array) else {
        return Ok((text.to_owned(), Vec::new()));
    };
    let removed: Vec<_> =
        list.iter().filter_map(Value::as_str).filter(|t| meant(t)).map(str::to_owned).collect();
    if removed.is_empty() {
        return Ok((text.to_owned(), removed));
    }
    if removed.len() == list.len() {
        return Ok((remove(text, way)?, removed));
    }
    let out = edit(text, |document| {
        let Some(list) = list_mut(document, way) else { return Err("a list in an unusual place") };
        loop {
            let found = list.iter().position(|item| item.as_str().is_some_and(&meant));
            let Some(at) = found else { break };
            let gone = list.remove(at);
            // What is first now takes the place, and so the blanks, of what was.
            if at == 0
                && let Some(first) = list.get_mut(0)
            {
                *first.decor_mut() = gone.decor().clone();
            }
        }
        Ok(true)
    })?;
    Ok((out, removed))
}

fn list_mut<'a>(document: &'a mut DocumentMut, way: &[Step]) -> Option<&'a mut Array> {
    let (Step::Key(last), parents) = way.split_last()? else { return None };
    table_at_mut(document.as_table_mut(), parents)?.get_mut(last)?.as_array_mut()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# head of the file\nallow = [\"a\", \"b\"] # why\n\n# about c\n[c]\n# keep me\ncert = false # sorry\nd = { cert = false, x = 1 }\n[[r]]\nlocation = \"a\"\ninsecure = true\n[[r]]\nlocation = \"b\"\n";

    #[test]
    fn a_setting_goes_with_its_line_and_the_comments_above_it_stay() {
        assert_eq!(
            remove(TEXT, &way(&["c", "cert"])).unwrap(),
            TEXT.replace("cert = false # sorry\n", "")
        );
        assert_eq!(
            remove(TEXT, &way(&["allow"])).unwrap(),
            TEXT.replace("allow = [\"a\", \"b\"] # why\n", "")
        );
        assert_eq!(
            remove(TEXT, &way(&["c", "d", "cert"])).unwrap(),
            TEXT.replace("{ cert = false, x = 1 }", "{ x = 1 }")
        );
        let mut in_list = way(&["r"]);
        in_list.extend([Step::Index(0), Step::Key("insecure".to_owned())]);
        assert_eq!(remove(TEXT, &in_list).unwrap(), TEXT.replace("insecure = true\n", ""));
        assert_eq!(remove(TEXT, &way(&["c", "none"])).unwrap(), TEXT);
    }

    #[test]
    fn texts_go_from_lists() {
        let of = |go: &'static str| {
            remove_strings(TEXT, &way(&["allow"]), move |t| go.contains(t)).unwrap()
        };
        assert_eq!(of("a").0, TEXT.replace("[\"a\", \"b\"]", "[\"b\"]"));
        assert_eq!(of("b").0, TEXT.replace("[\"a\", \"b\"]", "[\"a\"]"));
        assert_eq!(of("ab").0, TEXT.replace("allow = [\"a\", \"b\"] # why\n", ""));
        assert_eq!(of("x"), (TEXT.to_owned(), Vec::new()));
    }

    #[test]
    fn a_value_is_set_and_what_is_around_it_stays() {
        let set_cert = |text: &str| {
            edit(text, |doc| Ok(set(table(doc.as_table_mut(), "c")?, "cert", "/ca.pem"))).unwrap()
        };
        assert_eq!(set_cert(TEXT), TEXT.replace("cert = false #", "cert = \"/ca.pem\" #"));
        assert_eq!(set_cert(""), "[c]\ncert = \"/ca.pem\"\n");
        assert_eq!(set_cert("x = 1\r\n"), "x = 1\r\n\r\n[c]\r\ncert = \"/ca.pem\"\r\n");
        assert_eq!(set_cert(&set_cert(TEXT)), set_cert(TEXT));
    }

    #[test]
    fn broken_toml_is_refused_with_its_line() {
        assert_eq!(parse("a = 1\nb = \n").unwrap_err().line, 2);
    }
}
