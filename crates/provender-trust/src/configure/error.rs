//! Why a tool cannot be set up as asked.

use std::path::PathBuf;

use provender_core::{Diagnostic, Place};

use super::bundle::BundleError;
use super::wanted::Scope;

/// Why no plan could be made. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ConfigureError {
    /// A file is there and cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file does not have its format, or in a shape that cannot be edited by itself.
    #[error("{}:{line}: {what}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there.
        what: String,
    },
    /// What should be written holds credentials.
    #[error("the {what} holds credentials, and {} keeps them elsewhere than in a setting", tool.unwrap_or("the machine"))]
    Secret {
        /// What holds them, such as `index URL`.
        what: &'static str,
        /// Whose setting it would be; none for variables.
        tool: Option<&'static str>,
        /// Where they belong.
        hint: &'static str,
    },
    /// The way to the server would not be encrypted.
    #[error("{url} is reached without TLS from another machine")]
    PlainHttp {
        /// The URL.
        url: String,
    },
    /// The setting replaces the tool's own roots, and there is only the private authority to put in their place.
    #[error("{setting} replaces the roots of {tool}, so it needs a full bundle{why}")]
    FullBundle {
        /// The tool.
        tool: &'static str,
        /// The setting.
        setting: &'static str,
        /// For which versions, if not for all: begins with a space.
        why: &'static str,
    },
    /// What is right depends on the tool's version, which is not known.
    #[error("the settings of {tool} depend on its version, which is not known")]
    Version {
        /// The tool.
        tool: &'static str,
    },
    /// The tool has no settings of this reach, or none that can be found.
    #[error("{tool} has no configuration file for {scope} here")]
    Scope {
        /// The tool.
        tool: &'static str,
        /// The reach that was asked for.
        scope: Scope,
        /// What to do instead.
        hint: &'static str,
    },
    /// A folder is not known in which the file would lie.
    #[error("{what} is not known")]
    NoFolder {
        /// Which folder, such as `the home directory`.
        what: &'static str,
    },
    /// Nothing was asked for that this tool has a setting for.
    #[error("there is nothing to set up for {tool}")]
    NothingWanted {
        /// The tool.
        tool: &'static str,
        /// What it could be set up for.
        hint: &'static str,
    },
    /// The tool's settings are those of a server, and none was named.
    #[error("the settings of {tool} are those of one server, and none is named")]
    NoServer {
        /// The tool.
        tool: &'static str,
    },
    /// A path that the tool's setting cannot hold.
    #[error("{} cannot be written into a setting: {why}", .path.display())]
    Path {
        /// The path.
        path: PathBuf,
        /// Why not.
        why: &'static str,
    },
    /// A certificate file cannot be used.
    #[error("{}: {source}", .path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: BundleError,
    },
}

impl ConfigureError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Read { .. } => "give yourself the right to read it, or move it away".to_owned(),
            Self::Malformed { .. } => "correct that line; nothing was written".to_owned(),
            Self::Secret { hint, .. } | Self::Scope { hint, .. } | Self::NothingWanted { hint, .. } => {
                (*hint).to_owned()
            }
            Self::PlainHttp { .. } => {
                "put a web server with a certificate in front of it, and name its https URL".to_owned()
            }
            Self::FullBundle { .. } => {
                "name a file with the public roots and the private authority; `provender env` and `provender configure` \
                 make one where a CA is given"
                    .to_owned()
            }
            Self::Version { tool } => format!("install {tool}, or name its version"),
            Self::NoFolder { .. } => "set HOME (on Windows USERPROFILE and APPDATA)".to_owned(),
            Self::NoServer { .. } => "name the server by its URL, such as https://registry.example:5000".to_owned(),
            Self::Path { .. } => "move the file to a path without that, and name it there".to_owned(),
            Self::Certificates { .. } => {
                "name a PEM file that holds certificates and nothing else".to_owned()
            }
        }
    }

    /// The rule of its diagnostic.
    fn rule(&self) -> &'static str {
        match self {
            Self::Read { .. } => "configure/cannot-read",
            Self::Malformed { .. } => "configure/malformed-file",
            Self::Secret { .. } => "configure/credentials",
            Self::PlainHttp { .. } => "configure/plain-http",
            Self::FullBundle { .. } => "configure/full-bundle-needed",
            Self::Version { .. } => "configure/version-needed",
            Self::Scope { .. } => "configure/no-such-scope",
            Self::NoFolder { .. } => "configure/no-folder",
            Self::NothingWanted { .. } => "configure/nothing-to-do",
            Self::NoServer { .. } => "configure/server-needed",
            Self::Path { .. } => "configure/unusable-path",
            Self::Certificates { .. } => "configure/certificates",
        }
    }

    /// The same as a diagnostic, with its place and its hint.
    pub fn diagnostic(&self) -> Diagnostic {
        let (message, place) = match self {
            Self::Malformed { path, line, what } => {
                let line = u32::try_from(*line).unwrap_or(u32::MAX);
                (what.clone(), Some(Place::line(path, line)))
            }
            Self::Read { path, .. } => (self.to_string(), Some(Place::file(path))),
            _ => (self.to_string(), None),
        };
        let mut diagnostic = Diagnostic::error(self.rule(), message).hint(self.hint());
        diagnostic.place = place;
        if let Self::Read { source, .. } = self {
            diagnostic = diagnostic.because(source.to_string());
        }
        diagnostic
    }
}
