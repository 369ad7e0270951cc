//! Which image of a layout is read, and that it is read whole.

use std::path::Path;

use provender_image::source::{self, WantedImage};
use provender_image::write::{self, Attachment, BuiltImage, Document};
use provender_image::{
    Compression, Descriptor, ImageError, ImageFormat, Location, Manifest, MediaType, Platform,
    manifest,
};
use tempfile::TempDir;

use super::bench::{
    built, file, layer, layers, layout_members, one, open, open_for, open_path, platform, said,
    saying, tar,
};

/// A layout of these images, each under its name.
fn layout(images: &[(&BuiltImage, Option<&str>)]) -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    for (image, name) in images {
        write::layout(image, folder.path(), *name).unwrap();
    }
    let location = format!("oci:{}", folder.path().display());
    (folder, location)
}

#[test]
fn what_was_written_is_read_back_whatever_its_format_and_compression() {
    let tars = [tar(&[file("a", "one")]), tar(&[file("b", "two")]), tar(&[])];
    for format in [ImageFormat::Oci, ImageFormat::Docker] {
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            let layers_of = tars.iter().map(|tar| layer(compression, tar)).collect();
            let image = platform(format, "linux/amd64", layers_of);
            let image = built(vec![image]);
            let folder = TempDir::new().unwrap();
            let [in_folder, in_archive] = ["layout", "archive.tar"].map(|n| folder.path().join(n));
            write::layout(&image, &in_folder, Some("app")).unwrap();
            write::oci_archive(&image, &in_archive, Some("app")).unwrap();
            for read in [
                open(&format!("oci:{}:app", in_folder.display())),
                open(&format!("oci-archive:{}:app", in_archive.display())),
                open_path(&in_folder),
                open_path(&in_archive),
            ] {
                let read = read.unwrap();
                assert_eq!(read.digest(), image.digest());
                assert_eq!(&read.config, image.platforms()[0].config());
                assert_eq!(layers(&read).unwrap(), tars);
            }
        }
    }
}

#[test]
fn an_image_is_chosen_by_name() {
    let (first, second) = (one("first"), one("second"));
    let (_folder, location) = layout(&[(&first, Some("app:1")), (&second, Some("app:2"))]);
    assert_eq!(said(&open(&format!("{location}:app:1")).unwrap()), "first");
    assert_eq!(said(&open(&format!("{location}:app:2")).unwrap()), "second");
    assert_eq!(said(&open(&format!("{location}:{}", second.digest())).unwrap()), "second");
    let several = open(&location).unwrap_err().to_string();
    assert!(several.contains("app:1 (linux/amd64), app:2 (linux/amd64)"), "{several}");
    let none = open(&format!("{location}:app:3")).unwrap_err().to_string();
    assert!(none.contains("holds no image named app:3; it holds app:1 (linux/amd64)"), "{none}");
}

#[test]
fn one_image_under_two_names_is_one() {
    let image = one("it");
    let (_folder, location) = layout(&[(&image, Some("1")), (&image, Some("latest"))]);
    assert_eq!(said(&open(&location).unwrap()), "it");
    let listed = source::images(&location.parse().unwrap(), None).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].names, ["1", "latest"]);
}

#[test]
fn an_image_is_chosen_by_platform() {
    let both = built(vec![saying("amd", "linux/amd64"), saying("arm", "linux/arm64/v8")]);
    let (_folder, location) = layout(&[(&both, Some("app"))]);
    assert_eq!(said(&open_for(&location, "linux/amd64").unwrap()), "amd");
    assert_eq!(said(&open_for(&format!("{location}:app"), "linux/arm64").unwrap()), "arm");
    assert!(matches!(open(&location), Err(ImageError::Several { known, .. }) if known.len() == 2));
    let none = open_for(&location, "linux/s390x").unwrap_err().to_string();
    assert!(none.contains("for linux/s390x; it holds app (linux/amd64), app (linux/arm64/v8)"));

    let listed = source::images(&location.parse().unwrap(), None).unwrap();
    let platforms: Vec<_> = listed.into_iter().map(|l| l.platform.unwrap().to_string()).collect();
    assert_eq!(platforms, ["linux/amd64", "linux/arm64/v8"]);
}

#[test]
fn the_variant_that_was_asked_for_comes_before_one_that_will_do() {
    let both = built(vec![saying("v6", "linux/arm/v6"), saying("v7", "linux/arm/v7")]);
    let (_folder, location) = layout(&[(&both, None)]);
    assert_eq!(said(&open_for(&location, "linux/arm/v7").unwrap()), "v7");
    assert_eq!(said(&open_for(&location, "linux/arm").unwrap()), "v6");

    let same = built(vec![saying("v8", "linux/arm64/v8"), saying("bare", "linux/arm64")]);
    let (_folder, location) = layout(&[(&same, None)]);
    assert_eq!(said(&open_for(&location, "linux/arm64").unwrap()), "bare");
    assert_eq!(said(&open_for(&location, "linux/arm64/v8").unwrap()), "v8");
}

