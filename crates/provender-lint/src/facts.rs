//! What files say, in three forms that every syntax is reduced to: settings, variables, commands.

mod invocation;

pub(crate) use invocation::{assigned, assigning_words};

use std::ops::Range;

/// A range of bytes in a file's text.
pub type Span = Range<usize>;

/// Everything that one file says.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Settings of tools, in the file's order.
    pub settings: Vec<Setting>,
    /// Variables that are given a value, in the file's order.
    pub variables: Vec<Variable>,
    /// Simple commands, in the file's order, those in substitutions and functions included.
    pub commands: Vec<Command>,
    /// What goes if a whole command goes.
    pub removals: Vec<Removal>,
    /// Comments, for suppressions.
    pub comments: Vec<Comment>,
    /// Where the file could not be understood; the rest of it was.
    pub errors: Vec<SyntaxError>,
}

impl Facts {
    /// Adds what a part of the same file says, such as a script within it. Its spans are those of the file already.
    pub fn append(&mut self, other: Self) {
        let before = self.variables.len();
        self.settings.extend(other.settings);
        self.variables.extend(other.variables);
        self.commands.extend(other.commands.into_iter().map(|mut command| {
            command.assignments.iter_mut().for_each(|index| *index += before);
            command
        }));
        self.removals.extend(other.removals);
        self.comments.extend(other.comments);
        self.errors.extend(other.errors);
    }

    /// The commands of a `RUN`, by its index within [`crate::dockerfile::Dockerfile::instructions`].
    pub fn commands_of_run(&self, run: usize) -> impl Iterator<Item = &Command> {
        self.commands.iter().filter(
            move |command| matches!(command.home, Home::Run { instruction, .. } if instruction == run),
        )
    }

    /// What goes if a command goes: it and what separates it from its neighbours, or its lines. None
    /// where the file would not be valid, or would mean something else, without any command in its place.
    pub fn whole_of(&self, command: &Command) -> Option<&Span> {
        let removal = self.removals.iter().find(|removal| removal.command == command.span)?;
        Some(&removal.whole)
    }
}

/// What goes if a command goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// The command, by its span.
    pub command: Span,
    /// What goes.
    pub whole: Span,
}

/// Whose setting something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the tool of that name")]
pub enum Tool {
    Pip,
    Uv,
    Poetry,
    Pdm,
    Pipenv,
    Conda,
    Npm,
    YarnClassic,
    Yarn,
    Git,
    Curl,
    Wget,
    Apt,
    Apk,
    Docker,
    Buildkit,
    /// podman, buildah and skopeo: `registries.conf`.
    Containers,
    /// A compose file.
    Compose,
    /// A CI file: `uses`, the inputs in `with`, `image`.
    Ci,
}

/// A setting in a configuration file, or an option line of a requirement file.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Whose it is.
    pub tool: Tool,
    /// Sections and key, outermost first, as the file spells them but for quotes: `["global", "trusted-host"]`,
    /// `["tool", "uv", "index", "0", "url"]` (tables in arrays are counted), `["source", "0", "verify_ssl"]`. In a requirement file
    /// and in `.curlrc` the one element is the option without its dashes. An apt list's entry is
    /// `["0", "uri"]`, `["0", "options", "trusted"]` and so on.
    pub path: Vec<String>,
    /// The value, quotes and escapes undone; a list's values are in `values`.
    pub value: String,
    /// A list's values, or the one value; each with its own span, and the span that goes if only it goes.
    pub values: Vec<Value>,
    /// The key as it stands in the file.
    pub key: Span,
    /// The whole setting, which goes if it goes: its lines with their end, or the option with its value.
    pub whole: Span,
}

impl Setting {
    /// Whether the last parts of its path are these.
    pub fn ends_with(&self, path: &[&str]) -> bool {
        self.path.len() >= path.len()
            && self.path[self.path.len() - path.len()..].iter().zip(path).all(|(a, b)| a == b)
    }

    /// The key itself: the path's last part.
    pub fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }
}

/// One value of a setting.
#[derive(Debug, Clone)]
pub struct Value {
    /// The value, quotes and escapes undone.
    pub text: String,
    /// Where it stands, quotes included.
    pub span: Span,
    /// What goes if only this value goes, with its separator.
    pub whole: Span,
}

/// A variable that is given a value.
#[derive(Debug, Clone)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// What it is set to; none where it is only declared (`ARG X`, `export X`).
    pub value: Option<Word>,
    /// The whole assignment, which goes if it goes: `NAME=value` with its separator, or the whole
    /// line or instruction if nothing else stands there. Where a statement may not go, as the only one of
    /// a branch, it is the value alone.
    pub whole: Span,
    /// What sets it.
    pub origin: Origin,
}

