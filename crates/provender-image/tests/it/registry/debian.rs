//! Debian's docker-registry: plain, over TLS, with passwords, with tokens, and on a line that breaks.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;

use provender_image::Reference;
use provender_image::registry::{Moved, PushOptions, Registry, RegistryError, RegistrySettings};
use provender_test::{Authority, CuttingProxy, Leaf, TokenServer, left_out};

use super::sample::Sample;
use super::{client, client_with, password, trusting};

/// `robot` with the password `open sesame`, as `htpasswd -nbB -C 5` writes it.
const HTPASSWD: &str = "robot:$2y$05$qQz28yVJr2xaQ3Q/3Q4rpOcSz5U9NbSrPj2Sul/x7.sIx4fYaVeKq\n";

/// Pieces of 1 MB for everything that is longer than 10 kB.
const PIECES: PushOptions = PushOptions { monolithic_up_to: 10_000, chunk_size: 1_000_000 };

/// A registry in a folder of its own. It ends when dropped.
pub(super) struct DockerRegistry {
    child: Child,
    pub(super) address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Drop for DockerRegistry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl DockerRegistry {
    /// Starts one whose configuration has these lines besides where it stores and listens; none where
    /// it is not installed.
    pub(super) fn start(test: &str, more: impl FnOnce(&Path) -> String) -> Option<Self> {
        if Command::new("docker-registry").arg("--version").output().is_err() {
            left_out(test, "docker-registry is not installed");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let text = format!(
            "version: 0.1\nlog:\n  level: info\nstorage:\n  filesystem:\n    rootdirectory: {}\n\
             http:\n  addr: 127.0.0.1:0\n  secret: test\n{}\n",
            data.display(),
            more(folder.path()),
        );
        let config = folder.path().join("config.yml");
        std::fs::write(&config, text).unwrap();
        let mut child = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Its log tells which port it got; what comes later is read so that it does not wait for us.
        let log = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut said = String::new();
        let address = lines.iter().find_map(|line| {
            said.push_str(&line);
            said.push('\n');
            let (_, rest) = line.split_once("listening on ")?;
            rest.split([',', '"', ' ']).next()?.parse().ok()
        });
        let address = address.unwrap_or_else(|| panic!("docker-registry ended: {said}"));
        Some(Self { child, address, _folder: folder })
    }

    /// One that is open to everybody over plain http.
    pub(super) fn plain(test: &str) -> Option<Self> {
        Self::start(test, |_| String::new())
    }

    /// One over TLS, with a certificate of this authority.
    pub(super) fn tls(test: &str, authority: &Authority) -> Option<Self> {
        Self::start(test, |folder| {
            let (chain, key) = authority.identity(&Leaf::loopback()).pem();
            std::fs::write(folder.join("tls.crt"), chain).unwrap();
            std::fs::write(folder.join("tls.key"), key).unwrap();
            let at = folder.display();
            format!("  tls:\n    certificate: {at}/tls.crt\n    key: {at}/tls.key\n")
        })
    }

    /// One that wants `robot` and `open sesame`.
    pub(super) fn with_passwords(test: &str) -> Option<Self> {
        Self::start(test, |folder| {
            std::fs::write(folder.join("htpasswd"), HTPASSWD).unwrap();
            let at = folder.display();
            format!("auth:\n  htpasswd:\n    realm: test realm\n    path: {at}/htpasswd\n")
        })
    }

    /// One that wants tokens of this server, which `authority` vouches for.
    pub(super) fn with_tokens(
        test: &str,
        server: &TokenServer,
        authority: &Authority,
    ) -> Option<Self> {
        Self::start(test, |folder| {
            std::fs::write(folder.join("roots.crt"), authority.pem()).unwrap();
            let (at, realm, issuer) = (folder.display(), server.realm(), TokenServer::ISSUER);
            format!(
                "auth:\n  token:\n    realm: {realm}\n    service: test service\n    issuer: {issuer}\n    \
                 rootcertbundle: {at}/roots.crt\n"
            )
        })
    }

    pub(super) fn reference(&self, rest: &str) -> Reference {
        at(self.address, rest)
    }
}

fn at(address: SocketAddr, rest: &str) -> Reference {
    format!("{address}/{rest}").parse().unwrap()
}

/// Pushes an image in pieces, pulls it again, pushes it to another repository and finds it mounted.
async fn goes_and_comes_back(client: &Registry, to: &Reference) {
    let sample = Sample::new(1, &[3_000_000, 10]);
    let pushed = client.push(&sample, to, &PIECES, None).await.unwrap();
    assert_eq!(pushed.digest, sample.root);
    assert!(pushed.blobs.values().all(|moved| *moved == Moved::Sent));
    let folder = tempfile::tempdir().unwrap();
    let image = client.pull(to, None, folder.path(), None).await.unwrap();
    assert_eq!(image.digest(), sample.root);
    for layer in &image.layers {
        std::io::copy(&mut image.layer(layer).unwrap(), &mut std::io::sink()).unwrap();
    }
    let again = client.push(&sample, to, &PIECES, None).await.unwrap();
    assert!(again.blobs.values().all(|moved| *moved == Moved::Held));
    let elsewhere = Reference { repository: "other/place".to_owned(), ..to.clone() };
    let based = Sample { origin: Some(to.clone()), ..sample };
    let mounted = client.push(&based, &elsewhere, &PIECES, None).await.unwrap();
    assert!(mounted.blobs.values().all(|moved| *moved == Moved::Mounted), "{mounted:?}");
}

#[tokio::test]
async fn debians_registry_takes_and_gives_images_in_clear() {
    let test = "debians_registry_takes_and_gives_images_in_clear";
    let Some(registry) = DockerRegistry::plain(test) else { return };
    goes_and_comes_back(&client(), &registry.reference("team/app:1")).await;
}

#[tokio::test]
async fn debians_registry_takes_and_gives_images_over_tls() {
    let test = "debians_registry_takes_and_gives_images_over_tls";
    let authority = Authority::named("Registry CA");
    let Some(registry) = DockerRegistry::tls(test, &authority) else { return };
    let to = registry.reference("team/app:1");
    goes_and_comes_back(&trusting(&authority, RegistrySettings::default()), &to).await;
    let error = client().resolve(&to).await.unwrap_err();
    assert!(error.to_string().contains("not trusted"), "{error}");
}

#[tokio::test]
async fn debians_registry_lets_users_in_by_password() {
    let test = "debians_registry_lets_users_in_by_password";
    let Some(registry) = DockerRegistry::with_passwords(test) else { return };
    let name = registry.address.to_string();
    let to = registry.reference("team/app:1");
    goes_and_comes_back(&client_with(&name, password("robot", "open sesame")), &to).await;
    let refused = client_with(&name, password("robot", "wrong")).resolve(&to).await;
    assert!(matches!(refused, Err(RegistryError::Denied(_))), "{refused:?}");
}

#[tokio::test]
async fn debians_registry_lets_users_in_by_token() {
    let test = "debians_registry_lets_users_in_by_token";
    let authority = Authority::named("Token CA");
    let server = TokenServer::start(&authority, "robot", "open sesame");
    let Some(registry) = DockerRegistry::with_tokens(test, &server, &authority) else { return };
    let name = registry.address.to_string();
    let to = registry.reference("team/app:1");
    goes_and_comes_back(&client_with(&name, password("robot", "open sesame")), &to).await;
    let refused = client_with(&name, password("robot", "wrong")).resolve(&to).await;
    assert!(matches!(refused, Err(RegistryError::Denied(_))), "{refused:?}");
}

#[tokio::test]
async fn an_upload_to_debians_registry_goes_on_after_the_line_broke() {
    let test = "an_upload_to_debians_registry_goes_on_after_the_line_broke";
    let Some(registry) = DockerRegistry::plain(test) else { return };
    let line = CuttingProxy::start(registry.address, 1_500_000, 2);
    let sample = Sample::new(1, &[8_000_000]);
    let to = at(line.address(), "app:1");
    let one_piece = PushOptions { chunk_size: u64::MAX, ..PIECES };
    for (options, tag) in [(PIECES, "pieces"), (one_piece, "one")] {
        let to = Reference { repository: tag.to_owned(), ..to.clone() };
        let pushed = client().push(&sample, &to, &options, None).await.unwrap();
        assert_eq!(pushed.digest, sample.root);
    }
    assert_eq!(line.cuts(), 2);
    let folder = tempfile::tempdir().unwrap();
    let there = registry.reference("pieces:1");
    let image = client().pull(&there, None, folder.path(), None).await.unwrap();
    assert_eq!(image.digest(), sample.root);
}

#[tokio::test]
async fn debians_registry_has_no_list_of_referrers_and_gets_one_under_a_tag() {
    let test = "debians_registry_has_no_list_of_referrers_and_gets_one_under_a_tag";
    let Some(registry) = DockerRegistry::plain(test) else { return };
    let (client, to) = (client(), registry.reference("app:1"));
    let image = Sample::index(&["amd64", "arm64"]);
    client.push(&image, &to, &PIECES, None).await.unwrap();
    let subject = &image.manifest().descriptor;
    for (artifact_type, content) in [("test/sbom", &b"{}"[..]), ("test/other", b"[]")] {
        let attachment = Sample::attachment(subject, artifact_type, content);
        client.push_referrer(&attachment, &to, &PIECES, None).await.unwrap();
    }
    assert_eq!(client.referrers(&to, &image.root, None).await.unwrap().len(), 2);
    assert_eq!(client.referrers(&to, &image.root, Some("test/sbom")).await.unwrap().len(), 1);
}
