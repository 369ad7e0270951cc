//! Bodies of instructions: words, exec form, shell text.

use std::ops::Range;

use super::arguments::{self, blank_separated, first_word};
use super::environment::look_up;
use super::exec::{self, Element};
use super::read::{Draft, Reader};
use super::scripts::{self, Shell};
use super::{Body, Flag, substitution};
use crate::facts::{Home, Origin, Removal, Word};

impl Reader<'_> {
    /// A word, variables put in.
    pub(super) fn word(&self, draft: &Draft, range: Range<usize>, whole: Range<usize>) -> Word {
        let (text, known) = self.process(draft, &draft.line.text()[range.clone()]);
        Word { text, known, span: draft.line.span(range), whole: draft.line.span_with_gap(whole) }
    }

    pub(super) fn process(&self, draft: &Draft, text: &str) -> (String, bool) {
        let from = draft.keyword == "FROM";
        let in_stage = !from && !self.dockerfile.stages.is_empty();
        let environment = if from { &self.global } else { &self.environment };
        substitution::process(text, self.dockerfile.escape, &|name| {
            look_up(environment, name, in_stage)
        })
    }

    pub(super) fn flag(&self, draft: &Draft, flag: arguments::RawFlag) -> Flag {
        let (text, known) = self.process(draft, &flag.text);
        let mut word = self.word(draft, flag.range.clone(), flag.range.clone());
        let before = draft.line.text()[..flag.range.start].trim_end().len();
        word.whole = draft.line.span_with_gap(before..flag.range.end);
        word.text.clone_from(&text);
        word.known = known;
        let bare = text.strip_prefix("--").unwrap_or(&text);
        let (name, value) = match bare.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (bare.to_owned(), None),
        };
        Flag { name, value, word }
    }

    pub(super) fn body(&mut self, draft: &Draft) -> Body {
        let range = draft.arguments.clone();
        match draft.keyword.as_str() {
            "RUN" | "CMD" | "ENTRYPOINT" => self.shell_or_exec(draft, range),
            "HEALTHCHECK" => {
                let (kind, behind) = first_word(draft.line.text(), range.clone());
                match draft.line.text()[kind.clone()].to_ascii_uppercase().as_str() {
                    "CMD" => self.shell_or_exec(draft, behind),
                    "NONE" => Body::Words(self.words(draft, vec![kind])),
                    _ => {
                        let message = "HEALTHCHECK takes NONE or CMD".to_owned();
                        self.error(message, draft.span.clone());
                        Body::Words(self.words(draft, blank_separated(draft.line.text(), range)))
                    }
                }
            }
            "SHELL" => self.set_shell(draft),
            "COPY" | "ADD" | "VOLUME" => match exec::read(&draft.line, range.clone()) {
                Some(elements) => Body::Words(self.listed(draft, &elements)),
                None => Body::Words(self.words(draft, blank_separated(draft.line.text(), range))),
            },
            "ENV" | "LABEL" => self.pairs(draft),
            "ARG" => self.args(draft),
            "USER" | "WORKDIR" | "STOPSIGNAL" | "MAINTAINER" if range.is_empty() => {
                Body::Words(Vec::new())
            }
            "USER" | "WORKDIR" | "STOPSIGNAL" | "MAINTAINER" => {
                Body::Words(self.words(draft, vec![range]))
            }
            _ => Body::Words(self.words(draft, blank_separated(draft.line.text(), range))),
        }
    }

    pub(super) fn words(&self, draft: &Draft, ranges: Vec<Range<usize>>) -> Vec<Word> {
        let wholes = separated(&ranges);
        let words = ranges.into_iter().zip(wholes);
        words.map(|(range, whole)| self.word(draft, range, whole)).collect()
    }

    /// A JSON array where variables are put in.
    fn listed(&self, draft: &Draft, elements: &[Element]) -> Vec<Word> {
        let mut words = scripts::exec_words(&draft.line, elements);
        for word in &mut words {
            (word.text, word.known) = self.process(draft, &word.text);
        }
        words
    }

    fn set_shell(&mut self, draft: &Draft) -> Body {
        let range = draft.arguments.clone();
        let Some(elements) = exec::read(&draft.line, range.clone()) else {
            self.error("SHELL takes a JSON array".to_owned(), draft.span.clone());
            return Body::Words(self.words(draft, blank_separated(draft.line.text(), range)));
        };
        if !draft.onbuild {
            self.shell = Shell::of_words(elements.iter().map(|element| element.value.text()));
        }
        let span = draft.line.span(range);
        Body::Exec { words: scripts::exec_words(&draft.line, &elements), span }
    }

    fn shell_or_exec(&mut self, draft: &Draft, range: Range<usize>) -> Body {
        let stage = self.dockerfile.stages.len().checked_sub(1);
        let home = match (draft.keyword.as_str(), stage) {
            ("RUN", Some(stage)) => Home::Run { stage, instruction: self.index() },
            _ => Home::Container { stage },
        };
        if let Some(elements) = exec::read(&draft.line, range.clone()) {
            let mut facts = scripts::exec_facts(&draft.line, &elements, &home, &self.known);
            if draft.keyword == "RUN"
                && let Some(command) = facts.commands.first()
            {
                let removal = Removal { command: command.span.clone(), whole: draft.lines.clone() };
                facts.removals.push(removal);
            }
            self.facts.append(facts);
            let words = scripts::exec_words(&draft.line, &elements);
            return Body::Exec { words, span: draft.line.span(range) };
        }
        let line_span = draft.line.span(range.clone());
        let end = if draft.heredocs.is_empty() { line_span.end } else { draft.span.end };
        let span = line_span.start..end;
        let script = match (draft.announced.as_slice(), draft.heredocs.as_slice()) {
            ([announced], [heredoc]) if announced.range == range => Some(heredoc.content.clone()),
            _ => None,
        };
        if self.shell == Shell::Posix {
            let mut facts = match &script {
                Some(content) => scripts::script_facts(self.text, content, &home, &self.known),
                None => scripts::text_facts(
                    self.text,
                    &draft.line,
                    range,
                    &draft.announced,
                    &draft.heredocs,
                    &home,
                    &self.known,
                ),
            };
            let all = script.as_ref().unwrap_or(&line_span);
            for variable in &mut facts.variables {
                if matches!(variable.origin, Origin::Shell(_)) && variable.whole == *all {
                    variable.whole = draft.lines.clone();
                }
            }
            for setting in facts.settings.iter_mut().filter(|setting| setting.whole == *all) {
                setting.whole = draft.lines.clone();
                if let [value] = setting.values.as_mut_slice() {
                    value.whole = draft.lines.clone();
                }
            }
            for removal in facts.removals.iter_mut().filter(|removal| removal.whole == *all) {
                removal.whole = draft.lines.clone();
            }
            facts.removals.retain(|removal| draft.keyword == "RUN" || removal.whole != draft.lines);
            self.facts.append(facts);
        }
        Body::Shell { span, script }
    }
}

/// What goes if one of several words goes: with the blanks before it, of the first with those behind it.
pub(super) fn separated(words: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut wholes = words.to_vec();
    for (index, whole) in wholes.iter_mut().enumerate() {
        match (index.checked_sub(1).map(|before| &words[before]), words.get(index + 1)) {
            (Some(before), _) => whole.start = before.end,
            (None, Some(next)) => whole.end = next.start,
            (None, None) => {}
        }
    }
    wholes
}
