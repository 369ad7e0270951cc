//! A process that is killed while it stocks.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{Read as _, Write as _};
use std::process::{Child, Stdio};

use provender_core::Sha256;
use provender_index::stock::{StockObserver, StockProgress};
use provender_store::{STOCK, Store, Verdict};
use provender_test::Release;
use tempfile::TempDir;

use super::again;
use super::bench::{Bench, LINUX, large, lock, request, run};

const KILLS: usize = 100;
const PROJECTS: usize = 10;

/// Tells of every step on stderr, so that the other side can kill between any two.
struct Steps;

impl StockObserver for Steps {
    fn progress(&self, _: &StockProgress) {
        std::io::stderr().write_all(b".").unwrap();
    }
}

#[tokio::test]
async fn a_killed_process_leaves_nothing_wrong_and_the_next_run_completes() {
    const NAME: &str =
        "stock::killed::a_killed_process_leaves_nothing_wrong_and_the_next_run_completes";
    if let Some(folder) = again::folder() {
        again::work(&folder, &Steps).await;
        return;
    }
    let names: Vec<_> = (0..PROJECTS).map(|number| format!("p{number}")).collect();
    let releases =
        names.iter().map(|name| Release::new(name, "1").file(large(name, 60_000)).sdist());
    let bench = Bench::with(releases).await;
    let pins: Vec<_> = names.iter().map(|name| format!("{name}==1")).collect();
    let pins: Vec<_> = pins.iter().map(String::as_str).collect();
    let text = format!("{LINUX}{}", bench.pins(&pins));
    let folder = quick_folder();
    let data = folder.path().join("data");

    let mut whole = 0;
    let mut seen = BTreeSet::new();
    again::task(folder.path(), &bench.index.url(), &text);
    for _ in 0..KILLS {
        let mut child = again::command(&[], NAME, folder.path());
        let mut child = child.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        kill_at_some_instant(&mut child);
        let store = Store::open(&data).await.unwrap();
        let present = all_is_well(&store, &mut seen).await;
        store.close().await;
        if present == PROJECTS {
            // Everything came through: begin anew.
            whole += 1;
            seen.clear();
            std::fs::remove_dir_all(&data).unwrap();
            std::fs::create_dir(&data).unwrap();
        }
    }
    assert!(whole < KILLS, "no run was killed before its end");
    let store = Store::open(&data).await.unwrap();
    let stocked = run(&store, &bench.index.url(), &request([lock(&text)]), &()).await.unwrap();
    assert!(stocked.is_complete(), "{stocked:?}");
    assert_eq!(all_is_well(&store, &mut BTreeSet::new()).await, PROJECTS);
}

/// A folder in memory where there is one: what a killed process has written is there all the same,
/// and nobody waits for a disk.
fn quick_folder() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap()
}

fn kill_at_some_instant(child: &mut Child) {
    let mut steps = child.stderr.take().unwrap();
    // The first step may be waited for long, till the process has begun; it may also have ended.
    let mut some = vec![0; usize::try_from(random() % 40).unwrap()];
    let _ = steps.read_exact(&mut some);
    for _ in 0..random() % 200_000 {
        std::hint::spin_loop();
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Every file that is called present is what it should be. Returns how many are.
async fn all_is_well(store: &Store, seen: &mut BTreeSet<Sha256>) -> usize {
    for row in store.database().blobs().await.unwrap() {
        assert!(!row.damaged);
        if seen.insert(row.info.sha256) {
            let verdict = store.blobs().verify(&row.info.sha256).await.unwrap();
            assert_eq!(verdict, Verdict::Intact, "{:?}", row.info);
        }
    }
    store.database().all_files(STOCK).await.unwrap().len()
}

/// A number that is another one each time.
fn random() -> u64 {
    RandomState::new().hash_one(())
}
