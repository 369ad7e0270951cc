//! Every installed file against the `RECORD` of its distribution (PyPA, "Recording installed
//! projects").

use std::collections::BTreeSet;

use provender_core::check::{Outcome, Step};
use provender_core::{Diagnostic, Level};

use super::installed::Distribution;
use super::{Read, about, counted, judged};
use crate::tree::Kind;
use crate::wheel::record::{self, Line, RecordedHash};

pub(super) const ID: &str = "files";
pub(super) const TITLE: &str = "every installed file is as it was recorded";

/// What the interpreter itself has in the folder of distributions.
const OF_PYTHON: &str = "README.txt";

/// The signatures of a `RECORD`, which have no hash in it.
const SIGNATURES: [&str; 2] = ["RECORD.jws", "RECORD.p7s"];

/// Holds every file against its record, and names those that nothing records in the folders into which
/// layers above the base installed something.
pub(super) fn verify(read: &Read, installed: &[Distribution]) -> Step {
    let mut files = Files::of(read);
    let mut sites = BTreeSet::new();
    for distribution in installed {
        if files.distribution(distribution) && distribution.is_ours {
            sites.insert(distribution.site());
        }
    }
    for site in sites {
        files.unrecorded(site, installed);
    }
    let of = counted(files.distributions, "distribution");
    let mut summary = format!("{} of {of}", counted(files.compared, "file"));
    if files.unhashed > 0 {
        summary.push_str(&format!(", {} recorded without a hash", files.unhashed));
    }
    let step = judged(ID, TITLE, summary, files.found);
    if step.outcome == Outcome::Passed && files.is_open {
        return Step { outcome: Outcome::NotRun, ..step };
    }
    step
}

struct Files<'a> {
    read: &'a Read,
    found: Vec<Diagnostic>,
    /// The files that some record names, relative to the root, links followed.
    recorded: BTreeSet<String>,
    distributions: usize,
    compared: usize,
    /// How many are recorded without a hash, as bytecode is.
    unhashed: usize,
    /// Whether something could not be compared.
    is_open: bool,
}

/// What is wrong with the files of a distribution.
#[derive(Default)]
struct Wrong {
    changed: Vec<String>,
    missing: Vec<String>,
    /// Missing, where only the base may have taken them away.
    missing_in_base: Vec<String>,
    uncompared: Vec<String>,
}

impl<'a> Files<'a> {
    fn of(read: &'a Read) -> Self {
        Self {
            read,
            found: Vec::new(),
            recorded: BTreeSet::new(),
            distributions: 0,
            compared: 0,
            unhashed: 0,
            is_open: false,
        }
    }

    /// Compares one distribution; false where it has no record.
    fn distribution(&mut self, one: &Distribution) -> bool {
        let path = format!("{}/RECORD", one.dist_info);
        let Some((place, node)) = self.read.tree.resolve(&path) else {
            // Distributions' packages leave it out: dpkg and apk know the files.
            if !one.is_owned {
                let level = if one.is_ours { Level::Error } else { Level::Warning };
                let message = format!(
                    "{} has no RECORD, so that nothing tells what its files were",
                    one.shown()
                );
                self.found.push(
                    Diagnostic::new("image/no-record", level, message)
                        .because(format!("/{path}"))
                        .hint("install it with an installer that records what it installs, such as provender or pip"),
                );
            }
            return false;
        };
        self.recorded.insert(place);
        let text = node.content().map(String::from_utf8_lossy);
        let lines = match text.as_deref().map(record::parse) {
            Some(Ok(lines)) => lines,
            other => {
                let reason = match other {
                    Some(Err((file, reason))) => format!("{file} {reason}"),
                    _ => format!("it has {} bytes", node.size()),
                };
                self.found.push(
                    Diagnostic::error(
                        "image/record-unreadable",
                        format!("the RECORD of {} cannot be read", one.shown()),
                    )
                    .because(format!("/{path}"))
                    .because(reason)
                    .hint("build the image again from wheels that provender or pip accepts"),
                );
                return true;
            }
        };
        self.distributions += 1;
        let mut wrong = Wrong::default();
        for (file, line) in &lines {
            self.line(one, file, line, &mut wrong);
        }
        self.tell(one, wrong);
        true
    }

