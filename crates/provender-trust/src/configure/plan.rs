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

/// Keys whose value is a secret, in any of the formats that are edited; in lower case.
const SECRET_KEYS: [&str; 19] = [
    "_authtoken",
    "_auth",
    "_password",
    "password",
    "npmauthtoken",
    "npmauthident",
    "token",
    "auth",
    "authorization",
    "extraheader",
    "secret",
    "apikey",
    "api_key",
    "api-key",
    "access_key",
    "accesstoken",
    "access_token",
    "private-token",
    "identitytoken",
];

/// A line of a file without its secrets.
fn shown(line: &str) -> String {
    let line = without_tokens(&without_credentials(line));
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
    line
}

/// A line without the tokens that conda's URLs hold in their path, `/t/TOKEN/`.
fn without_tokens(line: &str) -> String {
    const MARK: &str = "/t/";
    let Some((head, mut rest)) = line.split_once("://") else { return line.to_owned() };
    let mut out = format!("{head}://");
    while let Some((before, after)) = rest.split_once(MARK) {
        out.push_str(before);
        out.push_str(MARK);
        let ends = |c: char| matches!(c, '/' | '"' | '\'' | ',' | ']') || c.is_whitespace();
        let (token, after) = after.split_at(after.find(ends).unwrap_or(after.len()));
        out.push_str(if token.is_empty() { "" } else { "****" });
        rest = after;
    }
    out.push_str(rest);
    out
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

    #[test]
    fn secrets_of_headers_keys_and_conda_urls_are_masked() {
        for line in [
            "\textraHeader = AUTHORIZATION: basic t0ps3cret",
            "Authorization: Bearer t0ps3cret",
            "client_secret = t0ps3cret",
            "\"apiKey\": \"t0ps3cret\"",
            "api_key=t0ps3cret",
            "x-api-key: t0ps3cret",
            "aws_secret_access_key = t0ps3cret",
            "accessToken: t0ps3cret",
            "access_token: t0ps3cret",
            "PRIVATE-TOKEN: t0ps3cret",
            "\"identitytoken\": \"t0ps3cret\"",
            "  - https://conda.example/t/t0ps3cret/main",
            "channels: [\"https://conda.example/t/t0ps3cret\", b]",
        ] {
            let shown = shown(line);
            assert!(!shown.contains("t0ps3cret") && shown.contains("****"), "{shown}");
        }
        assert_eq!(
            shown("  - https://ann:x@conda.example/t/abc/main # https://b.example/t/def/x"),
            "  - https://ann:****@conda.example/t/****/main # https://b.example/t/****/x"
        );
        for plain in ["path: /opt/t/abc/x", "- https://conda.example/main", "secrets_dir=a"] {
            assert_eq!(shown(plain), plain);
        }
    }
}
