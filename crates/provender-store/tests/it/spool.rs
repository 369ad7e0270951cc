//! Files on their way into the store.

use std::fs;
use std::future::Future as _;
use std::path::Path;
use std::task::{Context, Waker};

use provender_core::Sha256;
use provender_store::{BlobError, Spool};
use tempfile::TempDir;

/// The SHA-256 of `abc` (FIPS 180-4, example B.1).
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[tokio::test]
async fn what_is_written_is_seen_at_once_and_hashed() {
    let tmp = TempDir::new().unwrap();
    let mut spool = Spool::create(tmp.path()).await.unwrap();
    spool.write(b"a").await.unwrap();
    assert_eq!(fs::read(spool.path()).unwrap(), b"a");
    spool.write(b"bc").await.unwrap();
    assert_eq!(fs::read(spool.path()).unwrap(), b"abc");
    assert_eq!(spool.written(), 3);

    let spooled = spool.finish(Some(ABC.parse().unwrap())).await.unwrap();
    assert_eq!((spooled.sha256().to_string().as_str(), spooled.size()), (ABC, 3));
    assert_eq!(fs::read(spooled.path()).unwrap(), b"abc");
    drop(spooled);
    assert_eq!(files(tmp.path()), 0);
}

#[tokio::test]
async fn what_was_not_promised_is_discarded() {
    let tmp = TempDir::new().unwrap();
    let promised = Sha256::from_bytes([7; 32]);
    let mut spool = Spool::create(tmp.path()).await.unwrap();
    spool.write(b"abc").await.unwrap();
    match spool.finish(Some(promised)).await {
        Err(BlobError::Mismatch { expected, actual }) => {
            assert_eq!((expected, actual.to_string().as_str()), (promised, ABC));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(files(tmp.path()), 0);
}

#[tokio::test]
async fn what_is_given_up_leaves_nothing() {
    let tmp = TempDir::new().unwrap();
    let mut spool = Spool::create(tmp.path()).await.unwrap();
    spool.write(b"abc").await.unwrap();
    drop(spool);
    assert_eq!(files(tmp.path()), 0);
}

#[tokio::test]
async fn a_write_that_was_given_up_spoils_the_spool() {
    let tmp = TempDir::new().unwrap();
    let mut spool = Spool::create(tmp.path()).await.unwrap();
    let given_up = {
        let mut write = std::pin::pin!(spool.write(b"abc"));
        write.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending()
    };
    // The write may have been done before it was looked at.
    if given_up {
        assert!(matches!(spool.write(b"d").await, Err(BlobError::Unfinished { .. })));
        assert!(matches!(spool.finish(None).await, Err(BlobError::Unfinished { .. })));
    }
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let tmp = TempDir::new().unwrap();
    let missing = tmp.path().join("missing");
    let error = Spool::create(&missing).await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot write {}", missing.display()));
}

fn files(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}
