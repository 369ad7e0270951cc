//! The files that are looked at together, found by what rules ask for.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::image::compose::{self, Service};
use crate::image::{folder, tidy};
use crate::source::{File, FileKind};

/// All files that were given, with an index that is made when it is first asked: rules that look
/// from one file to others would otherwise look through all of them for each.
#[derive(Debug)]
pub struct Project<'a> {
    all: &'a [File],
    index: OnceLock<Index<'a>>,
}

#[derive(Debug, Default)]
struct Index<'a> {
    by_path: BTreeMap<PathBuf, &'a File>,
    by_name: HashMap<&'a OsStr, Vec<&'a File>>,
    /// The services that are built from a Dockerfile, by its path.
    services: HashMap<PathBuf, Vec<Service<'a>>>,
    /// Folders that hold what only a repository's root has.
    roots: BTreeSet<PathBuf>,
}

impl<'a> Project<'a> {
    /// These files together.
    pub fn of(all: &'a [File]) -> Self {
        Self { all, index: OnceLock::new() }
    }

    /// The files in the order in which they were given.
    pub fn files(&self) -> &'a [File] {
        self.all
    }

    /// The file of this path.
    pub(crate) fn file(&self, path: &Path) -> Option<&'a File> {
        self.index().by_path.get(&tidy(path)).copied()
    }

    /// The files of this name, wherever they are.
    pub(crate) fn named(&self, name: &OsStr) -> &[&'a File] {
        self.index().by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// The files below a folder.
    pub(crate) fn below<'s>(
        &'s self,
        folder: &Path,
    ) -> impl Iterator<Item = &'a File> + use<'s, 'a> {
        let folder = tidy(folder);
        self.index()
            .by_path
            .range(folder.clone()..)
            .take_while(move |(path, _)| path.starts_with(&folder))
            .map(|(_, file)| *file)
    }

    /// The compose services that are built from this Dockerfile.
    pub(crate) fn services_of(&self, dockerfile: &Path) -> &[Service<'a>] {
        self.index().services.get(&tidy(dockerfile)).map_or(&[], Vec::as_slice)
    }

    /// Whether a folder is, as far as is seen, a repository's root: what only a root has lies in it,
    /// or nothing that was looked at lies outside.
    pub(crate) fn is_root(&self, folder: &Path) -> bool {
        let index = self.index();
        let ends = [index.by_path.first_key_value(), index.by_path.last_key_value()];
        // Paths are sorted, so those in a folder stand together.
        index.roots.contains(folder)
            || ends.iter().flatten().all(|(path, _)| path.starts_with(folder))
    }

    fn index(&self) -> &Index<'a> {
        self.index.get_or_init(|| Index::of(self.all))
    }
}

impl<'a> Index<'a> {
    fn of(all: &'a [File]) -> Self {
        let mut index = Self::default();
        for file in all {
            let path = tidy(&file.path);
            index.roots.extend(root_by(file.kind, &path));
            index.by_path.insert(path, file);
            if let Some(name) = file.path.file_name() {
                index.by_name.entry(name).or_default().push(file);
            }
            for service in compose::services(file) {
                for dockerfile in service.dockerfiles() {
                    index.services.entry(dockerfile).or_default().push(service);
                }
            }
        }
        index
    }
}

/// The repository's root that a file tells by its place.
fn root_by(kind: FileKind, path: &Path) -> Option<PathBuf> {
    let own = folder(path);
    let is = |name: &str| path.file_name().is_some_and(|own| own == name);
    match kind {
        FileKind::GithubWorkflow => {
            let github = own.parent()?;
            (own.ends_with(".github/workflows")).then(|| folder(github))
        }
        FileKind::GitlabCi if is(".gitlab-ci.yml") => Some(own),
        FileKind::Gitconfig if is(".gitmodules") => Some(own),
        _ => None,
    }
}
