//! What stands where in the tree. Nothing here does I/O.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use provender_core::{ProjectName, Sha256};
use provender_store::StockedFile;

use crate::simple::{ProjectPage, is_plain, render};

/// A page and where it is, relative to the tree.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) path: PathBuf,
    pub(super) content: Vec<u8>,
}

/// All pages of a tree.
#[derive(Debug)]
pub(super) struct Pages {
    pub(super) projects: usize,
    /// Those of projects before those that link to them.
    pub(super) pages: Vec<Page>,
}

/// A blob and where it is, relative to the tree.
#[derive(Debug)]
pub(super) struct Placement {
    pub(super) path: PathBuf,
    pub(super) sha256: Sha256,
}

/// Where a stocked file is.
pub(super) fn file(row: &StockedFile) -> Placement {
    let path = folder(&row.record.sha256).join(&row.record.filename);
    Placement { path, sha256: row.record.sha256 }
}

/// Where its metadata is, if that is stocked too.
pub(super) fn metadata(row: &StockedFile) -> Option<Placement> {
    let sha256 = row.record.metadata.filter(|_| row.metadata_present)?;
    let path = folder(&row.record.sha256).join(format!("{}.metadata", row.record.filename));
    Some(Placement { path, sha256 })
}

fn folder(sha256: &Sha256) -> PathBuf {
    let hex = sha256.to_string();
    Path::new("packages").join(&hex[..2]).join(&hex[2..4]).join(&hex)
}

/// Whether a file's name can be a name in the tree.
pub(super) fn can_be_placed(row: &StockedFile) -> bool {
    is_plain(&row.record.filename)
}

/// The pages for these files, in HTML and JSON.
pub(super) fn pages(rows: &[StockedFile]) -> Pages {
    let mut projects: BTreeMap<&ProjectName, Vec<StockedFile>> = BTreeMap::new();
    for row in rows {
        projects.entry(&row.record.project).or_default().push(row.clone());
    }
    let simple = Path::new("simple");
    let mut pages = Vec::with_capacity(2 * projects.len() + 2);
    for (name, rows) in &projects {
        let page = ProjectPage::of_stocked(name, rows);
        let folder = simple.join(name.as_str());
        let root = "../../";
        pages.push(Page { path: folder.join("index.html"), content: render::html(&page, root) });
        pages.push(Page { path: folder.join("index.json"), content: render::json(&page, root) });
    }
    let names = || projects.keys().copied();
    pages.push(Page { path: simple.join("index.html"), content: render::root_html(names()) });
    pages.push(Page { path: simple.join("index.json"), content: render::root_json(names()) });
    Pages { projects: projects.len(), pages }
}
