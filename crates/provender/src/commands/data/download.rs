//! What a source gives: downloaded, or taken in from this machine.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use provender_advisory::{Update, Validators};
use provender_core::Diagnostic;
use provender_net::{Client, Fetched, Wanted};
use url::Url;

use super::{AdvisoryData, Answered, told};
use crate::settings::{Source, network};

/// How large a source's archive may be, in bytes.
const LARGEST_ARCHIVE: u64 = 2 << 30;

/// What a source answered, before it is believed.
pub(super) enum Download {
    Unchanged { asked_with: Validators },
    New { _folder: tempfile::TempDir, file: PathBuf, validators: Validators },
}

impl AdvisoryData {
    /// Asks a source for what is newer than what was kept of it.
    pub(super) fn download(
        &self,
        client: &Client,
        name: &str,
        url: &Url,
    ) -> Result<Download, Box<Diagnostic>> {
        let asked_with =
            self.catalog.validators(name, url).map_err(|error| Box::new(told(&error)))?;
        // The archive may be larger than the machine's own temporary folder.
        let parent = self.catalog.folder();
        let made = std::fs::create_dir_all(parent).and_then(|()| tempfile::tempdir_in(parent));
        let folder = made.map_err(|error| {
            let message = format!("cannot write to {}: {error}", parent.display());
            Box::new(
                Diagnostic::error("file/cannot-write", message)
                    .hint("make room or grant access, or keep the data elsewhere with --data-dir"),
            )
        })?;
        let file = folder.path().join("downloaded");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| {
            Box::new(Diagnostic::error("net/failed", format!("cannot start networking: {error}")))
        })?;
        let validators = provender_net::Validators {
            etag: asked_with.etag.clone(),
            last_modified: asked_with.last_modified.clone(),
        };
        let sent = client
            .download(url, &file)
            .max_bytes(LARGEST_ARCHIVE)
            .if_changed(&validators)
            .wanted(Wanted::ZipOrJson)
            .send();
        match runtime.block_on(sent) {
            Ok(Fetched::NotModified) => Ok(Download::Unchanged { asked_with }),
            Ok(Fetched::New(downloaded)) => Ok(Download::New {
                _folder: folder,
                file,
                validators: Validators {
                    etag: downloaded.validators.etag,
                    last_modified: downloaded.validators.last_modified,
                },
            }),
            Err(error) => Err(Box::new(network::diagnostic(&error))),
        }
    }
}

/// Takes in what was downloaded.
pub(super) fn take(
    update: &mut Update,
    source: &Source,
    url: &Url,
    download: Result<Download, Box<Diagnostic>>,
    now: Timestamp,
) -> Answered {
    match download {
        Ok(Download::Unchanged { asked_with }) => {
            update.confirm_unchanged(&source.name, &asked_with, now);
            Answered::Unchanged
        }
        Ok(Download::New { file, validators, .. }) => {
            match update.accept(&source.name, url, &file, validators, now) {
                Ok(()) => Answered::New,
                Err(error) => Answered::Failed(Box::new(told(&error))),
            }
        }
        Err(diagnostic) => Answered::Failed(diagnostic),
    }
}

/// Takes in what is on this machine.
pub(super) fn import(update: &mut Update, name: &str, path: &Path, now: Timestamp) -> Answered {
    match update.import(name, &[path.to_path_buf()], now) {
        Ok(()) => Answered::New,
        Err(error) => Answered::Failed(Box::new(told(&error))),
    }
}
