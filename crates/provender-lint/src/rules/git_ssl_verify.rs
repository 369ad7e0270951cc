//! `http.sslVerify = false`, `GIT_SSL_NO_VERIFY`: git believes whoever answers.

use provender_core::Level;

use super::Rule;
use super::bypass::{BELIEVED, Bypass, Found, assignments, invocations, positional};
use super::host;
use super::value::State;
use crate::facts::{Command, Invocation, Tool};
use crate::finding::Finding;
use crate::source::File;

/// `lint/git-ssl-verify`.
pub(crate) struct GitSslVerify;

const BYPASS: Bypass = Bypass {
    rule: "lint/git-ssl-verify",
    what: "TLS verification of git",
    label: BELIEVED,
    because: &[
        "a branch or a tag is what the server says it is: whoever answers chooses the commit",
    ],
    hint: "delete it; where the server's CA is private, name it in `http.sslCAInfo`, which a table \
           `[http \"https://HOST/\"]` limits to one server",
};

impl Rule for GitSslVerify {
    fn id(&self) -> &'static str {
        "lint/git-ssl-verify"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn summary(&self) -> &'static str {
        "TLS verification of git is switched off"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/git-ssl-verify.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        for setting in file.facts.settings.iter().filter(|setting| setting.tool == Tool::Git) {
            if is_ssl_verify(&setting.path.join(".")) {
                let hosts = setting.path.iter().filter_map(|part| host::of_url(part)).collect();
                let state = State::of_text(&setting.value, off);
                findings.extend(BYPASS.judge(state, Found::setting(setting), hosts));
            }
        }
        for assignment in assignments(file) {
            if assignment.name == "GIT_SSL_NO_VERIFY" {
                // Whatever it is set to, also to 0 or to nothing: git asks only whether it is there.
                findings.push(BYPASS.off(assignment.found(), Vec::new()).because(ANY_VALUE));
            }
        }
        for (command, invocation) in invocations(file) {
            if invocation.program == "git" {
                of_command(file, command, &invocation, findings);
            }
        }
    }
}

const ANY_VALUE: &str = "git asks whether GIT_SSL_NO_VERIFY is there, not what it is set to";

fn of_command(
    file: &File,
    command: &Command,
    invocation: &Invocation<'_>,
    findings: &mut Vec<Finding>,
) {
    for option in ["-c", "--config"] {
        for used in invocation.option(option, true) {
            // A key without a value is a yes.
            let Some((key, value)) = used.value.and_then(|pair| pair.split_once('=')) else {
                continue;
            };
            if is_ssl_verify(key) {
                let known = used.value_word.unwrap_or(used.option).known;
                let state = if known { State::of_text(value, off) } else { State::Unknown };
                findings.extend(BYPASS.judge(state, Found::option(&used), of_key(key)));
            }
        }
    }
    let words =
        positional(invocation, &["-c", "-C", "-f", "--file", "--blob", "--type", "--comment"]);
    let pair = match words[..] {
        [config, set, key, value, ..] if config.text == "config" && set.text == "set" => {
            (key, value)
        }
        [config, key, value, ..] if config.text == "config" => (key, value),
        _ => return,
    };
    let asks = |word: &str| word.starts_with("--unset") || word.starts_with("--get");
    if is_ssl_verify(&pair.0.text) && !invocation.arguments.iter().any(|word| asks(&word.text)) {
        let state = State::of(pair.1, off);
        findings.extend(BYPASS.judge(state, Found::command(file, command), of_key(&pair.0.text)));
    }
}

/// The host of a key that holds for one URL.
fn of_key(key: &str) -> Vec<String> {
    let url = key.split_once('.').map_or("", |(_, rest)| rest);
    host::of_url(url.rsplit_once('.').map_or("", |(url, _)| url)).into_iter().collect()
}

/// `http.sslVerify` or `http.URL.sslVerify`; git reads both ends in any case.
fn is_ssl_verify(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.starts_with("http.") && key.ends_with(".sslverify")
}

/// What git reads as no (git-config(1), boolean).
fn off(value: &str) -> bool {
    ["false", "no", "off", "0", ""].iter().any(|no| value.eq_ignore_ascii_case(no))
}

