//! What would be written, before it is.

use std::fmt::{self, Write as _};
use std::path::PathBuf;

use provender_core::redact::without_credentials;
use similar::TextDiff;

/// One file as it is and as it would be.
#[derive(Clone, PartialEq, Eq)]
pub struct FileEdit {
    /// The file, as the tool names it; it may be a link.
    pub path: PathBuf,
    /// What it holds now; none where it is not there.
    pub before: Option<String>,
    /// What it would hold.
    pub after: String,
}

/// Configuration files may hold credentials: their text is not shown.
impl fmt::Debug for FileEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileEdit")
            .field("path", &self.path)
            .field("before", &self.before.as_ref().map(String::len))
            .field("after", &self.after.len())
            .finish()
    }
}

/// What would be written to set a tool up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The files that would change, each once.
    pub edits: Vec<FileEdit>,
    /// What the reader should know: what was taken out, what still overrides the settings, what remains to be done.
    pub notes: Vec<String>,
}

impl Plan {
    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// All edits as one unified diff, without the credentials that stand in the files.
    pub fn diff(&self) -> String {
        let mut out = String::new();
        for edit in &self.edits {
            let before = edit.before.as_deref().unwrap_or_default();
            let path = edit.path.display().to_string();
            let old = if edit.before.is_some() { path.as_str() } else { "/dev/null" };
            let diff = TextDiff::from_lines(before, &edit.after);
            let text = diff.unified_diff().context_radius(3).header(old, &path).to_string();
            for line in text.lines() {
                // Writing to a String cannot fail.
                let _ = writeln!(out, "{}", shown(line));
            }
        }
        out
    }
}

/// Keys whose value is a secret, in any of the formats that are edited.
const SECRET_KEYS: [&str; 8] = [
    "_authtoken",
    "_auth",
    "_password",
    "password",
    "npmauthtoken",
    "npmauthident",
    "token",
    "auth",
];

/// A line of a file without its secrets.
fn shown(line: &str) -> String {
    let line = without_credentials(line);
    let lower = line.to_ascii_lowercase();
    for key in SECRET_KEYS {
        for (at, _) in lower.match_indices(key) {
            let begins = !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
            let (name, rest) = line.split_at(at + key.len());
            let value = rest.trim_start_matches(['"', '\'']);
            let assigned = value.starts_with(['=', ':', ' ', '\t']);
            if begins && assigned && !value.trim_matches(['=', ':', ' ', '\t']).is_empty() {
                return format!("{name} ****");
            }
        }
    }
    line.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(before: Option<&str>, after: &str) -> Plan {
        let edit = FileEdit {
            path: PathBuf::from("/home/ann/.npmrc"),
            before: before.map(str::to_owned),
            after: after.to_owned(),
        };
        Plan { edits: vec![edit], notes: Vec::new() }
    }

    #[test]
    fn the_diff_of_a_new_file_begins_at_nothing() {
        assert_eq!(
            plan(None, "a=1\n").diff(),
            "--- /dev/null\n+++ /home/ann/.npmrc\n@@ -0,0 +1 @@\n+a=1\n"
        );
    }

    #[test]
    fn a_diff_shows_no_secret() {
        let before = "//npm.example/:_authToken=t0ps3cret\nindex-url = https://ann:t0ps3cret@index.example/\n\
                      password = t0ps3cret\n  npmAuthToken: \"t0ps3cret\"\n_auth = t0ps3cret\nregistry=https://a.example/\n";
        let diff = plan(Some(before), &format!("{before}x=1\n")).diff();
        let all = plan(Some(before), "").diff();
        assert!(!diff.contains("t0ps3cret") && !all.contains("t0ps3cret"), "{all}");
        assert!(all.contains("-registry=https://a.example/"), "{all}");
        assert!(!format!("{:?}", plan(Some(before), "")).contains("t0ps3cret"));
    }
}
