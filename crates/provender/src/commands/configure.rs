//! `provender configure TOOL`: a tool's own files, for our index and the CA.

use std::path::Path;

use provender_core::Diagnostic;
use provender_core::redact::redacted;
use provender_trust::configure::{
    self, Applied, ConfigurableTool, Plan, ToolVersion, Wanted, apply,
};
use provender_trust::{Machine, tools};
use serde::Serialize;

use super::{json, trust};
use crate::cli::{ConfigureArgs, Format, GlobalArgs};
use crate::exit::{Answer, Failure};
use crate::output::{Output, shown};
use crate::settings::Settings;
use trust::{Asked, Authorities};

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    tool: &'static str,
    scope: &'static str,
    index: Option<String>,
    registry: Option<String>,
    ca: Option<String>,
    /// The files that change, or would.
    files: Vec<String>,
    diff: String,
    written: bool,
    notes: &'a [String],
    journal: Option<String>,
}

pub(crate) fn run(
    args: &ConfigureArgs,
    global: &GlobalArgs,
    here: &Path,
    output: &Output,
) -> Result<Answer, Failure> {
    let settings = Settings::gather(global, here)?;
    let tool = ConfigurableTool::named(&args.tool).ok_or_else(|| unknown(&args.tool))?;
    let journals = trust::journals(&settings, tool.name());
    if args.rollback {
        let restored = trust::roll_back(&journals)?;
        output.result(&trust::told_restored(&restored))?;
        return Ok(Answer::Yes);
    }
    let machine = trust::machine(here, None)?;
    let folder = trust::folder(&settings);
    let authorities = match Authorities::named(args.ca.as_ref(), &settings)? {
        Some(named) => Some(named),
        None => Authorities::remembered(&folder)?,
    };
    let wanted = wanted(args, tool, &machine, authorities.is_some(), &settings, output)?;
    // Container tools and apk get copies of the certificates, which have to be there for that.
    if let Some(authorities) = authorities.as_ref().filter(|_| copies(tool)) {
        keep(authorities, &folder, output)?;
    }
    let plan = configure::plan(tool, &machine, &wanted).map_err(|error| error.diagnostic())?;
    let human = output.format == Format::Human;
    if human && !plan.is_empty() {
        output.result(&plan.diff())?;
    }
    let mut applied = None;
    if !plan.is_empty() && !args.dry_run {
        if !human {
            output.say(&plan.diff());
        }
        let question = format!("write these changes for {tool}?");
        if trust::confirm(args.yes, &question, output)? == Asked::No {
            return Ok(Answer::Yes);
        }
        applied = Some(apply(&plan, &journals).map_err(|error| error.diagnostic())?);
    }
    // Also where the files say the right thing already: what they name has to be there.
    if let Some(authorities) = authorities.as_ref().filter(|_| !args.dry_run) {
        keep(authorities, &folder, output)?;
    }
    for note in &plan.notes {
        output.say(&format!("note: {note}"));
    }
    if human {
        output.result(&told(tool, &plan, applied.as_ref()))?;
        return Ok(Answer::Yes);
    }
    let url = |url: &url::Url| redacted(url);
    output.result(&json(&Document {
        schema: "provender.configure/1",
        tool: tool.name(),
        scope: args.scope.name(),
        index: wanted.index.as_ref().map(url),
        registry: wanted.registry.as_ref().map(url),
        ca: wanted.ca.as_ref().map(|path| shown(path)),
        files: plan.edits.iter().map(|edit| shown(&edit.path)).collect(),
        diff: plan.diff(),
        written: applied.is_some(),
        notes: &plan.notes,
        journal: applied.and_then(|applied| applied.journal).map(|path| shown(&path)),
    })?)?;
    Ok(Answer::Yes)
}

fn unknown(name: &str) -> Diagnostic {
    Diagnostic::error("configure/unknown-tool", format!("`{name}` is no tool that is known"))
        .hint("`provender configure --help` lists them")
}

/// Whether a tool gets copies of the certificates in place of their path.
fn copies(tool: ConfigurableTool) -> bool {
    matches!(
        tool,
        ConfigurableTool::Docker
            | ConfigurableTool::BuildKit
            | ConfigurableTool::Podman
            | ConfigurableTool::Apk
    )
}

/// Puts the certificates where the settings of tools name them.
fn keep(authorities: &Authorities, folder: &Path, output: &Output) -> Result<(), Diagnostic> {
    if authorities.write(folder)?.replaced {
        let file = Authorities::files(folder).authority;
        output.say(&format!("{} held another authority and was replaced", shown(&file)));
    }
    Ok(())
}

/// What was asked for, with what holds where nothing was said.
fn wanted(
    args: &ConfigureArgs,
    tool: ConfigurableTool,
    machine: &Machine,
    with_authority: bool,
    settings: &Settings,
    output: &Output,
) -> Result<Wanted, Diagnostic> {
    let index = match &args.index {
        Some(url) => Some(url.clone()),
        // What was asked for a server of the tool's own is not about Python.
        None if !asks_an_index(tool) => None,
        None => trust::our_index(settings)?.map(|(url, origin)| {
            output.say(&format!("the index is {}, from {origin}", redacted(&url)));
            url
        }),
    };
    let files = with_authority.then(|| Authorities::files(&trust::folder(settings)));
    let (ca, full_bundle) = files.map(|files| (files.authority, files.full)).unzip();
    Ok(Wanted {
        index,
        registry: args.registry.clone(),
        ca,
        full_bundle,
        scope: args.scope.into(),
        version: version(tool, machine),
        hosts: Vec::new(),
    })
}

/// Whether a tool is set up for a Python index.
fn asks_an_index(tool: ConfigurableTool) -> bool {
    matches!(
        tool,
        ConfigurableTool::Pip
            | ConfigurableTool::Uv
            | ConfigurableTool::Poetry
            | ConfigurableTool::Pdm
    )
}

/// The version of the tool that is installed, with the Python that it runs on.
pub(super) fn version(tool: ConfigurableTool, machine: &Machine) -> Option<ToolVersion> {
    let known = tools().into_iter().find(|known| known.name() == tool.name())?;
    let installed = known.installed(machine)?;
    let python = installed.facts.get("python");
    let python = python.map(|python| format!(" (python {python})")).unwrap_or_default();
    ToolVersion::parse(&format!("{}{python}", installed.version?))
}

fn told(tool: ConfigurableTool, plan: &Plan, applied: Option<&Applied>) -> String {
    match applied {
        None if plan.is_empty() => format!("nothing to do: {tool} is set up like this already"),
        None => format!("nothing was written: {tool} would be set up like this"),
        Some(applied) => {
            let files: Vec<_> = applied.files.iter().map(|file| shown(file)).collect();
            let journal = applied.journal.as_deref().map(shown).unwrap_or_default();
            format!(
                "wrote {}\n`provender configure {tool} --rollback` takes it back (journal: {journal})",
                files.join(", ")
            )
        }
    }
}
