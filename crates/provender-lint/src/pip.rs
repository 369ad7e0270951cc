//! Installing with pip, uv and pipx: what a command asks for, and under which conditions.

use crate::facts::{Command, OptionUse, Word};

/// A command that installs distributions from an index.
#[derive(Debug, Clone)]
pub(crate) struct Install<'c> {
    /// Which program reads it.
    pub(crate) program: Program,
    /// The words behind the program and its subcommands.
    arguments: &'c [Word],
    /// The requirements that are named in the command itself.
    pub(crate) requirements: Vec<&'c Word>,
    /// `-r FILE`.
    pub(crate) requirement_files: Vec<OptionUse<'c>>,
    /// `-c FILE`.
    pub(crate) constraint_files: Vec<OptionUse<'c>>,
}

/// A program that installs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// pip: `install`, `download`, `wheel`.
    Pip,
    /// `uv pip install`, `uv pip sync`, `uv tool install`.
    Uv,
    /// `pipx install`.
    Pipx,
}

impl<'c> Install<'c> {
    /// What a command installs; none if it does not.
    pub(crate) fn of(command: &'c Command) -> Option<Self> {
        let invocation = command.invocation()?;
        let (program, subcommand, lists_files): (_, &[&str], bool) = match invocation.program {
            "pip" if invocation.is(&["install"]) => (Program::Pip, &["install"], false),
            "pip" if invocation.is(&["download"]) => (Program::Pip, &["download"], false),
            "pip" if invocation.is(&["wheel"]) => (Program::Pip, &["wheel"], false),
            "uv" if invocation.is(&["pip", "install"]) => (Program::Uv, &["pip", "install"], false),
            "uv" if invocation.is(&["pip", "sync"]) => (Program::Uv, &["pip", "sync"], true),
            "uv" if invocation.is(&["tool", "install"]) => {
                (Program::Uv, &["tool", "install"], false)
            }
            "pipx" if invocation.is(&["install"]) => (Program::Pipx, &["install"], false),
            _ => return None,
        };
        let mut install = Self {
            program,
            arguments: invocation.arguments,
            requirements: Vec::new(),
            requirement_files: Vec::new(),
            constraint_files: Vec::new(),
        };
        let mut pending = subcommand.iter();
        let mut next_verb = pending.next();
        let mut words = invocation.arguments.iter();
        while let Some(word) = words.next() {
            let text = word.text.as_str();
            if text == "--" {
                continue;
            }
            if !text.starts_with('-') {
                if next_verb.is_some_and(|verb| *verb == text) {
                    next_verb = pending.next();
                } else if lists_files {
                    install.requirement_files.push(OptionUse {
                        option: word,
                        value: Some(text),
                        value_word: None,
                    });
                } else {
                    install.requirements.push(word);
                }
                continue;
            }
            let (name, joined) = split(text);
            let used = if joined.is_some() || !takes_value(name) {
                OptionUse { option: word, value: joined, value_word: None }
            } else {
                let value_word = words.next();
                OptionUse {
                    option: word,
                    value: value_word.map(|word| word.text.as_str()),
                    value_word,
                }
            };
            match name {
                "-r" | "--requirement" | "--requirements" => install.requirement_files.push(used),
                "-c" | "--constraint" | "--constraints" => install.constraint_files.push(used),
                _ => {}
            }
        }
        Some(install)
    }

    /// Whether an option stands in the command, in any of these spellings.
    pub(crate) fn has(&self, names: &[&str]) -> bool {
        self.arguments.iter().any(|word| names.contains(&split(&word.text).0))
    }
}

/// An option's name and the value that is joined to it: `--index-url=X`, `-rX`.
fn split(text: &str) -> (&str, Option<&str>) {
    if text.starts_with("--") {
        return match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
    }
    let joins = text.len() > 2 && text.is_char_boundary(2) && takes_value(&text[..2]);
    if joins { (&text[..2], Some(&text[2..])) } else { (text, None) }
}

