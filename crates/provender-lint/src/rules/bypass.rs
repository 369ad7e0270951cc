//! How a rule tells that something is switched off, and where: in a setting, a variable, an option
//! of a command, or a command as a whole. Each gets the fix that takes it away, which is made only
//! where verification succeeds without it.

use provender_core::Level;

use super::host;
use super::value::{self, State};
use crate::facts::{Command, Invocation, OptionUse, Setting, Span, Tool, Value, Variable, Word};
use crate::finding::{Edit, Finding, Fix, Needs};
use crate::source::File;

/// What a rule looks for, in its words.
pub(crate) struct Bypass {
    /// The rule's id.
    pub(crate) rule: &'static str,
    /// What is switched off: `TLS verification of pip`.
    pub(crate) what: &'static str,
    /// What that means, beside the span: `whoever answers is believed`.
    pub(crate) label: &'static str,
    /// Why it matters.
    pub(crate) because: &'static [&'static str],
    /// What to do instead.
    pub(crate) hint: &'static str,
}

/// The usual words beside a span.
pub(crate) const BELIEVED: &str = "whoever answers is believed";

/// Where something is switched off.
pub(crate) struct Found {
    /// Where it stands.
    pub(crate) span: Span,
    /// What goes if it goes, and what to call it; none if nothing can go.
    pub(crate) fix: Option<(String, Span)>,
}

impl Bypass {
    /// It is off in some place, for these hosts; no host means every one.
    pub(crate) fn off(&self, found: Found, hosts: Vec<String>) -> Finding {
        let whom = match hosts.as_slice() {
            [] => String::new(),
            [host] => format!(" for `{host}`"),
            [first, rest @ ..] => format!(" for `{first}` and {} more", rest.len()),
        };
        let message = format!("{} is switched off{whom}", self.what);
        let mut finding = self.finding(Level::Error, found.span, message, self.label);
        finding.fix = found.fix.map(|(what, span)| Fix {
            title: format!("delete {what}"),
            edits: vec![Edit::delete(span)],
            needs: Needs::Verified { hosts },
        });
        finding
    }

    /// It may be off in some place.
    pub(crate) fn perhaps(&self, span: Span) -> Finding {
        let message = format!("{} may be switched off", self.what);
        self.finding(Level::Warning, span, message, "known only when it is used")
    }

    /// What its state in some place calls for: nothing if it is on.
    pub(crate) fn judge(&self, state: State, found: Found, hosts: Vec<String>) -> Option<Finding> {
        match state {
            State::Off => Some(self.off(found, hosts)),
            State::Unknown => Some(self.perhaps(found.span)),
            State::On => None,
        }
    }

    /// The settings of some tools that a rule is about, one switch each.
    pub(crate) fn settings(
        &self,
        file: &File,
        tools: &[Tool],
        about: impl Fn(&Setting) -> bool,
        off: impl Fn(&str) -> bool,
        findings: &mut Vec<Finding>,
    ) {
        let settings = file.facts.settings.iter();
        for setting in settings.filter(|setting| tools.contains(&setting.tool) && about(setting)) {
            let state = State::of_text(&setting.value, &off);
            let hosts = host::of_table(file, setting);
            findings.extend(self.judge(state, Found::setting(setting), hosts));
        }
    }

    /// The variables that a rule is about, by their names.
    pub(crate) fn variables(
        &self,
        file: &File,
        about: impl Fn(&str) -> bool,
        off: impl Fn(&str) -> bool,
        findings: &mut Vec<Finding>,
    ) {
        for assignment in assignments(file) {
            if about(assignment.name) {
                let state = assignment.state(&off);
                findings.extend(self.judge(state, assignment.found(), Vec::new()));
            }
        }
    }

    /// An option without a value that switches off.
    pub(crate) fn flag(
        &self,
        command: &Command,
        invocation: &Invocation<'_>,
        name: &str,
        findings: &mut Vec<Finding>,
    ) {
        for used in invocation.option(name, false) {
            let off = used.value.is_none_or(value::yes);
            if off {
                findings.push(self.off(Found::option(&used), host::of_command(command)));
            }
        }
    }

    /// An option whose value switches off.
    pub(crate) fn option(
        &self,
        command: &Command,
        invocation: &Invocation<'_>,
        name: &str,
        off: impl Fn(&str) -> bool,
        findings: &mut Vec<Finding>,
    ) {
        for used in invocation.option(name, true) {
            let known = used.value_word.unwrap_or(used.option).known;
            let state = match used.value {
                Some(_) if !known => State::Unknown,
                Some(value) if off(value) => State::Off,
                _ => State::On,
            };
            let hosts = host::of_command(command);
            findings.extend(self.judge(state, Found::option(&used), hosts));
        }
    }

    fn finding(&self, level: Level, span: Span, message: String, label: &str) -> Finding {
        let finding = Finding::new(self.rule, level, span, message, label).hint(self.hint);
        self.because.iter().fold(finding, |finding, cause| finding.because(*cause))
    }
}

impl Found {
    /// A whole setting.
    pub(crate) fn setting(setting: &Setting) -> Self {
        let end = setting.values.iter().map(|value| value.span.end).max();
        Self {
            span: setting.key.start..end.unwrap_or(setting.key.end).max(setting.key.end),
            fix: Some((format!("`{}`", setting.name()), setting.whole.clone())),
        }
    }

