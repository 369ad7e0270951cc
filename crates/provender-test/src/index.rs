//! A package index on loopback.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::authority::Authority;
use crate::http::{Handler, HttpServer, Reply, Request};
use crate::metadata::normalize;
use crate::page::{self, ListedFile};
use crate::release::{Release, sha256_hex};

/// The caching headers of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caching {
    /// Neither `Cache-Control` nor `ETag`, as most static file servers inside closed networks answer.
    None,
    /// An `ETag`, so that a page or a file can be asked for again at the price of a `304`.
    Etag,
    /// An `ETag`, and for pages `Cache-Control: max-age` with so many seconds.
    MaxAge(u32),
}

/// An index at `http://127.0.0.1:PORT/simple/` that serves the simple API in HTML (PEP 503) and JSON (PEP 691) with hashes,
/// sizes, upload times, yanked marks, `requires-python` and metadata files (PEP 658), and the files with ranges.
/// It can be changed while it runs and ends when dropped.
pub struct FakeIndex {
    http: HttpServer,
    content: Arc<Mutex<Content>>,
}

struct Content {
    /// Files by normalized project, then version.
    projects: BTreeMap<String, BTreeMap<String, Vec<ListedFile>>>,
    caching: Caching,
    json: bool,
    core_metadata: bool,
    ranges: bool,
}

impl FakeIndex {
    /// Starts an index without projects and without caching headers.
    pub fn start() -> Self {
        Self::start_with(HttpServer::start)
    }

    /// As [`start`](Self::start), over TLS with a certificate of `authority`.
    pub fn start_tls(authority: &Authority) -> Self {
        Self::start_with(|handler| HttpServer::start_tls(authority, handler))
    }

    fn start_with(serve: impl FnOnce(Box<Handler>) -> HttpServer) -> Self {
        let content = Arc::new(Mutex::new(Content {
            projects: BTreeMap::new(),
            caching: Caching::None,
            json: true,
            core_metadata: true,
            ranges: true,
        }));
        let http = serve({
            let content = Arc::clone(&content);
            Box::new(move |request| lock(&content).answer(request))
        });
        Self { http, content }
    }

    /// Starts an index with these releases.
    pub fn with(releases: impl IntoIterator<Item = Release>) -> Self {
        let index = Self::start();
        for release in releases {
            index.add(&release);
        }
        index
    }

    /// Adds a release, or puts it in the place of the one with the same project and version.
    pub fn add(&self, release: &Release) {
        let files = release
            .files()
            .into_iter()
            .map(|file| ListedFile {
                version: release.metadata.version.clone(),
                file,
                requires_python: release.metadata.requires_python.clone(),
                yanked: release.yanked.clone(),
                upload_time: release.upload_time.clone(),
                hashes: release.hashes,
            })
            .collect();
        lock(&self.content)
            .projects
            .entry(normalize(&release.metadata.name))
            .or_default()
            .insert(release.metadata.version.clone(), files);
    }

    /// Removes a release; a project without releases is unknown.
    pub fn remove(&self, project: &str, version: &str) {
        let mut content = lock(&self.content);
        let project = normalize(project);
        if let Some(releases) = content.projects.get_mut(&project) {
            releases.remove(version);
            if releases.is_empty() {
                content.projects.remove(&project);
            }
        }
    }

    /// The URL to give to `--index`, with a slash at its end.
    pub fn url(&self) -> String {
        format!("{}/simple/", self.http.base())
    }

    /// The server below: its record of requests, its faults, its login. Pages are at `/simple/PROJECT/`, files at
    /// `/files/FILENAME` and `/files/FILENAME.metadata`.
    pub fn http(&self) -> &HttpServer {
        &self.http
    }

    /// Every file of a project's release: name and SHA-256 in hexadecimal.
    pub fn hashes(&self, project: &str, version: &str) -> Vec<(String, String)> {
        lock(&self.content)
            .projects
            .get(&normalize(project))
            .and_then(|releases| releases.get(version))
            .into_iter()
            .flatten()
            .map(|listed| (listed.file.filename.clone(), listed.file.sha256()))
            .collect()
    }

    /// Sets the caching headers of pages and files.
    pub fn set_caching(&self, caching: Caching) {
        lock(&self.content).caching = caching;
    }

    /// Sets whether pages are there in JSON too.
    pub fn set_json(&self, json: bool) {
        lock(&self.content).json = json;
    }

    /// Sets whether wheels have a metadata file (PEP 658).
    pub fn set_core_metadata(&self, core_metadata: bool) {
        lock(&self.content).core_metadata = core_metadata;
    }

    /// Sets whether files can be asked for in parts.
    pub fn set_ranges(&self, ranges: bool) {
        lock(&self.content).ranges = ranges;
    }
}

fn lock(content: &Mutex<Content>) -> MutexGuard<'_, Content> {
    content.lock().expect("no request panics while it holds the content")
}

impl Content {
    fn answer(&self, request: &Request) -> Reply {
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            return Reply::status(405);
        }
        let segments: Vec<_> = request.path.trim_matches('/').split('/').collect();
        match segments[..] {
            ["simple"] => {
                let json = self.speaks_json(request);
                self.page(request, json, page::root(self.projects.keys().map(String::as_str), json))
            }
            ["simple", project] => self.project(request, project),
            ["files", filename] => self.file(request, &filename.replace("%2B", "+")),
            _ => Reply::status(404),
        }
    }

    fn project(&self, request: &Request, project: &str) -> Reply {
        let Some(releases) = self.projects.get(project) else {
            return Reply::status(404);
        };
        let files: Vec<_> = releases.values().flatten().cloned().collect();
        let json = self.speaks_json(request);
        let body = match json {
            true => page::project_json(project, &files, self.core_metadata),
            false => page::project_html(project, &files, self.core_metadata),
        };
        self.page(request, json, body)
    }

    fn speaks_json(&self, request: &Request) -> bool {
        self.json && request.header("accept").is_some_and(page::wants_json)
    }

    fn page(&self, request: &Request, json: bool, body: Vec<u8>) -> Reply {
        let reply = Reply::new(200, if json { page::JSON } else { page::HTML }, body);
        match self.caching {
            Caching::MaxAge(seconds) => self
                .tagged(request, reply)
                .header("Cache-Control", &format!("max-age={seconds}, public")),
            Caching::None | Caching::Etag => self.tagged(request, reply),
        }
    }

    fn tagged(&self, request: &Request, reply: Reply) -> Reply {
        if self.caching == Caching::None {
            return reply;
        }
        let etag = format!("\"{}\"", &sha256_hex(&reply.body)[..16]);
        reply.tagged(request, &etag)
    }

    fn file(&self, request: &Request, filename: &str) -> Reply {
        let metadata_of = filename.strip_suffix(".metadata").filter(|_| self.core_metadata);
        let wanted = metadata_of.unwrap_or(filename);
        let Some(listed) = self
            .projects
            .values()
            .flat_map(BTreeMap::values)
            .flatten()
            .find(|listed| listed.file.filename == wanted)
        else {
            return Reply::status(404);
        };
        if metadata_of.is_some() {
            return match &listed.file.core_metadata {
                Some(metadata) => Reply::new(200, "application/octet-stream", metadata.clone()),
                None => Reply::status(404),
            };
        }
        let reply = Reply::new(200, "application/octet-stream", listed.file.bytes.clone());
        let reply = self.tagged(request, reply);
        if self.ranges { reply.ranged(request) } else { reply }
    }
}
