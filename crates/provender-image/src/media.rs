//! Media types of manifests, configurations and layers, in OCI's words and in docker's.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A media type as it stands in a descriptor; unknown ones are kept as they are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MediaType(String);

impl MediaType {
    /// An OCI image manifest.
    pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// An OCI image index.
    pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
    /// An OCI image configuration.
    pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    /// An OCI layer, as it is.
    pub const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
    /// The empty JSON object that stands in for a configuration (image-spec 1.1, "Guidance for an
    /// Empty Descriptor").
    pub const OCI_EMPTY: &str = "application/vnd.oci.empty.v1+json";
    /// A docker image manifest, version 2, schema 2.
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    /// A docker manifest list.
    pub const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    /// A docker image configuration.
    pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
    /// A docker layer, compressed with gzip.
    pub const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    /// A docker layer, as it is.
    pub const DOCKER_LAYER_TAR: &str = "application/vnd.docker.image.rootfs.diff.tar";

    /// A media type as written, without its parameters.
    pub fn new(text: &str) -> Self {
        let essence = text.split(';').next().unwrap_or_default();
        Self(essence.trim().to_ascii_lowercase())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is an image manifest.
    pub fn is_manifest(&self) -> bool {
        [Self::OCI_MANIFEST, Self::DOCKER_MANIFEST].contains(&self.as_str())
    }

    /// Whether it is an index: a list of manifests for several platforms.
    pub fn is_index(&self) -> bool {
        [Self::OCI_INDEX, Self::DOCKER_INDEX].contains(&self.as_str())
    }

    /// How a layer of this type is compressed; none if it is no layer that can be unpacked.
    ///
    /// Foreign ("non-distributable") layers have the types of others with another word in them.
    pub fn layer_compression(&self) -> Option<Compression> {
        let plain = self.0.replace(".nondistributable", "").replace(".foreign", "");
        let suffix = [Self::OCI_LAYER, Self::DOCKER_LAYER_TAR]
            .iter()
            .find_map(|prefix| plain.strip_prefix(prefix))?;
        match suffix {
            "" => Some(Compression::None),
            "+gzip" | ".gzip" => Some(Compression::Gzip),
            "+zstd" | ".zstd" => Some(Compression::Zstd),
            _ => None,
        }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for MediaType {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// How a layer is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
}

/// In whose words an image is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageFormat {
    /// OCI image-spec 1.1.
    #[default]
    Oci,
    /// Docker's image manifest version 2, schema 2, whose configuration keeps a health check in
    /// runtimes that drop it from OCI's.
    Docker,
}

impl ImageFormat {
    /// The type of a manifest.
    pub fn manifest(self) -> MediaType {
        MediaType::new(match self {
            Self::Oci => MediaType::OCI_MANIFEST,
            Self::Docker => MediaType::DOCKER_MANIFEST,
        })
    }

    /// The type of an index.
    pub fn index(self) -> MediaType {
        MediaType::new(match self {
            Self::Oci => MediaType::OCI_INDEX,
            Self::Docker => MediaType::DOCKER_INDEX,
        })
    }

    /// The type of a configuration.
    pub fn config(self) -> MediaType {
        MediaType::new(match self {
            Self::Oci => MediaType::OCI_CONFIG,
            Self::Docker => MediaType::DOCKER_CONFIG,
        })
    }

    /// The type of a layer. Docker's words know no Zstandard: OCI's are used for it there, as
    /// buildkit does.
    pub fn layer(self, compression: Compression) -> MediaType {
        let tar = match self {
            Self::Oci => MediaType::OCI_LAYER,
            Self::Docker => MediaType::DOCKER_LAYER_TAR,
        };
        match (self, compression) {
            (_, Compression::None) => MediaType::new(tar),
            (Self::Docker, Compression::Gzip) => MediaType::new(MediaType::DOCKER_LAYER),
            (Self::Oci, Compression::Gzip) => MediaType(format!("{tar}+gzip")),
            (_, Compression::Zstd) => MediaType(format!("{}+zstd", MediaType::OCI_LAYER)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compression_of_a_layer_is_in_its_type() {
        let of = |text| MediaType::new(text).layer_compression();
        assert_eq!(of(MediaType::OCI_LAYER), Some(Compression::None));
        assert_eq!(of(MediaType::DOCKER_LAYER), Some(Compression::Gzip));
        assert_eq!(of(MediaType::DOCKER_LAYER_TAR), Some(Compression::None));
        assert_eq!(of("application/vnd.oci.image.layer.v1.tar+zstd"), Some(Compression::Zstd));
        let foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
        assert_eq!(of(foreign), Some(Compression::Gzip));
        let foreign = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
        assert_eq!(of(foreign), Some(Compression::Gzip));
        assert_eq!(of(MediaType::OCI_CONFIG), None);
    }

    #[test]
    fn each_format_reads_the_layers_it_writes() {
        for format in [ImageFormat::Oci, ImageFormat::Docker] {
            for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
                assert_eq!(format.layer(compression).layer_compression(), Some(compression));
            }
        }
    }
}
