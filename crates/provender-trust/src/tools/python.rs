//! What Python tools share: their interpreter, what it says about itself, and certifi.

use std::path::{Path, PathBuf};

use provender_core::doctor::RootSource;

use super::asking::told;
use super::version::{Numbers, numbers};
use super::{Installed, Request};
use crate::Machine;
use crate::files::text;
use crate::process::Invocation;

/// Prints `name=value` lines about the interpreter and the library whose name is the first argument. A vendored certifi
/// is looked for first, since that is the one that counts.
const ABOUT: &str = "\
import importlib, importlib.util, sys
name = sys.argv[1]
module = importlib.import_module(name)
version = getattr(module, '__version__', None)
if not isinstance(version, str):
    from importlib import metadata
    version = metadata.version(name)
print('version=' + version)
print('python=%d.%d' % sys.version_info[:2])
for certifi in (name + '._vendor.certifi', 'certifi'):
    try:
        print('certifi=' + importlib.import_module(certifi).where())
        break
    except ImportError:
        pass
try:
    print('urllib3=' + importlib.import_module(name + '._vendor.urllib3').__version__)
except ImportError:
    pass
try:
    import truststore
    print('truststore=yes')
except Exception:
    pass
try:
    import urllib3.util.ssl_ as ssl_
    print('urllib3_strict=' + ('yes' if hasattr(ssl_, 'VERIFY_X509_STRICT') else 'no'))
except Exception:
    pass
";

/// A library as this Python has it, with the facts `python`, `certifi`, `urllib3` (a vendored one's version), `truststore` and
/// `urllib3_strict`.
pub(super) fn library(machine: &Machine, python: &Path, name: &str) -> Option<Installed> {
    let invocation = Invocation::new(python, &machine.directory).args(["-c", ABOUT, name]);
    let said = told(machine, invocation)?;
    let mut installed = Installed::new(python.to_owned(), None);
    for (name, value) in said.lines().filter_map(|line| line.split_once('=')) {
        installed.facts.insert(name.to_owned(), value.to_owned());
    }
    installed.version = installed.facts.remove("version");
    installed.version.is_some().then_some(installed)
}

/// The interpreter that a script's first lines name. Installers write a line for the shell before it where the path is
/// long or has spaces.
pub(super) fn interpreter(script: &Path) -> Option<PathBuf> {
    let text = text(script)?;
    let mut lines = text.lines();
    let first = lines.next()?.strip_prefix("#!")?.trim();
    let python = if first.ends_with("/sh") {
        let exec = lines.next()?.strip_prefix("'''exec'")?.trim();
        match exec.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next()?,
            None => exec.split_whitespace().next()?,
        }
    } else {
        first.split_whitespace().next()?
    };
    let path = PathBuf::from(python);
    let name = path.file_name()?.to_string_lossy().into_owned();
    (name.starts_with("python") || name.starts_with("pypy")).then_some(path)
}

/// The version of Python that the library runs on.
pub(super) fn python_version(installed: Option<&Installed>) -> Option<Numbers> {
    numbers(installed?.facts.get("python")?)
}

/// certifi's set: its file where it is known, since people add to it and distributions replace it.
pub(super) fn certifi(installed: Option<&Installed>) -> RootSource {
    match installed.and_then(|installed| installed.facts.get("certifi")) {
        Some(file) => RootSource::File(PathBuf::from(file)),
        None => RootSource::Mozilla,
    }
}

/// Whether `ssl.create_default_context` refuses what RFC 5280's letter refuses: from Python 3.13.
pub(super) fn default_context_is_strict(installed: Option<&Installed>) -> bool {
    python_version(installed).is_some_and(|version| version >= (3, 13, 0))
}

/// Runs code with the URL as its argument, away from the working directory, whose modules would be found first.
pub(super) fn run_code(request: &Request<'_>, code: &str) -> Invocation {
    Invocation::new(&request.installed.program, request.scratch)
        .args(["-c", code, super::without_credentials(request.url).as_str()])
        .env("PYTHONDONTWRITEBYTECODE", "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scripts_interpreter_is_read_from_either_first_line() {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("tool");
        let read = |text: &str| {
            std::fs::write(&script, text).unwrap();
            interpreter(&script)
        };
        assert_eq!(
            read("#!/v/bin/python3.11\nimport x\n"),
            Some(PathBuf::from("/v/bin/python3.11"))
        );
        assert_eq!(
            read("#!/bin/sh\n'''exec' \"/a b/bin/python\" \"$0\" \"$@\"\n' '''\n"),
            Some(PathBuf::from("/a b/bin/python"))
        );
        assert_eq!(read("#!/usr/bin/env bash\n"), None);
    }
}
