//! CI files: the scripts of their steps as commands, their variables, and what they use.

mod github;
mod gitlab;
mod other;

pub(crate) use github::parse as github;
pub(crate) use gitlab::parse as gitlab;
pub(crate) use other::parse as other;

use std::collections::HashSet;

use super::embedded::{Environment, Template, script};
use super::yaml::{Entry, Id, Yaml};
use crate::facts::{Facts, Home, Origin, Setting, Tool};
use crate::shell::Known;

/// A CI file that is being read.
struct Reader<'y, 't> {
    yaml: &'y Yaml<'t>,
    facts: Facts,
    /// How values name other values.
    value_template: Template,
    /// What is put into scripts before a shell sees them.
    script_templates: &'static [Template],
    /// Scripts and variables that were read: an alias may bring them again.
    seen: HashSet<Id>,
    /// Where the names of the variables stand that were read.
    named: HashSet<usize>,
}

/// Who reads a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Interpreter {
    /// A POSIX shell, or what is read like one.
    Shell,
    /// PowerShell or `cmd`: programs and what they are given look alike, the rest does not.
    OtherShell,
    /// Something else.
    None,
}

impl<'y, 't> Reader<'y, 't> {
    fn new(
        yaml: &'y Yaml<'t>,
        value_template: Template,
        script_templates: &'static [Template],
    ) -> Self {
        let facts = Facts {
            comments: yaml.comments.clone(),
            errors: yaml.errors.clone(),
            ..Facts::default()
        };
        Self {
            yaml,
            facts,
            value_template,
            script_templates,
            seen: HashSet::new(),
            named: HashSet::new(),
        }
    }

    /// The facts in the file's order.
    fn finish(mut self) -> Facts {
        self.facts.settings.sort_by_key(|setting| setting.key.start);
        self.facts.comments.sort_by_key(|comment| comment.span.start);
        self.facts
    }

    /// Variables at the entry of this name; those with a value are added to `known`.
    fn environment(&mut self, holder: &Entry, known: &mut Known) {
        let target = self.yaml.target(holder.value);
        let kind = Environment { origin: Origin::Ci, template: self.value_template };
        let mut found = Facts::default();
        kind.read(self.yaml, holder, &mut found);
        for variable in &found.variables {
            match variable.value.as_ref().filter(|value| value.known) {
                Some(value) => known.insert(variable.name.clone(), value.text.clone()),
                None => known.remove(&variable.name),
            };
        }
        if self.seen.insert(target) {
            found.variables.retain(|variable| self.named.insert(variable.name_span.start));
            self.facts.append(found);
        }
    }

    /// A script: a text, or a list of texts and lists.
    fn script(&mut self, id: Id, interpreter: Interpreter, known: &Known) {
        self.script_within(id, interpreter, known, 0);
    }

    fn script_within(&mut self, id: Id, interpreter: Interpreter, known: &Known, depth: usize) {
        let id = self.yaml.target(id);
        if interpreter == Interpreter::None || depth > 8 || self.yaml.is_tagged(id) {
            return;
        }
        for &item in self.yaml.items(id) {
            self.script_within(item, interpreter, known, depth + 1);
        }
        if self.yaml.scalar(id).is_none() || !self.seen.insert(id) {
            return;
        }
        let mut found = Facts::default();
        script(self.yaml, id, &Home::Ci, known, self.script_templates, &mut found);
        if interpreter == Interpreter::OtherShell {
            found.errors.clear();
            found.variables.clear();
            found.commands.iter_mut().for_each(|command| command.assignments.clear());
        }
        self.facts.append(found);
    }

    /// A value as a setting of this path.
    fn setting(&mut self, path: &[String], entry: &Entry) {
        let yaml = self.yaml;
        let place = (yaml.node(entry.key).span.clone(), yaml.entry_whole(entry));
        let setting: Option<Setting> = yaml.setting(Tool::Ci, entry.value, path, place);
        self.facts.settings.extend(setting);
    }

    /// An image: its name, or a mapping with its name.
    fn image(&mut self, path: &[String], entry: &Entry) {
        if self.yaml.scalar(entry.value).is_some() {
            self.setting(path, entry);
        }
        for name in ["image", "name"] {
            if let Some(inner) = self.yaml.entry(entry.value, name) {
                let mut path = path.to_vec();
                path.push(name.to_owned());
                self.setting(&path, &inner);
            }
        }
    }
}

/// A path with one more key.
fn below(path: &[String], key: &str) -> Vec<String> {
    let mut path = path.to_vec();
    path.push(key.to_owned());
    path
}

#[cfg(test)]
mod tests;
