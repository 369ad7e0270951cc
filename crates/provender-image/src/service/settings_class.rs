//! Classes that derive from pydantic's `BaseSettings`: each field is read from a variable
//! (pydantic-settings, "Field value priority" and "Environment variable names"; for pydantic 1 its
//! "Settings management").

use std::collections::BTreeMap;

use provender_lint::secret::names_secret;
use tree_sitter::Node;

use super::python::{Arguments, Module, named_children};
use super::{DefaultValue, Setting};

/// Classes that derive from one another, at most.
const MAX_BASES: usize = 16;

/// A class with fields.
struct Class<'t> {
    name: &'t str,
    /// What it derives from, in full.
    bases: Vec<String>,
    /// `env_prefix`; a computed one is known only when the service runs.
    prefix: Option<Option<String>>,
    case_sensitive: Option<bool>,
    fields: Vec<Written<'t>>,
}

/// A field as it is written.
#[derive(Clone)]
struct Written<'t> {
    name: &'t str,
    /// The variable's own name, which stands without a prefix.
    alias: Option<String>,
    default: DefaultValue,
    secret: bool,
    at: usize,
    file: &'t str,
}

/// A field with the variable that it is read from.
pub(super) struct Found<'t> {
    /// The file in which it is written.
    pub(super) file: &'t str,
    /// Where it begins there.
    pub(super) at: usize,
    variable: String,
    name: &'t str,
    default: DefaultValue,
    secret: bool,
}

impl Found<'_> {
    pub(super) fn field(&self, file: &str) -> super::Field {
        let secret = self.secret || names_secret(&self.variable);
        super::Field {
            setting: Setting {
                name: self.variable.clone(),
                default: self.default.clone(),
                secret,
                file: file.to_owned(),
            },
            field: Some(self.name.to_owned()),
        }
    }
}

/// The fields of all settings classes from which no other derives, with those that they inherit.
pub(super) fn fields<'t>(modules: &[Module<'t>]) -> Vec<Found<'t>> {
    let mut classes: Vec<Class<'t>> = Vec::new();
    for module in modules {
        classes.extend(module.of_kind("class_definition").filter_map(|node| class(module, node)));
    }
    let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, class) in classes.iter().enumerate() {
        by_name.entry(class.name).or_insert(index);
    }
    let mut derived_from = vec![false; classes.len()];
    let lines: Vec<Option<Vec<usize>>> = (0..classes.len())
        .map(|index| {
            let line = line_of(&classes, &by_name, index)?;
            for &base in line.iter().skip(1) {
                if let Some(derived) = derived_from.get_mut(base) {
                    *derived = true;
                }
            }
            Some(line)
        })
        .collect();
    let mut found = Vec::new();
    for (line, _) in lines.iter().zip(&derived_from).filter(|(_, derived)| !**derived) {
        let Some(line) = line else { continue };
        let line: Vec<&Class<'t>> = line.iter().filter_map(|&index| classes.get(index)).collect();
        let prefix = match line.iter().find_map(|class| class.prefix.as_ref()) {
            None => "",
            Some(Some(prefix)) => prefix,
            Some(None) => continue,
        };
        let as_written = line.iter().find_map(|class| class.case_sensitive).unwrap_or(false);
        let mut names = Vec::new();
        for field in line.iter().flat_map(|class| &class.fields) {
            if names.contains(&field.name) {
                continue;
            }
            names.push(field.name);
            let name = match &field.alias {
                Some(alias) => alias.clone(),
                None => format!("{prefix}{}", field.name),
            };
            found.push(Found {
                file: field.file,
                at: field.at,
                variable: if as_written { name } else { name.to_uppercase() },
                name: field.name,
                default: field.default.clone(),
                secret: field.secret,
            });
        }
    }
    found
}

