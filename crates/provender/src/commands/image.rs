//! `provender image`.

mod attached;
mod attachments;
mod base;
mod build;
mod compare;
mod dockerfile;
mod outputs;
mod project;
mod scan;
mod shown;
mod time;
mod told;
mod verify;
mod work;

use crate::cli::{GlobalArgs, ImageArgs, ImageCommand};
use crate::exit::{Answer, Failure};
use crate::output::Output;

pub(crate) use base::folder;
pub(crate) use dockerfile::run as dockerfile;

pub(crate) fn run(
    args: &ImageArgs,
    global: &GlobalArgs,
    output: &Output,
) -> Result<Answer, Failure> {
    match &args.command {
        ImageCommand::Build(args) => build::run(args, global, output),
        ImageCommand::Dockerfile(args) => dockerfile::run(args, global, output),
        ImageCommand::Scan(args) => scan::run(args, global, output),
        ImageCommand::Verify(args) => verify::run(args, global, output),
    }
}
