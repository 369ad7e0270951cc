//! `certificates.NAME.cert = false`: poetry believes whoever answers.

use provender_core::Level;

use super::Rule;
use super::bypass::{BELIEVED, Bypass, Found, invocations, positional};
use super::value::State;
use crate::facts::Tool;
use crate::finding::Finding;
use crate::source::File;

/// `lint/poetry-cert-off`.
pub(crate) struct PoetryCertOff;

const BYPASS: Bypass = Bypass {
    rule: "lint/poetry-cert-off",
    what: "TLS verification of poetry",
    label: BELIEVED,
    because: &["poetry takes the hashes of its lock from the same index when it locks"],
    hint: "delete it; where the source's CA is private, name the CA's file in \
           `certificates.NAME.cert`, or a full bundle in REQUESTS_CA_BUNDLE",
};

impl Rule for PoetryCertOff {
    fn id(&self) -> &'static str {
        "lint/poetry-cert-off"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn summary(&self) -> &'static str {
        "TLS verification of poetry is switched off for a source"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/poetry-cert-off.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        let about = |path: &[String]| matches!(path, [.., certificates, _, cert] if certificates == "certificates" && cert == "cert");
        BYPASS.settings(file, &[Tool::Poetry], |one| about(&one.path), off, findings);
        let about = |name: &str| {
            name.starts_with("POETRY_CERTIFICATES_")
                && name.ends_with("_CERT")
                && !name.ends_with("_CLIENT_CERT")
        };
        BYPASS.variables(file, about, off, findings);
        for (command, invocation) in invocations(file) {
            if invocation.program == "poetry"
                && let [config, key, value, ..] = positional(&invocation, &["-C", "-P"])[..]
                && config.text == "config"
                && key.text.starts_with("certificates.")
                && key.text.ends_with(".cert")
            {
                let state = State::of(value, off);
                findings.extend(BYPASS.judge(state, Found::command(file, command), Vec::new()));
            }
        }
    }
}

/// What poetry reads as no; anything but a yes or a no is the path of a CA.
fn off(value: &str) -> bool {
    value.eq_ignore_ascii_case("false") || value == "0"
}

#[cfg(test)]
mod tests {
    use super::PoetryCertOff;
    use crate::fix::proof::fixed;
    use crate::rules::proof::messages;

    const OFF: &str = "TLS verification of poetry is switched off";

    #[test]
    fn every_way_to_switch_it_off_is_found() {
        for (path, text, message) in [
            ("poetry.toml", "[certificates.corp]\ncert = false\n", OFF),
            ("poetry.toml", "certificates.corp.cert = false\n", OFF),
            ("a.sh", "poetry config certificates.corp.cert false\n", OFF),
            ("a.sh", "poetry config --local certificates.corp.cert false\n", OFF),
            ("a.sh", "export POETRY_CERTIFICATES_CORP_CERT=false\n", OFF),
            ("Dockerfile", "FROM a\nENV POETRY_CERTIFICATES_CORP_CERT=false\n", OFF),
            (
                "a.sh",
                "poetry config certificates.corp.cert $CERT\n",
                "TLS verification of poetry may be switched off",
            ),
        ] {
            assert_eq!(messages(&PoetryCertOff, &[(path, text)]), [message], "{path}: {text}");
        }
    }

    #[test]
    fn what_verifies_is_not_found() {
        for (path, text) in [
            ("poetry.toml", "[certificates.corp]\ncert = \"/etc/ssl/corp.pem\"\n"),
            ("a.sh", "poetry config certificates.corp.cert /etc/ssl/corp.pem\n"),
            ("a.sh", "POETRY_CERTIFICATES_CORP_CERT=/etc/ssl/corp.pem poetry lock\n"),
            ("a.sh", "poetry config certificates.corp.cert --unset\n"),
            ("a.sh", "POETRY_CERTIFICATES_CORP_CLIENT_CERT=false poetry lock\n"),
        ] {
            assert_eq!(messages(&PoetryCertOff, &[(path, text)]), [""; 0], "{path}: {text}");
        }
    }

    #[test]
    fn it_goes_without_debris() {
        for (path, before, after) in [
            (
                "poetry.toml",
                "[certificates.corp]\ncert = false\n[virtualenvs]\ncreate = true\n",
                "[certificates.corp]\n[virtualenvs]\ncreate = true\n",
            ),
            (
                "Dockerfile",
                "FROM a\nRUN poetry config certificates.corp.cert false && poetry install\n",
                "FROM a\nRUN poetry install\n",
            ),
        ] {
            assert_eq!(fixed(&PoetryCertOff, path, before), after, "{path}");
        }
    }

    #[test]
    fn it_is_allowed_by_a_comment_with_a_reason() {
        let text = "[certificates.corp]\n# provender: allow lint/poetry-cert-off -- a laboratory\ncert = false\n";
        assert_eq!(messages(&PoetryCertOff, &[("poetry.toml", text)]), [""; 0]);
    }
}
