//! Bringing the CA where the engine of fixes asks for it, and what else that came to.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{CaPlan, ImageEdits, edits};
use crate::finding::Edit;
use crate::source::File;

/// What [`Grounds::provide`](crate::fix::Grounds::provide) asks, and what it answered: a Dockerfile's edits go into its
/// plan, those of compose files and the rest are taken from here.
#[derive(Debug)]
pub struct Provider {
    ca: CaPlan,
    brought: RefCell<BTreeMap<PathBuf, ImageEdits>>,
}

impl Provider {
    /// Brings this CA.
    pub fn new(ca: CaPlan) -> Self {
        Self { ca, brought: RefCell::default() }
    }

    /// The edits of a file that take its bypasses away and bring the CA; none where some step cannot be given it.
    ///
    /// For a Dockerfile without bypasses that copies a file of [`CaPlan::losing`] there are edits without deletions.
    pub fn provide(&self, file: &File, all: &[File], deletions: &[Edit]) -> Option<Vec<Edit>> {
        // What was refused for a file's own bypasses is not given for those of others.
        if deletions.is_empty() && !self.left_out(&file.path).is_empty() {
            return None;
        }
        let brought = edits(file, deletions, all, &self.ca);
        let complete = brought.left_out.is_empty();
        let own = brought.edits.get(&file.path).cloned().unwrap_or_default();
        self.brought.borrow_mut().insert(file.path.clone(), brought);
        complete.then_some(own)
    }

    /// What came of a file besides its own edits, if these are the ones that were made: an engine may withdraw them.
    pub fn besides(&self, path: &Path, made: &[Edit]) -> Option<ImageEdits> {
        let mut brought = self.brought.borrow().get(path)?.clone();
        let own = brought.edits.remove(path).unwrap_or_default();
        (brought.left_out.is_empty() && own == made).then_some(brought)
    }

    /// The steps of a file that need the CA and cannot be given it, with the reason.
    pub fn left_out(&self, path: &Path) -> Vec<(crate::Span, String)> {
        self.brought.borrow().get(path).map(|brought| brought.left_out.clone()).unwrap_or_default()
    }
}
