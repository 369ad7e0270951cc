//! What a command invokes: wrappers looked through, programs under their plain names.

use super::{Command, Invocation, Word};

/// Options of a wrapper that take the next word as their value.
struct Wrapper {
    name: &'static str,
    takes_value: &'static [&'static str],
    /// Plain words before the command, such as `timeout`'s duration.
    operands: usize,
}

const fn wrapper(
    name: &'static str,
    takes_value: &'static [&'static str],
    operands: usize,
) -> Wrapper {
    Wrapper { name, takes_value, operands }
}

/// Programs and reserved words that run the command behind them.
const WRAPPERS: &[Wrapper] = &[
    wrapper(
        "sudo",
        &[
            "-u", "--user", "-g", "--group", "-h", "--host", "-p", "--prompt", "-C", "-r", "-t",
            "-T", "-U", "-D", "--chdir", "-R", "--chroot",
        ],
        0,
    ),
    wrapper("doas", &["-u", "-C"], 0),
    wrapper("env", &["-u", "--unset", "-C", "--chdir"], 0),
    wrapper("exec", &["-a"], 0),
    wrapper("command", &[], 0),
    wrapper("builtin", &[], 0),
    wrapper("busybox", &[], 0),
    wrapper("time", &["-o", "--output", "-f", "--format"], 0),
    wrapper("nice", &["-n", "--adjustment"], 0),
    wrapper("ionice", &["-c", "--class", "-n", "--classdata"], 0),
    wrapper("nohup", &[], 0),
    wrapper("setsid", &[], 0),
    wrapper("stdbuf", &["-i", "--input", "-o", "--output", "-e", "--error"], 0),
    wrapper("timeout", &["-s", "--signal", "-k", "--kill-after"], 1),
    wrapper("gosu", &[], 1),
    wrapper("su-exec", &[], 1),
    wrapper("chroot", &[], 1),
    wrapper("tini", &["-p", "-e"], 0),
    wrapper("dumb-init", &["-r", "--rewrite"], 0),
    wrapper(
        "xargs",
        &[
            "-n",
            "--max-args",
            "-P",
            "--max-procs",
            "-I",
            "-L",
            "--max-lines",
            "-d",
            "--delimiter",
            "-a",
            "--arg-file",
            "-E",
            "-s",
            "--max-chars",
        ],
        0,
    ),
    wrapper("eatmydata", &[], 0),
    wrapper("chronic", &[], 0),
    wrapper("!", &[], 0),
    wrapper("{", &[], 0),
    wrapper("if", &[], 0),
    wrapper("then", &[], 0),
    wrapper("elif", &[], 0),
    wrapper("else", &[], 0),
    wrapper("while", &[], 0),
    wrapper("until", &[], 0),
    wrapper("do", &[], 0),
];

/// `PROGRAM run COMMAND`: tools that run a command in an environment of theirs, with the options that take a value.
const RUNNERS: &[(&str, &[&str])] = &[
    (
        "uv",
        &[
            "--with",
            "--with-editable",
            "--with-requirements",
            "-w",
            "-p",
            "--python",
            "--extra",
            "--group",
            "--package",
            "--env-file",
            "--index",
            "--index-url",
            "-i",
            "--extra-index-url",
            "--find-links",
            "-f",
            "--default-index",
            "--allow-insecure-host",
            "--trusted-host",
            "--directory",
            "--project",
            "--cache-dir",
            "--config-file",
            "--index-strategy",
            "--keyring-provider",
            "--resolution",
            "--prerelease",
            "--refresh-package",
            "--no-group",
            "--only-group",
            "--no-extra",
            "--color",
        ],
    ),
    ("poetry", &["-C", "--directory", "-P", "--project"]),
    ("pipenv", &[]),
    ("pdm", &["-p", "--project"]),
    ("hatch", &["-e", "--env"]),
    ("rye", &["--pyproject"]),
    ("conda", &["-n", "--name", "-p", "--prefix", "--cwd"]),
    ("mamba", &["-n", "--name", "-p", "--prefix"]),
    ("micromamba", &["-n", "--name", "-p", "--prefix"]),
];

