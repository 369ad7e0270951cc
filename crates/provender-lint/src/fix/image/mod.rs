//! Bringing the CA of an intercepting proxy into the builds of images, so that a Dockerfile whose bypasses go builds where
//! it built before.
//!
//! The CA comes as a *named build context*: a folder that the builder is given beside the context. Every `RUN` that uses
//! the network mounts it, and exports inside that step alone what its tools read. Neither the image nor its history
//! holds the CA. A secret would do it too, but a CA is public, a secret is readable by root alone unless told
//! otherwise, and buildah leaves an empty folder in the image where one was mounted.
//!
//! An empty stage of the same name stands first in the file. Builders take the context before the stage (BuildKit's
//! `dockerfile2llb` looks a stage's name up among the named contexts; `buildah-build(1)`, `--build-context`), so a build
//! that is given no CA mounts an empty folder, exports nothing, and verifies with the image's own roots. Without
//! the stage the name would be looked for among images.
//!
//! Named contexts came with version 1.4 of the Dockerfile syntax, which Docker Engine has built in since 23.0, and with
//! buildah 1.27. No `# syntax=` line is added: it would make every build fetch a frontend.

mod compose;
mod concern;
mod copied;
mod provider;
mod provision;
mod proxy;
mod stage;
mod step;
mod tools;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::edits::{apply, compose as join};
use crate::dockerfile::Dockerfile;
use crate::facts::Span;
use crate::finding::Edit;
use crate::source::{File, FileKind};
use concern::Concern;
pub(super) use copied::Images;

pub use provider::Provider;
pub use provision::{Content, Provision};

/// The name of the build context and of the empty stage.
pub const CONTEXT: &str = "provender-ca";
/// Where the folder is mounted.
pub const TARGET: &str = "/run/provender-ca";
/// The public roots and the corporate ones.
pub const BUNDLE: &str = "ca-bundle.pem";
/// The corporate roots alone, for tools that add them to their own.
pub const CORPORATE: &str = "corporate.pem";
const APT_CONF: &str = "apt.conf";
const WGETRC: &str = "wgetrc";

/// The CA that builds are to be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaPlan {
    /// The folder that will hold it, relative to what the files' paths are relative to, or absolute.
    pub folder: PathBuf,
    /// Files, besides Dockerfiles, that lose a bypass: an image that they are copied into needs the CA as well.
    pub losing: Vec<PathBuf>,
}

/// What brings the CA into the builds of a Dockerfile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageEdits {
    /// The edits of each file, in its text, in order and without overlap. Those of the Dockerfile hold the deletions that
    /// they were asked for; those of the other files come in addition to what else is done to them.
    pub edits: BTreeMap<PathBuf, Vec<Edit>>,
    /// What the user should know, one sentence each.
    pub notes: Vec<String>,
    /// The steps that need the CA and cannot be given it, in the Dockerfile's text, with the reason. If there are any, the
    /// deletions should not be made either.
    pub left_out: Vec<(Span, String)>,
    /// What has to be there for the build; none if nothing has to.
    pub provision: Option<Provision>,
}

/// What brings the CA into the builds of a Dockerfile that loses bypasses by `deletions`, or that copies a file which does.
///
/// `all` are the files among which compose files are looked for. A Dockerfile that loses nothing, or none of whose steps
/// uses the network, gets its deletions and nothing else; of any other file all deletions are left out.
pub fn edits(file: &File, deletions: &[Edit], all: &[File], ca: &CaPlan) -> ImageEdits {
    let mut found = ImageEdits::default();
    if !deletions.is_empty() {
        found.edits.insert(file.path.clone(), deletions.to_vec());
    }
    let Some(before) = &file.dockerfile else {
        let reason = "the CA is brought into builds of images, and this runs elsewhere";
        found.left_out =
            deletions.iter().map(|one| (one.span.clone(), reason.to_owned())).collect();
        return found;
    };
    let builds = compose::builds(file, all);
    let concern = Concern::new(file, before, deletions, &builds, ca);
    if !concern.any() {
        return found;
    }
    // All that follows looks at the file as it is without the bypasses.
    let after = again(file, deletions);
    let Some(dockerfile) = &after.dockerfile else { return found };
    if dockerfile.stages.len() != before.stages.len() {
        return found;
    }
    found.left_out.extend_from_slice(concern.unknown());
    if concern.steps(&after, dockerfile, &Places { deletions }).is_empty() {
        return found;
    }
    if let Some(reason) = too_old(dockerfile) {
        found.left_out.push((0..0, reason));
        return found;
    }
    let proxies = proxy::of(&after);
    let Some(of_compose) = compose::edits(&builds, ca, &proxies.names(), &mut found.left_out)
    else {
        return found;
    };
    let passes_arguments = !builds.is_empty();
    let (deletions, after) = if passes_arguments {
        proxy::without(file, deletions.to_vec(), after)
    } else {
        (deletions.to_vec(), after)
    };
    match bring(&concern, &after, &deletions, &mut found.left_out) {
        Some(own) => found.edits.insert(file.path.clone(), own),
        None => return found,
    };
    for (path, edits) in of_compose {
        found.edits.entry(path).or_default().extend(edits);
    }
    proxies.note(passes_arguments, &mut found.notes);
    concern.note(&mut found.notes);
    let provision = provision::of(file, before, all, &builds, ca, &mut found);
    found.provision = Some(provision);
    found
}

