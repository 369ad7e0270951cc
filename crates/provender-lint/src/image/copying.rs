//! What `COPY` and `ADD` bring into a stage, and where to.

use std::path::{Component, Path};

use crate::dockerfile::{Dockerfile, Instruction};
use crate::facts::Word;

use super::shipped;

/// A `COPY` or `ADD`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Copying<'d> {
    /// The instruction, within the Dockerfile's.
    pub(crate) index: usize,
    /// The same.
    pub(crate) instruction: &'d Instruction,
    /// What is copied, heredocs left in: they begin with `<<`.
    pub(crate) sources: &'d [Word],
    /// Where to.
    pub(crate) destination: &'d Word,
}

impl<'d> Copying<'d> {
    /// An instruction as copying; none if it is something else or has too few words.
    pub(crate) fn of(index: usize, instruction: &'d Instruction) -> Option<Self> {
        if instruction.onbuild || !matches!(instruction.keyword.as_str(), "COPY" | "ADD") {
            return None;
        }
        match instruction.words() {
            [sources @ .., destination] if !sources.is_empty() => {
                Some(Self { index, instruction, sources, destination })
            }
            _ => None,
        }
    }

    /// Where it copies from, if not from the build's context: a stage, an image or a named context.
    pub(crate) fn from(&self) -> Option<&'d str> {
        self.instruction
            .flags
            .iter()
            .find(|flag| flag.name == "from")
            .map(|flag| flag.value.as_deref().unwrap_or_default())
    }

    /// The stage that it copies from.
    pub(crate) fn source_stage(&self, dockerfile: &Dockerfile) -> Option<usize> {
        let from = self.from()?;
        let here = self.instruction.stage?;
        stage_of(dockerfile, from, here)
    }

    /// The sources that are files of the build's context.
    pub(crate) fn context_sources(&self) -> impl Iterator<Item = &'d Word> + use<'d> {
        let from_context = self.from().is_none();
        self.sources.iter().filter(move |source| {
            from_context
                && source.known
                && !source.text.is_empty()
                && !source.text.starts_with("<<")
                && !is_remote(&source.text)
        })
    }

    /// The folder or file in the image that it fills, absolute and tidy; none where something in it
    /// is not known.
    pub(crate) fn target(&self, dockerfile: &Dockerfile) -> Option<String> {
        if !self.destination.known {
            return None;
        }
        absolute(&self.destination.text, || working_folder(dockerfile, self.index))
    }

    /// The path that one source gets in the image. A source that may be a folder is taken for a
    /// file.
    pub(crate) fn target_of(&self, source: &str, dockerfile: &Dockerfile) -> Option<String> {
        let target = self.target(dockerfile)?;
        if self.fills_folder(&target) {
            let name = source.trim_end_matches('/').rsplit('/').next()?;
            Some(format!("{}/{name}", target.trim_end_matches('/')))
        } else {
            Some(target)
        }
    }

    /// Whether its destination is a folder: it says so, there are many sources, or every image has
    /// it as one.
    pub(crate) fn fills_folder(&self, target: &str) -> bool {
        let text = self.destination.text.as_str();
        text.ends_with('/')
            || text == "."
            || text.ends_with("/.")
            || self.sources.len() > 1
            || FOLDERS.contains(&target)
    }
}

/// Folders that exist wherever CA certificates are managed, so that a file copied to them goes into
/// them.
const FOLDERS: [&str; 7] = [
    "/usr/local/share/ca-certificates",
    "/usr/share/ca-certificates",
    "/etc/ssl/certs",
    "/etc/pki/ca-trust/source/anchors",
    "/etc/ca-certificates/trust-source/anchors",
    "/tmp",
    "/root",
];

/// The stage that `--from` or `from=` names, as seen from stage `here`.
pub(crate) fn stage_of(dockerfile: &Dockerfile, from: &str, here: usize) -> Option<usize> {
    let name = from.to_lowercase();
    let named = dockerfile.stages[..here.min(dockerfile.stages.len())]
        .iter()
        .rposition(|stage| stage.name.as_deref() == Some(name.as_str()));
    named.or_else(|| from.parse().ok().filter(|stage| *stage < here))
}

/// All copying of a stage and of what it stands on, in order.
pub(crate) fn copyings<'d>(
    dockerfile: &'d Dockerfile,
    stage: usize,
) -> impl Iterator<Item = Copying<'d>> + use<'d> {
    shipped::instructions(dockerfile, stage)
        .filter_map(|(index, instruction)| Copying::of(index, instruction))
}

/// Whether `ADD` fetches this from elsewhere.
pub(crate) fn is_remote(source: &str) -> bool {
    source.starts_with("http://")
        || source.starts_with("https://")
        || source.starts_with("git@")
        || source.starts_with("git://")
        || source.starts_with("ssh://")
}

/// The working folder at an instruction: what `WORKDIR` said in its stage or in what that stands
/// on. None where a relative one stands on a folder that only the base image knows.
pub(crate) fn working_folder(dockerfile: &Dockerfile, index: usize) -> Option<String> {
    let stage = dockerfile.instructions.get(index)?.stage?;
    let mut folder: Option<String> = None;
    for (at, instruction) in shipped::instructions(dockerfile, stage) {
        if at >= index && instruction.stage == Some(stage) {
            break;
        }
        if instruction.keyword == "WORKDIR" {
            let word = instruction.words().first()?;
            folder = if word.known { absolute(&word.text, || folder) } else { None };
        }
    }
    folder
}

/// A path in an image, made absolute and tidy.
pub(crate) fn absolute(path: &str, folder: impl FnOnce() -> Option<String>) -> Option<String> {
    let whole =
        if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", folder()?) };
    let mut parts: Vec<&str> = Vec::new();
    for component in Path::new(&whole).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::ParentDir => {
                parts.pop();
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    Some(format!("/{}", parts.join("/")))
}

/// Whether a path is this folder or lies in it; both absolute and tidy.
pub(crate) fn within(path: &str, folder: &str) -> bool {
    let folder = folder.trim_end_matches('/');
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether what this instruction copied is in the image of `stage`: the instruction belongs to it
/// or to what it stands on, or another one of it copies the same place over from the instruction's
/// stage.
pub(crate) fn reaches(dockerfile: &Dockerfile, copying: &Copying<'_>, stage: usize) -> bool {
    reaches_within(dockerfile, copying, stage, dockerfile.stages.len())
}

fn reaches_within(
    dockerfile: &Dockerfile,
    copying: &Copying<'_>,
    stage: usize,
    depth: usize,
) -> bool {
    let Some(home) = copying.instruction.stage else { return false };
    if shipped::chain(dockerfile, stage).contains(&home) {
        return true;
    }
    let Some(target) = copying.target(dockerfile) else { return false };
    if depth == 0 {
        return false;
    }
    copyings(dockerfile, stage).any(|later| {
        let Some(from) = later.source_stage(dockerfile) else { return false };
        let takes = later.sources.iter().any(|source| {
            source.known
                && absolute(&source.text, || Some(String::new()))
                    .is_some_and(|source| within(&target, &source))
        });
        takes && reaches_within(dockerfile, copying, from, depth - 1)
    })
}
