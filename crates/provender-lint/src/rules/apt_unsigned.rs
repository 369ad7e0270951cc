//! `trusted=yes`, `--allow-unauthenticated`: apt installs what nobody signed.

use provender_core::Level;

use super::Rule;
use super::apt;
use super::bypass::{Bypass, Found, invocations};
use super::value::State;
use crate::facts::Tool;
use crate::finding::Finding;
use crate::source::File;

/// `lint/apt-unsigned`.
pub(crate) struct AptUnsigned;

const BYPASS: Bypass = Bypass {
    rule: "lint/apt-unsigned",
    what: "signature verification of apt",
    label: "packages that nobody signed are installed",
    because: &["a package's scripts run as root when it is installed; apt's signatures are what \
                makes plain mirrors safe, and TLS does not replace them"],
    hint: "delete it, and name the repository's key with `signed-by=/etc/apt/keyrings/NAME.asc`",
};

/// Options of a list's entry, and of apt's configuration in lower case.
const ENTRY: &[&str] = &["trusted", "allow-insecure", "allow-weak", "allow-downgrade-to-insecure"];
const CONFIGURATION: &[&str] = &[
    "apt::get::allowunauthenticated",
    "apt::get::force-yes",
    "acquire::allowinsecurerepositories",
    "acquire::allowweakrepositories",
    "acquire::allowdowngradetoinsecurerepositories",
    "aptitude::cmdline::ignore-trust-violations",
];

impl Rule for AptUnsigned {
    fn id(&self) -> &'static str {
        "lint/apt-unsigned"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn summary(&self) -> &'static str {
        "signature verification of apt is switched off"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/apt-unsigned.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        for setting in file.facts.settings.iter().filter(|setting| setting.tool == Tool::Apt) {
            let name = setting.name().to_ascii_lowercase();
            if ENTRY.contains(&name.as_str()) || CONFIGURATION.contains(&apt::key(setting).as_str())
            {
                let state = State::of_text(&setting.value, apt::yes);
                let found = Found::setting(setting).unfixed();
                findings.extend(BYPASS.judge(state, found, Vec::new()));
            }
        }
        for (command, invocation) in invocations(file) {
            if !apt::is_program(invocation.program) {
                continue;
            }
            for option in apt::options(&invocation) {
                if CONFIGURATION.contains(&option.key.as_str()) {
                    let state = option.state(apt::yes);
                    findings.extend(BYPASS.judge(state, option.found.unfixed(), Vec::new()));
                }
            }
            let before = findings.len();
            for option in [
                "--allow-unauthenticated",
                "--force-yes",
                "--allow-insecure-repositories",
                "--allow-untrusted",
            ] {
                BYPASS.flag(command, &invocation, option, findings);
            }
            // That a handshake verifies tells nothing of signatures.
            findings[before..].iter_mut().for_each(|finding| finding.fix = None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::AptUnsigned;
    use crate::fix::proof::fixed;
    use crate::rules::proof::messages;

    const OFF: &str = "signature verification of apt is switched off";

    #[test]
    fn every_way_to_switch_it_off_is_found() {
        for (path, text, message) in [
            ("sources.list", "deb [trusted=yes] https://a.example/debian stable main\n", OFF),
            (
                "sources.list",
                "deb [ arch=amd64 allow-insecure=yes ] https://a.example/debian stable main\n",
                OFF,
            ),
            (
                "etc/apt/sources.list.d/a.sources",
                "Types: deb\nURIs: https://a.example/debian\nSuites: stable\nTrusted: yes\n",
                OFF,
            ),
            ("apt.conf", "APT::Get::AllowUnauthenticated \"true\";\n", OFF),
            ("apt.conf", "Acquire::AllowInsecureRepositories \"1\";\n", OFF),
            ("a.sh", "apt-get install -y --allow-unauthenticated x\n", OFF),
            ("a.sh", "apt-get install --force-yes x\n", OFF),
            ("a.sh", "apt-get update --allow-insecure-repositories\n", OFF),
            ("a.sh", "apt-get -o APT::Get::AllowUnauthenticated=true install x\n", OFF),
            (
                "Dockerfile",
                "FROM a\nRUN apt-get update && apt-get install -y --allow-unauthenticated x\n",
                OFF,
            ),
        ] {
            assert_eq!(messages(&AptUnsigned, &[(path, text)]), [message], "{path}: {text}");
        }
    }

    #[test]
    fn what_verifies_is_not_found() {
        for (path, text) in [
            ("sources.list", "deb [signed-by=/etc/a.asc] https://a.example/debian stable main\n"),
            ("sources.list", "deb [trusted=no] https://a.example/debian stable main\n"),
            ("a.sh", "apt-get install --allow-downgrades x\n"),
        ] {
            assert_eq!(messages(&AptUnsigned, &[(path, text)]), [""; 0], "{path}: {text}");
        }
    }

    #[test]
    fn it_has_no_fix() {
        for (path, before, after) in [
            (
                "sources.list",
                "deb [trusted=yes] https://a.example/debian stable main\n",
                "deb [trusted=yes] https://a.example/debian stable main\n",
            ),
            (
                "a.sh",
                "apt-get install --allow-unauthenticated x\n",
                "apt-get install --allow-unauthenticated x\n",
            ),
        ] {
            assert_eq!(fixed(&AptUnsigned, path, before), after, "{path}");
        }
    }

    #[test]
    fn it_is_allowed_by_a_comment_with_a_reason() {
        let text = "# provender: allow lint/apt-unsigned -- made in this build\ndeb [trusted=yes] file:/srv/a ./\n";
        assert_eq!(messages(&AptUnsigned, &[("sources.list", text)]), [""; 0]);
    }
}
