//! An sdist file on disk: checked against the lock, unpacked, and dated.

use std::fs::File;
use std::io::{BufReader, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use provender_core::LockedProject;
use tempfile::TempDir;
use uv_cache::Cache;
use uv_distribution_filename::{ExtensionError, SourceDistExtension};
use uv_extract::hash::{HashReader, Hasher};
use uv_pypi_types::{HashAlgorithm, HashDigest};

/// 1980-01-01T00:00:00Z in seconds: no member of a ZIP archive can be older.
const EARLIEST: u64 = 315_532_800;
/// 2107-12-31T23:59:58Z: no member of a ZIP archive can be newer.
const LATEST: u64 = 4_354_819_198;

/// Why an sdist cannot be built from.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SdistError {
    /// The lock promises nothing of its bytes.
    #[error("the lock has no hash for {}", .0.display())]
    NotLocked(PathBuf),
    /// Its bytes are not those that the lock promises.
    #[error("{} has the hash {found}, which is none of those in the lock", .path.display())]
    OtherBytes {
        /// The file.
        path: PathBuf,
        /// What its bytes hash to.
        found: String,
    },
    /// It cannot be read, or its name is none of an sdist.
    #[error("cannot read {}", .0.display())]
    Unreadable(PathBuf, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// It is no archive, or one that reaches out of its folder.
    #[error("cannot unpack {}", .0.display())]
    Unpackable(PathBuf, #[source] Box<uv_extract::Error>),
}

/// An unpacked sdist; the folder goes with it.
pub(crate) struct SourceTree {
    /// The folder that holds `pyproject.toml` or `setup.py`.
    pub(crate) root: PathBuf,
    /// The modification time of its newest member in seconds since 1970, within what a wheel can
    /// hold: the `SOURCE_DATE_EPOCH` of its build.
    pub(crate) epoch: u64,
    _folder: TempDir,
}

/// Unpacks the sdist at `path` below the cache once its bytes have a hash that the lock has for
/// `project`.
pub(crate) async fn unpack(
    path: &Path,
    project: &LockedProject,
    cache: &Cache,
) -> Result<SourceTree, SdistError> {
    let unreadable = |error: std::io::Error| SdistError::Unreadable(path.into(), error.into());
    let unpackable = |error| SdistError::Unpackable(path.into(), Box::new(error));
    let extension = SourceDistExtension::from_path(path)
        .map_err(|error: ExtensionError| SdistError::Unreadable(path.into(), error.into()))?;
    // One handle throughout: what was hashed is what is unpacked.
    let mut file = File::open(path).map_err(unreadable)?;
    check_hash(&file, path, project).await?;
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let epoch = newest_member(&file, extension).unwrap_or(EARLIEST).clamp(EARLIEST, LATEST);
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let folder = cache.build_dir().map_err(unreadable)?;
    let reader = tokio::fs::File::from_std(file);
    uv_extract::stream::archive(reader, extension, folder.path()).await.map_err(unpackable)?;
    let root = uv_extract::strip_component(folder.path()).map_err(unpackable)?;
    Ok(SourceTree { root, epoch, _folder: folder })
}

async fn check_hash(file: &File, path: &Path, project: &LockedProject) -> Result<(), SdistError> {
    let unreadable = |error: std::io::Error| SdistError::Unreadable(path.into(), error.into());
    let locked: Vec<String> = project.files.iter().map(|file| file.hash.to_string()).collect();
    if locked.is_empty() {
        return Err(SdistError::NotLocked(path.into()));
    }
    let algorithms = [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512];
    let mut hashers = algorithms.map(Hasher::from);
    let reader = tokio::fs::File::from_std(file.try_clone().map_err(unreadable)?);
    HashReader::new(tokio::io::BufReader::new(reader), &mut hashers)
        .finish()
        .await
        .map_err(unreadable)?;
    let found = hashers.map(|hasher| HashDigest::from(hasher).to_string());
    if found.iter().any(|hash| locked.contains(hash)) {
        return Ok(());
    }
    let [found, ..] = found;
    Err(SdistError::OtherBytes { path: path.into(), found })
}

/// When the newest member was last changed, in seconds since 1970; none where the archive does not
/// tell it (a ZIP archive has local times of an unknown zone).
fn newest_member(file: &File, extension: SourceDistExtension) -> Option<u64> {
    use uv_distribution_filename::LegacySourceDistExtension as Legacy;
    let reader = BufReader::new(file);
    match extension {
        SourceDistExtension::TarGz | SourceDistExtension::Legacy(Legacy::Tgz) => {
            newest_in_tar(MultiGzDecoder::new(reader))
        }
        SourceDistExtension::Legacy(Legacy::Tar) => newest_in_tar(reader),
        SourceDistExtension::Legacy(_) => None,
    }
}

fn newest_in_tar(reader: impl std::io::Read) -> Option<u64> {
    let mut archive = tar::Archive::new(reader);
    let entries = archive.entries().ok()?;
    entries.map_while(Result::ok).filter_map(|entry| entry.header().mtime().ok()).max()
}
