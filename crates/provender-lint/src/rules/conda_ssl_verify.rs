//! `ssl_verify: false`: conda believes whoever answers.

use provender_core::Level;

use super::Rule;
use super::bypass::{BELIEVED, Bypass, Found, invocations, positional};
use super::value::{State, no};
use crate::facts::{Command, Invocation, Tool};
use crate::finding::Finding;
use crate::source::File;

/// `lint/conda-ssl-verify`.
pub(crate) struct CondaSslVerify;

const BYPASS: Bypass = Bypass {
    rule: "lint/conda-ssl-verify",
    what: "TLS verification of conda",
    label: BELIEVED,
    because: &[
        "conda checks what it fetches against the channel's own index, which comes over the \
                same channel",
    ],
    hint: "delete it; where a CA is private, `ssl_verify: truststore` (conda 23.9 and later) reads \
           the system's store, and `ssl_verify: PATH` a bundle",
};

impl Rule for CondaSslVerify {
    fn id(&self) -> &'static str {
        "lint/conda-ssl-verify"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn summary(&self) -> &'static str {
        "TLS verification of conda is switched off"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/conda-ssl-verify.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        BYPASS.settings(file, &[Tool::Conda], |one| one.name() == "ssl_verify", off, findings);
        BYPASS.variables(file, |name| name == "CONDA_SSL_VERIFY", off, findings);
        for (command, invocation) in invocations(file) {
            if ["conda", "mamba", "micromamba"].contains(&invocation.program) {
                of_command(file, command, &invocation, findings);
            }
        }
    }
}

fn of_command(
    file: &File,
    command: &Command,
    invocation: &Invocation<'_>,
    findings: &mut Vec<Finding>,
) {
    // Behind `run` stands another program with its own options.
    if invocation.plain().next().is_some_and(|word| word.text == "run") {
        return;
    }
    for option in ["-k", "--insecure"] {
        BYPASS.flag(command, invocation, option, findings);
    }
    BYPASS.option(command, invocation, "--ssl-verify", off, findings);
    // `conda config --set ssl_verify false`, and micromamba's `config set ssl_verify false`.
    let words = positional(invocation, &["--file", "-n", "--name", "-p", "--prefix"]);
    let set = match words[..] {
        [config, set, key, value, ..] if config.text == "config" && set.text == "set" => {
            Some((key, value))
        }
        [config, key, value, ..] if config.text == "config" => Some((key, value)),
        _ => None,
    };
    let reads = invocation.arguments.iter().any(|word| word.text.starts_with("--remove"));
    if let Some((key, value)) = set
        && key.text == "ssl_verify"
        && !reads
    {
        let state = State::of(value, off);
        findings.extend(BYPASS.judge(state, Found::command(file, command), Vec::new()));
    }
}

/// What conda reads as no; anything else but a yes is a path or `truststore`.
fn off(value: &str) -> bool {
    no(value) || value.eq_ignore_ascii_case("none") || value.eq_ignore_ascii_case("non")
}

#[cfg(test)]
mod tests {
    use super::CondaSslVerify;
    use crate::fix::proof::fixed;
    use crate::rules::proof::messages;

    const OFF: &str = "TLS verification of conda is switched off";

    #[test]
    fn every_way_to_switch_it_off_is_found() {
        for (path, text, message) in [
            (".condarc", "ssl_verify: false\n", OFF),
            (".condarc", "ssl_verify: no\n", OFF),
            ("a.sh", "conda config --set ssl_verify false\n", OFF),
            ("a.sh", "conda config --env --set ssl_verify no\n", OFF),
            ("a.sh", "micromamba config set ssl_verify false\n", OFF),
            ("a.sh", "conda install -k numpy\n", OFF),
            ("a.sh", "mamba create --insecure -n a\n", OFF),
            ("a.sh", "micromamba install --ssl-verify false a\n", OFF),
            ("a.sh", "export CONDA_SSL_VERIFY=false\n", OFF),
            ("Dockerfile", "FROM a\nENV CONDA_SSL_VERIFY=0\n", OFF),
        ] {
            assert_eq!(messages(&CondaSslVerify, &[(path, text)]), [message], "{path}: {text}");
        }
    }

    #[test]
    fn what_verifies_is_not_found() {
        for (path, text) in [
            (".condarc", "ssl_verify: truststore\n"),
            (".condarc", "ssl_verify: /etc/ssl/corp.pem\n"),
            (".condarc", "channels: [defaults]\n"),
            ("a.sh", "conda config --set ssl_verify /etc/ssl/corp.pem\n"),
            ("a.sh", "conda config --remove-key ssl_verify\n"),
            ("a.sh", "conda run -n a curl -k https://a.example\n"),
        ] {
            assert_eq!(messages(&CondaSslVerify, &[(path, text)]), [""; 0], "{path}: {text}");
        }
    }

    #[test]
    fn it_goes_without_debris() {
        for (path, before, after) in [
            (
                ".condarc",
                "channels:\n  - defaults\nssl_verify: false\n",
                "channels:\n  - defaults\n",
            ),
            (
                "Dockerfile",
                "FROM a\nRUN conda config --set ssl_verify false && conda install a\n",
                "FROM a\nRUN conda install a\n",
            ),
            ("a.sh", "conda install -k numpy\n", "conda install numpy\n"),
        ] {
            assert_eq!(fixed(&CondaSslVerify, path, before), after, "{path}");
        }
    }

    #[test]
    fn it_is_allowed_by_a_comment_with_a_reason() {
        let text = "# provender: allow lint/conda-ssl-verify -- a laboratory\nssl_verify: false\n";
        assert_eq!(messages(&CondaSslVerify, &[(".condarc", text)]), [""; 0]);
    }
}