impl Command {
    /// What it invokes, wrappers such as `sudo` and `env` looked through; none if nothing is left behind them.
    pub fn invocation(&self) -> Option<Invocation<'_>> {
        behind_wrappers(&self.words)
    }

    /// All that it invokes, outermost first: of `uv run pip install x` both `uv` and `pip`.
    pub fn invocations(&self) -> Vec<Invocation<'_>> {
        let mut found: Vec<Invocation<'_>> = self.invocation().into_iter().collect();
        while let Some(inner) = found.last().and_then(Invocation::runs) {
            found.push(inner);
        }
        found
    }
}

impl<'a> Invocation<'a> {
    /// What a tool is told to run: of `poetry run pip install x` it is `pip`.
    fn runs(&self) -> Option<Self> {
        let (_, takes_value) = RUNNERS.iter().find(|(name, _)| *name == self.program)?;
        let rest = skip_options(self.arguments, takes_value);
        let (run, rest) = rest.split_first()?;
        if run.text != "run" {
            return None;
        }
        behind_wrappers(skip_options(rest, takes_value))
    }
}

fn behind_wrappers(mut words: &[Word]) -> Option<Invocation<'_>> {
    loop {
        let (first, rest) = words.split_first()?;
        let name = program_name(&first.text);
        let describes = name == "command"
            && rest.first().is_some_and(|word| matches!(word.text.as_str(), "-v" | "-V"));
        let Some(wrapper) = WRAPPERS.iter().find(|wrapper| wrapper.name == name && !describes)
        else {
            return Some(program(name, rest));
        };
        let behind = skip_options(rest, wrapper.takes_value);
        let behind = skip_assignments(behind);
        words = behind.get(wrapper.operands..)?;
    }
}

/// The name without its folder and without `.exe`.
fn program_name(text: &str) -> &str {
    let name = text.rsplit('/').next().unwrap_or_default();
    name.strip_suffix(".exe").unwrap_or(name)
}

fn skip_options<'a>(mut words: &'a [Word], takes_value: &[&str]) -> &'a [Word] {
    while let Some((first, rest)) = words.split_first() {
        match first.text.as_str() {
            "--" => return rest,
            option if takes_value.contains(&option) => {
                words = rest.get(1..).unwrap_or_default();
            }
            option if option.starts_with('-') => words = rest,
            _ => break,
        }
    }
    words
}

fn skip_assignments(words: &[Word]) -> &[Word] {
    let count = words.iter().take_while(|word| assigned(&word.text).is_some()).count();
    &words[count..]
}

/// Name and value of `NAME=value`.
pub(crate) fn assigned(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    let named = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
    named.then_some((name, value))
}

/// The words behind `env` or `sudo` that set variables for the command behind them, as indexes.
pub(crate) fn assigning_words(words: &[Word]) -> Vec<usize> {
    let mut at = 0;
    let mut found = Vec::new();
    while let Some(first) = words.get(at) {
        let name = program_name(&first.text);
        let Some(wrapper) = WRAPPERS.iter().find(|wrapper| wrapper.name == name) else { break };
        let rest = words.get(at + 1..).unwrap_or_default();
        let behind = skip_options(rest, wrapper.takes_value);
        let options = rest.len() - behind.len();
        let count = behind.len() - skip_assignments(behind).len();
        let first_assigned = at + 1 + options;
        if matches!(name, "env" | "sudo") {
            found.extend(first_assigned..first_assigned + count);
        }
        at = first_assigned + count + wrapper.operands;
    }
    found
}

