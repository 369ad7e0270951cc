//! Wheels that are built here: an sdist taken out of the store, a wheel put into it.

use std::path::{Path, PathBuf};

use provender_core::{FileHash, LockedFile, LockedProject, ProjectName, Sha256, Target, Version};
use provender_store::{BlobError, DatabaseError, FileRecord, STOCK, Spooled, Store, StoreError};
use sha2::Digest as _;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use uv_distribution_filename::WheelFilename;

use super::choose::{Candidate, Scope, ScopeError, choose};
use super::knowledge::is_built;
use super::wheel_metadata::{WheelMetadataError, requires_python, wheel_metadata};
use crate::transfer::{blocking, keep_bytes};
use provender_target::Marker;

/// How much of a file is copied at a time, in bytes.
const CHUNK: usize = 1 << 18;

/// Why a wheel could not be put into the store, or an sdist taken out of it.
#[derive(Debug, thiserror::Error)]
pub enum BuiltError {
    /// The wheel's name is that of another release, or of none.
    #[error("{} is no wheel of {release}", .wheel.display())]
    OtherRelease {
        /// The file.
        wheel: PathBuf,
        /// The release that it should be of.
        release: String,
    },
    /// An index has another file of this name, and an installer could not tell the two apart.
    #[error("an index already has a file with the name {filename}")]
    NameTaken {
        /// The name.
        filename: String,
    },
    /// It holds no metadata, so it is no wheel that could be installed.
    #[error(transparent)]
    Metadata(#[from] WheelMetadataError),
    /// A file outside the store could not be read or written.
    #[error("cannot read or write {}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The blob is not in the store, or is damaged.
    #[error("{filename} is not in the store, or is damaged")]
    NotStocked {
        /// The file's name.
        filename: String,
    },
    /// The target has no tags.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// The database gave no answer.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The blobs could not be read or written.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The store could not be changed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Puts a wheel that was built here into the store, as a file of its release, and returns what
/// has to be added to the locked project so that pip and uv accept it.
///
/// A wheel of this name that was built before is replaced: a build need not give the same bytes
/// twice. To keep it, look for it with [`built_wheel`] before building.
///
/// # Errors
///
/// A wheel of another release, a name that an index gave to other bytes, and a store that cannot
/// be written.
pub async fn add_wheel(
    store: &Store,
    project: &LockedProject,
    wheel: &Path,
) -> Result<LockedFile, BuiltError> {
    let name = file_name(wheel);
    let parsed: Option<WheelFilename> = name.parse().ok();
    let ours = parsed.filter(|parsed| {
        parsed.name == project.name
            && project.version.as_ref().is_none_or(|version| parsed.version == *version)
    });
    let Some(parsed) = ours else {
        let release = match &project.version {
            Some(version) => format!("{} {version}", project.name),
            None => project.name.to_string(),
        };
        return Err(BuiltError::OtherRelease { wheel: wheel.to_owned(), release });
    };
    if let Some(known) = store.database().file(STOCK, &name).await?
        && !is_built(&known.record)
    {
        return Err(BuiltError::NameTaken { filename: name });
    }
    let path = wheel.to_owned();
    let filename = name.clone();
    let metadata = blocking(move || wheel_metadata(&path, &filename)).await?;
    let requires_python = requires_python(&metadata);
    let metadata = keep_bytes(store, &metadata).await?;
    let spooled = spool_file(store, wheel).await?;
    let info = store.keep(spooled).await?;
    let record = FileRecord {
        index: STOCK.to_owned(),
        project: project.name.clone(),
        version: parsed.version,
        filename: name.clone(),
        sha256: info.sha256,
        size: Some(info.size),
        upload_time: None,
        requires_python,
        yanked: None,
        metadata: Some(metadata),
        url: None,
    };
    store.database().put_files(&[record]).await?;
    let mut file = LockedFile::of_hash(FileHash::Sha256(info.sha256));
    file.filename = Some(name);
    file.size = Some(info.size);
    Ok(file)
}

/// The wheel of a release that was built here before and fits the target, if the store has it.
///
/// # Errors
///
/// A target without tags, or a database that gives no answer.
pub async fn built_wheel(
    store: &Store,
    project: &ProjectName,
    version: &Version,
    target: Option<&Target>,
) -> Result<Option<LockedFile>, BuiltError> {
    let mut rows = store.database().release(STOCK, project, version).await?;
    rows.retain(|row| row.present && is_built(&row.record));
    let scope = Scope::of(target)?;
    let candidates: Vec<_> = rows
        .iter()
        .map(|row| Candidate {
            filename: &row.record.filename,
            requires_python: row.record.requires_python.as_deref(),
        })
        .collect();
    let choice = choose(project, &candidates, &scope, &Marker::always());
    if !choice.is_complete() {
        return Ok(None);
    }
    let Some(row) = choice.chosen.first().map(|place| &rows[*place]) else { return Ok(None) };
    let mut file = LockedFile::of_hash(FileHash::Sha256(row.record.sha256));
    file.filename = Some(row.record.filename.clone());
    file.size = row.record.size;
    Ok(Some(file))
}

/// Copies a stocked file under its own name into the folder `into`, so that it can be built or
/// read there. It is a copy, not a link: a build must not be able to change the blob. It is hashed
/// while it is copied: what is damaged is removed again, and its blob marked as damaged, so that
/// the next stocking fetches it.
///
/// # Errors
///
/// A file that the store does not have intact, or a folder that cannot be written.
pub async fn take_out(
    store: &Store,
    filename: &str,
    sha256: &Sha256,
    into: &Path,
) -> Result<PathBuf, BuiltError> {
    let to = into.join(file_name(Path::new(filename)));
    let io = |source| BuiltError::Io { path: to.clone(), source };
    let not_stocked = || BuiltError::NotStocked { filename: filename.to_owned() };
    let mut blob = store.blobs().open(sha256, None).await?.ok_or_else(not_stocked)?;
    let mut file = File::create(&to).await.map_err(io)?;
    let mut hasher = sha2::Sha256::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = blob.read(&mut chunk).await.map_err(io)?;
        if read == 0 {
            break;
        }
        hasher.update(&chunk[..read]);
        file.write_all(&chunk[..read]).await.map_err(io)?;
    }
    file.sync_all().await.map_err(io)?;
    drop(file);
    if Sha256::from_bytes(hasher.finalize().into()) != *sha256 {
        tokio::fs::remove_file(&to).await.map_err(io)?;
        store.database().mark_damaged(sha256).await?;
        return Err(not_stocked());
    }
    Ok(to)
}

async fn spool_file(store: &Store, path: &Path) -> Result<Spooled, BuiltError> {
    let io = |source| BuiltError::Io { path: path.to_owned(), source };
    let mut file = File::open(path).await.map_err(io)?;
    let mut spool = store.spool().await?;
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = file.read(&mut chunk).await.map_err(io)?;
        if read == 0 {
            return Ok(spool.finish(None).await?);
        }
        spool.write(&chunk[..read]).await?;
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
