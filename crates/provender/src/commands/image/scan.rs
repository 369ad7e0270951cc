//! `provender image scan`.

mod data;
mod document;
mod report;
mod text;

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use provender_advisory::{NotComparedReason, Snapshot};
use provender_core::{Diagnostic, Severity};
use provender_image::registry::Registry;
use provender_image::scan::{self, Assessment, Look, Package};
use provender_image::{Image, Location};

pub(super) use document::{FindingJson, NotComparedJson, finding, not_compared};
pub(super) use text::line;

use super::{base, compare};
use crate::cli::{Format, GlobalArgs, ImageScanArgs};
use crate::commands::data::AdvisoryData;
use crate::commands::{audited, json, store};
use crate::exit::{Answer, Failure};
use crate::output::Output;
use crate::settings::{Settings, network, registries};

pub(crate) fn run(
    args: &ImageScanArgs,
    global: &GlobalArgs,
    output: &Output,
) -> Result<Answer, Failure> {
    let settings = Settings::gather(global, Path::new("."))?;
    let threshold = settings.fail_on(args.fail_on);
    let seen = Seen::of(&args.image, args, &settings)?;
    if let Some(old) = &args.compare {
        let old = Seen::of(old, args, &settings)?;
        return compare::run([old, seen], threshold, args.allow_stale, &settings, output);
    }
    let Scan { scanned, snapshot, notes } = scan([seen], args.allow_stale, &settings)?;
    let [scanned] = scanned;
    match output.format {
        Format::Json => {
            output.result(&json(&document::document(&scanned, &snapshot, &notes))?)?;
        }
        Format::Text | Format::Markdown => {
            let facts = report::Facts::of(&scanned.seen, snapshot.stamp());
            let report = report::report(&scanned, &facts, &notes, threshold);
            let text = match output.format {
                Format::Text => report.text(),
                _ => report.markdown(),
            };
            output.result(&text)?;
        }
        _ => {
            output.diagnostics(&notes);
            output.diagnostics(&scanned.seen.look.hardening);
            output.result(text::text(&scanned).trim_end())?;
        }
    }
    Ok(scanned.answer(threshold))
}

/// An image and what was seen in it.
pub(super) struct Seen {
    pub(super) location: Location,
    pub(super) image: Image,
    pub(super) look: Look,
}

/// An image of which it is known what advisories say.
pub(super) struct Scanned {
    pub(super) seen: Seen,
    pub(super) assessment: Assessment,
}

/// Images that were compared with the same advisories.
pub(super) struct Scan<const N: usize> {
    pub(super) scanned: [Scanned; N],
    pub(super) snapshot: Snapshot,
    /// What is to be said besides.
    pub(super) notes: Vec<Diagnostic>,
}

impl Seen {
    /// Opens an image and looks at it, or remembers what was seen in it.
    fn of(location: &Location, args: &ImageScanArgs, settings: &Settings) -> Result<Self, Failure> {
        let client = network::client(settings)?;
        let image = store::runtime()?.block_on(async {
            let hosts = match location {
                Location::Registry(reference) => vec![reference.registry.clone()],
                _ => Vec::new(),
            };
            let registry = Registry::new(client, registries::gather(settings, &hosts).await?);
            base::open(location, args.platform.as_ref(), &registry, settings).await
        })?;
        let folder = base::folder(settings).join("looks");
        let look = scan::look(&image, &folder).map_err(|error| {
            store::because(Diagnostic::error("image/unreadable", error.to_string()), &error)
                .hint("the image is damaged or larger than any honest one: copy or fetch it again")
        })?;
        Ok(Self { location: location.clone(), image, look })
    }

    /// A package of it.
    pub(super) fn package(&self, at: usize) -> Option<&Package> {
        self.look.inventory.packages.get(at)
    }

    /// What people call its distribution.
    pub(super) fn os(&self) -> Option<&str> {
        self.look.inventory.os.as_ref()?.pretty_name.as_deref()
    }
}

/// Compares what images hold with advisories of what they hold. What is said of the images is said of
/// the last one.
pub(super) fn scan<const N: usize>(
    seen: [Seen; N],
    allow_stale: bool,
    settings: &Settings,
) -> Result<Scan<N>, Failure> {
    let now = Timestamp::now();
    let data = AdvisoryData::of(settings)?;
    let need = data::need(seen.iter().map(|seen| &seen.look.inventory));
    let mut notes = data.take_in_local(&need, now)?;
    let usable = data.usable(&need, now, allow_stale);
    let (snapshot, warnings) = usable.map_err(|failure| failure.after(&notes))?;
    notes.extend(warnings);
    let today = now.to_zoned(TimeZone::UTC).date();
    let waivers = &settings.file.values.waivers;
    let mut assessments = Vec::new();
    for seen in &seen {
        let Look { inventory, base_layers, .. } = &seen.look;
        let assessed = scan::assess(inventory, *base_layers, &snapshot.database, waivers, today);
        assessments.push(assessed.map_err(|error| audited::damaged(&error))?);
    }
    let mut assessments = assessments.into_iter();
    let scanned =
        seen.map(|seen| Scanned { seen, assessment: assessments.next().unwrap_or_default() });
    if let Some(last) = scanned.last() {
        notes.extend(data::missing(last, &data, &snapshot)?);
        notes.extend(last.seen.look.inventory.notes.iter().map(|note| {
            let line = note.line.map(|line| format!(":{line}")).unwrap_or_default();
            let message = format!("{}{line}: {}", note.place, note.message);
            Diagnostic::note("image/unreadable-part", message)
        }));
        let from = notes.len();
        notes.extend(last.assessment.diagnostics.iter().cloned());
        audited::place_waivers(notes.get_mut(from..).unwrap_or_default(), settings);
    }
    Ok(Scan { scanned, snapshot, notes })
}

impl Scanned {
    /// Without data for what it holds there is no answer; a finding that counts is a no; and a package
    /// that cannot be compared leaves it without an answer.
    pub(super) fn answer(&self, threshold: Severity) -> Answer {
        let Assessment { findings, not_compared, .. } = &self.assessment;
        let mut open = not_compared.iter().filter(|one| one.waiver.is_none());
        if open.clone().any(|one| one.reason == NotComparedReason::NoData) {
            Answer::Missing
        } else if findings.iter().any(|finding| finding.counts_at(threshold)) {
            Answer::No
        } else if open.next().is_some() {
            Answer::Missing
        } else {
            Answer::Yes
        }
    }
}