#[cfg(test)]
mod tests {
    use super::GitSslVerify;
    use crate::fix::proof::fixed;
    use crate::rules::proof::messages;

    const OFF: &str = "TLS verification of git is switched off";

    #[test]
    fn every_way_to_switch_it_off_is_found() {
        for (path, text, message) in [
            (".gitconfig", "[http]\n\tsslVerify = false\n", OFF),
            (".gitconfig", "[HTTP]\n\tsslverify = no\n", OFF),
            (
                ".gitconfig",
                "[http \"https://git.example/\"]\n\tsslVerify = off\n",
                "TLS verification of git is switched off for `git.example`",
            ),
            ("a.sh", "git config --global http.sslVerify false\n", OFF),
            ("a.sh", "git config set --global http.sslverify 0\n", OFF),
            (
                "a.sh",
                "git config http.https://git.example/.sslVerify false\n",
                "TLS verification of git is switched off for `git.example`",
            ),
            ("a.sh", "git -c http.sslVerify=false clone https://git.example/a\n", OFF),
            ("a.sh", "git clone --config http.sslVerify=false https://git.example/a\n", OFF),
            ("a.sh", "export GIT_SSL_NO_VERIFY=true\n", OFF),
            ("a.sh", "GIT_SSL_NO_VERIFY=0 git pull\n", OFF),
            ("a.sh", "GIT_SSL_NO_VERIFY= git pull\n", OFF),
            ("a.sh", "env GIT_SSL_NO_VERIFY=$X git pull\n", OFF),
            ("Dockerfile", "FROM a\nENV GIT_SSL_NO_VERIFY=1\n", OFF),
            (
                "compose.yaml",
                "services:\n  a:\n    environment:\n      - GIT_SSL_NO_VERIFY=false\n",
                OFF,
            ),
            (
                "a.sh",
                "git config http.sslVerify $VERIFY\n",
                "TLS verification of git may be switched off",
            ),
        ] {
            assert_eq!(messages(&GitSslVerify, &[(path, text)]), [message], "{path}: {text}");
        }
    }

    #[test]
    fn what_verifies_is_not_found() {
        for (path, text) in [
            (".gitconfig", "[http]\n\tsslVerify = true\n\tsslCAInfo = a.pem\n"),
            (".gitconfig", "[http]\n\tsslVerify\n"),
            ("a.sh", "git config --unset http.sslVerify\n"),
            ("a.sh", "git config --get http.sslVerify false\n"),
            ("a.sh", "git -c http.sslVerify clone https://git.example/a\n"),
            ("a.sh", "git config http.sslVerify true\n"),
            ("a.sh", "unset GIT_SSL_NO_VERIFY\n"),
        ] {
            assert_eq!(messages(&GitSslVerify, &[(path, text)]), [""; 0], "{path}: {text}");
        }
    }

    #[test]
    fn it_goes_without_debris() {
        for (path, before, after) in [
            (
                ".gitconfig",
                "[http]\n\tsslVerify = false\n\tpostBuffer = 1\n",
                "[http]\n\tpostBuffer = 1\n",
            ),
            (
                "a.sh",
                "git -c http.sslVerify=false clone https://git.example/a\n",
                "git clone https://git.example/a\n",
            ),
            (
                "Dockerfile",
                "FROM a\nRUN git config --global http.sslVerify false \\\n && git clone https://git.example/a\n",
                "FROM a\nRUN git clone https://git.example/a\n",
            ),
            ("a.sh", "GIT_SSL_NO_VERIFY=1 git pull\n", "git pull\n"),
        ] {
            assert_eq!(fixed(&GitSslVerify, path, before), after, "{path}");
        }
    }

    #[test]
    fn it_is_allowed_by_a_comment_with_a_reason() {
        let text =
            "[http]\n\tsslVerify = false ; provender: allow lint/git-ssl-verify -- a laboratory\n";
        assert_eq!(messages(&GitSslVerify, &[(".gitconfig", text)]), [""; 0]);
    }
}
