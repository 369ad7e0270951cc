//! `provender image scan --newer-base`: what another base takes away and brings.

use std::fmt::Write as _;

use provender_core::Diagnostic;
use provender_image::scan::{self, NewerBase, ScanFinding};
use provender_image::{Digest, Location};
use serde::Serialize;

use super::Scanned;
use super::document::{FindingJson, finding};
use super::seen::{Opened, Seen};
use super::text::line;
use crate::exit::Failure;
use crate::output::counted;
use crate::settings::Settings;

/// The base that an image's own is compared with.
pub(super) struct Newer {
    location: Location,
    digest: Digest,
    /// Whether the image says which it is.
    is_recorded: bool,
    /// What was seen in it; none where the image stands on it already.
    seen: Option<Seen>,
}

impl Newer {
    /// The base that is named, else the newest of the tag that the image says it was built on.
    pub(super) fn of(
        named: Option<&Location>,
        of: &Seen,
        settings: &Settings,
    ) -> Result<Self, Failure> {
        let location = match named {
            Some(named) => named.clone(),
            None => Location::Registry(scan::recorded_base(&of.image).map_err(|error| {
                Diagnostic::error("image/no-base", error.to_string())
                    .hint(
                        "name the base: --newer-base HOST/REPOSITORY:TAG, or a layout or an archive",
                    )
                    .decided_by("--newer-base")
            })?),
        };
        let opened = Opened::of(&location, Some(of.image.platform()), settings)?;
        let digest = opened.image.digest();
        let seen = match scan::stands_on(&of.image, &opened.image) {
            true => None,
            false => Some(opened.look(settings)?),
        };
        Ok(Self { location, digest, is_recorded: named.is_none(), seen })
    }

    /// What was seen in it, to be compared with advisories.
    pub(super) fn take(&mut self) -> Option<Seen> {
        self.seen.take()
    }

    /// What it changes. Without a base that was compared, the image stands on it already.
    pub(super) fn change<'a>(
        &'a self,
        image: &'a Scanned,
        base: Option<&'a Scanned>,
    ) -> Change<'a> {
        let of_image = (&image.seen.look, &image.assessment);
        let findings = match base {
            Some(base) => scan::newer_base(of_image, (&base.seen.look, &base.assessment)),
            None => NewerBase::unchanged(of_image),
        };
        Change { newer: self, image, base, findings }
    }
}

/// What another base changes.
pub(super) struct Change<'a> {
    newer: &'a Newer,
    image: &'a Scanned,
    base: Option<&'a Scanned>,
    findings: NewerBase<'a>,
}

/// The same for machines.
#[derive(Serialize)]
pub(super) struct NewerJson<'a> {
    image: String,
    digest: String,
    os: Option<&'a str>,
    same: bool,
    removes: Vec<FindingJson<'a>>,
    brings: Vec<FindingJson<'a>>,
    leaves: Vec<FindingJson<'a>>,
}

impl<'a> Change<'a> {
    /// For machines.
    pub(super) fn json(&'a self) -> NewerJson<'a> {
        let written = |of: &'a Seen, found: &[&'a ScanFinding]| {
            found.iter().filter_map(|one| finding(of, one)).collect()
        };
        let image = &self.image.seen;
        let base = self.base.map_or(image, |base| &base.seen);
        let NewerBase { removes, brings, leaves } = &self.findings;
        NewerJson {
            image: self.newer.location.to_string(),
            digest: self.newer.digest.to_string(),
            os: base.os(),
            same: self.base.is_none(),
            removes: written(image, removes),
            brings: written(base, brings),
            leaves: written(image, leaves),
        }
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let Newer { location, digest, is_recorded, .. } = self.newer;
        let Some(base) = self.base else {
            let is = if *is_recorded { "is the newest there is" } else { "is this one already" };
            return format!("the base {is} ({location}, {digest})\n");
        };
        let NewerBase { removes, brings, leaves } = &self.findings;
        let (gone, new, kept) = (removes.len(), brings.len(), leaves.len());
        let of = counted(gone + kept, "finding");
        let mut text = format!(
            "a newer base ({location}, {digest}): removes {gone} of {of}, brings {new}, leaves {kept}\n"
        );
        let image = &self.image.seen;
        for (word, of, found) in
            [("removes", image, removes), ("brings", &base.seen, brings), ("leaves", image, leaves)]
        {
            if !found.is_empty() {
                let _ = writeln!(text, "  {word}");
            }
            for line in found.iter().filter_map(|one| line(of, one)) {
                let _ = writeln!(text, "    {line}");
            }
        }
        text
    }
}
