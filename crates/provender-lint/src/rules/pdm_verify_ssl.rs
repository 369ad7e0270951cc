//! `verify_ssl = false`: pdm believes whoever answers.

use provender_core::Level;

use super::Rule;
use super::bypass::{BELIEVED, Bypass, Found, invocations, positional};
use super::value::State;
use crate::facts::Tool;
use crate::finding::Finding;
use crate::source::File;

/// `lint/pdm-verify-ssl`.
pub(crate) struct PdmVerifySsl;

const BYPASS: Bypass = Bypass {
    rule: "lint/pdm-verify-ssl",
    what: "TLS verification of pdm",
    label: BELIEVED,
    because: &["pdm takes the hashes of its lock from the same index when it locks"],
    hint: "delete it; where the source's CA is private, name a bundle in `ca_certs` or \
           REQUESTS_CA_BUNDLE, or install truststore beside pdm",
};

impl Rule for PdmVerifySsl {
    fn id(&self) -> &'static str {
        "lint/pdm-verify-ssl"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn summary(&self) -> &'static str {
        "TLS verification of pdm is switched off for a source"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/pdm-verify-ssl.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        let about = |name: &str| name == "verify_ssl";
        BYPASS.settings(file, &[Tool::Pdm], |one| about(one.name()), off, findings);
        // pdm reads an empty variable as no.
        let off_or_empty = |value: &str| value.is_empty() || off(value);
        BYPASS.variables(file, |name| name == "PDM_PYPI_VERIFY_SSL", off_or_empty, findings);
        for (command, invocation) in invocations(file) {
            if invocation.program != "pdm" {
                continue;
            }
            BYPASS.flag(command, &invocation, "--no-verify-ssl", findings);
            if let [config, key, value, ..] =
                positional(&invocation, &["-p", "--project", "-c"])[..]
                && config.text == "config"
                && key.text.ends_with(".verify_ssl")
            {
                let state = State::of(value, off);
                findings.extend(BYPASS.judge(state, Found::command(file, command), Vec::new()));
            }
        }
    }
}

fn off(value: &str) -> bool {
    ["false", "no", "0"].iter().any(|no| value.eq_ignore_ascii_case(no))
}

#[cfg(test)]
mod tests {
    use super::PdmVerifySsl;
    use crate::fix::proof::fixed;
    use crate::rules::proof::messages;

    const OFF: &str = "TLS verification of pdm is switched off";

    #[test]
    fn every_way_to_switch_it_off_is_found() {
        for (path, text, message) in [
            ("pdm.toml", "[pypi]\nverify_ssl = false\n", OFF),
            (
                "pyproject.toml",
                "[[tool.pdm.source]]\nurl = \"https://a.example/simple\"\nverify_ssl = false\n",
                "TLS verification of pdm is switched off for `a.example`",
            ),
            ("a.sh", "pdm config pypi.verify_ssl false\n", OFF),
            ("a.sh", "pdm config --local pypi.corp.verify_ssl False\n", OFF),
            ("a.sh", "pdm publish --no-verify-ssl\n", OFF),
            ("a.sh", "export PDM_PYPI_VERIFY_SSL=0\n", OFF),
            ("Dockerfile", "FROM a\nENV PDM_PYPI_VERIFY_SSL=no\n", OFF),
        ] {
            assert_eq!(messages(&PdmVerifySsl, &[(path, text)]), [message], "{path}: {text}");
        }
    }

    #[test]
    fn what_verifies_is_not_found() {
        for (path, text) in [
            ("pdm.toml", "[pypi]\nverify_ssl = true\n"),
            ("a.sh", "pdm config pypi.verify_ssl true\n"),
            ("a.sh", "pdm config pypi.verify_ssl\n"),
            ("a.sh", "PDM_PYPI_VERIFY_SSL=1 pdm lock\n"),
        ] {
            assert_eq!(messages(&PdmVerifySsl, &[(path, text)]), [""; 0], "{path}: {text}");
        }
    }

    #[test]
    fn it_goes_without_debris() {
        for (path, before, after) in [
            (
                "pyproject.toml",
                "[[tool.pdm.source]]\nurl = \"https://a.example/simple\"\nverify_ssl = false\nname = \"a\"\n",
                "[[tool.pdm.source]]\nurl = \"https://a.example/simple\"\nname = \"a\"\n",
            ),
            ("a.sh", "pdm config pypi.verify_ssl false\npdm install\n", "pdm install\n"),
        ] {
            assert_eq!(fixed(&PdmVerifySsl, path, before), after, "{path}");
        }
    }

    #[test]
    fn it_is_allowed_by_a_comment_with_a_reason() {
        let text =
            "[pypi]\nverify_ssl = false # provender: allow lint/pdm-verify-ssl -- a laboratory\n";
        assert_eq!(messages(&PdmVerifySsl, &[("pdm.toml", text)]), [""; 0]);
    }
}
