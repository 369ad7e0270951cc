//! Files that are stocked.

use provender_index::server::Source;
use provender_test::{DistFile, Release};

use crate::served::{Served, large, path_of};

async fn with_large() -> (Served, DistFile) {
    let served = Served::offline().await;
    let (release, file) = large("large", 700_000);
    served.stock(&release, "large", "1.0").await;
    (served, file)
}

#[tokio::test]
async fn a_file_and_its_metadata_are_where_the_page_says() {
    let served = Served::offline().await;
    let release = Release::new("flask", "3.0").requires("click");
    served.stock(&release, "flask", "3.0").await;
    let file = &release.files()[0];
    let page = served.page("flask").await;
    let url = page["files"][0]["url"].as_str().unwrap();
    let path = url.strip_prefix("../..").unwrap();
    assert_eq!(path, path_of(file));

    let reply = served.get(path).await;
    assert_eq!((reply.status, &reply.body), (200, &file.bytes));
    assert_eq!(reply.header("content-type"), Some("application/octet-stream"));
    assert_eq!(reply.header("cache-control"), Some("public, max-age=31536000, immutable"));
    let reply = served.get(&format!("{path}.metadata")).await;
    assert_eq!((reply.status, Some(&reply.body)), (200, file.core_metadata.as_ref()));
}

#[tokio::test]
async fn a_large_file_comes_whole() {
    let (served, file) = with_large().await;
    let reply = served.get(&path_of(&file)).await;
    assert_eq!((reply.status, reply.is_whole()), (200, true));
    assert!(reply.body == file.bytes);
    let lines = served.end().await.lines();
    assert_eq!((lines[0].bytes, lines[0].complete), (file.bytes.len() as u64, true));
    assert_eq!(lines[0].source, Source::Store);
}

#[tokio::test]
async fn a_part_is_sent_to_those_who_ask_for_one() {
    let (served, file) = with_large().await;
    let (path, size) = (path_of(&file), file.bytes.len());
    let tag = served.head(&path).await.header("etag").unwrap().to_owned();
    for (range, part) in [
        ("bytes=0-9".to_owned(), 0..10),
        ("bytes=300000-".to_owned(), 300_000..size),
        ("bytes=-22".to_owned(), size - 22..size),
    ] {
        let headers = [("Range", &*range), ("If-Range", &*tag)];
        let reply = served.get_with(&path, &headers).await;
        assert_eq!(reply.status, 206, "{range}");
        assert!(reply.body == file.bytes[part.clone()], "{range}");
        let content_range = format!("bytes {}-{}/{size}", part.start, part.end - 1);
        assert_eq!(reply.header("content-range"), Some(&*content_range));
    }
    let reply = served.get_with(&path, &[("Range", "bytes=0-9"), ("If-Range", "\"old\"")]).await;
    assert_eq!((reply.status, reply.body.len()), (200, size));
    let reply = served.get_with(&path, &[("Range", "bytes=99999999-")]).await;
    let content_range = format!("bytes */{size}");
    assert_eq!((reply.status, reply.header("content-range")), (416, Some(&*content_range)));
}

#[tokio::test]
async fn a_known_file_is_304_and_head_tells_its_length() {
    let (served, file) = with_large().await;
    let head = served.head(&path_of(&file)).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some(&*file.bytes.len().to_string()));
    assert_eq!(head.header("accept-ranges"), Some("bytes"));
    let tag = format!("\"{}\"", file.sha256());
    assert_eq!(head.header("etag"), Some(&*tag));
    let reply = served.get_with(&path_of(&file), &[("If-None-Match", &tag)]).await;
    assert_eq!((reply.status, reply.body.len()), (304, 0));
}

#[tokio::test]
async fn a_file_answers_to_no_other_digest_and_no_other_name() {
    let served = Served::offline().await;
    let (one, other) = (Release::new("one", "1.0"), Release::new("other", "1.0"));
    served.stock(&one, "one", "1.0").await;
    served.stock(&other, "other", "1.0").await;
    let (one, other) = (&one.files()[0], &other.files()[0]);
    let mixed = DistFile { filename: other.filename.clone(), ..one.clone() };
    assert_eq!(served.get(&path_of(&mixed)).await.status, 404);
    assert_eq!(served.get(&path_of(one)).await.status, 200);
}

#[tokio::test]
async fn a_file_that_was_changed_or_lost_in_the_store_is_never_sent() {
    for change in ["lost", "cut", "flipped"] {
        let (served, file) = with_large().await;
        let sha256 = file.sha256().parse().unwrap();
        let blob = served.store.blobs().local_path(&sha256).await.unwrap();
        assert!(blob.starts_with(served.data_dir()));
        let mut bytes = file.bytes.clone();
        bytes[1000] ^= 1;
        match change {
            "lost" => std::fs::remove_file(&blob).unwrap(),
            "cut" => std::fs::write(&blob, &file.bytes[..1000]).unwrap(),
            _ => std::fs::write(&blob, bytes).unwrap(),
        }
        let reply = served.get(&path_of(&file)).await;
        assert_eq!(reply.status, 500, "{change}");
        assert!(reply.text().contains("provender check"), "{}", reply.text());
        // Found once, it is no longer offered.
        assert_eq!(served.get("/simple/large/").await.status, 404);
        assert_eq!(served.get(&path_of(&file)).await.status, 404);
    }
}

#[tokio::test]
async fn a_file_that_was_touched_only_is_sent() {
    let (served, file) = with_large().await;
    let sha256 = file.sha256().parse().unwrap();
    let blob = served.store.blobs().local_path(&sha256).await.unwrap();
    std::fs::write(&blob, &file.bytes).unwrap();
    for _ in 0..2 {
        assert!(served.get(&path_of(&file)).await.body == file.bytes);
    }
}
