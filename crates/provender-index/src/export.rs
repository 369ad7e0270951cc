//! A static index tree, which any web server can serve.
//!
//! ```text
//! DIR/.provender-export                     says that the tree is one of these
//! DIR/simple/index.html, index.json         the list of projects
//! DIR/simple/PROJECT/index.html, index.json the pages of the simple API (PEP 503, PEP 691)
//! DIR/packages/ab/cd/SHA256/FILENAME        the files, with FILENAME.metadata beside wheels
//! ```
//!
//! Links are relative, and the same stock gives the same bytes. The tree can be read while it is
//! written: a file is there before a page names it, and goes after no page names it any more; a
//! page is replaced at once. So an export that is interrupted leaves a tree that works, and the
//! next one completes it.

mod error;
mod layout;
mod tree;

use std::collections::BTreeSet;
use std::path::Path;

use provender_core::{Diagnostic, Sha256};
use provender_store::{STOCK, StockedFile, Store};

use crate::stock::inspect;
use tree::{Placed, Tree};

pub use error::ExportError;

/// How files get into the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Placing {
    /// As hard links to the blobs where the file system allows it, else as copies. Links take no
    /// room, but whoever changes such a file changes the blob.
    #[default]
    Link,
    /// As copies.
    Copy,
}

/// What an export came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exported {
    /// How many projects are in the tree.
    pub projects: usize,
    /// How many wheels and sdists.
    pub files: usize,
    /// Their size in bytes.
    pub bytes: u64,
    /// How many files of the tree, pages among them, were new or had changed.
    pub written: usize,
    /// How many files of an earlier export were removed.
    pub removed: usize,
    /// What was left out: `export/damaged` for each file whose blob is damaged or lost.
    pub diagnostics: Vec<Diagnostic>,
}

impl Exported {
    /// Whether everything that is stocked is in the tree.
    pub fn is_complete(&self) -> bool {
        self.diagnostics.is_empty()
    }
}

/// Writes everything that is stocked as a static tree into `dir`, which is made if it is missing.
///
/// The folder is read and written where this is called: nothing else should wait on that thread.
///
/// # Errors
///
/// A folder that holds something else, or is being written by another export; and a store or a
/// folder that cannot be read or written.
pub async fn export(store: &Store, dir: &Path, placing: Placing) -> Result<Exported, ExportError> {
    let tree = Tree::open(dir)?;
    let mut rows = store.database().all_files(STOCK).await?;
    inspect(store, &mut rows).await?;
    let mut exported = Exported::default();
    let (rows, lost): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|row| row.present && layout::can_be_placed(row));
    exported.diagnostics.extend(lost.iter().map(|row| damaged(&row.record.filename)));

    // A copy is hashed on its way, so it may turn out only now that a blob is damaged.
    let mut placed = Vec::with_capacity(rows.len());
    for mut row in rows {
        match tree.place(store, &layout::file(&row), placing).await? {
            Placed::Damaged => {
                exported.diagnostics.push(damaged(&row.record.filename));
                continue;
            }
            placed => exported.written += usize::from(placed == Placed::New),
        }
        if let Some(metadata) = layout::metadata(&row) {
            match tree.place(store, &metadata, placing).await? {
                Placed::Damaged => row.metadata_present = false,
                placed => exported.written += usize::from(placed == Placed::New),
            }
        }
        if row.record.size.is_none() {
            row.record.size = store.blobs().size(&row.record.sha256).await?;
        }
        exported.files += 1;
        exported.bytes += row.record.size.unwrap_or_default();
        placed.push(row);
    }

    exported.diagnostics.extend(needed(store, &placed, &exported.diagnostics).await?);
    let pages = layout::pages(&placed);
    exported.projects = pages.projects;
    for page in &pages.pages {
        exported.written += usize::from(tree.write(&page.path, &page.content)?);
    }
    let mut kept: Vec<_> = pages.pages.into_iter().map(|page| page.path).collect();
    for row in &placed {
        kept.push(layout::file(row).path);
        kept.extend(layout::metadata(row).map(|metadata| metadata.path));
    }
    exported.removed = tree.remove_all_but(&kept)?;
    Ok(exported)
}

/// What a known lock needs and is not in the tree, beyond what is told of already.
async fn needed(
    store: &Store,
    placed: &[StockedFile],
    told: &[Diagnostic],
) -> Result<Vec<Diagnostic>, ExportError> {
    let there: BTreeSet<Sha256> = placed.iter().map(|row| row.record.sha256).collect();
    let mut missing = BTreeSet::new();
    for lock in store.database().locks().await? {
        for sha256 in store.database().lock_files(&lock.name).await? {
            if !there.contains(&sha256) {
                let rows = store.database().files_of(&sha256).await?;
                let name = rows.into_iter().next().map(|row| row.record.filename);
                missing.insert(name.unwrap_or_else(|| sha256.to_string()));
            }
        }
    }
    let new = missing.iter().map(|name| damaged(name)).filter(|found| !told.contains(found));
    Ok(new.collect())
}

fn damaged(filename: &str) -> Diagnostic {
    let message = format!("{filename} is damaged or lost and was left out");
    Diagnostic::error("export/damaged", message)
        .hint("run `provender stock` with the locks that need it, then export again")
}
