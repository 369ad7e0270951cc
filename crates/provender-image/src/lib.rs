//! Container images: read, built, pushed, verified and scanned without a daemon.
//!
//! An [`Image`] is a manifest, a configuration and layers whose bytes are in [`Blobs`]: an OCI layout,
//! an archive, or what was fetched from a registry. Whatever reads a layer reads it through
//! [`Blobs::reader`], which ends with an error where the bytes are not those the digest promised, so
//! what was made from them is kept only after the end was reached.
//!
//! Nothing here prints, ends the process or reads the user's environment; settings and credentials
//! are given by the binary.

mod beside;
mod blobs;
mod digest;
mod elf;
mod error;
mod hashing;
mod heal;
mod image;
mod kept;
mod media;

pub mod app;
pub mod attach;
pub mod base;
pub mod build;
pub mod bytecode;
pub mod certificates;
pub mod config;
pub mod dockerfile;
pub mod fit;
pub mod harden;
pub mod layer;
pub mod manifest;
pub mod reference;
pub mod registry;
pub mod scan;
pub mod service;
pub mod settings;
pub mod source;
pub mod tree;
pub mod verify;
pub mod wheel;
pub mod write;

pub use blobs::{BlobRead, Blobs, MAX_DOCUMENT, NotPromised, VerifyingReader};
pub use config::ImageConfig;
pub use digest::Digest;
pub use error::ImageError;
pub use heal::remove_damaged;
pub use image::{Image, Layer, LayerRead};
pub use kept::{InUse, Unused};
pub use manifest::{Descriptor, Index, Manifest, Platform};
pub use media::{Compression, ImageFormat, MediaType};
pub use reference::{Location, Reference};
