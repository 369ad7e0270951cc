//! `provender lock`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use provender_core::{ExtraName, GroupName, Platform, ProjectName, PythonVersion, Severity};

use super::IndexArgs;

/// Pins a project's requirements with hashes, and repairs only what is vulnerable.
#[derive(Args, Default)]
pub(crate) struct LockArgs {
    /// requirements.txt, requirements.in or pyproject.toml files [default: `[lock] inputs`, else
    /// the first of pyproject.toml, requirements.in and requirements.txt that exists]
    #[arg(value_name = "FILE")]
    pub(crate) inputs: Vec<PathBuf>,
    /// Write the lock here; `-` means stdout; a name such as pylock.toml gives PEP 751
    /// [default: constraints.txt beside the first input]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// The form of the lock, where the output's name does not tell it
    #[arg(long, value_enum, value_name = "FORM")]
    pub(crate) lock_format: Option<LockFormat>,
    /// Write nothing; say whether the lock is up to date
    #[arg(long)]
    pub(crate) check: bool,

    /// The Python to lock for, such as 3.11
    #[arg(short, long, value_name = "VERSION", help_heading = "Target")]
    pub(crate) python_version: Option<PythonVersion>,
    /// A platform to lock for, such as x86_64-manylinux_2_28 (may be repeated)
    #[arg(long, value_name = "PLATFORM", help_heading = "Target", conflicts_with = "universal")]
    pub(crate) platform: Vec<Platform>,
    /// Lock for all platforms, and for this Python and newer ones
    #[arg(long, help_heading = "Target")]
    pub(crate) universal: bool,

    /// Take this extra of pyproject.toml as well (may be repeated)
    #[arg(long, value_name = "NAME", help_heading = "Requirements")]
    pub(crate) extra: Vec<ExtraName>,
    /// Take all extras of pyproject.toml
    #[arg(long, help_heading = "Requirements")]
    pub(crate) all_extras: bool,
    /// Take this dependency group of pyproject.toml as well (may be repeated)
    #[arg(long, value_name = "NAME", help_heading = "Requirements")]
    pub(crate) group: Vec<GroupName>,
    /// Leave out development requirements: known files, groups and tools, and what only they need
    #[arg(long, help_heading = "Requirements", overrides_with = "include_dev")]
    pub(crate) exclude_dev: bool,
    /// Keep development requirements, whatever the settings say
    #[arg(long, help_heading = "Requirements", overrides_with = "exclude_dev")]
    pub(crate) include_dev: bool,

    /// Give up all present pins, for the newest versions
    #[arg(short = 'U', long, help_heading = "Resolution")]
    pub(crate) upgrade: bool,
    /// Give up the present pin of this project (may be repeated)
    #[arg(short = 'P', long, value_name = "NAME", help_heading = "Resolution")]
    pub(crate) upgrade_package: Vec<ProjectName>,
    /// Consider no file uploaded after this instant; a date is its first one (UTC)
    #[arg(long, value_name = "DATE", help_heading = "Resolution")]
    pub(crate) exclude_newer: Option<String>,
    /// Never run a project's code to learn its metadata
    #[arg(long, help_heading = "Resolution")]
    pub(crate) no_build: bool,

    #[command(flatten)]
    pub(crate) indexes: IndexArgs,
    /// Ask the index again for everything that is remembered of it
    #[arg(long, help_heading = "Index")]
    pub(crate) refresh: bool,

    /// How far a vulnerable pin may move [default: minor]
    #[arg(long, value_enum, value_name = "STEP", help_heading = "Audit and repair")]
    pub(crate) fix: Option<FixArg>,
    /// The severity from which a finding counts [default: low]
    #[arg(long, value_name = "SEVERITY", help_heading = "Audit and repair")]
    pub(crate) fail_on: Option<Severity>,
    /// Answer although the advisory data is older than allowed
    #[arg(long, help_heading = "Audit and repair")]
    pub(crate) allow_stale: bool,
    /// Do not fetch newer advisory data first
    #[arg(long, help_heading = "Audit and repair")]
    pub(crate) no_update: bool,
}

/// How far a vulnerable pin may move.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FixArg {
    /// The first two numbers stay
    Patch,
    /// The first number stays
    Minor,
    /// Anything may change
    Major,
    /// Neither audit nor repair
    Off,
}

/// The form of a lock.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LockFormat {
    /// pip's requirements format
    Constraints,
    /// pylock.toml (PEP 751)
    Pylock,
}
