//! The metadata of a wheel that is in the store, read out of it and kept beside it.
//!
//! What an upstream promises of a wheel's metadata is believed only until the wheel is here: a
//! resolver that reads the metadata must not see other requirements than the wheel has.

use std::path::PathBuf;

use provender_core::Sha256;
use provender_store::{Spool, Store, StoreError};
use tokio::io::AsyncReadExt as _;

use crate::stock::wheel_metadata::{WheelMetadataError, wheel_metadata};

/// How much of a blob is copied at a time, in bytes.
const CHUNK: usize = 1 << 18;

/// Why there is no metadata of a wheel.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OwnMetadataError {
    /// The wheel holds none that can be used.
    #[error(transparent)]
    Wheel(#[from] WheelMetadataError),
    /// The store gave no answer, or could not keep it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads the `METADATA` of the wheel `filename` out of its blob.
///
/// # Errors
///
/// When the blob cannot be read or is no such wheel.
pub(crate) async fn own_metadata(
    store: &Store,
    sha256: &Sha256,
    filename: &str,
) -> Result<Vec<u8>, OwnMetadataError> {
    let (path, _copy) = as_file(store, sha256, filename).await?;
    let name = filename.to_owned();
    Ok(blocking(move || wheel_metadata(&path, &name)).await?)
}

/// Keeps the `METADATA` of the wheel `filename` as a blob of its own, and returns its digest.
///
/// # Errors
///
/// When the wheel cannot be read, or its metadata not be kept.
pub(crate) async fn keep_own_metadata(
    store: &Store,
    sha256: &Sha256,
    filename: &str,
) -> Result<Sha256, OwnMetadataError> {
    let metadata = own_metadata(store, sha256, filename).await?;
    Ok(keep_bytes(store, &metadata).await?)
}

/// Keeps bytes as a blob and returns their digest.
pub(crate) async fn keep_bytes(store: &Store, bytes: &[u8]) -> Result<Sha256, StoreError> {
    let mut spool = store.spool().await?;
    spool.write(bytes).await?;
    Ok(store.keep(spool.finish(None).await?).await?.sha256)
}

/// Reads an archive where blocking is allowed.
pub(crate) async fn blocking<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, WheelMetadataError> + Send + 'static,
) -> Result<T, WheelMetadataError> {
    match tokio::task::spawn_blocking(read).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => Err(WheelMetadataError::Archive {
                filename: "the wheel".to_owned(),
                reason: error.to_string(),
            }),
        },
    }
}

/// The blob as a file. One that is none here is copied for as long as the copy is held.
async fn as_file(
    store: &Store,
    sha256: &Sha256,
    filename: &str,
) -> Result<(PathBuf, Option<Spool>), OwnMetadataError> {
    if let Some(path) = store.blobs().local_path(sha256).await {
        return Ok((path, None));
    }
    let unreadable =
        |reason: String| WheelMetadataError::Archive { filename: filename.to_owned(), reason };
    let blob = store.blobs().open(sha256, None).await.map_err(StoreError::from)?;
    let mut blob = blob.ok_or_else(|| unreadable("it is not in the store".to_owned()))?;
    let mut spool = store.spool().await.map_err(StoreError::from)?;
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = blob.read(&mut chunk).await.map_err(|error| unreadable(error.to_string()))?;
        if read == 0 {
            return Ok((spool.path().to_owned(), Some(spool)));
        }
        spool.write(&chunk[..read]).await.map_err(StoreError::from)?;
    }
}
