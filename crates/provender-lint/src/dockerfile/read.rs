//! From lines to instructions and stages.

use std::ops::Range;

use super::arguments::{self, blank_separated, first_word};
use super::exec;
use super::heredoc::{self, Announced, Heredoc};
use super::lines::{Joined, Lines};
use super::scripts::Shell;
use super::{Body, Dockerfile, Environment, Instruction, Stage, directives};
use crate::facts::{Facts, Span, SyntaxError, Word};
use crate::passage::Passage;
use crate::shell::{self, Known};

const KEYWORDS: &[&str] = &[
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// Reads a Dockerfile. What its builder would refuse is an error among the facts, and the rest is used.
pub fn parse(text: &str) -> (Dockerfile, Facts) {
    let mut reader = Reader {
        text,
        dockerfile: Dockerfile::default(),
        facts: Facts::default(),
        environment: Environment::new(),
        known: Known::new(),
        global: Environment::new(),
        ends: Vec::new(),
        shell: Shell::Posix,
    };
    let mut lines = Lines::new(text);
    directives::read(&mut lines, &mut reader.dockerfile, &mut reader.facts);
    while let Some(line) = lines.joined(reader.dockerfile.escape, &mut reader.facts.comments) {
        reader.instruction(line, &mut lines);
    }
    let Reader { mut dockerfile, mut facts, .. } = reader;
    if let Some(stage) = dockerfile.stages.last_mut() {
        stage.instructions.end = dockerfile.instructions.len();
    }
    facts.comments.sort_by_key(|comment| comment.span.start);
    facts.errors.sort_by_key(|error| error.span.start);
    (dockerfile, facts)
}

/// What holds at the end of a stage, for the stages that stand on it.
pub(super) struct End {
    environment: Environment,
    shell: Shell,
}

pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) dockerfile: Dockerfile,
    pub(super) facts: Facts,
    /// What is in force in the stage, or before the first one.
    pub(super) environment: Environment,
    /// The values in it.
    pub(super) known: Known,
    /// The arguments before the first `FROM`.
    pub(super) global: Environment,
    pub(super) ends: Vec<End>,
    pub(super) shell: Shell,
}

/// An instruction while it is read.
pub(super) struct Draft {
    pub(super) line: Passage,
    pub(super) keyword: String,
    pub(super) onbuild: bool,
    pub(super) arguments: Range<usize>,
    pub(super) announced: Vec<Announced>,
    pub(super) heredocs: Vec<Heredoc>,
    pub(super) lines: Span,
    pub(super) span: Span,
}

