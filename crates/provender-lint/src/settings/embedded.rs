//! Commands and variables in scalars of YAML: shell text in compose and CI files.

use std::collections::BTreeMap;

use super::scalar::Placed;
use super::yaml::{Entry, Id, Kind, Yaml};
use crate::facts::{Command, Facts, Home, Origin, Span, Variable, Word};
use crate::shell;

/// What a file puts into text before the shell sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Template {
    /// `${{ ... }}`: GitHub, Azure.
    DoubleBraces,
    /// `<< ... >>`: CircleCI.
    Chevrons,
    /// `${NAME}` and `$NAME`, with `$$` for a dollar: compose.
    Compose,
    /// `$NAME`: GitLab and others.
    Dollar,
}

/// Reads a scalar as shell text.
pub(super) fn script(
    yaml: &Yaml<'_>,
    id: Id,
    home: &Home,
    known: &BTreeMap<String, String>,
    templates: &[Template],
    facts: &mut Facts,
) {
    let node = yaml.node(id);
    let Kind::Scalar { text, .. } = &node.kind else { return };
    if text.trim().is_empty() {
        return;
    }
    let Some(placed) = Placed::of(yaml.text, node) else {
        // Words whose places are not known are seen, but nothing can be cut out of them.
        let mut found = shell::parse(text, 0..text.len(), home, known);
        for command in &mut found.commands {
            command.span = node.span.clone();
            command.words.iter_mut().for_each(|word| nowhere(word, &node.span));
        }
        for variable in &mut found.variables {
            variable.name_span = node.span.clone();
            variable.whole = node.span.start..node.span.start;
            variable.value.iter_mut().for_each(|word| nowhere(word, &node.span));
        }
        found.removals.clear();
        found.settings.clear();
        found.comments.clear();
        found.errors.clear();
        return facts.append(found);
    };
    let (hidden, expressions) = hide(&placed.text, templates);
    let mut found = shell::parse(&hidden, 0..hidden.len(), home, known);
    for command in &mut found.commands {
        command.words.iter_mut().for_each(|word| reveal(word, &expressions));
    }
    for variable in &mut found.variables {
        variable.value.iter_mut().for_each(|word| reveal(word, &expressions));
    }
    placed.place(&mut found);
    facts.append(found);
}

fn nowhere(word: &mut Word, span: &Span) {
    word.span = span.clone();
    word.whole = span.start..span.start;
}

/// Puts variables of the same length in the place of expressions, which a shell would not understand.
fn hide(text: &str, templates: &[Template]) -> (String, Vec<(String, String)>) {
    let mut hidden = String::with_capacity(text.len());
    let mut expressions = Vec::new();
    let mut rest = text;
    while let Some((before, expression, after)) = next_expression(rest, templates) {
        let room = expression.len() - "${}".len();
        let name = format!("_{}", expressions.len());
        let name = if name.len() > room { "_".repeat(room) } else { format!("{name:_<room$}") };
        let variable = format!("${{{name}}}");
        hidden.push_str(before);
        hidden.push_str(&variable);
        expressions.push((variable, expression.to_owned()));
        rest = after;
    }
    hidden.push_str(rest);
    (hidden, expressions)
}

fn next_expression<'s>(
    text: &'s str,
    templates: &[Template],
) -> Option<(&'s str, &'s str, &'s str)> {
    let found = templates.iter().filter_map(|template| {
        let (open, close) = match template {
            Template::DoubleBraces => ("${{", "}}"),
            Template::Chevrons => ("<<", ">>"),
            Template::Compose | Template::Dollar => return None,
        };
        let start = text.match_indices(open).map(|(at, _)| at).find(|at| {
            let name = text[at + open.len()..].trim_start();
            *template != Template::Chevrons
                || name.starts_with("parameters.")
                || name.starts_with("pipeline.")
        })?;
        let length = text[start..].find(close)? + close.len();
        Some(start..start + length)
    });
    let span = found.min_by_key(|span| span.start)?;
    Some((&text[..span.start], &text[span.clone()], &text[span.end..]))
}

pub(super) fn reveal(word: &mut Word, expressions: &[(String, String)]) {
    let mut text = String::new();
    let mut rest = word.text.as_str();
    while let Some(start) = rest.find("${_") {
        let end = rest[start..].find('}').map_or(rest.len(), |close| start + close + 1);
        let variable = &rest[start..end];
        // Its number, but for those too short to hold one.
        let number = variable.trim_matches(|c: char| !c.is_ascii_digit()).parse::<usize>();
        let expression = number
            .ok()
            .and_then(|number| expressions.get(number))
            .filter(|(name, _)| name == variable)
            .or_else(|| expressions.iter().find(|(name, _)| name == variable));
        text.push_str(&rest[..start]);
        text.push_str(expression.map_or(variable, |(_, expression)| expression));
        word.known &= expression.is_none();
        rest = &rest[end..];
    }
    if !text.is_empty() {
        text.push_str(rest);
        word.text = text;
    }
}

/// A scalar as a word, whose expressions are not known.
pub(super) fn word(yaml: &Yaml<'_>, id: Id, template: Template) -> Option<Word> {
    let text = yaml.scalar(id)?;
    let span = yaml.node(id).span.clone();
    let (text, known) = expanded(text, template);
    Some(Word { text, known, whole: span.clone(), span })
}

