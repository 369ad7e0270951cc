//! `allow-insecure-host`: uv believes whoever answers for a host.

use provender_core::Level;

use super::Rule;
use super::bypass::{Bypass, Found, assignments, invocations};
use super::host;
use super::value::State;
use crate::facts::Tool;
use crate::finding::Finding;
use crate::source::File;

/// `lint/uv-insecure-host`.
pub(crate) struct UvInsecureHost;

const BYPASS: Bypass = Bypass {
    rule: "lint/uv-insecure-host",
    what: "TLS verification of uv",
    label: "whoever answers for this host is believed",
    because: &["the hashes of an index page come over the same channel as the files: only a lock \
                made elsewhere still protects"],
    hint: "delete it; where the host's CA is private, install it in the system's store and set \
           `system-certs = true` (`native-tls` before uv 0.11)",
};

impl Rule for UvInsecureHost {
    fn id(&self) -> &'static str {
        "lint/uv-insecure-host"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn summary(&self) -> &'static str {
        "TLS verification of uv is switched off for a host"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/uv-insecure-host.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        for setting in file.facts.settings.iter().filter(|setting| setting.tool == Tool::Uv) {
            if setting.name() == "allow-insecure-host" {
                findings.extend(setting.values.iter().filter_map(|value| {
                    let state = State::of_text(&value.text, named);
                    judge(&value.text, state, Found::value(setting, value))
                }));
            }
        }
        for assignment in assignments(file) {
            if assignment.name == "UV_INSECURE_HOST" {
                let state = assignment.state(named);
                findings.extend(judge(assignment.value, state, assignment.found()));
            }
        }
        for (_, invocation) in invocations(file) {
            if !["uv", "uvx"].contains(&invocation.program) {
                continue;
            }
            // The second is uv's name of the first for those who come from pip.
            for option in ["--allow-insecure-host", "--trusted-host"] {
                for used in invocation.option(option, true) {
                    let value = used.value.unwrap_or_default();
                    let known = used.value_word.unwrap_or(used.option).known;
                    let state = if known { State::Off } else { State::Unknown };
                    findings.extend(judge(value, state, Found::option(&used)));
                }
            }
        }
    }
}

fn named(hosts: &str) -> bool {
    host::listed(hosts).next().is_some()
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
    use super::UvInsecureHost;
    use crate::fix::proof::fixed;
    use crate::rules::proof::messages;

    const OFF: &str = "TLS verification of uv is switched off for `a.example`";

    #[test]
    fn every_way_to_switch_it_off_is_found() {
        for (path, text, message) in [
            ("uv.toml", "allow-insecure-host = [\"a.example\"]\n", OFF),
            ("pyproject.toml", "[tool.uv]\nallow-insecure-host = [\"https://a.example\"]\n", OFF),
            ("a.sh", "uv pip install --allow-insecure-host a.example x\n", OFF),
            ("a.sh", "uv sync --allow-insecure-host=a.example\n", OFF),
            ("a.sh", "uvx --allow-insecure-host a.example ruff\n", OFF),
            ("a.sh", "uv pip install --trusted-host a.example x\n", OFF),
            ("a.sh", "export UV_INSECURE_HOST=a.example\n", OFF),
            ("Dockerfile", "FROM a\nENV UV_INSECURE_HOST=a.example\n", OFF),
            (
                "Dockerfile",
                "FROM a\nRUN UV_INSECURE_HOST='a.example b.example' uv sync\n",
                "TLS verification of uv is switched off for `a.example` and 1 more",
            ),
            (".gitlab-ci.yml", "variables:\n  UV_INSECURE_HOST: a.example\n", OFF),
            (
                "a.sh",
                "uv sync --allow-insecure-host \"$HOST\"\n",
                "TLS verification of uv may be switched off",
            ),
        ] {
            assert_eq!(messages(&UvInsecureHost, &[(path, text)]), [message], "{path}: {text}");
        }
    }

    #[test]
    fn what_verifies_is_not_found() {
        for (path, text) in [
            ("uv.toml", "system-certs = true\n"),
            ("uv.toml", "allow-insecure-host = []\n"),
            ("uv.toml", "allow-insecure-host = [\"localhost:3141\"]\n"),
            ("a.sh", "UV_INSECURE_HOST= uv sync\n"),
            ("pyproject.toml", "[tool.other]\nallow-insecure-host = [\"a.example\"]\n"),
        ] {
            assert_eq!(messages(&UvInsecureHost, &[(path, text)]), [""; 0], "{path}: {text}");
        }
    }

    #[test]
    fn it_goes_without_debris() {
        for (path, before, after) in [
            (
                "uv.toml",
                "# ours\nallow-insecure-host = [\n  \"a.example\",\n  \"b.example\",\n]\nsystem-certs = true\n",
                "# ours\nsystem-certs = true\n",
            ),
            ("a.sh", "uv sync --allow-insecure-host a.example --frozen\n", "uv sync --frozen\n"),
            (
                "Dockerfile",
                "FROM a\nENV UV_INSECURE_HOST=a.example \\\n    A=1\n",
                "FROM a\nENV A=1\n",
            ),
        ] {
            assert_eq!(fixed(&UvInsecureHost, path, before), after, "{path}");
        }
    }

    #[test]
    fn it_is_allowed_by_a_comment_with_a_reason() {
        let text = "# provender: allow lint/uv-insecure-host -- a laboratory\nallow-insecure-host = [\"a.example\"]\n";
        assert_eq!(messages(&UvInsecureHost, &[("uv.toml", text)]), [""; 0]);
    }
}
