//! The commands: each gathers its settings, asks the library crates, and prints what they answer.

mod advisories;
mod audit;
mod audited;
mod bundles;
mod check;
mod completions;
mod data;
mod explain;
mod export;
mod init;
mod lint;
mod lock;
mod man;
mod report;
mod secure;
mod serve;
mod stock;
mod store;
mod waiver;

use std::path::Path;

use provender_core::Diagnostic;

use crate::cli::{Cli, Command, Format};
use crate::exit::{Answer, Failure};
use crate::output::Output;

/// Runs what was typed.
pub(crate) fn run(cli: &Cli, output: &Output) -> Result<Answer, Failure> {
    let is_there = match output.format {
        Format::Human | Format::Json => true,
        Format::Text | Format::Markdown => {
            matches!(cli.command, Command::Audit(_) | Command::Secure(_))
        }
        Format::Sarif => matches!(cli.command, Command::Lint(_)),
        Format::Github => matches!(cli.command, Command::Lint(_)),
    };
    if !is_there {
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
        Command::Report(args) => report::run(args, &cli.global, here, output),
        Command::Init(args) => init::run(args, output),
        Command::Completions(args) => completions::run(args, output),
        Command::Man(args) => man::run(args, output),
    }
}

/// A JSON document as it is printed.
fn json(document: &impl serde::Serialize) -> Result<String, Failure> {
    provender_report::json::document(document).map_err(|error| {
        Diagnostic::error("cli/json", format!("the result cannot be written as JSON: {error}"))
            .into()
    })
}
