//! One image for several platforms.

use std::fs;
use std::path::Path;

use provender_image::source::{self, WantedImage};
use provender_image::{Digest, Location, MediaType, Platform};
use provender_test::OciRegistry;
use serde_json::{Value, json};

use super::{Service, base};
use crate::project::fails;

const BOTH: &str = "--platform linux/amd64 --platform linux/arm64";

/// A service on a base that is there for two processors.
struct OnBoth(Service);

impl OnBoth {
    fn new() -> Self {
        let service = Service::new();
        write_base(&service.project.sandbox.home().join("both"));
        Self(service)
    }

    fn arguments(&self, args: &str) -> String {
        let base = self.0.project.sandbox.home().join("both");
        format!("image build --base oci:{} {args}", base.display())
    }

    #[track_caller]
    fn built(&self, args: &str) -> Value {
        let run = self.0.project.run(&self.arguments(&format!("{args} --format json")));
        serde_json::from_str(&run.exits(0).stdout).unwrap()
    }
}

/// Writes a layout with an index of two images, each a root file system.
fn write_base(folder: &Path) {
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    let keep = |media_type: &str, bytes: &[u8]| {
        let digest = Digest::of(bytes);
        fs::write(blobs.join(digest.hex()), bytes).unwrap();
        json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
    };
    let document = |media_type: &str, document: Value| {
        keep(media_type, &serde_json::to_vec(&document).unwrap())
    };
    let image = |architecture: &str, root: Vec<u8>| {
        let layer = keep("application/vnd.oci.image.layer.v1.tar", &root);
        let config = json!({
            "os": "linux", "architecture": architecture,
            "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
        });
        let config = document(MediaType::OCI_CONFIG, config);
        let mut listed = document(
            MediaType::OCI_MANIFEST,
            json!({"schemaVersion": 2, "config": config, "layers": [layer]}),
        );
        listed["platform"] = json!({"os": "linux", "architecture": architecture});
        listed
    };
    let manifests =
        [image("amd64", base::debian_with_python()), image("arm64", base::debian_for_arm())];
    let index = document(
        MediaType::OCI_INDEX,
        json!({"schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": manifests}),
    );
    let layout = json!({"schemaVersion": 2, "manifests": [index]});
    fs::write(folder.join("index.json"), layout.to_string()).unwrap();
    fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
}

/// The digests of an index by architecture, in its order.
fn listed(index: &Value) -> Vec<(&str, &str)> {
    assert_eq!(index["mediaType"], MediaType::OCI_INDEX);
    let manifests = index["manifests"].as_array().unwrap().iter();
    manifests
        .map(|one| {
            let architecture = one["platform"]["architecture"].as_str().unwrap();
            (architecture, one["digest"].as_str().unwrap())
        })
        .collect()
}

/// What a build told of its platforms, in the same form.
fn told(built: &Value) -> Vec<(&str, &str)> {
    let platforms = built["platforms"].as_array().unwrap().iter();
    platforms
        .map(|one| {
            let platform = one["platform"].as_str().unwrap();
            (platform.strip_prefix("linux/").unwrap(), one["digest"].as_str().unwrap())
        })
        .collect()
}

