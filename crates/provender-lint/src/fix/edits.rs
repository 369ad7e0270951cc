//! Edits: applying them, and putting those of two rounds together.

use crate::facts::Span;
use crate::finding::Edit;

/// The text after the edits, which do not overlap.
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut after = String::with_capacity(text.len());
    let mut done = 0;
    for edit in sorted {
        after.push_str(&text[done..edit.span.start]);
        after.push_str(&edit.text);
        done = edit.span.end;
    }
    after.push_str(&text[done..]);
    after
}

/// Edits of one text together, by place; none if two of them overlap.
pub(crate) fn merge(some: &[Edit], others: &[Edit]) -> Option<Vec<Edit>> {
    let mut all: Vec<Edit> = some.iter().chain(others).cloned().collect();
    all.sort_by_key(|edit| (edit.span.start, edit.span.end));
    all.dedup();
    all.windows(2).all(|pair| pair[0].span.end <= pair[1].span.start).then_some(all)
}

/// One list of edits that does what `first` and then `then` do, whose spans count bytes of the text
/// after `first`. Both are in order and without overlap, and so is the answer.
pub(crate) fn compose(first: &[Edit], then: &[Edit]) -> Vec<Edit> {
    // From the last to the first, so that the places of those to come still hold.
    then.iter().rev().fold(first.to_vec(), |edits, edit| add(&edits, edit))
}

/// Adds an edit of the text after `edits`.
fn add(edits: &[Edit], new: &Edit) -> Vec<Edit> {
    let Span { start, end } = new.span;
    let (mut before, mut behind) = (Vec::new(), Vec::new());
    // What the new edit comes to in the original text; it swallows the edits that it touches.
    let mut joined: Option<Edit> = None;
    let mut tail = String::new();
    // How far the places after the edits so far have moved.
    let (mut grown, mut shrunk) = (0, 0);
    for edit in edits {
        let begins = edit.span.start + grown - shrunk;
        let ends = begins + edit.text.len();
        if ends < start {
            before.push(edit.clone());
        } else if begins > end {
            behind.push(edit.clone());
            // What follows does not move the new edit.
            continue;
        } else {
            let joined = joined.get_or_insert_with(|| {
                let head = edit.text[..start.saturating_sub(begins)].to_owned();
                let from = if start >= begins { edit.span.start } else { start + shrunk - grown };
                Edit { span: from..from, text: head + &new.text }
            });
            if end > ends {
                tail.clear();
                joined.span.end =
                    end + shrunk + (edit.span.end - edit.span.start) - grown - edit.text.len();
            } else {
                tail = edit.text[end - begins..].to_owned();
                joined.span.end = edit.span.end;
            }
        }
        grown += edit.text.len();
        shrunk += edit.span.len();
    }
    let joined = match joined {
        Some(joined) => Edit { text: joined.text + &tail, ..joined },
        None => Edit { span: start + shrunk - grown..end + shrunk - grown, text: new.text.clone() },
    };
    before.push(joined);
    before.extend(behind);
    before
}

/// Where a place of the text after `edits` stood before; in what they put in, where that stands.
pub(crate) fn original(edits: &[Edit], place: usize) -> usize {
    let (mut grown, mut shrunk) = (0, 0);
    for edit in edits {
        let begins = edit.span.start + grown - shrunk;
        if place < begins {
            break;
        }
        if place < begins + edit.text.len() {
            return edit.span.start;
        }
        grown += edit.text.len();
        shrunk += edit.span.len();
    }
    place + shrunk - grown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(span: Span, text: &str) -> Edit {
        Edit { span, text: text.to_owned() }
    }

    #[test]
    fn two_rounds_of_edits_are_one() {
        let text = "the quick brown fox jumps over the lazy dog";
        let ends: Vec<usize> = (0..=text.len()).step_by(3).collect();
        let first = vec![edit(4..9, ""), edit(10..15, "red and black"), edit(20..25, "x")];
        let middle = apply(text, &first);
        for &start in &ends {
            for &end in ends.iter().filter(|&&end| end >= start) {
                if end > middle.len() {
                    continue;
                }
                for put in ["", "NEW"] {
                    let then = vec![edit(start..end, put)];
                    let both = compose(&first, &then);
                    assert_eq!(apply(text, &both), apply(&middle, &then), "{start}..{end} {put}");
                    assert!(merge(&both, &[]).is_some(), "{both:?}");
                }
            }
        }
    }

    #[test]
    fn several_edits_of_a_second_round_are_put_behind_those_of_the_first() {
        let text = "a b c d e f";
        let first = vec![edit(2..4, "")];
        let then = vec![edit(0..2, ""), edit(4..6, "xyz")];
        let both = compose(&first, &then);
        assert_eq!(apply(text, &both), apply(&apply(text, &first), &then));
    }

    #[test]
    fn a_place_is_found_again_where_it_was() {
        let edits = vec![edit(2..4, ""), edit(6..7, "xyz")];
        // a b c d e -> a c xyz e
        assert_eq!([0, 2, 3].map(|place| original(&edits, place)), [0, 4, 5]);
        assert_eq!(original(&edits, 5), 6);
        assert_eq!(original(&edits, 7), 7);
    }

    #[test]
    fn edits_that_overlap_are_refused() {
        assert_eq!(merge(&[edit(0..4, "")], &[edit(3..5, "")]), None);
        assert!(merge(&[edit(0..4, "")], &[edit(4..4, "x")]).is_some());
    }
}
