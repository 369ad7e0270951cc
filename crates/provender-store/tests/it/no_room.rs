//! A full disk, and a limit on the length of files.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use provender_store::{DatabaseError, PageRecord, Store, Verdict};
use tempfile::TempDir;

use crate::again;
use crate::data_directory::kept;

/// What the script answers if it cannot make what it has to.
const LEFT_OUT: i32 = 77;

#[tokio::test]
async fn a_full_disk_keeps_nothing_and_loses_nothing() {
    const NAME: &str = "no_room::a_full_disk_keeps_nothing_and_loses_nothing";
    if let Some(folder) = again::folder() {
        let error = nothing_kept_and_nothing_lost(&folder).await;
        assert!(matches!(error, DatabaseError::Full { .. }), "{error:?}");
        return;
    }
    let folder = TempDir::new().unwrap();
    // A small file system in the memory, which no other process sees.
    let script = format!(
        "mount -t tmpfs -o size=3m small '{}' || exit {LEFT_OUT}; exec \"$@\"",
        folder.path().display()
    );
    let shell = ["unshare", "--map-root-user", "--mount", "sh"];
    passes(again::scripted(&shell, &script, NAME, folder.path()));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_limit_on_the_length_of_files_keeps_nothing_and_loses_nothing() {
    const NAME: &str = "no_room::a_limit_on_the_length_of_files_keeps_nothing_and_loses_nothing";
    if let Some(folder) = again::folder() {
        nothing_kept_and_nothing_lost(&folder).await;
        return;
    }
    let folder = TempDir::new().unwrap();
    // In units of 512 bytes; the signal must not end the process.
    let script = format!("trap '' XFSZ; ulimit -f 4096 || exit {LEFT_OUT}; exec \"$@\"");
    passes(again::scripted(&["sh"], &script, NAME, folder.path()));
}

#[expect(clippy::print_stdout, reason = "what is left out has to be said")]
fn passes(mut command: std::process::Command) {
    match command.status() {
        Ok(status) if status.code() == Some(LEFT_OUT) => println!("left out: {command:?}"),
        // unshare itself answers 1 where it may not, and a test that fails 101.
        Ok(status) if status.code() == Some(1) => println!("left out: {command:?}"),
        Ok(status) => assert!(status.success(), "{status}"),
        Err(error) => println!("left out, since {error}: {command:?}"),
    }
}

/// Fills what room there is, first with a blob and then with the database, whose error it returns.
async fn nothing_kept_and_nothing_lost(data: &Path) -> DatabaseError {
    let store = Store::open(data).await.unwrap();
    let before = kept(&store, b"abc").await;

    let mut spool = store.spool().await.unwrap();
    let error = loop {
        if let Err(error) = spool.write(&[7; 100_000]).await {
            break error;
        }
    };
    assert!(error.is_full(), "{error:?}");
    assert!(error.to_string().contains(spool.path().to_str().unwrap()), "{error}");
    assert!(spool.finish(None).await.is_err());
    assert_eq!(fs::read_dir(store.tmp()).unwrap().count(), 0);
    assert_eq!(store.blobs().list().await.unwrap().len(), 1);

    let mut number = 0;
    let error = loop {
        if let Err(error) = store.database().put_page(&page(number)).await {
            break error;
        }
        number += 1;
    };
    assert!(error.to_string().contains(data.to_str().unwrap()), "{error}");
    assert!(store.database().verify().await.unwrap().is_empty());
    assert_eq!(store.blobs().verify(&before).await.unwrap(), Verdict::Intact);
    assert!(store.database().blob(&before).await.unwrap().is_some());
    let last = page(number - 1);
    let remembered = store.database().page(&last.upstream, &last.project).await.unwrap();
    assert_eq!(remembered, Some(last));
    error
}

fn page(number: u32) -> PageRecord {
    PageRecord {
        upstream: "https://index.example/simple/".to_owned(),
        project: format!("project-{number}").parse().unwrap(),
        body: vec![b'x'; 100_000],
        etag: None,
        last_modified: None,
        fetched_at: Timestamp::UNIX_EPOCH,
        fresh_until: Timestamp::UNIX_EPOCH,
    }
}
