//! What a fix may not take away because the rest of the file goes on using it: a variable, a file
//! that is written, a setting that is taken back later.

use std::collections::BTreeSet;

use crate::facts::{Command, Origin};
use crate::source::File;

/// What `after` lacks of `before` and still uses, in the words of the file.
pub(super) fn still_used(before: &File, after: &File) -> Option<String> {
    let gone = |of: fn(&File) -> BTreeSet<&str>| -> Vec<String> {
        let left = of(after);
        of(before).into_iter().filter(|name| !left.contains(name)).map(str::to_owned).collect()
    };
    let variable = gone(variables).into_iter().find(|name| expands(&after.text, name));
    let written = || gone(targets).into_iter().find(|path| names(&after.text, base(path)));
    let setting = || {
        let taken_back = after.facts.commands.iter().filter_map(taken_back);
        let commands = |file: &File| file.facts.commands.iter().map(spelled).collect::<Vec<_>>();
        let (was, is) = (commands(before), commands(after));
        taken_back.map(str::to_owned).find(|key| {
            let sets = |all: &[String]| all.iter().filter(|one| mentions(one, key)).count();
            sets(&was) > sets(&is)
        })
    };
    variable.map(|name| format!("${name}")).or_else(written).or_else(setting)
}

/// The variables that last beyond the command that they stand before.
fn variables(file: &File) -> BTreeSet<&str> {
    let lasting =
        file.facts.variables.iter().filter(|one| !matches!(one.origin, Origin::Prefix(_)));
    lasting.map(|variable| variable.name.as_str()).collect()
}

/// Whether `$NAME`, `${NAME...}` or make's `$(NAME)` stands in a text.
fn expands(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = &text[..at];
        let behind = text[at + name.len()..].chars().next();
        (before.ends_with('$') || before.ends_with("${") || before.ends_with("$("))
            && !behind.is_some_and(|next| next.is_alphanumeric() || next == '_')
    })
}

/// The files that redirections and `tee` write, as they are written there.
fn targets(file: &File) -> BTreeSet<&str> {
    let text = &*file.text;
    let behind = |sign: &'static str| {
        text.match_indices(sign).filter_map(move |(at, _)| {
            let rest = text[at + sign.len()..].trim_start_matches([' ', '|']);
            let rest = rest.strip_prefix("-a ").unwrap_or(rest);
            let path = rest.split([' ', '\t', '\n', '\r', ';', '&', '|', '<', '>', ')']).next()?;
            let path = path.trim_matches(['"', '\'', '\\']);
            (!base(path).is_empty() && !path.starts_with("/dev/")).then_some(path)
        })
    };
    behind(">").chain(behind("tee ")).collect()
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether a text names a file.
fn names(text: &str, file: &str) -> bool {
    text.match_indices(file).any(|(at, _)| {
        let part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.');
        !text[..at].ends_with(part) && !text[at + file.len()..].starts_with(part)
    })
}

/// The setting that a command such as `git config --unset KEY` takes back, which fails without it.
fn taken_back(command: &Command) -> Option<&str> {
    let invocation = command.invocation()?;
    let mut words = invocation.arguments.iter().map(|word| word.text.as_str());
    words.find(|word| matches!(*word, "unset" | "--unset" | "--unset-all" | "--remove-key"))?;
    words.find(|word| !word.starts_with('-'))
}

fn spelled(command: &Command) -> String {
    command.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

fn mentions(command: &str, key: &str) -> bool {
    command.split([' ', '=']).any(|word| word.eq_ignore_ascii_case(key))
}

#[cfg(test)]
mod tests {
    use super::still_used;
    use crate::fix::proof::file;

    #[test]
    fn what_the_rest_uses_is_named() {
        for (before, after, used) in [
            ("export A=0\necho $A\n", "echo $A\n", Some("$A")),
            ("A=0\necho ${A:-1}\n", "echo ${A:-1}\n", Some("$A")),
            ("A=0\necho $AB\n", "echo $AB\n", None),
            ("A=0 make\necho $A\n", "make\necho $A\n", None),
            ("echo a > x/.npmrc\nrm .npmrc\n", "rm .npmrc\n", Some("x/.npmrc")),
            ("echo a | tee -a .npmrc\ncat ~/.npmrc\n", "cat ~/.npmrc\n", Some(".npmrc")),
            ("echo a > .npmrc\nrm x.npmrc\n", "rm x.npmrc\n", None),
            ("echo a >.npmrc\necho b >> .npmrc\n", "echo b >> .npmrc\n", None),
            (
                "git config http.sslVerify false\ngit config --unset http.sslverify\n",
                "git config --unset http.sslverify\n",
                Some("http.sslverify"),
            ),
            (
                "pip config set global.trusted-host a\npip config unset global.trusted-host\n",
                "pip config unset global.trusted-host\n",
                Some("global.trusted-host"),
            ),
        ] {
            let found = still_used(&file("a.sh", before), &file("a.sh", after));
            assert_eq!(found.as_deref(), used, "{before}");
        }
    }
}
