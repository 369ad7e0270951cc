//! `GOINSECURE`, `GOSUMDB=off`: Go believes whoever answers.

use provender_core::Level;

use super::Rule;
use super::bypass::{Assignment, BELIEVED, Bypass, Found, assignments, invocations};
use super::value::State;
use crate::finding::Finding;
use crate::finding::{Edit, Fix, Needs};
use crate::source::File;

/// `lint/go-insecure`.
pub(crate) struct GoInsecure;

const TLS: Bypass = Bypass {
    rule: "lint/go-insecure",
    what: "TLS verification of Go modules",
    label: BELIEVED,
    because: &["such modules are also fetched over plain http"],
    hint: "delete it; where a server's CA is private, install it in the system's store or name it in \
           SSL_CERT_FILE",
};

const SUMS: Bypass = Bypass {
    rule: "lint/go-insecure",
    what: "the checksum database of Go modules",
    label: "a module is what its server says it is",
    because: &["a module that `go.sum` does not know yet is taken as it comes"],
    hint: "delete it, and name your own modules in GOPRIVATE: only they are then not looked up",
};

impl Rule for GoInsecure {
    fn id(&self) -> &'static str {
        "lint/go-insecure"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn summary(&self) -> &'static str {
        "TLS or checksum verification of Go modules is switched off"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/go-insecure.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        for assignment in assignments(file) {
            let found = assignment.found();
            findings.extend(judge(self, &assignment, found));
        }
        for (command, invocation) in invocations(file) {
            if invocation.program != "go" {
                continue;
            }
            TLS.flag(command, &invocation, "-insecure", findings);
            if invocation.is(&["env"]) && invocation.arguments.iter().any(|word| word.text == "-w")
            {
                let words: Vec<_> = invocation.plain().skip(1).collect();
                for word in &words {
                    let Some(assignment) = Assignment::of_word(word, word.whole.clone()) else {
                        continue;
                    };
                    let found = if words.len() == 1 {
                        Found::command(file, command)
                    } else {
                        Found::word(word)
                    };
                    findings.extend(judge(self, &assignment, found));
                }
            }
        }
    }
}

fn judge(rule: &GoInsecure, assignment: &Assignment<'_>, found: Found) -> Option<Finding> {
    match assignment.name {
        "GOINSECURE" => {
            let patterns = assignment.value.split(',').map(str::trim);
            let hosts: Vec<_> = patterns
                .filter_map(|pattern| pattern.split('/').next())
                .filter(|host| !host.is_empty())
                .map(str::to_owned)
                .collect();
            // A pattern names no host that could be asked.
            let found = if hosts.iter().any(|host| host.contains(['*', '?', '['])) {
                found.unfixed()
            } else {
                found
            };
            TLS.judge(assignment.state(|value| !value.trim().is_empty()), found, hosts)
        }
        "GOFLAGS" => {
            let insecure = |value: &str| {
                value.split_whitespace().any(|flag| flag.trim_start_matches('-') == "insecure")
            };
            let state = assignment.state(insecure);
            // Flags that are known only when it runs are seldom this one.
            (state == State::Off).then(|| TLS.off(found.unfixed(), Vec::new()))
        }
        "GOSUMDB" => {
            SUMS.judge(assignment.state(|value| value == "off"), found.unfixed(), Vec::new())
        }
        "GONOSUMDB" => {
            let state =
                assignment.state(|value| value.split(',').any(|pattern| pattern.trim() == "*"));
            (state == State::Off).then(|| SUMS.off(found.unfixed(), Vec::new()))
        }
        "GONOSUMCHECK" => Some(dead(rule, found)),
        _ => None,
    }
}

/// No version of Go that can still be had reads it.
fn dead(rule: &GoInsecure, found: Found) -> Finding {
    let message = "GONOSUMCHECK does nothing";
    let finding = Finding::new(rule.id(), Level::Note, found.span, message, "Go does not read it")
        .hint("delete it; GOPRIVATE names modules that are not looked up in the checksum database");
    match found.fix {
        Some((what, span)) => finding.fixed_by(Fix {
            title: format!("delete {what}"),
            edits: vec![Edit::delete(span)],
            needs: Needs::Nothing,
        }),
        None => finding,
    }
}

#[cfg(test)]
mod tests {
    use super::GoInsecure;
    use crate::fix::proof::fixed;
    use crate::rules::proof::messages;

    const OFF: &str = "TLS verification of Go modules is switched off for `git.example`";

    #[test]
    fn every_way_to_switch_it_off_is_found() {
        for (path, text, message) in [
            ("a.sh", "export GOINSECURE=git.example\n", OFF),
            ("a.sh", "GOINSECURE=git.example/a go get x\n", OFF),
            ("a.sh", "go env -w GOINSECURE=git.example\n", OFF),
            ("Dockerfile", "FROM a\nENV GOINSECURE=git.example\n", OFF),
            (
                "a.sh",
                "GOFLAGS='-mod=mod -insecure' go get x\n",
                "TLS verification of Go modules is switched off",
            ),
            ("a.sh", "go get -insecure x\n", "TLS verification of Go modules is switched off"),
            (
                "a.sh",
                "GOSUMDB=off go get x\n",
                "the checksum database of Go modules is switched off",
            ),
            (
                "Dockerfile",
                "FROM a\nENV GONOSUMDB=*\n",
                "the checksum database of Go modules is switched off",
            ),
            ("a.sh", "export GONOSUMCHECK=1\n", "GONOSUMCHECK does nothing"),
        ] {
            assert_eq!(messages(&GoInsecure, &[(path, text)]), [message], "{path}: {text}");
        }
    }

    #[test]
    fn what_verifies_is_not_found() {
        for (path, text) in [
            ("a.sh", "export GOPRIVATE=git.example\n"),
            ("a.sh", "GOINSECURE= go get x\n"),
            ("a.sh", "GONOSUMDB=git.example go get x\n"),
            ("a.sh", "GOFLAGS=-mod=mod go get x\n"),
            ("a.sh", "go env GOINSECURE\n"),
        ] {
            assert_eq!(messages(&GoInsecure, &[(path, text)]), [""; 0], "{path}: {text}");
        }
    }

    #[test]
    fn it_goes_without_debris() {
        for (path, before, after) in [
            (
                "Dockerfile",
                "FROM a\nENV GOINSECURE=git.example GONOSUMCHECK=1 GOSUMDB=off\n",
                "FROM a\nENV GOSUMDB=off\n",
            ),
            ("a.sh", "go env -w GOINSECURE=git.example\ngo build\n", "go build\n"),
            ("a.sh", "GOINSECURE=*.example go build\n", "GOINSECURE=*.example go build\n"),
        ] {
            assert_eq!(fixed(&GoInsecure, path, before), after, "{path}");
        }
    }

    #[test]
    fn it_is_allowed_by_a_comment_with_a_reason() {
        let text =
            "# provender: allow lint/go-insecure -- go.sum is complete\nexport GOSUMDB=off\n";
        assert_eq!(messages(&GoInsecure, &[("a.sh", text)]), [""; 0]);
    }
}
