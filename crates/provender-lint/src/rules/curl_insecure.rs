//! `curl -k`: curl believes whoever answers.

use provender_core::Level;

use super::Rule;
use super::bypass::{BELIEVED, Bypass, Found, invocations};
use super::host;
use crate::facts::{Command, Invocation, Tool, Word};
use crate::finding::Finding;
use crate::finding::{Edit, Fix, Needs};
use crate::source::File;

/// `lint/curl-insecure`.
pub(crate) struct CurlInsecure;

const BYPASS: Bypass = Bypass {
    rule: "lint/curl-insecure",
    what: "TLS verification of curl",
    label: BELIEVED,
    because: &["what is fetched this way is often run or unpacked at once"],
    hint: "delete it; where the server's CA is private, install it in the system's store, or name a \
           bundle in `--cacert`, CURL_CA_BUNDLE or SSL_CERT_FILE",
};

/// curl's one-letter options that take a value: what follows them in a word is that value.
const VALUED: &str = "AbCcDdEeFHhKmoPQrTtUuwXxYyz";

impl Rule for CurlInsecure {
    fn id(&self) -> &'static str {
        "lint/curl-insecure"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn summary(&self) -> &'static str {
        "TLS verification of curl is switched off"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/curl-insecure.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        for setting in file.facts.settings.iter().filter(|setting| setting.tool == Tool::Curl) {
            if ["insecure", "k", "proxy-insecure"].contains(&setting.name()) {
                findings.push(BYPASS.off(Found::setting(setting), Vec::new()));
            }
        }
        for (command, invocation) in invocations(file) {
            if invocation.program == "curl" {
                for option in ["--insecure", "--proxy-insecure", "--doh-insecure"] {
                    BYPASS.flag(command, &invocation, option, findings);
                }
                of_letters(file, command, &invocation, findings);
            }
        }
    }
}

/// `-k`, alone and among others, as in `-fsSLk`.
fn of_letters(
    file: &File,
    command: &Command,
    invocation: &Invocation<'_>,
    findings: &mut Vec<Finding>,
) {
    let mut words = invocation.arguments.iter();
    while let Some(word) = words.next() {
        let Some(letters) = word.text.strip_prefix('-').filter(|rest| !rest.starts_with('-'))
        else {
            continue;
        };
        let valued = letters.find(|letter| VALUED.contains(letter));
        let read = valued.unwrap_or(letters.len());
        if let Some(at) = letters[..read].find('k') {
            let mut finding = BYPASS.off(Found::word(word), host::of_command(command));
            if letters.len() > 1 {
                finding.fix = without_letter(file, word, 1 + at, finding.fix);
            }
            findings.push(finding);
        }
        if valued.is_some_and(|at| at + 1 == letters.len()) {
            // Its value is the next word.
            words.next();
        }
    }
}

/// The fix that takes one letter out of a word; none if the word is written with quotes or
/// backslashes, where the letter cannot be pointed at.
fn without_letter(file: &File, word: &Word, at: usize, fix: Option<Fix>) -> Option<Fix> {
    let written = &file.text[word.span.clone()];
    let letters = word.text.bytes().filter(|byte| *byte == b'k').count();
    if written != word.text || letters != 1 {
        return None;
    }
    let start = word.span.start + at;
    Some(Fix {
        title: format!("delete `k` from `{}`", word.text),
        edits: vec![Edit::delete(start..start + 1)],
        needs: fix.map_or(Needs::Verified { hosts: Vec::new() }, |fix| fix.needs),
    })
}

#[cfg(test)]
mod tests {
    use super::CurlInsecure;
    use crate::fix::proof::fixed;
    use crate::rules::proof::messages;

    const OFF: &str = "TLS verification of curl is switched off for `a.example`";

    #[test]
    fn every_way_to_switch_it_off_is_found() {
        for (path, text, message) in [
            ("a.sh", "curl -k https://a.example/x\n", OFF),
            ("a.sh", "curl -fsSLk https://a.example/x\n", OFF),
            ("a.sh", "curl -ko x https://a.example/x\n", OFF),
            ("a.sh", "curl --insecure https://a.example/x\n", OFF),
            ("a.sh", "curl -L --proxy-insecure https://a.example/x | tar x\n", OFF),
            ("a.sh", "x=$(curl -sk https://a.example/x)\n", OFF),
            ("a.sh", "curl -o x -k https://a.example/x\n", OFF),
            ("Dockerfile", "FROM a\nRUN set -eux; curl -fkL https://a.example/x | sh\n", OFF),
            ("Dockerfile", "FROM a\nHEALTHCHECK CMD curl -fk https://a.example/\n", OFF),
            (".gitlab-ci.yml", "a:\n  script:\n    - curl -k https://a.example/x\n", OFF),
            (".curlrc", "insecure\n", "TLS verification of curl is switched off"),
            (".curlrc", "-k\n", "TLS verification of curl is switched off"),
        ] {
            assert_eq!(messages(&CurlInsecure, &[(path, text)]), [message], "{path}: {text}");
        }
    }

    #[test]
    fn what_verifies_is_not_found() {
        for (path, text) in [
            ("a.sh", "curl -fsSL https://a.example/x -o k\n"),
            ("a.sh", "curl -ok https://a.example/x\n"),
            ("a.sh", "curl -H -k https://a.example/x\n"),
            ("a.sh", "curl -XPOST -dk=1 https://a.example/x\n"),
            ("a.sh", "curl --no-insecure https://a.example\n"),
            ("a.sh", "grep -k x\n"),
            (".curlrc", "silent\n"),
        ] {
            assert_eq!(messages(&CurlInsecure, &[(path, text)]), [""; 0], "{path}: {text}");
        }
    }

    #[test]
    fn it_goes_without_debris() {
        for (path, before, after) in [
            ("a.sh", "curl -fsSLk https://a.example/x\n", "curl -fsSL https://a.example/x\n"),
            ("a.sh", "curl -k -f https://a.example/x\n", "curl -f https://a.example/x\n"),
            (
                "a.sh",
                "curl --insecure \\\n  https://a.example/x\n",
                "curl \\\n  https://a.example/x\n",
            ),
            ("a.sh", "curl \"-fk\" https://a.example/x\n", "curl \"-fk\" https://a.example/x\n"),
            (".curlrc", "silent\ninsecure\n", "silent\n"),
            (
                "Dockerfile",
                "FROM a\nCMD [\"curl\", \"-sk\", \"https://a.example\"]\n",
                "FROM a\nCMD [\"curl\", \"-sk\", \"https://a.example\"]\n",
            ),
        ] {
            assert_eq!(fixed(&CurlInsecure, path, before), after, "{path}");
        }
    }

    #[test]
    fn it_is_allowed_by_a_comment_with_a_reason() {
        let text = "# provender: allow lint/curl-insecure -- the digest is checked below\ncurl -k https://a.example/x\n";
        assert_eq!(messages(&CurlInsecure, &[("a.sh", text)]), [""; 0]);
    }
}
