//! `--fix`: setting up the tools that fail or do not verify, and the way back.
//!
//! Everything is decided and shown before anything is written. What was written is proved by asking
//! the tools again; what did not help is taken back at once.

use std::path::PathBuf;

use provender_core::Diagnostic;
use provender_core::doctor::{Known, ToolReport, ToolVerdict};
use provender_report::doctor::DoctorReport;
use provender_trust::configure::{
    self, ConfigurableTool, FileEdit, Plan, Scope, Wanted, apply, rollback,
};
use provender_trust::{Machine, Tool, tools};

use super::tools::{Asking, about, authorities};
use super::{Looked, answer, is_wrong, show};
use crate::cli::{DoctorArgs, Format};
use crate::commands::configure::version as installed_version;
use crate::commands::trust::{self, Asked, Authorities};
use crate::exit::{Answer, Failure};
use crate::output::{Output, shown};
use crate::progress::Spinner;
use crate::settings::Settings;

/// The journals of fixes.
const JOURNALS: &str = "doctor";

/// What would set one tool up.
struct Repair {
    tool: ConfigurableTool,
    plan: Plan,
}

/// Fixes what can be fixed, tells it, and answers for how things are then.
pub(super) fn run(
    args: &DoctorArgs,
    settings: &Settings,
    looked: &Looked,
    machine: &Machine,
    mut rows: Vec<ToolReport>,
    output: &Output,
) -> Result<Answer, Failure> {
    let hosts = looked.hosts();
    let human = output.format == Format::Human;
    if human {
        show(&DoctorReport { hosts: &hosts, tools: &rows, exposure: &[] }, output)?;
    }
    let folder = trust::folder(settings);
    let authorities = needed_authorities(looked, &rows, settings)?;
    let repairs = plan(looked, machine, &rows, authorities.is_some(), settings, output)?;
    if repairs.is_empty() {
        output.say("there is nothing that can be fixed in the files of the tools");
    } else {
        let diff = joined(repairs.iter()).diff();
        if human {
            output.result(&format!("\n{diff}"))?
        } else {
            output.say(&diff)
        }
        if let Some(authorities) = &authorities {
            output.say(&format!("the authority that is trusted by that: {}", authorities.origin));
        }
        if trust::confirm(args.yes, "write these changes?", output)? == Asked::Yes {
            if let Some(authorities) = &authorities {
                told_if_replaced(authorities.write(&folder)?.replaced, settings, output);
            }
            carry_out(&repairs, looked, machine, &mut rows, settings, output)?;
        }
    }
    let report = DoctorReport { hosts: &hosts, tools: &rows, exposure: &[] };
    if !human {
        show(&report, output)?;
    }
    Ok(answer(&report, true))
}

/// `--rollback`.
pub(super) fn take_back(settings: &Settings, output: &Output) -> Result<Answer, Failure> {
    let restored = trust::roll_back(&trust::journals(settings, JOURNALS))?;
    output.result(&trust::told_restored(&restored))?;
    Ok(Answer::Yes)
}

/// Says that tools which were set up before now trust something else.
fn told_if_replaced(replaced: bool, settings: &Settings, output: &Output) {
    if replaced {
        let file = Authorities::files(&trust::folder(settings)).authority;
        output.say(&format!("{} held another authority and was replaced", shown(&file)));
    }
}

/// The authority that the broken tools have to be told of; none where public roots are enough.
fn needed_authorities(
    looked: &Looked,
    rows: &[ToolReport],
    settings: &Settings,
) -> Result<Option<Authorities>, Diagnostic> {
    let mut found: Option<Authorities> = None;
    for (url, at) in &looked.targets.for_tools {
        let Some(probe) = looked.probes.get(*at) else { continue };
        let about = about(url);
        if !rows.iter().any(|row| is_wrong(row) && row.url == about) {
            continue;
        }
        let report = &probe.report;
        if !report.diagnosis.is_good() {
            let message =
                format!("{about} does not verify, so no tool can be made to: {}", report.diagnosis);
            return Err(Diagnostic::error("doctor/fix-needs-authority", message).hint(
                "if the authority is your network's: save it with `provender doctor --save-ca FILE URL`, compare its \
                 fingerprint, and name it with --ca-bundle FILE",
            ));
        }
        if !report.trusted_by.iter().any(|set| set == "mozilla") {
            let more = authorities(probe, settings)?;
            found = match found.take() {
                Some(known) => Some(known.and(more)),
                None => more,
            };
        }
    }
    Ok(found)
}

