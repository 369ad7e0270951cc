//! The compiled advisory database: one file, memory-mapped, named by its SHA-256 digest.
//!
//! A database is written once and never changed. To open one reads its header and the checksums of
//! its pages; every page is checked when it is first used, so that an answer costs what it reads and
//! a damaged byte ends in [`DatabaseError::Damaged`] instead of a missed vulnerability. The digest
//! itself is only recomputed by [`Database::verify`].

mod compile;
mod format;
mod map;
mod pages;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use provender_core::{ProjectName, Sha256, Version};
use serde::{Deserialize, Serialize};
use sha2::Digest as _;

pub use compile::{CompileError, Compiled, Compiler, Prepared};

use crate::project::ProjectAdvisories;
use format::Section;
use pages::Pages;

/// Why a database cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The file cannot be opened or mapped.
    #[error("cannot open the advisory database `{}`", path.display())]
    Open {
        /// The database file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Bytes are missing, changed or make no sense.
    #[error("the advisory database `{}` is damaged: {what}", path.display())]
    Damaged {
        /// The database file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// Written by a provender that has another format.
    #[error(
        "the advisory database `{}` has format {found}, and this provender reads format {}",
        path.display(),
        format::VERSION
    )]
    Format {
        /// The database file.
        path: PathBuf,
        /// The format it has.
        found: u32,
    },
}

/// What a database says about itself (postcard).
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Summary {
    records: u64,
    newest: Option<Timestamp>,
}

/// An open database.
#[derive(Debug)]
pub struct Database {
    pages: Pages,
    path: PathBuf,
    digest: Sha256,
    summary: Summary,
}

impl Database {
    /// The name of the database with a digest, within the folder of databases.
    pub fn file_name(digest: Sha256) -> String {
        format!("{digest}.{}", format::EXTENSION)
    }

    /// Opens the database with a digest in a folder.
    ///
    /// # Errors
    ///
    /// When the file cannot be mapped, is of another format, or its header is damaged.
    pub fn open(folder: &Path, digest: Sha256) -> Result<Self, DatabaseError> {
        let path = folder.join(Self::file_name(digest));
        let pages = Pages::open(&path)?;
        let summary = postcard::from_bytes(pages.section(Section::Summary)?).ok();
        let summary = summary.ok_or_else(|| pages.damaged("the summary cannot be read"))?;
        Ok(Self { pages, path, digest, summary })
    }

    /// The digest that names it. What is on the disk is only compared with it by
    /// [`Database::verify`].
    pub fn digest(&self) -> Sha256 {
        self.digest
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many records it holds, withdrawn ones included.
    pub fn records(&self) -> u64 {
        self.summary.records
    }

    /// When its newest record was modified.
    pub fn newest(&self) -> Option<Timestamp> {
        self.summary.newest
    }

    /// What it says about a Python project; none when no record names it.
    ///
    /// # Errors
    ///
    /// When what is read is damaged.
    pub fn project(
        &self,
        project: &ProjectName,
    ) -> Result<Option<ProjectAdvisories<'_>>, DatabaseError> {
        let Some(offset) = self.pages.find(Section::Projects, &format::project_key(project))?
        else {
            return Ok(None);
        };
        let block = self.pages.framed(Section::Blocks, offset)?;
        let advisories = ProjectAdvisories::decode(block)
            .ok_or_else(|| self.pages.damaged(format!("the entry of {project} cannot be read")))?;
        Ok(Some(advisories))
    }

    /// Whether any advisory affects a version of a Python project.
    ///
    /// # Errors
    ///
    /// When what is read is damaged.
    pub fn affects(&self, project: &ProjectName, version: &Version) -> Result<bool, DatabaseError> {
        Ok(self.project(project)?.is_some_and(|advisories| advisories.affect(version)))
    }

    /// The records that have an id, or have it as an alias, in any letter case: the OSV JSON as the
    /// source gave it, by id. Withdrawn records are among them.
    ///
    /// # Errors
    ///
    /// When what is read is damaged.
    pub fn records_named(&self, id: &str) -> Result<Vec<Vec<u8>>, DatabaseError> {
        let Some(offset) = self.pages.find(Section::Ids, &format::id_key(id))? else {
            return Ok(Vec::new());
        };
        let offsets: Vec<u64> = postcard::from_bytes(self.pages.framed(Section::Postings, offset)?)
            .map_err(|_| self.pages.damaged(format!("the entry of {id} cannot be read")))?;
        offsets.into_iter().map(|offset| self.record(offset)).collect()
    }

    fn record(&self, offset: u64) -> Result<Vec<u8>, DatabaseError> {
        let deflated = self.pages.framed(Section::Records, offset)?;
        let limit = crate::source::LARGEST_RECORD;
        miniz_oxide::inflate::decompress_to_vec_with_limit(deflated, limit)
            .map_err(|error| self.pages.damaged(format!("a record cannot be inflated: {error}")))
    }

    /// Reads the whole file and compares it with the digest.
    ///
    /// # Errors
    ///
    /// When they differ.
    pub fn verify(&self) -> Result<(), DatabaseError> {
        let found = Sha256::from_bytes(sha2::Sha256::digest(self.pages.bytes()).into());
        if found == self.digest {
            return Ok(());
        }
        Err(self.pages.damaged(format!("its digest is {found}")))
    }
}
