//! From a base, a lock and a project to an image, without a daemon.
//!
//! ```text
//! the base's layers                      as they are
//! certificates, where some are asked for
//! heavy wheels, one layer each           so that what did not change is not sent again
//! the other wheels, one layer
//! the application and its user's name
//! ```
//!
//! What a layer is made of decides its name in the [`Cache`]: a wheel that was
//! verified and unpacked into a layer once is not read again for the same base. The same inputs give
//! the same bytes, whatever was remembered.

mod certificates;
mod dependencies;
mod error;
mod facts;
mod laid;
mod loadable;
mod platform;
mod select;
mod stocked;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use provender_core::ports::BuildWheel;
use provender_core::{Diagnostic, Lock};

use crate::app::Application;
use crate::certificates::Certificates;
use crate::harden::Facts;
use crate::layer::Cache;
use crate::service::Runtime;
use crate::write::BuiltPlatform;
use crate::{Digest, Image, ImageFormat};

pub(crate) use certificates::asked_for as asked_for_certificates;
pub use error::BuildError;
pub use facts::BaseFacts;
pub use platform::platform;
pub(crate) use select::environment;
pub use select::{Chosen, Origin, select};
pub use stocked::{Stocked, StockedFile, stocked};

/// From this size on, in bytes, a wheel has a layer of its own.
pub const HEAVY: u64 = 16 << 20;

/// The most layers of heavy wheels: some runtimes refuse images of more than 127 layers.
const MAX_HEAVY: usize = 32;

/// The base, and where it was found.
#[derive(Debug, Clone)]
pub struct BaseImage {
    /// The image.
    pub image: Image,
    /// Its reference or location, as it is recorded; without credentials.
    pub name: String,
}

/// What an image is built from.
pub struct Request<'a> {
    /// What it stands on.
    pub base: &'a BaseImage,
    /// What is installed.
    pub lock: &'a Lock,
    /// The lock's files that are there.
    pub stocked: &'a Stocked,
    /// The application.
    pub application: &'a Application,
    /// How the service runs.
    pub runtime: &'a Runtime,
    /// Where it comes from.
    pub facts: Facts,
    /// Further labels.
    pub labels: BTreeMap<String, String>,
    /// The time of the image and of its application, in seconds since 1970.
    pub timestamp: i64,
    /// The time of what is locked, which does not move with the application: its layers stay as they
    /// are from one commit to the next.
    pub locked_timestamp: i64,
    /// Certificates of authorities that the image trusts besides those of the base.
    pub certificates: &'a [Certificates],
    /// The folders in which a Python is looked for that compiles bytecode; none where the image is to
    /// have none.
    pub bytecode: Option<&'a [PathBuf]>,
    /// In whose words it is written.
    pub format: ImageFormat,
    /// What builds wheels where there is none; none where nothing may be built.
    pub builder: Option<&'a dyn BuildWheel>,
    /// Layers and facts that were made before.
    pub cache: &'a Cache,
    /// A folder for what is made on the way.
    pub workshop: &'a Path,
    /// Told what is being done.
    pub observer: &'a (dyn Fn(Step<'_>) + Sync),
}

/// What a build is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// The base is read for what it offers.
    Base,
    /// A wheel is built from an sdist.
    Wheel(&'a str),
    /// A layer is made.
    Layer(&'a str),
}

/// An image that was built for one platform.
#[derive(Debug, Clone)]
pub struct Built {
    /// The image.
    pub platform: BuiltPlatform,
    /// What is in it, and from which files.
    pub chosen: Vec<Chosen>,
    /// The layers over the base's, the lowest first.
    pub layers: Vec<BuiltLayerReport>,
    /// What is worth knowing.
    pub notes: Vec<Diagnostic>,
    /// What the base offers.
    pub base: BaseFacts,
    /// The version of the Python that compiled bytecode; none where there is none.
    pub bytecode: Option<String>,
}

/// A layer over the base's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltLayerReport {
    /// What is in it: `certificates`, `dependencies`, `application`, or the name of a heavy wheel.
    pub what: String,
    /// Its blob.
    pub digest: Digest,
    /// The blob's length in bytes.
    pub size: u64,
    /// Whether it was there already.
    pub reused: bool,
}