    /// One value of a setting; the setting goes with its last value.
    pub(crate) fn value(setting: &Setting, value: &Value) -> Self {
        let fix = if setting.values.len() == 1 {
            (format!("`{}`", setting.name()), setting.whole.clone())
        } else {
            (format!("`{}` from `{}`", value.text, setting.name()), value.whole.clone())
        };
        Self { span: value.span.clone(), fix: Some(fix) }
    }

    /// An option of a command with its value.
    pub(crate) fn option(used: &OptionUse<'_>) -> Self {
        let name = used.option.text.split('=').next().unwrap_or_default();
        Self { span: used.span(), fix: Some((format!("`{name}`"), used.whole())) }
    }

    /// A word of a command.
    pub(crate) fn word(word: &Word) -> Self {
        Self {
            span: word.span.clone(),
            fix: Some((format!("`{}`", word.text), word.whole.clone())),
        }
    }

    /// The same without a fix: that verification succeeds does not tell that nothing would break.
    pub(crate) fn unfixed(self) -> Self {
        Self { fix: None, ..self }
    }

    /// A command as a whole.
    pub(crate) fn command(file: &File, command: &Command) -> Self {
        let whole = file.facts.whole_of(command).cloned();
        let fix = whole.map(|whole| ("the command".to_owned(), whole));
        Self { span: command.span.clone(), fix }
    }
}

/// A variable that is given a value, by a file or by a command (`env`, `docker run -e`).
pub(crate) struct Assignment<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Its value.
    pub(crate) value: &'a str,
    /// Whether that is all of its value.
    pub(crate) known: bool,
    span: Span,
    whole: Span,
    value_span: Option<Span>,
}

impl<'a> Assignment<'a> {
    /// Whether it switches something off, given which values do.
    pub(crate) fn state(&self, off: impl Fn(&str) -> bool) -> State {
        if !self.known {
            State::Unknown
        } else if off(self.value) {
            State::Off
        } else {
            State::On
        }
    }

    /// Where it stands.
    pub(crate) fn found(&self) -> Found {
        Found {
            span: self.span.clone(),
            fix: Some((format!("`{}`", self.name), self.whole.clone())),
        }
    }

    /// Where its value stands, quotes included, if that has a place of its own.
    pub(crate) fn value_span(&self) -> Option<Span> {
        self.value_span.clone()
    }

    fn of_variable(variable: &'a Variable) -> Option<Self> {
        let value = variable.value.as_ref()?;
        Some(Self {
            name: &variable.name,
            value: &value.text,
            known: value.known,
            span: variable.name_span.start.min(value.span.start)..value.span.end,
            whole: variable.whole.clone(),
            value_span: Some(value.span.clone()),
        })
    }

    /// `NAME=VALUE` as a word.
    pub(crate) fn of_word(word: &'a Word, whole: Span) -> Option<Self> {
        // Of `--build-arg=NAME=VALUE` what follows the option's name.
        let text = match word.text.strip_prefix("--") {
            Some(option) => option.split_once('=')?.1,
            None => &word.text,
        };
        let (name, value) = text.split_once('=')?;
        let named = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
        named.then(|| Self {
            name,
            value,
            known: word.known,
            span: word.span.clone(),
            whole,
            value_span: None,
        })
    }
}

/// Every variable that a file gives a value.
pub(crate) fn assignments(file: &File) -> Vec<Assignment<'_>> {
    let variables = file.facts.variables.iter().filter_map(Assignment::of_variable);
    let commands = file.facts.commands.iter().flat_map(assigned_by);
    variables.chain(commands).collect()
}

/// Variables that a command gives to what it starts: `docker run -e NAME=VALUE`, `docker build
/// --build-arg`. Those of `env` and `sudo` are among the file's variables.
fn assigned_by(command: &Command) -> Vec<Assignment<'_>> {
    let mut found = Vec::new();
    let programs = ["docker", "podman", "buildah", "nerdctl", "docker-compose"];
    for invocation in command.invocations() {
        if !programs.contains(&invocation.program) {
            continue;
        }
        for option in ["-e", "--env", "--build-arg"] {
            for used in invocation.option(option, true) {
                let word = used.value_word.unwrap_or(used.option);
                found.extend(Assignment::of_word(word, used.whole()));
            }
        }
    }
    found
}

/// Every command with all that it invokes.
pub(crate) fn invocations(file: &File) -> impl Iterator<Item = (&Command, Invocation<'_>)> {
    let commands = file.facts.commands.iter();
    commands.flat_map(|command| {
        command.invocations().into_iter().map(move |invocation| (command, invocation))
    })
}

/// The words of a command that are no options, nor the values of those options that take one.
pub(crate) fn positional<'a>(invocation: &Invocation<'a>, valued: &[&str]) -> Vec<&'a Word> {
    let mut words = invocation.arguments.iter();
    let mut found = Vec::new();
    while let Some(word) = words.next() {
        if valued.contains(&word.text.as_str()) {
            words.next();
        } else if !word.text.starts_with('-') || word.text == "-" {
            found.push(word);
        }
    }
    found
}

/// Whether a program only prints or searches what it is given.
pub(crate) fn is_talk(program: &str) -> bool {
    ["echo", "printf", "grep", "egrep", "sed", "awk", "cat", "test", "["].contains(&program)
}
