//! One `RUN`: mounting the CA, and exporting what its tools read, in each form that the instruction has.

use std::collections::BTreeSet;

use super::tools::CaVariable;
use super::{BUNDLE, CONTEXT, TARGET};
use crate::dockerfile::{Body, Dockerfile, Instruction};
use crate::facts::Span;
use crate::finding::Edit;
use crate::source::File;

/// Shells that understand `[ ... ] || export NAME=value; ...`.
const POSIX: [&str; 7] = ["sh", "bash", "ash", "dash", "zsh", "ksh", "busybox"];

/// Whether a step mounts the CA already, by this name or at this place.
pub(super) fn mounts_ca(step: &Instruction) -> bool {
    mounts(step).any(|options| {
        options.split(',').any(|option| {
            option.split_once('=').is_some_and(|(key, value)| match key.trim() {
                "from" | "id" => value == CONTEXT,
                "target" | "dst" | "destination" => value.trim_end_matches('/') == TARGET,
                _ => false,
            })
        })
    })
}

fn mounts(step: &Instruction) -> impl Iterator<Item = &str> {
    step.flags.iter().filter(|flag| flag.name == "mount").filter_map(|flag| flag.value.as_deref())
}

/// Whether a step is cut off from the network.
pub(super) fn has_no_network(step: &Instruction) -> bool {
    step.flags.iter().any(|flag| flag.name == "network" && flag.value.as_deref() == Some("none"))
}

/// The edits that give a step the CA, or why it cannot be given.
pub(super) fn edits(
    file: &File,
    dockerfile: &Dockerfile,
    index: usize,
    variables: &BTreeSet<CaVariable>,
) -> Result<Vec<Edit>, &'static str> {
    let step = &dockerfile.instructions[index];
    if step.onbuild {
        return Err("an ONBUILD step runs in the builds of other files, which have no such stage");
    }
    if on_windows(dockerfile, index) {
        return Err("a Windows image has no shell that can export the variables");
    }
    let layout = Layout::of(file, dockerfile, step);
    match &step.body {
        Body::Exec { words, span } => {
            let Some(program) = words.first() else { return Err("the step runs nothing") };
            if !has_shell(file, dockerfile, index) {
                return Err("the step uses no shell, and nothing shows that the image has one");
            }
            Ok(vec![
                Edit { span: span.start..span.start, text: format!("{} ", mount()) },
                Edit {
                    span: program.span.start..program.span.start,
                    text: format!(
                        r#""/bin/sh", "-c", "{} exec \"$@\"", "sh", "#,
                        export(variables, " ")
                    ),
                },
            ])
        }
        Body::Shell { span, script: None } => {
            posix(file, dockerfile, index)?;
            let next = layout.next_line();
            let exports = export(variables, &format!("{next}    "));
            let text = format!("{}{next}{exports}{next}", mount());
            let at = span.start;
            Ok(vec![Edit { span: at..at, text }])
        }
        Body::Shell { span, script: Some(script) } => {
            posix(file, dockerfile, index)?;
            let chomps = step.heredocs.first().is_some_and(|heredoc| heredoc.strips_tabs);
            let at = after_shebang(&file.text, script, chomps)?;
            let end = layout.line_end;
            let tabs: String = file.text[script.clone()]
                .chars()
                .take_while(|&first| chomps && first == '\t')
                .collect();
            let mut text = format!("{tabs}if [ -e {TARGET}/{BUNDLE} ]; then{end}");
            for variable in variables {
                let (name, file) = (variable.name(), variable.file());
                text.push_str(&format!("{tabs}    export {name}={TARGET}/{file}{end}"));
            }
            text.push_str(&format!("{tabs}fi{end}"));
            Ok(vec![
                Edit { span: span.start..span.start, text: format!("{} ", mount()) },
                Edit { span: at..at, text },
            ])
        }
        Body::Words(_) => Err("the step could not be understood"),
    }
}

/// The flag that mounts the folder: a bind is read-only unless it says otherwise.
fn mount() -> String {
    format!("--mount=type=bind,from={CONTEXT},target={TARGET}")
}

/// What exports the variables where the folder has a bundle, and does nothing where the stage of that name was left
/// empty. `list` stands between
/// several variables.
fn export(variables: &BTreeSet<CaVariable>, list: &str) -> String {
    let assignments: Vec<String> = variables
        .iter()
        .map(|variable| format!("{}={TARGET}/{}", variable.name(), variable.file()))
        .collect();
    let first = if assignments.len() > 1 { list } else { " " };
    format!("[ ! -e {TARGET}/{BUNDLE} ] || export{first}{};", assignments.join(list))
}

/// How an instruction is laid out.
struct Layout<'a> {
    escape: char,
    line_end: &'a str,
    indent: &'a str,
}

