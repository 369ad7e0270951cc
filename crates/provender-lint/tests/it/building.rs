//! The fix of a Dockerfile proved by building it behind an intercepting proxy, with the machine's own buildah.

use std::fs;
use std::path::{Path, PathBuf};

use provender_test::{Authority, FakeIndex, FakeRegistry, InterceptingProxy, Release, left_out};
use tempfile::TempDir;

use crate::buildah::Buildah;

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

fn copy_tree(from: &Path, to: &Path, change: &dyn Fn(&str) -> String) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_tree(&entry.path(), &target, change);
        } else {
            fs::write(target, change(&fs::read_to_string(entry.path()).unwrap())).unwrap();
        }
    }
}

#[test]
fn probe() {
    let buildah = match Buildah::with_base(&[
        "registry.corp.example/python:3.12-slim",
        "registry.corp.example/node:22",
    ]) {
        Ok(buildah) => buildah,
        Err(reason) => return left_out("probe", &reason),
    };
    let company = Company::start();
    let place = TempDir::new().unwrap();
    let example = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/images/shop/before");
    let address = company.proxy.address().to_string();
    copy_tree(&example, place.path(), &|text| text.replace("proxy.corp.example:3128", &address));
    let built = buildah.build(place.path(), "before", &[]);
    println!("{}", built.log);
    assert!(built.succeeded);
    println!("{:?}", buildah.start("before", &["python3", "app.py"]));
    let image = buildah.look_at("before", &[PASSWORD, &address]).unwrap();
    println!("{:?} {} {}", image.found, image.paths.len(), image.inspected.contains(PASSWORD));
    println!("{}", company.proxy_with_login());
    println!("{}", company.authority.pem());
}
