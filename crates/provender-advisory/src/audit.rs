//! Audits: components against a database, with waivers applied.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use provender_core::audit::{Audit, Component, Finding, NotAudited, Waiver};
use provender_core::{ProjectName, Severity, Version};

use crate::catalog::Snapshot;
use crate::database::{Database, DatabaseError};
use crate::vulnerability::Vulnerability;
use crate::waiver::Waivers;

/// Audits components.
///
/// The answer depends on its arguments only, and `now` only decides which waivers have expired. The
/// findings are in a fixed order: worst first, then by project, version, ids and place.
///
/// # Errors
///
/// When what is read of the database is damaged.
pub fn audit(
    snapshot: &Snapshot,
    components: Vec<Component>,
    mut not_audited: Vec<NotAudited>,
    waivers: &[Waiver],
    now: Timestamp,
) -> Result<Audit, DatabaseError> {
    let waivers = Waivers::new(waivers, today(now));
    let compared = components.len();
    let mut findings = Vec::new();
    for component in components {
        let Some(advisories) = snapshot.database.project(&component.project)? else { continue };
        for vulnerability in advisories.vulnerabilities(&component.version) {
            let waiver = waivers.accepting(&component.project, &vulnerability).cloned();
            let Vulnerability { ids, severity, summary, fixed_in } = vulnerability;
            let component = component.clone();
            findings.push(Finding { component, ids, severity, summary, fixed_in, waiver });
        }
    }
    findings.sort_by(|a, b| {
        let key = |finding: &Finding| std::cmp::Reverse(finding.severity.urgency());
        key(a)
            .cmp(&key(b))
            .then_with(|| a.component.project.cmp(&b.component.project))
            .then_with(|| a.component.version.cmp(&b.component.version))
            .then_with(|| a.ids.cmp(&b.ids))
            .then_with(|| a.component.place.cmp(&b.component.place))
    });
    for skipped in &mut not_audited {
        let project = skipped.project.as_ref();
        skipped.waiver = project.and_then(|p| waivers.accepting_unaudited(p)).cloned();
    }
    not_audited.sort_by(|a, b| (&a.place, &a.requirement).cmp(&(&b.place, &b.requirement)));
    Ok(Audit {
        advisories: snapshot.stamp(),
        components: compared,
        findings,
        not_audited,
        diagnostics: waivers.diagnostics(),
    })
}

/// Answers one question at a time: would this version of this project be a finding? For who has
/// many versions to choose from.
#[derive(Debug)]
pub struct Auditor<'a> {
    database: &'a Database,
    waivers: Waivers<'a>,
    threshold: Severity,
}

impl<'a> Auditor<'a> {
    /// Asks a database, with waivers as they stand at `now`, about findings from `threshold` on.
    pub fn new(
        database: &'a Database,
        waivers: &'a [Waiver],
        threshold: Severity,
        now: Timestamp,
    ) -> Self {
        Self { database, waivers: Waivers::new(waivers, today(now)), threshold }
    }

    /// Whether a version has an unwaived vulnerability at the threshold.
    ///
    /// # Errors
    ///
    /// When what is read of the database is damaged.
    pub fn objects_to(
        &self,
        project: &ProjectName,
        version: &Version,
    ) -> Result<bool, DatabaseError> {
        Ok(!self.objections(project, version)?.is_empty())
    }

    /// Those of the versions that have no unwaived vulnerability at the threshold, in their order.
    ///
    /// # Errors
    ///
    /// When what is read of the database is damaged.
    pub fn acceptable<'v>(
        &self,
        project: &ProjectName,
        versions: impl IntoIterator<Item = &'v Version>,
    ) -> Result<Vec<&'v Version>, DatabaseError> {
        let advisories = self.database.project(project)?;
        let acceptable = |version: &&Version| {
            !advisories.as_ref().is_some_and(|advisories| {
                advisories.vulnerabilities(version).iter().any(|found| self.counts(project, found))
            })
        };
        Ok(versions.into_iter().filter(acceptable).collect())
    }

    /// The unwaived vulnerabilities of a version at the threshold.
    ///
    /// # Errors
    ///
    /// When what is read of the database is damaged.
    pub fn objections(
        &self,
        project: &ProjectName,
        version: &Version,
    ) -> Result<Vec<Vulnerability>, DatabaseError> {
        let Some(advisories) = self.database.project(project)? else { return Ok(Vec::new()) };
        let mut found = advisories.vulnerabilities(version);
        found.retain(|vulnerability| self.counts(project, vulnerability));
        Ok(found)
    }

    fn counts(&self, project: &ProjectName, vulnerability: &Vulnerability) -> bool {
        vulnerability.severity.meets(self.threshold)
            && self.waivers.accepting(project, vulnerability).is_none()
    }
}

/// The day on which waivers are judged (UTC).
fn today(now: Timestamp) -> jiff::civil::Date {
    now.to_zoned(TimeZone::UTC).date()
}
