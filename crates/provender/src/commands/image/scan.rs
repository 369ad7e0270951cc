//! `provender image scan`.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use provender_advisory::Snapshot;
use provender_advisory::packages::Fix;
use provender_core::audit::{AdvisoryStamp, Waiver};
use provender_core::{Diagnostic, Severity};
use provender_image::registry::Registry;
use provender_image::scan::{self, Assessment, Look, Package, Remedy, ScanFinding};
use provender_image::{Image, Location};
use provender_report::diagnostics;
use serde::Serialize;

use super::base;
use crate::cli::{Format, GlobalArgs, ImageScanArgs};
use crate::commands::data::AdvisoryData;
use crate::commands::{json, store};
use crate::exit::{Answer, Failure};
use crate::output::{Output, counted};
use crate::settings::{Settings, network, registries};

pub(crate) fn run(
    args: &ImageScanArgs,
    global: &GlobalArgs,
    output: &Output,
) -> Result<Answer, Failure> {
    let settings = Settings::gather(global, std::path::Path::new("."))?;
    let now = Timestamp::now();
    let data = AdvisoryData::of(&settings)?;
    let mut notes = data.take_in_local(now)?;
    let (snapshot, warnings) = data.usable(now, args.allow_stale)?;
    notes.extend(warnings);
    let (image, look) = look(args, &settings)?;
    let today = now.to_zoned(TimeZone::UTC).date();
    let waivers = &settings.file.values.waivers;
    let assessed =
        scan::assess(&look.inventory, look.base_layers, &snapshot.database, waivers, today);
    let assessment = assessed.map_err(|error| {
        Failure::from(
            Diagnostic::error("advisories/damaged", error.to_string())
                .hint("fetch or import the advisory data again"),
        )
    })?;
    notes.extend(look.inventory.notes.iter().map(|note| {
        let line = note.line.map(|line| format!(":{line}")).unwrap_or_default();
        Diagnostic::note("image/unreadable-part", format!("{}{line}: {}", note.place, note.message))
    }));
    notes.extend(assessment.diagnostics.iter().cloned());
    let threshold = settings.fail_on(args.fail_on);
    let report = Report { image: &image, look: &look, assessment: &assessment, threshold };
    match output.format {
        Format::Json => output.result(&json(&report.document(&args.image, &snapshot, &notes))?)?,
        _ => {
            output.diagnostics(&notes);
            output.diagnostics(&look.hardening);
            output.result(report.text().trim_end())?;
        }
    }
    Ok(report.answer())
}

/// Opens the image and looks at it, or remembers what was seen in it.
fn look(args: &ImageScanArgs, settings: &Settings) -> Result<(Image, Look), Failure> {
    let client = network::client(settings)?;
    let image = store::runtime()?.block_on(async {
        let hosts = match &args.image {
            Location::Registry(reference) => vec![reference.registry.clone()],
            _ => Vec::new(),
        };
        let registry = Registry::new(client, registries::gather(settings, &hosts).await?);
        base::open(&args.image, args.platform.as_ref(), &registry, settings).await
    })?;
    let folder = base::folder(settings).join("looks");
    let look = scan::look(&image, &folder).map_err(|error| {
        store::because(Diagnostic::error("image/unreadable", error.to_string()), &error)
            .hint("the image is damaged or larger than any honest one: copy or fetch it again")
    })?;
    Ok((image, look))
}

/// What a scan came to.
struct Report<'a> {
    image: &'a Image,
    look: &'a Look,
    assessment: &'a Assessment,
    threshold: Severity,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    image: String,
    digest: String,
    platform: String,
    os: Option<&'a str>,
    advisories: AdvisoryStamp,
    packages: usize,
    findings: Vec<FindingJson<'a>>,
    not_compared: Vec<NotComparedJson<'a>>,
    hardening: Vec<diagnostics::DiagnosticJson<'a>>,
    diagnostics: Vec<diagnostics::DiagnosticJson<'a>>,
}

#[derive(Serialize)]
struct FindingJson<'a> {
    ecosystem: &'a str,
    package: &'a str,
    version: &'a str,
    source: Option<&'a str>,
    ids: &'a [String],
    severity: Severity,
    fixed_in: Option<&'a str>,
    fixed_by: String,
    reason: Option<&'a str>,
    location: Option<&'a str>,
    layer: usize,
    waiver: Option<&'a Waiver>,
}

#[derive(Serialize)]
struct NotComparedJson<'a> {
    package: &'a str,
    version: &'a str,
    reason: &'a str,
    waiver: Option<&'a Waiver>,
}

