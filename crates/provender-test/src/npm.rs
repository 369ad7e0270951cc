//! An npm registry on loopback.

use std::collections::BTreeMap;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::http::{HttpServer, Reply};

/// A registry that has one version of each of some packages: packuments and tarballs, as npm, pnpm and yarn ask for
/// them. It ends when dropped.
pub struct FakeRegistry {
    http: HttpServer,
}

impl FakeRegistry {
    /// Starts a registry that clients know as `base` (such as `https://npm.example`), with these packages: name, version,
    /// and what `index.js` holds.
    pub fn start(base: &str, packages: &[(&str, &str, &str)]) -> Self {
        let mut answers: BTreeMap<String, (&'static str, Vec<u8>)> = BTreeMap::new();
        for (name, version, script) in packages {
            let file = format!("/{name}/-/{name}-{version}.tgz");
            let packument = json!({
                "name": name,
                "dist-tags": { "latest": version },
                "versions": {
                    *version: {
                        "name": name,
                        "version": version,
                        "dist": { "tarball": format!("{base}{file}") },
                    },
                },
            });
            answers.insert(format!("/{name}"), ("application/json", packument.to_string().into()));
            answers.insert(file, ("application/octet-stream", tarball(name, version, script)));
        }
        let http = HttpServer::start(move |request| match answers.get(&request.path) {
            Some((content_type, body)) => Reply::new(200, content_type, body.clone()),
            None => Reply::status(404),
        });
        Self { http }
    }

    /// The server below: its address, its record of requests, its faults.
    pub fn http(&self) -> &HttpServer {
        &self.http
    }
}

/// A package's files below `package/`, as `npm pack` makes it.
fn tarball(name: &str, version: &str, script: &str) -> Vec<u8> {
    let manifest = json!({ "name": name, "version": version, "main": "index.js" }).to_string();
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (path, content) in
        [("package/package.json", manifest.as_str()), ("package/index.js", script)]
    {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, content.as_bytes()).expect("a tar in memory");
    }
    tar.into_inner().and_then(GzEncoder::finish).expect("a gzip stream in memory")
}
