//! The application's layer: what of a project gets into its image.
//!
//! [`collect`] takes the files of a folder, as `.dockerignore` allows it, in a form that does not
//! depend on the machine: owned by root, with one of two modes, in one order. Whoever the image runs
//! as can read its code and not change it. [`Application::secrets`] then looks for what nobody
//! should find in an image, and [`judge`] refuses it.

mod collect;
mod link;
mod never;
mod secrets;

use std::io;
use std::path::PathBuf;

use provender_core::Diagnostic;

use crate::layer::Entry;

pub use collect::collect;
pub use secrets::{SecretFound, judge};

/// How many files, folders and links an application may have.
pub const MAX_ENTRIES: usize = 200_000;

/// What is taken, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppOptions {
    /// The folder of the image that it goes to: absolute, below the root.
    pub workdir: String,
    /// The text of the ignore file, where there is one.
    pub dockerignore: Option<String>,
    /// Further patterns, in the same form, that are read after those of the file.
    pub exclude: Vec<String>,
    /// The files and folders that are taken, relative to the context; all where there is none.
    pub include: Vec<String>,
}

impl Default for AppOptions {
    fn default() -> Self {
        Self {
            workdir: "/app".to_owned(),
            dockerignore: None,
            exclude: Vec::new(),
            include: Vec::new(),
        }
    }
}

/// What of a project gets into its image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Its files, folders and links, by path; the first is the folder that they lie in. Folders above
    /// that one are not among them.
    pub entries: Vec<Entry>,
    /// What is worth knowing about them.
    pub notes: Vec<Diagnostic>,
    /// The folder of the image that they lie in, without the first slash.
    pub folder: String,
}

/// Why an application cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// A file or folder cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder of the image makes no sense.
    #[error(
        "`{0}` is no folder for an application: it has to be absolute, without `..`, and not the root"
    )]
    Workdir(String),
    /// A name that is no UTF-8, which archives and tools read differently.
    #[error("the name of {} is not UTF-8", .0.display())]
    Name(PathBuf),
    /// A device, a pipe or a socket.
    #[error("{} is neither a file nor a folder nor a link", .0.display())]
    Special(PathBuf),
    /// A link that leads out of the folder: what it means is on this machine only.
    #[error("{} leads out of the folder, to `{target}`: copy what it names, or list the link in .dockerignore", path.display())]
    Link {
        /// The link.
        path: PathBuf,
        /// Where it leads.
        target: String,
    },
    /// More than an application has.
    #[error("{} holds more than {MAX_ENTRIES} files: list in .dockerignore what is none of the application", .0.display())]
    TooMany(PathBuf),
    /// Something that was asked for is not there.
    #[error("{} is not there, or .dockerignore leaves it out", .0.display())]
    Missing(PathBuf),
    /// Nothing is left to copy.
    #[error("{} holds nothing that .dockerignore leaves in", .0.display())]
    Empty(PathBuf),
    /// Keys, tokens or credentials.
    #[error("{}", refusal(.0))]
    Secrets(Vec<SecretFound>),
}

fn refusal(found: &[SecretFound]) -> String {
    let lines: Vec<String> = found.iter().map(SecretFound::to_string).collect();
    let paths: Vec<&str> = found.iter().map(|found| found.path.as_str()).collect();
    let first = paths.first().copied().unwrap_or_default();
    format!(
        "{}: whoever has the image has it too; list the file in .dockerignore, or, where it is no \
         secret, in `allow-secrets = [\"{first}\"]` of [image]",
        lines.join(", ")
    )
}
