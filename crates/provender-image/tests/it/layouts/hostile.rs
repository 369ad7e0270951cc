//! Layouts and archives that were made to do harm, or came to it.

use std::path::Path;

use provender_image::write;
use provender_image::{Descriptor, Digest, ImageError, MediaType};
use tempfile::TempDir;

use super::bench::{Member, file, layers, layout_members, one, open, open_path, tar};

const NOTHING: &str = r#"{"schemaVersion":2,"manifests":[]}"#;

/// What is said of an archive of these members.
fn refused(members: &[Member]) -> String {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.tar");
    std::fs::write(&path, tar(members)).unwrap();
    let error = open_path(&path).unwrap_err().to_string();
    error.strip_prefix(&format!("{}: ", path.display())).map(str::to_owned).unwrap_or(error)
}

#[test]
fn a_name_stands_once_in_an_archive() {
    for twice in ["index.json", "oci-layout", "blobs/sha256/x", "./index.json", "manifest.json"] {
        let mut members = layout_members(NOTHING, &[]);
        members.extend([file("blobs/sha256/x", ""), file("manifest.json", "[]")]);
        members.push(file(twice, "{}"));
        let said = format!("archive has more than one member {twice:?}");
        assert_eq!(refused(&members), said);
    }
    let mut members = layout_members(NOTHING, &[]);
    members.push(Member::Link("index.json".into(), "oci-layout".into()));
    assert!(refused(&members).contains("more than one member"));
}

#[test]
fn a_name_or_a_link_never_leads_out_of_an_archive() {
    for name in ["../index.json", "/index.json", "blobs/../../x", "a\\b"] {
        let mut members = layout_members(NOTHING, &[]);
        members.push(file(name, ""));
        assert!(refused(&members).contains("a name that leads elsewhere"), "{name}");
    }
    for target in ["/etc/hostname", "../../etc/hostname", "nowhere", "manifest.json"] {
        let members = [file("x", ""), Member::Link("manifest.json".into(), target.into())];
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("a.tar");
        std::fs::write(&path, tar(&members)).unwrap();
        let error = open(&format!("docker-archive:{}", path.display())).unwrap_err();
        assert!(matches!(error, ImageError::Malformed { .. }), "{target}: {error}");
    }
}

#[test]
fn links_that_lead_in_a_circle_end() {
    let members = [
        Member::Link("manifest.json".into(), "a".into()),
        Member::Link("a".into(), "b".into()),
        Member::HardLink("b".into(), "a".into()),
    ];
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.tar");
    std::fs::write(&path, tar(&members)).unwrap();
    let error = open(&format!("docker-archive:{}", path.display())).unwrap_err().to_string();
    assert!(error.ends_with("has links from manifest.json that do not end"), "{error}");
}

#[test]
fn a_document_that_is_larger_than_any_is_not_read() {
    let large = vec![b' '; (16 << 20) + 1];
    let mut members = layout_members(NOTHING, &[]);
    members[1] = file("index.json", &large);
    assert!(refused(&members).ends_with("index is larger than 16777216 bytes"));

    let folder = TempDir::new().unwrap();
    write::layout(&one("it"), folder.path(), None).unwrap();
    std::fs::write(folder.path().join("index.json"), &large).unwrap();
    assert!(matches!(open_path(folder.path()), Err(ImageError::TooLarge { .. })));
}

