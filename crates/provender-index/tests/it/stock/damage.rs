//! Blobs that were changed or lost behind the store's back.

use std::fs::{self, File};

use provender_test::Release;

use super::bench::{Bench, rules};

const WHEEL: &str = "a-1-py3-none-any.whl";

async fn stocked() -> (Bench, [provender_index::stock::StockedLock; 1]) {
    let bench = Bench::with([Release::new("a", "1")]).await;
    let locks = [bench.lock(&["a==1"])];
    assert!(bench.stock(locks.clone()).await.is_complete());
    bench.index.http().forget_requests();
    (bench, locks)
}

async fn heals(bench: &Bench, locks: [provender_index::stock::StockedLock; 1]) {
    let healed = bench.stock(locks.clone()).await;
    assert!(healed.is_complete(), "{healed:?}");
    assert_eq!(rules(&healed), ["stock/healed"]);
    assert_eq!(bench.stocked().await, [WHEEL]);
    assert_eq!(bench.index.http().count("/simple/"), 0);
    assert!(bench.stock(locks).await.diagnostics.is_empty());
}

#[tokio::test]
async fn a_flipped_byte_is_healed_once_it_is_marked() {
    let (bench, locks) = stocked().await;
    let (sha256, path) = bench.blob(WHEEL).await;
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[10] ^= 1;
    fs::write(&path, bytes).unwrap();
    // Length and time do not tell; whoever reads it all does.
    File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
    bench.store.database().mark_damaged(&sha256).await.unwrap();
    heals(&bench, locks).await;
}

#[tokio::test]
async fn a_file_that_was_written_to_is_read_and_healed() {
    let (bench, locks) = stocked().await;
    let (_, path) = bench.blob(WHEEL).await;
    fs::write(&path, "something else").unwrap();
    heals(&bench, locks).await;
}

#[tokio::test]
async fn a_file_that_was_deleted_is_healed() {
    let (bench, locks) = stocked().await;
    let (_, path) = bench.blob(WHEEL).await;
    fs::remove_file(path).unwrap();
    heals(&bench, locks).await;
}

#[tokio::test]
async fn a_file_that_was_only_touched_is_read_and_believed() {
    let (bench, locks) = stocked().await;
    let (_, path) = bench.blob(WHEEL).await;
    File::options().write(true).open(&path).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    let again = bench.stock(locks).await;
    assert!(again.is_complete() && again.diagnostics.is_empty());
    assert!(bench.index.http().requests().is_empty());
}

#[tokio::test]
async fn lost_metadata_is_read_out_of_the_wheel_again() {
    let (bench, locks) = stocked().await;
    let file = bench.store.database().file("stock", WHEEL).await.unwrap().unwrap();
    let metadata = file.record.metadata.unwrap();
    fs::remove_file(bench.store.blobs().local_path(&metadata).await.unwrap()).unwrap();
    assert!(bench.stock(locks).await.is_complete());
    let file = bench.store.database().file("stock", WHEEL).await.unwrap().unwrap();
    assert!(file.metadata_present);
    assert!(bench.index.http().requests().is_empty());
}
