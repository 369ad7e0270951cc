//! Processes that are killed, and processes that work on one store at once.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use provender_core::{ProjectName, Sha256, Version};
use provender_store::{FileRecord, STOCK, Store, Verdict};
use tempfile::TempDir;

use crate::again;
use crate::data_directory::kept;

const KILLS: usize = 100;

#[tokio::test]
async fn a_killed_process_leaves_no_row_without_its_blob_and_only_garbage() {
    const NAME: &str =
        "processes::a_killed_process_leaves_no_row_without_its_blob_and_only_garbage";
    if let Some(folder) = again::folder() {
        work_until_killed(&folder).await;
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut seen = BTreeSet::new();
    for _ in 0..KILLS {
        let mut child = again::command(NAME, folder.path()).stderr(Stdio::piped()).spawn().unwrap();
        kill_at_some_instant(&mut child);
        let store = Store::open(folder.path()).await.unwrap();
        all_is_well(&store, &mut seen).await;
        store.close().await;
    }
    let store = Store::open(folder.path()).await.unwrap();
    all_is_well(&store, &mut BTreeSet::new()).await;
    assert!(store.database().verify().await.unwrap().is_empty());

    let later = Timestamp::now() + Duration::from_secs(60);
    store.collect_garbage(Duration::ZERO, later).await.unwrap();
    assert_eq!(fs::read_dir(store.tmp()).unwrap().count(), 0);
    let rows = store.database().blobs().await.unwrap();
    let named: Vec<_> = rows.iter().map(|row| row.info.sha256).collect();
    let left = store.blobs().list().await.unwrap();
    assert!(!named.is_empty());
    assert!(left.iter().map(|info| info.sha256).eq(named));
}

/// Keeps and discards in a loop, and tells of every step on stderr.
async fn work_until_killed(data: &Path) {
    let store = Store::open(data).await.unwrap();
    tokio::join!(keep_for_ever(&store, "a"), keep_for_ever(&store, "b"));
}

async fn keep_for_ever(store: &Store, project: &str) {
    let step = || std::io::stderr().write_all(b".").unwrap();
    for number in 0_u64.. {
        let random = random();
        let content = random.to_le_bytes().repeat(usize::try_from(random % 4000).unwrap());
        let mut spool = store.spool().await.unwrap();
        step();
        spool.write(&content).await.unwrap();
        step();
        let spooled = spool.finish(None).await.unwrap();
        step();
        let sha256 = store.keep(spooled).await.unwrap().sha256;
        step();
        // The same again, as another asker might.
        if random.is_multiple_of(3) {
            assert_eq!(kept(store, &content).await, sha256);
            step();
        }
        let version: Version = format!("{random}.{number}").parse().unwrap();
        let project: ProjectName = project.parse().unwrap();
        let files = release(&project, &version, sha256);
        store.database().put_release(STOCK, &project, &version, &files).await.unwrap();
        step();
        if random.is_multiple_of(5) {
            store.discard(&sha256).await.unwrap();
            step();
        }
    }
}

/// Three files of a release, which are there together or not at all.
fn release(project: &ProjectName, version: &Version, sha256: Sha256) -> [FileRecord; 3] {
    [".tar.gz", ".zip", "-py3-none-any.whl"].map(|end| FileRecord {
        index: STOCK.to_owned(),
        project: project.clone(),
        version: version.clone(),
        filename: format!("{project}-{version}{end}"),
        sha256,
        size: None,
        upload_time: None,
        requires_python: None,
        yanked: None,
        metadata: None,
        url: None,
    })
}

fn kill_at_some_instant(child: &mut Child) {
    let mut steps = child.stderr.take().unwrap();
    let mut some = vec![0; usize::try_from(random() % 30).unwrap()];
    steps.read_exact(&mut some).unwrap();
    for _ in 0..random() % 100_000 {
        std::hint::spin_loop();
    }
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());
}

/// Every row that was not seen yet has its intact blob, and every release all its files.
async fn all_is_well(store: &Store, seen: &mut BTreeSet<Sha256>) {
    for row in store.database().blobs().await.unwrap() {
        assert!(!row.damaged);
        if seen.insert(row.info.sha256) {
            let verdict = store.blobs().verify(&row.info.sha256).await.unwrap();
            assert_eq!(verdict, Verdict::Intact, "{:?}", row.info);
        }
    }
    for project in ["a", "b"] {
        let files = store.database().project_files(STOCK, &project.parse().unwrap()).await.unwrap();
        for release in files.chunk_by(|a, b| a.record.version == b.record.version) {
            assert_eq!(release.len(), 3);
        }
    }
}

const CONTENTS: u32 = 40;

#[tokio::test]
async fn processes_that_keep_the_same_files_and_one_that_collects_garbage_do_no_harm() {
    const NAME: &str =
        "processes::processes_that_keep_the_same_files_and_one_that_collects_garbage_do_no_harm";
    if let Some(folder) = again::folder() {
        keep_all(&folder).await;
        return;
    }
    let folder = TempDir::new().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    // Old garbage under just those names, so that it is collected while it is kept anew.
    for number in 0..CONTENTS {
        let sha256 = kept(&store, &content(number)).await;
        store.database().forget_blob(&sha256).await.unwrap();
        let path = store.blobs().local_path(&sha256).await.unwrap();
        let old = SystemTime::now() - Duration::from_secs(86_400);
        File::options().write(true).open(path).unwrap().set_modified(old).unwrap();
    }
    let start = || again::command(NAME, folder.path()).spawn().unwrap();
    let mut children = [start(), start()];
    loop {
        let ended = children.each_mut().map(|child| child.try_wait().unwrap());
        store.collect_garbage(Duration::from_secs(3600), Timestamp::now()).await.unwrap();
        if let [Some(one), Some(other)] = ended {
            assert!(one.success() && other.success());
            break;
        }
    }
    let rows = store.database().blobs().await.unwrap();
    assert_eq!(rows.len(), usize::try_from(CONTENTS).unwrap());
    for row in rows {
        let verdict = store.blobs().verify(&row.info.sha256).await.unwrap();
        assert_eq!(verdict, Verdict::Intact);
    }
    assert_eq!(store.database().all_files(STOCK).await.unwrap().len(), 120);
}

async fn keep_all(data: &Path) {
    let store = Store::open(data).await.unwrap();
    for number in 0..CONTENTS {
        let sha256 = kept(&store, &content(number)).await;
        let (project, version) = ("a".parse().unwrap(), Version::new([u64::from(number)]));
        let files = release(&project, &version, sha256);
        store.database().put_release(STOCK, &project, &version, &files).await.unwrap();
    }
}

fn content(number: u32) -> Vec<u8> {
    number.to_le_bytes().repeat(1000)
}

/// A number that is another one each time.
fn random() -> u64 {
    RandomState::new().hash_one(())
}
