//! `wget --no-check-certificate`: wget believes whoever answers.

use provender_core::Level;

use super::Rule;
use super::bypass::{BELIEVED, Bypass, Found, invocations};
use super::host;
use crate::facts::{Command, Invocation, Tool};
use crate::finding::Finding;
use crate::source::File;

/// `lint/wget-no-check`.
pub(crate) struct WgetNoCheck;

const BYPASS: Bypass = Bypass {
    rule: "lint/wget-no-check",
    what: "TLS verification of wget",
    label: BELIEVED,
    because: &["what is fetched this way is often run or unpacked at once"],
    hint: "delete it; where the server's CA is private, install it in the system's store, or name a \
           bundle in `--ca-certificate`",
};

impl Rule for WgetNoCheck {
    fn id(&self) -> &'static str {
        "lint/wget-no-check"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn summary(&self) -> &'static str {
        "TLS verification of wget is switched off"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/wget-no-check.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        let about = |name: &str| is_check_certificate(name);
        BYPASS.settings(file, &[Tool::Wget], |one| about(one.name()), off, findings);
        for (command, invocation) in invocations(file) {
            if ["wget", "wget2"].contains(&invocation.program) {
                of_command(command, &invocation, findings);
            }
        }
    }
}

fn of_command(command: &Command, invocation: &Invocation<'_>, findings: &mut Vec<Finding>) {
    BYPASS.option(command, invocation, "--check-certificate", off, findings);
    for word in invocation.arguments.iter().take_while(|word| word.text != "--") {
        // A long option may be cut short as long as it is no other's beginning.
        let cut = word.text.len() >= "--no-check".len();
        if cut && "--no-check-certificate".starts_with(word.text.as_str()) {
            findings.push(BYPASS.off(Found::word(word), host::of_command(command)));
        }
    }
    for option in ["-e", "--execute"] {
        for used in invocation.option(option, true) {
            let Some((key, value)) = used.value.and_then(|pair| pair.split_once('=')) else {
                continue;
            };
            if is_check_certificate(key.trim()) && off(value.trim()) {
                findings.push(BYPASS.off(Found::option(&used), host::of_command(command)));
            }
        }
    }
}

/// wget reads a setting's name in any case and without the signs between its words.
fn is_check_certificate(name: &str) -> bool {
    name.replace(['_', '-'], "").eq_ignore_ascii_case("checkcertificate")
}

/// `quiet` switches it off without a word; wget refuses `false`.
fn off(value: &str) -> bool {
    ["off", "no", "0", "quiet"].iter().any(|no| value.eq_ignore_ascii_case(no))
}

#[cfg(test)]
mod tests {
    use super::WgetNoCheck;
    use crate::fix::proof::fixed;
    use crate::rules::proof::messages;

    const OFF: &str = "TLS verification of wget is switched off for `a.example`";

    #[test]
    fn every_way_to_switch_it_off_is_found() {
        for (path, text, message) in [
            ("a.sh", "wget --no-check-certificate https://a.example/x\n", OFF),
            ("a.sh", "wget -q https://a.example/x --no-check-certificate\n", OFF),
            ("a.sh", "wget --no-check https://a.example/x\n", OFF),
            ("a.sh", "wget --check-certificate=off https://a.example/x\n", OFF),
            ("a.sh", "wget -e check_certificate=quiet https://a.example/x\n", OFF),
            (
                "Dockerfile",
                "FROM a\nRUN wget -qO- --no-check-certificate https://a.example/x | sh\n",
                OFF,
            ),
            (".wgetrc", "check_certificate = off\n", "TLS verification of wget is switched off"),
        ] {
            assert_eq!(messages(&WgetNoCheck, &[(path, text)]), [message], "{path}: {text}");
        }
    }

    #[test]
    fn what_verifies_is_not_found() {
        for (path, text) in [
            ("a.sh", "wget https://a.example/x\n"),
            ("a.sh", "wget --ca-certificate=a.pem https://a.example/x\n"),
            (".wgetrc", "check_certificate = on\n"),
        ] {
            assert_eq!(messages(&WgetNoCheck, &[(path, text)]), [""; 0], "{path}: {text}");
        }
    }

    #[test]
    fn it_goes_without_debris() {
        for (path, before, after) in [
            (
                "a.sh",
                "wget --no-check-certificate https://a.example/x\n",
                "wget https://a.example/x\n",
            ),
            (".wgetrc", "check_certificate = off\ntries = 2\n", "tries = 2\n"),
        ] {
            assert_eq!(fixed(&WgetNoCheck, path, before), after, "{path}");
        }
    }

    #[test]
    fn it_is_allowed_by_a_comment_with_a_reason() {
        let text = "wget --no-check-certificate https://a.example/x # provender: allow lint/wget-no-check -- the digest is checked below\n";
        assert_eq!(messages(&WgetNoCheck, &[("a.sh", text)]), [""; 0]);
    }
}