impl<'a> Layout<'a> {
    fn of(file: &'a File, dockerfile: &Dockerfile, step: &Instruction) -> Self {
        let text = &file.text[step.span.start..];
        let first_end = text.find('\n').map(|end| &text[..end]);
        let windows = match first_end {
            Some(line) => line.ends_with('\r'),
            None => file.text.contains("\r\n"),
        };
        let line_end = if windows { "\r\n" } else { "\n" };
        let body = match &step.body {
            Body::Shell { script: Some(_), .. } => "",
            _ => &file.text[step.span.clone()],
        };
        let indent = body.split('\n').skip(1).find_map(|line| {
            let rest = line.trim_start_matches([' ', '\t']);
            (!rest.trim_end().is_empty()).then(|| &line[..line.len() - rest.len()])
        });
        let indent = indent.filter(|indent| !indent.is_empty()).unwrap_or("    ");
        Self { escape: dockerfile.escape, line_end, indent }
    }

    /// The end of this line and the beginning of the next.
    fn next_line(&self) -> String {
        format!(" {}{}{}", self.escape, self.line_end, self.indent)
    }
}

/// Where a heredoc's script begins behind its `#!` line, which stands behind tabs if the heredoc takes them away; an
/// error if that names no shell.
fn after_shebang(text: &str, script: &Span, chomps: bool) -> Result<usize, &'static str> {
    let tabs = text[script.clone()].bytes().take_while(|&byte| chomps && byte == b'\t').count();
    let body = &text[script.start + tabs..script.end];
    if !body.starts_with("#!") {
        return Ok(script.start);
    }
    let line = body.find('\n').map_or(body.len(), |end| end + 1);
    let mut words = body[2..line].split_whitespace();
    let mut program = words.next().unwrap_or_default();
    if program.ends_with("/env") {
        program = words.find(|word| !word.starts_with('-')).unwrap_or_default();
    }
    if is_posix(program) {
        Ok(script.start + tabs + line)
    } else {
        Err("the heredoc is no shell script, so it cannot export the variables")
    }
}

fn is_posix(program: &str) -> bool {
    POSIX.contains(&program.rsplit('/').next().unwrap_or_default())
}

/// Nothing if the step's shell can export variables as `sh` does.
fn posix(file: &File, dockerfile: &Dockerfile, index: usize) -> Result<(), &'static str> {
    match shell(file, dockerfile, index) {
        Some(program) if !is_posix(&program) => {
            Err("SHELL names a shell that exports variables in a way of its own")
        }
        _ => Ok(()),
    }
}

/// The program that `SHELL` names for an instruction, in its stage or one that it stands on.
fn shell(file: &File, dockerfile: &Dockerfile, index: usize) -> Option<String> {
    before(dockerfile, index).into_iter().find_map(|instruction| {
        if instruction.keyword != "SHELL" || instruction.onbuild {
            return None;
        }
        let word = match &instruction.body {
            Body::Exec { words, .. } | Body::Words(words) => words.first()?.text.clone(),
            Body::Shell { span, .. } => file.text[span.clone()].to_owned(),
        };
        Some(word)
    })
}

/// Whether a step in shell form shows that `/bin/sh` is there.
fn has_shell(file: &File, dockerfile: &Dockerfile, index: usize) -> bool {
    let Some(stage) = dockerfile.instructions[index].stage else { return false };
    dockerfile.stages[stage]
        .instructions
        .clone()
        .chain(
            chain(dockerfile, stage)
                .skip(1)
                .flat_map(|stage| dockerfile.stages[stage].instructions.clone()),
        )
        .any(|other| {
            let instruction = &dockerfile.instructions[other];
            instruction.keyword == "RUN"
                && !instruction.onbuild
                && matches!(instruction.body, Body::Shell { .. })
                && shell(file, dockerfile, other).is_none_or(|program| is_posix(&program))
        })
}

/// The instructions that have run before one, the nearest first.
fn before(dockerfile: &Dockerfile, index: usize) -> Vec<&Instruction> {
    let Some(stage) = dockerfile.instructions[index].stage else { return Vec::new() };
    chain(dockerfile, stage)
        .flat_map(|stage| dockerfile.stages[stage].instructions.clone().rev())
        .filter(|&other| other < index)
        .map(|other| &dockerfile.instructions[other])
        .collect()
}

/// A stage and those that it stands on.
pub(super) fn chain(dockerfile: &Dockerfile, stage: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(stage), |&stage| {
        dockerfile.stages[stage].base_stage.filter(|&base| base < stage)
    })
}

fn on_windows(dockerfile: &Dockerfile, index: usize) -> bool {
    dockerfile.instructions[index].stage.is_some_and(|stage| {
        chain(dockerfile, stage).any(|stage| {
            let base = dockerfile.stages[stage].base.text.to_ascii_lowercase();
            base.contains("windows/")
                || base.contains("windowsservercore")
                || base.contains("nanoserver")
        })
    })
}
