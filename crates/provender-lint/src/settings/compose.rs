//! Compose files (compose-spec): services, what they are built from, what they run.
//!
//! Rules and fixes join a compose file to its Dockerfiles by [`Compose`]. What `<<` and aliases bring is there as
//! if it stood in the service; its spans are where it is written.

mod build;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

pub use build::{Build, Insertion};

use super::embedded::{Environment, Template, exec, script};
use super::yaml::{Entry, Id, Yaml};
use crate::facts::{Facts, Home, Origin, Span, Tool};

/// What a compose file describes.
#[derive(Debug, Clone, Default)]
pub struct Compose {
    /// The services of all documents, in the file's order.
    pub services: Vec<Service>,
}

/// A value and where it stands, quotes included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The value, quotes undone; `${NAME}` is as it is written.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A service.
#[derive(Debug, Clone)]
pub struct Service {
    /// Its name.
    pub name: Located,
    /// From its name to the end of what it says.
    pub span: Span,
    /// What it is built from, if it is built.
    pub build: Option<Build>,
    /// The image it runs, or what the built image is called.
    pub image: Option<Located>,
    /// Whom it runs as.
    pub user: Option<Located>,
    /// Its health check.
    pub healthcheck: Option<Healthcheck>,
    /// `privileged`, whatever its value.
    pub privileged: Option<Located>,
    /// Files of variables, as they are named.
    pub env_file: Vec<Located>,
    /// Its variables, as indexes into [`Facts::variables`].
    pub environment: Range<usize>,
    /// Where a key can be added to the service; none in braces.
    pub insertion: Option<Insertion>,
}

/// A service's `healthcheck`.
#[derive(Debug, Clone)]
pub struct Healthcheck {
    /// From its key to the end of what it says.
    pub span: Span,
    /// Whether it switches the check off: `disable: true` or `test: ["NONE"]`.
    pub disabled: bool,
}

/// Reads a file.
pub(crate) fn parse(text: &str) -> (Compose, Facts) {
    let yaml = Yaml::parse(text);
    let mut facts = yaml.settings(Tool::Compose);
    let mut compose = Compose::default();
    let mut seen = Seen::default();
    for &root in &yaml.documents {
        let Some(services) = yaml.get(root, "services") else { continue };
        for entry in yaml.entries(services) {
            if yaml.is_mapping(entry.value) {
                compose.services.push(service(&yaml, &entry, &mut seen, &mut facts));
            }
        }
    }
    (compose, facts)
}

/// What was read, as an alias may bring it again.
#[derive(Default)]
struct Seen {
    commands: HashSet<Id>,
    environments: HashMap<Id, Range<usize>>,
}

fn service(yaml: &Yaml<'_>, entry: &Entry, seen: &mut Seen, facts: &mut Facts) -> Service {
    let id = entry.value;
    let one = |name: &str| yaml.get(id, name).and_then(|value| located(yaml, value));
    let environment = yaml.entry(id, "environment").map(|environment| {
        let first = facts.variables.len();
        let target = yaml.target(environment.value);
        seen.environments.get(&target).cloned().unwrap_or_else(|| {
            let (origin, template) = (Origin::ComposeEnvironment, Template::Compose);
            Environment { origin, template }.read(yaml, &environment, facts);
            seen.environments.insert(target, first..facts.variables.len());
            first..facts.variables.len()
        })
    });
    let build = yaml.entry(id, "build").map(|build| Build::read(yaml, &build, facts));
    for name in ["command", "entrypoint"] {
        if let Some(value) = yaml.get(id, name) {
            command(yaml, value, 0, seen, facts);
        }
    }
    Service {
        name: Located { text: entry.name.clone(), span: yaml.node(entry.key).span.clone() },
        span: yaml.pair_span(entry.key, entry.value),
        build,
        image: one("image"),
        user: one("user"),
        healthcheck: yaml
            .entry(id, "healthcheck")
            .map(|entry| healthcheck(yaml, &entry, seen, facts)),
        privileged: one("privileged"),
        env_file: yaml.get(id, "env_file").map(|value| env_files(yaml, value)).unwrap_or_default(),
        environment: environment.unwrap_or_default(),
        insertion: Insertion::within(yaml, id),
    }
}

/// What is text is read by the rules of a shell; a list is words.
fn command(yaml: &Yaml<'_>, value: Id, skip: usize, seen: &mut Seen, facts: &mut Facts) {
    if !seen.commands.insert(yaml.target(value)) {
        return;
    }
    let home = Home::Container { stage: None };
    if yaml.scalar(value).is_some() {
        script(yaml, value, &home, &BTreeMap::new(), &[Template::Compose], facts);
    } else {
        exec(yaml, value, skip, &home, Template::Compose, facts);
    }
}

fn healthcheck(yaml: &Yaml<'_>, entry: &Entry, seen: &mut Seen, facts: &mut Facts) -> Healthcheck {
    let disable = yaml.get(entry.value, "disable").and_then(|value| yaml.scalar(value));
    let mut disabled = disable == Some("true");
    if let Some(test) = yaml.get(entry.value, "test") {
        let items = yaml.items(test);
        match items.first().and_then(|first| yaml.scalar(*first)) {
            Some("NONE") => disabled = true,
            Some("CMD-SHELL") => {
                if let Some(&text) = items.get(1) {
                    command(yaml, text, 0, seen, facts);
                }
            }
            Some("CMD") => command(yaml, test, 1, seen, facts),
            _ => command(yaml, test, 0, seen, facts),
        }
    }
    Healthcheck { span: yaml.pair_span(entry.key, entry.value), disabled }
}

/// A path, a list of paths, or a list of mappings with a path.
fn env_files(yaml: &Yaml<'_>, value: Id) -> Vec<Located> {
    if let Some(one) = located(yaml, value) {
        return vec![one];
    }
    let path = |item: &Id| located(yaml, yaml.get(*item, "path").unwrap_or(*item));
    yaml.items(value).iter().filter_map(path).collect()
}

fn located(yaml: &Yaml<'_>, id: Id) -> Option<Located> {
    let text = yaml.scalar(id)?.to_owned();
    Some(Located { text, span: yaml.node(id).span.clone() })
}

#[cfg(test)]
mod tests;
