//! Files that are passed on while they arrive.

use provender_net::{NetError, Stream};

use crate::client;
use crate::server::{Reply, Seen, Server};

const FILE: &[u8] = b"a file that is long enough to be cut in the middle, and then once more";

/// Everything that a stream hands out, and how it ends.
async fn read(mut stream: Stream) -> (Vec<u8>, Result<(), NetError>) {
    let mut bytes = Vec::new();
    loop {
        match stream.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => return (bytes, Ok(())),
            Err(error) => return (bytes, Err(error)),
        }
    }
}

/// The rest of the file, as a server with ranges sends it.
fn rest(request: &Seen) -> Option<Reply> {
    let from: usize =
        request.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()?;
    let range = format!("bytes {from}-{}/{}", FILE.len() - 1, FILE.len());
    Some(Reply::new(206).body(&FILE[from..]).header("Content-Range", range))
}

fn tagged() -> Reply {
    Reply::ok(FILE).header("ETag", "\"v1\"")
}

#[tokio::test]
async fn a_file_is_handed_out_in_order_and_its_length_is_known_first() {
    let server = Server::http(|_| tagged().header("Content-Type", "application/zip")).await;
    let mut stream = client().stream(&server.url("/a"));
    assert_eq!(stream.total(), None);
    stream.open().await.unwrap();
    assert_eq!(stream.total(), Some(FILE.len() as u64));
    assert_eq!(stream.content_type(), "application/zip");
    let (bytes, end) = read(stream).await;
    end.unwrap();
    assert_eq!(bytes, FILE);
    assert_eq!(server.seen().len(), 1);
    assert_eq!(server.seen()[0].header("accept-encoding"), Some("identity"));
}

#[tokio::test]
async fn a_stream_that_broke_off_goes_on_where_it_ended() {
    let server = Server::http(|request| match rest(request) {
        Some(rest) if request.nth == 1 => rest.cut(10),
        Some(rest) => rest,
        None => tagged().cut(10),
    })
    .await;
    let (bytes, end) = read(client().stream(&server.url("/"))).await;
    end.unwrap();
    assert_eq!(bytes, FILE);
    let ranges: Vec<_> =
        server.seen().iter().map(|seen| seen.header("range").map(str::to_owned)).collect();
    assert_eq!(ranges, [None, Some("bytes=10-".to_owned()), Some("bytes=20-".to_owned())]);
}

#[tokio::test]
async fn what_was_handed_out_is_skipped_where_a_server_begins_again() {
    for validator in [None, Some("\"v1\"")] {
        let server = Server::http(move |request| {
            let reply = Reply::ok(FILE);
            let reply = match validator {
                Some(validator) => reply.header("ETag", validator),
                None => reply,
            };
            if request.nth == 0 { reply.cut(10) } else { reply }
        })
        .await;
        let (bytes, end) = read(client().stream(&server.url("/"))).await;
        end.unwrap();
        assert_eq!(bytes, FILE);
    }
}

#[tokio::test]
async fn a_part_that_does_not_fit_is_not_pieced_on() {
    let server = Server::http(|request| match (rest(request), request.nth) {
        (Some(_), 1) => Reply::new(206).body("xx").header("Content-Range", "bytes 0-1/2"),
        (Some(_), _) => Reply::new(416),
        (None, 0) => tagged().cut(10),
        (None, _) => tagged(),
    })
    .await;
    let (bytes, end) = read(client().stream(&server.url("/"))).await;
    end.unwrap();
    assert_eq!(bytes, FILE);
}

#[tokio::test]
async fn a_file_of_another_length_is_another_file() {
    let server = Server::http(|request| match request.nth {
        0 => tagged().cut(10),
        _ => Reply::ok("something else that came in its place"),
    })
    .await;
    let (bytes, end) = read(client().stream(&server.url("/"))).await;
    assert!(matches!(end, Err(NetError::Interrupted { .. })), "{end:?}");
    assert_eq!(bytes, FILE[..10]);
}

#[tokio::test]
async fn what_stays_cut_is_an_error_after_the_retries() {
    let server = Server::http(|_| tagged().cut(10)).await;
    let (bytes, end) = read(client().stream(&server.url("/"))).await;
    assert!(matches!(end, Err(NetError::Truncated { received: 10, .. })), "{end:?}");
    assert_eq!(bytes, FILE[..10]);
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn a_status_and_a_size_are_refused_before_the_first_byte() {
    let server = Server::http(|_| Reply::new(404)).await;
    let mut stream = client().stream(&server.url("/"));
    assert!(matches!(stream.open().await, Err(NetError::Status { status: 404, .. })));

    let server = Server::http(|_| tagged()).await;
    let mut stream = client().stream(&server.url("/")).max_bytes(9);
    assert!(matches!(stream.open().await, Err(NetError::TooLarge { limit: 9, .. })));
}

#[tokio::test]
async fn a_part_that_continues_is_handed_out_whole_after_an_answer_that_was_being_skipped() {
    // Cut; then the whole again, cut while its beginning is skipped; then the rest.
    let server = Server::http(|request| match request.nth {
        0 => tagged().cut(20),
        1 => tagged().cut(5),
        _ => rest(request).unwrap_or_else(tagged),
    })
    .await;
    let (bytes, end) = read(client().stream(&server.url("/"))).await;
    end.unwrap();
    assert_eq!(bytes, FILE);
}

/// An `a` in the gzip format.
const GZIP: &[u8] =
    &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 0x04, 0x00, 0x43, 0xbe, 0xb7, 0xe8, 1, 0, 0, 0];

#[tokio::test]
async fn a_file_that_comes_encoded_is_refused_by_name() {
    let server = Server::http(|_| Reply::ok(GZIP).header("Content-Encoding", "gzip")).await;
    let (bytes, end) = read(client().stream(&server.url("/a-1.whl"))).await;
    let error = end.unwrap_err();
    assert!(matches!(&error, NetError::Encoded { encoding, .. } if encoding == "gzip"), "{error}");
    assert!(error.to_string().contains("Content-Encoding `gzip`"), "{error}");
    assert!(error.hint().is_some());
    assert!(bytes.is_empty());
    // Asking again would not help.
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_compressed_file_whose_own_compression_is_called_its_encoding_comes_as_it_is() {
    for encoding in ["gzip", "x-gzip", "identity"] {
        let server = Server::http(move |_| Reply::ok(GZIP).header("Content-Encoding", encoding));
        let (bytes, end) = read(client().stream(&server.await.url("/a-1.tar.gz"))).await;
        end.unwrap();
        assert_eq!(bytes, GZIP);
    }
}