#[test]
fn documents_that_are_none_are_refused() {
    let deep = "[".repeat(1 << 20);
    let number =
        r#"{"schemaVersion":2,"manifests":[{"mediaType":"a","digest":"sha256:1","size":-1}]}"#;
    for index in [deep.as_str(), "", "[]", "\"", number] {
        assert!(refused(&layout_members(index, &[])).starts_with("index "), "{index:.20}");
    }
    let mut members = layout_members(NOTHING, &[]);
    members[0] = file("oci-layout", r#"{"imageLayoutVersion":"2.0.0"}"#);
    assert_eq!(refused(&members), r#"layout is of version "2.0.0"; 1.0.0 is read"#);
}

#[test]
fn an_index_that_unfolds_without_end_is_given_up() {
    let mut blobs: Vec<Vec<u8>> = vec![NOTHING.as_bytes().to_vec()];
    for _ in 0..6 {
        let inner = Descriptor::of(MediaType::new(MediaType::OCI_INDEX), blobs.last().unwrap());
        let inner = serde_json::to_string(&inner).unwrap();
        let manifests = vec![inner; 50].join(",");
        blobs.push(format!(r#"{{"schemaVersion":2,"manifests":[{manifests}]}}"#).into_bytes());
    }
    let index = String::from_utf8(blobs.pop().unwrap()).unwrap();
    let blobs: Vec<&[u8]> = blobs.iter().map(Vec::as_slice).collect();
    assert!(refused(&layout_members(&index, &blobs)).contains("more than 10000 manifests"));
}

#[test]
fn bytes_that_are_not_what_was_promised_are_told() {
    let image = one("it");
    let folder = TempDir::new().unwrap();
    write::layout(&image, folder.path(), None).unwrap();
    let blob = |digest: &Digest| folder.path().join("blobs/sha256").join(digest.hex());
    let layer = blob(&image.platforms()[0].layers()[0].layer.descriptor.digest);
    let mut bytes = std::fs::read(&layer).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&layer, &bytes).unwrap();
    assert!(layers(&open_path(folder.path()).unwrap()).is_err());

    let config = blob(&image.platforms()[0].config_document().descriptor.digest);
    std::fs::write(&config, "{}").unwrap();
    assert!(matches!(open_path(folder.path()), Err(ImageError::Corrupt { .. })));
    std::fs::remove_file(&config).unwrap();
    assert!(matches!(open_path(folder.path()), Err(ImageError::Missing { .. })));
}

#[cfg(unix)]
#[test]
fn a_pipe_in_a_layout_is_not_waited_for() {
    let folder = TempDir::new().unwrap();
    write::layout(&one("it"), folder.path(), None).unwrap();
    for name in ["index.json", "oci-layout"] {
        let path = folder.path().join(name);
        std::fs::remove_file(&path).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        let error = open_path(folder.path()).unwrap_err().to_string();
        assert!(error.ends_with("is no file"), "{error}");
    }
}

#[test]
fn an_archive_cut_off_anywhere_is_read_or_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.tar");
    write::oci_archive(&one("it"), &path, None).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    for length in (0..bytes.len()).step_by(100) {
        std::fs::write(&path, &bytes[..length]).unwrap();
        match open_path(&path) {
            Ok(image) => assert!(layers(&image).is_ok(), "{length}"),
            Err(error) => assert!(length < bytes.len() - 1024, "{length}: {error}"),
        }
    }
}

#[test]
fn a_damaged_byte_anywhere_is_found_or_does_no_harm() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.tar");
    let image = one("it");
    write::oci_archive(&image, &path, None).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    for at in (0..bytes.len()).step_by(37) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x55;
        std::fs::write(&path, &damaged).unwrap();
        if let Ok(read) = open_path(&path) {
            assert_eq!(
                read.manifest.config.digest,
                image.platforms()[0].config_document().descriptor.digest
            );
            assert!(layers(&read).is_err() || read.digest() == image.digest());
        }
    }
}

#[test]
fn what_is_no_image_is_told_with_what_was_looked_for() {
    let said = refused(&[file("README", "x"), file("src/main.c", "y")]);
    for what in ["oci-layout and index.json", "manifest.json", "bin, etc or usr"] {
        assert!(said.contains(what), "{said}");
    }
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.tar");
    std::fs::write(&path, vec![b'x'; 5000]).unwrap();
    let error = open_path(&path).unwrap_err().to_string();
    assert!(error.contains("is no tar archive"), "{error}");
    let error = open_path(folder.path()).unwrap_err().to_string();
    assert!(error.contains("no folder with a file oci-layout"), "{error}");
    if Path::new("/dev/null").exists() {
        assert!(open_path(Path::new("/dev/null")).unwrap_err().to_string().ends_with("is no file"));
    }
}
