//! `trusted-host`: pip believes whoever answers for a host.

use provender_core::Level;

use super::Rule;
use super::bypass::{Bypass, Found, assignments, invocations, is_talk, positional};
use super::host;
use super::value::State;
use crate::facts::{Tool, Word};
use crate::finding::Finding;
use crate::source::File;

/// `lint/pip-trusted-host`.
pub(crate) struct PipTrustedHost;

const BYPASS: Bypass = Bypass {
    rule: "lint/pip-trusted-host",
    what: "TLS verification of pip",
    label: "whoever answers for this host is believed",
    because: &["the hashes of an index page come over the same channel as the files: only \
                `--require-hashes` with a lock made elsewhere still protects"],
    hint: "delete it; where the host's CA is private, name that CA in `cert` or PIP_CERT, or \
           install it in the system's store (pip 24.2 and later read it)",
};

impl Rule for PipTrustedHost {
    fn id(&self) -> &'static str {
        BYPASS.rule
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn summary(&self) -> &'static str {
        "TLS verification of pip is switched off for a host"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/pip-trusted-host.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        for setting in file.facts.settings.iter().filter(|setting| setting.tool == Tool::Pip) {
            if is_trusted_host(setting.name()) {
                findings.extend(setting.values.iter().filter_map(|value| {
                    let found = Found::value(setting, value);
                    judge(&value.text, State::of_text(&value.text, named), found)
                }));
            }
        }
        for assignment in assignments(file) {
            if assignment.name == "PIP_TRUSTED_HOST" {
                let state = assignment.state(named);
                findings.extend(judge(assignment.value, state, assignment.found()));
            }
        }
        for (command, invocation) in invocations(file) {
            let program = invocation.program;
            // uv reads the option as its own `--allow-insecure-host`.
            if program == "uv" || is_talk(program) {
                continue;
            }
            for used in invocation.option("--trusted-host", true) {
                let known = used.value_word.unwrap_or(used.option).known;
                let state = if known { State::Off } else { State::Unknown };
                findings.extend(judge(used.value.unwrap_or_default(), state, Found::option(&used)));
            }
            if program == "pip"
                && let [config, set, key, value, ..] = positional(&invocation, &[])[..]
                && config.text == "config"
                && set.text == "set"
                && key.text.rsplit('.').next().is_some_and(is_trusted_host)
            {
                findings.extend(judge_word(value, Found::command(file, command)));
            }
        }
    }
}

/// pip reads a key in any case and with either sign between its words.
fn is_trusted_host(key: &str) -> bool {
    key.replace('_', "-").eq_ignore_ascii_case("trusted-host")
}

/// Whether hosts are named other than the machine itself; pip ignores an empty value.
fn named(hosts: &str) -> bool {
    host::listed(hosts).next().is_some()
}

fn judge_word(value: &Word, found: Found) -> Option<Finding> {
    judge(&value.text, State::of(value, named), found)
}

fn judge(hosts: &str, state: State, found: Found) -> Option<Finding> {
    let hosts: Vec<_> = host::listed(hosts).collect();
    if state == State::Off && hosts.is_empty() {
        return None;
    }
    BYPASS.judge(state, found, hosts)
}

#[cfg(test)]
mod tests {
    use super::PipTrustedHost;
    use crate::fix::proof::fixed;
    use crate::rules::proof::messages;

    const OFF: &str = "TLS verification of pip is switched off for `a.example`";

    #[test]
    fn every_way_to_trust_a_host_is_found() {
        for (path, text) in [
            ("pip.conf", "[global]\ntrusted-host = a.example\n"),
            ("pip.conf", "[install]\ntrusted_host=\n  a.example\n"),
            ("requirements.txt", "--trusted-host a.example\nflask==3.0.0\n"),
            ("requirements.txt", "--trusted-host=a.example\n"),
            ("a.sh", "pip3 install --trusted-host a.example flask\n"),
            ("a.sh", "sudo -H python3 -m pip install --trusted-host=a.example flask\n"),
            ("a.sh", "pip-compile --trusted-host a.example\n"),
            ("a.sh", "pip config set global.trusted-host a.example\n"),
            ("a.sh", "python -m pip config --user set install.trusted-host 'a.example'\n"),
            ("a.sh", "export PIP_TRUSTED_HOST=a.example\n"),
            ("a.sh", "PIP_TRUSTED_HOST=a.example pip install flask\n"),
            ("a.sh", "env PIP_TRUSTED_HOST=a.example pip install flask\n"),
            ("a.sh", "docker build --build-arg PIP_TRUSTED_HOST=a.example .\n"),
            ("a.sh", "bash -c 'pip install --trusted-host a.example flask'\n"),
            ("Dockerfile", "FROM a\nENV PIP_TRUSTED_HOST a.example\n"),
            ("Dockerfile", "FROM a\nENV A=1 PIP_TRUSTED_HOST=\"a.example\"\n"),
            (
                "Dockerfile",
                "FROM a\nARG HOST=a.example\nRUN pip install \\\n  --trusted-host $HOST x\n",
            ),
            ("Dockerfile", "FROM a\nRUN <<EOF\npip install --trusted-host a.example x\nEOF\n"),
            (
                "compose.yaml",
                "services:\n  a:\n    environment:\n      PIP_TRUSTED_HOST: a.example\n",
            ),
            (
                "compose.yaml",
                "services:\n  a:\n    build:\n      context: .\n      args:\n        - PIP_TRUSTED_HOST=a.example\n",
            ),
            (
                ".gitlab-ci.yml",
                "a:\n  variables:\n    PIP_TRUSTED_HOST: a.example\n  script: [make]\n",
            ),
            (
                ".github/workflows/a.yml",
                "jobs:\n  a:\n    steps:\n      - run: pip install --trusted-host a.example x\n",
            ),
        ] {
            assert_eq!(messages(&PipTrustedHost, &[(path, text)]), [OFF], "{path}: {text}");
        }
    }

