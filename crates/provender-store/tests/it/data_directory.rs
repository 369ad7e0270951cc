//! Opening a data directory, and keeping and discarding what is in it.

use std::fs;
#[cfg(unix)]
use std::os::unix::{fs::PermissionsExt as _, process::CommandExt as _};

use provender_core::Sha256;
use provender_store::{BlobRow, DatabaseError, Store, StoreError, Verdict};
use tempfile::TempDir;

use crate::again;

pub(crate) async fn kept(store: &Store, content: &[u8]) -> Sha256 {
    let mut spool = store.spool().await.unwrap();
    spool.write(content).await.unwrap();
    store.keep(spool.finish(None).await.unwrap()).await.unwrap().sha256
}

#[tokio::test]
async fn a_store_is_made_when_it_is_opened_and_found_afterwards() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    assert!(Store::open_existing(&data).await.unwrap().is_none());
    assert!(!data.exists());

    let store = Store::open(&data).await.unwrap();
    let sha256 = kept(&store, b"abc").await;
    let hex = sha256.to_string();
    let path = data.join("blobs/sha256").join(&hex[..2]).join(&hex[2..4]).join(&hex);
    assert_eq!(fs::read(&path).unwrap(), b"abc");
    assert_eq!(store.blobs().local_path(&sha256).await, Some(path));
    drop(store);

    let store = Store::open_existing(&data).await.unwrap().unwrap();
    let info = store.blobs().info(&sha256).await.unwrap().unwrap();
    let row = store.database().blob(&sha256).await.unwrap();
    assert_eq!(row, Some(BlobRow { info, damaged: false }));
}

#[tokio::test]
async fn a_discarded_blob_leaves_neither_row_nor_file() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let sha256 = kept(&store, b"abc").await;
    store.discard(&sha256).await.unwrap();
    store.discard(&sha256).await.unwrap();
    assert_eq!(store.database().blob(&sha256).await.unwrap(), None);
    assert_eq!(store.blobs().verify(&sha256).await.unwrap(), Verdict::Missing);
}

#[tokio::test]
async fn what_was_written_is_there_after_the_store_is_closed_and_nothing_can_be_asked() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let sha256 = kept(&store, b"abc").await;
    store.close().await;
    assert!(store.database().blobs().await.is_err());
    let wal = fs::metadata(folder.path().join("provender.db-wal"));
    assert!(wal.is_err() || wal.unwrap().len() == 0);
    let store = Store::open(folder.path()).await.unwrap();
    assert!(store.database().blob(&sha256).await.unwrap().is_some());
}

#[tokio::test]
async fn a_data_directory_that_is_a_file_is_named() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    fs::write(&data, "").unwrap();
    let error = Store::open(&data).await.unwrap_err();
    assert!(error.to_string().contains(data.to_str().unwrap()), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_read_only_data_directory_is_refused_by_name() {
    const NAME: &str = "data_directory::a_read_only_data_directory_is_refused_by_name";
    if let Some(folder) = again::folder() {
        refused_by_name(&folder).await;
        return;
    }
    let folder = TempDir::new().unwrap();
    let data = folder.path();
    for made in ["empty", "tmp-only", "stocked"] {
        fs::create_dir(data.join(made)).unwrap();
    }
    fs::create_dir(data.join("tmp-only/tmp")).unwrap();
    let store = Store::open(&data.join("stocked")).await.unwrap();
    kept(&store, b"abc").await;
    store.close().await;
    let read_only = |path: &std::path::Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    for made in ["empty", "tmp-only", "tmp-only/tmp", "stocked", "stocked/tmp"] {
        read_only(&data.join(made), 0o555);
    }
    for made in ["stocked/provender.db", "stocked/provender.lock"] {
        read_only(&data.join(made), 0o444);
    }
    read_only(data, 0o755);
    // To the superuser nothing is read-only: another user looks.
    let mut command = again::command(NAME, data);
    let probe = tempfile::tempfile_in(data.join("empty"));
    if probe.is_ok() {
        command.uid(65534);
    }
    match command.status() {
        Ok(status) => assert!(status.success()),
        Err(error) => println!("left out, since no other user may run this test: {error}"),
    }
    for made in ["empty", "tmp-only", "tmp-only/tmp", "stocked", "stocked/tmp"] {
        read_only(&data.join(made), 0o755);
    }
}

#[cfg(unix)]
async fn refused_by_name(data: &std::path::Path) {
    for made in ["empty", "tmp-only"] {
        let error = Store::open(&data.join(made)).await.unwrap_err();
        assert!(error.to_string().contains(data.join(made).to_str().unwrap()), "{error}");
    }
    // What is there may be looked at, or else the database is named.
    match Store::open(&data.join("stocked")).await {
        Ok(store) => {
            let spool = store.spool().await.unwrap_err();
            assert!(spool.to_string().contains(store.tmp().to_str().unwrap()), "{spool}");
            let written = store.database().forget_blob(&Sha256::from_bytes([0; 32])).await;
            assert!(matches!(written, Err(DatabaseError::Denied { .. })), "{written:?}");
        }
        Err(error) => {
            assert!(matches!(error, StoreError::Database(DatabaseError::Denied { .. })));
        }
    }
}
