//! A server that is killed while it pulls, at any instant.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use provender_index::server::serve;
use provender_store::Store;
use provender_test::{DistFile, FakeIndex, Release, left_out};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::client::get;
use crate::served::{Log, assert_intact, path_of, pulling};

const ROUNDS: usize = 100;
const DATA_DIR: &str = "PROVENDER_TEST_KILLED_DATA_DIR";
const UPSTREAM: &str = "PROVENDER_TEST_KILLED_UPSTREAM";

/// What the child does: it is this very test binary, and serves until it is killed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the test that kills it"]
async fn serve_until_killed() {
    let Some(data_dir) = std::env::var_os(DATA_DIR) else { return };
    let upstream = std::env::var(UPSTREAM).unwrap();
    let store = Store::open(Path::new(&data_dir)).await.unwrap();
    let index = pulling(&store, &[&upstream]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // The parent reads this line; the harness has written others before.
    std::io::Write::write_all(&mut std::io::stdout(), format!("\nat {address}\n").as_bytes())
        .unwrap();
    let log = Arc::new(Log::default());
    serve(listener, index, log, std::future::pending()).await.unwrap();
}

/// A file that is long enough to be passed on while it arrives. Its content matters to nobody here.
fn file(round: usize) -> DistFile {
    let filename = format!("project{round}-1.0-py3-none-any.whl");
    let bytes = (0..90_000 + 500 * round).map(|i| ((i * 31 + i / 251 + round) % 256) as u8);
    DistFile { filename, bytes: bytes.collect(), core_metadata: None }
}

/// A child that serves, and its address.
fn start(data_dir: &Path, upstream: &str) -> (Child, SocketAddr) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["killed::serve_until_killed", "--exact", "--ignored", "--nocapture"])
        .env(DATA_DIR, data_dir)
        .env(UPSTREAM, upstream)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let at = lines.filter_map(|line| line.strip_prefix("at ")?.parse().ok()).next();
    (child, at.unwrap())
}

/// Asks for files at once; each comes whole and right, or not whole.
async fn pull(address: SocketAddr, files: Vec<DistFile>) {
    let mut askers = JoinSet::new();
    for file in files {
        askers.spawn(async move {
            let reply = get(address, &path_of(&file)).await;
            assert!(reply.status != 200 || !reply.is_whole() || reply.body == file.bytes);
        });
    }
    askers.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_instant_everything_in_the_store_is_intact() {
    let upstream = FakeIndex::start();
    let mut files = Vec::new();
    for round in 0..ROUNDS {
        let file = file(round);
        upstream.add(&Release::new(&format!("project{round}"), "1.0").file(file.clone()));
        files.push(file);
    }
    let data = tempfile::tempdir().unwrap();
    let mut killed_in_between = 0;
    for round in 0..ROUNDS {
        let (mut child, address) = start(data.path(), &upstream.url());
        let before = upstream.http().count("/files/");
        let pulling = tokio::spawn(pull(address, files[round..(round + 2).min(ROUNDS)].to_vec()));
        // Instants spread over what a pull takes, in an order of no meaning.
        let instant = Duration::from_micros((round as u64 * 7919) % 30_000);
        let _ = tokio::time::timeout(instant, std::future::pending::<()>()).await;
        child.kill().unwrap();
        child.wait().unwrap();
        killed_in_between += usize::from(upstream.http().count("/files/") > before);
        // A refused connection is a client that came too late.
        let _ = pulling.await;
    }
    if killed_in_between == 0 {
        // Under load a child may be killed before it ever asks.
        left_out(
            "whatever_the_instant_everything_in_the_store_is_intact",
            "no kill fell in a pull",
        );
    }

    let store = Store::open(data.path()).await.unwrap();
    assert_intact(&store).await;
    drop(store);
    let (mut child, address) = start(data.path(), &upstream.url());
    for file in &files {
        let reply = get(address, &path_of(file)).await;
        assert!(reply.status == 200 && reply.body == file.bytes);
    }
    child.kill().unwrap();
    child.wait().unwrap();
}
