//! What garbage collection takes, and what it leaves.

use std::fs;
use std::time::Duration;

use jiff::{Timestamp, ToSpan as _};
use provender_core::Sha256;
use provender_store::{Collected, FileRecord, STOCK, Store};
use tempfile::TempDir;

use crate::data_directory::kept;

const GRACE: Duration = Duration::from_secs(3600);

fn in_two_hours() -> Timestamp {
    Timestamp::now() + 2.hours()
}

async fn store() -> (Store, TempDir) {
    let folder = TempDir::new().unwrap();
    (Store::open(folder.path()).await.unwrap(), folder)
}

/// Writes that a wheel is stocked with its metadata.
async fn named(store: &Store, sha256: Sha256, metadata: Sha256) {
    let file = FileRecord {
        index: STOCK.to_owned(),
        project: "a".parse().unwrap(),
        version: "1".parse().unwrap(),
        filename: "a-1-py3-none-any.whl".to_owned(),
        sha256,
        size: None,
        upload_time: None,
        requires_python: None,
        yanked: None,
        metadata: Some(metadata),
        url: None,
    };
    store.database().put_files(&[file]).await.unwrap();
}

#[tokio::test]
async fn a_blob_that_a_file_names_stays() {
    let (store, _folder) = store().await;
    let sha256 = kept(&store, b"abc").await;
    let damaged = kept(&store, b"def").await;
    named(&store, damaged, sha256).await;
    store.database().mark_damaged(&damaged).await.unwrap();
    assert_eq!(store.collect_garbage(GRACE, in_two_hours()).await.unwrap(), Collected::default());
    assert!(store.blobs().size(&sha256).await.unwrap().is_some());
}

#[tokio::test]
async fn a_blob_without_a_row_goes_after_the_grace_period() {
    let (store, _folder) = store().await;
    let sha256 = kept(&store, b"abc").await;
    store.database().forget_blob(&sha256).await.unwrap();

    let early = store.collect_garbage(GRACE, Timestamp::now()).await.unwrap();
    assert_eq!(early, Collected::default());
    assert_eq!(store.blobs().size(&sha256).await.unwrap(), Some(3));

    let late = store.collect_garbage(GRACE, in_two_hours()).await.unwrap();
    assert_eq!(late, Collected { removed: 1, bytes: 3 });
    assert_eq!(store.blobs().size(&sha256).await.unwrap(), None);
}

#[tokio::test]
async fn a_blob_that_nothing_names_any_more_goes_with_its_row_after_the_grace_period() {
    let (store, _folder) = store().await;
    let (wheel, metadata) = (kept(&store, b"wheel").await, kept(&store, b"md").await);
    named(&store, wheel, metadata).await;
    // What a pruning does first, and then it is killed.
    store.database().remove_files(STOCK, &["a-1-py3-none-any.whl".to_owned()]).await.unwrap();

    let early = store.collect_garbage(GRACE, Timestamp::now()).await.unwrap();
    assert_eq!(early, Collected::default());
    let late = store.collect_garbage(GRACE, in_two_hours()).await.unwrap();
    assert_eq!(late, Collected { removed: 2, bytes: 7 });
    assert_eq!(store.blobs().list().await.unwrap(), []);
    assert_eq!(store.database().blobs().await.unwrap(), []);
}

#[tokio::test]
async fn a_temporary_file_goes_after_the_grace_period() {
    let (store, _folder) = store().await;
    fs::write(store.tmp().join("spool-left"), "abc").unwrap();
    fs::create_dir(store.tmp().join("a-folder-of-somebody")).unwrap();
    let early = store.collect_garbage(GRACE, Timestamp::now()).await.unwrap();
    assert_eq!(early, Collected::default());
    let late = store.collect_garbage(GRACE, in_two_hours()).await.unwrap();
    assert_eq!(late, Collected { removed: 1, bytes: 3 });
    assert!(store.tmp().join("a-folder-of-somebody").is_dir());
}

#[tokio::test]
async fn a_stray_file_among_the_blobs_is_left_alone() {
    let (store, folder) = store().await;
    let sha256 = kept(&store, b"abc").await;
    named(&store, sha256, sha256).await;
    let stray = folder.path().join("blobs/sha256/README");
    fs::write(&stray, "").unwrap();
    store.collect_garbage(GRACE, in_two_hours()).await.unwrap();
    assert!(stray.exists());
    assert_eq!(store.blobs().list().await.unwrap().len(), 1);
}
