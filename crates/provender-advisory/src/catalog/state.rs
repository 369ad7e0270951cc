//! The state file: which database is in use and where its records came from.

use std::fs;
use std::io;
use std::path::Path;

use jiff::Timestamp;
use provender_core::Sha256;
use provender_core::audit::SourceStamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::CatalogError;

/// The schema of the state file.
const SCHEMA: &str = "provender.advisories-state/1";

/// What the state file says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The digest of the database in use.
    pub database: Option<Sha256>,
    /// The sources it was compiled from, in their order.
    pub sources: Vec<Source>,
}

/// One source as it last answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its name in the settings.
    pub name: String,
    /// Where its data came from.
    pub origin: Origin,
    /// What to send along with the next conditional request.
    #[serde(flatten)]
    pub validators: Validators,
    /// When its data was last fetched, imported or confirmed to be unchanged.
    pub fetched_at: Timestamp,
    /// How many records it gave.
    pub records: u64,
    /// When its newest record was modified.
    pub newest: Option<Timestamp>,
    /// The digest of the archive in which its data is kept.
    pub kept: Sha256,
}

/// Where the data of a source came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Downloaded from an address, which is kept without credentials and query.
    Url(String),
    /// Imported from archives, folders or files.
    Paths(Vec<String>),
}

/// The validators of an HTTP response (RFC 9110, section 8.8), for conditional requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// The value of `ETag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The value of `Last-Modified`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

impl State {
    /// The source with a name.
    pub fn source(&self, name: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.name == name)
    }

    /// Reads a state file; a missing one is the empty state.
    pub(super) fn read(path: &Path) -> Result<Self, CatalogError> {
        #[derive(Deserialize)]
        struct Envelope {
            schema: String,
        }
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(CatalogError::Read { path: path.to_owned(), source }),
        };
        let damaged = |reason: String| CatalogError::State { path: path.to_owned(), reason };
        let envelope: Envelope =
            serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        if envelope.schema != SCHEMA {
            let reason = format!("its schema is `{}` and not `{SCHEMA}`", envelope.schema);
            return Err(damaged(reason));
        }
        serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))
    }

    /// The text of the state file.
    pub(super) fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        #[derive(Serialize)]
        struct Envelope<'a> {
            schema: &'a str,
            #[serde(flatten)]
            state: &'a State,
        }
        let mut text = serde_json::to_vec_pretty(&Envelope { schema: SCHEMA, state: self })?;
        text.push(b'\n');
        Ok(text)
    }
}

impl Source {
    /// What a report says about it.
    pub fn stamp(&self) -> SourceStamp {
        SourceStamp {
            name: self.name.clone(),
            fetched_at: self.fetched_at,
            records: self.records,
            newest: self.newest,
        }
    }
}

impl Origin {
    /// An address without what may be secret in it: credentials, query and fragment.
    pub fn from_url(url: &Url) -> Self {
        let mut url = url.clone();
        // Both fail only for addresses that cannot have credentials.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_query(None);
        url.set_fragment(None);
        Self::Url(url.into())
    }
}
