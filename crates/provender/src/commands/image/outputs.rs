//! Where an image goes.

use std::fmt;
use std::path::{Path, PathBuf};

use provender_core::{Diagnostic, Place};
use provender_image::registry::{PushBlob, PushManifest, PushOptions, PushSource, Registry};
use provender_image::write::{self, BlobSource, BuiltImage, WriteError};
use provender_image::{Digest, Location, Platform, Reference};

use super::told;
use crate::commands::store::because;
use crate::exit::Failure;
use crate::output::shown;

/// One place that an image is written to.
pub(super) enum Output {
    /// A registry, under each of these references.
    Registry(Vec<Reference>),
    /// A layout in a folder.
    Layout(PathBuf, Option<String>),
    /// A layout in an archive.
    LayoutArchive(PathBuf, Option<String>),
    /// What `docker load` reads.
    DockerArchive(PathBuf, Vec<String>),
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(references) => {
                let shown: Vec<String> = references.iter().map(ToString::to_string).collect();
                f.write_str(&shown.join(" "))
            }
            Self::Layout(path, name) => named(f, "oci:", path, name.as_ref()),
            Self::LayoutArchive(path, name) => named(f, "oci-archive:", path, name.as_ref()),
            Self::DockerArchive(path, _) => write!(f, "docker-archive:{}", shown(path)),
        }
    }
}

fn named(
    f: &mut fmt::Formatter<'_>,
    prefix: &str,
    path: &Path,
    name: Option<&String>,
) -> fmt::Result {
    write!(f, "{prefix}{}", shown(path))?;
    name.map_or(Ok(()), |name| write!(f, ":{name}"))
}

/// Decides where an image goes. Without a place, it is the registry of its tags.
pub(super) fn decide(outputs: &[Location], tags: &[String]) -> Result<Vec<Output>, Diagnostic> {
    let references: Vec<Reference> = tags.iter().filter_map(|tag| tag.parse().ok()).collect();
    if outputs.is_empty() {
        if references.is_empty() || references.len() < tags.len() {
            return Err(Diagnostic::error("image/no-output", "nothing says where the image goes")
                .hint("name a place with -o, such as oci-archive:image.tar, or a registry with --tag HOST/REPOSITORY:TAG"));
        }
        return Ok(vec![Output::Registry(references)]);
    }
    let name = tags.first().cloned();
    let decided = outputs.iter().map(|output| match output {
        Location::Registry(reference) => Ok(Output::Registry(vec![reference.clone()])),
        Location::Layout { path, name: own } => {
            Ok(Output::Layout(path.clone(), own.clone().or_else(|| name.clone())))
        }
        Location::LayoutArchive { path, name: own } => {
            Ok(Output::LayoutArchive(path.clone(), own.clone().or_else(|| name.clone())))
        }
        Location::DockerArchive { path, name: own } => {
            let tags = own.clone().map_or_else(|| tags.to_vec(), |own| vec![own]);
            Ok(Output::DockerArchive(path.clone(), tags))
        }
        Location::Path(path) => Err(Diagnostic::error(
            "image/output",
            format!("nothing says as what {} is written", shown(path)),
        )
        .hint(format!("write oci:{0}, oci-archive:{0} or docker-archive:{0}", shown(path)))),
    });
    decided.collect()
}

/// Refuses to put several platforms where there is place for one.
pub(super) fn check_platforms(
    outputs: &[Output],
    platforms: &[Platform],
) -> Result<(), Diagnostic> {
    for (number, platform) in platforms.iter().enumerate() {
        if platforms.iter().take(number).any(|other| other == platform) {
            let message = format!("the platform {platform} is named twice");
            return Err(Diagnostic::error("image/output", message)
                .hint("name each platform once")
                .decided_by("--platform"));
        }
    }
    let archive = outputs.iter().find(|output| matches!(output, Output::DockerArchive(..)));
    let Some(archive) = archive.filter(|_| platforms.len() > 1) else { return Ok(()) };
    let message = format!("{archive} holds an image for one platform, and several are named");
    Err(Diagnostic::error("image/output", message)
        .because(Vec::from_iter(platforms.iter().map(ToString::to_string)).join(", "))
        .hint("write oci:DIR, oci-archive:FILE or to a registry, or build with one --platform at a time")
        .decided_by("--output"))
}

