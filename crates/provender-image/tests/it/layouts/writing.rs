//! What is written, over what, and what is left alone.

use std::path::Path;
use std::sync::Arc;

use provender_image::source::{self, LayoutBlobs};
use provender_image::write::{self, BlobSource, BuiltImage, BuiltLayer, BuiltPlatform, WriteError};
use provender_image::{Blobs as _, Compression, Digest, ImageError, ImageFormat, Index};
use tempfile::TempDir;

use super::bench::{
    built, file, layer, layers, one, open, open_path, platform, said, saying, tar, unfinished,
};
use super::reading::attachment;

fn index(folder: &Path) -> Index {
    serde_json::from_slice(&std::fs::read(folder.join("index.json")).unwrap()).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let index = index(folder).manifests.into_iter();
    let name = "org.opencontainers.image.ref.name";
    index.map(|entry| entry.annotations.get(name).cloned().unwrap_or_default()).collect()
}

type Write = fn(&BuiltImage, &Path) -> Result<(), WriteError>;

const ARCHIVES: [Write; 2] = [
    |image, path| write::oci_archive(image, path, Some("app:1")),
    |image, path| write::docker_archive(image, path, &["app:1".to_owned()]),
];

#[test]
fn the_same_image_gives_the_same_archive() {
    for write in ARCHIVES {
        let [one, other] = [(), ()].map(|()| {
            let tars = [tar(&[file("a", "1")]), tar(&[file("b", vec![7; 100_000])])];
            let layers = tars.iter().map(|tar| layer(Compression::Gzip, tar)).collect();
            let image = built(vec![platform(ImageFormat::Docker, "linux/amd64", layers)]);
            let folder = TempDir::new().unwrap();
            let path = folder.path().join("a.tar");
            write(&image, &path).unwrap();
            std::fs::read(path).unwrap()
        });
        assert!(one == other);
        let mut archive = tar::Archive::new(&one[..]);
        let mut names = Vec::new();
        for entry in archive.entries().unwrap() {
            let entry = entry.unwrap();
            let header = entry.header();
            let mode = if header.entry_type().is_dir() { 0o755 } else { 0o644 };
            assert_eq!(header.mode().unwrap(), mode);
            let numbers = [header.uid(), header.gid(), header.mtime()].map(Result::unwrap);
            assert_eq!(numbers, [0; 3]);
            names.push(entry.path().unwrap().into_owned());
        }
        assert!(names.is_sorted(), "{names:?}");
    }
}

#[test]
fn a_docker_archive_holds_the_layers_decompressed() {
    let tars = [tar(&[file("a", "1")]), tar(&[file("b", "2")]), tar(&[file("a", "1")])];
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        for format in [ImageFormat::Oci, ImageFormat::Docker] {
            let layers_of = tars.iter().map(|tar| layer(compression, tar)).collect();
            let image = built(vec![platform(format, "linux/amd64", layers_of)]);
            let folder = TempDir::new().unwrap();
            let path = folder.path().join("a.tar");
            write::docker_archive(&image, &path, &["app".to_owned()]).unwrap();
            let read = open(&format!("docker-archive:{}:app:latest", path.display())).unwrap();
            assert_eq!(&read.config, image.platforms()[0].config());
            let config = image.platforms()[0].config_document();
            assert_eq!(read.manifest.config.digest, config.descriptor.digest);
            assert!(read.layers.iter().all(|layer| layer.compression == Compression::None));
            assert_eq!(layers(&read).unwrap(), tars);
        }
    }
}