/// What would be written, one plan a tool, no file twice.
fn plan(
    looked: &Looked,
    machine: &Machine,
    rows: &[ToolReport],
    with_authority: bool,
    settings: &Settings,
    output: &Output,
) -> Result<Vec<Repair>, Failure> {
    let files = with_authority.then(|| Authorities::files(&trust::folder(settings)));
    let host = |(url, _): &(url::Url, usize)| {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        Some(format!("{}{port}", url.host_str()?))
    };
    let hosts: Vec<String> = looked.targets.for_tools.iter().filter_map(host).collect();
    let mut repairs: Vec<Repair> = Vec::new();
    let mut by_variables = Vec::new();
    for report in rows.iter().filter(|report| is_wrong(report)) {
        let tool = ConfigurableTool::named(report.tool).filter(|tool| !tool.needs_registry());
        let Some(tool) = tool else {
            by_variables.push(report.tool);
            continue;
        };
        if repairs.iter().any(|repair| repair.tool == tool) {
            continue;
        }
        let wanted = Wanted {
            ca: files.as_ref().map(|files| files.authority.clone()),
            full_bundle: files.as_ref().map(|files| files.full.clone()),
            scope: Scope::User,
            version: installed_version(tool, machine),
            hosts: hosts.clone(),
            ..Wanted::default()
        };
        let plan = match configure::plan(tool, machine, &wanted) {
            Ok(plan) => plan,
            Err(error) => {
                output.diagnostics(&[error.diagnostic()]);
                continue;
            }
        };
        for note in &plan.notes {
            output.say(&format!("{tool}: {note}"));
        }
        // Tools that share a file mostly want the same of it.
        let conflicts = |edit: &FileEdit| {
            let mut others = repairs.iter().flat_map(|repair| &repair.plan.edits);
            others.any(|other| other.path == edit.path && other != edit)
        };
        if plan.edits.iter().any(conflicts) {
            output.say(&format!("{tool}: shares a file with another tool; run --fix again for it"));
            continue;
        }
        repairs.push(Repair { tool, plan });
    }
    output.say(&by_variables_only(&by_variables));
    if repairs.iter().all(|repair| repair.plan.is_empty()) {
        repairs.clear();
    }
    Ok(repairs)
}

/// What to do for tools that have no file of their own for it; nothing where there are none.
fn by_variables_only(tools: &[&str]) -> String {
    let mut names = tools.to_vec();
    names.dedup();
    match &names[..] {
        [] => String::new(),
        names => format!(
            "{}: set up by variables, which `provender env --ca FILE` writes (`provender doctor --save-ca FILE URL` saves \
             the authority)",
            names.join(", ")
        ),
    }
}

/// Which command sets up the tools that are wrong; nothing where none is.
pub(super) fn advice(rows: &[ToolReport]) -> String {
    let wrong = || rows.iter().filter(|row| is_wrong(row)).map(|row| row.tool);
    let has_files =
        |tool: &&str| ConfigurableTool::named(tool).is_some_and(|tool| !tool.needs_registry());
    let mut by_files: Vec<_> = wrong().filter(has_files).collect();
    by_files.dedup();
    let by_variables: Vec<_> = wrong().filter(|tool| !has_files(tool)).collect();
    let mut lines = Vec::new();
    if !by_files.is_empty() {
        lines.push(format!("{}: `provender doctor --fix` sets up what fails", by_files.join(", ")));
    }
    lines.push(by_variables_only(&by_variables));
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

fn known(tool: ConfigurableTool) -> Option<&'static dyn Tool> {
    tools().into_iter().find(|known| known.name() == tool.name())
}

