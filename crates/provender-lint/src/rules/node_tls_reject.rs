//! `NODE_TLS_REJECT_UNAUTHORIZED=0`: every program on Node believes whoever answers.

use provender_core::Level;

use super::Rule;
use super::bypass::{BELIEVED, Bypass};
use crate::finding::Finding;
use crate::source::File;

/// `lint/node-tls-reject`.
pub(crate) struct NodeTlsReject;

const BYPASS: Bypass = Bypass {
    rule: "lint/node-tls-reject",
    what: "TLS verification of Node",
    label: BELIEVED,
    because: &["it holds for every connection of every program on Node, also of the application"],
    hint: "delete it; where a server's CA is private, name that CA in NODE_EXTRA_CA_CERTS",
};

impl Rule for NodeTlsReject {
    fn id(&self) -> &'static str {
        BYPASS.rule
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn summary(&self) -> &'static str {
        "TLS verification of Node is switched off"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/node-tls-reject.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        // Node compares the text with `0`; `false` switches nothing off.
        let about = |name: &str| name == "NODE_TLS_REJECT_UNAUTHORIZED";
        BYPASS.variables(file, about, |value| value == "0", findings);
    }
}

#[cfg(test)]
mod tests {
    use super::NodeTlsReject;
    use crate::fix::proof::fixed;
    use crate::rules::proof::messages;

    const OFF: &str = "TLS verification of Node is switched off";

    #[test]
    fn zero_switches_it_off_wherever_it_is_set() {
        for (path, text) in [
            ("a.sh", "export NODE_TLS_REJECT_UNAUTHORIZED=0\n"),
            ("a.sh", "NODE_TLS_REJECT_UNAUTHORIZED=0 npm ci\n"),
            ("a.sh", "docker run -e NODE_TLS_REJECT_UNAUTHORIZED=0 a\n"),
            ("Dockerfile", "FROM a\nENV NODE_TLS_REJECT_UNAUTHORIZED 0\n"),
            ("Dockerfile", "FROM a\nARG NODE_TLS_REJECT_UNAUTHORIZED='0'\n"),
            ("Dockerfile", "FROM a\nRUN NODE_TLS_REJECT_UNAUTHORIZED=0 npm ci\n"),
            (
                "compose.yaml",
                "services:\n  a:\n    environment:\n      NODE_TLS_REJECT_UNAUTHORIZED: \"0\"\n",
            ),
            (
                "compose.yaml",
                "services:\n  a:\n    environment:\n      NODE_TLS_REJECT_UNAUTHORIZED: 0\n",
            ),
            (".github/workflows/a.yml", "env:\n  NODE_TLS_REJECT_UNAUTHORIZED: 0\njobs: {}\n"),
            (".env", "NODE_TLS_REJECT_UNAUTHORIZED=0\n"),
        ] {
            assert_eq!(messages(&NodeTlsReject, &[(path, text)]), [OFF], "{path}: {text}");
        }
    }

    #[test]
    fn nothing_else_does() {
        for text in [
            "ENV NODE_TLS_REJECT_UNAUTHORIZED=1",
            "ARG NODE_TLS_REJECT_UNAUTHORIZED",
            "ENV NODE_TLS_REJECT_UNAUTHORIZED=false",
        ] {
            let text = format!("FROM a\n{text}\n");
            assert_eq!(messages(&NodeTlsReject, &[("Dockerfile", &text)]), [""; 0], "{text}");
        }
    }

    #[test]
    fn it_goes_with_its_instruction() {
        let text = "FROM a\nENV NODE_TLS_REJECT_UNAUTHORIZED=0\nENV A=1 NODE_TLS_REJECT_UNAUTHORIZED=0\nRUN export NODE_TLS_REJECT_UNAUTHORIZED=0 && npm ci\n";
        assert_eq!(fixed(&NodeTlsReject, "Dockerfile", text), "FROM a\nENV A=1\nRUN npm ci\n");
    }

    #[test]
    fn it_is_allowed_by_a_comment_with_a_reason() {
        let text = "FROM a\n# provender: allow lint/node-tls-reject -- tests only\nENV NODE_TLS_REJECT_UNAUTHORIZED=0\n";
        assert_eq!(messages(&NodeTlsReject, &[("Dockerfile", text)]), [""; 0]);
    }
}