impl Report<'_> {
    fn answer(&self) -> Answer {
        if self.assessment.findings.iter().any(|finding| finding.counts_at(self.threshold)) {
            Answer::No
        } else if self.assessment.not_compared.iter().any(|one| one.waiver.is_none()) {
            Answer::Missing
        } else {
            Answer::Yes
        }
    }

    fn package(&self, at: usize) -> Option<&Package> {
        self.look.inventory.packages.get(at)
    }

    fn document<'d>(
        &'d self,
        location: &Location,
        snapshot: &Snapshot,
        notes: &'d [Diagnostic],
    ) -> Document<'d> {
        let findings = self.assessment.findings.iter().filter_map(|one| {
            let package = self.package(one.package)?;
            Some(FindingJson {
                ecosystem: self.look.inventory.osv_ecosystem(package).unwrap_or_default(),
                package: &package.name,
                version: &package.version,
                source: package.source.as_ref().map(|source| source.name.as_str()),
                ids: &one.finding.ids,
                severity: one.finding.severity,
                fixed_in: fixed_in(&one.finding.fix),
                fixed_by: by(&one.remedy).0.to_owned(),
                reason: match &one.finding.fix {
                    Fix::WontFix(reason) => Some(reason),
                    _ => None,
                },
                location: package.locations.first().map(String::as_str),
                layer: package.layer,
                waiver: one.waiver.as_ref(),
            })
        });
        let not_compared = self.assessment.not_compared.iter().filter_map(|one| {
            let package = self.package(one.package)?;
            Some(NotComparedJson {
                package: &package.name,
                version: &package.version,
                reason: one.reason,
                waiver: one.waiver.as_ref(),
            })
        });
        Document {
            schema: "provender.image.scan/1",
            image: location.to_string(),
            digest: self.image.digest().to_string(),
            platform: self.image.platform().to_string(),
            os: self.look.inventory.os.as_ref().and_then(|os| os.pretty_name.as_deref()),
            advisories: snapshot.stamp(),
            packages: self.look.inventory.packages.len(),
            findings: findings.collect(),
            not_compared: not_compared.collect(),
            hardening: diagnostics::json(&self.look.hardening),
            diagnostics: diagnostics::json(notes),
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let mut group = None;
        for one in &self.assessment.findings {
            let (_, title) = by(&one.remedy);
            if group.as_ref() != Some(&title) {
                let _ = writeln!(text, "{title}");
                group = Some(title);
            }
            if let Some(package) = self.package(one.package) {
                let _ = writeln!(text, "  {}", line(package, one));
            }
        }
        let mut reasons: Vec<&str> =
            self.assessment.not_compared.iter().map(|one| one.reason).collect();
        reasons.sort_unstable();
        reasons.dedup();
        for reason in reasons {
            let of = self.assessment.not_compared.iter().filter(|one| one.reason == reason);
            let names: Vec<String> = of
                .filter_map(|one| self.package(one.package))
                .map(|package| format!("{} {}", package.name, package.version))
                .collect();
            let shown = names.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
            let more = if names.len() > 5 {
                format!(" and {} more", names.len() - 5)
            } else {
                String::new()
            };
            let _ = writeln!(text, "not compared, {reason}: {shown}{more}");
        }
        let packages = counted(self.look.inventory.packages.len(), "package");
        let findings = counted(self.assessment.findings.len(), "finding");
        let os = self.look.inventory.os.as_ref().and_then(|os| os.pretty_name.clone());
        let os = os.unwrap_or_else(|| "no distribution".to_owned());
        let _ = writeln!(text, "{os}, {packages}: {findings}");
        text
    }
}

fn line(package: &Package, one: &ScanFinding) -> String {
    let fix = match &one.finding.fix {
        Fix::In(version) => format!("fixed in {version}"),
        Fix::None => "no fix".to_owned(),
        Fix::WontFix(reason) => format!("will not be fixed: {reason}"),
    };
    let waived = match &one.waiver {
        Some(waiver) => format!(", waived by {} until {}", waiver.owner, waiver.until),
        None => String::new(),
    };
    let severity = one.finding.severity;
    let id = one.finding.headline_id();
    format!("{severity:<9}{} {}  {id}  {fix}{waived}", package.name, package.version)
}

fn fixed_in(fix: &Fix) -> Option<&str> {
    match fix {
        Fix::In(version) => Some(version),
        Fix::None | Fix::WontFix(_) => None,
    }
}

/// A group's word for machines, and its title for people, which says what to do.
fn by(remedy: &Remedy) -> (&'static str, String) {
    match remedy {
        Remedy::Lock => (
            "lock",
            "fixed by your lock: run `provender lock`, stock it, and build again".to_owned(),
        ),
        Remedy::Base => (
            "base",
            "fixed by a newer base image: take its newest digest, and build again".to_owned(),
        ),
        Remedy::Vendored { inside } => {
            ("vendored", format!("vendored inside {inside}: fixed by a newer {inside}"))
        }
        Remedy::NoFix => ("no-fix", "no fix is published".to_owned()),
        Remedy::WontFix => ("wont-fix", "the distribution will not fix these".to_owned()),
    }
}
