//! `provender image scan`.

mod data;
mod document;
mod newer;
mod report;
mod sboms;
mod seen;
mod text;

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use provender_advisory::{NotComparedReason, Snapshot};
use provender_core::{Diagnostic, Level, Severity};
use provender_image::scan::{self, Assessment, Look};

pub(super) use document::{FindingJson, NotComparedJson, finding, not_compared};
use newer::Newer;
pub(super) use seen::Seen;
pub(super) use text::line;

use super::compare;
use crate::cli::{Format, GlobalArgs, ImageScanArgs};
use crate::commands::data::AdvisoryData;
use crate::commands::{audited, json};
use crate::exit::{Answer, Failure};
use crate::output::Output;
use crate::settings::{Settings, level};

pub(crate) fn run(
    args: &ImageScanArgs,
    global: &GlobalArgs,
    output: &Output,
) -> Result<Answer, Failure> {
    let settings = Settings::gather(global, Path::new("."))?;
    let threshold = Threshold::of(args, &settings)?;
    let platform = args.platform.as_ref();
    if let Some(old) = &args.compare {
        let seen = Seen::of(&args.image, platform, &settings)?;
        let old = Seen::of(old, platform, &settings)?;
        return compare::run([old, seen], &threshold, args.allow_stale, &settings, output);
    }
    let seen = Seen::with_sboms(&args.image, platform, &settings)?;
    let mut newer = match &args.newer_base {
        Some(named) => Some(Newer::of(named.as_ref(), &seen, &settings)?),
        None => None,
    };
    let base = newer.as_mut().and_then(Newer::take);
    let Scan { scanned, besides, snapshot, notes } =
        scan([seen], base, args.allow_stale, &settings)?;
    let [scanned] = scanned;
    let newer = newer.as_ref().map(|newer| newer.change(&scanned, besides.as_ref()));
    let remarks = || {
        let soft = text::too_soft(scanned.too_soft(&threshold).count());
        let newer = newer.as_ref().map(newer::Change::text).unwrap_or_default();
        format!("{soft}{newer}")
    };
    match output.format {
        Format::Json => {
            let document = document::document(&scanned, newer.as_ref(), &snapshot, &notes);
            output.result(&json(&document)?)?;
        }
        Format::Text | Format::Markdown => {
            let facts = report::Facts::of(&scanned.seen, snapshot.stamp(), remarks());
            let report = report::report(&scanned, &facts, &notes, threshold.severity);
            let text = match output.format {
                Format::Text => report.text(),
                _ => report.markdown(),
            };
            output.result(&text)?;
        }
        _ => {
            output.diagnostics(&notes);
            output.diagnostics(&scanned.seen.look.hardening);
            output.result(format!("{}{}", text::text(&scanned), remarks()).trim_end())?;
        }
    }
    Ok(scanned.answer(&threshold))
}

/// An image of which it is known what advisories say.
pub(super) struct Scanned {
    pub(super) seen: Seen,
    pub(super) assessment: Assessment,
}

/// Images that were compared with the same advisories.
pub(super) struct Scan<const N: usize> {
    pub(super) scanned: [Scanned; N],
    /// The one that was looked at besides.
    pub(super) besides: Option<Scanned>,
    pub(super) snapshot: Snapshot,
    /// What is to be said besides.
    pub(super) notes: Vec<Diagnostic>,
}

/// Compares what images hold with advisories of what they hold. What is said of the images is said of
/// the last one. For one that is looked at `besides`, missing or old advisories are a warning.
pub(super) fn scan<const N: usize>(
    seen: [Seen; N],
    besides: Option<Seen>,
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
    let assess = |seen: &Seen| {
        let Look { inventory, base_layers, .. } = &seen.look;
        let waivers = &settings.file.values.waivers;
        let assessed = scan::assess(inventory, *base_layers, &snapshot.database, waivers, today);
        assessed.map_err(|error| audited::damaged(&error))
    };
    let besides = match besides {
        Some(seen) => Some(Scanned { assessment: assess(&seen)?, seen }),
        None => None,
    };
    if let Some(besides) = &besides {
        notes.extend(data::doubts(besides, &data, &snapshot, now, allow_stale)?);
    }
    let assessments = seen.iter().map(assess).collect::<Result<Vec<_>, _>>()?;
    let mut assessments = assessments.into_iter();
    let scanned =
        seen.map(|seen| Scanned { seen, assessment: assessments.next().unwrap_or_default() });
    if let Some(last) = scanned.last() {
        notes.extend(data::missing(last, &data, &snapshot)?);
        notes.extend(data::runtimes(last));
        notes.extend(last.seen.notes.iter().cloned());
        notes.extend(data::unreadable(last));
        let from = notes.len();
        notes.extend(last.assessment.diagnostics.iter().cloned());
        audited::place_waivers(notes.get_mut(from..).unwrap_or_default(), settings);
    }
    Ok(Scan { scanned, besides, snapshot, notes })
}

/// What makes the answer a no.
pub(super) struct Threshold {
    /// The severity from which a vulnerability does.
    severity: Severity,
    /// The level from which what hardening finds does, where any of it counts.
    hardening: Option<Level>,
}

impl Threshold {
    fn of(args: &ImageScanArgs, settings: &Settings) -> Result<Self, Diagnostic> {
        let setting = settings.file.values.audit.fail_on_hardening.as_deref();
        let hardening = level::of(args.fail_on_hardening, setting, "audit.fail-on-hardening")?;
        Ok(Self { severity: settings.fail_on(args.fail_on), hardening })
    }
}

impl Scanned {
    /// What hardening finds that counts.
    pub(super) fn too_soft(&self, threshold: &Threshold) -> impl Iterator<Item = &Diagnostic> {
        let hardening = threshold.hardening;
        let found = self.seen.look.hardening.iter();
        found.filter(move |found| hardening.is_some_and(|level| found.level >= level))
    }

    /// Without data for what it holds there is no answer; a finding that counts is a no; and a package
    /// that cannot be compared, or is not known at all, leaves it without an answer.
    pub(super) fn answer(&self, threshold: &Threshold) -> Answer {
        let Assessment { findings, not_compared, hidden, .. } = &self.assessment;
        let is_soft = self.too_soft(threshold).next().is_some();
        let mut open = not_compared.iter().filter(|one| one.waiver.is_none());
        if open.clone().any(|one| one.reason == NotComparedReason::NoData) {
            Answer::Missing
        } else if is_soft || findings.iter().any(|one| one.counts_at(threshold.severity)) {
            Answer::No
        } else if open.next().is_some() || hidden.iter().any(|part| part.waiver.is_none()) {
            Answer::Missing
        } else {
            Answer::Yes
        }
    }
}
