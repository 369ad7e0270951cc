//! The compose files that build a Dockerfile: giving their builds the folder, and the proxy's address from outside.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{CONTEXT, CaPlan, folder, is_compose, plain, relative, written};
use crate::facts::Span;
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
    let wanted = plain(&dockerfile.path);
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
            let context = plain(&folder(file).join(context));
            let name = build.dockerfile.as_ref().map_or("Dockerfile", |name| name.text.as_str());
            if plain(&context.join(name)) == wanted {
                found.push(Build { file, service: &service.name.text, context, build });
            }
        }
    }
    found
}

/// The edits of each compose file that give every build the folder, and these arguments from the environment. None where
/// a build cannot be given them, which is added to `left_out`.
pub(super) fn edits(
    builds: &[Build<'_>],
    ca: &CaPlan,
    names: &[&str],
    left_out: &mut Vec<(Span, String)>,
) -> Option<BTreeMap<PathBuf, Vec<Edit>>> {
    let mut edits: BTreeMap<PathBuf, Vec<Edit>> = BTreeMap::new();
    for build in builds {
        let variables = &build.file.facts.variables;
        let arguments = variables.get(build.build.args.clone()).unwrap_or_default();
        let given = |name: &str| arguments.iter().any(|argument| argument.name == name);
        let missing: Vec<&str> = names.iter().copied().filter(|name| !given(name)).collect();
        let folder = relative(folder(build.file), &ca.folder).map(|path| quoted(&written(&path)));
        let added = folder.and_then(|folder| build.build.add(CONTEXT, &folder, &missing));
        let Some(added) = added else {
            let (file, service) = (build.file.path.display(), build.service);
            left_out.push((
                0..0,
                format!(
                    "{file} builds `{service}` from it, in a form that takes no further context"
                ),
            ));
            continue;
        };
        let all = edits.entry(build.file.path.clone()).or_default();
        all.extend(added);
        // Services may share a build by an alias.
        all.sort_by_key(|edit| (edit.span.start, edit.span.end));
        all.dedup();
    }
    left_out.is_empty().then_some(edits)
}

/// A YAML scalar: plain where that means the same (YAML 1.2, section 7.3.3).
fn quoted(text: &str) -> String {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"./-_+@~".contains(&byte))
        && !text.starts_with(['-', '@']);
    if plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}
