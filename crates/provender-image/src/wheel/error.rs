//! Why a wheel is refused.

use std::io;
use std::path::PathBuf;

use provender_core::Sha256;

use super::BadFilename;
use crate::layer::LayerError;

/// Why a wheel is refused, or cannot be installed as it is to be.
#[derive(Debug, thiserror::Error)]
pub enum WheelError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is another than the one that was locked.
    #[error("{wheel}: {} hashes to sha256:{found} instead of sha256:{expected}", path.display())]
    Digest {
        /// The wheel.
        wheel: String,
        /// The file.
        path: PathBuf,
        /// What was locked.
        expected: Sha256,
        /// What is there.
        found: Sha256,
    },
    /// The name of the file is none of a wheel.
    #[error(transparent)]
    Filename(#[from] BadFilename),
    /// The archive cannot be read, or not in one way only.
    #[error("{wheel} is no zip archive that can be trusted: {reason}")]
    Archive {
        /// The wheel.
        wheel: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A member that no wheel may have.
    #[error("{wheel} holds `{member}`, which is refused: {reason}")]
    Member {
        /// The wheel.
        wheel: String,
        /// The member.
        member: String,
        /// What is wrong with it.
        reason: String,
    },
    /// More files or bytes than any honest wheel has.
    #[error("{wheel} holds more than {limit} {what}")]
    TooLarge {
        /// The wheel.
        wheel: String,
        /// What there is too much of.
        what: &'static str,
        /// How much may be.
        limit: u64,
    },
    /// A document of the wheel that is missing, malformed or of an unknown version.
    #[error("{wheel}: {document} {reason}")]
    Document {
        /// The wheel.
        wheel: String,
        /// The document.
        document: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A name or version that is not the locked one.
    #[error("{wheel}: {place} says {found}, and the lock {expected}")]
    Disagrees {
        /// The wheel.
        wheel: String,
        /// Where it is said.
        place: String,
        /// What is said.
        found: String,
        /// What is locked.
        expected: String,
    },
    /// A file that `RECORD` does not name, or names wrongly.
    #[error("{wheel}: {file} {reason}")]
    Record {
        /// The wheel.
        wheel: String,
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A content that is not what `RECORD` promises.
    #[error("{wheel}: {source}")]
    Content {
        /// The wheel.
        wheel: String,
        /// What was found.
        source: LayerError,
    },
    /// Modules that could not be compiled.
    #[error("{wheel}: {source}")]
    Bytecode {
        /// The wheel.
        wheel: String,
        /// What went wrong.
        source: Box<crate::bytecode::BytecodeError>,
    },
    /// A script that cannot be made.
    #[error("{wheel}: the script `{script}` cannot be installed: {reason}")]
    Script {
        /// The wheel.
        wheel: String,
        /// The script.
        script: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A folder of the image that is none.
    #[error("`{folder}` is no absolute folder that files can be installed into")]
    Scheme {
        /// The folder.
        folder: String,
    },
    /// Two files of the wheel that go to one place.
    #[error("{wheel} installs {path} twice")]
    Twice {
        /// The wheel.
        wheel: String,
        /// The path in the image.
        path: String,
    },
}
