//! What a look at the network and at the tools came to.

mod json;
mod terminal;

use provender_core::Diagnostic;
use provender_core::check::Step;
use provender_core::doctor::{HostReport, ToolReport};

use crate::Style;

/// Everything that `provender doctor` looked at.
#[derive(Debug, Clone, Copy)]
pub struct DoctorReport<'a> {
    /// The hosts, in the order in which they were asked for.
    pub hosts: &'a [HostReport],
    /// The tools; none where nobody asked for them.
    pub tools: &'a [ToolReport],
    /// What was re-checked of that which came over an unverified channel.
    pub exposure: &'a [Step],
}

impl DoctorReport<'_> {
    /// Everything that is wrong or worth knowing, the worst first; what is equally bad stays in
    /// its order.
    pub fn findings(&self) -> Vec<&Diagnostic> {
        let of_hosts = self.hosts.iter().flat_map(|host| &host.findings);
        let of_exposure = self.exposure.iter().flat_map(|step| &step.diagnostics);
        let mut findings: Vec<_> = of_hosts.chain(of_exposure).collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        findings
    }
}

/// One line for each host and each tool, then the findings, the worst first.
///
/// ```text
/// ✓ https://index.example/simple/  clean             index, direct
/// ✗ https://files.example/         untrusted-issuer  file host, by proxy.example:3128; signed by CN=Corp CA
///
/// tools, asked for https://index.example/simple/
/// ✓ pip 26.0      verifies       asked: the system's store and certifi
/// ✗ uv 0.13.9     fails          asked: SSL_CERT_FILE
/// ```
pub fn terminal(report: &DoctorReport<'_>, style: Style) -> String {
    terminal::text(report, style)
}

/// A document of the schema `provender.doctor/1`.
pub fn json(report: &DoctorReport<'_>) -> String {
    json::document(report)
}