/// The text with what the template says, and whether that is all of it.
pub(super) fn expanded(text: &str, template: Template) -> (String, bool) {
    match template {
        Template::DoubleBraces => (text.to_owned(), !text.contains("${{")),
        Template::Chevrons => (text.to_owned(), !text.contains("<<") && !text.contains('$')),
        Template::Compose => (text.replace("$$", "$"), !text.replace("$$", "").contains('$')),
        Template::Dollar => (text.to_owned(), !text.contains('$')),
    }
}

/// What a file's variables are.
#[derive(Debug, Clone)]
pub(super) struct Environment {
    pub(super) origin: Origin,
    pub(super) template: Template,
}

impl Environment {
    /// Reads variables: a mapping of names to values, or a list of `NAME=value`.
    ///
    /// The only variable takes the key that holds it along, unless a comment stands between. What aliases share
    /// comes again each time.
    pub(super) fn read(&self, yaml: &Yaml<'_>, holder: &Entry, facts: &mut Facts) {
        let id = yaml.target(holder.value);
        let before = facts.variables.len();
        if yaml.is_mapping(id) {
            for entry in yaml.entries(id) {
                self.entry(yaml, &entry, facts);
            }
        } else {
            for (&item, whole) in yaml.items(id).iter().zip(yaml.item_wholes(id)) {
                self.item(yaml, item, whole, facts);
            }
        }
        let own = yaml.own_entries(id).len() + yaml.items(id).len();
        if let [only] = &mut facts.variables[before..]
            && own == 1
            && !yaml.is_alias(holder.value)
        {
            let whole = yaml.entry_whole(holder);
            let comment = yaml
                .comments
                .iter()
                .any(|comment| whole.contains(&comment.span.start) && comment.own_line);
            if !comment && whole.start <= only.whole.start && only.whole.end <= whole.end {
                only.whole = whole;
            }
        }
    }

    fn entry(&self, yaml: &Yaml<'_>, entry: &Entry, facts: &mut Facts) {
        // GitLab: `NAME: { value: x, description: y }`.
        let value = yaml.get(entry.value, "value").unwrap_or(entry.value);
        facts.variables.push(Variable {
            name: entry.name.clone(),
            name_span: yaml.node(entry.key).span.clone(),
            value: word(yaml, value, self.template).filter(|_| !yaml.is_null(value)),
            whole: yaml.entry_whole(entry),
            origin: self.origin.clone(),
        });
    }

    fn item(&self, yaml: &Yaml<'_>, item: Id, whole: Span, facts: &mut Facts) {
        let node = yaml.node(item);
        // Azure: `- name: X` with `value: y`.
        if yaml.is_mapping(item) {
            if let (Some(name), value) = (yaml.get(item, "name"), yaml.get(item, "value")) {
                facts.variables.push(Variable {
                    name: yaml.scalar(name).unwrap_or_default().to_owned(),
                    name_span: yaml.node(name).span.clone(),
                    value: value.and_then(|value| word(yaml, value, self.template)),
                    whole,
                    origin: self.origin.clone(),
                });
            } else {
                // CircleCI: `- NAME: value`. Azure's `group` and `template` name variables elsewhere.
                let named = yaml.entries(item).into_iter();
                for entry in named.filter(|entry| !["group", "template"].contains(&&*entry.name)) {
                    self.entry(yaml, &entry, facts);
                }
            }
            return;
        }
        let Some(placed) = Placed::of(yaml.text, node) else { return };
        let Some(equals) = placed.text.find('=') else {
            facts.variables.push(Variable {
                name: placed.text.clone(),
                name_span: placed.span(&(0..placed.text.len())),
                value: None,
                whole,
                origin: self.origin.clone(),
            });
            return;
        };
        let (text, known) = expanded(&placed.text[equals + 1..], self.template);
        let span = if equals + 1 < placed.text.len() {
            placed.span(&(equals + 1..placed.text.len()))
        } else {
            let end = placed.span(&(equals..equals + 1)).end;
            end..end
        };
        facts.variables.push(Variable {
            name: placed.text[..equals].to_owned(),
            name_span: placed.span(&(0..equals)),
            value: Some(Word { text, known, whole: span.clone(), span }),
            whole,
            origin: self.origin.clone(),
        });
    }
}

/// A command given as a list of words, the first `skip` left out, with what it does if it is `sh -c`.
pub(super) fn exec(
    yaml: &Yaml<'_>,
    list: Id,
    skip: usize,
    home: &Home,
    template: Template,
    facts: &mut Facts,
) {
    let items = yaml.items(list).get(skip..).unwrap_or_default();
    let wholes = yaml.item_wholes(list).into_iter().skip(skip);
    let mut words: Vec<Word> = Vec::new();
    for (&item, whole) in items.iter().zip(wholes) {
        let Some(mut word) = word(yaml, item, template) else { return };
        word.whole = match words.last() {
            Some(before) if yaml.is_flow(list) => before.span.end..word.span.end,
            _ => whole,
        };
        words.push(word);
    }
    let (Some(first), Some(last)) = (words.first(), words.last()) else { return };
    let span = first.span.start..last.span.end;
    let shell = first.text.rsplit('/').next().is_some_and(shell::is_shell);
    let flag = words.iter().position(|word| {
        word.text.starts_with('-') && !word.text.starts_with("--") && word.text.ends_with('c')
    });
    facts.commands.push(Command { assignments: Vec::new(), words, span, home: home.clone() });
    if let (true, Some(&item)) = (shell, flag.and_then(|flag| items.get(flag + 1))) {
        script(yaml, item, home, &BTreeMap::new(), &[template], facts);
    }
}
