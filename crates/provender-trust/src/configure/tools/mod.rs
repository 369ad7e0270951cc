//! What is the right setting for each tool, and in which file.

mod apk;
mod apt;
mod buildkit;
mod certs_d;
mod conda;
mod docker;
mod git;
mod npm;
mod pdm;
mod pip;
mod podman;
mod poetry;
#[cfg(test)]
mod testing;
mod uv;
mod yarn;

use std::fmt;

use super::draft::Draft;
use super::{ConfigureError, Plan, Wanted};
use crate::Machine;

/// A tool that can be set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConfigurableTool {
    /// pip.
    Pip,
    /// uv.
    Uv,
    /// Poetry.
    Poetry,
    /// PDM.
    Pdm,
    /// conda.
    Conda,
    /// npm.
    Npm,
    /// Yarn, of any version.
    Yarn,
    /// pnpm.
    Pnpm,
    /// git.
    Git,
    /// The Docker daemon.
    Docker,
    /// BuildKit's daemon, and the builders of buildx.
    BuildKit,
    /// Podman, Buildah and Skopeo, which share their settings.
    Podman,
    /// apt.
    Apt,
    /// apk of Alpine Linux.
    Apk,
}

impl ConfigurableTool {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Pip,
        Self::Uv,
        Self::Poetry,
        Self::Pdm,
        Self::Conda,
        Self::Npm,
        Self::Yarn,
        Self::Pnpm,
        Self::Git,
        Self::Docker,
        Self::BuildKit,
        Self::Podman,
        Self::Apt,
        Self::Apk,
    ];

    /// The name as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pip => "pip",
            Self::Uv => "uv",
            Self::Poetry => "poetry",
            Self::Pdm => "pdm",
            Self::Conda => "conda",
            Self::Npm => "npm",
            Self::Yarn => "yarn",
            Self::Pnpm => "pnpm",
            Self::Git => "git",
            Self::Docker => "docker",
            Self::BuildKit => "buildkit",
            Self::Podman => "podman",
            Self::Apt => "apt",
            Self::Apk => "apk",
        }
    }

    /// The tool of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    /// Whether its settings are those of [`Wanted::registry`] rather than of a Python index.
    pub fn needs_registry(self) -> bool {
        matches!(self, Self::Docker | Self::BuildKit | Self::Podman)
    }

    /// Where credentials belong that this tool should use.
    pub(crate) fn place_for_credentials(self) -> &'static str {
        match self {
            Self::Pip => {
                "write them into ~/.netrc, or into a keyring and set `keyring-provider = subprocess`"
            }
            Self::Uv => "run `uv auth login HOST`, or write them into ~/.netrc",
            Self::Poetry => {
                "run `poetry config http-basic.provender USER`, which asks for the password and uses the keyring"
            }
            Self::Pdm => "write them into ~/.netrc, or install keyring into pdm's own environment",
            Self::Conda => "write them into ~/.netrc",
            Self::Npm | Self::Pnpm => {
                "run `npm login --registry URL`, or keep `//HOST/:_authToken=${NPM_TOKEN}` in ~/.npmrc and the token in the environment"
            }
            Self::Yarn => {
                "run `yarn npm login` (yarn 1: `npm login`), or name a variable in npmAuthToken"
            }
            Self::Git => "use a credential helper: `git config --global credential.helper`",
            Self::Docker | Self::BuildKit => {
                "run `docker login HOST`, with a credential helper in ~/.docker/config.json"
            }
            Self::Podman => "run `podman login HOST`",
            Self::Apt => "write them into a file in /etc/apt/auth.conf.d/ that only root may read",
            Self::Apk => {
                "put a web server in front that asks for none; apk knows credentials in URLs only"
            }
        }
    }
}

impl fmt::Display for ConfigurableTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Reads the files of a tool and says what would have to be written. Nothing is written.
///
/// # Errors
///
/// A file that cannot be read or has not its format; credentials, or a server without TLS; and whatever else keeps the
/// tool from being set up as asked, each with a hint.
pub fn plan(
    tool: ConfigurableTool,
    machine: &Machine,
    wanted: &Wanted,
) -> Result<Plan, ConfigureError> {
    let mut draft = Draft::new(tool, machine, wanted)?;
    match tool {
        ConfigurableTool::Pip => pip::plan(&mut draft),
        ConfigurableTool::Uv => uv::plan(&mut draft),
        ConfigurableTool::Poetry => poetry::plan(&mut draft),
        ConfigurableTool::Pdm => pdm::plan(&mut draft),
        ConfigurableTool::Conda => conda::plan(&mut draft),
        ConfigurableTool::Npm | ConfigurableTool::Pnpm => npm::plan(&mut draft),
        ConfigurableTool::Yarn => yarn::plan(&mut draft),
        ConfigurableTool::Git => git::plan(&mut draft),
        ConfigurableTool::Docker => docker::plan(&mut draft),
        ConfigurableTool::BuildKit => buildkit::plan(&mut draft),
        ConfigurableTool::Podman => podman::plan(&mut draft),
        ConfigurableTool::Apt => apt::plan(&mut draft),
        ConfigurableTool::Apk => apk::plan(&mut draft),
    }?;
    Ok(draft.finish())
}

/// Whether a variable that switches something on has such a value.
fn is_on(value: &str) -> bool {
    !matches!(value.to_lowercase().as_str(), "0" | "false" | "no" | "off" | "n" | "f")
}

/// Whether a variable that stands for a switch has such a value that it is off.
fn is_off(value: &str) -> bool {
    !is_on(value)
}