    #[test]
    fn what_trusts_no_host_on_the_wire_is_not_found() {
        for (path, text) in [
            ("pip.conf", "[global]\nindex-url = https://a.example/simple\n"),
            ("pip.conf", "[global]\ntrusted-host = localhost 127.0.0.1:3141\n"),
            ("a.sh", "PIP_TRUSTED_HOST= pip install flask\n"),
            ("a.sh", "pip config unset global.trusted-host\n"),
            ("a.sh", "echo pip install --trusted-host a.example\n"),
            ("a.sh", "uv pip install --trusted-host a.example x\n"),
        ] {
            assert_eq!(messages(&PipTrustedHost, &[(path, text)]), [""; 0], "{path}: {text}");
        }
    }

    #[test]
    fn what_is_known_only_when_it_runs_may_be_a_host() {
        let text = "pip install --trusted-host \"$1\" x\n";
        assert_eq!(
            messages(&PipTrustedHost, &[("a.sh", text)]),
            ["TLS verification of pip may be switched off"]
        );
        assert_eq!(fixed(&PipTrustedHost, "a.sh", text), text);
    }

    #[test]
    fn it_goes_without_debris() {
        for (path, before, after) in [
            (
                "pip.conf",
                "[global]\ntimeout = 9\ntrusted-host =\n    a.example\n    b.example\n",
                "[global]\ntimeout = 9\n",
            ),
            (
                "pip.conf",
                "[global]\r\ntrusted-host = a.example\r\ntimeout = 9\r\n",
                "[global]\r\ntimeout = 9\r\n",
            ),
            ("requirements.txt", "# ü\n--trusted-host a.example\nflask\n", "# ü\nflask\n"),
            (
                "requirements.txt",
                "--index-url https://a.example --trusted-host a.example\n",
                "--index-url https://a.example\n",
            ),
            (
                "a.sh",
                "pip install --trusted-host a.example --trusted-host=b.example x\n",
                "pip install x\n",
            ),
            ("a.sh", "PIP_TRUSTED_HOST=a.example pip install x\n", "pip install x\n"),
            (
                "a.sh",
                "pip config set global.trusted-host a.example\npip install x\n",
                "pip install x\n",
            ),
            (
                "a.sh",
                "set -e; pip config set global.trusted-host a.example; pip install x\n",
                "set -e; pip install x\n",
            ),
            ("Dockerfile", "FROM a\nENV PIP_TRUSTED_HOST=a.example\nUSER b\n", "FROM a\nUSER b\n"),
            (
                "Dockerfile",
                "FROM a\nENV A=1 \\\n    PIP_TRUSTED_HOST=a.example \\\n    B=2\n",
                "FROM a\nENV A=1 \\\n    B=2\n",
            ),
            (
                "Dockerfile",
                "FROM a\nRUN pip config set global.trusted-host a.example\nUSER b\n",
                "FROM a\nUSER b\n",
            ),
            (
                "Dockerfile",
                "FROM a\nRUN pip config set global.trusted-host a.example && \\\n    pip install x\n",
                "FROM a\nRUN pip install x\n",
            ),
            (
                "Dockerfile",
                "FROM a\nRUN pip install x \\\n    --trusted-host a.example \\\n    --trusted-host b.example\n",
                "FROM a\nRUN pip install x\n",
            ),
        ] {
            assert_eq!(fixed(&PipTrustedHost, path, before), after, "{path}");
        }
    }

    #[test]
    fn it_is_allowed_by_a_comment_with_a_reason() {
        let text = "[global]\n; provender: allow lint/pip-trusted-host -- a laboratory\ntrusted-host = a.example\n";
        assert_eq!(messages(&PipTrustedHost, &[("pip.conf", text)]), [""; 0]);
    }
}
