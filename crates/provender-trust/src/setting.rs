//! What a user would set to make a tool verify.

use std::fmt;
use std::path::PathBuf;

use provender_core::Place;

/// The certificates that a remedy may name. Each file is PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaBundle {
    /// The private authority alone, for tools that add to their own roots.
    pub authority: PathBuf,
    /// The public roots and the private authority: for tools whose setting replaces their own roots, which would
    /// lose every public server with the authority alone.
    pub full: PathBuf,
}

/// One change of how a machine is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// A variable gets a value.
    Variable {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// A variable goes.
    Unset {
        /// Its name.
        name: String,
    },
    /// A line is written into a configuration file.
    Line {
        /// The file.
        file: PathBuf,
        /// The line, in the file's own format.
        text: String,
        /// The same as arguments of the tool, by which it is tried before it is written; empty where there are none.
        arguments: Vec<String>,
    },
    /// A file is copied to where the tool looks for authorities.
    Copy {
        /// From here.
        from: PathBuf,
        /// To here.
        to: PathBuf,
    },
    /// A command is run.
    Run {
        /// The command, as it is typed.
        command: String,
    },
    /// A setting in a file goes.
    Remove {
        /// Where it stands.
        place: Place,
        /// Its name in that file.
        name: String,
    },
}

impl Setting {
    /// A variable that names a file.
    pub(crate) fn variable(name: &str, value: impl AsRef<std::path::Path>) -> Self {
        Self::Variable { name: name.to_owned(), value: value.as_ref().display().to_string() }
    }

    /// A variable that goes.
    pub(crate) fn unset(name: &str) -> Self {
        Self::Unset { name: name.to_owned() }
    }

    /// Whether it can be tried without writing a file.
    pub fn can_be_tried(&self) -> bool {
        match self {
            Self::Variable { .. } | Self::Unset { .. } => true,
            Self::Line { arguments, .. } => !arguments.is_empty(),
            Self::Copy { .. } | Self::Run { .. } | Self::Remove { .. } => false,
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable { name, value } => write!(f, "set {name}={value}"),
            Self::Unset { name } => write!(f, "unset {name}"),
            Self::Line { file, text, .. } => write!(f, "write `{text}` into {}", file.display()),
            Self::Copy { from, to } => write!(f, "copy {} to {}", from.display(), to.display()),
            Self::Run { command } => write!(f, "run `{command}`"),
            Self::Remove { place, name } => write!(f, "remove `{name}` from {place}"),
        }
    }
}