/// A program under its plain name; of `python -m NAME` it is the module.
fn program<'a>(name: &'a str, arguments: &'a [Word]) -> Invocation<'a> {
    if is_python(name)
        && let Some((module, arguments)) = python_module(arguments)
    {
        return Invocation { program: plain_name(module), arguments };
    }
    Invocation { program: plain_name(name), arguments }
}

fn is_python(name: &str) -> bool {
    name == "py"
        || name.strip_prefix("pypy").or_else(|| name.strip_prefix("python")).is_some_and(is_version)
}

/// `pip` of `pip3`, `pip3.11` and `pip-3.11`.
fn plain_name(name: &str) -> &str {
    match name.strip_prefix("pip") {
        Some(version) if is_version(version.strip_prefix('-').unwrap_or(version)) => "pip",
        _ => name,
    }
}

fn is_version(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// The module of `-m`, options of Python before it skipped.
fn python_module(mut words: &[Word]) -> Option<(&str, &[Word])> {
    loop {
        let (first, rest) = words.split_first()?;
        let flags = first.text.strip_prefix('-')?;
        if flags.starts_with('-') || is_version(flags) {
            words = rest;
        } else if let Some(at) = flags.find(['c', 'm', 'W', 'X']) {
            let (letter, value) = flags[at..].split_at(1);
            match (letter, value) {
                ("m", "") => {
                    let (module, rest) = rest.split_first()?;
                    return Some((&module.text, rest));
                }
                ("m", module) => return Some((module, rest)),
                ("c", _) => return None,
                (_, "") => words = rest.get(1..)?,
                _ => words = rest,
            }
        } else {
            words = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Home;

    fn command(text: &str) -> Command {
        let words = text
            .split(' ')
            .map(|word| Word { text: word.to_owned(), known: true, span: 0..0, whole: 0..0 })
            .collect();
        Command { assignments: Vec::new(), words, span: 0..0, home: Home::Script }
    }

    fn invoked(text: &str) -> String {
        let command = command(text);
        command.invocation().map_or_else(String::new, |invocation| {
            let words = invocation.arguments.iter().map(|word| word.text.as_str());
            [invocation.program].into_iter().chain(words).collect::<Vec<_>>().join(" ")
        })
    }

    #[test]
    fn wrappers_are_looked_through() {
        for text in [
            "pip install x",
            "sudo pip install x",
            "sudo -u app -E A=1 pip install x",
            "env -u X -i A=1 pip3 install x",
            "env - pip install x",
            "timeout 5 pip install x",
            "timeout -s KILL 5m /usr/bin/pip3.11 install x",
            "nice -n 10 pip install x",
            "xargs -n 1 pip install x",
            "exec pip install x",
            "then pip install x",
            "! pip install x",
            "gosu app pip install x",
            "python3 -m pip install x",
            "/opt/venv/bin/python3.12 -I -m pip install x",
            "python -W ignore -Im pip install x",
            "py -3.11 -m pip install x",
            "python.exe -mpip install x",
            "sudo -- env A=1 time -p nohup pip-3.11 install x",
        ] {
            assert_eq!(invoked(text), "pip install x", "{text}");
        }
    }

    #[test]
    fn what_only_asks_for_a_program_does_not_invoke_it() {
        assert_eq!(invoked("command -v pip"), "command -v pip");
        assert_eq!(invoked("python -c pass -m pip"), "python -c pass -m pip");
        assert_eq!(invoked("pipx install x"), "pipx install x");
        assert_eq!(invoked("sudo"), "");
    }

    #[test]
    fn a_runner_and_what_it_runs_are_both_invoked() {
        let command = command("uv run --with x --no-project python -m pip install y");
        let programs: Vec<_> = command.invocations().iter().map(|one| one.program).collect();
        assert_eq!(programs, ["uv", "pip"]);
    }

    #[test]
    fn words_of_env_that_assign_are_found() {
        let command = command("sudo -E env A=1 -i B=2 pip C=3");
        assert_eq!(assigning_words(&command.words), [3]);
    }
}