/// Writes, asks the tools again, and takes back what did not help.
fn carry_out(
    repairs: &[Repair],
    looked: &Looked,
    machine: &Machine,
    rows: &mut [ToolReport],
    settings: &Settings,
    output: &Output,
) -> Result<(), Diagnostic> {
    let journals = trust::journals(settings, JOURNALS);
    let all = joined(repairs.iter());
    let written = apply(&all, &journals).map_err(|error| error.diagnostic())?;
    let spinner = Spinner::new(output, "asking the tools again");
    let mut helped = Vec::new();
    for repair in repairs {
        match asked_again(repair.tool, looked, machine, rows) {
            Ok(again) => {
                for (at, row) in again {
                    rows[at] = row;
                }
                helped.push(repair);
            }
            Err(why) => {
                spinner.leave(&format!("{}: does not verify with that either: {why}", repair.tool));
            }
        }
    }
    spinner.finish();
    let mut journal = written.journal;
    if helped.len() < repairs.len()
        && let Some(path) = journal.take()
    {
        rollback(&path).map_err(|error| error.diagnostic())?;
        let rest = joined(helped.iter().copied());
        journal = apply(&rest, &journals).map_err(|error| error.diagnostic())?.journal;
        output.say("what did not help was taken back");
    }
    let told = |row: &ToolReport| {
        let version = row.version.as_deref().map(|v| format!(" {v}")).unwrap_or_default();
        format!("{}{version} verifies {} now", row.tool, row.url)
    };
    let was_helped = |row: &&ToolReport| {
        row.verdict == ToolVerdict::Verifies
            && helped.iter().any(|repair| repair.tool.name() == row.tool)
    };
    let mut lines: Vec<String> = rows.iter().filter(was_helped).map(told).collect();
    if let Some(journal) = journal {
        let journal: PathBuf = journal;
        lines.push(format!(
            "`provender doctor --rollback` takes it back (journal: {})",
            shown(&journal)
        ));
    }
    let text = lines.join("\n");
    if output.format == Format::Human {
        output.result(&text)
    } else {
        output.say(&text);
        Ok(())
    }
}

/// Asks a tool again for all of its rows that were about something installed.
///
/// # Errors
///
/// Why it does not verify everything.
fn asked_again(
    tool: ConfigurableTool,
    looked: &Looked,
    machine: &Machine,
    rows: &[ToolReport],
) -> Result<Vec<(usize, ToolReport)>, String> {
    let no_answer = || "no answer".to_owned();
    let known = known(tool).ok_or_else(no_answer)?;
    let mut again = Vec::new();
    for (at, before) in rows.iter().enumerate().filter(|(_, row)| row.tool == tool.name()) {
        if before.known == Known::NotInstalled {
            continue;
        }
        let asked = looked.targets.for_tools.iter().find(|(url, _)| about(url) == before.url);
        let (url, probe) = asked
            .and_then(|(url, at)| Some((url, looked.probes.get(*at)?)))
            .ok_or_else(no_answer)?;
        let asking = Asking { prober: &looked.prober, probe, url };
        let row = asking.ask(&[known], machine, None).pop().ok_or_else(no_answer)?;
        // What was no fault of the tool before is none now.
        if row.verdict != ToolVerdict::Verifies && (is_wrong(before) || is_wrong(&row)) {
            return Err(row.detail.unwrap_or_else(no_answer));
        }
        again.push((at, row));
    }
    Ok(again)
}

/// All edits as one plan, so that all are written or none; what tools share is in it once.
fn joined<'a>(repairs: impl Iterator<Item = &'a Repair>) -> Plan {
    let mut edits: Vec<FileEdit> = Vec::new();
    for edit in repairs.flat_map(|repair| &repair.plan.edits) {
        if !edits.contains(edit) {
            edits.push(edit.clone());
        }
    }
    Plan { edits, notes: Vec::new() }
}
