//! `strict-ssl=false`: npm and pnpm believe whoever answers.

use provender_core::Level;

use super::Rule;
use super::bypass::{BELIEVED, Bypass, Found, invocations, positional};
use super::value::State;
use crate::facts::{Command, Invocation, Tool, Word};
use crate::finding::Finding;
use crate::source::File;

/// `lint/npm-strict-ssl`.
pub(crate) struct NpmStrictSsl;

const BYPASS: Bypass = Bypass {
    rule: "lint/npm-strict-ssl",
    what: "TLS verification of npm",
    label: BELIEVED,
    because: &["a package's scripts run as it is installed: whoever answers runs code"],
    hint: "delete it; where the registry's CA is private, name it in NODE_EXTRA_CA_CERTS and set \
           no `cafile`, which would replace the public CAs and cancel that variable",
};

/// Options of npm that take a value, which is no subcommand.
const VALUED: &[&str] = &["--location", "-L", "--userconfig", "--globalconfig", "--prefix", "-C"];

impl Rule for NpmStrictSsl {
    fn id(&self) -> &'static str {
        BYPASS.rule
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn summary(&self) -> &'static str {
        "TLS verification of npm or pnpm is switched off"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/npm-strict-ssl.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        BYPASS.settings(file, &[Tool::Npm], |one| is_strict_ssl(one.name()), off, findings);
        let about = |name: &str| {
            let name = name.to_ascii_lowercase();
            let key =
                name.strip_prefix("npm_config_").or_else(|| name.strip_prefix("pnpm_config_"));
            key.is_some_and(is_strict_ssl)
        };
        BYPASS.variables(file, about, off, findings);
        for (command, invocation) in invocations(file) {
            if ["npm", "pnpm", "npx", "pnpx"].contains(&invocation.program) {
                of_options(command, &invocation, findings);
                of_config(file, command, &invocation, findings);
            }
        }
    }
}

/// `--strict-ssl=false`, `--strict-ssl false`, `--no-strict-ssl`.
fn of_options(command: &Command, invocation: &Invocation<'_>, findings: &mut Vec<Finding>) {
    BYPASS.option(command, invocation, "--strict-ssl", off, findings);
    BYPASS.flag(command, invocation, "--no-strict-ssl", findings);
}

/// `npm config set strict-ssl false`, `npm set strict-ssl=false registry=...`.
fn of_config(
    file: &File,
    command: &Command,
    invocation: &Invocation<'_>,
    findings: &mut Vec<Finding>,
) {
    let words = positional(invocation, VALUED);
    let given: &[&Word] = match words.as_slice() {
        [config, set, given @ ..]
            if ["config", "c", "conf"].contains(&&*config.text) && set.text == "set" =>
        {
            given
        }
        [set, given @ ..] if set.text == "set" => given,
        _ => return,
    };
    match given {
        [key, value, ..] if is_strict_ssl(&key.text) => {
            findings.extend(BYPASS.judge(
                State::of(value, off),
                Found::command(file, command),
                Vec::new(),
            ));
        }
        pairs => {
            for pair in pairs {
                let Some((key, value)) = pair.text.split_once('=') else { continue };
                if !is_strict_ssl(key) {
                    continue;
                }
                let state = if !pair.known {
                    State::Unknown
                } else if off(value) {
                    State::Off
                } else {
                    State::On
                };
                let found = if pairs.len() == 1 {
                    Found::command(file, command)
                } else {
                    Found::word(pair)
                };
                findings.extend(BYPASS.judge(state, found, Vec::new()));
            }
        }
    }
}

/// npm's variables are spelled with either sign.
fn is_strict_ssl(key: &str) -> bool {
    key.replace('_', "-") == "strict-ssl"
}

/// npm compares with `false` alone: with `0`, `no` or `null` it still verifies.
fn off(value: &str) -> bool {
    value.trim() == "false"
}

#[cfg(test)]
mod tests {
    use super::NpmStrictSsl;
    use crate::fix::proof::fixed;
    use crate::rules::proof::messages;

    const OFF: &str = "TLS verification of npm is switched off";

