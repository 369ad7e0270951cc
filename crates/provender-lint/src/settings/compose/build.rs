//! A service's `build`, and adding a named context to it.

use super::super::embedded::{Environment, Template};
use super::super::lines::line_start;
use super::super::yaml::{Entry, Id, Yaml};
use super::{Located, located};
use crate::facts::{Facts, Origin, Span};
use crate::finding::Edit;

/// What a service is built from (compose-spec, `build.md`).
#[derive(Debug, Clone)]
pub struct Build {
    /// From `build` to the end of what it says.
    pub span: Span,
    /// The folder, or a URL; none means the compose file's own folder.
    pub context: Option<Located>,
    /// The Dockerfile within the context; none means `Dockerfile`.
    pub dockerfile: Option<Located>,
    /// A Dockerfile's text in the compose file itself.
    pub dockerfile_inline: Option<Located>,
    /// The stage to build; none means the last one.
    pub target: Option<Located>,
    /// The arguments, as indexes into [`Facts::variables`].
    pub args: std::ops::Range<usize>,
    /// Named contexts, with where they come from.
    pub additional_contexts: Vec<(Located, Located)>,
    /// The names of the secrets it may mount.
    pub secrets: Vec<Located>,
    /// The network of its steps.
    pub network: Option<Located>,
    /// Where a key can be added to it; none in the short form `build: .` and in braces.
    pub insertion: Option<Insertion>,
    form: Form,
    arguments: Form,
}

/// How a named context can be added.
#[derive(Debug, Clone)]
enum Form {
    /// `build: .`: the value as it is written, with the blanks before it, and where the keys come in its place.
    Short { written: String, value: Span, insertion: Insertion },
    /// A mapping without `additional_contexts`.
    Without,
    /// `additional_contexts` is a mapping, or a list of `name=value`.
    With { list: bool, insertion: Insertion },
    /// In braces, or an alias: not at all.
    Closed,
}

/// Where lines can be added to a mapping or list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insertion {
    /// The place, at the end of a line.
    pub at: usize,
    /// What each line begins with.
    pub indentation: String,
    /// How lines end in this file.
    pub newline: &'static str,
}

impl Insertion {
    /// The edit that adds these lines, each of which gets the indentation before it.
    pub fn edit(&self, lines: &[String]) -> Edit {
        let text = lines
            .iter()
            .map(|line| format!("{}{}{line}", self.newline, self.indentation))
            .collect();
        Edit { span: self.at..self.at, text }
    }

    /// At the end of a mapping or list in block style.
    pub(super) fn within(yaml: &Yaml<'_>, id: Id) -> Option<Self> {
        if yaml.is_flow(id) || yaml.is_alias(id) {
            return None;
        }
        let node = yaml.node(id);
        let (first, last) = match yaml.own_entries(id) {
            [(first, _), ..] => (yaml.node(*first).span.start, node.span.end),
            [] => {
                let first = *yaml.items(id).first()?;
                let text = yaml.text[..yaml.node(first).span.start].trim_ascii_end();
                (text.strip_suffix('-')?.len(), node.span.end)
            }
        };
        Self::behind(yaml, first, last)
    }

    /// Behind the line of `last`, indented as `first` is.
    fn behind(yaml: &Yaml<'_>, first: usize, last: usize) -> Option<Self> {
        let text = yaml.text;
        let column = text[line_start(text, first)..first].chars().count();
        // A block scalar ends behind its last line.
        let last = text[..last].trim_ascii_end().len();
        Some(Self {
            at: super::super::lines::content_end(text, last),
            indentation: " ".repeat(column),
            newline: if text.contains("\r\n") { "\r\n" } else { "\n" },
        })
    }
}

impl Build {
    pub(super) fn read(yaml: &Yaml<'_>, entry: &Entry, facts: &mut Facts) -> Self {
        let id = entry.value;
        let one = |name: &str| yaml.get(id, name).and_then(|value| located(yaml, value));
        let first_variable = facts.variables.len();
        if let Some(args) = yaml.entry(id, "args") {
            let kind = Environment { origin: Origin::ComposeBuildArg, template: Template::Compose };
            kind.read(yaml, &args, facts);
        }
        let contexts = yaml.get(id, "additional_contexts");
        let secrets = yaml.get(id, "secrets").map(|list| yaml.items(list)).unwrap_or_default();
        let secret = |item: &Id| located(yaml, yaml.get(*item, "source").unwrap_or(*item));
        Self {
            span: yaml.pair_span(entry.key, entry.value),
            context: located(yaml, id).or_else(|| one("context")),
            dockerfile: one("dockerfile"),
            dockerfile_inline: one("dockerfile_inline"),
            target: one("target"),
            args: first_variable..facts.variables.len(),
            additional_contexts: contexts.map(|id| pairs(yaml, id)).unwrap_or_default(),
            secrets: secrets.iter().filter_map(secret).collect(),
            network: one("network"),
            insertion: if yaml.is_mapping(id) { Insertion::within(yaml, id) } else { None },
            form: Form::of(yaml, entry, contexts),
            arguments: Form::of(yaml, entry, yaml.get(id, "args")),
        }
    }

