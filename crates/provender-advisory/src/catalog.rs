//! The catalog: which sources there are, what they gave and when, and the database compiled from it.
//!
//! Everything is in one folder, `advisories/` of the data directory:
//!
//! ```text
//! state.json           names the database in use and tells each source's origin and age
//! DIGEST.advdb         the database
//! sources/DIGEST.zip   what each source gave last
//! lock                 held by who changes any of it
//! ```
//!
//! The data of every source is kept, so that the others can be compiled anew while one fails. A change
//! happens in one instant, when a new `state.json` takes the place of the old; what was written
//! before that instant is garbage if it never comes, and is removed by the next change. Readers take
//! no lock: a database that is replaced while it is mapped stays readable.

mod files;
mod state;
mod update;

use std::path::{Path, PathBuf};

use provender_core::Sha256;
use provender_core::audit::AdvisoryStamp;
use url::Url;

pub use state::{Origin, Source, State, Validators};
pub use update::Update;

use crate::database::{CompileError, Database, DatabaseError};
use crate::source::SourceError;

/// Why the catalog cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// A file of the catalog cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file of the catalog cannot be written: a read-only or full disk, for example.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The state file is damaged or was written by another version of provender.
    #[error("`{}` is not the state of an advisory catalog: {reason}", path.display())]
    State {
        /// The state file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// What a source gave cannot be used.
    #[error("the advisory source `{name}` was not accepted")]
    Source {
        /// The source's name.
        name: String,
        /// Why.
        source: SourceError,
    },
    /// What was kept of a source is missing or damaged; the source has to be fetched or imported again.
    #[error("what was kept of the advisory source `{name}` in `{}` is missing or damaged", path.display())]
    Kept {
        /// The source's name.
        name: String,
        /// The file.
        path: PathBuf,
    },
    /// There is nothing to compile.
    #[error("no advisory source has given any data yet")]
    NoSource,
    /// The database cannot be compiled.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The database cannot be read.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// The folder of advisories in a data directory.
#[derive(Debug, Clone)]
pub struct Catalog {
    folder: PathBuf,
}

/// A database together with the state that names it.
#[derive(Debug)]
pub struct Snapshot {
    /// The database.
    pub database: Database,
    /// Where its records came from.
    pub state: State,
}

impl Catalog {
    /// The catalog of a data directory. Nothing is read or made yet.
    pub fn in_data_dir(data_dir: &Path) -> Self {
        Self { folder: data_dir.join("advisories") }
    }

    /// The folder that holds it.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Which sources there are; an empty state when nothing was ever fetched or imported.
    ///
    /// # Errors
    ///
    /// When the state file cannot be read or is damaged.
    pub fn state(&self) -> Result<State, CatalogError> {
        State::read(&self.state_file())
    }

    /// Opens the database in use; none when nothing was ever fetched or imported. A database that an
    /// earlier provender wrote in another format is compiled anew from what was kept.
    ///
    /// # Errors
    ///
    /// When the state or the database is damaged, and when it has to be compiled anew and cannot be.
    pub fn open(&self) -> Result<Option<Snapshot>, CatalogError> {
        let mut state = self.state()?;
        while let Some(digest) = state.database {
            match Database::open(&self.folder, digest) {
                Ok(database) => return Ok(Some(Snapshot { database, state })),
                Err(error) => {
                    // The database may have been replaced since its name was read.
                    let now = self.state()?;
                    if now.database == Some(digest) {
                        return match error.is_earlier_format() {
                            true => self.update()?.commit().map(Some),
                            false => Err(error.into()),
                        };
                    }
                    state = now;
                }
            }
        }
        Ok(None)
    }

    /// What to send along when a source is asked whether it has something newer. Empty when the source
    /// is new, has another address than before, or what it gave is not here in full any more.
    ///
    /// # Errors
    ///
    /// When the state file cannot be read or is damaged.
    pub fn validators(&self, name: &str, url: &Url) -> Result<Validators, CatalogError> {
        let state = self.state()?;
        let origin = Origin::from_url(url);
        let source = state.source(name).filter(|source| source.origin == origin);
        Ok(source
            .filter(|source| {
                files::digest(&self.kept_file(source.kept)).is_ok_and(|found| found == source.kept)
            })
            .map(|source| source.validators.clone())
            .unwrap_or_default())
    }

    /// Begins a change, once every other change has ended.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made or locked, or its state is damaged.
    pub fn update(&self) -> Result<Update, CatalogError> {
        Update::begin(self.clone())
    }

    fn state_file(&self) -> PathBuf {
        self.folder.join("state.json")
    }

    fn kept_folder(&self) -> PathBuf {
        self.folder.join("sources")
    }

    fn kept_file(&self, kept: Sha256) -> PathBuf {
        self.kept_folder().join(format!("{kept}.zip"))
    }
}

impl Snapshot {
    /// What a report says about the data it stands on.
    pub fn stamp(&self) -> AdvisoryStamp {
        AdvisoryStamp {
            digest: self.database.digest(),
            records: self.database.records(),
            newest: self.database.newest(),
            sources: self.state.sources.iter().map(Source::stamp).collect(),
        }
    }
}
