//! `provender configure TOOL`: a tool's own files, for our index and the CA.

use std::path::{Path, PathBuf};

use provender_core::Diagnostic;
use provender_core::redact::redacted;
use provender_trust::configure::{
    self, Applied, ConfigurableTool, Plan, Scope, ToolVersion, Wanted, apply,
};
use provender_trust::{CaBundle, Machine, Os, tools};
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
    let machine = trust::machine(here, None, &settings)?;
    let place = CaPlace::of(args.scope.into(), &machine, &settings);
    let authorities = match Authorities::named(args.ca.as_ref(), &settings)? {
        Some(named) => Some(named),
        None => match Authorities::remembered(&place.folder)? {
            Some(there) => Some(there),
            None => Authorities::remembered(&trust::folder(&settings))?,
        },
    };
    let files = authorities.as_ref().map(|_| Authorities::files(&place.folder));
    let wanted = wanted(args, tool, &machine, files, &settings, output)?;
    let plan = planned(tool, &machine, &wanted, authorities.as_ref())?;
    let human = output.format == Format::Human;
    if human && !plan.is_empty() {
        output.result(&plan.diff())?;
    }
    // Also where the files say the right thing already: what they name has to be there.
    let lacking = authorities.as_ref().filter(|authorities| !authorities.lie_in(&place.folder));
    let mut applied = None;
    let (mut declined, mut kept) = (false, false);
    if (!plan.is_empty() || lacking.is_some()) && !args.dry_run {
        if !human {
            output.say(&plan.diff());
        }
        if let Some(authorities) = lacking {
            let (file, from) = (Authorities::files(&place.folder).authority, &authorities.origin);
            output.say(&format!("{} gets the authority: {from}", shown(&file)));
        }
        let question = format!("write these changes for {tool}?");
        declined = trust::confirm(args.yes, &question, output)? == Asked::No;
        if !declined {
            // What the files name is there before they do.
            if let Some(authorities) = lacking {
                place.keep(authorities, output)?;
                kept = true;
            }
            applied = match plan.is_empty() {
                true => None,
                false => Some(apply(&plan, &journals).map_err(|error| error.diagnostic())?),
            };
        }
    }
    for note in &plan.notes {
        output.say(&format!("note: {note}"));
    }
    let answer = if declined { Answer::No } else { Answer::Yes };
    if human {
        // Whoever declined was told so.
        if !declined {
            output.result(&told(tool, &plan, applied.as_ref()))?;
        }
        return Ok(answer);
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
        written: applied.is_some() || kept,
        notes: &plan.notes,
        journal: applied.and_then(|applied| applied.journal).map(|path| shown(&path)),
    })?)?;
    Ok(answer)
}

fn unknown(name: &str) -> Diagnostic {
    Diagnostic::error("configure/unknown-tool", format!("`{name}` is no tool that is known"))
        .hint("`provender configure --help` lists them")
}

/// Whether a tool gets copies of the certificates in place of their path.
fn copies(tool: ConfigurableTool) -> bool {
    matches!(tool, ConfigurableTool::Docker | ConfigurableTool::Podman | ConfigurableTool::Apk)
}

/// Where the certificates lie that the settings of tools name.
struct CaPlace {
    folder: PathBuf,
    /// Whether all users of the machine read them.
    shared: bool,
}

impl CaPlace {
    /// Settings of the whole machine name no file of one user's home.
    fn of(scope: Scope, machine: &Machine, settings: &Settings) -> Self {
        if scope != Scope::System {
            return Self { folder: trust::folder(settings), shared: false };
        }
        let folder = match (machine.os, machine.set("PROGRAMDATA")) {
            (Os::Windows, Some(data)) => PathBuf::from(data).join("provender").join("trust"),
            _ => machine.system_path("/etc/provender/trust"),
        };
        Self { folder, shared: true }
    }

    fn keep(&self, authorities: &Authorities, output: &Output) -> Result<(), Diagnostic> {
        let folder = &self.folder;
        let written =
            if self.shared { authorities.publish(folder) } else { authorities.write(folder) }?;
        if written.replaced {
            let file = written.files.authority;
            output.say(&format!("{} held another authority and was replaced", shown(&file)));
        }
        Ok(())
    }
}

/// What would be written. Tools that get copies of the certificates get them from a folder that goes:
/// nothing is kept before somebody agrees.
fn planned(
    tool: ConfigurableTool,
    machine: &Machine,
    wanted: &Wanted,
    authorities: Option<&Authorities>,
) -> Result<Plan, Diagnostic> {
    let plan = |wanted: &Wanted| {
        configure::plan(tool, machine, wanted).map_err(|error| error.diagnostic())
    };
    let (Some(authorities), Some(kept), true) = (authorities, &wanted.ca, copies(tool)) else {
        return plan(wanted);
    };
    let folder = tempfile::tempdir().map_err(|error| {
        Diagnostic::error("file/cannot-write", format!("cannot make a folder: {error}"))
            .hint("make room in the folder for temporary files, or name another with TMPDIR")
    })?;
    let staged = authorities.write(folder.path())?.files;
    let mut planned = plan(&Wanted {
        ca: Some(staged.authority.clone()),
        full_bundle: Some(staged.full),
        ..wanted.clone()
    })?;
    for note in &mut planned.notes {
        *note = note.replace(&shown(&staged.authority), &shown(kept));
    }
    Ok(planned)
}

/// What was asked for, with what holds where nothing was said.
fn wanted(
    args: &ConfigureArgs,
    tool: ConfigurableTool,
    machine: &Machine,
    files: Option<CaBundle>,
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