    /// The edit that adds a named context. None where it cannot be added: in braces, by an alias, or if there is one
    /// of this name already.
    pub fn add_context(&self, name: &str, value: &str) -> Option<Edit> {
        self.add(name, value, &[])?.into_iter().next()
    }

    /// The edits that add a named context, unless there is one of this name, and arguments that take their value from
    /// the environment of the build. None where something cannot be added: in braces, or by an alias.
    pub fn add(&self, name: &str, value: &str, arguments: &[&str]) -> Option<Vec<Edit>> {
        let known = self.additional_contexts.iter().any(|(known, _)| known.text == name);
        let contexts = if known { vec![] } else { vec![(name, Some(value))] };
        let arguments: Vec<_> = arguments.iter().map(|name| (*name, None)).collect();
        if let Form::Short { written, value, insertion } = &self.form {
            let mut lines = vec![format!("context: {written}")];
            lines.extend(keyed("additional_contexts", &contexts));
            lines.extend(keyed("args", &arguments));
            return Some(vec![Edit { span: value.clone(), text: insertion.edit(&lines).text }]);
        }
        let mut edits: Vec<(usize, Edit)> = Vec::new();
        for (key, form, pairs) in
            [("additional_contexts", &self.form, &contexts), ("args", &self.arguments, &arguments)]
        {
            if pairs.is_empty() {
                continue;
            }
            let (insertion, lines) = match form {
                Form::With { list, insertion } => (insertion, entries(pairs, *list)),
                Form::Without => (self.insertion.as_ref()?, keyed(key, pairs)),
                Form::Short { .. } | Form::Closed => return None,
            };
            edits.push((insertion.indentation.len(), insertion.edit(&lines)));
        }
        // At one place the lines that belong deeper come first.
        edits.sort_by_key(|(depth, edit)| (edit.span.start, std::cmp::Reverse(*depth)));
        let mut joined: Vec<Edit> = Vec::new();
        for (_, edit) in edits {
            match joined.last_mut() {
                Some(last) if last.span == edit.span => last.text.push_str(&edit.text),
                _ => joined.push(edit),
            }
        }
        Some(joined)
    }
}

/// The lines of a mapping with its key.
fn keyed(key: &str, pairs: &[(&str, Option<&str>)]) -> Vec<String> {
    if pairs.is_empty() {
        return Vec::new();
    }
    let inner = entries(pairs, false).into_iter().map(|line| format!("  {line}"));
    std::iter::once(format!("{key}:")).chain(inner).collect()
}

/// The lines of a mapping's or list's entries; without a value there is only a name.
fn entries(pairs: &[(&str, Option<&str>)], list: bool) -> Vec<String> {
    let entry = |(name, value): &(&str, Option<&str>)| match (list, value) {
        (false, Some(value)) => format!("{name}: {value}"),
        (false, None) => format!("{name}:"),
        (true, Some(value)) => format!("- {name}={value}"),
        (true, None) => format!("- {name}"),
    };
    pairs.iter().map(entry).collect()
}

impl Form {
    fn of(yaml: &Yaml<'_>, entry: &Entry, contexts: Option<Id>) -> Self {
        let id = entry.value;
        if yaml.is_alias(id) {
            return Self::Closed;
        }
        if yaml.scalar(id).is_some() && !yaml.is_null(id) {
            let key = yaml.node(entry.key).span.start;
            let value = yaml.node(id).span.clone();
            let Some(insertion) = Insertion::behind(yaml, key, value.end) else {
                return Self::Closed;
            };
            let indentation = format!("{}  ", insertion.indentation);
            let blanks = super::super::lines::blanks_before(yaml.text, value.start);
            if yaml.is_flow(entry.map) {
                return Self::Closed;
            }
            return Self::Short {
                written: yaml.text[value.clone()].to_owned(),
                value: blanks..value.end,
                insertion: Insertion { indentation, ..insertion },
            };
        }
        match contexts {
            None if yaml.is_mapping(id) && !yaml.is_flow(id) => Self::Without,
            Some(contexts) => match Insertion::within(yaml, contexts) {
                Some(insertion) => Self::With { list: !yaml.is_mapping(contexts), insertion },
                None => Self::Closed,
            },
            None => Self::Closed,
        }
    }
}

/// Names with values: a mapping, or a list of `name=value`.
fn pairs(yaml: &Yaml<'_>, id: Id) -> Vec<(Located, Located)> {
    if yaml.is_mapping(id) {
        let entries = yaml.entries(id).into_iter();
        return entries
            .filter_map(|entry| Some((located(yaml, entry.key)?, located(yaml, entry.value)?)))
            .collect();
    }
    let split = |item: &Id| {
        let whole = located(yaml, *item)?;
        let (name, value) = whole.text.split_once('=')?;
        Some((
            Located { text: name.to_owned(), span: whole.span.clone() },
            Located { text: value.to_owned(), span: whole.span.clone() },
        ))
    };
    yaml.items(id).iter().filter_map(split).collect()
}
