//! What an installed wheel consists of.

use std::collections::BTreeMap;

use provender_core::{ProjectName, Version};

use super::entry_points::EntryPoint;
use super::record::Recorded;
use super::script::{ScriptError, launcher, rewritten};
use super::{Member, Wheel, WheelError};
use crate::bytecode::Compiler;
use crate::layer::{Content, Entry, EntryKind, LayerError};

/// The name that is recorded as the installer's.
const INSTALLER: &[u8] = b"provender\n";

/// What an installer writes, and no wheel brings.
const WRITTEN: [&str; 4] = ["RECORD", "INSTALLER", "REQUESTED", "direct_url.json"];

/// Where the files of a wheel go: absolute folders in the image, as Python's `sysconfig` names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheme {
    /// Modules that run anywhere.
    pub purelib: String,
    /// Modules that run on one platform; usually the same folder.
    pub platlib: String,
    /// What is called by name.
    pub scripts: String,
    /// The root of everything else.
    pub data: String,
    /// Where each distribution has a folder of C headers.
    pub headers: String,
    /// The interpreter that scripts name.
    pub python: String,
}

/// Whether somebody asked for a distribution by its name (PEP 376: `REQUESTED`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requested {
    /// Yes.
    ByName,
    /// No: another one requires it.
    AsDependency,
}

/// An installed distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The project.
    pub name: ProjectName,
    /// The release.
    pub version: Version,
    /// Its files, by path: root's, mode 0644, or 0755 where they can be executed.
    pub entries: Vec<Entry>,
    /// The scripts among them: their paths in the image.
    pub scripts: Vec<String>,
}

/// Installs a wheel as pip does, but for these differences: the installer is provender; scripts of
/// entry points have no lines for Windows in them; scripts that the wheel brings are executable;
/// `RECORD` has SHA-256 for every file and no line for a file that is not installed; nothing is
/// compiled: see [`install_compiled`] for that.
///
/// # Errors
///
/// Folders that are not absolute; files for unknown places; an interpreter that no script can name;
/// two files at one path; scripts whose bytes are not those of `RECORD`. Other contents are checked
/// when the layer is written.
pub fn install(
    wheel: &Wheel,
    scheme: &Scheme,
    requested: Requested,
) -> Result<Installed, WheelError> {
    install_compiled(wheel, scheme, requested, None)
}

/// As [`install()`], with the bytecode of its modules where there is a compiler. `RECORD` has its
/// SHA-256, too.
///
/// # Errors
///
/// As [`install()`]; sources that are not what was promised, and a compiler that fails.
pub fn install_compiled(
    wheel: &Wheel,
    scheme: &Scheme,
    requested: Requested,
    compiler: Option<&Compiler>,
) -> Result<Installed, WheelError> {
    let root = if wheel.root_is_purelib { &scheme.purelib } else { &scheme.platlib };
    let mut installation = Installation {
        wheel,
        scheme,
        root: in_image(root)?,
        entries: BTreeMap::new(),
        scripts: Vec::new(),
    };
    for member in &wheel.members {
        installation.member(member)?;
    }
    for point in wheel.console_scripts.iter().chain(&wheel.gui_scripts) {
        installation.entry_point(point)?;
    }
    if let Some(compiler) = compiler {
        installation.compile(compiler)?;
    }
    let dist_info = format!("{}/{}", installation.root, wheel.dist_info);
    installation.add(format!("{dist_info}/INSTALLER"), here(INSTALLER), false)?;
    if requested == Requested::ByName {
        installation.add(format!("{dist_info}/REQUESTED"), here(b""), false)?;
    }
    let record = installation.record()?;
    installation.add(format!("{dist_info}/RECORD"), Content::Bytes(record), false)?;
    let mut scripts = installation.scripts;
    scripts.sort_unstable();
    Ok(Installed {
        name: wheel.name().clone(),
        version: wheel.version().clone(),
        entries: installation.entries.into_values().collect(),
        scripts,
    })
}

struct Installation<'a> {
    wheel: &'a Wheel,
    scheme: &'a Scheme,
    /// The folder that most of the wheel goes to, relative to the image's root.
    root: String,
    entries: BTreeMap<String, Entry>,
    scripts: Vec<String>,
}

