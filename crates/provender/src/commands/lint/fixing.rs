//! `provender lint --fix`: which hosts verify, and the edits.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

use provender_core::redact::without_credentials;
use provender_lint::fix::{self, Made, Prover, Trust};
use provender_lint::{File, FileKind, Linter, secret};
use provender_net::doctor;
use provender_trust::configure::{FileEdit, Plan};
use tokio::runtime::Runtime;
use url::Url;

use super::load::Loaded;
use super::{left, write};
use crate::cli::LintArgs;
use crate::commands::store;
use crate::commands::trust::Authorities;
use crate::exit::Failure;
use crate::output::shown;
use crate::settings::{Settings, network};

/// The folder in which builds of images find the CA, beside where `lint` runs.
const CA_FOLDER: &str = "provender-ca";

/// What was fixed, or would be.
pub(super) struct Fixed {
    /// Whether the files were written.
    pub(super) done: bool,
    /// What was done, with its file.
    pub(super) made: Vec<(PathBuf, Made)>,
    /// What was not done.
    pub(super) left: Vec<left::NotFixed>,
    /// What to know of what was done.
    pub(super) notes: Vec<String>,
    /// All changes as a unified diff, secrets masked.
    pub(super) diff: String,
}

impl Fixed {
    /// What to tell of it, line by line.
    pub(super) fn told(&self) -> Vec<String> {
        let verb = if self.done { "fixed" } else { "would fix" };
        let mut lines: Vec<String> = self
            .made
            .iter()
            .map(|(path, made)| format!("{verb} {} in {}: {}", made.rule, shown(path), made.title))
            .collect();
        for left in &self.left {
            let place = format!("{}:{}", shown(&left.path), left.line);
            lines.push(match left.rule {
                Some(rule) => format!("left: {rule} at {place}: {}", left.why),
                None => format!("left: the step at {place}: {}", left.why),
            });
        }
        let mut advice: Vec<_> = self.left.iter().filter_map(|left| left.advice).collect();
        advice.sort_unstable();
        advice.dedup();
        lines.extend(advice.into_iter().map(|advice| format!("hint: {advice}")));
        lines.extend(self.notes.iter().map(|note| format!("note: {note}")));
        lines.iter().map(|line| visible(line)).collect()
    }
}

pub(super) fn fix(
    linter: &Linter,
    loaded: &Loaded,
    args: &LintArgs,
    settings: &Settings,
) -> Result<Fixed, Failure> {
    let authorities = match &args.assume_ca {
        Some(path) => Authorities::of(path, "--assume-ca")?,
        None => None,
    };
    let prover = Handshakes::new(settings)?;
    let trust = Trust {
        prover: &prover,
        assume_ca: args.assume_ca.as_deref(),
        ca_folder: PathBuf::from(CA_FOLDER),
    };
    let mut found = fix::project(linter, &loaded.files, &trust);
    // Beside what was asked for changes only what a Dockerfile's fix needs there.
    found.edits.retain(|path, _| {
        loaded.asked.contains(path)
            || loaded
                .file(path)
                .is_some_and(|file| matches!(file.kind, FileKind::Compose | FileKind::Dockerignore))
    });
    found.made.retain(|(path, _)| found.edits.contains_key(path));
    found.made.sort_by(|(a, one), (b, other)| (a, one.place).cmp(&(b, other.place)));
    let mut changes = write::Changes::default();
    let mut diff = Plan::default();
    for (path, edits) in &found.edits {
        let Some(file) = loaded.file(path) else { continue };
        let after = fix::apply(&file.text, edits);
        if after == *file.text {
            continue;
        }
        diff.edits.push(FileEdit {
            path: path.clone(),
            before: Some(masked(file)),
            after: masked(&provender_lint::read(path, file.kind, &after)),
        });
        changes.replace(path, &file.text, after);
    }
    for provision in &found.provisions {
        let Some(authorities) = &authorities else { continue };
        changes.add(provision, authorities)?;
        let verb = if args.diff { "would be" } else { "is" };
        found.notes.push(format!("the CA for builds {verb} in {}", shown(&provision.folder)));
    }
    if !args.diff {
        found.notes.extend(changes.write(settings)?);
    }
    Ok(Fixed {
        done: !args.diff,
        left: left::left(&found, loaded, settings.offline),
        made: found.made,
        notes: found.notes,
        diff: visible(&diff.diff()),
    })
}

/// Text without the control characters that files and their names may hold and a terminal obeys.
fn visible(text: &str) -> String {
    let obeyed = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    text.replace(obeyed, "\u{fffd}")
}

/// A file's text without its secrets: a diff shows whole lines.
fn masked(file: &File) -> String {
    let mut text = String::with_capacity(file.text.len());
    let mut end = 0;
    for span in secret::spans(file) {
        text.push_str(file.text.get(end..span.start).unwrap_or_default());
        text.push_str("****");
        end = span.end;
    }
    text.push_str(file.text.get(end..).unwrap_or_default());
    text
}

/// Tells by a real handshake which hosts verify with what this machine and the settings trust.
struct Handshakes {
    prober: Option<doctor::Prober>,
    runtime: Runtime,
    known: RefCell<BTreeMap<String, bool>>,
}

impl Handshakes {
    fn new(settings: &Settings) -> Result<Self, Failure> {
        let client = network::client(settings)?;
        let prober = if settings.offline {
            None
        } else {
            let made =
                doctor::Prober::new(client.settings().clone(), doctor::ProberSettings::default());
            Some(made.map_err(|error| network::diagnostic(&error))?)
        };
        Ok(Self { prober, runtime: store::runtime()?, known: RefCell::default() })
    }
}

impl Prover for Handshakes {
    fn verifies(&self, host: &str) -> bool {
        if let Some(known) = self.known.borrow().get(host) {
            return *known;
        }
        let url = Url::parse(&format!("https://{}/", without_credentials(host)));
        let verifies = match (&self.prober, url) {
            (Some(prober), Ok(url)) => {
                let target = doctor::Target::new(url, "host");
                let probe = self.runtime.block_on(prober.probe(&target));
                probe.report.diagnosis.is_good()
            }
            _ => false,
        };
        self.known.borrow_mut().insert(host.to_owned(), verifies);
        verifies
    }
}
