//! `provender env`: variables for a shell, on stdout and nothing else there.

use std::io::IsTerminal as _;
use std::path::Path;

use provender_core::Diagnostic;
use provender_core::redact::redacted;
use provender_trust::environment::{Shell, Variables, WantedVariables, render, undo, unset};
use serde::Serialize;

use super::{json, trust};
use crate::cli::{EnvArgs, Format, GlobalArgs};
use crate::exit::{Answer, Failure};
use crate::output::Output;
use crate::settings::{Settings, variable, variables};
use trust::Authorities;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    shell: &'static str,
    variables: Vec<VariableJson<'a>>,
    left_out: Vec<LeftOutJson>,
    contradicted_by: Vec<&'static str>,
    text: String,
}

#[derive(Serialize)]
struct VariableJson<'a> {
    name: &'static str,
    value: &'a str,
    tools: &'static str,
}

#[derive(Serialize)]
struct LeftOutJson {
    name: &'static str,
    why: &'static str,
}

pub(crate) fn run(
    args: &EnvArgs,
    global: &GlobalArgs,
    here: &Path,
    output: &Output,
) -> Result<Answer, Failure> {
    let settings = Settings::gather(global, here)?;
    let shell = args.shell.as_deref().and_then(Shell::named).unwrap_or_else(users_shell);
    let wanted = wanted(args, &settings, output)?;
    let set = Variables::new(&wanted).map_err(|error| error.diagnostic())?;
    if set.iter().next().is_none() {
        return Err(Diagnostic::error(
            "env/nothing-to-set",
            "there is neither an index nor a CA to point at",
        )
        .hint("name them with --index and --ca, or in provender.toml, or run `provender serve`")
        .into());
    }
    let text = if args.undo {
        undo(&set, shell)
    } else {
        render(&set, shell).map_err(|error| error.diagnostic())?
    };
    let names = variables();
    let against = set.contradicted_by(names.keys().map(String::as_str));
    if output.format == Format::Json {
        output.result(&json(&Document {
            schema: "provender.env/1",
            shell: shell.name(),
            variables: set
                .iter()
                .map(|v| VariableJson { name: v.name, value: &v.value, tools: v.tools })
                .collect(),
            left_out: set
                .left_out()
                .iter()
                .map(|l| LeftOutJson { name: l.name, why: l.why })
                .collect(),
            contradicted_by: against,
            text,
        })?)?;
        return Ok(Answer::Yes);
    }
    output.result(&text)?;
    if args.undo {
        return Ok(Answer::Yes);
    }
    for left in set.left_out() {
        output.say(&format!("left out {}: {}", left.name, left.why));
    }
    if !against.is_empty() {
        output.diagnostics(&[contradicted(&against, shell)]);
    }
    // Whoever evaluates it knows how.
    if std::io::stdout().is_terminal() {
        output.say(&format!("to use it: {}", shell.how_to_use()));
        output.say(&format!("to undo it: {}", shell.how_to_undo()));
    }
    Ok(Answer::Yes)
}

fn contradicted(names: &[&str], shell: Shell) -> Diagnostic {
    let message = format!("set here, and stronger than what this writes: {}", names.join(", "));
    let how = unset(names, shell);
    let how = how.lines().collect::<Vec<_>>().join("; ");
    let hint = if how.is_empty() { "remove them".to_owned() } else { format!("`{how}`") };
    Diagnostic::warning("env/contradicted", message).hint(hint)
}

/// What the variables shall point at. The files that they name are written, unless they are taken
/// back.
fn wanted(
    args: &EnvArgs,
    settings: &Settings,
    output: &Output,
) -> Result<WantedVariables, Diagnostic> {
    let index = match &args.index {
        Some(url) => Some(url.clone()),
        None => trust::our_index(settings)?.map(|(url, origin)| {
            output.say(&format!("the index is {}, from {origin}", redacted(&url)));
            url
        }),
    };
    let folder = trust::folder(settings);
    let authorities = match Authorities::named(args.ca.as_ref(), settings)? {
        Some(named) => Some(named),
        None => Authorities::remembered(&folder)?,
    };
    let files = Authorities::files(&folder);
    if let Some(authorities) = authorities.as_ref().filter(|_| !args.undo)
        && authorities.write(&folder)?.replaced
    {
        output
            .say(&format!("{} held another authority and was replaced", files.authority.display()));
    }
    let (ca, full_bundle) = authorities.map(|_| (files.authority, files.full)).unzip();
    Ok(WantedVariables { index, npm_registry: args.registry.clone(), ca, full_bundle })
}

/// The shell of the user, as far as it is one whose syntax is known.
fn users_shell() -> Shell {
    if cfg!(windows) {
        // PowerShell is where its modules are looked for; its interpreter started this one.
        return if variable("PSModulePath").is_some() { Shell::PowerShell } else { Shell::Cmd };
    }
    let shell = variable("SHELL").unwrap_or_default();
    match Path::new(&shell).file_name().and_then(|name| name.to_str()) {
        Some("fish") => Shell::Fish,
        Some("pwsh") => Shell::PowerShell,
        _ => Shell::Sh,
    }
}
