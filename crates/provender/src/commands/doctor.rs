//! `provender doctor`: the way to the hosts, and what the tools of this machine make of it.

mod exposure;
mod fix;
mod rules;
mod save_ca;
mod targets;
mod tools;

use std::path::Path;
use std::sync::Arc;

use provender_core::check::{Outcome, outcome};
use provender_core::doctor::{HostReport, Known, ToolReport, ToolVerdict};
use provender_core::{Diagnostic, Level};
use provender_net::doctor::{HostProbe, Prober, ProberSettings};
use provender_net::roots::read_bundle;
use provender_net::{ClientSettings, NetError};
use provender_report::doctor::{self as shown, DoctorReport};

use super::{store, trust};
use crate::cli::{DoctorArgs, Format, GlobalArgs};
use crate::exit::{Answer, Failure};
use crate::output::Output;
use crate::progress::Spinner;
use crate::settings::{Settings, network};
pub(crate) use rules::all as all_rules;
use targets::Targets;

pub(crate) fn run(
    args: &DoctorArgs,
    global: &GlobalArgs,
    here: &Path,
    output: &Output,
) -> Result<Answer, Failure> {
    let settings = Settings::gather(global, here)?;
    if args.rollback {
        return fix::take_back(&settings, output);
    }
    if settings.offline {
        let message = "no host is looked at: the settings say offline";
        return Err(Diagnostic::error("doctor/offline", message)
            .hint("run it without --offline and PROVENDER_OFFLINE")
            .decided_by(offline_decided_by())
            .into());
    }
    let client = network::client_settings(&settings)?;
    check_flags(&client)?;
    let machine = trust::machine(here, args.python.as_deref(), &settings)?;
    let spinner = Spinner::new(output, "looking at the hosts");
    let looked = look(args, &settings, client.clone())?;
    if let Some(file) = &args.save_ca {
        spinner.finish();
        return save_ca::run(file, args.force, &looked, output);
    }
    let mut tools = Vec::new();
    if args.tools || !args.no_tools && args.exposure.is_none() {
        spinner.say("asking the tools");
        tools = tools::matrix(&looked, &machine, &settings)?;
    }
    let mut exposure = Vec::new();
    if let Some(environment) = &args.exposure {
        let indexes = looked.targets.for_tools.iter().map(|(index, _)| index);
        exposure = exposure::steps(environment, indexes, client, &spinner)?;
    }
    spinner.finish();
    output.diagnostics(&looked.notes);
    let hosts = looked.hosts();
    if args.fix {
        return fix::run(args, &settings, &looked, &machine, tools, output);
    }
    let report = DoctorReport { hosts: &hosts, tools: &tools, exposure: &exposure };
    show(&report, output)?;
    output.say(&fix::advice(&tools));
    Ok(answer(&report, args.tools))
}

/// What was seen of the hosts.
struct Looked {
    prober: Prober,
    probes: Vec<HostProbe>,
    targets: Targets,
    notes: Vec<Diagnostic>,
}

impl Looked {
    fn hosts(&self) -> Vec<HostReport> {
        self.probes.iter().map(|probe| probe.report.clone()).collect()
    }
}

/// Looks at the hosts that were named, or that the project needs.
fn look(
    args: &DoctorArgs,
    settings: &Settings,
    client: ClientSettings,
) -> Result<Looked, Diagnostic> {
    let runtime = store::runtime()?;
    runtime.block_on(async {
        let mut targets = match &args.urls[..] {
            [] => targets::of_project(settings, &client).await?,
            urls => targets::named(urls)?,
        };
        if targets.hosts.is_empty() {
            return Err(Diagnostic::error("doctor/no-host", "the settings need no host")
                .hint("name a URL, or look at the settings of indexes and advisory sources"));
        }
        let prober = Prober::new(client, ProberSettings::default())
            .map_err(|error| network::diagnostic(&error))?;
        let mut probes = prober.probe_all(&targets.hosts).await;
        for (probe, target) in probes.iter_mut().zip(&targets.hosts) {
            // Which file it was says nothing of the host, and its query may be a signature.
            if target.purpose == targets::FILE_HOST {
                let mut url = targets::without_query(&target.url);
                url.set_path("/");
                probe.report.url = provender_net::redact(&url);
            }
        }
        let notes = std::mem::take(&mut targets.notes);
        Ok(Looked { prober, probes, targets, notes })
    })
}

/// What forbids the network: the option on the command line, else the variable that stands for it.
fn offline_decided_by() -> &'static str {
    let on_command_line = std::env::args_os().any(|argument| argument == "--offline");
    if on_command_line { "--offline" } else { "PROVENDER_OFFLINE" }
}

/// A bundle that this command line names has to be there; those of other settings are looked at.
fn check_flags(client: &ClientSettings) -> Result<(), Diagnostic> {
    for bundle in client.ca_bundles.iter().filter(|bundle| bundle.setting == "--ca-bundle") {
        read_bundle(bundle)
            .map_err(|error| network::diagnostic(&NetError::Roots(Arc::new(error))))?;
    }
    Ok(())
}

/// Writes the report in the form that is wanted.
fn show(report: &DoctorReport<'_>, output: &Output) -> Result<(), Diagnostic> {
    output.result(&match output.format {
        Format::Json => shown::json(report),
        Format::Sarif => rules::sarif(report),
        _ => shown::terminal(report, output.style()),
    })
}

/// What the hosts come to, and the tools where they count.
fn answer(report: &DoctorReport<'_>, with_tools: bool) -> Answer {
    let wrong = |finding: &&Diagnostic| {
        finding.level == Level::Error
            || finding.rule == "doctor/plain-http" && finding.level > Level::Note
    };
    let good = report.hosts.iter().all(|host| host.diagnosis.is_good())
        && !report.findings().iter().any(wrong)
        && !(with_tools && report.tools.iter().any(is_wrong));
    match outcome(report.exposure) {
        _ if !good => Answer::No,
        Outcome::Failed => Answer::No,
        // A missing answer is never a yes.
        Outcome::NotRun if !report.exposure.is_empty() => Answer::Missing,
        Outcome::NotRun | Outcome::Passed => Answer::Yes,
    }
}

/// Whether a tool is there and lets somebody down who believes that it verifies and works.
fn is_wrong(tool: &ToolReport) -> bool {
    tool.known != Known::NotInstalled
        && matches!(tool.verdict, ToolVerdict::Fails | ToolVerdict::NotVerified)
}
