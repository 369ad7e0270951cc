//! Items between commas: what goes if one of them goes.

use super::lines::{after_line, blanks_after, own_line};
use crate::facts::Span;

/// For every item of `[a, b]` or `{ a, b }`, what goes if only it goes.
///
/// An item on its own lines takes these lines along, if `trailing_comma` says that the format bears the comma that
/// may be left over behind the item before; otherwise an item takes the comma behind it, and the last one that before it.
pub(crate) fn wholes(text: &str, items: &[Span], trailing_comma: bool) -> Vec<Span> {
    items
        .iter()
        .enumerate()
        .map(|(index, item)| {
            let comma = comma_after(text, item.end);
            let last = index + 1 == items.len();
            let end = comma.unwrap_or(item.end);
            let after = blanks_after(text, end);
            let ends = ends_line(text, after) || text[after..].starts_with('#');
            let spare = !last || comma.is_some() || trailing_comma || items.len() == 1;
            if let Some(start) = own_line(text, item.start).filter(|_| ends && spare) {
                return start..after_line(text, end);
            }
            match (last, index.checked_sub(1).map(|before| items[before].end)) {
                (false, _) => item.start..after,
                // `[a, b,]`: the comma goes with the item and leaves `[a, ]`.
                (true, Some(_)) if comma.is_some() => item.start..end,
                (true, Some(before)) => before..item.end,
                (true, None) => item.start..end,
            }
        })
        .collect()
}

/// Behind the comma that follows, blanks and line ends between.
fn comma_after(text: &str, at: usize) -> Option<usize> {
    let rest = text[at..].trim_ascii_start();
    rest.starts_with(',').then(|| text.len() - rest.len() + 1)
}

fn ends_line(text: &str, at: usize) -> bool {
    let rest = &text[at..];
    rest.is_empty() || rest.starts_with('\n') || rest.starts_with("\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(text: &str, items: &[&str], gone: usize, trailing_comma: bool) -> String {
        let spans: Vec<Span> = items
            .iter()
            .map(|item| {
                let start = text.find(item).unwrap();
                start..start + item.len()
            })
            .collect();
        let whole = wholes(text, &spans, trailing_comma)[gone].clone();
        format!("{}{}", &text[..whole.start], &text[whole.end..])
    }

    #[test]
    fn an_item_takes_its_comma_along() {
        let text = "x = [aa, bb, cc]";
        assert_eq!(without(text, &["aa", "bb", "cc"], 0, true), "x = [bb, cc]");
        assert_eq!(without(text, &["aa", "bb", "cc"], 1, true), "x = [aa, cc]");
        assert_eq!(without(text, &["aa", "bb", "cc"], 2, true), "x = [aa, bb]");
    }

    #[test]
    fn an_item_on_its_own_line_takes_the_line_along() {
        let text = "x = [\r\n  aa, # one\r\n  bb,\r\n]";
        assert_eq!(without(text, &["aa", "bb"], 0, true), "x = [\r\n  bb,\r\n]");
        assert_eq!(without(text, &["aa", "bb"], 1, true), "x = [\r\n  aa, # one\r\n]");
    }

    #[test]
    fn json_is_left_without_a_trailing_comma() {
        let text = "{\n  aa,\n  bb\n}";
        assert_eq!(without(text, &["aa", "bb"], 1, false), "{\n  aa\n}");
        assert_eq!(without(text, &["aa", "bb"], 0, false), "{\n  bb\n}");
    }
}