    #[test]
    fn every_way_to_switch_it_off_is_found() {
        for (path, text) in [
            (".npmrc", "strict-ssl=false\n"),
            (".npmrc", "strict-ssl = \"false\"\n"),
            ("a.sh", "npm config set strict-ssl false\n"),
            ("a.sh", "npm config set strict-ssl=false\n"),
            ("a.sh", "npm --location global config set strict-ssl false\n"),
            ("a.sh", "npm config set --location=global strict-ssl false\n"),
            ("a.sh", "npm set strict-ssl false -g\n"),
            ("a.sh", "pnpm config set strict-ssl false\n"),
            ("a.sh", "npm ci --strict-ssl=false\n"),
            ("a.sh", "npm ci --strict-ssl false\n"),
            ("a.sh", "npm ci --no-strict-ssl\n"),
            ("a.sh", "export NPM_CONFIG_STRICT_SSL=false\n"),
            ("a.sh", "npm_config_strict_ssl=false npm ci\n"),
            ("Dockerfile", "FROM a\nENV npm_config_strict_ssl=false\n"),
            ("Dockerfile", "FROM a\nRUN [\"npm\", \"ci\", \"--no-strict-ssl\"]\n"),
            ("compose.yaml", "services:\n  a:\n    environment: [NPM_CONFIG_STRICT_SSL=false]\n"),
            ("a.sh", "echo \"strict-ssl=false\" >> ~/.npmrc\n"),
            ("Dockerfile", "FROM a\nRUN echo strict-ssl=false > /root/.npmrc && npm ci\n"),
            ("Dockerfile", "FROM a\nCOPY <<EOF /root/.npmrc\nstrict-ssl=false\nEOF\n"),
        ] {
            assert_eq!(messages(&NpmStrictSsl, &[(path, text)]), [OFF], "{path}: {text}");
        }
    }

    #[test]
    fn the_registry_beside_it_is_named() {
        let text = "registry=https://npm.example:8443/\nstrict-ssl=false\n";
        let message = "TLS verification of npm is switched off for `npm.example:8443`";
        assert_eq!(messages(&NpmStrictSsl, &[(".npmrc", text)]), [message]);
    }

    #[test]
    fn what_npm_does_not_read_as_no_is_not_found() {
        for (path, text) in [
            (".npmrc", "strict-ssl=true\n"),
            (".npmrc", "strict-ssl=0\n"),
            (".npmrc", "; strict-ssl=false\n"),
            ("a.sh", "npm config delete strict-ssl\n"),
            ("a.sh", "npm config get strict-ssl\n"),
            ("a.sh", "NPM_CONFIG_STRICT_SSL=no npm ci\n"),
            ("a.sh", "echo npm config set strict-ssl false\n"),
        ] {
            assert_eq!(messages(&NpmStrictSsl, &[(path, text)]), [""; 0], "{path}: {text}");
        }
    }

    #[test]
    fn it_goes_without_debris() {
        for (path, before, after) in [
            (".npmrc", "a=1\nstrict-ssl=false\nb=2\n", "a=1\nb=2\n"),
            ("a.sh", "npm config set strict-ssl=false a=b\n", "npm config set a=b\n"),
            ("a.sh", "npm ci --no-strict-ssl --omit dev\n", "npm ci --omit dev\n"),
            (
                "Dockerfile",
                "FROM a\nRUN npm config set strict-ssl false && npm ci\n",
                "FROM a\nRUN npm ci\n",
            ),
            (
                "Dockerfile",
                "FROM a\nRUN npm ci && npm config set strict-ssl false\n",
                "FROM a\nRUN npm ci\n",
            ),
            (
                "Dockerfile",
                "FROM a\nRUN npm config set strict-ssl false\nRUN npm ci\n",
                "FROM a\nRUN npm ci\n",
            ),
            (
                "Dockerfile",
                "FROM a\nRUN echo strict-ssl=false >> ~/.npmrc\nRUN npm ci\n",
                "FROM a\nRUN npm ci\n",
            ),
            (
                "Dockerfile",
                "FROM a\nRUN echo 'strict-ssl=false' > .npmrc && \\\n    npm ci > log\n",
                "FROM a\nRUN npm ci > log\n",
            ),
            (
                "Dockerfile",
                "FROM a\nRUN npm ci && npm config set strict-ssl false > /dev/null 2>&1\n",
                "FROM a\nRUN npm ci\n",
            ),
            (
                "Dockerfile",
                "FROM a\nRUN npm config set a b && \\\n    npm config set strict-ssl false && \\\n    npm ci\n",
                "FROM a\nRUN npm config set a b && \\\n    npm ci\n",
            ),
            (
                "Dockerfile",
                "FROM a\nRUN npm config set strict-ssl false >/dev/null 2>&1 && npm ci\n",
                "FROM a\nRUN npm ci\n",
            ),
        ] {
            assert_eq!(fixed(&NpmStrictSsl, path, before), after, "{path}");
        }
    }

    #[test]
    fn a_command_that_others_hang_on_stays() {
        for text in [
            "npm config set strict-ssl false || true\n",
            "if npm config set strict-ssl false; then npm ci; fi\n",
            "f() { npm config set strict-ssl false; }\n",
        ] {
            assert_eq!(fixed(&NpmStrictSsl, "a.sh", text), text);
        }
    }

    #[test]
    fn it_is_allowed_by_a_comment_with_a_reason() {
        let text =
            "npm ci --no-strict-ssl # provender: allow npm-strict-ssl -- a test's own registry\n";
        assert_eq!(messages(&NpmStrictSsl, &[("a.sh", text)]), [""; 0]);
    }
}