/// What sets a variable, and so how long it lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A Dockerfile's `ENV`: it lasts in the image.
    DockerEnv {
        /// The stage, counted from 0.
        stage: usize,
    },
    /// A Dockerfile's `ARG`: it lasts in the image's history.
    DockerArg {
        /// The stage, counted from 0; none before the first `FROM`.
        stage: Option<usize>,
    },
    /// `export NAME=value`, or an assignment on its own, in a script or a step.
    Shell(Home),
    /// `NAME=value command`: for one command; the index of the command in the facts.
    Prefix(Home),
    /// A compose service's `environment`.
    ComposeEnvironment,
    /// A compose service's `build.args`.
    ComposeBuildArg,
    /// `env:` or `variables:` of a CI file.
    Ci,
    /// A line of a `.env` file.
    DotEnv,
}

/// Where a command runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Home {
    /// In a script or a Makefile's recipe.
    Script,
    /// In a step of CI.
    Ci,
    /// In a Dockerfile's `RUN`.
    Run {
        /// The stage, counted from 0.
        stage: usize,
        /// The instruction within [`crate::dockerfile::Dockerfile::instructions`].
        instruction: usize,
    },
    /// In a Dockerfile's `CMD`, `ENTRYPOINT` or `HEALTHCHECK`, or a compose service's: when the container runs.
    Container {
        /// The stage, counted from 0; none in a compose file.
        stage: Option<usize>,
    },
}

/// A word of a command, or a variable's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// What it comes to: quotes undone, variables with a known value put in.
    pub text: String,
    /// Whether `text` is all of it. Otherwise something in it is known only when it runs; such a part
    /// stands in `text` as it is written, as `$NAME` or `$(...)`.
    pub known: bool,
    /// Where it stands, quotes included.
    pub span: Span,
    /// What goes if only this word goes: it and the blanks (and line continuation) before it. Of a
    /// variable's value it is the value alone; see [`Variable::whole`].
    pub whole: Span,
}

/// A simple command: one program with its words.
#[derive(Debug, Clone)]
pub struct Command {
    /// `NAME=value` before it, or behind `env` or `sudo` in it, as indexes into [`Facts::variables`].
    pub assignments: Vec<usize>,
    /// The program and what it is given, redirections left out. Never empty.
    pub words: Vec<Word>,
    /// From its first assignment or word to its last.
    pub span: Span,
    /// Where it runs.
    pub home: Home,
}

/// What a command invokes, wrappers such as `sudo` and `env` looked through.
#[derive(Debug, Clone, Copy)]
pub struct Invocation<'a> {
    /// The program's name without its folder: `pip`, also for `pip3.11` and `python3 -m pip`; `uv`; `npm`.
    pub program: &'a str,
    /// What it is given, from the first word after the program.
    pub arguments: &'a [Word],
}

impl<'a> Invocation<'a> {
    /// The first words that are no options: the subcommands and what follows them.
    pub fn plain(&self) -> impl Iterator<Item = &'a Word> + use<'a> {
        self.arguments.iter().filter(|word| !word.text.starts_with('-'))
    }

    /// Whether the first plain words are these, as in `config set`.
    pub fn is(&self, subcommand: &[&str]) -> bool {
        let mut plain = self.plain();
        subcommand.iter().all(|wanted| plain.next().is_some_and(|word| word.text == *wanted))
    }

    /// Every use of a long option, as `--name=value`, `--name value`, or `--name` without a value if
    /// `takes_value` is not so: the option's word, and the value with its word.
    pub fn option(&self, name: &str, takes_value: bool) -> Vec<OptionUse<'a>> {
        let mut found = Vec::new();
        let mut words = self.arguments.iter().peekable();
        while let Some(word) = words.next() {
            if word.text == "--" {
                break;
            }
            if let Some(value) =
                word.text.strip_prefix(name).and_then(|rest| rest.strip_prefix('='))
            {
                found.push(OptionUse { option: word, value: Some(value), value_word: None });
            } else if word.text == name {
                let value_word = if takes_value { words.next() } else { None };
                let value = value_word.map(|word| word.text.as_str());
                found.push(OptionUse { option: word, value, value_word });
            }
        }
        found
    }
}

/// An option as it stands in a command.
#[derive(Debug, Clone, Copy)]
pub struct OptionUse<'a> {
    /// Its word.
    pub option: &'a Word,
    /// Its value.
    pub value: Option<&'a str>,
    /// The value's own word, if it has one.
    pub value_word: Option<&'a Word>,
}

impl OptionUse<'_> {
    /// Where the option stands, with its value.
    pub fn span(&self) -> Span {
        self.option.span.start..self.value_word.unwrap_or(self.option).span.end
    }

    /// What goes if it goes.
    pub fn whole(&self) -> Span {
        self.option.whole.start..self.value_word.unwrap_or(self.option).whole.end
    }
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its text without the sign that begins it.
    pub text: String,
    /// Where it stands, the sign included.
    pub span: Span,
    /// Whether nothing but blanks stands before it on its line: then it speaks of what follows it.
    pub own_line: bool,
}

/// Where a file could not be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong, lower case without a full stop.
    pub message: String,
    /// Where.
    pub span: Span,
    /// Whether it is shell text, of which the grammar does not know all that shells do.
    pub of_shell: bool,
}
