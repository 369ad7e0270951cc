//! An audit as a document of the schema `provender.audit/1`.

use std::borrow::Cow;

use provender_core::audit::{AdvisoryStamp, Audit, Finding, NotAudited, NotAuditedReason, Waiver};
use provender_core::{Place, ProjectName, Severity, Version};
use serde::Serialize;

use super::sections;
use crate::diagnostics::{self, DiagnosticJson};

/// The document, with every list in the audit's order.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    schema: &'static str,
    advisories: &'a AdvisoryStamp,
    components: usize,
    findings: Vec<FindingJson<'a>>,
    not_audited: Vec<NotAuditedJson<'a>>,
    diagnostics: Vec<DiagnosticJson<'a>>,
}

#[derive(Serialize)]
struct FindingJson<'a> {
    project: &'a ProjectName,
    version: &'a Version,
    ids: &'a [String],
    severity: Severity,
    fixed_in: &'a [Version],
    file: Cow<'a, str>,
    line: Option<u32>,
    waiver: Option<&'a Waiver>,
}

#[derive(Serialize)]
struct NotAuditedJson<'a> {
    requirement: Cow<'a, str>,
    project: Option<&'a ProjectName>,
    reason: NotAuditedReason,
    file: Cow<'a, str>,
    line: Option<u32>,
    waiver: Option<&'a Waiver>,
}

impl<'a> From<&'a Finding> for FindingJson<'a> {
    fn from(finding: &'a Finding) -> Self {
        let component = &finding.component;
        Self {
            project: &component.project,
            version: &component.version,
            ids: &finding.ids,
            severity: finding.severity,
            fixed_in: &finding.fixed_in,
            file: file(&component.place),
            line: component.place.line,
            waiver: finding.waiver.as_ref(),
        }
    }
}

impl<'a> From<&'a NotAudited> for NotAuditedJson<'a> {
    fn from(other: &'a NotAudited) -> Self {
        Self {
            requirement: sections::requirement(other),
            project: other.project.as_ref(),
            reason: other.reason,
            file: file(&other.place),
            line: other.place.line,
            waiver: other.waiver.as_ref(),
        }
    }
}

/// The file's name; one that is not Unicode has no form in JSON and is shown lossily.
fn file(place: &Place) -> Cow<'_, str> {
    place.file.to_string_lossy()
}

impl<'a> From<&'a Audit> for Document<'a> {
    fn from(audit: &'a Audit) -> Self {
        Self {
            schema: "provender.audit/1",
            advisories: &audit.advisories,
            components: audit.components,
            findings: audit.findings.iter().map(FindingJson::from).collect(),
            not_audited: audit.not_audited.iter().map(NotAuditedJson::from).collect(),
            diagnostics: diagnostics::json(&audit.diagnostics),
        }
    }
}

/// The document, pretty-printed.
#[expect(clippy::expect_used, reason = "strings, numbers and lists always have a form in JSON")]
pub(super) fn render(audit: &Audit) -> String {
    crate::json::document(&Document::from(audit)).expect("the document has a form in JSON")
}
