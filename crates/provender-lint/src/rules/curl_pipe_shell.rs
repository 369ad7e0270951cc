//! Scripts that are run as they come from the network.

use provender_core::Level;

use super::Rule;
use super::host;
use crate::facts::{Command, Home};
use crate::finding::Finding;
use crate::source::File;

/// `lint/curl-pipe-shell`.
pub(crate) struct CurlPipeShell;

/// Programs that run what they are given on their standard input.
const INTERPRETERS: [&str; 13] = [
    "sh", "bash", "dash", "ash", "zsh", "ksh", "fish", "python", "python3", "perl", "ruby", "node",
    "php",
];

impl Rule for CurlPipeShell {
    fn id(&self) -> &'static str {
        "lint/curl-pipe-shell"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn summary(&self) -> &'static str {
        "a script is run as it comes from the network"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/curl-pipe-shell.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        let commands = &file.facts.commands;
        for fetch in commands.iter().filter(|command| fetches(command)) {
            let Some(runner) = commands.iter().find(|runner| runs(file, fetch, runner)) else {
                continue;
            };
            let name = runner.invocation().map_or("the shell", |invocation| invocation.program);
            // In a script on somebody's machine it is their choice; in an image or CI nobody looks.
            let level = if matches!(fetch.home, Home::Script) { Level::Note } else { self.level() };
            let span = fetch.span.start.min(runner.span.start)..fetch.span.end.max(runner.span.end);
            findings.push(
                Finding::new(
                    self.id(),
                    level,
                    span,
                    format!("`{name}` runs whatever the server answers"),
                    "nothing is compared before it runs",
                )
                .because(
                    "a script that was changed at its source, or that ended half-way, runs \
                     all the same; what it did is told nowhere",
                )
                .hint(
                    "fetch it into a file, compare it with its checksum (`sha256sum -c`) and run \
                     it then; better, install a version that has a hash: a wheel, a package, or \
                     `COPY --from=IMAGE@sha256:...`",
                ),
            );
        }
    }
}

/// Whether a command prints what a server answers.
fn fetches(command: &Command) -> bool {
    let Some(invocation) = command.invocation() else { return false };
    let remote = invocation.arguments.iter().any(|word| {
        let text = word.text.as_str();
        let url =
            host::scheme(text, "http://").or_else(|| host::scheme(text, "https://")).is_some();
        url && !host::of_url(text).is_some_and(|host| host::is_loopback(&host))
            || text.starts_with('$') && !word.known
    });
    let to_file = |short: &str, long: &str| {
        invocation.arguments.windows(2).any(|pair| pair[0].text == short && pair[1].text != "-")
            || invocation.option(long, true).iter().any(|used| used.value != Some("-"))
    };
    remote
        && match invocation.program {
            "curl" => {
                !to_file("-o", "--output")
                    && invocation.arguments.iter().all(|word| {
                        // `-fsSLO` and `-O` write a file; so does `-sSLo FILE`.
                        let flags =
                            word.text.strip_prefix('-').filter(|flags| !flags.starts_with('-'));
                        word.text != "--remote-name"
                            && !flags
                                .is_some_and(|flags| flags.contains('O') || flags.ends_with('o'))
                    })
            }
            "wget" => invocation.arguments.iter().any(|word| {
                word.text == "-"
                    || word.text == "-O-"
                    || word.text == "--output-document=-"
                    || word.text.starts_with('-')
                        && !word.text.starts_with("--")
                        && word.text.ends_with("O-")
            }),
            _ => false,
        }
}

