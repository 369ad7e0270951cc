//! The findings that this command adds to those of the prober, and the report as SARIF.

use provender_core::Diagnostic;
use provender_core::doctor::{ToolReport, ToolVerdict};
use provender_net::doctor::{RULES, Rule};
use provender_report::doctor::DoctorReport;
use provender_report::sarif::{self, Result, RuleText};

/// A tool that verifies and does not come through.
const TOOL_FAILS: Rule = Rule {
    id: "doctor/tool-fails",
    explanation: "A tool of this machine verifies TLS and refuses the host's certificate, because its own roots do not lead to it. The row of the tool names the setting that decides, and the remedy. `provender doctor --fix` sets such tools up, as do `provender configure TOOL` and `provender env`.",
};

/// A tool that does not verify.
const TOOL_NOT_VERIFIED: Rule = Rule {
    id: "doctor/tool-not-verified",
    explanation: "A setting switched the verification of a tool off: whoever answers is believed, and hashes from the same place protect nothing. The row of the tool names the setting. Remove it; `provender doctor --fix` does so and puts the authority in its place.",
};

/// Installed files that the index does not have like this.
const EXPOSED: Rule = Rule {
    id: "doctor/exposed",
    explanation: "Files of an installed distribution are not those of the wheel that the index has. They were changed after they were installed, or something else came over an unverified channel. Take them for hostile until you know why: install the distribution again over the verified channel, with hashes, and look at what ran meanwhile.",
};

/// What cannot be compared.
const EXPOSURE_UNKNOWN: Rule = Rule {
    id: "doctor/exposure-unknown",
    explanation: "The index has no wheel that an installed distribution may have come from: it was built here from an sdist, came from a URL, a local file, or from another index, or its metadata cannot be read. Nothing is said of it. Install it again over the verified channel, with hashes.",
};

/// There is no index that proves anything.
const EXPOSURE_CHANNEL: Rule = Rule {
    id: "doctor/exposure-channel",
    explanation: "There is no index that is reached over TLS, so there is nothing to compare installed distributions with: what comes over an unverified channel proves nothing. Name the https URL of the index.",
};

/// All of them: the prober's and those of this command.
pub(crate) fn all() -> impl Iterator<Item = &'static Rule> {
    const OWN: [&Rule; 5] =
        [&TOOL_FAILS, &TOOL_NOT_VERIFIED, &EXPOSED, &EXPOSURE_UNKNOWN, &EXPOSURE_CHANNEL];
    RULES.iter().chain(OWN)
}

/// The report as a log, with what is wrong with installed tools among the results.
pub(super) fn sarif(report: &DoctorReport<'_>) -> String {
    let texts: Vec<RuleText<'_>> = all()
        .map(|rule| RuleText {
            id: rule.id,
            summary: rule.explanation.split_inclusive(". ").next().unwrap_or_default().trim_end(),
            page: rule.explanation,
        })
        .collect();
    let of_tools: Vec<Diagnostic> =
        report.tools.iter().filter(|tool| super::is_wrong(tool)).map(of_tool).collect();
    let results: Vec<Result<'_>> =
        report.findings().into_iter().chain(&of_tools).map(Result::Diagnostic).collect();
    sarif::document(env!("CARGO_PKG_VERSION"), &texts, &results)
}

fn of_tool(tool: &ToolReport) -> Diagnostic {
    let version = tool.version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
    let name = format!("{}{version}", tool.tool);
    let mut diagnostic = if tool.verdict == ToolVerdict::NotVerified {
        let message = format!("{name} does not verify {}", tool.url);
        Diagnostic::error(TOOL_NOT_VERIFIED.id, message)
    } else {
        Diagnostic::warning(TOOL_FAILS.id, format!("{name} refuses {}", tool.url))
    };
    diagnostic.causes.extend(tool.detail.clone());
    diagnostic.hint = tool.remedy.as_ref().map(|remedy| remedy.text.clone());
    diagnostic.place = tool.place.clone();
    diagnostic.decided_by(&tool.decided_by)
}
