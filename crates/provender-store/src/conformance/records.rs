//! Rows to write.

use jiff::Timestamp;
use provender_core::{ProjectName, Sha256, Version};

use crate::{
    BlobInfo, FileRecord, LockFormat, LockKind, LockRecord, PageRecord, STOCK, StockedFile,
};

pub(super) fn name(text: &str) -> ProjectName {
    text.parse().expect("a name")
}

pub(super) fn version(text: &str) -> Version {
    text.parse().expect("a version")
}

/// A digest by its last byte.
pub(super) fn sha256(number: u8) -> Sha256 {
    let mut bytes = [0; 32];
    bytes[31] = number;
    Sha256::from_bytes(bytes)
}

/// An instant to the nanosecond.
pub(super) fn time(second: i64) -> Timestamp {
    Timestamp::new(1_700_000_000 + second, 123_456_789).expect("a time")
}

/// A file of the stock of which only what it must have is known.
pub(super) fn file(project: &str, version: &str, filename: &str, blob: u8) -> FileRecord {
    FileRecord {
        index: STOCK.to_owned(),
        project: name(project),
        version: self::version(version),
        filename: filename.to_owned(),
        sha256: sha256(blob),
        size: None,
        upload_time: None,
        requires_python: None,
        yanked: None,
        metadata: None,
        url: None,
    }
}

/// A file whose blobs are not there.
pub(super) fn absent(record: FileRecord) -> StockedFile {
    StockedFile { record, present: false, metadata_present: false }
}

pub(super) fn blob_info(number: u8) -> BlobInfo {
    BlobInfo { sha256: sha256(number), size: u64::from(number) << 33, modified: time(0) }
}

pub(super) fn page(upstream: &str, body: &[u8]) -> PageRecord {
    PageRecord {
        upstream: upstream.to_owned(),
        project: name("flask"),
        body: body.to_vec(),
        etag: Some("\"abc\"".to_owned()),
        last_modified: Some("Tue, 14 Nov 2023 22:13:20 GMT".to_owned()),
        fetched_at: time(1),
        fresh_until: time(2),
    }
}

pub(super) fn lock(name: &str) -> LockRecord {
    LockRecord {
        name: name.to_owned(),
        kind: LockKind::File,
        text: "flask==1.0\n".to_owned(),
        format: LockFormat::Constraints,
        target: Some("linux-x86_64".to_owned()),
        stocked_at: time(3),
    }
}
