//! The operators of `${NAME...}` on a value that is known (POSIX XCU 2.6.2), for shells and Dockerfiles.

/// A glob pattern of `*`, `?` and characters; `\` takes a special meaning away.
struct Pattern(Vec<Part>);

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Many,
    One,
    Char(char),
}

impl Pattern {
    /// Reads a pattern.
    fn new(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            parts.push(match character {
                '*' => Part::Many,
                '?' => Part::One,
                '\\' => Part::Char(characters.next().unwrap_or('\\')),
                other => Part::Char(other),
            });
        }
        Self(parts)
    }

    /// Whether all of the text fits.
    fn fits(&self, text: &str) -> bool {
        // The places in the pattern that the text so far can have brought us to.
        let mut places = vec![false; self.0.len() + 1];
        places[0] = true;
        self.skip_many(&mut places);
        for character in text.chars() {
            let mut next = vec![false; self.0.len() + 1];
            for (place, part) in self.0.iter().enumerate() {
                match part {
                    _ if !places[place] => {}
                    Part::Many => next[place] = true,
                    Part::One => next[place + 1] = true,
                    Part::Char(wanted) if *wanted == character => next[place + 1] = true,
                    Part::Char(_) => {}
                }
            }
            self.skip_many(&mut next);
            places = next;
        }
        places[self.0.len()]
    }

    fn skip_many(&self, places: &mut [bool]) {
        for (place, part) in self.0.iter().enumerate() {
            if places[place] && *part == Part::Many {
                places[place + 1] = true;
            }
        }
    }
}

fn boundaries(text: &str) -> impl DoubleEndedIterator<Item = usize> {
    text.char_indices().map(|(at, _)| at).chain([text.len()]).collect::<Vec<_>>().into_iter()
}

/// `${X#pattern}`, and `${X##pattern}` if greedy.
pub(crate) fn without_prefix<'a>(value: &'a str, pattern: &str, greedy: bool) -> &'a str {
    let pattern = Pattern::new(pattern);
    let mut ends = boundaries(value).filter(|&end| pattern.fits(&value[..end]));
    let end = if greedy { ends.next_back() } else { ends.next() };
    &value[end.unwrap_or(0)..]
}

/// `${X%pattern}`, and `${X%%pattern}` if greedy.
pub(crate) fn without_suffix<'a>(value: &'a str, pattern: &str, greedy: bool) -> &'a str {
    let pattern = Pattern::new(pattern);
    let mut starts = boundaries(value).filter(|&start| pattern.fits(&value[start..]));
    let start = if greedy { starts.next() } else { starts.next_back() };
    &value[..start.unwrap_or(value.len())]
}

/// `${X/pattern/replacement}`, and `${X//pattern/replacement}` for all.
pub(crate) fn replaced(value: &str, pattern: &str, replacement: &str, all: bool) -> String {
    let pattern = Pattern::new(pattern);
    let mut result = String::new();
    let mut rest = value;
    'text: while !rest.is_empty() {
        for end in boundaries(rest).rev().filter(|&end| end > 0) {
            if pattern.fits(&rest[..end]) {
                result.push_str(replacement);
                rest = &rest[end..];
                if all {
                    continue 'text;
                }
                break 'text;
            }
        }
        let step = rest.chars().next().map_or(rest.len(), char::len_utf8);
        result.push_str(&rest[..step]);
        rest = &rest[step..];
    }
    result + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_and_suffixes_go_shortest_or_longest() {
        assert_eq!(without_prefix("a/b/c", "*/", false), "b/c");
        assert_eq!(without_prefix("a/b/c", "*/", true), "c");
        assert_eq!(without_suffix("a.tar.gz", ".*", false), "a.tar");
        assert_eq!(without_suffix("a.tar.gz", ".*", true), "a");
        assert_eq!(without_suffix("abc", "x", true), "abc");
        assert_eq!(without_prefix("*b", "\\*", false), "b");
    }

    #[test]
    fn one_or_all_are_replaced() {
        assert_eq!(replaced("a-b-c", "-", "_", false), "a_b-c");
        assert_eq!(replaced("a-b-c", "-", "_", true), "a_b_c");
        assert_eq!(replaced("añb", "?", "x", true), "xxx");
    }
}
