//! `apk --allow-untrusted`, `--no-check-certificate`.

use provender_core::Level;

use super::Rule;
use super::bypass::{BELIEVED, Bypass, invocations};
use crate::finding::Finding;
use crate::source::File;

/// `lint/apk-untrusted`.
pub(crate) struct ApkUntrusted;

const SIGNATURES: Bypass = Bypass {
    rule: "lint/apk-untrusted",
    what: "signature verification of apk",
    label: "packages that nobody signed are installed",
    because: &["a package's scripts run as root when it is installed; TLS does not replace its \
                signature"],
    hint: "delete it, and put the repository's public key into /etc/apk/keys",
};

const TLS: Bypass = Bypass {
    rule: "lint/apk-untrusted",
    what: "TLS verification of apk",
    label: BELIEVED,
    because: &[
        "apk still verifies signatures; that nothing older is served and nobody reads along \
                is lost",
    ],
    hint: "delete it; where the mirror's CA is private, put a bundle at /etc/apk/ca.pem or the CA \
           into the system's store",
};

impl Rule for ApkUntrusted {
    fn id(&self) -> &'static str {
        "lint/apk-untrusted"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn summary(&self) -> &'static str {
        "signature or TLS verification of apk is switched off"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/apk-untrusted.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        for (command, invocation) in invocations(file) {
            if invocation.program != "apk" {
                continue;
            }
            TLS.flag(command, &invocation, "--no-check-certificate", findings);
            let before = findings.len();
            SIGNATURES.flag(command, &invocation, "--allow-untrusted", findings);
            // That a handshake verifies tells nothing of signatures.
            findings[before..].iter_mut().for_each(|finding| finding.fix = None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ApkUntrusted;
    use crate::fix::proof::fixed;
    use crate::rules::proof::messages;

    const OFF: &str = "signature verification of apk is switched off";

    #[test]
    fn every_way_to_switch_it_off_is_found() {
        for (path, text, message) in [
            ("a.sh", "apk add --allow-untrusted x.apk\n", OFF),
            ("Dockerfile", "FROM a\nRUN apk --no-cache add --allow-untrusted x\n", OFF),
            (
                "a.sh",
                "apk --no-check-certificate add x\n",
                "TLS verification of apk is switched off",
            ),
        ] {
            assert_eq!(messages(&ApkUntrusted, &[(path, text)]), [message], "{path}: {text}");
        }
    }

    #[test]
    fn what_verifies_is_not_found() {
        for (path, text) in [("a.sh", "apk add x\n"), ("a.sh", "apk-tools --allow-untrusted\n")] {
            assert_eq!(messages(&ApkUntrusted, &[(path, text)]), [""; 0], "{path}: {text}");
        }
    }

    #[test]
    fn it_goes_without_debris() {
        let (path, before, after) = (
            "a.sh",
            "apk add --no-check-certificate --allow-untrusted x\n",
            "apk add --allow-untrusted x\n",
        );
        assert_eq!(fixed(&ApkUntrusted, path, before), after, "{path}");
    }

    #[test]
    fn it_is_allowed_by_a_comment_with_a_reason() {
        let text = "FROM a\n# provender: allow lint/apk-untrusted -- made in an earlier stage\nRUN apk add --allow-untrusted /x.apk\n";
        assert_eq!(messages(&ApkUntrusted, &[("Dockerfile", text)]), [""; 0]);
    }
}
