//! Images that somebody changed after they were built, or that were built of something else.

use std::fs;
use std::io::Read as _;

use provender_image::Digest;
use serde_json::{Value, json};

use super::{Service, rules, step, steps};

/// Puts other words of the same length into the first place where they stand in a layer of the layout's
/// image, and makes every document fit again, as whoever wants nobody to notice would.
fn change(service: &Service, layout: &str, layer: usize, from: &str, to: &str) {
    let folder = service.project.sandbox.path(layout);
    let image = service.open("oci", layout);
    let put = |bytes: &[u8]| {
        let digest = Digest::of(bytes);
        fs::write(folder.join("blobs/sha256").join(digest.hex()), bytes).unwrap();
        (digest.to_string(), bytes.len())
    };
    let mut tar = Vec::new();
    image.layer(&image.layers[layer]).unwrap().read_to_end(&mut tar).unwrap();
    let (from, to) = (from.as_bytes(), to.as_bytes());
    let at = tar.windows(from.len()).position(|words| words == from).unwrap();
    tar[at..at + from.len()].copy_from_slice(to);
    let read = |descriptor| {
        let bytes = image.blobs.document("document", descriptor).unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()
    };
    let (mut manifest, mut config) = (read(&image.descriptor), read(&image.manifest.config));
    let (digest, size) = put(&tar);
    config["rootfs"]["diff_ids"][layer] = json!(digest);
    let media_type = "application/vnd.oci.image.layer.v1.tar";
    manifest["layers"][layer] = json!({ "mediaType": media_type, "digest": digest, "size": size });
    let (digest, size) = put(config.to_string().as_bytes());
    manifest["config"]["digest"] = json!(digest);
    manifest["config"]["size"] = json!(size);
    let (digest, size) = put(manifest.to_string().as_bytes());
    let path = folder.join("index.json");
    let mut index: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let listed = index["manifests"].as_array_mut().unwrap();
    let own = listed.iter_mut().find(|one| one["digest"] == image.digest().to_string()).unwrap();
    own["digest"] = json!(digest);
    own["size"] = json!(size);
    fs::write(path, index.to_string()).unwrap();
}

/// All that is said of a diagnostic.
fn words(diagnostic: &Value) -> String {
    let causes = diagnostic["causes"].as_array().cloned().unwrap_or_default();
    let causes: Vec<_> = causes.iter().map(|cause| cause.as_str().unwrap()).collect();
    format!("{}\n{}", diagnostic["message"].as_str().unwrap(), causes.join("\n"))
}

#[test]
fn a_changed_file_of_the_application_is_named_with_the_first_byte_and_why() {
    let service = Service::new();
    service.built("--tag app:1 -o oci:layout");
    change(&service, "layout", 2, "else 404", "else 410");
    let told = service.verified("oci:layout", 1);
    assert_eq!(steps(&told, "failed"), ["rebuilt"], "{told:#}");
    let rebuilt = step(&told, "rebuilt");
    let differs = &rebuilt["diagnostics"][0];
    assert_eq!(differs["rule"], "image/rebuild-differs");
    let said = words(differs);
    let offset = super::super::MAIN.find("else 404").unwrap() + "else 4".len();
    for word in [
        "layer 3 of 3 differs from /app/app/__main__.py on",
        &format!("its content differs from byte {offset} on"),
        "the first byte that differs is byte ",
        ": 0x31 instead of 0x30",
    ] {
        assert!(said.contains(word), "no `{word}` in\n{said}");
    }
    // What was said of the other image is not taken for this one's.
    assert!(rules(&told).contains(&"image/no-provenance"), "{told:#}");
}

#[test]
fn another_project_than_the_image_was_built_from_is_told_beforehand() {
    let service = Service::new();
    service.built("--tag app:1 -o docker-archive:image.tar");
    service.change_a_line();
    let told = service.verified("docker-archive:image.tar", 1);
    assert_eq!(steps(&told, "failed"), ["rebuilt"], "{told:#}");
    let rebuilt = step(&told, "rebuilt");
    assert_eq!(rules(rebuilt), ["image/other-application", "image/rebuild-differs"]);
    let said = words(&rebuilt["diagnostics"][1]);
    assert!(said.contains("/app/app/__main__.py"), "{said}");
}

