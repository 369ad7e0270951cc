//! An archive that `docker load` reads, and podman's.

use std::collections::BTreeMap;
use std::io::BufWriter;
use std::path::Path;

use serde::Serialize;

use super::tar::TarWriter;
use super::{BuiltImage, BuiltLayer, WriteError, file};
use crate::image::BUFFER;
use crate::manifest::to_bytes;
use crate::source::{ArchiveKind, MANIFEST_FILE};
use crate::{Digest, ImageError, Reference};

/// One image in the list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    repo_tags: Vec<String>,
    layers: Vec<String>,
}

/// Writes an image as `docker save` does, with its layers decompressed, into a tar archive, which takes
/// the place of one that is there. What is attached has no place in it. A tag without `:TAG` is
/// given `latest`, as docker does.
///
/// # Errors
///
/// [`WriteError::Platforms`] for an image for several platforms; a tag that is none; a file that is
/// there and is no docker archive; layers that cannot be read or are not what they should be; a
/// file that cannot be written.
pub fn docker_archive(
    built: &BuiltImage,
    to: &Path,
    repo_tags: &[String],
) -> Result<(), WriteError> {
    let [platform] = built.platforms() else {
        let platforms = built.platforms().iter().map(|platform| &platform.config().platform);
        return Err(WriteError::Platforms(platforms.cloned().collect()));
    };
    let config = platform.config_document();
    let layer_name = |diff_id: &Digest| format!("{}.tar", diff_id.hex());
    let list = [Saved {
        config: format!("{}.json", config.descriptor.digest.hex()),
        repo_tags: repo_tags.iter().map(|tag| tagged(tag)).collect::<Result<_, _>>()?,
        layers: platform.layers().iter().map(|built| layer_name(&built.layer.diff_id)).collect(),
    }];
    let list_bytes = to_bytes(&list)?;
    let layers: BTreeMap<Digest, &BuiltLayer> =
        platform.layers().iter().map(|built| (built.layer.diff_id, built)).collect();
    file::archive(to, ArchiveKind::Docker, |file, path| {
        let mut tar = TarWriter::new(BufWriter::with_capacity(BUFFER, file), path);
        let [Saved { config: config_name, .. }] = &list;
        // In the order of the names: those of layers and configuration are digits.
        let mut configuration = Some(config_name);
        for (diff_id, built) in layers {
            let name = layer_name(&diff_id);
            if let Some(config_name) = configuration.take_if(|config| **config < name) {
                tar.bytes(config_name, &config.bytes)?;
            }
            let blob = built.blob();
            let unpacked = built.layer.unpack(blob.reader()?).map_err(|error| {
                ImageError::io(format!("{}: {}", blob.place(), blob.descriptor.digest), error)
            })?;
            tar.unpacked(&name, &blob, unpacked)?;
        }
        if let Some(config_name) = configuration {
            tar.bytes(config_name, &config.bytes)?;
        }
        tar.bytes(MANIFEST_FILE, &list_bytes)?;
        tar.finish()
    })
}

/// `[HOST[:PORT]/]REPOSITORY:TAG`.
fn tagged(text: &str) -> Result<String, WriteError> {
    let bad = || WriteError::Tag(text.to_owned());
    // Docker's tags may name no host; with one before them they are references.
    let reference = text.parse().or_else(|_| format!("localhost/{text}").parse::<Reference>());
    let reference = reference.map_err(|_| bad())?;
    match (reference.tag, reference.digest) {
        (_, Some(_)) => Err(bad()),
        (Some(_), None) => Ok(text.to_owned()),
        (None, None) => Ok(format!("{text}:latest")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_what_docker_takes_and_latest_where_none_is_said() {
        assert_eq!(tagged("app:1.0").unwrap(), "app:1.0");
        assert_eq!(tagged("team/app").unwrap(), "team/app:latest");
        assert_eq!(
            tagged("registry.example:5000/app").unwrap(),
            "registry.example:5000/app:latest"
        );
        let digest = Digest::of(b"");
        for bad in ["", "App:1", "app:", "app:a b", "../app", &format!("app@{digest}")] {
            assert!(tagged(bad).is_err(), "{bad}");
        }
    }
}