/// A class and those of the project that it derives from, the nearest first; nothing where they do
/// not end in pydantic's.
fn line_of(
    classes: &[Class<'_>],
    by_name: &BTreeMap<&str, usize>,
    first: usize,
) -> Option<Vec<usize>> {
    let mut line = vec![first];
    let mut is_settings = false;
    let mut next = 0;
    while let Some(class) = line.get(next).and_then(|&index| classes.get(index)) {
        next += 1;
        for base in &class.bases {
            if is_base_settings(base) {
                is_settings = true;
            } else if let Some(&index) = base.rsplit('.').next().and_then(|name| by_name.get(name))
                && !line.contains(&index)
                && line.len() < MAX_BASES
            {
                line.push(index);
            }
        }
    }
    is_settings.then_some(line)
}

fn is_base_settings(name: &str) -> bool {
    let mut parts = name.split('.');
    matches!(parts.next(), Some("pydantic" | "pydantic_settings"))
        && parts.next_back() == Some("BaseSettings")
}

fn class<'t>(module: &Module<'t>, node: Node<'t>) -> Option<Class<'t>> {
    let arguments = module.arguments(node);
    let bases: Vec<String> =
        arguments.positional.iter().filter_map(|base| module.qualified(*base)).collect();
    if bases.is_empty() {
        return None;
    }
    let mut class = Class {
        name: module.text_of(node.child_by_field_name("name")?),
        bases,
        prefix: None,
        case_sensitive: None,
        fields: Vec::new(),
    };
    class.configure(module, |name| arguments.keyword(name));
    for statement in named_children(node.child_by_field_name("body")?) {
        match statement.kind() {
            "expression_statement" => {
                let inner = named_children(statement).into_iter();
                for assignment in inner.filter(|inner| inner.kind() == "assignment") {
                    class.take(module, assignment);
                }
            }
            // pydantic 1: `class Config:`.
            "class_definition" => class.take_config(module, statement),
            _ => {}
        }
    }
    Some(class)
}

impl<'t> Class<'t> {
    /// `model_config = SettingsConfigDict(...)` or `{...}`, or a field.
    fn take(&mut self, module: &Module<'t>, assignment: Node<'t>) {
        let Some(left) = assignment.child_by_field_name("left") else { return };
        let name = module.text_of(left);
        let right = assignment.child_by_field_name("right");
        if name == "model_config" {
            match right {
                Some(right) if right.kind() == "call" => {
                    let arguments = module.arguments(right);
                    self.configure(module, |name| arguments.keyword(name));
                }
                Some(right) if right.kind() == "dictionary" => {
                    let pairs: Vec<(String, Node<'t>)> = named_children(right)
                        .into_iter()
                        .filter_map(|pair| {
                            let key = module.string(pair.child_by_field_name("key")?)?;
                            Some((key, pair.child_by_field_name("value")?))
                        })
                        .collect();
                    self.configure(module, |name| {
                        pairs.iter().find(|(key, _)| key == name).map(|(_, value)| *value)
                    });
                }
                _ => {}
            }
            return;
        }
        let Some(kind) = assignment.child_by_field_name("type") else { return };
        if left.kind() == "identifier" && !name.starts_with('_') {
            self.fields.extend(field(module, name, kind, right));
        }
    }

    fn take_config(&mut self, module: &Module<'t>, node: Node<'t>) {
        let is_config =
            node.child_by_field_name("name").is_some_and(|name| module.text_of(name) == "Config");
        let Some(body) = node.child_by_field_name("body").filter(|_| is_config) else { return };
        let assigned: Vec<(&str, Node<'t>)> = named_children(body)
            .into_iter()
            .flat_map(named_children)
            .filter_map(|assignment| {
                let left = assignment.child_by_field_name("left")?;
                Some((module.text_of(left), assignment.child_by_field_name("right")?))
            })
            .collect();
        self.configure(module, |name| {
            assigned.iter().find(|(left, _)| *left == name).map(|(_, value)| *value)
        });
    }

    fn configure(&mut self, module: &Module<'t>, option: impl Fn(&str) -> Option<Node<'t>>) {
        if let Some(prefix) = option("env_prefix") {
            self.prefix = Some(module.string(prefix));
        }
        if let Some(value) = option("case_sensitive") {
            self.case_sensitive = Some(value.kind() == "true");
        }
    }
}

/// `name: TYPE`, `name: TYPE = VALUE`, with `Field(...)` as the value or in an annotation.
fn field<'t>(
    module: &Module<'t>,
    name: &'t str,
    kind: Node<'t>,
    right: Option<Node<'t>>,
) -> Option<Written<'t>> {
    let written = module.text_of(kind);
    if written.contains("ClassVar") {
        return None;
    }
    let call = |node: &Node<'t>| {
        node.kind() == "call"
            && module.callee(*node).is_some_and(|callee| callee.rsplit('.').next() == Some("Field"))
    };
    let annotated =
        written.contains("Field").then(|| within(kind).into_iter().find(call)).flatten();
    let assigned = right.filter(call);
    let mut field = Written {
        name,
        alias: None,
        default: DefaultValue::Required,
        secret: written.contains("SecretStr") || written.contains("SecretBytes"),
        at: kind.start_byte(),
        file: module.path,
    };
    for call in [annotated, assigned].into_iter().flatten() {
        let arguments = module.arguments(call);
        field.alias = match alias(module, &arguments) {
            Some(alias) => Some(alias?),
            None => field.alias,
        };
        field.default = default(module, &arguments);
    }
    if let Some(value) = right.filter(|_| assigned.is_none()) {
        field.default = module.value(value);
    }
    Some(field)
}

/// The variable's own name; nothing within where it is computed.
fn alias<'t>(module: &Module<'t>, arguments: &Arguments<'t>) -> Option<Option<String>> {
    let named = ["validation_alias", "alias", "env"];
    let value = named.iter().find_map(|name| arguments.keyword(name))?;
    Some(match value.kind() {
        // `AliasChoices("A", "B")`; pydantic 1 takes a list. The first one wins.
        "call" => {
            module.arguments(value).positional.first().and_then(|first| module.string(*first))
        }
        "list" | "tuple" => named_children(value).first().and_then(|first| module.string(*first)),
        _ => module.string(value),
    })
}

/// The default that `Field(...)` gives; an ellipsis says that the field must be set.
fn default<'t>(module: &Module<'t>, arguments: &Arguments<'t>) -> DefaultValue {
    match arguments.get(0, "default") {
        Some(value) if value.kind() == "ellipsis" => DefaultValue::Required,
        Some(value) => module.value(value),
        None if arguments.keyword("default_factory").is_some() => DefaultValue::Computed,
        None => DefaultValue::Required,
    }
}

/// The nodes of a type, the outer ones first; no type is nested deeper.
fn within(node: Node<'_>) -> Vec<Node<'_>> {
    let mut found = vec![node];
    let mut from = 0;
    for _ in 0..8 {
        let end = found.len();
        let inner: Vec<Node<'_>> = found
            .get(from..end)
            .unwrap_or_default()
            .iter()
            .flat_map(|node| named_children(*node))
            .collect();
        found.extend(inner);
        from = end;
    }
    found
}

#[cfg(test)]
mod tests;
