//! A server of advisory dumps on loopback.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::http::{HttpServer, Reply};
use crate::osv::osv_zip;
use crate::release::sha256_hex;

const DUMP: &str = "/PyPI/all.zip";

/// A static file server with `ETag` and `If-None-Match` (RFC 9110) that has OSV's dump of the ecosystem `PyPI` at
/// `/PyPI/all.zip`. It ends when dropped.
pub struct AdvisoryServer {
    http: HttpServer,
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

impl AdvisoryServer {
    /// Starts a server whose dump holds `records`.
    pub fn start<R: Into<Value>>(records: impl IntoIterator<Item = R>) -> Self {
        let files: Arc<Mutex<BTreeMap<String, Vec<u8>>>> = Arc::default();
        let http = HttpServer::start({
            let files = Arc::clone(&files);
            move |request| {
                let files = files.lock().expect("no request panics while it holds the files");
                match files.get(&request.path) {
                    Some(bytes) => {
                        let etag = format!("\"{}\"", &sha256_hex(bytes)[..16]);
                        Reply::new(200, "application/zip", bytes.clone())
                            .tagged(request, &etag)
                            .ranged(request)
                    }
                    None => Reply::status(404),
                }
            }
        });
        let server = Self { http, files };
        server.publish(records);
        server
    }

    /// Puts another dump in the place of the present one.
    pub fn publish<R: Into<Value>>(&self, records: impl IntoIterator<Item = R>) {
        self.put(DUMP, osv_zip(records));
    }

    /// Serves `bytes` at `path`.
    pub fn put(&self, path: &str, bytes: Vec<u8>) {
        self.files
            .lock()
            .expect("no request panics while it holds the files")
            .insert(path.to_owned(), bytes);
    }

    /// The dump's URL.
    pub fn url(&self) -> String {
        format!("{}{DUMP}", self.http.base())
    }

    /// The server below: its record of requests, its faults, its login.
    pub fn http(&self) -> &HttpServer {
        &self.http
    }
}
