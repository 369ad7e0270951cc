//! What several steps tell alike.

use std::error::Error;
use std::path::Path;

use provender_core::Diagnostic;
use provender_core::check::Step;

/// How many names a line shows before the rest is only counted.
const SHOWN: usize = 3;

/// A step that failed because the store could not be read.
pub(super) fn store_failed(id: &'static str, title: &str, error: &(dyn Error + 'static)) -> Step {
    let diagnostic = Diagnostic::error("check/store", "the store cannot be read");
    let diagnostic = with_causes(diagnostic, error).hint(
        "check the disk and the permissions of the data directory; with a damaged database, move \
         the data directory away and stock again",
    );
    Step::failed(id, title, "the store cannot be read", vec![diagnostic])
}

pub(super) fn no_workshop(tmp: &Path, error: &(dyn Error + 'static)) -> Diagnostic {
    let message = format!("no temporary folder can be made in {}", tmp.display());
    with_causes(Diagnostic::error("check/no-folder", message), error)
        .hint("make room or grant access, or move the data directory with --data-dir")
}

/// The error and what it was caused by, each once.
pub(super) fn with_causes(mut diagnostic: Diagnostic, error: &(dyn Error + 'static)) -> Diagnostic {
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if diagnostic.causes.last().is_none_or(|last| !last.contains(&text)) {
            diagnostic = diagnostic.because(text);
        }
        next = error.source();
    }
    diagnostic
}

/// `1 file`, `2 files`.
pub(super) fn count(number: usize, one: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {one}{plural}")
}

/// The names, or the first of them and how many there are besides.
pub(super) fn names<T: ToString>(names: &[T]) -> String {
    let shown: Vec<_> = names.iter().take(SHOWN).map(ToString::to_string).collect();
    match names.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A size as people read it: `214 MB`. A megabyte is a million bytes.
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    for (unit, name) in UNITS {
        if bytes >= unit {
            let tenths = bytes * 10 / unit;
            return match tenths {
                ..100 => format!("{}.{} {name}", tenths / 10, tenths % 10),
                _ => format!("{} {name}", tenths / 10),
            };
        }
    }
    format!("{bytes} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_shown_with_two_digits_or_more() {
        assert_eq!(bytes(999), "999 bytes");
        assert_eq!(bytes(1_250), "1.2 kB");
        assert_eq!(bytes(214_900_000), "214 MB");
        assert_eq!(bytes(3_000_000_000), "3.0 GB");
    }

    #[test]
    fn many_names_are_counted() {
        assert_eq!(names(&["a", "b"]), "a, b");
        assert_eq!(names(&["a", "b", "c", "d"]), "a, b, c and 1 more");
    }
}