    fn line(&mut self, one: &Distribution, file: &str, line: &Line, wrong: &mut Wrong) {
        let shown = || shown(one.site(), file);
        let path = joined(one.site(), file);
        let Some((place, node)) = self.read.tree.resolve(&path) else {
            // What Python compiles it compiles again.
            if line.hash.is_none() && is_bytecode(file) {
                return;
            }
            // Many bases leave out what is not needed, such as tests.
            let list = if one.is_ours { &mut wrong.missing } else { &mut wrong.missing_in_base };
            list.push(shown());
            return;
        };
        let layer = node.layer;
        self.recorded.insert(place);
        let Kind::File { size, sha256, .. } = &node.kind else {
            wrong.changed.push(format!("{} is no file", shown()));
            return;
        };
        let is_right = match (&line.hash, sha256) {
            (None, _) => {
                let own = file.rsplit('/').next().unwrap_or(file);
                if own != "RECORD" && !SIGNATURES.contains(&own) {
                    self.unhashed += 1;
                }
                line.size.is_none_or(|recorded| recorded == *size)
            }
            (Some(RecordedHash::Sha256(recorded)), Some(found)) => {
                self.compared += 1;
                recorded == found
            }
            (Some(_), _) => {
                wrong.uncompared.push(shown());
                true
            }
        };
        if !is_right {
            let above = if layer >= self.read.base_layers && !one.is_ours {
                format!(", by layer {}", layer + 1)
            } else {
                String::new()
            };
            wrong.changed.push(format!("{}{above}", shown()));
        }
    }

    fn tell(&mut self, one: &Distribution, wrong: Wrong) {
        let name = one.shown();
        let hint = "build the image again, and let nothing change what was installed";
        let Wrong { changed, missing, missing_in_base, uncompared } = wrong;
        let mut add = |rule, level, number: usize, said: &str, places: Vec<String>, hint: &str| {
            if number > 0 {
                let message = format!("{} of {name} {said}", counted(number, "file"));
                let diagnostic = Diagnostic::new(rule, level, message).hint(hint);
                self.found.push(about(diagnostic, &places));
            }
        };
        let verb =
            |number: usize, one: &'static str, several| if number == 1 { one } else { several };
        let said = format!("{} not as recorded", verb(changed.len(), "is", "are"));
        add("image/file-changed", Level::Error, changed.len(), &said, changed, hint);
        let said = format!("{} recorded and not there", verb(missing.len(), "is", "are"));
        add("image/file-missing", Level::Error, missing.len(), &said, missing, hint);
        let said = format!(
            "{} recorded in the base and not there",
            verb(missing_in_base.len(), "is", "are")
        );
        let base = "bases often leave out what is not needed, such as tests";
        add(
            "image/file-missing",
            Level::Warning,
            missing_in_base.len(),
            &said,
            missing_in_base,
            base,
        );
        if !uncompared.is_empty() {
            self.is_open = true;
        }
        let said = "could not be compared: recorded with another hash than sha256";
        let other = "install it with an installer that records SHA-256, such as provender or pip";
        add("image/file-not-compared", Level::Warning, uncompared.len(), said, uncompared, other);
    }

    /// Names what layers above the base put into a folder of distributions, and nothing records.
    fn unrecorded(&mut self, site: &str, installed: &[Distribution]) {
        let is_without_record = |path: &str| {
            // It was told that there is none, or the base's distribution knows its files.
            installed.iter().any(|one| {
                path.strip_prefix(&*one.dist_info).is_some_and(|rest| rest.starts_with('/'))
                    && self.read.tree.get(&format!("{}/RECORD", one.dist_info)).is_none()
            })
        };
        let mut extra = Vec::new();
        for (path, node) in self.read.tree.under(site) {
            let is_ours = node.layer >= self.read.base_layers && !node.is_folder();
            if is_ours
                && !self.recorded.contains(path)
                && path.strip_prefix(site).is_none_or(|name| name != format!("/{OF_PYTHON}"))
                && !is_without_record(path)
            {
                extra.push(format!("/{path}"));
            }
        }
        if !extra.is_empty() {
            let number = extra.len();
            let verb = if number == 1 { "belongs" } else { "belong" };
            let message =
                format!("{} in /{site} {verb} to no distribution", counted(number, "file"));
            let diagnostic = Diagnostic::error("image/file-unrecorded", message).hint(
                "Python imports what lies there: find out who put it there, and build the image again without",
            );
            self.found.push(about(diagnostic, &extra));
        }
    }
}

/// Whether it is what Python makes of a module beside it.
fn is_bytecode(file: &str) -> bool {
    file.ends_with(".pyc") || file.ends_with(".pyo")
}

/// Where a recorded file is, relative to the root: `..` never leads out of it.
fn joined(site: &str, file: &str) -> String {
    if file.starts_with('/') { file.to_owned() } else { format!("{site}/{file}") }
}

/// The file's absolute path, `..` taken away.
fn shown(site: &str, file: &str) -> String {
    let joined = joined(site, file);
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let plain = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    format!("/{}", parts.join("/")).chars().map(plain).collect()
}
