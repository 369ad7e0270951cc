//! `provender image`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use provender_core::Severity;
use provender_image::settings::Bytecode;
use provender_image::{ImageFormat, Location, Platform};

use super::LevelArg;

/// Builds, writes down, verifies and scans container images, without a daemon.
#[derive(Args)]
pub(crate) struct ImageArgs {
    #[command(subcommand)]
    pub(crate) command: ImageCommand,
}

/// What is done with images.
#[derive(Subcommand)]
pub(crate) enum ImageCommand {
    /// Build a hardened image from a project, its lock and the stock
    Build(Box<ImageBuildArgs>),
    /// Write the equivalent Dockerfile and the files that go with it
    Dockerfile(ImageDockerfileArgs),
    /// Say what is wrong with an image, offline
    Scan(Box<ImageScanArgs>),
    /// Say whether an image is what it says it is: blobs, provenance, files, lock, hardening
    Verify(Box<ImageVerifyArgs>),
}

/// Builds a hardened image: base, locked dependencies, application.
#[derive(Args)]
pub(crate) struct ImageBuildArgs {
    /// The project
    #[arg(value_name = "CONTEXT", default_value = ".")]
    pub(crate) context: PathBuf,
    /// The image to stand on: HOST/REPOSITORY:TAG@DIGEST, oci:DIR, oci-archive:FILE,
    /// docker-archive:FILE, or the tar of a root file system [default: image.base]
    #[arg(long, value_name = "IMAGE")]
    pub(crate) base: Option<Location>,
    /// What the image is called (may be repeated) [default: image.tags]
    #[arg(short, long = "tag", value_name = "NAME")]
    pub(crate) tags: Vec<String>,
    /// Where it goes: registry:REF, oci:DIR, oci-archive:FILE or docker-archive:FILE (may be
    /// repeated) [default: image.output, else the registry that the tag names]
    #[arg(short, long = "output", value_name = "WHERE")]
    pub(crate) outputs: Vec<Location>,
    /// In whose words it is written
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) image_format: Option<FormatArg>,
    /// What it runs on: several give an image index (may be repeated) [default: the base's]
    #[arg(long = "platform", value_name = "OS/ARCH")]
    pub(crate) platforms: Vec<Platform>,
    /// Trust the certificates in this file (PEM) in the image, too (may be repeated)
    /// [default: image.ca-certificates]
    #[arg(long = "ca-certificate", value_name = "FILE")]
    pub(crate) ca_certificates: Vec<PathBuf>,
    /// Whether modules are compiled while the image is built [default: image.bytecode, else none]
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) bytecode: Option<BytecodeArg>,
    /// The lock [default: the lock of the project]
    #[arg(long, value_name = "FILE")]
    pub(crate) lock: Option<PathBuf>,
    /// Build nothing from sdists: everything needs a wheel
    #[arg(long)]
    pub(crate) no_build: bool,
    /// Attach neither SBOM, provenance nor audit
    #[arg(long)]
    pub(crate) no_attach: bool,
    /// Sign the provenance with this private key (PEM, PKCS #8: Ed25519 or ECDSA P-256)
    #[arg(long, value_name = "FILE")]
    pub(crate) sign_key: Option<PathBuf>,
}

/// In whose words an image is written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArg {
    /// OCI image-spec 1.1
    Oci,
    /// Docker's image manifest version 2, schema 2
    Docker,
}

impl From<FormatArg> for ImageFormat {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Oci => Self::Oci,
            FormatArg::Docker => Self::Docker,
        }
    }
}

/// Whether modules are compiled while an image is built.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BytecodeArg {
    /// They are compiled at each start
    None,
    /// They are, and nothing looks at their sources later (PEP 552)
    UncheckedHash,
}

impl From<BytecodeArg> for Bytecode {
    fn from(bytecode: BytecodeArg) -> Self {
        match bytecode {
            BytecodeArg::None => Self::None,
            BytecodeArg::UncheckedHash => Self::UncheckedHash,
        }
    }
}

/// Writes the Dockerfile that makes the same image, and the files that go with it.
#[derive(Args)]
pub(crate) struct ImageDockerfileArgs {
    /// The project
    #[arg(value_name = "CONTEXT", default_value = ".")]
    pub(crate) context: PathBuf,
    /// The lock [default: the lock of the project]
    #[arg(long, value_name = "FILE")]
    pub(crate) lock: Option<PathBuf>,
    /// Write over files that are there
    #[arg(long)]
    pub(crate) force: bool,
    /// Say what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Write the Dockerfile to stdout, and no file
    #[arg(long, conflicts_with_all = ["force", "dry_run"])]
    pub(crate) stdout: bool,
}

/// Says what is wrong with an image.
#[derive(Args)]
pub(crate) struct ImageScanArgs {
    /// The image: HOST/REPOSITORY:TAG@DIGEST, oci:DIR, oci-archive:FILE, docker-archive:FILE, or
    /// the tar of a root file system
    #[arg(value_name = "IMAGE")]
    pub(crate) image: Location,
    /// Say what changed since this image, such as the one built on an older base
    #[arg(long, value_name = "OLD")]
    pub(crate) compare: Option<Location>,
    /// Say what a newer base would remove and bring: this one, else the newest of the tag that the
    /// image says it was built on
    #[arg(long, value_name = "BASE", conflicts_with = "compare")]
    pub(crate) newer_base: Option<Option<Location>>,
    /// The image of an index for this platform
    #[arg(long, value_name = "OS/ARCH")]
    pub(crate) platform: Option<Platform>,
    /// The severity from which a finding makes the answer a no
    #[arg(long, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<Severity>,
    /// The level from which what hardening finds makes the answer a no, too
    /// [default: audit.fail-on-hardening, else none does]
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(crate) fail_on_hardening: Option<LevelArg>,
    /// Answer from advisory data that is older than allowed
    #[arg(long)]
    pub(crate) allow_stale: bool,
}

/// Says whether an image is what it says it is.
#[derive(Args)]
pub(crate) struct ImageVerifyArgs {
    /// The image: HOST/REPOSITORY:TAG@DIGEST, oci:DIR, oci-archive:FILE, docker-archive:FILE, or
    /// the tar of a root file system
    #[arg(value_name = "IMAGE")]
    pub(crate) image: Location,
    /// The image of an index for this platform
    #[arg(long, value_name = "OS/ARCH")]
    pub(crate) platform: Option<Platform>,
    /// The public key that has to have signed the provenance (PEM: Ed25519 or ECDSA P-256)
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// The lock that what is installed has to be of [default: with --context, the lock of the project]
    #[arg(long, value_name = "FILE")]
    pub(crate) lock: Option<PathBuf>,
    /// Build the image again from this project, and name the first byte that differs
    #[arg(long, value_name = "DIR")]
    pub(crate) context: Option<PathBuf>,
    /// The base to build it on again [default: the one that the provenance records, image.base
    /// before one that nobody signed]
    #[arg(long, value_name = "IMAGE", requires = "context")]
    pub(crate) base: Option<Location>,
    /// The certificates (PEM) that the image was built to trust (may be repeated)
    /// [default: image.ca-certificates]
    #[arg(long = "ca-certificate", value_name = "FILE", requires = "context")]
    pub(crate) ca_certificates: Vec<PathBuf>,
    /// Whether modules are compiled when the image is built again [default: image.bytecode, else
    /// none]
    #[arg(long, value_enum, value_name = "HOW", requires = "context")]
    pub(crate) bytecode: Option<BytecodeArg>,
    /// Build nothing from sdists when the image is built again
    #[arg(long, requires = "context")]
    pub(crate) no_build: bool,
}
