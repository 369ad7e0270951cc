//! `.gitignore`: what provender writes and nobody commits.

/// The comment above our lines.
const MARKER: &str = "# provender";

/// The lines: reports, secrets that are filled in after `.env.example`, and what a write that was
/// cut off leaves.
const LINES: [&str; 3] = ["provender-reports/", ".env", ".provender-*"];

/// The text with the lines that were missing, and how many those were; nothing where none was.
///
/// They go below the marker, which is added at the end where it is missing. All that was there
/// stays as it was.
pub(super) fn extended(present: &str) -> Option<(String, usize)> {
    let has = |line: &str| present.lines().any(|there| same(there, line));
    let missing: Vec<&str> = LINES.into_iter().filter(|line| !has(line)).collect();
    if missing.is_empty() {
        return None;
    }
    let newline = if present.contains("\r\n") { "\r\n" } else { "\n" };
    let mut added = String::new();
    for line in &missing {
        added.push_str(line);
        added.push_str(newline);
    }
    let text = match end_of_marker(present) {
        Some(at) => format!("{}{added}{}", &present[..at], &present[at..]),
        None => {
            let end = if present.is_empty() || present.ends_with('\n') { "" } else { newline };
            let blank = if present.trim().is_empty() { "" } else { newline };
            format!("{present}{end}{blank}{MARKER}{newline}{added}")
        }
    };
    Some((text, missing.len()))
}

/// Whether a line ignores what ours would: a slash before or after a name says only where, or
/// that it is a folder.
fn same(there: &str, line: &str) -> bool {
    there.trim().trim_matches('/') == line.trim_matches('/')
}

/// Where the marker's line ends, if it is there and ends.
fn end_of_marker(text: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        at += line.len();
        if line.trim() == MARKER && line.ends_with('\n') {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(present: &str) -> String {
        extended(present).map_or_else(|| "unchanged".to_owned(), |(text, _)| text)
    }

    #[test]
    fn only_missing_lines_are_added_below_the_marker() {
        let all = "# provender\nprovender-reports/\n.env\n.provender-*\n";
        assert_eq!(text(""), all);
        assert_eq!(text(all), "unchanged");
        assert_eq!(text("*.pyc"), format!("*.pyc\n\n{all}"));
        assert_eq!(
            text(".env\n/provender-reports\n"),
            ".env\n/provender-reports\n\n# provender\n.provender-*\n"
        );
        assert_eq!(
            text("# provender\nprovender-reports/\n\n*.pyc\n.env"),
            "# provender\n.provender-*\nprovender-reports/\n\n*.pyc\n.env"
        );
    }

    #[test]
    fn line_ends_stay_those_of_the_file() {
        let text = text("*.pyc\r\n");
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    }
}
