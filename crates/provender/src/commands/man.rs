//! `provender man`: the manual, from the same description that is parsed.

use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use provender_core::{Diagnostic, Place};

use super::completions::only_for_people;
use crate::cli::{Cli, ManArgs};
use crate::exit::{Answer, Failure};
use crate::file;
use crate::output::{Output, shown};

pub(crate) fn run(args: &ManArgs, output: &Output) -> Result<Answer, Failure> {
    only_for_people(output)?;
    // `provender help lock` has no page of its own beside that of `lock`.
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let Some(folder) = &args.out else {
        output.result(&page(command)?.text)?;
        return Ok(Answer::Yes);
    };
    std::fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
    let mut written = Vec::new();
    for command in with_subcommands(command) {
        let page = page(command)?;
        let path = folder.join(page.name);
        file::replace(&path, &page.text)?;
        written.push(shown(&path));
    }
    output.result(&written.join("\n"))?;
    Ok(Answer::Yes)
}

struct Page {
    name: PathBuf,
    /// In the language of man pages, roff.
    text: String,
}

fn page(command: Command) -> Result<Page, Diagnostic> {
    let source = concat!("provender ", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command).source(source).manual("provender");
    let mut text = Vec::new();
    man.render(&mut text).map_err(|error| {
        Diagnostic::error("file/cannot-write", format!("the manual cannot be made: {error}"))
            .hint("report it: this is a defect")
    })?;
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok(Page { name: man.get_filename().into(), text })
}

/// The command and all below it, each after the one it belongs to.
fn with_subcommands(command: Command) -> Vec<Command> {
    let below: Vec<Command> =
        command.get_subcommands().filter(|command| !command.is_hide_set()).cloned().collect();
    let mut all = vec![command];
    all.extend(below.into_iter().flat_map(with_subcommands));
    all
}

fn cannot_write(folder: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error("file/cannot-write", format!("cannot make the folder: {error}"))
        .at(Place::file(shown(folder)))
        .hint("check its name and the permissions, or name another folder with --out")
        .decided_by("--out")
}
