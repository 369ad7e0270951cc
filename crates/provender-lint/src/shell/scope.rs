//! Which variables have a value that is known at a place in a text.

use std::collections::{BTreeSet, HashMap};

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
        // What is forgotten already is not written down again, or each clause of a `case` would double the list.
        let known = |name: &&String| self.own.get(*name).is_some_and(Option::is_some);
        let changed = self.changes.iter().skip(mark.0).map(|(name, _)| name);
        let names: BTreeSet<String> = changed.filter(known).cloned().collect();
        for name in names {
            self.set(&name, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_branches_make_no_long_list() {
        let outer = Known::new();
        let mut scope = Scope::new(&outer);
        let mark = scope.mark();
        for clause in 0..64 {
            scope.doubt(mark);
            scope.set("A", Some(clause.to_string()));
        }
        scope.doubt(mark);
        assert_eq!(scope.get("A"), None);
        assert!(scope.changes.len() <= 2 * 64);
    }
}
