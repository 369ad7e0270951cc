//! The schema `provender.doctor/1`.

use provender_core::doctor::{
    AuthorityFacts, HostDiagnosis, HostReport, Known, Remedy, ToolReport, ToolVerdict,
};
use serde::Serialize;

use super::DoctorReport;
use crate::check::StepJson;
use crate::diagnostics::{self, DiagnosticJson};
use crate::json;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    hosts: Vec<Host<'a>>,
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exposure: Vec<StepJson<'a>>,
}

#[derive(Serialize)]
struct Host<'a> {
    url: &'a str,
    purpose: &'a str,
    route: &'a str,
    diagnosis: HostDiagnosis,
    issuer: Option<&'a str>,
    trusted_by: &'a [String],
    authority: Option<&'a AuthorityFacts>,
    remedy: Option<&'a str>,
    remedy_proved: Option<bool>,
    evidence: &'a [String],
    findings: Vec<DiagnosticJson<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    tool: &'a str,
    version: Option<&'a str>,
    url: &'a str,
    verdict: &'static str,
    /// What the rules say of a tool that is not installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    would: Option<ToolVerdict>,
    known: Known,
    decided_by: &'a str,
    file: Option<String>,
    line: Option<u32>,
    detail: Option<&'a str>,
    remedy: Option<&'a str>,
    remedy_proved: Option<bool>,
}

/// The report as a document: a tool's `verdict` is `verifies`, `fails`, `not-verified`, `unknown` or
/// `not-installed`.
#[expect(clippy::expect_used, reason = "strings and lists always have a form in JSON")]
pub(super) fn document(report: &DoctorReport<'_>) -> String {
    let document = Document {
        schema: "provender.doctor/1",
        hosts: report.hosts.iter().map(host).collect(),
        tools: report.tools.iter().map(tool).collect(),
        exposure: report.exposure.iter().map(StepJson::from).collect(),
    };
    json::document(&document).expect("a report has a form in JSON")
}

fn remedied(remedy: Option<&Remedy>) -> (Option<&str>, Option<bool>) {
    (remedy.map(|remedy| remedy.text.as_str()), remedy.map(|remedy| remedy.proved))
}

fn host(report: &HostReport) -> Host<'_> {
    let (remedy, remedy_proved) = remedied(report.remedy.as_ref());
    Host {
        url: &report.url,
        purpose: &report.purpose,
        route: &report.route,
        diagnosis: report.diagnosis,
        issuer: report.issuer.as_deref(),
        trusted_by: &report.trusted_by,
        authority: report.authority.as_ref(),
        remedy,
        remedy_proved,
        evidence: &report.evidence,
        findings: diagnostics::json(&report.findings),
    }
}

fn tool(report: &ToolReport) -> Tool<'_> {
    let installed = report.known != Known::NotInstalled;
    let (remedy, remedy_proved) = remedied(report.remedy.as_ref());
    Tool {
        tool: report.tool,
        version: report.version.as_deref(),
        url: &report.url,
        verdict: match report.verdict {
            _ if !installed => "not-installed",
            ToolVerdict::Verifies => "verifies",
            ToolVerdict::Fails => "fails",
            ToolVerdict::NotVerified => "not-verified",
            ToolVerdict::Unknown => "unknown",
        },
        would: (!installed).then_some(report.verdict),
        known: report.known,
        decided_by: &report.decided_by,
        file: report.place.as_ref().map(|place| place.file.to_string_lossy().into_owned()),
        line: report.place.as_ref().and_then(|place| place.line),
        detail: report.detail.as_deref(),
        remedy,
        remedy_proved,
    }
}
