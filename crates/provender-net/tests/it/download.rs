//! Files: whole and verified, or not there.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use provender_core::Sha256;
use provender_net::{Downloaded, NetError, Wanted};
use sha2::Digest;
use url::Url;

use crate::client;
use crate::server::{Reply, Seen, Server};

const FILE: &[u8] = b"PK\x03\x04 a file that is long enough to be cut in the middle";

fn digest(bytes: &[u8]) -> Sha256 {
    Sha256::from_bytes(sha2::Sha256::digest(bytes).into())
}

/// A folder for one download, and where in it the file goes.
fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("file.zip");
    (folder, target)
}

fn is_empty(folder: &tempfile::TempDir) -> bool {
    std::fs::read_dir(folder.path()).unwrap().next().is_none()
}

async fn fetch(url: &Url, to: &Path) -> Result<Downloaded, NetError> {
    let client = client();
    let download = client.download(url, to).sha256(digest(FILE)).wanted(Wanted::Zip);
    download.send().await.map(|fetched| fetched.into_new().unwrap())
}

/// The rest of the file, as a server with ranges sends it.
fn rest(request: &Seen) -> Option<Reply> {
    let from: usize =
        request.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()?;
    let range = format!("bytes {from}-{}/{}", FILE.len() - 1, FILE.len());
    Some(Reply::new(206).body(&FILE[from..]).header("Content-Range", range))
}

#[tokio::test]
async fn a_file_appears_with_its_digest_and_progress() {
    let server = Server::http(|_| Reply::ok(FILE).header("ETag", "\"v1\"")).await;
    let (folder, target) = place();
    let told = Mutex::new(Vec::new());
    let progress = |bytes, total| told.lock().unwrap().push((bytes, total));
    let client = client();
    let url = server.url("/file.zip");
    let fetched = client.download(&url, &target).progress(&progress).send().await.unwrap();
    let downloaded = fetched.into_new().unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), FILE);
    assert_eq!((downloaded.bytes, downloaded.sha256), (FILE.len() as u64, digest(FILE)));
    assert_eq!(downloaded.validators.etag.as_deref(), Some("\"v1\""));
    assert_eq!(downloaded.start, FILE);
    let whole = FILE.len() as u64;
    assert_eq!(told.lock().unwrap().last(), Some(&(whole, Some(whole))));
    assert_eq!(server.seen()[0].header("accept-encoding"), Some("identity"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_gets_the_permissions_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::http(|_| Reply::ok(FILE)).await;
    let (folder, target) = place();
    fetch(&server.url("/"), &target).await.unwrap();
    let other = folder.path().join("other");
    std::fs::write(&other, "").unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&target), mode(&other));
}

#[tokio::test]
async fn a_cut_transfer_goes_on_where_it_ended() {
    let server = Server::http(|request| match rest(request) {
        Some(rest) => rest,
        None => Reply::ok(FILE).header("ETag", "\"v1\"").cut(10),
    })
    .await;
    let (_folder, target) = place();
    fetch(&server.url("/"), &target).await.unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), FILE);
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[1].header("range"), Some("bytes=10-"));
    assert_eq!(seen[1].header("if-range"), Some("\"v1\""));
}

#[tokio::test]
async fn a_server_without_ranges_sends_it_all_again() {
    let server = Server::http(|request| {
        let whole = Reply::ok(FILE).header("ETag", "\"v1\"");
        if request.nth == 0 { whole.cut(10) } else { whole }
    })
    .await;
    let (_folder, target) = place();
    fetch(&server.url("/"), &target).await.unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), FILE);
    assert!(server.seen()[1].header("range").is_some());
}

#[tokio::test]
async fn without_a_validator_nothing_is_pieced_together() {
    let server =
        Server::http(
            |request| {
                if request.nth == 0 { Reply::ok(FILE).cut(10) } else { Reply::ok(FILE) }
            },
        )
        .await;
    let (_folder, target) = place();
    fetch(&server.url("/"), &target).await.unwrap();
    assert_eq!(server.seen()[1].header("range"), None);
}

#[tokio::test]
async fn a_wrong_part_or_a_shorter_file_starts_over() {
    for odd in [
        Reply::new(416),
        Reply::new(206).body("xx").header("Content-Range", "bytes 0-1/2"),
        Reply::new(206).body("xx"),
    ] {
        let server = Server::http(move |request| match request.nth {
            0 => Reply::ok(FILE).header("ETag", "\"v1\"").cut(10),
            1 => odd.clone(),
            _ => Reply::ok(FILE),
        })
        .await;
        let (_folder, target) = place();
        fetch(&server.url("/"), &target).await.unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), FILE);
        assert_eq!(server.seen()[2].header("range"), None);
    }
}

#[tokio::test]
async fn what_stays_truncated_leaves_nothing() {
    let server = Server::http(|_| Reply::ok(FILE).cut(10)).await;
    let (folder, target) = place();
    let error = fetch(&server.url("/"), &target).await.unwrap_err();
    let whole = FILE.len() as u64;
    assert!(
        matches!(error, NetError::Truncated { received: 10, expected, .. } if expected == whole),
        "{error:?}"
    );
    assert!(is_empty(&folder));
}

#[tokio::test]
async fn a_wrong_digest_keeps_nothing_new_and_leaves_what_was_there() {
    let server = Server::http(|_| Reply::ok(&b"PK\x03\x04 tampered"[..])).await;
    let (_folder, target) = place();
    std::fs::write(&target, "before").unwrap();
    let error = fetch(&server.url("/"), &target).await.unwrap_err();
    assert!(matches!(error, NetError::DigestMismatch { expected, .. } if expected == digest(FILE)));
    assert_eq!(std::fs::read(&target).unwrap(), b"before");
    assert_eq!(server.seen().len(), 1, "what is wrong is not asked for again");
}

#[tokio::test]
async fn a_web_page_in_place_of_a_file_is_told_as_one() {
    let page = |_: &Seen| Reply::ok("<html>Please log in").header("Content-Type", "text/html");
    let server = Server::http(page).await;
    let (folder, target) = place();
    let error = fetch(&server.url("/"), &target).await.unwrap_err();
    assert!(matches!(error, NetError::Unexpected { html: true, .. }), "{error:?}");
    assert!(is_empty(&folder));
}

#[tokio::test]
async fn a_file_over_the_limit_is_refused() {
    let server = Server::http(|_| Reply::ok(FILE)).await;
    let (folder, target) = place();
    let client = client();
    let url = server.url("/");
    let error = client.download(&url, &target).max_bytes(5).send().await.unwrap_err();
    assert!(matches!(error, NetError::TooLarge { limit: 5, .. }));
    assert!(is_empty(&folder));
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let server = Server::http(|_| Reply::ok(FILE)).await;
    let (folder, _) = place();
    let error = fetch(&server.url("/"), &folder.path().join("no/such/file")).await.unwrap_err();
    assert!(matches!(&error, NetError::Io { .. }), "{error:?}");
    assert!(error.hint().unwrap().contains("does not exist"));
}
