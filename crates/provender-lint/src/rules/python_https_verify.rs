//! `PYTHONHTTPSVERIFY=0`, which Python 3 does not read.

use provender_core::Level;

use super::Rule;
use super::bypass::{BELIEVED, Bypass, assignments};
use crate::finding::Finding;
use crate::finding::{Edit, Fix, Needs};
use crate::source::File;

/// `lint/python-https-verify`.
pub(crate) struct PythonHttpsVerify;

const PYTHON_2: Bypass = Bypass {
    rule: "lint/python-https-verify",
    what: "TLS verification of Python 2",
    label: BELIEVED,
    because: &["the file names Python 2, whose urllib2 and httplib read it"],
    hint: "move to Python 3, which does not read it",
};

impl Rule for PythonHttpsVerify {
    fn id(&self) -> &'static str {
        "lint/python-https-verify"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn summary(&self) -> &'static str {
        "PYTHONHTTPSVERIFY=0 does nothing on Python 3"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/python-https-verify.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        for assignment in assignments(file) {
            if assignment.name != "PYTHONHTTPSVERIFY"
                || (assignment.known && assignment.value != "0")
            {
                continue;
            }
            let found = assignment.found();
            if names_python_2(file) {
                findings.push(PYTHON_2.off(found.unfixed(), Vec::new()));
                continue;
            }
            let message = "PYTHONHTTPSVERIFY does nothing on Python 3";
            let label = "urllib, requests and pip still verify";
            let finding = Finding::new(self.id(), self.level(), found.span, message, label)
                .because(
                    "who relies on it believes that verification is off, and looks elsewhere \
                          when it fails",
                )
                .hint("delete it");
            findings.push(match found.fix {
                Some((what, span)) => finding.fixed_by(Fix {
                    title: format!("delete {what}"),
                    edits: vec![Edit::delete(span)],
                    needs: Needs::Nothing,
                }),
                None => finding,
            });
        }
    }
}

/// Whether a file runs Python 2 as far as it tells.
fn names_python_2(file: &File) -> bool {
    let program = |name: &str| name == "python2" || name.starts_with("python2.");
    let words = file.facts.commands.iter().flat_map(|command| &command.words);
    let mut names = words.map(|word| word.text.rsplit('/').next().unwrap_or_default());
    let mut bases = file.dockerfile.iter().flat_map(|dockerfile| &dockerfile.stages);
    names.any(program) || bases.any(|stage| stage.base.text.contains("python:2"))
}

#[cfg(test)]
mod tests {
    use super::PythonHttpsVerify;
    use crate::fix::proof::fixed;
    use crate::rules::proof::messages;

    const OFF: &str = "PYTHONHTTPSVERIFY does nothing on Python 3";

    #[test]
    fn every_way_to_switch_it_off_is_found() {
        for (path, text, message) in [
            ("Dockerfile", "FROM a\nENV PYTHONHTTPSVERIFY=0\n", OFF),
            ("a.sh", "PYTHONHTTPSVERIFY=0 pip install x\n", OFF),
            (
                "compose.yaml",
                "services:\n  a:\n    environment:\n      PYTHONHTTPSVERIFY: 0\n",
                OFF,
            ),
            (
                "Dockerfile",
                "FROM python:2.7\nENV PYTHONHTTPSVERIFY=0\n",
                "TLS verification of Python 2 is switched off",
            ),
            (
                "a.sh",
                "PYTHONHTTPSVERIFY=0 python2 a.py\n",
                "TLS verification of Python 2 is switched off",
            ),
        ] {
            assert_eq!(messages(&PythonHttpsVerify, &[(path, text)]), [message], "{path}: {text}");
        }
    }

    #[test]
    fn what_verifies_is_not_found() {
        for (path, text) in [
            ("Dockerfile", "FROM a\nENV PYTHONHTTPSVERIFY=1\n"),
            ("Dockerfile", "FROM a\nARG PYTHONHTTPSVERIFY\n"),
        ] {
            assert_eq!(messages(&PythonHttpsVerify, &[(path, text)]), [""; 0], "{path}: {text}");
        }
    }

    #[test]
    fn it_goes_without_debris() {
        for (path, before, after) in [
            (
                "Dockerfile",
                "FROM a\nENV PYTHONHTTPSVERIFY=0\nRUN pip install x\n",
                "FROM a\nRUN pip install x\n",
            ),
            (
                "Dockerfile",
                "FROM a\nENV PYTHONHTTPSVERIFY=0 PIP_NO_CACHE_DIR=1\n",
                "FROM a\nENV PIP_NO_CACHE_DIR=1\n",
            ),
            (
                "Dockerfile",
                "FROM python:2.7\nENV PYTHONHTTPSVERIFY=0\n",
                "FROM python:2.7\nENV PYTHONHTTPSVERIFY=0\n",
            ),
        ] {
            assert_eq!(fixed(&PythonHttpsVerify, path, before), after, "{path}");
        }
    }

    #[test]
    fn it_is_allowed_by_a_comment_with_a_reason() {
        let text = "FROM a\n# provender: allow lint/python-https-verify -- for a Python 2 that is mounted\nENV PYTHONHTTPSVERIFY=0\n";
        assert_eq!(messages(&PythonHttpsVerify, &[("Dockerfile", text)]), [""; 0]);
    }
}