#[test]
fn a_platform_that_no_descriptor_names_is_read_from_the_configuration() {
    let image = saying("it", "linux/riscv64");
    let manifest = image.manifest();
    let (digest, size) = (manifest.descriptor.digest, manifest.bytes.len());
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"{}","digest":"{digest}","size":{size}}}]}}"#,
        MediaType::OCI_MANIFEST
    );
    let blobs = [&manifest.bytes[..], &image.config_document().bytes];
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.tar");
    std::fs::write(&path, tar(&layout_members(&index, &blobs))).unwrap();
    let listed = source::images(&Location::Path(path.clone()), None).unwrap();
    assert_eq!(listed[0].platform, Some(Platform::linux("riscv64")));
    let location = format!("oci-archive:{}", path.display());
    assert!(open_for(&location, "linux/amd64").is_err());
}

#[test]
fn a_layout_may_hold_one_platform_of_an_index_only() {
    let both = built(vec![saying("amd", "linux/amd64"), saying("arm", "linux/arm64")]);
    let (folder, location) = layout(&[(&both, None)]);
    let absent = both.platforms()[1].manifest().descriptor.digest.hex();
    std::fs::remove_file(folder.path().join("blobs/sha256").join(absent)).unwrap();
    assert_eq!(said(&open(&location).unwrap()), "amd");
}

#[test]
fn containerds_name_is_a_name() {
    let (folder, location) = layout(&[(&one("it"), Some("1.0"))]);
    let index = folder.path().join("index.json");
    let text = std::fs::read_to_string(&index).unwrap();
    let full = r#""annotations":{"io.containerd.image.name":"registry.example/app:1.0","#;
    std::fs::write(&index, text.replacen(r#""annotations":{"#, full, 1)).unwrap();
    assert_eq!(said(&open(&format!("{location}:registry.example/app:1.0")).unwrap()), "it");
    assert_eq!(said(&open(&format!("{location}:1.0")).unwrap()), "it");
}

/// An attachment that says `text` of an image.
pub(crate) fn attachment(subject: &Descriptor, kind: &str, text: &str) -> Attachment {
    let empty = Document::new(MediaType::new(MediaType::OCI_EMPTY), b"{}".to_vec());
    let said = Document::new(MediaType::new("text/plain"), text.as_bytes().to_vec());
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(ImageFormat::Oci.manifest()),
        artifact_type: Some(MediaType::new(kind)),
        config: empty.descriptor.clone(),
        layers: vec![said.descriptor.clone()],
        subject: Some(subject.clone()),
        annotations: [("note".to_owned(), "n".to_owned())].into(),
    };
    let bytes = manifest::to_bytes(&manifest).unwrap();
    let manifest = Document::new(ImageFormat::Oci.manifest(), bytes);
    Attachment::new(manifest, vec![empty, said]).unwrap()
}

#[test]
fn what_is_attached_is_written_and_is_no_image() {
    let mut image = one("it");
    let note = attachment(&image.root().descriptor, "application/x.note", "well made");
    let digest = note.manifest().descriptor.digest;
    image.attach(note).unwrap();
    let (folder, location) = layout(&[(&image, None)]);
    assert_eq!(said(&open(&location).unwrap()), "it");
    assert_eq!(source::images(&location.parse().unwrap(), None).unwrap().len(), 1);
    let index = std::fs::read_to_string(folder.path().join("index.json")).unwrap();
    assert!(index.contains(&digest.to_string()) && index.contains("application/x.note"));
    assert!(folder.path().join("blobs/sha256").join(digest.hex()).is_file());
}

#[test]
fn a_registry_is_not_local() {
    let location = "registry.example/app:1".parse().unwrap();
    let error = source::open(&location, &WantedImage::default()).unwrap_err().to_string();
    assert_eq!(error, "registry.example/app:1 is in a registry, neither a layout nor an archive");
}

#[test]
fn what_is_not_there_is_named() {
    for location in ["oci:/nowhere/a", "oci-archive:/nowhere/a", "docker-archive:/nowhere/a"] {
        let error = open(location).unwrap_err().to_string();
        assert!(error.starts_with("/nowhere/a: "), "{error}");
    }
    let error = open_path(Path::new("/nowhere/a")).unwrap_err().to_string();
    assert!(error.starts_with("/nowhere/a: "), "{error}");
}
