//! Scripts: those that a wheel brings, and those that its entry points call for.

use std::io::Read as _;

use super::entry_points::EntryPoint;
use crate::layer::{Content, LayerError};

/// The longest script that is rewritten, in bytes.
const MAX_SCRIPT: u64 = 4 << 20;

/// The longest first line that every Linux follows, with its end: `BINPRM_BUF_SIZE` was 128 before
/// Linux 5.1.
const MAX_SHEBANG: usize = 127;

/// How a script begins that is to be run by the Python it is installed for.
const PYTHON: &[u8] = b"#!python";

/// Why a script cannot be installed.
#[derive(Debug)]
pub(super) enum ScriptError {
    /// What is wrong with it.
    Refused(String),
    /// Its bytes are not what they should be.
    Content(LayerError),
}

impl From<LayerError> for ScriptError {
    fn from(error: LayerError) -> Self {
        Self::Content(error)
    }
}

/// The script that calls an entry point.
pub(super) fn launcher(point: &EntryPoint, python: &str) -> Result<Vec<u8>, ScriptError> {
    let shebang = shebang(python)?;
    let EntryPoint { module, object, .. } = point;
    let import = object.split('.').next().unwrap_or(object);
    let text = format!(
        "{shebang}import sys\nfrom {module} import {import}\nif __name__ == '__main__':\n    \
         sys.exit({object}())\n"
    );
    Ok(text.into_bytes())
}

/// The script with the right interpreter in its first line; none if it stays as it is.
pub(super) fn rewritten(
    name: &str,
    content: &Content,
    python: &str,
) -> Result<Option<Vec<u8>>, ScriptError> {
    if content.size() > MAX_SCRIPT {
        let mut beginning = Vec::new();
        let io = |source| LayerError::Io { path: name.into(), source };
        let reader = content.open().map_err(io)?;
        reader.take(PYTHON.len() as u64).read_to_end(&mut beginning).map_err(io)?;
        if beginning != PYTHON {
            return Ok(None);
        }
        let reason = format!("it is longer than {MAX_SCRIPT} bytes and to be rewritten");
        return Err(ScriptError::Refused(reason));
    }
    let mut bytes = Vec::new();
    content.read(name, |piece| {
        bytes.extend_from_slice(piece);
        Ok(())
    })?;
    // The whole line is replaced, `#!pythonw` and arguments with it.
    if !bytes.starts_with(PYTHON) {
        return Ok(None);
    }
    let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
    let rest = bytes.get(end..).unwrap_or_default();
    Ok(Some([shebang(python)?.as_bytes(), rest].concat()))
}

/// The first line. Where it would not be followed, installers write a shell script that calls
/// Python; an image need not have a shell.
fn shebang(python: &str) -> Result<String, ScriptError> {
    let line = format!("#!{python}\n");
    let refused = |reason: &str| {
        Err(ScriptError::Refused(format!(
            "no script can name `{python}` as its interpreter: {reason}"
        )))
    };
    if !python.starts_with('/') {
        refused("it is not absolute")
    } else if python.contains(|c: char| c.is_whitespace() || c.is_control()) {
        refused("there is a blank in it")
    } else if line.len() > MAX_SHEBANG {
        refused("it is too long for the first line of a script")
    } else {
        Ok(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewrite(script: &[u8]) -> Option<String> {
        let content = Content::Bytes(script.to_vec());
        let bytes = rewritten("s", &content, "/usr/bin/python3").unwrap();
        bytes.map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn a_script_of_python_is_given_its_interpreter() {
        let expected = Some("#!/usr/bin/python3\nprint()\n".to_owned());
        assert_eq!(rewrite(b"#!python\nprint()\n"), expected);
        assert_eq!(rewrite(b"#!pythonw -E\r\nprint()\n"), expected);
        assert_eq!(rewrite(b"#!python"), Some("#!/usr/bin/python3\n".to_owned()));
    }

    #[test]
    fn other_scripts_stay_as_they_are() {
        for script in [&b"#!/bin/sh\n"[..], b"#!/usr/bin/env python\n", b"\x7fELF", b""] {
            assert_eq!(rewrite(script), None);
        }
    }

    #[test]
    fn an_interpreter_that_no_first_line_can_name_is_an_error() {
        let long = format!("/{}/python3", "x".repeat(120));
        for python in ["python3", "/opt/my python/bin/python3", &long] {
            let point = EntryPoint { name: "a".into(), module: "m".into(), object: "f".into() };
            assert!(matches!(launcher(&point, python), Err(ScriptError::Refused(_))), "{python}");
        }
    }
}
