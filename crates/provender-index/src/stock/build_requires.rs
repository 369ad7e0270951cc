//! What an sdist needs to be built: `[build-system] requires` of its `pyproject.toml`.
//!
//! The archive is read, never unpacked, and within limits: it comes from outside, and nothing of
//! it has to be written or run to learn this.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek as _};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde::Deserialize;

/// What is needed where an sdist says nothing: pip's default back end.
const DEFAULT_REQUIRES: &str = "setuptools>=40.8.0";

/// How many bytes of an archive are unpacked in search of its `pyproject.toml`.
const MAX_UNPACKED: u64 = 4 << 30;

/// How long a `pyproject.toml` may be.
const MAX_PYPROJECT: u64 = 1 << 20;

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZIP: [u8; 4] = *b"PK\x03\x04";

/// Why the build requirements of an sdist are not known.
#[derive(Debug, thiserror::Error)]
pub enum BuildRequiresError {
    /// The file cannot be read, or its compression is broken.
    #[error("{} cannot be read", .path.display())]
    Io {
        /// The sdist.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
    /// Neither a `.tar.gz` nor a `.zip` by its first bytes.
    #[error("{} is neither a .tar.gz nor a .zip", .path.display())]
    Format {
        /// The sdist.
        path: PathBuf,
    },
    /// The `pyproject.toml` is too long or breaks PEP 518.
    #[error("pyproject.toml of {}: {reason}", .path.display())]
    Pyproject {
        /// The sdist.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

#[derive(Deserialize)]
struct Pyproject {
    #[serde(rename = "build-system")]
    build_system: Option<BuildSystem>,
}

#[derive(Deserialize)]
struct BuildSystem {
    requires: Vec<String>,
}

/// The requirements (PEP 508) that have to be installed before the sdist at `path` can be built
/// (packaging specifications, "pyproject.toml", from PEP 518): `setuptools>=40.8.0` where it says
/// nothing. What a build back end asks for besides when it is run (PEP 517,
/// `get_requires_for_build_wheel`) is not known from reading.
///
/// Reads the file; call it where blocking is allowed.
///
/// # Errors
///
/// An archive that cannot be read, or a `[build-system]` without a list of requirements.
pub fn build_requires(path: &Path) -> Result<Vec<String>, BuildRequiresError> {
    let io = |source| BuildRequiresError::Io { path: path.to_owned(), source };
    let bad = |reason| BuildRequiresError::Pyproject { path: path.to_owned(), reason };
    let mut file = File::open(path).map_err(io)?;
    let mut magic = Vec::with_capacity(ZIP.len());
    (&mut file).take(ZIP.len() as u64).read_to_end(&mut magic).map_err(io)?;
    file.rewind().map_err(io)?;
    let pyproject = if magic.starts_with(&GZIP) {
        from_tar(MultiGzDecoder::new(io::BufReader::new(file)).take(MAX_UNPACKED)).map_err(io)?
    } else if magic == ZIP {
        from_zip(file).map_err(io)?
    } else {
        return Err(BuildRequiresError::Format { path: path.to_owned() });
    };
    let Some(bytes) = pyproject else { return Ok(vec![DEFAULT_REQUIRES.to_owned()]) };
    if bytes.len() as u64 > MAX_PYPROJECT {
        return Err(bad(format!("it is longer than {MAX_PYPROJECT} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|error| bad(error.to_string()))?;
    let pyproject: Pyproject =
        toml::from_str(&text).map_err(|error| bad(error.message().to_owned()))?;
    Ok(match pyproject.build_system {
        Some(build_system) => build_system.requires,
        None => vec![DEFAULT_REQUIRES.to_owned()],
    })
}

fn from_tar(archive: impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut archive = tar::Archive::new(archive);
    for entry in archive.entries()? {
        let entry = entry?;
        if entry.header().entry_type().is_file() && is_pyproject(&entry.path()?) {
            return bounded(entry).map(Some);
        }
    }
    Ok(None)
}

fn from_zip(file: File) -> io::Result<Option<Vec<u8>>> {
    let mut archive = zip::ZipArchive::new(io::BufReader::new(file)).map_err(io::Error::other)?;
    let found = archive
        .file_names()
        .filter_map(Result::ok)
        .find(|name| is_pyproject(Path::new(&**name)))
        .map(Cow::into_owned);
    let Some(name) = found else { return Ok(None) };
    bounded(archive.by_name(&name).map_err(io::Error::other)?).map(Some)
}

/// Reads one byte more than is allowed, so that what is too long is seen to be so.
fn bounded(entry: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    entry.take(MAX_PYPROJECT + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether it is the `pyproject.toml` of the one folder that an sdist holds.
fn is_pyproject(path: &Path) -> bool {
    let parts: Vec<_> = path.components().filter(|part| part.as_os_str() != ".").collect();
    matches!(parts[..], [_, file] if file.as_os_str() == "pyproject.toml")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use tempfile::NamedTempFile;

    use super::*;

    fn tar_gz(members: &[(&str, &str)]) -> NamedTempFile {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (path, text) in members {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        write(&archive.into_inner().unwrap().finish().unwrap())
    }

    fn zip(members: &[(&str, &str)]) -> NamedTempFile {
        let mut archive = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        for (path, text) in members {
            archive.start_file(*path, zip::write::SimpleFileOptions::default()).unwrap();
            archive.write_all(text.as_bytes()).unwrap();
        }
        write(archive.finish().unwrap().get_ref())
    }

    fn write(bytes: &[u8]) -> NamedTempFile {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    const PYPROJECT: &str = "[build-system]\nrequires = [\"hatchling\", \"a>=1; python_version>'3'\"]\nbuild-backend = \"hatchling.build\"\n";

    #[test]
    fn the_requirements_stand_in_the_pyproject_of_the_top_folder() {
        let members = [
            ("a-1/tests/pyproject.toml", "[build-system]\nrequires = [\"wrong\"]\n"),
            ("a-1/pyproject.toml", PYPROJECT),
        ];
        for file in [tar_gz(&members), zip(&members)] {
            assert_eq!(
                build_requires(file.path()).unwrap(),
                ["hatchling", "a>=1; python_version>'3'"]
            );
        }
    }

    #[test]
    fn without_a_build_system_setuptools_is_needed() {
        for members in [
            &[("a-1/setup.py", "")][..],
            &[("a-1/pyproject.toml", "[project]\nname = \"a\"\n")][..],
        ] {
            assert_eq!(build_requires(tar_gz(members).path()).unwrap(), [DEFAULT_REQUIRES]);
            assert_eq!(build_requires(zip(members).path()).unwrap(), [DEFAULT_REQUIRES]);
        }
    }

    #[test]
    fn a_build_system_without_requirements_is_refused() {
        let file = tar_gz(&[("a-1/pyproject.toml", "[build-system]\nbuild-backend = \"x\"\n")]);
        let error = build_requires(file.path()).unwrap_err();
        assert!(matches!(error, BuildRequiresError::Pyproject { .. }), "{error}");
    }

    #[test]
    fn what_is_too_long_is_refused() {
        let long = "#".repeat(usize::try_from(MAX_PYPROJECT).unwrap() + 2);
        let file = tar_gz(&[("a-1/pyproject.toml", &long)]);
        assert!(build_requires(file.path()).unwrap_err().to_string().contains("longer than"));
    }

    #[test]
    fn what_is_no_archive_or_breaks_off_is_refused() {
        assert!(matches!(
            build_requires(write(b"hello").path()).unwrap_err(),
            BuildRequiresError::Format { .. }
        ));
        let whole = std::fs::read(tar_gz(&[("a-1/setup.py", "print()")]).path()).unwrap();
        let half = write(&whole[..whole.len() / 2]);
        assert!(matches!(build_requires(half.path()).unwrap_err(), BuildRequiresError::Io { .. }));
    }
}