#[test]
fn a_docker_archive_is_for_one_platform() {
    let both = built(vec![saying("amd", "linux/amd64"), saying("arm", "linux/arm64")]);
    let folder = TempDir::new().unwrap();
    let error = write::docker_archive(&both, &folder.path().join("a.tar"), &[]).unwrap_err();
    assert!(error.to_string().ends_with("this one is for linux/amd64, linux/arm64"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn an_image_added_to_a_layout_leaves_the_others_and_replaces_its_namesake() {
    let folder = TempDir::new().unwrap();
    let add = |text: &str, name| write::layout(&one(text), folder.path(), name).unwrap();
    add("1", Some("app:1"));
    add("2", Some("app:2"));
    add("bare", None);
    assert_eq!(names(folder.path()), ["app:1", "app:2", ""]);
    add("new", Some("app:1"));
    add("newer", None);
    assert_eq!(names(folder.path()), ["app:1", "app:2", ""]);
    let location = format!("oci:{}", folder.path().display());
    assert_eq!(said(&open(&format!("{location}:app:1")).unwrap()), "new");
    assert_eq!(said(&open(&format!("{location}:app:2")).unwrap()), "2");
    let before = std::fs::read(folder.path().join("index.json")).unwrap();
    add("newer", None);
    assert_eq!(std::fs::read(folder.path().join("index.json")).unwrap(), before);
}

#[test]
fn what_is_attached_goes_with_the_image_that_is_replaced() {
    let noted = |text: &str, note: &str| {
        let mut image = one(text);
        let note = attachment(&image.root().descriptor, "application/x.note", note);
        let digest = note.manifest().descriptor.digest;
        image.attach(note).unwrap();
        (image, digest)
    };
    let folder = TempDir::new().unwrap();
    let add = |image: &BuiltImage, name| write::layout(image, folder.path(), Some(name)).unwrap();
    let attached = || -> Vec<Digest> {
        let entries = index(folder.path()).manifests.into_iter();
        entries.filter(|entry| entry.artifact_type.is_some()).map(|entry| entry.digest).collect()
    };
    let (first, note) = noted("1", "a");
    let (again, other_note) = noted("1", "b");
    let (second, second_note) = noted("2", "a");
    add(&first, "app");
    assert_eq!(attached(), [note]);
    add(&again, "app");
    assert_eq!(attached(), [other_note]);
    add(&again, "second-name");
    assert_eq!(attached(), [other_note]);
    add(&second, "app");
    assert_eq!(attached(), [second_note, other_note]);
    add(&second, "second-name");
    assert_eq!(attached(), [second_note]);
}

#[test]
fn what_is_no_layout_and_no_archive_is_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    let precious = folder.path().join("precious");
    std::fs::write(&precious, "data").unwrap();
    for write in ARCHIVES {
        let error = write(&one("it"), &precious).unwrap_err();
        assert!(matches!(error, WriteError::Occupied { .. }), "{error}");
        assert!(write(&one("it"), folder.path()).is_err());
    }
    let error = write::layout(&one("it"), folder.path(), None).unwrap_err().to_string();
    assert!(error.ends_with("is there already and is no OCI layout; it is left as it is"));
    assert!(write::layout(&one("it"), &precious, None).is_err());
    assert_eq!(std::fs::read(&precious).unwrap(), b"data");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn an_archive_takes_the_place_of_its_kind_only() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.tar");
    let [oci, docker] = ARCHIVES;
    for (write, other) in [(oci, docker), (docker, oci)] {
        std::fs::write(&path, "").unwrap();
        write(&one("first"), &path).unwrap();
        assert!(matches!(other(&one("it"), &path), Err(WriteError::Occupied { .. })));
        write(&one("second"), &path).unwrap();
        assert_eq!(said(&open_path(&path).unwrap()), "second");
    }
}

#[cfg(unix)]
#[test]
fn an_archive_is_written_behind_a_link() {
    let folder = TempDir::new().unwrap();
    let [link, path] = ["link.tar", "a.tar"].map(|name| folder.path().join(name));
    write::oci_archive(&one("first"), &path, None).unwrap();
    std::os::unix::fs::symlink("a.tar", &link).unwrap();
    write::oci_archive(&one("second"), &link, None).unwrap();
    assert!(link.is_symlink());
    assert_eq!(said(&open_path(&path).unwrap()), "second");
}

/// An image with a layer whose file holds other bytes than it should.
fn spoilt(folder: &Path) -> BuiltImage {
    let mut layer = layer(Compression::Gzip, &tar(&[file("a", "1")]));
    let path = folder.join("spoilt");
    std::fs::write(&path, vec![1; usize::try_from(layer.layer.descriptor.size).unwrap()]).unwrap();
    layer.source = BlobSource::File(path);
    built(vec![platform(ImageFormat::Oci, "linux/amd64", vec![layer])])
}

#[test]
fn a_blob_with_other_bytes_is_not_written_and_nothing_is_changed() {
    let folder = TempDir::new().unwrap();
    let image = spoilt(folder.path());
    let [layout, oci, docker] = ["layout", "oci.tar", "docker.tar"].map(|n| folder.path().join(n));
    write::layout(&one("kept"), &layout, None).unwrap();
    let [write_oci, write_docker] = ARCHIVES;
    write_oci(&one("kept"), &oci).unwrap();
    write_docker(&one("kept"), &docker).unwrap();

    let corrupt = |result: Result<(), WriteError>| {
        let error = result.unwrap_err();
        assert!(error.to_string().contains("spoilt"), "{error}");
    };
    corrupt(write::layout(&image, &layout, None));
    corrupt(write_oci(&image, &oci));
    corrupt(write_docker(&image, &docker));
    for path in [&layout, &oci, &docker] {
        assert_eq!(said(&open_path(path).unwrap()), "kept");
    }
    let digest = image.platforms()[0].layers()[0].layer.descriptor.digest;
    assert!(!LayoutBlobs::new(&layout).holds(&digest));
    assert!(unfinished(folder.path()).is_empty());
}

#[test]
fn a_layer_that_unpacks_to_something_else_is_not_written() {
    let mut layer = layer(Compression::Gzip, &tar(&[file("a", "1")]));
    layer.layer.diff_id = Digest::of(b"something else");
    let image = built(vec![platform(ImageFormat::Oci, "linux/amd64", vec![layer])]);
    let folder = TempDir::new().unwrap();
    let error = write::docker_archive(&image, &folder.path().join("a.tar"), &[]).unwrap_err();
    assert!(matches!(error, WriteError::Image(ImageError::Corrupt { .. })), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_layout_that_was_begun_and_never_finished_is_written_to() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join(".unfinished-x"), "").unwrap();
    write::layout(&one("it"), folder.path(), None).unwrap();
    std::fs::remove_file(folder.path().join("index.json")).unwrap();
    assert!(open_path(folder.path()).unwrap_err().to_string().contains("has no index.json"));
    write::layout(&one("it"), folder.path(), None).unwrap();
    assert_eq!(said(&open_path(folder.path()).unwrap()), "it");
}

#[test]
fn of_several_writers_of_one_layout_none_loses_its_image() {
    let folder = TempDir::new().unwrap();
    std::thread::scope(|scope| {
        for n in 0..8 {
            let path = folder.path();
            let name = format!("app:{n}");
            scope.spawn(move || write::layout(&one(&name), path, Some(&name)).unwrap());
        }
    });
    for n in 0..8 {
        let image = open(&format!("oci:{}:app:{n}", folder.path().display())).unwrap();
        assert_eq!(said(&image), format!("app:{n}"));
    }
}

#[test]
fn blobs_that_are_there_are_not_written_again() {
    let folder = TempDir::new().unwrap();
    let image = one("it");
    write::layout(&image, folder.path(), None).unwrap();
    let digest = image.platforms()[0].layers()[0].layer.descriptor.digest;
    let path = LayoutBlobs::new(folder.path()).path(&digest);
    let written = std::fs::metadata(&path).unwrap().modified().unwrap();
    write::layout(&image, folder.path(), Some("again")).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), written);
    // One that is not whole is.
    std::fs::write(&path, "").unwrap();
    write::layout(&image, folder.path(), Some("again")).unwrap();
    assert_eq!(said(&open_path(folder.path()).unwrap()), "it");
}

