//! What we push skopeo pulls, and the other way round.

use std::path::Path;
use std::process::Command;

use provender_image::Blobs as _;
use provender_image::registry::{BlobFolder, PushOptions, RegistrySettings};
use provender_test::{Authority, left_out};

use super::debian::DockerRegistry;
use super::sample::Sample;
use super::{client, client_with, password, trusting};

/// Copies bytes as they are, where skopeo would compress layers.
const KEEP: &str = "--preserve-digests";

/// Runs skopeo away from the machine's own configuration; none where it is not installed.
fn skopeo(test: &str, home: &Path, arguments: &[&str]) -> Option<()> {
    let run = Command::new("skopeo")
        .arg("--insecure-policy")
        .args(arguments)
        .env("HOME", home)
        .env("XDG_RUNTIME_DIR", home)
        .env_remove("HTTPS_PROXY")
        .env_remove("HTTP_PROXY")
        .env_remove("https_proxy")
        .env_remove("http_proxy")
        .output();
    let Ok(output) = run else {
        left_out(test, "skopeo is not installed");
        return None;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "skopeo {arguments:?}: {said}");
    Some(())
}

#[tokio::test]
async fn skopeo_pulls_what_we_push_and_we_pull_what_skopeo_pushes() {
    let test = "skopeo_pulls_what_we_push_and_we_pull_what_skopeo_pushes";
    let Some(registry) = DockerRegistry::plain(test) else { return };
    let (client, folder) = (client(), tempfile::tempdir().unwrap());
    let (ours, theirs) = (registry.reference("ours:1"), registry.reference("theirs:1"));
    let sample = Sample::index(&["amd64", "arm64"]);
    client.push(&sample, &ours, &PushOptions::default(), None).await.unwrap();
    let layout = format!("oci:{}/layout:1", folder.path().display());
    let pull =
        ["copy", "--all", KEEP, "--src-tls-verify=false", &format!("docker://{ours}"), &layout];
    let push =
        ["copy", "--all", KEEP, "--dest-tls-verify=false", &layout, &format!("docker://{theirs}")];
    if skopeo(test, folder.path(), &pull).is_none() {
        return;
    }
    skopeo(test, folder.path(), &push).unwrap();
    let blobs = BlobFolder::new(folder.path().join("layout"));
    assert!(sample.blobs.iter().all(|(blob, _)| blobs.holds(&blob.digest)));
    assert_eq!(client.resolve(&theirs).await.unwrap().digest, sample.root);
    // In docker's words too, and compressed.
    let docker = registry.reference("docker:1");
    let to = format!("docker://{docker}");
    let first =
        ["copy", "--format=v2s2", "--dest-tls-verify=false", "--dest-compress", &layout, &to];
    let first = [&["--override-arch=amd64"][..], &first].concat();
    skopeo(test, folder.path(), &first).unwrap();
    let pulled = folder.path().join("pulled");
    let image = client.pull(&docker, None, &pulled, None).await.unwrap();
    assert!(image.descriptor.media_type.as_str().contains("docker"));
    std::io::copy(&mut image.layer(&image.layers[0]).unwrap(), &mut std::io::sink()).unwrap();
}

#[tokio::test]
async fn skopeo_and_we_agree_over_tls_and_with_passwords() {
    let test = "skopeo_and_we_agree_over_tls_and_with_passwords";
    let authority = Authority::named("Registry CA");
    let Some(registry) = DockerRegistry::tls(test, &authority) else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.crt"), authority.pem()).unwrap();
    let sample = Sample::new(1, &[100_000]);
    let ours = registry.reference("ours:1");
    let trusting = trusting(&authority, RegistrySettings::default());
    trusting.push(&sample, &ours, &PushOptions::default(), None).await.unwrap();
    let layout = format!("oci:{}/layout:1", folder.path().display());
    let certificates = format!("--src-cert-dir={}", folder.path().display());
    let pull = ["copy", KEEP, &certificates, &format!("docker://{ours}"), &layout];
    if skopeo(test, folder.path(), &pull).is_none() {
        return;
    }
    let Some(registry) = DockerRegistry::with_passwords(test) else { return };
    let theirs = registry.reference("theirs:1");
    let to = format!("docker://{theirs}");
    let credentials = "--dest-creds=robot:open sesame";
    let push = ["copy", KEEP, "--dest-tls-verify=false", credentials, &layout, &to];
    skopeo(test, folder.path(), &push).unwrap();
    let robot = client_with(&registry.address.to_string(), password("robot", "open sesame"));
    assert_eq!(robot.resolve(&theirs).await.unwrap().digest, sample.root);
}
