//! `provender completions`: what a shell can complete, from the same description that is parsed.

use clap::CommandFactory as _;
use provender_core::Diagnostic;

use crate::cli::{Cli, CompletionsArgs, Format};
use crate::exit::{Answer, Failure};
use crate::output::Output;

pub(crate) fn run(args: &CompletionsArgs, output: &Output) -> Result<Answer, Failure> {
    only_for_people(output)?;
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "provender", &mut script);
    output.result(&String::from_utf8_lossy(&script))?;
    Ok(Answer::Yes)
}

/// A script or a manual page is what it is, and has no form in JSON.
pub(super) fn only_for_people(output: &Output) -> Result<(), Diagnostic> {
    if output.format == Format::Human {
        return Ok(());
    }
    Err(Diagnostic::error("cli/format", "this command has no such form of output")
        .hint("leave `--format` out")
        .decided_by("--format"))
}
