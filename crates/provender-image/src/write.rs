//! Images written to files: OCI layouts in folders and archives, and what `docker load` reads.
//!
//! The same image gives the same bytes. Every blob is checked against its digest while it is
//! written. A file is written under another name and gets its own when it is whole and on the
//! disk, a layout's list of images last of all: a write that is cut short leaves what was there
//! before, and at most files beside it whose names begin with `.unfinished-`.

mod built;
mod docker;
mod file;
mod layout;
mod listing;
mod oci;
mod tar;

use std::io;
use std::path::PathBuf;

pub use built::{
    Attachment, BlobSource, BuiltBlob, BuiltImage, BuiltLayer, BuiltPlatform, Document,
};
pub use docker::docker_archive;
pub use layout::layout;
pub use oci::oci_archive;

use crate::{Digest, ImageError, Platform};

/// Why an image cannot be put together or written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A file cannot be written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A part of the image cannot be read, or is not what it should be.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// Something else is where the image should go.
    #[error("{} is there already and is no {kind}; it is left as it is", path.display())]
    Occupied {
        /// Where.
        path: PathBuf,
        /// What would be replaced or added to.
        kind: &'static str,
    },
    /// A name that an image cannot have.
    #[error("`{0}` cannot name an image in a layout: it is made of letters, digits and `._-:@+/`")]
    Name(String),
    /// A tag that docker would not take.
    #[error("`{0}` cannot tag an image: write [HOST[:PORT]/]REPOSITORY[:TAG]")]
    Tag(String),
    /// An archive of docker's has one image of a name.
    #[error("a docker archive holds an image for one platform; this one is for {}", list(.0))]
    Platforms(Vec<Platform>),
    /// An image for no platform at all.
    #[error("an image for no platform cannot be written")]
    Nothing,
    /// Two images for one platform.
    #[error("there are two images for {0}")]
    SamePlatform(Platform),
    /// A configuration that is about other layers.
    #[error("the configuration is about other layers than the image has")]
    OtherLayers,
    /// An attachment to something else.
    #[error("the attachment {0} names nothing of the image as its subject")]
    Subject(Digest),
    /// A document that cannot be written as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl WriteError {
    fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

fn list(platforms: &[Platform]) -> String {
    let platforms: Vec<String> = platforms.iter().map(ToString::to_string).collect();
    platforms.join(", ")
}
