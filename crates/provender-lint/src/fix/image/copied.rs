//! What a Dockerfile copies out of its build context.

use std::path::Path;

use super::compose::{Build, builds};
use super::{folder, relative};
use crate::dockerfile::Instruction;
use crate::source::File;

/// Dockerfiles with the builds that compose files make of them.
pub(in crate::fix) struct Images<'a>(Vec<(&'a File, Vec<Build<'a>>)>);

impl<'a> Images<'a> {
    pub(in crate::fix) fn of(dockerfiles: &[&'a File], all: &'a [File]) -> Self {
        Self(dockerfiles.iter().map(|dockerfile| (*dockerfile, builds(dockerfile, all))).collect())
    }

    /// Whether some step copies a file into an image.
    pub(in crate::fix) fn take_in(&self, path: &Path) -> bool {
        self.0.iter().any(|(dockerfile, builds)| {
            let parsed = dockerfile.dockerfile.iter();
            parsed
                .flat_map(|parsed| &parsed.instructions)
                .any(|instruction| copies(dockerfile, instruction, builds, path))
        })
    }
}

/// Whether an instruction copies a file, or a folder that it stands in, out of a build context.
pub(super) fn copies(
    file: &File,
    instruction: &Instruction,
    builds: &[Build<'_>],
    path: &Path,
) -> bool {
    if !matches!(instruction.keyword.as_str(), "COPY" | "ADD")
        || instruction.flags.iter().any(|flag| flag.name == "from")
    {
        return false;
    }
    let Some((_, sources)) = instruction.words().split_last() else { return false };
    let contexts = builds.iter().map(|build| build.context.as_path());
    contexts.chain([folder(file)]).any(|context| {
        let Some(path) = relative(context, path) else { return false };
        let path = path.to_string_lossy().replace('\\', "/");
        !path.starts_with("..") && sources.iter().any(|source| covers(&source.text, &path))
    })
}

/// Whether a source of a `COPY` takes a file in: it, a folder above it, or a pattern that fits.
fn covers(source: &str, path: &str) -> bool {
    let source = source.trim_start_matches("./").trim_matches('/');
    if source.is_empty() || source == "." {
        return true;
    }
    let mut parts = path.split('/');
    source.split('/').all(|wanted| parts.next().is_some_and(|part| fits(wanted, part)))
}

/// Whether a name fits a pattern (Go's `filepath.Match`); a pattern with more than `*` is taken to fit.
fn fits(pattern: &str, name: &str) -> bool {
    if pattern.contains(['?', '[', '$']) {
        return true;
    }
    let mut pieces = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let mut open = false;
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
        open = true;
    }
    rest.is_empty() || (open && pattern.rsplit('*').next().is_some_and(|last| name.ends_with(last)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_covers_what_it_names_and_what_stands_below_it() {
        for source in [".", "./", "/", "config", "./config/", "config/pip.conf", "conf*/pip.*", "*"]
        {
            assert!(covers(source, "config/pip.conf"), "{source}");
        }
        for source in ["conf", "config/pip", "pip.conf", "config/*.txt", "config/pip.conf/x"] {
            assert!(!covers(source, "config/pip.conf"), "{source}");
        }
    }
}
