//! A project with a stock.

use std::fs;
use std::path::PathBuf;

use crate::project::{APP, LOCK, Project};

/// A project of [`APP`] with its lock.
pub(crate) fn locked() -> Project {
    let project = Project::new(APP, "app\n", []);
    project.run(LOCK).exits(0);
    project
}

/// A project of [`APP`] with its lock and all of it in stock; the index has forgotten what it was asked for that.
pub(crate) fn stocked() -> Project {
    let project = locked();
    project.run("stock").exits(0);
    project.index.http().forget_requests();
    project
}

/// Where the store keeps a blob.
pub(crate) fn blob(project: &Project, sha256: &str) -> PathBuf {
    let folder = project.sandbox.data_dir().join("blobs/sha256");
    folder.join(&sha256[..2]).join(&sha256[2..4]).join(sha256)
}

/// Where the store keeps the first file of a release.
pub(crate) fn blob_of(project: &Project, name: &str, version: &str) -> PathBuf {
    blob(project, &project.index.hashes(name, version).remove(0).1)
}

/// Loses a file of the store, as a failing disk might.
pub(crate) fn lose(project: &Project, name: &str, version: &str) {
    fs::remove_file(blob_of(project, name, version)).unwrap();
}

/// How many requests the index had since it was told to forget them.
pub(crate) fn requests(project: &Project) -> usize {
    project.index.http().requests().len()
}

/// The names of the files that the index was asked for.
pub(crate) fn downloaded(project: &Project) -> Vec<String> {
    let requests = project.index.http().requests();
    let paths = requests.iter().filter_map(|request| request.path.strip_prefix("/files/"));
    let is_file = |path: &&str| [".whl", ".tar.gz"].iter().any(|end| path.ends_with(end));
    let mut names: Vec<_> = paths.filter(is_file).map(str::to_owned).collect();
    names.sort();
    names
}
