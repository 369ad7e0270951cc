//! The `METADATA` file of a wheel (packaging specifications, "Binary distribution format", from
//! PEP 427), read out of the wheel.
//!
//! An index may serve it beside the wheel (PEP 658). It is taken from the wheel whose hash was
//! verified rather than from the upstream: it needs no request, and it cannot disagree.

use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::Path;

use uv_distribution_filename::WheelFilename;

/// How long a `METADATA` file may be; descriptions are part of it.
const MAX_METADATA: u64 = 16 << 20;

/// Why a wheel gives no metadata.
#[derive(Debug, thiserror::Error)]
pub enum WheelMetadataError {
    /// The name is no wheel's.
    #[error("`{filename}` is not a wheel's file name: {reason}")]
    Filename {
        /// The name.
        filename: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file is no zip archive or cannot be read.
    #[error("{filename} cannot be read: {reason}")]
    Archive {
        /// The wheel's name.
        filename: String,
        /// What happened.
        reason: String,
    },
    /// There is no `METADATA` in the wheel's `.dist-info` folder, or it is too long.
    #[error("{filename} holds no METADATA that can be used: {reason}")]
    Missing {
        /// The wheel's name.
        filename: String,
        /// What is wrong.
        reason: &'static str,
    },
}

/// Reads `NAME-VERSION.dist-info/METADATA` of the wheel at `path`, whose name is `filename`. The
/// folder's spelling of name and version is compared as pip does, normalised.
///
/// Reads the file; call it where blocking is allowed.
///
/// # Errors
///
/// When the file is no wheel or holds no such file.
pub fn wheel_metadata(path: &Path, filename: &str) -> Result<Vec<u8>, WheelMetadataError> {
    let archive = |error: &dyn std::fmt::Display| WheelMetadataError::Archive {
        filename: filename.to_owned(),
        reason: error.to_string(),
    };
    let missing = |reason| WheelMetadataError::Missing { filename: filename.to_owned(), reason };
    let wheel: WheelFilename = filename.parse().map_err(|error| WheelMetadataError::Filename {
        filename: filename.to_owned(),
        reason: format!("{error}"),
    })?;
    let file = File::open(path).map_err(|error| archive(&error))?;
    let mut zip = zip::ZipArchive::new(BufReader::new(file)).map_err(|error| archive(&error))?;
    let inside = |name: &str| {
        name.strip_suffix(".dist-info/METADATA").is_some_and(|stem| names(&wheel, stem))
    };
    let found = zip.file_names().filter_map(Result::ok).find(|name| inside(name));
    let name = found.ok_or_else(|| missing("its .dist-info folder has none"))?.into_owned();
    let entry = zip.by_name(&name).map_err(|error| archive(&error))?;
    let mut bytes = Vec::new();
    let read: io::Result<usize> = entry.take(MAX_METADATA + 1).read_to_end(&mut bytes);
    read.map_err(|error| archive(&error))?;
    if bytes.len() as u64 > MAX_METADATA {
        return Err(missing("it is too long"));
    }
    Ok(bytes)
}

/// Whether the stem of a `.dist-info` folder at the top of the archive is this wheel's.
fn names(wheel: &WheelFilename, stem: &str) -> bool {
    stem.split_once('-').is_some_and(|(name, version)| {
        name.parse().is_ok_and(|name: provender_core::ProjectName| name == wheel.name)
            && version
                .parse()
                .is_ok_and(|version: provender_core::Version| version == wheel.version)
    })
}

/// The `Requires-Python` of a `METADATA` file, from its headers.
pub(super) fn requires_python(metadata: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(metadata);
    let headers = text.lines().take_while(|line| !line.is_empty());
    let mut values = headers.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("requires-python").then(|| value.trim().to_owned())
    });
    values.next()
}

#[cfg(test)]
mod tests {
    use provender_test::Wheel;
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_wheels_metadata_is_read_out_of_it() {
        let folder = TempDir::new().unwrap();
        let wheel = Wheel::new("My.Pkg", "1.0").requires_python(">=3.9").build();
        let path = folder.path().join("blob");
        std::fs::write(&path, &wheel.bytes).unwrap();
        let metadata = wheel_metadata(&path, &wheel.filename).unwrap();
        assert_eq!(Some(&metadata), wheel.core_metadata.as_ref());
        assert_eq!(requires_python(&metadata).as_deref(), Some(">=3.9"));
    }

    #[test]
    fn what_is_no_wheel_is_refused() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("blob");
        std::fs::write(&path, "no zip").unwrap();
        let error = wheel_metadata(&path, "a-1-py3-none-any.whl").unwrap_err();
        assert!(matches!(error, WheelMetadataError::Archive { .. }), "{error}");
        let error = wheel_metadata(&path, "a.whl").unwrap_err();
        assert!(matches!(error, WheelMetadataError::Filename { .. }), "{error}");
        let other = Wheel::new("b", "1").build();
        std::fs::write(&path, &other.bytes).unwrap();
        let error = wheel_metadata(&path, "a-1-py3-none-any.whl").unwrap_err();
        assert!(matches!(error, WheelMetadataError::Missing { .. }), "{error}");
    }
}
