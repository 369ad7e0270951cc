//! The compose files that build a Dockerfile: giving their builds the folder, and the proxy's address from outside.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{CONTEXT, CaPlan, folder, is_compose, relative, written};
use crate::finding::Edit;
use crate::settings::compose;
use crate::source::File;

/// A service that a compose file builds from the Dockerfile.
pub(super) struct Build<'a> {
    /// The compose file.
    pub(super) file: &'a File,
    /// The service's name.
    service: &'a str,
    /// The build's context, relative to what all paths are relative to.
    pub(super) context: PathBuf,
    /// What the compose file says of it.
    build: &'a compose::Build,
}

/// The services among all files that build a Dockerfile.
pub(super) fn builds<'a>(dockerfile: &File, all: &'a [File]) -> Vec<Build<'a>> {
    let wanted = relative(Path::new(""), &dockerfile.path);
    let mut found = Vec::new();
    for file in all.iter().filter(|file| is_compose(file)) {
        for service in file.compose.iter().flat_map(|compose| &compose.services) {
            let Some(build) = &service.build else { continue };
            let context = build.context.as_ref().map_or(".", |context| context.text.as_str());
            // A repository or an archive elsewhere, or a place that only a variable tells.
            if build.dockerfile_inline.is_some() || context.contains("://") || context.contains('$')
            {
                continue;
            }
            let context = relative(Path::new(""), &folder(file).join(context));
            let name = build.dockerfile.as_ref().map_or("Dockerfile", |name| name.text.as_str());
            if relative(Path::new(""), &context.join(name)) == wanted {
                found.push(Build { file, service: &service.name.text, context, build });
            }
        }
    }
    found
}

/// What was done to the compose files.
#[derive(Default)]
pub(super) struct Passed {
    /// The edits of each.
    pub(super) edits: BTreeMap<PathBuf, Vec<Edit>>,
    /// Whether every build gets the arguments; not so if there is no build.
    pub(super) passes_arguments: bool,
}

/// The edits that give every build the folder, and these arguments from the environment.
pub(super) fn edits(
    builds: &[Build<'_>],
    ca: &CaPlan,
    names: &[&str],
    notes: &mut Vec<String>,
) -> Passed {
    let all_open = builds.iter().all(|build| build.build.add(CONTEXT, ".", names).is_some());
    let passes_arguments = !builds.is_empty() && all_open;
    let names = if passes_arguments { names } else { &[] };
    let mut passed = Passed { passes_arguments, ..Passed::default() };
    for build in builds {
        let variables = &build.file.facts.variables;
        let given = |name: &str| {
            variables
                .get(build.build.args.clone())
                .unwrap_or_default()
                .iter()
                .any(|argument| argument.name == name)
        };
        let missing: Vec<&str> = names.iter().copied().filter(|name| !given(name)).collect();
        let path = written(&relative(folder(build.file), &ca.folder));
        match build.build.add(CONTEXT, &quoted(&path), &missing) {
            Some(edits) => {
                let all = passed.edits.entry(build.file.path.clone()).or_default();
                all.extend(edits);
                // Services may share a build by an alias.
                all.sort_by_key(|edit| (edit.span.start, edit.span.end));
                all.dedup();
            }
            None => notes.push(format!(
                "{}: give the build of `{}` the context `{CONTEXT}: {path}` under `additional_contexts`",
                build.file.path.display(),
                build.service,
            )),
        }
    }
    passed
}

/// A YAML scalar: plain where that means the same (YAML 1.2, section 7.3.3).
fn quoted(text: &str) -> String {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"./-_+@~".contains(&byte))
        && !text.starts_with(['-', '@']);
    if plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}
