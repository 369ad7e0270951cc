//! Trees of whole images.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use provender_image::tree::{self, Keep, Limits, TreeError};
use provender_image::{
    BlobRead, Blobs, Compression, Descriptor, Digest, Image, ImageConfig, ImageError, ImageFormat,
    Manifest, Platform, manifest,
};

use super::{Layer, text};

/// Blobs in memory.
#[derive(Debug, Default)]
pub(crate) struct Memory(BTreeMap<Digest, Vec<u8>>);

impl Blobs for Memory {
    fn open(&self, digest: &Digest) -> Result<BlobRead<'_>, ImageError> {
        let missing = || ImageError::Missing { what: "blob", digest: *digest, place: self.place() };
        self.0
            .get(digest)
            .map(|bytes| Box::new(bytes.as_slice()) as BlobRead<'_>)
            .ok_or_else(missing)
    }

    fn holds(&self, digest: &Digest) -> bool {
        self.0.contains_key(digest)
    }

    fn place(&self) -> String {
        "memory".to_owned()
    }
}

impl Memory {
    fn add(&mut self, media_type: provender_image::MediaType, bytes: Vec<u8>) -> Descriptor {
        let descriptor = Descriptor::of(media_type, &bytes);
        self.0.insert(descriptor.digest, bytes);
        descriptor
    }

    /// An image of these tar archives, each compressed in another way.
    fn image(mut self, layers: Vec<Vec<u8>>, architecture: &str, env: &[&str]) -> Image {
        let mut described = Vec::new();
        let mut diff_ids = Vec::new();
        for (index, tar) in layers.into_iter().enumerate() {
            diff_ids.push(Digest::of(&tar));
            let compression = [Compression::Gzip, Compression::Zstd, Compression::None][index % 3];
            let blob = match compression {
                Compression::None => tar,
                Compression::Gzip => {
                    let mut encoder =
                        flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                    encoder.write_all(&tar).unwrap();
                    encoder.finish().unwrap()
                }
                Compression::Zstd => zstd::encode_all(tar.as_slice(), 1).unwrap(),
            };
            described.push(self.add(ImageFormat::Oci.layer(compression), blob));
        }
        let config = ImageConfig {
            created: None,
            author: None,
            platform: Platform::linux(architecture),
            config: Default::default(),
            rootfs: provender_image::config::RootFs { r#type: "layers".to_owned(), diff_ids },
            history: Vec::new(),
            other: BTreeMap::new(),
        };
        let mut config = config;
        config.config.env = env.iter().map(|variable| (*variable).to_owned()).collect();
        let config = self.add(ImageFormat::Oci.config(), manifest::to_bytes(&config).unwrap());
        let manifest = Manifest {
            schema_version: 2,
            media_type: Some(ImageFormat::Oci.manifest()),
            artifact_type: None,
            config,
            layers: described,
            subject: None,
            annotations: BTreeMap::new(),
        };
        let manifest =
            self.add(ImageFormat::Oci.manifest(), manifest::to_bytes(&manifest).unwrap());
        Image::read(manifest, Arc::new(self)).unwrap()
    }
}

/// An image of these layers.
pub(crate) fn image(layers: Vec<Layer>, architecture: &str, env: &[&str]) -> Image {
    Memory::default().image(layers.into_iter().map(Layer::end).collect(), architecture, env)
}

fn all(_: &str, _: u64) -> Keep {
    Keep::Content
}

#[test]
fn the_layers_of_an_image_are_read_and_laid_in_order() {
    let layers = (0..9).map(|index| {
        let layer =
            Layer::default().file("last", &index.to_string()).file(&format!("f{index}"), "x");
        if index > 0 { layer.file(&format!(".wh.f{}", index - 1), "") } else { layer }
    });
    let image = image(layers.collect(), "amd64", &[]);
    let tree = tree::of_image(&image, &all, &Limits::default()).unwrap();
    assert_eq!(super::paths(&tree), ["f8", "last"]);
    assert_eq!(text(&tree, "last"), "8");
    let one = tree::layer_contents(&image, 1, &all, &Limits::default()).unwrap();
    assert_eq!(one.whiteouts.into_iter().collect::<Vec<_>>(), ["f0"]);
    assert!(matches!(
        tree::layer_contents(&image, 9, &all, &Limits::default()),
        Err(TreeError::NoLayer { .. })
    ));
}

#[test]
fn bytes_that_were_not_promised_are_an_error_that_names_the_layer() {
    let archive = Layer::default().file("a", &"x".repeat(5000)).end();
    // The same archive but for bytes behind its end, which no reader of entries looks at.
    let other = [archive.clone(), vec![0; 512]].concat();
    let mut image =
        Memory::default().image(vec![other.clone(), other.clone(), archive.clone()], "amd64", &[]);
    image.layers[0].diff_id = Digest::of(&archive);
    let error = tree::of_image(&image, &all, &Limits::default()).unwrap_err();
    assert!(matches!(error, TreeError::Image(ImageError::Corrupt { .. })), "{error:?}");

    let mut broken = Memory::default();
    let mut blob = archive.clone();
    blob[600] = b'y';
    broken.0.insert(Digest::of(&archive), blob);
    let image = Image { blobs: Arc::new(broken), layers: image.layers.split_off(2), ..image };
    let error = tree::of_image(&image, &all, &Limits::default()).unwrap_err();
    assert!(matches!(error, TreeError::Image(ImageError::Corrupt { .. })), "{error:?}");
}

#[test]
fn a_bomb_of_few_bytes_ends_early_and_names_the_layer() {
    let mut header = super::header(b'0', "zeros", "", 0);
    header.set_size(3 << 20);
    header.set_cksum();
    let mut bomb = zstd::Encoder::new(Vec::new(), 1).unwrap();
    bomb.write_all(header.as_bytes()).unwrap();
    let zeros = vec![0; 1 << 20];
    (0..3).for_each(|_| bomb.write_all(&zeros).unwrap());
    let mut memory = Memory::default();
    let descriptor = memory.add(ImageFormat::Oci.layer(Compression::Zstd), bomb.finish().unwrap());
    assert!(descriptor.size < 10 << 10);
    let mut image = image(vec![Layer::default()], "amd64", &[]);
    image.layers[0] = provender_image::Layer {
        descriptor,
        diff_id: Digest::of(b""),
        compression: Compression::Zstd,
    };
    image.blobs = Arc::new(memory);
    let limits = Limits { unsuspicious: 2 << 20, ..Limits::default() };
    let error = tree::of_image(&image, &all, &limits).unwrap_err();
    let TreeError::Layer { digest, source, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*digest, image.layers[0].descriptor.digest);
    assert!(matches!(**source, TreeError::TooLarge { what: "bytes", .. }), "{error}");
}

#[test]
fn the_content_of_a_hard_link_is_kept_where_only_its_own_name_is_wanted() {
    let below =
        Layer::default().file("x/one", "1").file("y/two", "2").hard_link("etc/one", "x/one");
    let above = Layer::default().hard_link("etc/two", "y/two");
    let image = image(vec![below, above], "amd64", &[]);
    let wanted =
        |path: &str, _| if path.starts_with("etc/") { Keep::Content } else { Keep::Nothing };
    let tree = tree::of_image(&image, &wanted, &Limits::default()).unwrap();
    assert_eq!((text(&tree, "etc/one"), text(&tree, "etc/two")), ("1".into(), "2".into()));
    let alone = tree::layer_contents(&image, 0, &wanted, &Limits::default()).unwrap();
    assert_eq!(alone.nodes["etc/one"].content(), Some(&b"1"[..]));
}
