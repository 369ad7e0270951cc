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

use crate::ecosystem::Ecosystem;
use crate::packages::Block;
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

impl DatabaseError {
    /// Whether the file was written by an earlier provender, and its sources can be compiled anew.
    pub(crate) fn is_earlier_format(&self) -> bool {
        matches!(self, Self::Format { found, .. } if *found < format::VERSION)
    }
}

/// What a database says about itself (postcard).
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Summary {
    records: u64,
    newest: Option<Timestamp>,
}

/// What a database holds about one ecosystem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EcosystemStamp {
    /// How many records name a package of it.
    pub records: u64,
    /// When the newest of them was modified. None where the records come from a distribution's tracker,
    /// which dates none.
    pub newest: Option<Timestamp>,
}

/// An ecosystem in the database file (postcard).
#[derive(Debug, Clone, Serialize, Deserialize)]
struct EcosystemEntry {
    name: String,
    stamp: EcosystemStamp,
    /// The offset of its index of packages; none for Python's, which is a section.
    index: Option<u64>,
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
        let Some(offset) = self.pages.find(Section::Projects, format::project_key(project))? else {
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

    /// The ecosystems that there is data for, by name, distributions with their releases.
    ///
    /// # Errors
    ///
    /// When what is read is damaged.
    pub fn ecosystems(&self) -> Result<Vec<(String, EcosystemStamp)>, DatabaseError> {
        let entries = self.ecosystem_entries()?.into_iter();
        Ok(entries.map(|entry| (entry.name, entry.stamp)).collect())
    }

    /// What there is for an ecosystem, such as `Debian:12` or `npm`. None where no record names the
    /// ecosystem or this release of it: that nothing is found there means nothing. For a release of
    /// Ubuntu that only Ubuntu Pro still supports, it is the data of that.
    ///
    /// # Errors
    ///
    /// When what is read is damaged.
    pub fn covers(&self, ecosystem: &str) -> Result<Option<EcosystemStamp>, DatabaseError> {
        let Some(ecosystem) = Ecosystem::parse(ecosystem) else { return Ok(None) };
        let entries = self.ecosystem_entries()?;
        let stamp = |wanted: &Ecosystem| {
            let wanted = wanted.to_string();
            entries.iter().find(|entry| entry.name == wanted).map(|entry| entry.stamp)
        };
        Ok(stamp(&ecosystem).or_else(|| stamp(&ecosystem.with_subscription()?)))
    }

    /// What it says about a package of an ecosystem; none when no record names it.
    pub(crate) fn package(
        &self,
        ecosystem: &Ecosystem,
        name: &str,
    ) -> Result<Option<Block<'_>>, DatabaseError> {
        let wanted = ecosystem.to_string();
        let entries = self.ecosystem_entries()?;
        let index = entries.iter().find(|entry| entry.name == wanted).and_then(|entry| entry.index);
        let (Some(index), Some(scheme)) = (index, ecosystem.scheme()) else { return Ok(None) };
        let index = self.pages.framed(Section::Indexes, index)?;
        let Some(offset) = self.pages.find_in(index, name.as_bytes())? else { return Ok(None) };
        let block = Block::decode(self.pages.framed(Section::Blocks, offset)?, scheme);
        let damaged = || format!("the entry of {name} of {ecosystem} cannot be read");
        Ok(Some(block.ok_or_else(|| self.pages.damaged(damaged()))?))
    }

    fn ecosystem_entries(&self) -> Result<Vec<EcosystemEntry>, DatabaseError> {
        postcard::from_bytes(self.pages.section(Section::Ecosystems)?)
            .map_err(|_| self.pages.damaged("the list of ecosystems cannot be read"))
    }

    /// The records that have an id, have it as an alias or are about it, in any letter case: the OSV JSON
    /// as the source gave it, by id. Withdrawn records are among them. What came from a distribution's
    /// tracker is told in the same form.
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
