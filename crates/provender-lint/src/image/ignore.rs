//! The folder that a Dockerfile's build is given, and the file that leaves things out of it.

use std::path::{Path, PathBuf};

use crate::dockerignore::Patterns;
use crate::project::Project;
use crate::source::{File, FileKind};

use super::{folder, tidy};

/// The folder that a build is given, and what of it is left out.
#[derive(Debug, Clone)]
pub(crate) struct Context<'a> {
    /// The folder.
    pub(crate) root: PathBuf,
    /// The file that leaves things out.
    pub(crate) ignore: Option<&'a File>,
    /// Whether it is this folder for sure. Otherwise it may be the Dockerfile's own folder as well.
    pub(crate) certain: bool,
}

/// The context of a Dockerfile's build: the one that a compose file names; else the nearest folder
/// from the Dockerfile's upwards that has a `.dockerignore`; else the Dockerfile's own.
///
/// `NAME.dockerignore` beside the Dockerfile goes before the context's own, as BuildKit has it.
pub(crate) fn context<'a>(dockerfile: &Path, project: &Project<'a>) -> Context<'a> {
    let own = folder(dockerfile);
    let named = project.services_of(dockerfile).iter().find_map(|service| service.context());
    let general = |root: &Path| {
        [".dockerignore", ".containerignore"]
            .iter()
            .find_map(|name| ignore_file(project, &root.join(name)))
    };
    let specific = dockerfile.file_name().and_then(|name| {
        let mut name = name.to_owned();
        name.push(".dockerignore");
        ignore_file(project, &own.join(name))
    });
    let is_named = named.is_some();
    let root = named
        .or_else(|| own.ancestors().find(|root| general(root).is_some()).map(Path::to_path_buf))
        .unwrap_or_else(|| own.clone());
    let ignore = specific.or_else(|| general(&root));
    let certain = is_named || specific.is_some() || root == own;
    Context { root, ignore, certain }
}

fn ignore_file<'a>(project: &Project<'a>, path: &Path) -> Option<&'a File> {
    project.file(path).filter(|file| file.kind == FileKind::Dockerignore)
}

impl Context<'_> {
    /// Whether a path of the context, relative to it, is left out.
    pub(crate) fn leaves_out(&self, path: &str) -> bool {
        self.ignore.is_some_and(|file| Patterns::read(&file.text).leave_out(path))
    }

    /// A file's path relative to the context; none if it lies elsewhere.
    pub(crate) fn relative(&self, path: &Path) -> Option<String> {
        let path = tidy(path);
        let relative = path.strip_prefix(&self.root).ok()?;
        Some(relative.to_str()?.replace('\\', "/"))
    }
}