/// The deletions together with the edits that bring the CA to every step that needs it; none if that cannot be.
fn bring(
    concern: &Concern<'_>,
    after: &File,
    deletions: &[Edit],
    left_out: &mut Vec<(Span, String)>,
) -> Option<Vec<Edit>> {
    let dockerfile = after.dockerfile.as_ref()?;
    let places = Places { deletions };
    let mut edits = Vec::new();
    for (index, variables) in concern.steps(after, dockerfile, &places) {
        match step::edits(after, dockerfile, index, &variables) {
            Ok(more) => edits.extend(more),
            Err(reason) => {
                let span = dockerfile.instructions[index].span.clone();
                left_out.push((places.before(span), reason.to_owned()));
            }
        }
    }
    match stage::edits(after, dockerfile) {
        Ok(more) => edits.extend(more),
        Err(reason) => left_out.push((0..0, reason.to_owned())),
    }
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    left_out.is_empty().then(|| join(deletions, &edits))
}

/// A file as it is after edits.
fn again(file: &File, edits: &[Edit]) -> File {
    crate::read(&file.path, file.kind, &apply(&file.text, edits))
}

/// Spans of the text without the bypasses, in the text with them.
struct Places<'a> {
    deletions: &'a [Edit],
}

impl Places<'_> {
    fn before(&self, span: Span) -> Span {
        let place = |place| super::edits::original(self.deletions, place);
        place(span.start)..place(span.end)
    }
}

/// Why a file's own choice of a frontend knows no named contexts.
fn too_old(dockerfile: &Dockerfile) -> Option<String> {
    let (_, image) = dockerfile.directives.iter().find(|(name, _)| name == "syntax")?;
    let tag = image.split('@').next()?.rsplit_once(':')?.1;
    let version = tag.split('-').next()?;
    let mut numbers = version.split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(0)), _) | (Some(Ok(1)), Some(Ok(0..=3)))
            if image.contains("docker/dockerfile") =>
        {
            Some(format!(
                "named build contexts need version 1.4 of the Dockerfile syntax, and the file asks for {version}"
            ))
        }
        _ => None,
    }
}

/// A path without `.` and without `..` behind a name.
fn plain(path: &Path) -> PathBuf {
    relative(Path::new(""), path).unwrap_or_else(|| path.to_owned())
}

/// `to` as seen from the folder `from`; as it is if it alone is absolute. None where no words tell: from a folder that is
/// absolute alone, or from one above the working directory, whose name is not known.
fn relative(from: &Path, to: &Path) -> Option<PathBuf> {
    let parts = |path: &Path| -> Vec<std::ffi::OsString> {
        let mut parts: Vec<std::ffi::OsString> = Vec::new();
        for part in path.components() {
            match part {
                std::path::Component::CurDir => {}
                std::path::Component::ParentDir
                    if parts.last().is_some_and(|last| last != "..") =>
                {
                    parts.pop();
                }
                other => parts.push(other.as_os_str().to_owned()),
            }
        }
        parts
    };
    if from.is_absolute() != to.is_absolute() {
        return to.is_absolute().then(|| to.to_owned());
    }
    let (from, to) = (parts(from), parts(to));
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    if from[common..].iter().any(|part| part == "..") {
        return None;
    }
    let mut path: PathBuf = from[common..].iter().map(|_| "..").collect();
    path.extend(&to[common..]);
    Some(path)
}

/// A path as compose files and command lines write it, with forward slashes and a leading `./` where it is relative.
fn written(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    if text.is_empty() {
        ".".to_owned()
    } else if text.starts_with("..") || text.starts_with('/') || path.is_absolute() {
        text
    } else {
        format!("./{text}")
    }
}

/// The folder that a file stands in.
fn folder(file: &File) -> &Path {
    file.path.parent().unwrap_or(Path::new(""))
}

fn is_compose(file: &File) -> bool {
    file.kind == FileKind::Compose
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_seen_from_a_folder() {
        for (from, to, seen) in [
            ("", "ca", Some("ca")),
            (".", "./ca", Some("ca")),
            ("deploy", "ca", Some("../ca")),
            ("deploy/a", "deploy/ca", Some("../ca")),
            ("../x/y", "../x/ca", Some("../ca")),
            ("../x", "ca", None),
            ("/a/b", "/a/ca", Some("../ca")),
            ("a", "/etc/ca", Some("/etc/ca")),
            ("/a", "ca", None),
        ] {
            let found = relative(Path::new(from), Path::new(to));
            assert_eq!(found.as_deref(), seen.map(Path::new), "{from} {to}");
        }
    }

    #[test]
    fn syntax_without_named_contexts_is_too_old() {
        let of = |image: &str| Dockerfile {
            directives: vec![("syntax".to_owned(), image.to_owned())],
            ..Dockerfile::default()
        };
        for image in [
            "docker/dockerfile:1.2",
            "docker/dockerfile:1.0-experimental",
            "registry.example/docker/dockerfile:1.3.1",
        ] {
            assert!(too_old(&of(image)).is_some(), "{image}");
        }
        for image in [
            "docker/dockerfile:1",
            "docker/dockerfile:1.4",
            "docker/dockerfile:1.10-labs",
            "docker/dockerfile",
            "example/own:0.1",
        ] {
            assert!(too_old(&of(image)).is_none(), "{image}");
        }
    }

    #[test]
    fn what_runs_in_a_container_is_left_as_it_is() {
        let text = "services:\n  a:\n    image: x\n    environment:\n      NODE_TLS_REJECT_UNAUTHORIZED: 0\n";
        let file = crate::read("compose.yaml", FileKind::Compose, text);
        let plan = CaPlan { folder: PathBuf::from("ca"), losing: Vec::new() };
        assert_eq!(Provider::new(plan).provide(&file, &[], &[Edit::delete(40..80)]), None);
    }
}
