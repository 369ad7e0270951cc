//! The commands: each gathers its settings, asks the library crates, and prints what they answer.

mod advisories;
mod audit;
mod audited;
mod check;
mod completions;
mod configure;
mod data;
mod doctor;
mod env;
mod explain;
mod export;
mod image;
mod init;
mod lint;
mod lock;
mod man;
mod report;
mod secure;
mod serve;
mod stock;
mod store;
mod trust;
mod waiver;

use std::path::Path;

use provender_core::Diagnostic;

use crate::cli::{Cli, Command, Format, ImageArgs, ImageCommand, InitCommand};
use crate::exit::{Answer, Failure};
use crate::output::Output;

/// Runs what was typed.
pub(crate) fn run(cli: &Cli, output: &Output) -> Result<Answer, Failure> {
    if !has_form(&cli.command, output.format) {
        return Err(Diagnostic::error("cli/format", "this command has no such form of output")
            .hint("`--format human` and `--format json` are there for every command")
            .decided_by("--format")
            .into());
    }
    let here = Path::new(".");
    match &cli.command {
        Command::Lock(args) => lock::run(args, &cli.global, output),
        Command::Audit(args) => audit::run(args, &cli.global, output),
        Command::Advisories(args) => advisories::run(args, &cli.global, here, output),
        Command::Waiver(args) => waiver::run(args, &cli.global, here, output),
        Command::Secure(args) => secure::run(args, &cli.global, output),
        Command::Stock(args) => stock::run(args, &cli.global, output),
        Command::Serve(args) => serve::run(args, &cli.global, here, output),
        Command::Check(args) => check::run(args, &cli.global, output),
        Command::Export(args) => export::run(args, &cli.global, here, output),
        Command::Lint(args) => lint::run(args, &cli.global, output),
        Command::Explain(args) => explain::run(args, output),
        Command::Doctor(args) => doctor::run(args, &cli.global, here, output),
        Command::Configure(args) => configure::run(args, &cli.global, here, output),
        Command::Env(args) => env::run(args, &cli.global, here, output),
        Command::Report(args) => report::run(args, &cli.global, here, output),
        Command::Image(args) => image::run(args, &cli.global, output),
        Command::Init(args) => match &args.command {
            Some(InitCommand::Image(args)) => image::dockerfile(args, &cli.global, output),
            None => init::run(args, output),
        },
        Command::Completions(args) => completions::run(args, output),
        Command::Man(args) => man::run(args, output),
    }
}

/// Whether a command has this form of output.
fn has_form(command: &Command, format: Format) -> bool {
    match format {
        Format::Human | Format::Json => true,
        Format::Text | Format::Markdown => {
            let is_scan = |args: &ImageArgs| match &args.command {
                ImageCommand::Scan(scan) => scan.compare.is_none(),
                _ => false,
            };
            matches!(command, Command::Audit(_) | Command::Secure(_))
                || matches!(command, Command::Image(args) if is_scan(args))
        }
        Format::Sarif => matches!(command, Command::Doctor(_) | Command::Lint(_)),
        Format::Github => matches!(command, Command::Lint(_)),
    }
}

/// A JSON document as it is printed.
fn json(document: &impl serde::Serialize) -> Result<String, Failure> {
    provender_report::json::document(document).map_err(|error| {
        Diagnostic::error("cli/json", format!("the result cannot be written as JSON: {error}"))
            .into()
    })
}
