//! An image goes to a registry, and only what that registry lacks goes there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use provender_test::{OciRegistry, Request, left_out, osv};
use serde_json::Value;
use tempfile::TempDir;

use super::{Service, layers, platform};
use crate::beside::{Beside, get};
use crate::project::{one_error, says};

/// The digests of the blobs that were uploaded, in order of names.
fn uploaded(registry: &OciRegistry) -> BTreeSet<String> {
    let requests = registry.http().requests();
    let put = |request: &Request| {
        let is_upload = request.method == "PUT" && request.path.contains("/blobs/uploads/");
        let digest = request.query.split('&').find_map(|pair| pair.strip_prefix("digest="))?;
        (is_upload && request.status == Some(201)).then(|| digest.replace("%3A", ":"))
    };
    requests.iter().filter_map(put).collect()
}

/// The digests of the manifests that are listed as being about another one.
fn referrers(registry: &OciRegistry, digest: &str) -> BTreeSet<String> {
    let path = format!("/v2/team/app/referrers/{digest}");
    let list = get(registry.http().address(), &path, "Connection: close\r\n");
    let list: Value = serde_json::from_slice(&list.body).unwrap();
    digests(&list["manifests"])
}

fn digests(list: &Value) -> BTreeSet<String> {
    let listed = list.as_array().unwrap().iter();
    listed.map(|one| one["digest"].as_str().unwrap().to_owned()).collect()
}

fn strings(list: &Value) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

#[test]
fn only_what_changed_goes_to_a_registry() {
    let (service, registry) = (Service::new(), OciRegistry::start());
    let name = format!("{}/team/app", registry.name());
    let first = service.built(&format!("--tag {name}:1"));
    let (_, manifest) = registry.manifest("team/app", "1").unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["layers"].as_array().unwrap().len(), 3);
    let sent = uploaded(&registry);
    assert!(layers(&first).iter().all(|layer| sent.contains(layer)), "{sent:?}");

    registry.http().forget_requests();
    service.built(&format!("--tag {name}:1"));
    let writes = registry.http().requests().into_iter();
    let writes: Vec<_> = writes.filter(|one| !matches!(&*one.method, "GET" | "HEAD")).collect();
    let blobs = writes.iter().filter(|one| one.path.contains("/blobs/"));
    assert_eq!(blobs.count(), 0, "{writes:#?}");

    registry.http().forget_requests();
    service.change_a_line();
    let second = service.built(&format!("--tag {name}:2"));
    let sent = uploaded(&registry);
    let base = manifest["layers"][0]["digest"].as_str().unwrap();
    assert!(!sent.contains(base) && !sent.contains(&layers(&second)[0]), "{sent:?}");
    assert!(sent.contains(&layers(&second)[1]), "{sent:?}");
    assert_ne!(layers(&first)[1], layers(&second)[1]);
}

#[test]
fn what_is_attached_is_listed_with_the_image() {
    for without in [false, true] {
        let (service, registry) = (Service::new(), OciRegistry::start());
        if without {
            registry.without_referrers();
        }
        let built = service.built(&format!("--tag {}/team/app:1", registry.name()));
        let digest = platform(&built)["digest"].as_str().unwrap();
        let attached = strings(&built["attachments"]);
        let listed = if without {
            // As registries before distribution-spec 1.1 have it: an index under a tag.
            let (_, index) = registry.manifest("team/app", &digest.replace(':', "-")).unwrap();
            let index: Value = serde_json::from_slice(&index).unwrap();
            digests(&index["manifests"])
        } else {
            referrers(&registry, digest)
        };
        assert_eq!(listed, attached, "{without}");
        assert_eq!(listed.len(), 2);
    }
}

#[test]
fn an_image_in_a_registry_is_scanned_and_built_upon() {
    let (service, registry) = (Service::new(), OciRegistry::start());
    let name = format!("{}/team/app:1", registry.name());
    let built = service.built(&format!("--tag {name}"));
    service.project.advisories.publish([osv("X-1", "other").introduced("0")]);
    service.project.run("advisories update").exits(0);
    let scanned = service.project.json(&format!("image scan {name}"));
    assert_eq!(scanned["digest"], built["digest"]);

    registry.http().forget_requests();
    let above = format!("{}/team/above", registry.name());
    let arguments = format!("image build --base {name} --tag {above}:1 --format json");
    let run = service.project.run(&arguments).exits(0);
    let told: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(platform(&told)["base_digest"], built["digest"]);
    let (_, manifest) = registry.manifest("team/above", "1").unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let annotations = &manifest["annotations"];
    assert_eq!(annotations["org.opencontainers.image.base.digest"], built["digest"]);
    // The base's layers are mounted from the other repository, and not sent again.
    let sent = uploaded(&registry);
    let below = manifest["layers"].as_array().unwrap().iter().take(3);
    for layer in below {
        assert!(!sent.contains(layer["digest"].as_str().unwrap()), "{layer}: {sent:?}");
    }
}

#[test]
fn a_registry_that_lets_nobody_in_is_named_and_no_password_is_shown() {
    let (service, registry) = (Service::new(), OciRegistry::start());
    registry.require_tokens("robot", "open sesame", false);
    let name = registry.name();
    let arguments = service.arguments(&format!("--tag {name}/team/app:1"));
    let run = service.project.run(&arguments).exits(2);
    one_error(&run);
    says(&run, &["image/registry", &name]);

    let login = |password: &str| {
        let home = service.project.sandbox.home();
        fs::create_dir_all(home.join(".docker")).unwrap();
        let text = serde_json::json!({
            "auths": { &name: { "username": "robot", "password": password } }
        });
        fs::write(home.join(".docker/config.json"), text.to_string()).unwrap();
        service.project.run(&arguments)
    };
    let run = login("open barley").exits(2);
    says(&run, &["image/registry", &name]);
    assert!(!run.to_string().contains("barley"), "{run}");
    let run = login("open sesame").exits(0);
    assert!(!run.to_string().contains("sesame"), "{run}");
    assert!(registry.manifest("team/app", "1").is_some());
}

