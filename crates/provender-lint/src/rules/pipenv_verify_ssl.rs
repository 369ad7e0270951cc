//! `verify_ssl = false` in a `Pipfile`: pipenv believes whoever answers.

use provender_core::Level;

use super::Rule;
use super::bypass::{BELIEVED, Bypass};
use super::value::no;
use crate::facts::Tool;
use crate::finding::Finding;
use crate::source::File;

/// `lint/pipenv-verify-ssl`.
pub(crate) struct PipenvVerifySsl;

const BYPASS: Bypass = Bypass {
    rule: "lint/pipenv-verify-ssl",
    what: "TLS verification of pipenv",
    label: BELIEVED,
    because: &["pipenv takes the hashes of `Pipfile.lock` from the same index when it locks, and \
                tells pip to trust the host when it installs"],
    hint: "delete it or set it to true; where the source's CA is private, name a full bundle in \
           PIP_CERT and REQUESTS_CA_BUNDLE",
};

impl Rule for PipenvVerifySsl {
    fn id(&self) -> &'static str {
        "lint/pipenv-verify-ssl"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn summary(&self) -> &'static str {
        "TLS verification of pipenv is switched off for a source"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/pipenv-verify-ssl.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        let tools = [Tool::Pipenv];
        BYPASS.settings(file, &tools, |one| one.name() == "verify_ssl", no, findings);
    }
}

#[cfg(test)]
mod tests {
    use super::PipenvVerifySsl;
    use crate::fix::proof::fixed;
    use crate::rules::proof::messages;

    const OFF: &str = "TLS verification of pipenv is switched off for `a.example`";

    #[test]
    fn every_way_to_switch_it_off_is_found() {
        for (path, text, message) in [
            (
                "Pipfile",
                "[[source]]\nname = \"a\"\nurl = \"https://a.example/simple\"\nverify_ssl = false\n",
                OFF,
            ),
            (
                "Pipfile",
                "[[source]]\nurl = \"https://b.example\"\nverify_ssl = true\n\n[[source]]\nurl = \"https://a.example\"\nverify_ssl = false\n",
                OFF,
            ),
        ] {
            assert_eq!(messages(&PipenvVerifySsl, &[(path, text)]), [message], "{path}: {text}");
        }
    }

    #[test]
    fn what_verifies_is_not_found() {
        let (path, text) =
            ("Pipfile", "[[source]]\nurl = \"https://a.example/simple\"\nverify_ssl = true\n");
        assert_eq!(messages(&PipenvVerifySsl, &[(path, text)]), [""; 0], "{path}: {text}");
    }

    #[test]
    fn it_goes_without_debris() {
        let (path, before, after) = (
            "Pipfile",
            "[[source]]\nurl = \"https://a.example\"\nverify_ssl = false\nname = \"a\"\n",
            "[[source]]\nurl = \"https://a.example\"\nname = \"a\"\n",
        );
        assert_eq!(fixed(&PipenvVerifySsl, path, before), after, "{path}");
    }

    #[test]
    fn it_is_allowed_by_a_comment_with_a_reason() {
        let text = "[[source]]\n# provender: allow lint/pipenv-verify-ssl -- a laboratory\nverify_ssl = false\n";
        assert_eq!(messages(&PipenvVerifySsl, &[("Pipfile", text)]), [""; 0]);
    }
}