#[test]
fn an_image_upon_a_base_takes_the_bases_blobs_from_where_they_are() {
    let folder = TempDir::new().unwrap();
    let base_path = folder.path().join("base.tar");
    write::docker_archive(&one("base"), &base_path, &[]).unwrap();
    let base = open_path(&base_path).unwrap();
    let mut layers_of: Vec<BuiltLayer> = BuiltLayer::of(&base).collect();
    layers_of.push(layer(Compression::Gzip, &tar(&[file("app", "1")])));
    let image = built(vec![platform(ImageFormat::Oci, "linux/amd64", layers_of)]);
    let path = folder.path().join("app.tar");
    write::oci_archive(&image, &path, None).unwrap();
    let read = open_path(&path).unwrap();
    assert_eq!(layers(&read).unwrap()[0], layers(&base).unwrap()[0]);
    let types = read.manifest.layers.iter().map(|layer| layer.media_type.clone());
    let expected = [Compression::None, Compression::Gzip].map(|c| ImageFormat::Oci.layer(c));
    assert!(types.eq(expected));

    let copy = folder.path().join("copy");
    let whole = built(vec![BuiltPlatform::of(&read).unwrap()]);
    write::layout(&whole, &copy, None).unwrap();
    assert_eq!(open_path(&copy).unwrap().digest(), image.digest());
}