impl Installation<'_> {
    fn member(&mut self, member: &Member) -> Result<(), WheelError> {
        let (top, rest) = member.name.split_once('/').unwrap_or(("", &member.name));
        if top == self.wheel.dist_info && WRITTEN.contains(&rest) {
            return Ok(());
        }
        if self.wheel.data.as_deref() != Some(top) {
            let path = format!("{}/{}", self.root, member.name);
            return self.add(path, member.content.clone(), member.executable);
        }
        let unknown = |reason: &str| WheelError::Member {
            wheel: self.wheel.shown(),
            member: member.name.clone(),
            reason: reason.to_owned(),
        };
        let (key, rest) = rest.split_once('/').ok_or_else(|| {
            unknown("a data folder holds folders such as scripts and data, and nothing else")
        })?;
        let folder = match key {
            "purelib" => in_image(&self.scheme.purelib)?,
            "platlib" => in_image(&self.scheme.platlib)?,
            "data" => in_image(&self.scheme.data)?,
            "headers" => {
                format!("{}/{}", in_image(&self.scheme.headers)?, self.wheel.written_name)
            }
            "scripts" => return self.script(member, rest),
            _ => return Err(unknown("no files go to a place of that name")),
        };
        self.add(format!("{folder}/{rest}"), member.content.clone(), member.executable)
    }

    /// A script that the wheel brings.
    fn script(&mut self, member: &Member, name: &str) -> Result<(), WheelError> {
        // Old builders brought the scripts of entry points, made for their own machine.
        let file = name.rsplit('/').next().unwrap_or(name);
        let points = || self.wheel.console_scripts.iter().chain(&self.wheel.gui_scripts);
        let endings = ["", ".exe", "-script.py", ".pya"];
        let stems: Vec<&str> =
            endings.iter().filter_map(|ending| file.strip_suffix(ending)).collect();
        if points().any(|point| stems.contains(&point.name.as_str())) {
            return Ok(());
        }
        let path = format!("{}/{name}", in_image(&self.scheme.scripts)?);
        let new = rewritten(&member.name, &member.content, &self.scheme.python);
        let new = new.map_err(|error| self.script_error(name, error))?;
        let content = new.map_or_else(|| member.content.clone(), Content::Bytes);
        self.scripts.push(path.clone());
        self.add(path, content, true)
    }

    fn entry_point(&mut self, point: &EntryPoint) -> Result<(), WheelError> {
        let path = format!("{}/{}", in_image(&self.scheme.scripts)?, point.name);
        let text = launcher(point, &self.scheme.python);
        let text = text.map_err(|error| self.script_error(&point.name, error))?;
        self.scripts.push(path.clone());
        self.add(path, Content::Bytes(text), true)
    }

    fn script_error(&self, script: &str, error: ScriptError) -> WheelError {
        let wheel = self.wheel.shown();
        match error {
            ScriptError::Refused(reason) => {
                WheelError::Script { wheel, script: script.to_owned(), reason }
            }
            ScriptError::Content(source) => WheelError::Content { wheel, source },
        }
    }

    fn add(&mut self, path: String, content: Content, executable: bool) -> Result<(), WheelError> {
        let mode = if executable { 0o755 } else { 0o644 };
        let kind = EntryKind::File(content);
        let entry = Entry { path: path.clone(), kind, mode, uid: 0, gid: 0 };
        if self.entries.insert(path.clone(), entry).is_some() {
            return Err(WheelError::Twice { wheel: self.wheel.shown(), path });
        }
        Ok(())
    }

    /// Compiles what lies where Python imports from.
    fn compile(&mut self, compiler: &Compiler) -> Result<(), WheelError> {
        let (purelib, platlib) = (in_image(&self.scheme.purelib)?, in_image(&self.scheme.platlib)?);
        let is_module = |entry: &&Entry| {
            [&purelib, &platlib].iter().any(|folder| {
                entry.path.strip_prefix(*folder).is_some_and(|rest| rest.starts_with('/'))
            })
        };
        let compiled = compiler.compile(self.entries.values().filter(is_module));
        let compiled = compiled.map_err(|source| WheelError::Bytecode {
            wheel: self.wheel.shown(),
            source: Box::new(source),
        })?;
        self.entries.extend(compiled.into_iter().map(|entry| (entry.path.clone(), entry)));
        Ok(())
    }

    fn record(&self) -> Result<Vec<u8>, WheelError> {
        let mut recorded = Recorded::default();
        for (path, entry) in &self.entries {
            if let EntryKind::File(content) = &entry.kind {
                recorded.add(relative(&self.root, path), content.sha256(), content.size());
            }
        }
        recorded.finish(format!("{}/RECORD", self.wheel.dist_info)).map_err(|error| {
            WheelError::Document {
                wheel: self.wheel.shown(),
                document: "RECORD".to_owned(),
                reason: error.to_string(),
            }
        })
    }
}

impl Wheel {
    pub(super) fn content_error(&self, source: LayerError) -> WheelError {
        WheelError::Content { wheel: self.shown(), source }
    }
}

fn here(bytes: &[u8]) -> Content {
    Content::Bytes(bytes.to_vec())
}

/// An absolute folder as the entries of a layer name it.
fn in_image(folder: &str) -> Result<String, WheelError> {
    let bad = || WheelError::Scheme { folder: folder.to_owned() };
    let path = folder.strip_prefix('/').ok_or_else(bad)?;
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(bad());
    }
    Ok(path.to_owned())
}

/// The way from a folder to a file, both relative to the image's root.
fn relative(folder: &str, file: &str) -> String {
    let mut from = folder.split('/').peekable();
    let mut to = file.split('/').peekable();
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    let up = from.map(|_| "..");
    up.chain(to).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_recorded_by_the_way_from_site_packages() {
        let site = "usr/local/lib/python3.11/site-packages";
        let of = |file| relative(site, file);
        assert_eq!(of("usr/local/lib/python3.11/site-packages/a/b.py"), "a/b.py");
        assert_eq!(of("usr/local/bin/a"), "../../../bin/a");
        assert_eq!(of("etc/a"), "../../../../../etc/a");
    }

    #[test]
    fn only_absolute_folders_are_installed_into() {
        assert_eq!(in_image("/usr/local/bin/").unwrap(), "usr/local/bin");
        for bad in ["usr", "/", "", "/a/../b", "/a//b"] {
            assert!(in_image(bad).is_err(), "{bad}");
        }
    }
}
