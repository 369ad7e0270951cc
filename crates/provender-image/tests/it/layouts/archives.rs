//! What `docker save` wrote, now and long ago, and archives that are compressed as a whole.

use std::path::{Path, PathBuf};

use provender_image::source::{self, WantedImage};
use provender_image::write;
use provender_image::{Compression, Digest, Image, ImageError, ImageFormat};
use rayon::prelude::*;
use tempfile::TempDir;

use super::bench::{
    Member, built, compress, file, layer, layers, layout_members, one, open, open_for, open_path,
    platform, said, tar,
};

/// A configuration of these layers.
fn config(tars: &[&[u8]]) -> String {
    let ids: Vec<String> = tars.iter().map(|tar| format!("\"{}\"", Digest::of(tar))).collect();
    let ids = ids.join(",");
    format!(
        r#"{{"architecture":"amd64","os":"linux","rootfs":{{"type":"layers","diff_ids":[{ids}]}}}}"#
    )
}

fn save(folder: &TempDir, members: &[Member]) -> PathBuf {
    let path = folder.path().join("saved.tar");
    std::fs::write(&path, tar(members)).unwrap();
    path
}

fn load(path: &Path) -> Result<Image, ImageError> {
    open(&format!("docker-archive:{}", path.display()))
}

/// The members of an archive with one image of these layers, under these names.
fn saved(tars: &[&[u8]], layers: &[(&str, &[u8])]) -> Vec<Member> {
    let names: Vec<String> = layers.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let names = names.join(",");
    let list = format!(r#"[{{"Config":"c.json","RepoTags":["app:latest"],"Layers":[{names}]}}]"#);
    let mut members = vec![file("c.json", config(tars)), file("manifest.json", list)];
    members.extend(layers.iter().map(|(name, bytes)| file(name, bytes)));
    members
}

#[test]
fn a_manifest_is_made_of_what_docker_saved() {
    let (a, b) = (tar(&[file("a", "1")]), tar(&[file("b", "2")]));
    let folder = TempDir::new().unwrap();
    let path = save(&folder, &saved(&[&a, &b], &[("x/layer.tar", &a), ("y/layer.tar", &b)]));
    let image = load(&path).unwrap();
    assert_eq!(image.manifest.media_type, Some(ImageFormat::Docker.manifest()));
    assert_eq!(image.manifest.config.digest, Digest::of(config(&[&a, &b]).as_bytes()));
    assert_eq!(image.layers[0].descriptor.digest, Digest::of(&a));
    assert_eq!(layers(&image).unwrap(), [a, b]);
    assert_eq!(open_path(&path).unwrap().digest(), image.digest());
}

#[test]
fn a_compressed_layer_keeps_its_bytes_and_gets_the_digest_of_them() {
    let bytes = tar(&[file("a", "1")]);
    let packed = [Compression::Gzip, Compression::Zstd].map(|c| (c, compress(c, &bytes)));
    for (compression, packed) in packed {
        let folder = TempDir::new().unwrap();
        let image = load(&save(&folder, &saved(&[&bytes], &[("l.tar", &packed)]))).unwrap();
        assert_eq!(image.layers[0].compression, compression);
        assert_eq!(image.layers[0].descriptor.digest, Digest::of(&packed));
        assert_eq!(layers(&image).unwrap(), std::slice::from_ref(&bytes));
    }
}

#[test]
fn links_to_layers_of_other_images_are_followed() {
    let bytes = tar(&[file("a", "1")]);
    let list = r#"[{"Config":"c.json","RepoTags":null,"Layers":["one/layer.tar","two/layer.tar","three/layer.tar"]}]"#;
    let members = [
        file("c.json", config(&[&bytes, &bytes, &bytes])),
        file("one/layer.tar", &bytes),
        Member::Link("two/layer.tar".into(), "../one/layer.tar".into()),
        Member::HardLink("three/layer.tar".into(), "two/layer.tar".into()),
        file("manifest.json", list),
    ];
    let folder = TempDir::new().unwrap();
    let image = load(&save(&folder, &members)).unwrap();
    assert_eq!(layers(&image).unwrap(), vec![bytes; 3]);
}

#[test]
fn a_tag_chooses_and_latest_goes_without_saying() {
    let bytes = tar(&[file("a", "1")]);
    let other = r#"{"architecture":"arm64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#;
    let list = r#"[{"Config":"c.json","RepoTags":["app:latest","app:1"],"Layers":["l.tar"]},
                   {"Config":"d.json","RepoTags":["other:2"]}]"#;
    let members = [
        file("c.json", config(&[&bytes])),
        file("d.json", other),
        file("l.tar", &bytes),
        file("manifest.json", list),
    ];
    let folder = TempDir::new().unwrap();
    let path = save(&folder, &members);
    let location = format!("docker-archive:{}", path.display());
    for name in ["app", "app:1", "app:latest"] {
        assert_eq!(open(&format!("{location}:{name}")).unwrap().layers.len(), 1, "{name}");
    }
    assert_eq!(open_for(&location, "linux/arm64").unwrap().layers.len(), 0);
    assert!(matches!(open(&location), Err(ImageError::Several { .. })));
    let error = open(&format!("{location}:app:3")).unwrap_err().to_string();
    assert!(error.ends_with("it holds app:latest (linux/amd64), other:2 (linux/arm64)"), "{error}");
    let listed = source::images(&location.parse().unwrap(), None).unwrap();
    assert_eq!(listed[0].names, ["app:latest", "app:1"]);
}