#[test]
fn a_layout_gets_an_index_with_an_image_for_each() {
    let both = OnBoth::new();
    let built = both.built(&format!("{BOTH} -o oci:layout -o oci-archive:image.tar --tag app:1"));
    let told = told(&built);
    assert_eq!(told.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["amd64", "arm64"]);
    let layout = both.0.project.sandbox.path("layout");
    let digest: Digest = built["digest"].as_str().unwrap().parse().unwrap();
    let index = fs::read(layout.join("blobs/sha256").join(digest.hex())).unwrap();
    assert_eq!(listed(&serde_json::from_slice(&index).unwrap()), told);
    for (prefix, name) in [("oci", "layout"), ("oci-archive", "image.tar")] {
        let path = both.0.project.sandbox.path(name);
        let location: Location = format!("{prefix}:{}", path.display()).parse().unwrap();
        for (architecture, digest) in &told {
            let platform = Some(Platform::linux(architecture));
            let image =
                source::open(&location, &WantedImage { platform, ..WantedImage::default() })
                    .unwrap();
            assert_eq!(image.digest().to_string(), *digest);
            assert_eq!(image.config.platform, Platform::linux(architecture));
            assert_eq!(image.config.config.user, "10001:10001");
            let tree = super::tree_of(&image);
            assert!(tree.get(&format!("usr/lib/{}-linux-gnu", processor(architecture))).is_some());
            assert_eq!(tree.text("app/app/__main__.py").as_deref(), Some(super::MAIN));
        }
    }
    // A bill of materials and a provenance for each.
    assert_eq!(built["attachments"].as_array().unwrap().len(), 4);
}

fn processor(architecture: &str) -> &str {
    if architecture == "arm64" { "aarch64" } else { "x86_64" }
}

#[test]
fn a_registry_gets_the_index_and_what_it_lists() {
    let (both, registry) = (OnBoth::new(), OciRegistry::start());
    let built = both.built(&format!("{BOTH} --tag {}/team/app:1", registry.name()));
    let (media_type, index) = registry.manifest("team/app", "1").unwrap();
    assert_eq!(media_type, MediaType::OCI_INDEX);
    assert_eq!(Digest::of(&index).to_string(), built["digest"]);
    let index = serde_json::from_slice(&index).unwrap();
    let listed = listed(&index);
    assert_eq!(listed, told(&built));
    for (architecture, digest) in listed {
        let (_, manifest) = registry.manifest("team/app", digest).unwrap();
        assert_eq!(Digest::of(&manifest).to_string(), digest);
        // What was pushed can be built upon, for one of its platforms.
        let above = both.0.project.run(&format!(
            "image build --base {}/team/app:1 --platform linux/{architecture} -o oci:above --tag {architecture}:1 --format json",
            registry.name()
        ));
        let above: Value = serde_json::from_str(&above.exits(0).stdout).unwrap();
        assert_eq!(above["platforms"][0]["base_digest"], digest);
    }
}

#[test]
fn settings_name_the_platforms_as_well() {
    let both = OnBoth::new();
    let by_option = both.built(&format!("{BOTH} -o oci:layout --tag app:1"));
    let platforms = "platforms = ['linux/amd64', 'linux/arm64']\n";
    both.0.project.settings(&format!("{}{platforms}", super::IMAGE));
    assert_eq!(both.built("-o oci:layout --tag app:1")["digest"], by_option["digest"]);
    let one = both.built("--platform linux/arm64 -o oci:one --tag app:1");
    assert_eq!(one["digest"], by_option["platforms"][1]["digest"], "an index adds nothing");
}

#[test]
fn platforms_that_cannot_be_had_or_written_are_refused_by_name() {
    let both = OnBoth::new();
    let refused = |args: &str, words: &[&str]| {
        fails(&both.0.project, &both.arguments(args), 2, words);
    };
    let out = "-o oci:layout --tag app:1";
    let known = ["image/unreadable", "linux/s390x", "linux/amd64", "linux/arm64", "--platform"];
    refused(&format!("{BOTH} --platform linux/s390x {out}"), &known);
    refused(out, &["image/unreadable", "linux/amd64", "linux/arm64", "--platform"]);
    let twice = format!("{BOTH} --platform linux/arm64 {out}");
    refused(&twice, &["image/output", "linux/arm64 is named twice"]);
    let words =
        ["docker-archive:image.tar", "one platform", "linux/amd64, linux/arm64", "oci-archive:"];
    refused(&format!("{BOTH} -o docker-archive:image.tar --tag app:1"), &words);
    assert!(!both.0.project.sandbox.has("layout") && !both.0.project.sandbox.has("image.tar"));
}