/// Whether `runner` runs what `fetch` prints: behind a pipe, or around it in `$(...)` or `<(...)`.
fn runs(file: &File, fetch: &Command, runner: &Command) -> bool {
    let Some(invocation) = runner.invocation() else { return false };
    let interprets = INTERPRETERS.contains(&invocation.program);
    if runner.span.start >= fetch.span.end {
        let Some(between) = file.text.get(fetch.span.end..runner.span.start) else { return false };
        let piped = between.matches('|').count() == 1
            && !between.contains([';', '&', ')', '(', '`', '\'', '"', '#']);
        // With a script of its own it reads what comes in as data.
        let own_script = invocation.arguments.iter().any(|word| {
            matches!(word.text.as_str(), "-c" | "-e" | "-m")
                || !word.text.starts_with('-') && first_word_is_script(invocation.arguments, word)
        });
        return interprets && piped && !own_script;
    }
    let around = runner.span.start < fetch.span.start && fetch.span.end <= runner.span.end;
    if !around {
        return false;
    }
    let before = file.text[runner.span.start..fetch.span.start].trim_end().trim_end_matches('"');
    let substituted = before.ends_with("$(") || before.ends_with('`') || before.ends_with("<(");
    let evaluates = matches!(invocation.program, "eval" | "source" | ".");
    let dash_c = interprets && invocation.arguments.iter().any(|word| word.text == "-c");
    substituted && (evaluates || dash_c || interprets && before.ends_with("<("))
}

/// Whether a word is the script that an interpreter runs: the first that is no option, unless `-s`
/// says that the words are the arguments of what comes in.
fn first_word_is_script(arguments: &[crate::facts::Word], word: &crate::facts::Word) -> bool {
    for argument in arguments {
        if matches!(argument.text.as_str(), "-s" | "-" | "--" | "/dev/stdin") {
            return false;
        }
        if argument.span == word.span {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::CurlPipeShell;
    use crate::rules::proof::{found, messages};

    #[test]
    fn a_script_that_runs_as_it_comes_is_found() {
        for (line, program) in [
            ("curl -fsSL https://get.example/install.sh | sh", "sh"),
            ("curl -fsSL https://get.example/install.sh 2>/dev/null | sudo -E bash -", "bash"),
            ("curl https://get.example/x | \\\n  sh -s -- -y", "sh"),
            ("wget -qO- https://get.example/x | bash", "bash"),
            ("curl https://get.example/get-pip.py | python3 - --user", "python3"),
            ("sh -c \"$(curl -fsSL https://get.example/x)\"", "sh"),
            ("bash <(curl -s https://get.example/x)", "bash"),
            ("eval \"$(curl -s https://get.example/x)\"", "eval"),
        ] {
            let text = format!("FROM debian:12\nRUN {line}\n");
            let said = messages(&CurlPipeShell, &[("Dockerfile", &text)]);
            assert_eq!(said, [format!("`{program}` runs whatever the server answers")], "{line}");
        }
    }

    #[test]
    fn what_is_kept_read_or_compared_is_left_alone() {
        for line in [
            "curl -fsSLO https://get.example/x && sh x",
            "curl -fsSL https://get.example/x -o x && echo \"aa  x\" | sha256sum -c - && sh x",
            "curl https://get.example/x | tar xz",
            "curl https://get.example/x | gpg --dearmor -o /k",
            "curl https://get.example/x | python3 -c 'import json'",
            "curl https://get.example/x | python3 read.py",
            "curl https://get.example/x || sh fallback.sh",
            "curl http://localhost:8000/x | sh",
            "X=$(curl -s https://get.example/x) && sh run.sh",
        ] {
            let text = format!("FROM debian:12\nRUN {line}\n");
            assert_eq!(messages(&CurlPipeShell, &[("Dockerfile", &text)]), [""; 0], "{line}");
        }
    }

    #[test]
    fn the_whole_pipeline_is_shown_and_can_be_allowed() {
        let text = "set -e\n# provender: allow lint/curl-pipe-shell -- our own server\n\
                    curl https://get.example/x | sh\n";
        assert_eq!(messages(&CurlPipeShell, &[("a.sh", text)]), [""; 0]);
        let text = "curl https://get.example/x | sh\n";
        let findings = found(&CurlPipeShell, &[("a.sh", text)]);
        assert_eq!(&text[findings[0].span.clone()], "curl https://get.example/x | sh");
    }
}
