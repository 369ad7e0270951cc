//! Instructions of names and values: `ENV`, `ARG` and `LABEL`.

use std::ops::Range;

use super::arguments::{first_word, quoted_words};
use super::body::separated;
use super::environment::bind;
use super::read::{Draft, Reader};
use super::{Binding, Body, Source};
use crate::facts::{Origin, Variable};

impl Reader<'_> {
    /// `ENV` and `LABEL`: `name=value` pairs, or the old form of one name and the rest of the line.
    pub(super) fn pairs(&mut self, draft: &Draft) -> Body {
        let text = draft.line.text();
        let range = draft.arguments.clone();
        let words = quoted_words(text, range.clone(), self.dockerfile.escape);
        let Some(first) = words.first() else { return Body::Words(Vec::new()) };
        let mut pairs = Vec::new();
        if text[first.clone()].contains('=') {
            for (word, whole) in words.iter().zip(separated(&words)) {
                match text[word.clone()].find('=') {
                    Some(equals) => {
                        let equals = word.start + equals;
                        pairs.push((word.start..equals, equals + 1..word.end, whole));
                    }
                    None => {
                        let message = format!("{} takes name=value", draft.keyword);
                        self.error(message, draft.line.span(word.clone()));
                    }
                }
            }
        } else {
            let (name, value) = first_word(text, range.clone());
            if value.is_empty() {
                let message = format!("{} takes a name and a value", draft.keyword);
                self.error(message, draft.span.clone());
            }
            pairs.push((name, value, range));
        }
        let read = self.words(draft, words);
        if draft.keyword == "ENV" {
            self.assign(
                draft,
                Source::Env,
                pairs.into_iter().map(|(name, value, whole)| Pair {
                    name,
                    value: Some(value),
                    whole,
                }),
            );
        }
        Body::Words(read)
    }

    pub(super) fn args(&mut self, draft: &Draft) -> Body {
        let text = draft.line.text();
        let words = quoted_words(text, draft.arguments.clone(), self.dockerfile.escape);
        let read = self.words(draft, words.clone());
        let pairs = words.iter().zip(separated(&words)).map(|(word, whole)| {
            match text[word.clone()].find('=') {
                Some(equals) => {
                    let equals = word.start + equals;
                    Pair { name: word.start..equals, value: Some(equals + 1..word.end), whole }
                }
                None => Pair { name: word.clone(), value: None, whole },
            }
        });
        self.assign(draft, Source::Arg, pairs.collect::<Vec<_>>());
        Body::Words(read)
    }

    /// Sets variables: those of `ENV` see the values before the instruction, those of `ARG` also each other.
    fn assign(&mut self, draft: &Draft, source: Source, pairs: impl IntoIterator<Item = Pair>) {
        let pairs: Vec<Pair> = pairs.into_iter().collect();
        let alone = pairs.len() == 1;
        let mut bindings = Vec::new();
        for mut pair in pairs {
            if alone {
                pair.whole = 0..0;
            }
            bindings.push(self.variable(draft, source, pair));
            if source == Source::Arg {
                self.bind_all(draft, bindings.drain(..));
            }
        }
        self.bind_all(draft, bindings.drain(..));
    }

    fn bind_all(&mut self, draft: &Draft, bindings: impl Iterator<Item = Binding>) {
        for binding in bindings.filter(|_| !draft.onbuild) {
            bind(&mut self.environment, binding.clone());
            match self.environment.get(&binding.name).and_then(|now| now.value.clone()) {
                Some(value) => self.known.insert(binding.name.clone(), value),
                None => self.known.remove(&binding.name),
            };
            self.dockerfile.bindings.push(binding);
        }
    }

    fn variable(&mut self, draft: &Draft, source: Source, pair: Pair) -> Binding {
        let stage = self.dockerfile.stages.len().checked_sub(1);
        let name = self.process(draft, &draft.line.text()[pair.name.clone()]).0;
        let value = pair.value.map(|range| {
            let mut word = self.word(draft, range.clone(), range);
            word.whole.clone_from(&word.span);
            word
        });
        let binding = Binding {
            name: name.clone(),
            value: match &value {
                Some(word) => word.known.then(|| word.text.clone()),
                None => stage.and_then(|_| self.global.get(&name)?.value.clone()),
            },
            source,
            instruction: self.index(),
            declared_only: value.is_none(),
        };
        let whole = match pair.whole {
            whole if whole.is_empty() => draft.lines.clone(),
            whole => draft.line.span_with_gap(whole),
        };
        self.facts.variables.push(Variable {
            name,
            name_span: draft.line.span(pair.name),
            value,
            whole,
            origin: match (source, stage) {
                (Source::Env, Some(stage)) => Origin::DockerEnv { stage },
                _ => Origin::DockerArg { stage },
            },
        });
        binding
    }
}

/// `NAME=value` as ranges of the joined line.
struct Pair {
    name: Range<usize>,
    value: Option<Range<usize>>,
    /// What goes with it; empty if the instruction does.
    whole: Range<usize>,
}
