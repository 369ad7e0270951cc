//! The `provender` command.
//!
//! What the user typed becomes [`cli`] values, those and the settings files become
//! [`settings`], a command does the work through the library crates, and an [`exit::Answer`]
//! becomes the exit code. Printing, `exit` and the user's environment are here and nowhere else.

mod cli;
mod commands;
mod exit;
mod file;
mod output;
mod progress;
mod settings;

use std::process::ExitCode;

use clap::Parser as _;

/// The resolver reads pages in many threads at once, and the system's allocator asks the kernel for
/// the memory of each of them in small pieces.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let output = output::Output::new(&cli.global);
    let answer = commands::run(&cli, &output);
    match answer {
        Ok(answer) => answer.into(),
        Err(failure) => {
            output.diagnostics(&failure.diagnostics);
            exit::Answer::from(failure.kind).into()
        }
    }
}