#[test]
fn no_registry_is_asked_offline() {
    let (service, registry) = (Service::new(), OciRegistry::start());
    let name = format!("{}/team/app:1", registry.name());
    service.built(&format!("--tag {name}"));
    registry.http().forget_requests();
    for args in [
        format!("image build --offline --base {name} -o oci:out --tag app:1"),
        format!("image scan --offline {name} --allow-stale"),
    ] {
        one_error(&service.project.run(&args).exits(2));
        assert_eq!(registry.http().requests().len(), 0, "{args}");
    }
}

#[test]
fn a_base_that_was_pulled_by_its_digest_is_not_asked_for_again() {
    let (service, registry) = (Service::new(), OciRegistry::start());
    let name = format!("{}/team/app:1", registry.name());
    let built = service.built(&format!("--tag {name}"));
    let digest = built["digest"].as_str().unwrap();
    let build = format!("image build --base {name}@{digest} -o oci:out --tag app:1");
    service.project.run(&format!("{build} --offline")).exits(2);
    let online = service.project.run(&build).exits(0);
    registry.http().forget_requests();
    for build in [build.clone(), format!("{build} --offline")] {
        let again = service.project.run(&build).exits(0);
        assert_eq!(again.stdout.lines().last(), online.stdout.lines().last());
        assert_eq!(registry.http().requests().len(), 0, "{build}");
    }
}

/// Debian's registry, in a folder of its own. It ends when dropped.
struct DockerRegistry {
    folder: TempDir,
    name: String,
    _program: Beside,
}

impl DockerRegistry {
    /// Starts one that is open to everybody; none where it is not installed.
    fn start(test: &str) -> Option<Self> {
        if Command::new("docker-registry").arg("--version").output().is_err() {
            left_out(test, "docker-registry is not installed");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config.yml");
        let text = format!(
            "version: 0.1\nlog:\n  level: info\nstorage:\n  filesystem:\n    rootdirectory: {}\n\
             http:\n  addr: 127.0.0.1:0\n  secret: test\n",
            folder.path().join("data").display()
        );
        fs::write(&config, text).unwrap();
        let program = Beside::start(Command::new("docker-registry").arg("serve").arg(&config));
        let line = program.stderr.with("listening on ");
        let (_, address) = line.split_once("listening on ").unwrap();
        let name = address.split([',', '"', ' ']).next().unwrap().to_owned();
        Some(Self { folder, name, _program: program })
    }

    /// The blobs that it keeps.
    fn blobs(&self) -> BTreeSet<String> {
        let root = self.folder.path().join("data/docker/registry/v2/blobs/sha256");
        let folders = |path: PathBuf| {
            let entries = fs::read_dir(path).into_iter().flatten();
            entries.map(|entry| entry.unwrap().path()).collect::<Vec<_>>()
        };
        let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        folders(root)
            .into_iter()
            .flat_map(folders)
            .map(|path| format!("sha256:{}", name(&path)))
            .collect()
    }
}

#[test]
fn debian_s_registry_gets_one_layer_for_one_changed_line() {
    let test = "debian_s_registry_gets_one_layer_for_one_changed_line";
    let Some(registry) = DockerRegistry::start(test) else { return };
    let service = Service::new();
    let tag = |tag: &str| format!("{}/team/app:{tag}", registry.name);
    let first = service.built(&format!("--tag {}", tag("1")));
    let there = registry.blobs();
    assert!(there.contains(first["digest"].as_str().unwrap()), "{there:?}");
    assert!(layers(&first).iter().all(|layer| there.contains(layer)));
    service.built(&format!("--tag {}", tag("1")));
    assert_eq!(registry.blobs(), there, "nothing new, although it was pushed again");

    service.change_a_line();
    let second = service.built(&format!("--tag {}", tag("2")));
    let new: BTreeSet<_> = registry.blobs().difference(&there).cloned().collect();
    assert!(new.contains(&layers(&second)[1]) && new.contains(second["digest"].as_str().unwrap()));
    // Layer, configuration and manifest; document and manifest of two attachments; the list of them, which
    // is written for each of them anew.
    assert!(new.len() <= 3 + 4 + 2, "{new:?}");

    service.project.advisories.publish([osv("X-1", "other").introduced("0")]);
    service.project.run("advisories update").exits(0);
    let scanned = service.project.json(&format!("image scan {}", tag("2")));
    assert_eq!(scanned["digest"], second["digest"]);

    let mut skopeo = Command::new("skopeo");
    let source = format!("docker://{}", tag("2"));
    skopeo.args(["inspect", "--tls-verify=false", &source]);
    let home = service.project.sandbox.home();
    skopeo.env("HOME", &home).env("XDG_RUNTIME_DIR", &home);
    for proxy in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        skopeo.env_remove(proxy).env_remove(proxy.to_lowercase());
    }
    let Ok(seen) = skopeo.output() else {
        return left_out(&format!("{test}, skopeo"), "skopeo is not installed");
    };
    let said = String::from_utf8_lossy(&seen.stderr);
    let seen: Value =
        serde_json::from_slice(&seen.stdout).unwrap_or_else(|e| panic!("{e}: {said}"));
    assert_eq!(seen["Digest"], second["digest"]);
    assert_eq!(seen["Architecture"], "amd64");
}