impl Output {
    /// The references that are pushed to.
    pub(super) fn references(&self) -> &[Reference] {
        match self {
            Self::Registry(references) => references,
            _ => &[],
        }
    }

    /// The file, where it is an archive.
    pub(super) fn archive(&self) -> Option<&Path> {
        match self {
            Self::LayoutArchive(path, _) | Self::DockerArchive(path, _) => Some(path),
            Self::Registry(_) | Self::Layout(..) => None,
        }
    }

    /// Writes an image to this place.
    pub(super) async fn write(
        &self,
        image: &BuiltImage,
        base: &Location,
        registry: &Registry,
    ) -> Result<(), Failure> {
        match self {
            Self::Registry(references) => {
                let base = match base {
                    Location::Registry(reference) => Some(reference),
                    _ => None,
                };
                for reference in references {
                    push(image, reference, base, registry).await?;
                }
                Ok(())
            }
            Self::Layout(path, name) => written(write::layout(image, path, name.as_deref()), path),
            Self::LayoutArchive(path, name) => {
                folder_of(path)?;
                written(write::oci_archive(image, path, name.as_deref()), path)
            }
            Self::DockerArchive(path, tags) => {
                folder_of(path)?;
                written(write::docker_archive(image, path, tags), path)
            }
        }
    }
}

/// Makes the folder that something is written into.
fn folder_of(path: &Path) -> Result<(), Diagnostic> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    std::fs::create_dir_all(folder).map_err(|error| {
        Diagnostic::error("image/output", format!("its folder cannot be made: {error}"))
            .at(Place::file(shown(path)))
            .hint("name another place with -o")
    })
}

fn written(result: Result<(), WriteError>, path: &Path) -> Result<(), Failure> {
    result.map_err(|error| {
        because(Diagnostic::error("image/output", error.to_string()), &error)
            .at(Place::file(shown(path)))
            .hint("name another place with -o, or make room there")
            .into()
    })
}

async fn push(
    image: &BuiltImage,
    to: &Reference,
    base: Option<&Reference>,
    registry: &Registry,
) -> Result<(), Failure> {
    let whole = ToPush::of(image, base);
    let pushed = registry.push(&whole, to, &PushOptions::default(), None).await;
    pushed.map(|_| ()).map_err(|error| Failure::from(told::registry(&error)))
}

/// An image with everything that is attached to it.
struct ToPush {
    root: Digest,
    blobs: Vec<PushBlob>,
    manifests: Vec<PushManifest>,
}

impl ToPush {
    /// What the base's registry has, another repository of it may take from there.
    fn of(image: &BuiltImage, base: Option<&Reference>) -> Self {
        let blobs = image.blobs().into_iter().map(|blob| {
            let pushed = match blob.source {
                BlobSource::Bytes(bytes) => PushBlob::bytes(blob.descriptor, bytes),
                BlobSource::File(path) => PushBlob::file(blob.descriptor, path),
                BlobSource::Blobs(blobs) => PushBlob::kept(blob.descriptor, blobs),
            };
            match base {
                Some(base) => pushed.with_origin(base.clone()),
                None => pushed,
            }
        });
        let manifests = image.manifests().map(|manifest| PushManifest {
            descriptor: manifest.descriptor.clone(),
            bytes: manifest.bytes.to_vec(),
            tag: None,
        });
        Self { root: image.digest(), blobs: blobs.collect(), manifests: manifests.collect() }
    }
}

impl PushSource for ToPush {
    fn blobs(&self) -> Vec<PushBlob> {
        self.blobs.clone()
    }

    fn manifests(&self) -> Vec<PushManifest> {
        self.manifests.clone()
    }

    fn root(&self) -> Digest {
        self.root
    }
}