impl Reader<'_> {
    fn instruction(&mut self, joined: Joined, lines: &mut Lines<'_>) {
        let line = joined.passage;
        let text = line.text();
        let (mut keyword, mut rest) = first_word(text, 0..text.len());
        if keyword.is_empty() {
            return;
        }
        let start = line.start_of(keyword.start);
        let mut flags = Vec::new();
        let mut onbuild = false;
        loop {
            let (found, behind) = arguments::flags(text, rest, self.dockerfile.escape);
            flags.extend(found);
            rest = behind;
            if onbuild || !text[keyword.clone()].eq_ignore_ascii_case("ONBUILD") || rest.is_empty()
            {
                break;
            }
            onbuild = true;
            (keyword, rest) = first_word(text, rest);
        }
        let upper = text[keyword.clone()].to_ascii_uppercase();
        let keyword_span = line.span(keyword);
        if !KEYWORDS.contains(&upper.as_str()) {
            self.error(format!("unknown instruction `{upper}`"), keyword_span.clone());
        } else if onbuild && matches!(upper.as_str(), "ONBUILD" | "FROM" | "MAINTAINER") {
            self.error(format!("`{upper}` may not stand behind ONBUILD"), keyword_span.clone());
        } else if rest.is_empty() {
            self.error(format!("{upper} needs an argument"), keyword_span.clone());
        }
        let mut draft = Draft {
            keyword: upper,
            onbuild,
            arguments: rest,
            announced: Vec::new(),
            heredocs: Vec::new(),
            span: start..joined.lines.end,
            lines: joined.lines,
            line,
        };
        self.heredocs(&mut draft, lines);
        draft.lines.end = lines.with_end_of_line(draft.span.end);
        if draft.keyword == "FROM" && !onbuild {
            self.stage(&draft);
        }
        let flags = flags.into_iter().map(|flag| self.flag(&draft, flag)).collect();
        let body = self.body(&draft);
        if let ("COPY" | "ADD", Body::Words(words)) = (draft.keyword.as_str(), &body)
            && let Some(target) = words.last()
        {
            for heredoc in &draft.heredocs {
                // Into a folder it goes under its own name.
                let folder = target.text.ends_with('/').then_some(heredoc.name.as_str());
                let path = format!("{}{}", target.text, folder.unwrap_or_default());
                shell::read_heredoc(&path, self.text, heredoc.content.clone(), &mut self.facts);
            }
        }
        let stage = self.dockerfile.stages.len().checked_sub(1);
        self.dockerfile.instructions.push(Instruction {
            keyword: draft.keyword,
            onbuild,
            keyword_span,
            span: draft.span,
            lines: draft.lines,
            flags,
            body,
            heredocs: draft.heredocs,
            stage,
        });
    }

    fn heredocs(&mut self, draft: &mut Draft, lines: &mut Lines<'_>) {
        let may = matches!(draft.keyword.as_str(), "ADD" | "COPY" | "RUN");
        if !may || exec::read(&draft.line, draft.arguments.clone()).is_some() {
            return;
        }
        draft.announced = heredoc::announced(draft.line.text());
        for announced in &draft.announced {
            let operator = draft.line.span(announced.range.clone());
            let (content, end) = heredoc::content(lines, announced);
            if end.is_none() {
                self.error(
                    format!("the heredoc `{}` does not end", announced.name),
                    operator.clone(),
                );
            }
            draft.span.end = end.unwrap_or(content.end);
            draft.heredocs.push(Heredoc {
                name: announced.name.clone(),
                operator,
                content,
                strips_tabs: announced.strips_tabs,
                expands: announced.expands,
                descriptor: announced.descriptor,
            });
        }
    }

    pub(super) fn error(&mut self, message: String, span: Span) {
        self.facts.errors.push(SyntaxError { message, span, of_shell: false });
    }

    /// Index of the instruction that is being read.
    pub(super) fn index(&self) -> usize {
        self.dockerfile.instructions.len()
    }

    /// A `FROM`: the stage before it ends.
    fn stage(&mut self, draft: &Draft) {
        let index = self.index();
        let environment = std::mem::take(&mut self.environment);
        match self.dockerfile.stages.last_mut() {
            Some(stage) => {
                stage.instructions.end = index;
                self.ends.push(End { environment, shell: self.shell });
            }
            None => self.global = environment,
        }
        let text = draft.line.text();
        let words = blank_separated(text, draft.arguments.clone());
        let base = match words.first() {
            Some(range) => self.word(draft, range.clone(), range.clone()),
            None => {
                let span = draft.span.end..draft.span.end;
                Word { text: String::new(), known: false, whole: span.clone(), span }
            }
        };
        let name = match words.get(1..).unwrap_or_default() {
            [] => None,
            [r#as, name] if text[r#as.clone()].eq_ignore_ascii_case("as") => {
                Some(text[name.clone()].to_lowercase())
            }
            _ => {
                let message = "FROM takes an image, or an image, AS and a name".to_owned();
                self.error(message, draft.span.clone());
                None
            }
        };
        let wanted = base.text.to_lowercase();
        let stages = &self.dockerfile.stages;
        let base_stage = stages.iter().rposition(|stage| stage.name.as_deref() == Some(&wanted));
        self.shell = Shell::of_image(&wanted);
        if let Some(end) = base_stage.and_then(|stage| self.ends.get(stage)) {
            self.environment = end.environment.clone();
            self.shell = end.shell;
        }
        let values = self.environment.values();
        self.known = values
            .filter_map(|binding| Some((binding.name.clone(), binding.value.clone()?)))
            .collect();
        let instructions = index..index + 1;
        self.dockerfile.stages.push(Stage { base, base_stage, name, instructions });
    }
}
