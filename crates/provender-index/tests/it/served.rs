//! An index that is served from a store of its own, with or without an upstream.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use provender_core::Sha256;
use provender_index::server::{Index, RequestLine, RequestLog, serve};
use provender_index::simple::{JSON, render};
use provender_index::transfer::Transfers;
use provender_index::upstream::{Upstream, Upstreams};
use provender_net::{Client, ClientSettings, RetrySettings};
use provender_store::{BlobInfo, FileRecord, STOCK, Store, Verdict};
use provender_test::{DistFile, FakeIndex, Release, Wheel};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use url::Url;

use crate::client::{Reply, ask, get};

/// How long a silent upstream is waited for by tests that wait for just that.
const SILENCE: Duration = Duration::from_millis(300);

/// A client that gives up soon, and retries once and at once.
pub(crate) fn client() -> Client {
    client_waiting(SILENCE)
}

fn client_waiting(read_timeout: Duration) -> Client {
    let retry = RetrySettings {
        retries: 1,
        first_pause: Duration::ZERO,
        longest_pause: Duration::ZERO,
        longest_retry_after: Duration::ZERO,
    };
    Client::new(ClientSettings { retry, read_timeout, ..ClientSettings::default() }).unwrap()
}

/// The simple APIs at `urls`, in order.
pub(crate) fn upstreams(store: &Store, urls: &[&str]) -> Upstreams {
    let in_order = urls.iter().map(|url| Upstream::new("upstream", url.parse().unwrap()));
    Upstreams::new(store.clone(), client(), in_order.collect(), BTreeMap::default())
}

/// The index over `store` that pulls from the simple API at `urls`, in order.
pub(crate) fn pulling(store: &Store, urls: &[&str]) -> Index {
    let transfers = Transfers::new(store.clone(), client());
    Index::pulling_through(store.clone(), upstreams(store, urls), transfers)
}

/// As [`pulling`], with a client that waits for as long as a test may take.
pub(crate) fn pulling_patiently(store: &Store, urls: &[&str]) -> Index {
    let client = client_waiting(Duration::from_mins(1));
    Index::pulling_through(
        store.clone(),
        upstreams(store, urls),
        Transfers::new(store.clone(), client),
    )
}

/// A running server. It ends when it is dropped.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) store: Store,
    pub(crate) log: Arc<Log>,
    server: JoinHandle<()>,
    shutdown: Option<oneshot::Sender<()>>,
    data: TempDir,
}

#[derive(Default)]
pub(crate) struct Log(Mutex<Vec<RequestLine>>);

impl RequestLog for Log {
    fn request(&self, line: &RequestLine) {
        self.0.lock().unwrap().push(line.clone());
    }
}

impl Log {
    pub(crate) fn lines(&self) -> Vec<RequestLine> {
        self.0.lock().unwrap().clone()
    }
}

impl Served {
    /// A server that asks nobody.
    pub(crate) async fn offline() -> Self {
        Self::start(|store| Index::offline(store.clone())).await
    }

    /// A server that pulls from this index.
    pub(crate) async fn over(upstream: &FakeIndex) -> Self {
        Self::start(|store| pulling(store, &[&upstream.url()])).await
    }

    pub(crate) async fn start(index: impl FnOnce(&Store) -> Index) -> Self {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path()).await.unwrap();
        let index = index(&store);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::new(Log::default());
        let (shutdown, ended) = oneshot::channel::<()>();
        let server = tokio::spawn({
            let log = Arc::clone(&log) as Arc<dyn RequestLog>;
            async move {
                let ended = async { drop(ended.await) };
                serve(listener, index, log, ended).await.unwrap();
            }
        });
        Self { address, store, log, server, shutdown: Some(shutdown), data }
    }

    /// The URL for `--index-url`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/simple/", self.address)
    }

    pub(crate) fn data_dir(&self) -> &Path {
        self.data.path()
    }

    /// Ends the server and waits for it.
    pub(crate) async fn end(mut self) -> Arc<Log> {
        drop(self.shutdown.take());
        (&mut self.server).await.unwrap();
        Arc::clone(&self.log)
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        get(self.address, path).await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        ask(self.address, "GET", path, headers).await
    }

    pub(crate) async fn head(&self, path: &str) -> Reply {
        ask(self.address, "HEAD", path, &[]).await
    }

    /// The page of a project in JSON.
    pub(crate) async fn page(&self, project: &str) -> serde_json::Value {
        let reply = self.get_with(&format!("/simple/{project}/"), &[("Accept", JSON)]).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        serde_json::from_slice(&reply.body).unwrap()
    }

    /// Puts all files of a release into the store, as stocking does.
    pub(crate) async fn stock(&self, release: &Release, project: &str, version: &str) {
        let mut records = Vec::new();
        for file in release.files() {
            let info = self.keep(&file.bytes).await;
            let metadata = match &file.core_metadata {
                Some(metadata) => Some(self.keep(metadata).await.sha256),
                None => None,
            };
            records.push(FileRecord {
                index: STOCK.to_owned(),
                project: project.parse().unwrap(),
                version: version.parse().unwrap(),
                filename: file.filename,
                sha256: info.sha256,
                size: Some(info.size),
                upload_time: None,
                requires_python: None,
                yanked: None,
                metadata,
                url: Some(Url::parse("https://files.example/").unwrap()),
            });
        }
        self.store.database().put_files(&records).await.unwrap();
    }

    async fn keep(&self, bytes: &[u8]) -> BlobInfo {
        let mut spool = self.store.spool().await.unwrap();
        spool.write(bytes).await.unwrap();
        self.store.keep(spool.finish(None).await.unwrap()).await.unwrap()
    }

    /// Nothing is kept yet, and one file is being written.
    pub(crate) async fn assert_empty_but_for_what_arrives(&self) {
        assert_eq!(self.store.blobs().list().await.unwrap(), []);
        assert_eq!(std::fs::read_dir(self.data.path().join("tmp")).unwrap().count(), 1);
    }

    /// Nothing is kept, nothing is half written.
    pub(crate) async fn assert_empty(&self) {
        assert_eq!(self.store.blobs().list().await.unwrap(), []);
        assert_eq!(std::fs::read_dir(self.data.path().join("tmp")).unwrap().count(), 0);
    }
}

/// Every blob that is there or recorded has the bytes that its name says.
pub(crate) async fn assert_intact(store: &Store) {
    for info in store.blobs().list().await.unwrap() {
        assert_eq!(store.blobs().verify(&info.sha256).await.unwrap(), Verdict::Intact);
    }
    for row in store.database().blobs().await.unwrap() {
        assert_eq!(store.blobs().verify(&row.info.sha256).await.unwrap(), Verdict::Intact);
    }
}

/// Where our pages say that a file is.
pub(crate) fn path_of(file: &DistFile) -> String {
    let sha256: Sha256 = file.sha256().parse().unwrap();
    format!("/{}", render::file_path(&sha256, &file.filename))
}

/// A wheel with a module of this many bytes that compress badly.
pub(crate) fn large_wheel(name: &str, bytes: usize) -> DistFile {
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b' ' + u8::try_from(state % 90).unwrap())
    };
    let text: String = (0..bytes).map(|_| next()).collect();
    Wheel::new(name, "1.0").file(&format!("{name}_data.txt"), &text).build()
}

/// A release with one large wheel.
pub(crate) fn large(name: &str, bytes: usize) -> (Release, DistFile) {
    let wheel = large_wheel(name, bytes);
    (Release::new(name, "1.0").file(wheel.clone()), wheel)
}
