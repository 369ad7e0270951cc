//! Shell text (POSIX sh, bash) reduced to its simple commands and assignments.
//!
//! tree-sitter's grammar of bash finds the structure, and goes on behind what it does not understand;
//! quotes and variables are undone here, where the span of each word in its file is kept.

pub(crate) use nested::script_word;

mod assignment;
mod nested;
mod place;
mod scope;
mod tree;
mod walk;
mod word;
mod written;

use std::collections::BTreeMap;

pub(crate) use written::{read_heredoc, target_of_input};

use crate::facts::{Facts, Home, Span};
use crate::passage::Passage;

/// Variables with a value that is known before a text runs, such as those of `ARG` and `ENV`.
pub type Known = BTreeMap<String, String>;

/// Reads the shell text that stands at `span` of `file`, byte for byte.
pub fn parse(file: &str, span: Span, home: &Home, known: &Known) -> Facts {
    parse_passage(&Passage::verbatim(file, span), home, known)
}

/// Reads shell text that is not in its file byte for byte, such as a quoted or folded value.
pub fn parse_passage(passage: &Passage, home: &Home, known: &Known) -> Facts {
    let mut facts = Facts::default();
    walk::read(passage, home, &mut scope::Scope::new(known), &mut facts, 0);
    sort(&mut facts);
    facts
}

/// Whether a program is a shell whose `-c` is read here.
pub fn is_shell(program: &str) -> bool {
    matches!(program, "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh" | "mksh")
}

/// Whether the first line of a script, if it names an interpreter, names a shell.
pub fn is_shell_script(text: &str) -> bool {
    let Some(line) = text.strip_prefix("#!").and_then(|rest| rest.lines().next()) else {
        return true;
    };
    let mut words = line.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word));
    let program = words.next().unwrap_or_default();
    if program != "env" {
        return is_shell(program);
    }
    words.find(|word| !word.starts_with('-') && !word.contains('=')).is_some_and(is_shell)
}

/// Puts facts into the file's order: commands within commands were found after those around them.
fn sort(facts: &mut Facts) {
    let start_then_longest = |span: &Span| (span.start, std::cmp::Reverse(span.end));
    facts.commands.sort_by_key(|command| start_then_longest(&command.span));
    facts.settings.sort_by_key(|setting| setting.key.start);
    facts.comments.sort_by_key(|comment| comment.span.start);
    facts.errors.sort_by_key(|error| error.span.start);
    let mut order: Vec<usize> = (0..facts.variables.len()).collect();
    order.sort_by_key(|&index| facts.variables[index].name_span.start);
    if order.is_sorted() {
        return;
    }
    let mut place = vec![0; order.len()];
    for (new, &old) in order.iter().enumerate() {
        place[old] = new;
    }
    facts.variables = order.iter().map(|&old| facts.variables[old].clone()).collect();
    for command in &mut facts.commands {
        command.assignments.iter_mut().for_each(|index| *index = place[*index]);
        command.assignments.sort_unstable();
    }
}

#[cfg(test)]
mod tests;
