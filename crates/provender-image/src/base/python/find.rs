//! Looking for interpreters where `PATH` and custom have them.

use std::collections::BTreeSet;

use super::{BasePython, Implementation, abi, install, version};
use crate::base::Env;
use crate::base::wanted::is_python;
use crate::elf::is_elf;
use crate::tree::Tree;

/// Where a runtime looks when the image sets no `PATH`, and where Pythons are that `PATH` misses.
const FOLDERS: &[&str] =
    &["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// An interpreter and where its parts are; without a leading slash.
pub(super) struct Found {
    /// Where it was found.
    pub(super) executable: String,
    /// Links followed.
    pub(super) interpreter: String,
    /// Where Python is installed.
    pub(super) base_prefix: String,
    /// The folder of a virtual environment.
    pub(super) environment: Option<String>,
    /// The folder of the standard library.
    pub(super) stdlib: String,
    /// `3.11`, or `3.13t`: what stands in the names of its folders.
    pub(super) name: String,
    /// Major and minor version.
    pub(super) version: (u8, u8),
}

/// The folders that are searched, in order: those of `PATH`, then the usual ones, then those of
/// software in `/opt`.
pub(in crate::base) fn folders(tree: &Tree, env: &Env<'_>) -> Vec<String> {
    let mut folders = env.folders("PATH").unwrap_or_default();
    folders.extend(FOLDERS.iter().map(|folder| (*folder).to_owned()));
    folders.extend(tree.children("opt").map(|(name, _)| format!("/opt/{name}/bin")));
    let mut seen = BTreeSet::new();
    folders.retain(|folder| seen.insert(folder.clone()));
    folders
}

/// The Pythons in these folders, in their order; each interpreter once for each place that it
/// installs into.
pub(in crate::base) fn find(tree: &Tree, folders: &[String], env: &Env<'_>) -> Vec<BasePython> {
    let mut seen = BTreeSet::new();
    let mut pythons = Vec::new();
    for folder in folders {
        let Some((real, _)) = tree.resolve(folder) else { continue };
        let mut names: Vec<&str> = tree.children(&real).map(|(name, _)| name).collect();
        names.retain(|name| is_python(name));
        // `python3` before `python`, whatever that may be, and the newest version first.
        names.sort_by_key(|name| (rank(name), std::cmp::Reverse(minor(name))));
        for name in names {
            let found = look(tree, folder.trim_matches('/'), name);
            for python in found.into_iter().filter_map(|found| describe(tree, found, env)) {
                if seen.insert((python.interpreter.clone(), python.prefix.clone())) {
                    pythons.push(python);
                }
            }
        }
    }
    pythons
}

fn rank(name: &str) -> usize {
    match name {
        "python3" => 0,
        "python" => 1,
        name if name.starts_with("python") => 2,
        _ => 3,
    }
}

fn minor(name: &str) -> Option<u8> {
    name.trim_end_matches(['t', 'd']).rsplit_once('.')?.1.parse().ok()
}

/// What an executable of this name is, if it is an interpreter with a standard library.
fn look(tree: &Tree, folder: &str, name: &str) -> Option<Found> {
    let executable = format!("{folder}/{name}");
    let (interpreter, node) = tree.resolve(&executable)?;
    // Not a script that starts one, such as pyenv's.
    if !is_elf(node.content()?) {
        return None;
    }
    let (base_prefix, stdlib, name) = standard_library(tree, &interpreter)?;
    let version = numbers(&name)?;
    let environment = environment(tree, folder);
    Some(Found { executable, interpreter, base_prefix, environment, stdlib, name, version })
}

/// The prefix, the standard library in it, and the version in its name: the nearest folder above the
/// interpreter with `lib/pythonX.Y/os.py`, as `getpath` has it.
fn standard_library(tree: &Tree, interpreter: &str) -> Option<(String, String, String)> {
    let file = interpreter.rsplit('/').next()?;
    let pypy = file.starts_with("pypy");
    let start = if pypy { "pypy" } else { "python" };
    let named = file.strip_prefix(start).filter(|version| version.contains('.'));
    let mut prefix = interpreter.rsplit_once('/')?.0;
    loop {
        for lib in ["lib", "lib64"] {
            let folder = join(prefix, lib);
            let holds =
                |name: &str| tree.resolve(&format!("{folder}/{start}{name}/os.py")).is_some();
            let name = match named {
                Some(name) => Some(name.to_owned()).filter(|name| holds(name)),
                None => only(tree, &folder, start, holds),
            };
            if let Some(name) = name {
                return Some((prefix.to_owned(), format!("{folder}/{start}{name}"), name));
            }
        }
        if prefix.is_empty() {
            return None;
        }
        prefix = prefix.rsplit_once('/').map_or("", |(above, _)| above);
    }
}

/// The version of the only standard library in a folder.
fn only(tree: &Tree, folder: &str, start: &str, holds: impl Fn(&str) -> bool) -> Option<String> {
    let (folder, _) = tree.resolve(folder)?;
    let mut names = tree.children(&folder).filter_map(|(name, _)| name.strip_prefix(start));
    let mut fits = names.by_ref().filter(|name| name.starts_with("3.") && holds(name));
    let name = fits.next()?;
    fits.next().is_none().then(|| name.to_owned())
}

/// The virtual environment that an executable's folder belongs to (PEP 405).
fn environment(tree: &Tree, folder: &str) -> Option<String> {
    let above = folder.rsplit_once('/').map_or("", |(above, _)| above);
    [folder, above]
        .iter()
        .find(|folder| tree.resolve(&join(folder, "pyvenv.cfg")).is_some())
        .map(|folder| (*folder).to_owned())
}

fn describe(tree: &Tree, found: Found, env: &Env<'_>) -> Option<BasePython> {
    let implementation = match found.stdlib.rsplit('/').next() {
        Some(name) if name.starts_with("pypy") => Implementation::PyPy,
        _ => Implementation::CPython,
    };
    let abi = abi::of(tree, &found);
    let (version, version_source) = version::of(tree, &found, env);
    let places = install::places(tree, &found)?;
    let absolute = |path: &str| format!("/{path}");
    Some(BasePython {
        executable: absolute(&found.executable),
        interpreter: absolute(&found.interpreter),
        implementation,
        version,
        version_source,
        prefix: absolute(found.environment.as_ref().unwrap_or(&found.base_prefix)),
        base_prefix: absolute(&found.base_prefix),
        stdlib: absolute(&found.stdlib),
        site_packages: places.purelib,
        platlib: places.platlib,
        scripts: places.scripts,
        data: places.data,
        headers: places.headers,
        soabi: abi.soabi,
        free_threaded: abi.free_threaded,
        debug: abi.debug,
        externally_managed: tree.resolve(&join(&found.stdlib, "EXTERNALLY-MANAGED")).is_some(),
        bytecode_magic: abi::magic(tree, &found),
    })
}

/// `3.11` of `3.11`, `3.13` of `3.13t`.
fn numbers(name: &str) -> Option<(u8, u8)> {
    let (major, minor) = name.trim_end_matches(['t', 'd']).split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The path of a name in a folder.
pub(super) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}