#[test]
fn a_file_of_a_release_that_is_not_as_recorded_is_named() {
    let service = Service::new();
    service.built("--tag app:1 -o oci:layout");
    change(&service, "layout", 1, "__version__ = \"1.0.0\"", "__version__ = \"1.0.1\"");
    let told = service.verified("oci:layout", 1);
    assert_eq!(steps(&told, "failed"), ["files", "rebuilt"], "{told:#}");
    let changed = &step(&told, "files")["diagnostics"][0];
    assert_eq!(changed["rule"], "image/file-changed");
    let said = words(changed);
    assert!(said.contains("1 file of lib 1.0.0 is not as recorded"), "{said}");
    assert!(said.contains("/usr/local/lib/python3.11/site-packages/lib/__init__.py"), "{said}");
}

#[test]
fn a_damaged_layer_is_named_and_its_files_are_not_judged() {
    let service = Service::new();
    service.built("--tag app:1 -o oci:layout -o oci-archive:image.tar");
    let image = service.open("oci", "layout");
    let digest = image.layers[1].descriptor.digest;
    let blob = service.project.sandbox.path("layout").join("blobs/sha256").join(digest.hex());
    let mut bytes = fs::read(&blob).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    let archive = service.project.sandbox.path("image.tar");
    let mut whole = fs::read(&archive).unwrap();
    let at = whole.windows(bytes.len() - 1).position(|part| part == &bytes[..bytes.len() - 1]);
    whole[at.unwrap() + bytes.len() - 1] ^= 1;
    fs::write(&blob, bytes).unwrap();
    fs::write(&archive, whole).unwrap();
    for place in ["oci:layout", "oci-archive:image.tar"] {
        let told = service.verified(place, 1);
        let blobs = step(&told, "blobs");
        assert_eq!(rules(blobs), ["image/blob-damaged"], "{place}: {told:#}");
        assert!(words(&blobs["diagnostics"][0]).contains(&digest.hex()), "{place}: {told:#}");
        assert!(steps(&told, "not_run").contains(&"files"), "{place}: {told:#}");
    }
}

#[test]
fn a_release_that_the_lock_does_not_name_is_named() {
    let service = Service::new();
    service.built("--tag app:1 -o oci-archive:image.tar");
    let lock = service.project.sandbox.read("constraints.txt");
    let mut is_lib = false;
    let others = lock.lines().filter(|line| {
        is_lib = line.starts_with("lib==") || is_lib && line.starts_with(' ');
        !is_lib
    });
    let others: String = others.map(|line| format!("{line}\n")).collect();
    service.project.sandbox.write("other.txt", others);
    let run = service.project.run("image verify image.tar --lock other.txt --format json").exits(1);
    let told = super::document(&run);
    assert_eq!(steps(&told, "failed"), ["locked"], "{told:#}");
    let locked = step(&told, "locked");
    let expected = ["image/other-lock", "image/not-locked", "image/wheel-not-locked"];
    assert_eq!(rules(locked), expected, "{told:#}");
    let said = words(&locked["diagnostics"][1]);
    assert!(said.contains("1 release installed and not locked\nlib 1.0.0"), "{said}");
}

#[test]
fn a_provenance_about_another_image_is_no_proof() {
    let service = Service::new();
    let signed = service.keys();
    let archives = |name: &str| {
        format!(
            "-o oci-archive:{name}.tar -o docker-archive:{name}-docker.tar --tag app:1 {signed}"
        )
    };
    service.built(&archives("one"));
    service.change_a_line();
    service.built(&archives("two"));
    for end in ["", "-docker"] {
        let beside = |name: &str| format!("{name}{end}.provenance.json");
        let other = service.project.sandbox.read(&beside("one"));
        service.project.sandbox.write(&beside("two"), other);
        for key in ["", &service.key("public.pem")] {
            let told = service.verified(&format!("./two{end}.tar {key}"), 1);
            assert_eq!(steps(&told, "failed"), ["provenance"], "{end} {key}: {told:#}");
            let provenance = step(&told, "provenance");
            assert_eq!(rules(provenance)[0], "image/other-subject", "{told:#}");
            let said = words(&provenance["diagnostics"][0]);
            assert!(said.contains(&beside("two")), "{said}");
        }
    }
}
