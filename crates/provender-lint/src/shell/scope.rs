//! Which variables have a value that is known at a place in a text.

use std::collections::HashMap;

use super::Known;

/// Values by name. What a branch or a subshell changes is taken back when it ends.
pub(super) struct Scope<'k> {
    outer: &'k Known,
    /// Set in the text itself; none where the value is not known.
    own: HashMap<String, Option<String>>,
    /// What was changed, with what was there before.
    changes: Vec<(String, Option<Option<String>>)>,
}

/// A place to go back to.
#[derive(Clone, Copy)]
pub(super) struct Mark(usize);

impl<'k> Scope<'k> {
    pub(super) fn new(outer: &'k Known) -> Self {
        Self { outer, own: HashMap::new(), changes: Vec::new() }
    }

    /// The value of a variable, if it is known.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        match self.own.get(name) {
            Some(value) => value.as_deref(),
            None => self.outer.get(name).map(String::as_str),
        }
    }

    /// Sets a variable, to nothing known if there is no value.
    pub(super) fn set(&mut self, name: &str, value: Option<String>) {
        let before = self.own.insert(name.to_owned(), value);
        self.changes.push((name.to_owned(), before));
    }

    pub(super) fn mark(&self) -> Mark {
        Mark(self.changes.len())
    }

    /// Takes back what was set since: a subshell ended.
    pub(super) fn restore(&mut self, mark: Mark) {
        for (name, before) in self.changes.drain(mark.0.min(self.changes.len())..).rev() {
            match before {
                Some(value) => self.own.insert(name, value),
                None => self.own.remove(&name),
            };
        }
    }

    /// Forgets the values of what was set since: it may or may not have run.
    pub(super) fn doubt(&mut self, mark: Mark) {
        let names: Vec<String> =
            self.changes.iter().skip(mark.0).map(|(name, _)| name.clone()).collect();
        for name in names {
            self.set(&name, None);
        }
    }
}
