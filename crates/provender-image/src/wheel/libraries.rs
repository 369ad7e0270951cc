//! The machine code in a wheel, for whoever asks whether an image can load it.

use std::io::Read as _;

use super::{Member, Wheel, WheelError};
use crate::layer::LayerError;

/// The largest library that is read into memory, in bytes.
pub const MAX_LIBRARY: u64 = 512 << 20;

/// The first bytes of a program or a library (System V ABI, "ELF Header").
const ELF: &[u8] = b"\x7fELF";

/// A program or a library in a wheel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Library {
    /// Its name in the archive.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// Its bytes, found to be those of `RECORD`; none where they are more than [`MAX_LIBRARY`].
    pub bytes: Option<Vec<u8>>,
}

/// The programs and libraries in a wheel, one after another. Looked at are files that can be executed,
/// scripts, files without an extension and those with `.so` in their names.
///
/// Each item may be an error: a file that cannot be read or is not what `RECORD` says.
pub fn libraries(wheel: &Wheel) -> impl Iterator<Item = Result<Library, WheelError>> {
    wheel.members.iter().filter(|member| may_be_library(wheel, member)).filter_map(|member| {
        library(member).map_err(|error| wheel.content_error(error)).transpose()
    })
}

fn may_be_library(wheel: &Wheel, member: &Member) -> bool {
    let file = member.name.rsplit('/').next().unwrap_or(&member.name);
    let script = wheel.data.as_ref().is_some_and(|data| {
        let rest = member.name.strip_prefix(data.as_str());
        rest.is_some_and(|rest| rest.starts_with("/scripts/"))
    });
    member.executable || script || !file.contains('.') || file.contains(".so")
}

fn library(member: &Member) -> Result<Option<Library>, LayerError> {
    let (name, size) = (member.name.clone(), member.content.size());
    let io = |source| LayerError::Io { path: name.clone().into(), source };
    let mut beginning = Vec::new();
    let reader = member.content.open().map_err(io)?;
    reader.take(ELF.len() as u64).read_to_end(&mut beginning).map_err(io)?;
    if beginning != ELF {
        return Ok(None);
    }
    if size > MAX_LIBRARY {
        return Ok(Some(Library { name, size, bytes: None }));
    }
    let mut bytes = Vec::new();
    member.content.read(&member.name, |piece| {
        bytes.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(Some(Library { name, size, bytes: Some(bytes) }))
}
