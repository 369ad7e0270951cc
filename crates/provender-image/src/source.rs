//! Images that are files here: OCI layouts in folders and archives, what `docker save` wrote, and
//! root file systems.
//!
//! Nothing is unpacked. Blobs are read where they stand in an archive, by any number of threads; an
//! archive that is compressed as a whole is decompressed once into a file without a name, which
//! goes when its [`Image`] does.
//!
//! An archive is read by one rule, whoever asks: a member's name may stand in it once, and must not
//! lead out of it.

mod archive;
mod attached;
mod attributes;
mod choice;
mod compressed;
mod docker;
mod hashing;
mod layout;
mod machine;
mod members;
mod range;
mod rootfs;

use std::path::{Path, PathBuf};

use archive::{Archive, Surveyed, malformed};

pub use attached::open_attached;
pub use layout::LayoutBlobs;

pub(crate) use choice::{REF_NAME, names};
pub(crate) use docker::MANIFEST_FILE;
pub(crate) use layout::{BLOBS_FOLDER, INDEX_FILE, LAYOUT_BYTES, LAYOUT_FILE, folder_index};

use crate::{Descriptor, Image, ImageError, Location, Platform};

/// Which image is meant where there may be several, and how it is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WantedImage {
    /// What it must run on. Where none is named, there must be images for one platform only.
    pub platform: Option<Platform>,
    /// The folder in which a compressed archive is decompressed; the system's one for temporary
    /// files where none is named.
    pub spool: Option<PathBuf>,
}

impl WantedImage {
    /// That there is none of this name for the wanted platform.
    fn no_image(&self, name: Option<&str>, known: Vec<String>, place: String) -> ImageError {
        let name = name.map(|name| format!("named {name}"));
        let platform = self.platform.as_ref().map(|platform| format!("for {platform}"));
        let wanted: Vec<String> = name.into_iter().chain(platform).collect();
        let wanted = if wanted.is_empty() { "at all".to_owned() } else { wanted.join(" ") };
        let known = if known.is_empty() { vec!["none".to_owned()] } else { known };
        ImageError::NoImage { wanted, known, place }
    }
}

/// One image that a layout or an archive holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What it is called there; an image may have several names, or none.
    pub names: Vec<String>,
    /// What it runs on; none for a root file system, which does not say.
    pub platform: Option<Platform>,
    /// Its manifest, where there is one.
    pub descriptor: Option<Descriptor>,
}

/// What a path turned out to be.
enum Found {
    Layout(layout::Layout),
    Docker(Archive),
    RootFs,
}

/// Opens an image that is in a file or folder.
///
/// # Errors
///
/// [`ImageError::NotLocal`] for a registry; files that are not there, not of the kind that was named,
/// damaged or hostile; [`ImageError::NoImage`] where none is meant and [`ImageError::Several`] where
/// more than one could be.
pub fn open(location: &Location, wanted: &WantedImage) -> Result<Image, ImageError> {
    let (path, name) = local(location)?;
    match find(location, wanted.spool.as_deref())? {
        Found::Layout(layout) => choice::open(layout, name, wanted),
        Found::Docker(archive) => docker::open(archive, name, wanted),
        Found::RootFs => rootfs::open(path, wanted),
    }
}

/// Lists the images that a file or folder holds, one for each platform. `spool` is the folder in
/// which a compressed archive is decompressed.
///
/// # Errors
///
/// As [`open`], but for the choice.
pub fn images(location: &Location, spool: Option<&Path>) -> Result<Vec<Listed>, ImageError> {
    match find(location, spool)? {
        Found::Layout(layout) => choice::list(layout),
        Found::Docker(archive) => docker::list(&archive),
        Found::RootFs => Ok(vec![Listed { names: Vec::new(), platform: None, descriptor: None }]),
    }
}

/// What kind of archive is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArchiveKind {
    Oci,
    Docker,
}

/// Whether a file is an archive of this kind, by the names in it.
pub(crate) fn is_archive(path: &Path, kind: ArchiveKind) -> bool {
    Archive::open(path, path.parent()).is_ok_and(|archive| match kind {
        ArchiveKind::Oci => layout::is_in(&archive),
        ArchiveKind::Docker => docker::is_in(&archive),
    })
}

fn local(location: &Location) -> Result<(&Path, Option<&str>), ImageError> {
    match location {
        Location::Registry(reference) => Err(ImageError::NotLocal { place: reference.to_string() }),
        Location::Layout { path, name }
        | Location::LayoutArchive { path, name }
        | Location::DockerArchive { path, name } => Ok((path, name.as_deref())),
        Location::Path(path) => Ok((path, None)),
    }
}

fn find(location: &Location, spool: Option<&Path>) -> Result<Found, ImageError> {
    let (path, _) = local(location)?;
    match location {
        Location::Layout { .. } => layout::folder(path).map(Found::Layout),
        Location::LayoutArchive { .. } => {
            layout::archive(Archive::open(path, spool)?).map(Found::Layout)
        }
        Location::DockerArchive { .. } => Archive::open(path, spool).map(Found::Docker),
        _ if path.is_dir() => layout::folder(path).map(Found::Layout),
        _ => match Archive::survey(path, spool)? {
            Surveyed::RootFs => Ok(Found::RootFs),
            // Newer dockers save both forms at once: OCI's has the manifest that was pushed.
            Surveyed::Archive(archive) if layout::is_in(&archive) => {
                layout::archive(archive).map(Found::Layout)
            }
            Surveyed::Archive(archive) if docker::is_in(&archive) => Ok(Found::Docker(archive)),
            Surveyed::Archive(archive) => Err(malformed(archive.path(), NOTHING)),
        },
    }
}

/// What is said of an archive that holds no image.
const NOTHING: &str = "is no image: it holds neither an OCI layout (oci-layout and index.json), nor \
                       what docker saves (manifest.json), nor a root file system (bin, etc or usr)";
