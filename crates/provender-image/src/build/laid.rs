//! What the layers of a build have in common: by what each is known in the cache, and how it is told.

use provender_core::Sha256;
use sha2::Digest as _;

use super::BuiltLayerReport;
use crate::Digest;
use crate::layer::{LayerOptions, WrittenLayer};

/// The key of a layer in the cache: a digest of everything that decides its bytes, so that it is found
/// without any of it being read. Each text counts with its length, so that no two lists of texts are one.
pub(super) struct LayerKey(sha2::Sha256);

impl LayerKey {
    /// The key of a layer over this base. `form` is raised whenever such layers are laid out otherwise.
    pub(super) fn new(form: &str, base: Digest) -> Self {
        Self(sha2::Sha256::new()).with(form).with(&base.to_string())
    }

    /// With something else that decides the bytes.
    pub(super) fn with(mut self, text: &str) -> Self {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text);
        self
    }

    /// With how the layer is written.
    pub(super) fn with_options(self, options: &LayerOptions) -> Self {
        self.with(&format!("{:?}", (options.timestamp, options.compression, options.level)))
    }

    /// The key.
    pub(super) fn finish(self) -> Sha256 {
        Digest::from_hasher(self.0).sha256()
    }
}

/// A layer with what is told of it.
pub(super) type Laid = (WrittenLayer, BuiltLayerReport);

/// A layer with what is told of it: what is in it, and whether it was there already.
pub(super) fn laid(what: &str, layer: WrittenLayer, reused: bool) -> Laid {
    let (digest, size) = (layer.digest, layer.size);
    (layer, BuiltLayerReport { what: what.to_owned(), digest, size, reused })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_digest_of_its_texts_with_their_lengths() {
        let base: Digest = format!("sha256:{}", "0".repeat(64)).parse().unwrap();
        let key = |texts: &[&str]| {
            let key = LayerKey::new("provender wheels 2", base);
            texts.iter().fold(key, |key, text| key.with(text)).finish().to_string()
        };
        // What was kept under a key is found under it by later releases.
        assert_eq!(
            key(&["a", "bc"]),
            "72f180adaf27082315145c38366bd74aa896d01a008847623de46836b3f36266"
        );
        assert_ne!(key(&["ab", "c"]), key(&["a", "bc"]));
    }
}
