//! A full disk, and a limit on the length of files.

use std::path::Path;

use provender_store::{STOCK, Verdict};
use provender_test::{Release, left_out};
use tempfile::TempDir;

use super::again;
use super::bench::{Bench, LINUX, large, lock, request, rules, run};

/// What the script answers if it cannot make what it has to.
const LEFT_OUT: i32 = 77;

#[tokio::test]
async fn a_full_disk_keeps_what_fits_and_says_so() {
    const NAME: &str = "stock::no_room::a_full_disk_keeps_what_fits_and_says_so";
    if let Some(folder) = again::folder() {
        what_fits_is_kept(&folder).await;
        return;
    }
    let folder = TempDir::new().unwrap();
    // A small file system in the memory, which no other process sees.
    let script = format!(
        "mount -t tmpfs -o size=3m small '{}' || exit {LEFT_OUT}; exec \"$@\"",
        folder.path().join("data").display()
    );
    let shell = ["unshare", "--map-root-user", "--mount", "sh", "-c", &script, "sh"];
    passes(&shell, NAME, folder.path()).await;
}

#[tokio::test]
async fn a_limit_on_the_length_of_files_keeps_what_fits_and_says_so() {
    const NAME: &str = "stock::no_room::a_limit_on_the_length_of_files_keeps_what_fits_and_says_so";
    if let Some(folder) = again::folder() {
        what_fits_is_kept(&folder).await;
        return;
    }
    let folder = TempDir::new().unwrap();
    // In units of 512 bytes; the signal must not end the process.
    let script = format!("trap '' XFSZ; ulimit -f 4096 || exit {LEFT_OUT}; exec \"$@\"");
    passes(&["sh", "-c", &script, "sh"], NAME, folder.path()).await;
}

/// Runs the other process, and stocks the rest once there is room.
async fn passes(shell: &[&str], name: &str, folder: &Path) {
    let bench = Bench::with([
        Release::new("large", "1").file(large("large", 3_500_000)),
        Release::new("small", "1"),
    ])
    .await;
    let text = format!("{LINUX}{}", bench.pins(&["large==1", "small==1"]));
    again::task(folder, &bench.index.url(), &text);
    // Beside the index, which answers in threads of its own, nothing happens here meanwhile.
    match again::command(shell, name, folder).status() {
        // unshare itself answers 1 where it may not, and a test that fails 101.
        Ok(status) if matches!(status.code(), Some(1 | LEFT_OUT)) => {
            left_out(name, "there is no way to limit the room");
        }
        Ok(status) => assert!(status.success(), "{status}"),
        Err(error) => left_out(name, &error.to_string()),
    }
    let store = provender_store::Store::open(&folder.join("data")).await.unwrap();
    let stocked = run(&store, &bench.index.url(), &request([lock(&text)]), &()).await.unwrap();
    assert!(stocked.is_complete(), "{stocked:?}");
}

async fn what_fits_is_kept(folder: &Path) {
    let (store, stocked) = again::work(folder, &()).await;
    assert!(!stocked.is_complete());
    assert_eq!(rules(&stocked), ["stock/disk-full"], "{stocked:?}");
    assert!(stocked.diagnostics[0].hint.is_some());
    for file in store.database().all_files(STOCK).await.unwrap() {
        let verdict = store.blobs().verify(&file.record.sha256).await.unwrap();
        assert_eq!(verdict, Verdict::Intact);
    }
    assert_eq!(std::fs::read_dir(store.tmp()).unwrap().count(), 0);
}
