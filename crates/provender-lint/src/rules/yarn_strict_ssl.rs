//! `strict-ssl false`, `enableStrictSsl: false`: yarn believes whoever answers.

use provender_core::Level;

use super::Rule;
use super::bypass::{BELIEVED, Bypass, Found, invocations, positional};
use super::value::State;
use crate::facts::Tool;
use crate::finding::Finding;
use crate::source::File;

/// `lint/yarn-strict-ssl`.
pub(crate) struct YarnStrictSsl;

const BYPASS: Bypass = Bypass {
    rule: "lint/yarn-strict-ssl",
    what: "TLS verification of yarn",
    label: BELIEVED,
    because: &["a package's scripts run as it is installed: whoever answers runs code"],
    hint: "delete it; where the registry's CA is private, name it in NODE_EXTRA_CA_CERTS, or in \
           `cafile` (yarn 1), `caFilePath` (2 and 3) or `httpsCaFilePath` (4)",
};

impl Rule for YarnStrictSsl {
    fn id(&self) -> &'static str {
        "lint/yarn-strict-ssl"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn summary(&self) -> &'static str {
        "TLS verification of yarn is switched off"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/yarn-strict-ssl.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        let classic = |name: &str| name == "strict-ssl";
        BYPASS.settings(file, &[Tool::YarnClassic], |one| classic(one.name()), off, findings);
        let berry = |name: &str| name == "enableStrictSsl";
        BYPASS.settings(file, &[Tool::Yarn], |one| berry(one.name()), off, findings);
        let about = |name: &str| ["YARN_ENABLE_STRICT_SSL", "YARN_STRICT_SSL"].contains(&name);
        BYPASS.variables(file, about, off, findings);
        for (command, invocation) in invocations(file) {
            if !["yarn", "yarnpkg"].contains(&invocation.program) {
                continue;
            }
            if let [config, set, key, value, ..] = positional(&invocation, &["--cwd"])[..]
                && config.text == "config"
                && set.text == "set"
                && (classic(&key.text) || berry(&key.text))
            {
                let state = State::of(value, off);
                findings.extend(BYPASS.judge(state, Found::command(file, command), Vec::new()));
            }
        }
    }
}

fn off(value: &str) -> bool {
    ["false", "0"].contains(&value)
}

#[cfg(test)]
mod tests {
    use super::YarnStrictSsl;
    use crate::fix::proof::fixed;
    use crate::rules::proof::messages;

    const OFF: &str = "TLS verification of yarn is switched off";

    #[test]
    fn every_way_to_switch_it_off_is_found() {
        for (path, text, message) in [
            (".yarnrc", "strict-ssl false\n", OFF),
            (".yarnrc", "\"strict-ssl\" false\n", OFF),
            (".yarnrc.yml", "enableStrictSsl: false\n", OFF),
            ("a.sh", "yarn config set strict-ssl false\n", OFF),
            ("a.sh", "yarn config set enableStrictSsl false --home\n", OFF),
            ("a.sh", "export YARN_ENABLE_STRICT_SSL=0\n", OFF),
            ("a.sh", "YARN_STRICT_SSL=false yarn\n", OFF),
            ("Dockerfile", "FROM a\nENV YARN_ENABLE_STRICT_SSL=false\n", OFF),
        ] {
            assert_eq!(messages(&YarnStrictSsl, &[(path, text)]), [message], "{path}: {text}");
        }
    }

    #[test]
    fn what_verifies_is_not_found() {
        for (path, text) in [
            (".yarnrc", "strict-ssl true\n"),
            (".yarnrc.yml", "enableStrictSsl: true\n"),
            ("a.sh", "yarn config set strict-ssl true\n"),
            ("a.sh", "yarn config get strict-ssl\n"),
        ] {
            assert_eq!(messages(&YarnStrictSsl, &[(path, text)]), [""; 0], "{path}: {text}");
        }
    }

    #[test]
    fn it_goes_without_debris() {
        for (path, before, after) in [
            (".yarnrc.yml", "a: 1\nenableStrictSsl: false\nb: 2\n", "a: 1\nb: 2\n"),
            (".yarnrc", "strict-ssl false\na b\n", "a b\n"),
            (
                "Dockerfile",
                "FROM a\nRUN yarn config set strict-ssl false; yarn\n",
                "FROM a\nRUN yarn\n",
            ),
        ] {
            assert_eq!(fixed(&YarnStrictSsl, path, before), after, "{path}");
        }
    }

    #[test]
    fn it_is_allowed_by_a_comment_with_a_reason() {
        let text =
            "# provender: allow lint/yarn-strict-ssl -- a laboratory\nenableStrictSsl: false\n";
        assert_eq!(messages(&YarnStrictSsl, &[(".yarnrc.yml", text)]), [""; 0]);
    }
}