#[test]
fn an_image_that_does_not_hold_together_is_not_made() {
    let new = |platforms| BuiltImage::new(ImageFormat::Oci, platforms, Default::default());
    assert!(matches!(new(Vec::new()), Err(WriteError::Nothing)));
    let twice = vec![saying("1", "linux/amd64"), saying("2", "linux/amd64")];
    assert!(matches!(new(twice), Err(WriteError::SamePlatform(_))));
    let (mut image, other) = (one("it"), one("other"));
    let note = attachment(&other.root().descriptor, "application/x.note", "n");
    assert!(matches!(image.attach(note), Err(WriteError::Subject(_))));
    let config = image.platforms()[0].config().clone();
    let layers_of = BuiltPlatform::new(ImageFormat::Oci, config, Vec::new(), Default::default());
    assert!(matches!(layers_of, Err(WriteError::OtherLayers)));
}

#[test]
fn everything_that_is_pushed_comes_once_and_after_what_it_names() {
    let shared = layer(Compression::Gzip, &tar(&[file("a", "1")]));
    let on = |name| platform(ImageFormat::Oci, name, vec![shared.clone()]);
    let mut image = built(vec![on("linux/amd64"), on("linux/arm64")]);
    image.attach(attachment(&image.root().descriptor, "application/x.note", "n")).unwrap();
    let manifests: Vec<Digest> = image.manifests().map(|m| m.descriptor.digest).collect();
    let platforms = image.platforms();
    let attached = image.attachments()[0].manifest().descriptor.digest;
    let expected = [
        platforms[0].manifest().descriptor.digest,
        platforms[1].manifest().descriptor.digest,
        image.digest(),
        attached,
    ];
    assert_eq!(manifests, expected);
    let blobs = image.blobs();
    let digests: Vec<Digest> = blobs.iter().map(|blob| blob.descriptor.digest).collect();
    let mut distinct = digests.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!((digests.len(), distinct.len()), (5, 5));
    assert!(blobs.iter().all(|blob| blob.reader().unwrap().finish().is_ok()));

    let folder = TempDir::new().unwrap();
    write::layout(&image, folder.path(), Some("app")).unwrap();
    let listed = source::images(&provender_image::Location::Path(folder.path().into()), None);
    assert_eq!(listed.unwrap().len(), 2);
    let from_disk: Arc<dyn provender_image::Blobs> = Arc::new(LayoutBlobs::new(folder.path()));
    assert!(digests.iter().chain(&manifests).all(|digest| from_disk.holds(digest)));
}
