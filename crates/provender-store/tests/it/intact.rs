//! Which blobs are there as they were kept.

use std::fs::{self, File};
use std::time::SystemTime;

use provender_core::Sha256;
use provender_store::Store;
use tempfile::TempDir;

use crate::data_directory::kept;

/// A store with one blob, whose digest is given.
async fn stocked() -> (Store, Sha256, TempDir) {
    let folder = TempDir::new().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let sha256 = kept(&store, b"abc").await;
    (store, sha256, folder)
}

async fn is_intact(store: &Store, sha256: Sha256) -> bool {
    let missing = Sha256::from_bytes([0; 32]);
    let intact = store.intact(&[missing, sha256]).await.unwrap();
    assert!(!intact.contains(&missing));
    intact.contains(&sha256)
}

async fn damaged(store: &Store, sha256: Sha256) -> Option<bool> {
    store.database().blob(&sha256).await.unwrap().map(|row| row.damaged)
}

#[tokio::test]
async fn a_blob_as_it_was_kept_is_not_read() {
    let (store, sha256, _folder) = stocked().await;
    let generation = store.database().generation().await.unwrap();
    assert!(is_intact(&store, sha256).await);
    assert_eq!(store.database().generation().await.unwrap(), generation);
}

#[tokio::test]
async fn a_changed_blob_is_marked_as_damaged_and_healed_by_keeping_it_again() {
    let (store, sha256, _folder) = stocked().await;
    fs::write(store.blobs().local_path(&sha256).await.unwrap(), b"abd").unwrap();
    assert!(!is_intact(&store, sha256).await);
    assert_eq!(damaged(&store, sha256).await, Some(true));
    assert_eq!(kept(&store, b"abc").await, sha256);
    assert!(is_intact(&store, sha256).await);
    assert_eq!(damaged(&store, sha256).await, Some(false));
}

#[tokio::test]
async fn a_blob_that_went_missing_is_marked_as_damaged() {
    let (store, sha256, _folder) = stocked().await;
    fs::remove_file(store.blobs().local_path(&sha256).await.unwrap()).unwrap();
    assert!(!is_intact(&store, sha256).await);
    assert_eq!(damaged(&store, sha256).await, Some(true));
}

#[tokio::test]
async fn a_blob_that_was_only_touched_is_recorded_anew() {
    let (store, sha256, _folder) = stocked().await;
    let path = store.blobs().local_path(&sha256).await.unwrap();
    File::options().write(true).open(path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    assert!(is_intact(&store, sha256).await);
    let row = store.database().blob(&sha256).await.unwrap().map(|row| row.info);
    assert_eq!(row, store.blobs().info(&sha256).await.unwrap());
}

#[tokio::test]
async fn a_blob_whose_row_was_lost_is_found_again() {
    let (store, sha256, _folder) = stocked().await;
    store.database().forget_blob(&sha256).await.unwrap();
    assert!(is_intact(&store, sha256).await);
    assert_eq!(damaged(&store, sha256).await, Some(false));
}

#[tokio::test]
async fn a_blob_that_was_restored_is_no_longer_damaged() {
    let (store, sha256, _folder) = stocked().await;
    store.database().mark_damaged(&sha256).await.unwrap();
    assert!(is_intact(&store, sha256).await);
    assert_eq!(damaged(&store, sha256).await, Some(false));
}
