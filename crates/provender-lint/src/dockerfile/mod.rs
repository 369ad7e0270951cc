//! A Dockerfile as its builder reads it: stages, instructions, heredocs, line continuations, and
//! the values of `ARG` and `ENV` at each instruction (Dockerfile reference; BuildKit's
//! `frontend/dockerfile/parser` is what decides).

mod arguments;
mod body;
mod directives;
mod environment;
mod exec;
mod heredoc;
mod lines;
mod read;
mod scripts;
mod substitution;
#[cfg(test)]
mod tests;
mod variables;

pub use environment::{Binding, Environment, Source};
pub use heredoc::Heredoc;
pub use read::parse;

use crate::facts::{Span, Word};

/// A parsed Dockerfile.
#[derive(Debug, Clone, Default)]
pub struct Dockerfile {
    /// `# syntax=`, `# escape=`, `# check=`, by name in lower case.
    pub directives: Vec<(String, String)>,
    /// The escape character: `\` unless the directive says a backtick.
    pub escape: char,
    /// Every instruction, in the file's order.
    pub instructions: Vec<Instruction>,
    /// The stages, in the file's order.
    pub stages: Vec<Stage>,
    /// What `ARG` and `ENV` set, in the file's order.
    pub bindings: Vec<Binding>,
}

/// From one `FROM` to the next.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The image or earlier stage it stands on, `ARG`s put in.
    pub base: Word,
    /// The earlier stage it stands on, if `base` names one.
    pub base_stage: Option<usize>,
    /// Its name, as in `AS build`, in lower case.
    pub name: Option<String>,
    /// Its instructions, as a range of [`Dockerfile::instructions`], `FROM` first.
    pub instructions: std::ops::Range<usize>,
}

/// One instruction.
#[derive(Debug, Clone)]
pub struct Instruction {
    /// Its keyword in upper case: `RUN`; of `ONBUILD RUN` it is `RUN` with `onbuild` set.
    pub keyword: String,
    /// Whether it stands behind `ONBUILD`.
    pub onbuild: bool,
    /// Where the keyword stands.
    pub keyword_span: Span,
    /// All of it with its heredocs, without the line's end.
    pub span: Span,
    /// All of it with the line's end.
    pub lines: Span,
    /// `--mount=...`, `--from=...`, in order: name without dashes, value, and the word.
    pub flags: Vec<Flag>,
    /// What follows the flags.
    pub body: Body,
    /// Its heredocs, in order.
    pub heredocs: Vec<Heredoc>,
    /// The stage it stands in; none before the first `FROM`.
    pub stage: Option<usize>,
}

/// A flag of an instruction.
#[derive(Debug, Clone)]
pub struct Flag {
    /// Its name without dashes.
    pub name: String,
    /// Its value, `ARG`s put in.
    pub value: Option<String>,
    /// Where it stands.
    pub word: Word,
}

/// What an instruction is given.
#[derive(Debug, Clone)]
pub enum Body {
    /// `["a", "b"]`: no shell.
    Exec {
        /// The words.
        words: Vec<Word>,
        /// The brackets with what is in them.
        span: Span,
    },
    /// Text that a shell reads, heredocs included: `RUN`, `CMD`, `ENTRYPOINT`, `HEALTHCHECK CMD`.
    Shell {
        /// Where the text stands.
        span: Span,
        /// Of `RUN <<EOF`: where the script that the heredoc is stands.
        script: Option<Span>,
    },
    /// Words: `COPY`, `ADD`, `ENV`, `ARG`, `USER`, `EXPOSE`, `LABEL`, `FROM` and others.
    Words(Vec<Word>),
}

impl Instruction {
    /// The words of its body, of either form; none of shell text.
    pub fn words(&self) -> &[Word] {
        match &self.body {
            Body::Exec { words, .. } | Body::Words(words) => words,
            Body::Shell { .. } => &[],
        }
    }

    /// The values of a flag that may be repeated, such as `mount`.
    pub fn flag_values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.flags
            .iter()
            .filter(move |flag| flag.name == name)
            .filter_map(|flag| flag.value.as_deref())
    }
}

impl Dockerfile {
    /// The stage that the image is made of if no other is asked for: the last.
    pub fn final_stage(&self) -> Option<&Stage> {
        self.stages.last()
    }
}