#[test]
fn of_both_forms_in_one_archive_a_path_means_ocis() {
    let image = one("it");
    let platform = &image.platforms()[0];
    let manifest = platform.manifest();
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"{}","digest":"{}","size":{}}}]}}"#,
        ImageFormat::Oci.manifest(),
        manifest.descriptor.digest,
        manifest.bytes.len()
    );
    let blob = &platform.layers()[0];
    let provender_image::write::BlobSource::Bytes(packed) = &blob.source else { panic!() };
    let config = &platform.config_document();
    let mut members = layout_members(&index, &[&manifest.bytes, packed, &config.bytes]);
    let [layer, config] = [blob.layer.descriptor.digest, config.descriptor.digest].map(|d| d.hex());
    members.push(file(
        "manifest.json",
        format!(
            r#"[{{"Config":"blobs/sha256/{config}","RepoTags":["app:1"],"Layers":["blobs/sha256/{layer}"]}}]"#
        ),
    ));
    let folder = TempDir::new().unwrap();
    let path = save(&folder, &members);
    assert_eq!(open_path(&path).unwrap().digest(), image.digest());
    let docker = load(&path).unwrap();
    assert_ne!(docker.digest(), image.digest());
    assert_eq!(said(&docker), "it");
}

#[test]
fn a_layer_that_is_not_what_the_configuration_says_is_never_read_to_its_end() {
    let (bytes, other) = (tar(&[file("a", "1")]), tar(&[file("a", "2")]));
    let folder = TempDir::new().unwrap();
    let image = load(&save(&folder, &saved(&[&bytes], &[("l.tar", &other)]))).unwrap();
    assert!(layers(&image).is_err());
    let packed = compress(Compression::Gzip, &other);
    let error = load(&save(&folder, &saved(&[&bytes], &[("l.tar", &packed)]))).unwrap_err();
    assert!(matches!(error, ImageError::Corrupt { digest, .. } if digest == Digest::of(&bytes)));
}

#[test]
fn lists_that_do_not_agree_are_refused() {
    let bytes = tar(&[file("a", "1")]);
    let folder = TempDir::new().unwrap();
    let too_few = load(&save(&folder, &saved(&[&bytes, &bytes], &[("l.tar", &bytes)])));
    let error = too_few.unwrap_err().to_string();
    assert!(error.ends_with("archive lists 1 layers, and the configuration 2"), "{error}");
    let mut absent = saved(&[&bytes], &[("l.tar", &bytes)]);
    absent.pop();
    let error = load(&save(&folder, &absent)).unwrap_err().to_string();
    assert!(error.ends_with(r#"archive lists "l.tar" and does not hold it"#), "{error}");
    let none = load(&save(&folder, &[file("repositories", "{}")])).unwrap_err().to_string();
    assert!(none.contains("holds no manifest.json"), "{none}");
}

#[test]
fn an_archive_that_is_compressed_as_a_whole_is_read_as_the_other() {
    let folder = TempDir::new().unwrap();
    let plain = folder.path().join("plain.tar");
    for docker in [false, true] {
        if docker {
            write::docker_archive(&one("it"), &plain, &["app:1".to_owned()]).unwrap();
        } else {
            write::oci_archive(&one("it"), &plain, Some("app:1")).unwrap();
        }
        let bytes = std::fs::read(&plain).unwrap();
        let expected = open_path(&plain).unwrap().digest();
        std::fs::remove_file(&plain).unwrap();
        for compression in [Compression::Gzip, Compression::Zstd] {
            let path = folder.path().join("packed");
            std::fs::write(&path, compress(compression, &bytes)).unwrap();
            let spool = folder.path().join("spool");
            std::fs::create_dir_all(&spool).unwrap();
            let wanted = WantedImage { platform: None, spool: Some(spool.clone()) };
            let location = provender_image::Location::Path(path.clone());
            let image = source::open(&location, &wanted).unwrap();
            std::fs::remove_file(&path).unwrap();
            assert_eq!(image.digest(), expected);
            assert_eq!(said(&image), "it");
            drop(image);
            assert_eq!(std::fs::read_dir(&spool).unwrap().count(), 0);
        }
    }
}

#[test]
fn the_layers_of_an_archive_are_read_by_many_threads_at_once() {
    let tars: Vec<Vec<u8>> = (0..20u8).map(|n| tar(&[file("a", vec![n; 300_000])])).collect();
    let layers_of = tars.iter().map(|tar| layer(Compression::None, tar)).collect();
    let image = built(vec![platform(ImageFormat::Oci, "linux/amd64", layers_of)]);
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.tar");
    write::oci_archive(&image, &path, None).unwrap();
    let image = open_path(&path).unwrap();
    let read: Vec<Vec<u8>> = image
        .layers
        .par_iter()
        .map(|layer| {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut image.layer(layer).unwrap(), &mut bytes).unwrap();
            bytes
        })
        .collect();
    assert!(read == tars);
}