/// Whether an option of pip's or uv's installing commands takes a value (pip 26, uv 0.13).
fn takes_value(name: &str) -> bool {
    const SHORT: [&str; 9] = ["-r", "-c", "-e", "-t", "-d", "-i", "-f", "-C", "-b"];
    const LONG: [&str; 75] = [
        "--requirement",
        "--requirements",
        "--constraint",
        "--constraints",
        "--build-constraint",
        "--build-constraints",
        "--override",
        "--overrides",
        "--editable",
        "--target",
        "--dest",
        "--download",
        "--index-url",
        "--extra-index-url",
        "--find-links",
        "--prefix",
        "--root",
        "--src",
        "--source",
        "--platform",
        "--python-platform",
        "--python-version",
        "--implementation",
        "--abi",
        "--upgrade-strategy",
        "--global-option",
        "--install-option",
        "--build-option",
        "--config-settings",
        "--config-setting",
        "--no-binary",
        "--only-binary",
        "--progress-bar",
        "--root-user-action",
        "--report",
        "--cache-dir",
        "--python",
        "--log",
        "--proxy",
        "--retries",
        "--resume-retries",
        "--timeout",
        "--default-timeout",
        "--exists-action",
        "--trusted-host",
        "--cert",
        "--client-cert",
        "--use-feature",
        "--use-deprecated",
        "--group",
        "--build",
        "--keyring-provider",
        "--index",
        "--default-index",
        "--index-strategy",
        "--extra",
        "--resolution",
        "--prerelease",
        "--exclude-newer",
        "--link-mode",
        "--torch-backend",
        "--config-file",
        "--directory",
        "--project",
        "--no-build-package",
        "--no-binary-package",
        "--refresh-package",
        "--upgrade-package",
        "--reinstall-package",
        "--allow-insecure-host",
        "--with",
        "--with-editable",
        "--with-requirements",
        "--pip-args",
        "--wheel-dir",
    ];
    SHORT.contains(&name) || LONG.contains(&name) || matches!(name, "-p" | "-P" | "-w")
}

/// Whether a requirement names a project alone, without a version: `flask`, `flask[async]`; not
/// `flask==3`, `.`, `./dist/x.whl`, a URL or a variable.
pub(crate) fn is_unpinned(requirement: &Word) -> bool {
    let text = requirement.text.as_str();
    let name_end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(name_end);
    let rest = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((_, rest)) => rest,
        None => rest,
    };
    let rest = rest.trim_start();
    let file = [".whl", ".gz", ".zip", ".txt", ".toml"].iter().any(|end| name.ends_with(end));
    requirement.known
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !file
        && (rest.is_empty() || rest.starts_with(';'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Home;

    fn command(text: &str) -> Command {
        let mut words = Vec::new();
        let mut at = 0;
        for part in text.split(' ') {
            let span = at..at + part.len();
            words.push(Word {
                text: part.to_owned(),
                known: !part.contains('$'),
                whole: at.saturating_sub(1)..span.end,
                span,
            });
            at += part.len() + 1;
        }
        Command { assignments: Vec::new(), words, span: 0..text.len(), home: Home::Script }
    }

    fn requirements(text: &str) -> Vec<String> {
        let command = command(text);
        let install = Install::of(&command).unwrap();
        install.requirements.iter().map(|word| word.text.clone()).collect()
    }

    #[test]
    fn values_of_options_are_no_requirements() {
        assert_eq!(
            requirements(
                "pip install -U --index-url https://index.example/ -t /opt flask==3 -r a.txt"
            ),
            ["flask==3"]
        );
        assert_eq!(requirements("uv pip install --system -p 3.12 flask"), ["flask"]);
        assert_eq!(requirements("python3 -m pip install --no-cache-dir=1 install"), ["install"]);
    }

    #[test]
    fn files_are_found_however_they_are_named() {
        for text in
            ["pip install -r a.txt", "pip install -ra.txt", "pip install --requirement=a.txt"]
        {
            let command = command(text);
            let install = Install::of(&command).unwrap();
            assert_eq!(install.requirement_files[0].value, Some("a.txt"), "{text}");
        }
        let command = command("uv pip sync a.txt");
        assert_eq!(Install::of(&command).unwrap().requirement_files[0].value, Some("a.txt"));
    }

    #[test]
    fn other_commands_install_nothing() {
        for text in ["pip list", "uv sync", "pipx run x", "echo pip install x"] {
            assert!(Install::of(&command(text)).is_none(), "{text}");
        }
    }

    #[test]
    fn a_name_alone_is_unpinned() {
        for (text, unpinned) in [
            ("flask", true),
            ("flask[async]", true),
            ("flask;python_version>'3'", true),
            ("flask==3", false),
            ("flask[async]~=3.0", false),
            (".", false),
            ("./flask", false),
            ("flask-3-py3-none-any.whl", false),
            ("git+https://git.example/x", false),
            ("$NAME", false),
            ("flask@3", false),
        ] {
            let command = command(text);
            assert_eq!(is_unpinned(&command.words[0]), unpinned, "{text}");
        }
    }
}
