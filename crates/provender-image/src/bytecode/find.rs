//! Looking for a Python that compiles for a base.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{BytecodeError, Compiler, FIRST};
use crate::build::BaseFacts;

/// What a Python is asked, one answer a line.
const QUESTION: &str = "import sys, importlib.util
print(sys.executable, '.'.join(map(str, sys.version_info[:3])), sys.implementation.cache_tag,
      importlib.util.MAGIC_NUMBER.hex(), sep='\\n')";

/// The first Python in these folders, which are absolute, of the series that the base has and with its
/// magic number.
///
/// # Errors
///
/// There is none, or none can be used for the base.
pub fn find(folders: &[PathBuf], base: &BaseFacts) -> Result<Compiler, BytecodeError> {
    let python = || base.python.clone();
    let series = series(&base.python).ok_or_else(|| BytecodeError::Series(python()))?;
    if series < FIRST {
        return Err(BytecodeError::Series(python()));
    }
    let magic = base.bytecode_magic.ok_or_else(|| BytecodeError::Magic(python()))?;
    let tag = format!("cpython-{}{}", series.0, series.1);
    let magic: String = magic.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut found = Vec::new();
    for name in [format!("python{}.{}", series.0, series.1), "python3".to_owned()] {
        for folder in folders.iter().filter(|folder| folder.is_absolute()) {
            let path = folder.join(&name);
            let Some(answer) = path.is_file().then(|| ask(&path)).flatten() else { continue };
            if answer.magic == magic && answer.tag == tag {
                let Answer { program, version, .. } = answer;
                return Ok(Compiler { program, version, tag });
            }
            let Answer { version, .. } = answer;
            let other = format!("{} is {version}", path.display());
            if !found.contains(&other) {
                found.push(other);
            }
        }
    }
    Err(BytecodeError::NoPython { python: python(), found })
}

/// What a Python says of itself.
struct Answer {
    /// The program itself: what was asked may be a script that looks for it.
    program: PathBuf,
    version: String,
    tag: String,
    magic: String,
}

fn ask(path: &Path) -> Option<Answer> {
    let mut command = Command::new(path);
    command.args(["-I", "-S", "-c", QUESTION]).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut lines = text.lines();
    let mut line = || lines.next().map(str::to_owned);
    let (program, version, tag, magic) = (line()?, line()?, line()?, line()?);
    Some(Answer { program: program.into(), version, tag, magic })
}

fn series(version: &str) -> Option<(u8, u8)> {
    let mut numbers = version.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}
