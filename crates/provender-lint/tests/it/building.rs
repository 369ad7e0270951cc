//! The fix of a Dockerfile proved by building it behind an intercepting proxy, with the machine's own buildah.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use provender_lint::fix::image::{Content, Provision};
use provender_test::{Authority, FakeIndex, FakeRegistry, InterceptingProxy, Release, left_out};
use tempfile::TempDir;

use crate::buildah::{Buildah, Built};
use crate::images;

const PASSWORD: &str = "hunter2-proxy";

/// The hosts of the example, reachable through an intercepting proxy alone, which wants a password.
struct Company {
    proxy: InterceptingProxy,
    authority: Authority,
    _index: FakeIndex,
    _registry: FakeRegistry,
}

impl Company {
    fn start() -> Self {
        let authority = Authority::named("Corporate inspection");
        let proxy = InterceptingProxy::start(&authority);
        proxy.require_login("build", PASSWORD);
        let index = FakeIndex::with([
            Release::new("fastapi", "0.115.0"),
            Release::new("uvicorn", "0.34.0"),
        ]);
        proxy.route("index.example", index.http().address());
        let registry = FakeRegistry::start(
            "https://npm.example",
            &[("greeting", "1.0.0", "module.exports = 'welcome';")],
        );
        proxy.route("npm.example", registry.http().address());
        Self { proxy, authority, _index: index, _registry: registry }
    }

    fn proxy_with_login(&self) -> String {
        format!("http://build:{PASSWORD}@{}", self.proxy.address())
    }
}

/// The projects' files below a folder of their own.
fn write(texts: &BTreeMap<PathBuf, String>) -> TempDir {
    let place = TempDir::new().unwrap();
    for (path, text) in texts {
        let path = place.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    place
}

/// Writes what a fixed project needs, as the command does.
fn provide(project: &Path, provision: &Provision, authority: &Authority) {
    let folder = project.join(&provision.folder);
    fs::create_dir_all(&folder).unwrap();
    for (name, content) in &provision.files {
        let text = match content {
            // The public roots verify no host of the example.
            Content::FullBundle => authority.pem() + &Authority::named("Some public root").pem(),
            Content::Corporate => authority.pem(),
            Content::Text(text) => text.clone(),
        };
        fs::write(folder.join(name), text).unwrap();
    }
}

fn assert_succeeds(built: &Built) {
    assert!(built.succeeded, "{}", built.log);
}

/// Whether a build failed because npm or pip did not believe a certificate.
fn distrusts(built: &Built) -> bool {
    let words = ["SELF_SIGNED_CERT_IN_CHAIN", "UNABLE_TO_", "CERTIFICATE_VERIFY_FAILED"];
    !built.succeeded && words.iter().any(|word| built.log.contains(word))
}

/// Done-when 1 of lint: three layers of disabled verification for pip and npm become, with a CA given, files that build
/// with verification on behind an intercepting proxy, into an image that holds neither proxy nor CA nor credential.
#[test]
fn the_fixed_shop_builds_verified_behind_an_intercepting_proxy_and_keeps_nothing_of_it() {
    let test =
        "the_fixed_shop_builds_verified_behind_an_intercepting_proxy_and_keeps_nothing_of_it";
    let bases = ["registry.corp.example/python:3.12-slim", "registry.corp.example/node:22"];
    let buildah = match Buildah::with_base(&bases) {
        Ok(buildah) => buildah,
        Err(reason) => return left_out(test, &reason),
    };
    let company = Company::start();
    let address = company.proxy.address().to_string();
    let before: BTreeMap<PathBuf, String> = images::project(&images::cases().join("shop/before"))
        .into_iter()
        .map(|(path, text)| (path, text.replace("proxy.corp.example:3128", &address)))
        .collect();
    let marks = [PASSWORD, address.as_str()];

    // As it is, it builds, and its image holds the password.
    let project = write(&before);
    assert_succeeds(&buildah.build(project.path(), "before", &[]));
    assert!(buildah.look_at("before", &marks).unwrap().inspected.contains(PASSWORD));

    // Without the bypasses alone it does not build.
    let mut deleted = before.clone();
    let text = deleted.get_mut(Path::new("Dockerfile")).unwrap();
    *text = images::merely_deleted("Dockerfile", text);
    assert!(
        !["TRUSTED_HOST", "trusted-host", "strict-ssl", "REJECT_UNAUTHORIZED"]
            .iter()
            .any(|bypass| text.contains(bypass)),
        "{text}"
    );
    let built = buildah.build(write(&deleted).path(), "deleted", &[]);
    assert!(!built.succeeded, "{}", built.log);
    assert!(distrusts(&built), "{}", built.log);

    // Fixed, it builds as its compose file says.
    let fixed = images::fix(before);
    let compose = &fixed.texts[Path::new("compose.yaml")];
    assert!(compose.contains("provender-ca: ./provender-ca\n"), "{compose}");
    assert!(compose.contains("HTTPS_PROXY:\n"), "{compose}");
    let project = write(&fixed.texts);
    let provision = fixed.provision.unwrap();
    provide(project.path(), &provision, &company.authority);
    let context = format!("provender-ca={}", project.path().join("provender-ca").display());
    let proxy = format!("HTTPS_PROXY={}", company.proxy_with_login());
    let options = ["--build-context", &context, "--build-arg", &proxy];
    assert_succeeds(&buildah.build(project.path(), "fixed", &options));

    // Another authority in the folder is not believed: verification is on.
    let stranger = Authority::named("A stranger");
    provide(project.path(), &provision, &stranger);
    let built = buildah.build(project.path(), "stranger", &options);
    assert!(distrusts(&built), "{}", built.log);
    // Without the folder the build verifies with the image's own roots, which do not know the proxy.
    let built = buildah.build(project.path(), "without", &["--build-arg", &proxy]);
    assert!(distrusts(&built), "{}", built.log);

    let pem = company.authority.pem();
    let certificate = pem.lines().nth(2).unwrap();
    let looked_for =
        [PASSWORD, address.as_str(), certificate, "/run/provender-ca", "Corporate inspection"];
    let image = buildah.look_at("fixed", &looked_for).unwrap();
    assert_eq!(image.found, []);
    for mark in [PASSWORD, &address, certificate, "PROXY", "_CA_", "SSL_CERT", "PIP_CERT="] {
        let config = image
            .inspected
            .replace("export NODE_EXTRA_CA_CERTS", "")
            .replace("export PIP_CERT", "");
        assert!(!config.contains(mark), "{mark}: {}", image.inspected);
    }
    assert!(!image.paths.iter().any(|path| path.contains("provender-ca")), "{:?}", image.paths);
    assert_eq!(
        buildah.start("fixed", &["python3", "app.py"]).unwrap(),
        "shop 0.115.0 0.34.0 welcome"
    );
}
