//! `provender lint --fix`: which hosts verify, the edits, and writing them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

use provender_core::redact::without_credentials;
use provender_core::{Diagnostic, Place};
use provender_lint::Linter;
use provender_lint::fix::image::{Content, Provision};
use provender_lint::fix::{self, Left, Made, Prover, Trust};
use provender_net::doctor;
use provender_trust::configure::{FileEdit, Plan};
use tokio::runtime::Runtime;
use url::Url;

use super::load::Loaded;
use crate::cli::LintArgs;
use crate::commands::store;
use crate::commands::trust::Authorities;
use crate::exit::Failure;
use crate::file;
use crate::output::{Output, shown};
use crate::settings::{Settings, network};

/// The folder in which builds of images find the CA, beside where `lint` runs.
const CA_FOLDER: &str = "provender-ca";

/// What was fixed, or would be.
pub(super) struct Fixed {
    /// The new texts of the files that change.
    pub(super) written: BTreeMap<PathBuf, String>,
    /// What was done, with its file.
    pub(super) made: Vec<(PathBuf, Made)>,
    /// All changes as a unified diff, secrets masked.
    pub(super) diff: String,
    left: Vec<String>,
    notes: Vec<String>,
}

impl Fixed {
    /// What to tell of it, line by line.
    pub(super) fn told(&self, done: bool) -> Vec<String> {
        let verb = if done { "fixed" } else { "would fix" };
        let made = self
            .made
            .iter()
            .map(|(path, made)| format!("{verb} {} in {}: {}", made.rule, shown(path), made.title));
        let left = self.left.iter().map(|left| format!("left: {left}"));
        let notes = self.notes.iter().map(|note| format!("note: {note}"));
        made.chain(left).chain(notes).collect()
    }
}

pub(super) fn fix(
    linter: &Linter,
    loaded: &Loaded,
    args: &LintArgs,
    settings: &Settings,
    output: &Output,
) -> Result<Fixed, Failure> {
    let authorities = match &args.assume_ca {
        Some(path) => Authorities::of(path, "--assume-ca")?,
        None => None,
    };
    let prover = Handshakes::new(settings, output)?;
    let trust = Trust {
        prover: &prover,
        assume_ca: args.assume_ca.as_deref(),
        ca_folder: PathBuf::from(CA_FOLDER),
    };
    let found = fix::project(linter, &loaded.files, &trust);
    let asked = |path: &PathBuf| loaded.asked.contains(path);
    let mut plan = Plan::default();
    let mut written = BTreeMap::new();
    for (path, edits) in &found.edits {
        let Some(file) = loaded.files.iter().find(|file| file.path == *path) else { continue };
        let after = fix::apply(&file.text, edits);
        if after == *file.text {
            continue;
        }
        plan.edits.push(FileEdit {
            path: path.clone(),
            before: Some(file.text.to_string()),
            after: after.clone(),
        });
        written.insert(path.clone(), after);
    }
    let mut notes = found.notes.clone();
    if args.fix {
        for provision in &found.provisions {
            if let Some(authorities) = &authorities {
                provide(provision, authorities)?;
            }
            notes.push(format!("the CA for builds is in {}", shown(&provision.folder)));
        }
        for (path, text) in &written {
            file::replace(path, text)?;
        }
    }
    let left = found.left.iter().filter(|(path, ..)| asked(path)).map(|(path, finding, why)| {
        let place = provender_core::excerpt::position(
            loaded.files.iter().find(|file| file.path == *path).map_or("", |file| &file.text),
            finding.span.start,
        );
        let advice = match why {
            Left::NoCa => "; name it with --assume-ca FILE",
            Left::Unverified { .. } => {
                "; see `provender doctor`, or name the CA with --assume-ca FILE"
            }
            _ => "",
        };
        format!("{} at {}:{}: {why}{advice}", finding.rule, shown(path), place.line)
    });
    let left_out = found.left_out.iter().map(|(path, span, why)| {
        let text =
            loaded.files.iter().find(|file| file.path == *path).map_or("", |file| &file.text);
        let place = provender_core::excerpt::position(text, span.start);
        format!("the step at {}:{}: {why}", shown(path), place.line)
    });
    Ok(Fixed {
        left: left.chain(left_out).collect(),
        made: found.made,
        diff: plan.diff(),
        written,
        notes,
    })
}

/// Writes what builds of images need, readable for everybody.
fn provide(provision: &Provision, authorities: &Authorities) -> Result<(), Failure> {
    std::fs::create_dir_all(&provision.folder).map_err(|error| {
        Diagnostic::error("file/cannot-write", format!("cannot make the folder: {error}"))
            .at(Place::file(&provision.folder))
            .hint("check the permissions of the folder above it")
    })?;
    for (name, content) in &provision.files {
        let text = match content {
            Content::FullBundle => authorities.full()?,
            Content::Corporate => authorities.text(),
            Content::Text(text) => text.clone(),
        };
        file::replace(&provision.folder.join(name), &text)?;
    }
    for (path, line) in &provision.ignored {
        let before = std::fs::read_to_string(path).unwrap_or_default();
        if !before.lines().any(|known| known.trim() == line.trim()) {
            file::replace(path, &format!("{before}{line}"))?;
        }
    }
    Ok(())
}

/// Tells by a real handshake which hosts verify with what this machine and the settings trust.
struct Handshakes {
    prober: Option<doctor::Prober>,
    runtime: Runtime,
    known: RefCell<BTreeMap<String, bool>>,
}

impl Handshakes {
    fn new(settings: &Settings, output: &Output) -> Result<Self, Failure> {
        let client = network::client(settings)?;
        let prober = if settings.offline {
            output.say("--offline: no handshake is made, so only --assume-ca takes a bypass away");
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
