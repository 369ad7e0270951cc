//! `Verify-Peer "false"`: apt believes whoever answers.

use provender_core::Level;

use super::Rule;
use super::apt;
use super::bypass::{BELIEVED, Bypass, Found, invocations};
use super::value::State;
use crate::facts::Tool;
use crate::finding::Finding;
use crate::source::File;

/// `lint/apt-unverified`.
pub(crate) struct AptUnverified;

const BYPASS: Bypass = Bypass {
    rule: "lint/apt-unverified",
    what: "TLS verification of apt",
    label: BELIEVED,
    because: &[
        "apt still verifies signatures; that nothing older is served and nobody reads along \
                is lost",
    ],
    hint: "delete it; where the mirror's CA is private, name it in `Acquire::https::CAInfo`",
};

impl Rule for AptUnverified {
    fn id(&self) -> &'static str {
        "lint/apt-unverified"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn summary(&self) -> &'static str {
        "TLS verification of apt is switched off"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/apt-unverified.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        for setting in file.facts.settings.iter().filter(|setting| setting.tool == Tool::Apt) {
            if is_verify(&apt::key(setting)) {
                let state = State::of_text(&setting.value, apt::no);
                findings.extend(BYPASS.judge(state, Found::setting(setting), Vec::new()));
            }
        }
        for (_, invocation) in invocations(file) {
            for option in apt::options(&invocation) {
                if is_verify(&option.key) {
                    findings.extend(BYPASS.judge(option.state(apt::no), option.found, Vec::new()));
                }
            }
        }
    }
}

fn is_verify(key: &str) -> bool {
    key.starts_with("acquire::")
        && (key.ends_with("::verify-peer") || key.ends_with("::verify-host"))
}

#[cfg(test)]
mod tests {
    use super::AptUnverified;
    use crate::fix::proof::fixed;
    use crate::rules::proof::messages;

    const OFF: &str = "TLS verification of apt is switched off";

    #[test]
    fn every_way_to_switch_it_off_is_found() {
        for (path, text, message) in [
            ("apt.conf", "Acquire::https::Verify-Peer \"false\";\n", OFF),
            ("apt.conf", "Acquire::https {\n  Verify-Host \"no\";\n};\n", OFF),
            ("apt.conf", "Acquire::https::a.example::Verify-Peer \"0\";\n", OFF),
            ("a.sh", "apt-get -o Acquire::https::Verify-Peer=false update\n", OFF),
            ("a.sh", "apt -oacquire::https::verify-host=no update\n", OFF),
            ("a.sh", "apt-get update --option=Acquire::https::Verify-Peer=false\n", OFF),
            (
                "Dockerfile",
                "FROM a\nRUN apt-get -o 'Acquire::https::a.example::Verify-Peer=false' update\n",
                OFF,
            ),
        ] {
            assert_eq!(messages(&AptUnverified, &[(path, text)]), [message], "{path}: {text}");
        }
    }

    #[test]
    fn what_verifies_is_not_found() {
        for (path, text) in [
            ("apt.conf", "Acquire::https::Verify-Peer \"true\";\n"),
            ("a.sh", "apt-get -o Acquire::https::CAInfo=a.pem update\n"),
        ] {
            assert_eq!(messages(&AptUnverified, &[(path, text)]), [""; 0], "{path}: {text}");
        }
    }

    #[test]
    fn it_goes_without_debris() {
        for (path, before, after) in [
            (
                "apt.conf",
                "Acquire::https::Verify-Peer \"false\";\nAPT::Install-Recommends \"0\";\n",
                "APT::Install-Recommends \"0\";\n",
            ),
            (
                "Dockerfile",
                "FROM a\nRUN apt-get -o Acquire::https::Verify-Peer=false update\n",
                "FROM a\nRUN apt-get update\n",
            ),
        ] {
            assert_eq!(fixed(&AptUnverified, path, before), after, "{path}");
        }
    }

    #[test]
    fn it_is_allowed_by_a_comment_with_a_reason() {
        let text = "// provender: allow lint/apt-unverified -- a laboratory\nAcquire::https::Verify-Peer \"false\";\n";
        assert_eq!(messages(&AptUnverified, &[("apt.conf", text)]), [""; 0]);
    }
}
