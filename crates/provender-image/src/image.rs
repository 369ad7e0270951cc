//! One image: its documents as they were read, and where its bytes are.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;
use serde::de::DeserializeOwned;

use crate::blobs::VerifyingReader;
use crate::{Blobs, Compression, Descriptor, Digest, ImageConfig, ImageError, Manifest, Platform};

/// How much of a blob is read at once, in bytes.
pub(crate) const BUFFER: usize = 128 << 10;

/// An image for one platform.
#[derive(Debug, Clone)]
pub struct Image {
    /// What the manifest's bytes hash to, and how they are typed.
    pub descriptor: Descriptor,
    /// The manifest.
    pub manifest: Manifest,
    /// The configuration.
    pub config: ImageConfig,
    /// The layers, the lowest first.
    pub layers: Vec<Layer>,
    /// Where the bytes are.
    pub blobs: Arc<dyn Blobs>,
}

/// One layer of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The blob, as it is kept and sent.
    pub descriptor: Descriptor,
    /// What the tar archive in it hashes to.
    pub diff_id: Digest,
    /// How the blob is compressed.
    pub compression: Compression,
}

/// A layer's tar archive, decompressed while it is read.
pub type LayerRead<'a> = Box<dyn Read + Send + 'a>;

impl Image {
    /// Reads the manifest that `descriptor` names, and its configuration.
    ///
    /// # Errors
    ///
    /// Documents that are missing, damaged or malformed, layers of unknown types, and a
    /// configuration that does not name as many layers as the manifest.
    pub fn read(descriptor: Descriptor, blobs: Arc<dyn Blobs>) -> Result<Self, ImageError> {
        let bytes = blobs.document("manifest", &descriptor)?;
        let manifest: Manifest = parse("manifest", &bytes, &*blobs)?;
        let bytes = blobs.document("configuration", &manifest.config)?;
        let config: ImageConfig = parse("configuration", &bytes, &*blobs)?;
        let diff_ids = &config.rootfs.diff_ids;
        if diff_ids.len() != manifest.layers.len() {
            let (named, there) = (diff_ids.len(), manifest.layers.len());
            return Err(ImageError::Malformed {
                what: "configuration",
                reason: format!("names {named} layers and the manifest {there}"),
                place: blobs.place(),
            });
        }
        let layers = manifest.layers.iter().zip(diff_ids).map(|(descriptor, diff_id)| {
            let media_type = &descriptor.media_type;
            let compression = media_type.layer_compression().ok_or_else(|| {
                ImageError::MediaType { media_type: media_type.clone(), place: blobs.place() }
            })?;
            Ok(Layer { descriptor: descriptor.clone(), diff_id: *diff_id, compression })
        });
        let layers = layers.collect::<Result<_, ImageError>>()?;
        Ok(Self { descriptor, manifest, config, layers, blobs })
    }

    /// The digest that names the image.
    pub fn digest(&self) -> Digest {
        self.descriptor.digest
    }

    /// What it runs on.
    pub fn platform(&self) -> &Platform {
        &self.config.platform
    }

    /// Opens a layer's tar archive. The reader fails at its end, where the archive, decompressed, is
    /// not what the configuration promised; what was read before that counts only then.
    ///
    /// # Errors
    ///
    /// A blob that is missing or cannot be opened.
    pub fn layer(&self, layer: &Layer) -> Result<LayerRead<'_>, ImageError> {
        let blob = self.blobs.reader(&layer.descriptor)?;
        layer.unpack(blob).map_err(|error| {
            ImageError::io(format!("{}: {}", self.blobs.place(), layer.descriptor.digest), error)
        })
    }
}

impl Layer {
    /// The tar archive in this layer's blob, judged at its end.
    pub(crate) fn unpack<'a, R: Read + Send + 'a>(&self, blob: R) -> io::Result<LayerRead<'a>> {
        if self.compression == Compression::None && self.descriptor.digest == self.diff_id {
            return Ok(Box::new(blob));
        }
        let blob = BufReader::with_capacity(BUFFER, blob);
        let tar = decompress(self.compression, blob)?;
        Ok(Box::new(VerifyingReader::new(tar, self.diff_id, None)))
    }
}

/// What comes out of compressed bytes. Both decoders read on to the end of what they are given.
pub(crate) fn decompress<'a, R>(compression: Compression, bytes: R) -> io::Result<LayerRead<'a>>
where
    R: BufRead + Send + 'a,
{
    Ok(match compression {
        Compression::None => Box::new(bytes),
        Compression::Gzip => Box::new(MultiGzDecoder::new(bytes)),
        Compression::Zstd => Box::new(zstd::Decoder::with_buffer(bytes)?),
    })
}

fn parse<T: DeserializeOwned>(
    what: &'static str,
    bytes: &[u8],
    blobs: &dyn Blobs,
) -> Result<T, ImageError> {
    serde_json::from_slice(bytes).map_err(|error| ImageError::Malformed {
        what,
        reason: error.to_string(),
        place: blobs.place(),
    })
}
