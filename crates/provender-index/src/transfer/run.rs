//! One transfer, from the first request to the row in the database.

use std::sync::Arc;

use bytes::Bytes;
use provender_core::Sha256;
use provender_net::{RedactedUrl, Stream, looks_like_html};
use provender_store::{BlobError, BlobInfo, FileRecord, Spool, Store};
use tokio::sync::{mpsc, watch};

use super::metadata::{OwnMetadataError, keep_own_metadata};
use super::{Inner, Progress, State, TransferError, Wanted};

/// How many chunks may wait for the disk. They have some 16 KiB each.
const WAITING: usize = 32;

/// Fetches a file into the store, telling how far it is.
pub(super) async fn run(
    transfers: &Inner,
    wanted: &Wanted,
    teller: &watch::Sender<State>,
) -> Result<BlobInfo, TransferError> {
    let Inner { store, client, slots, .. } = transfers;
    let info = match as_recorded(store, &wanted.sha256).await? {
        Some(info) => info,
        None => {
            let _slot = slots.acquire().await.map_err(|_| TransferError::Stopped)?;
            let stream = client.stream(&wanted.url);
            // Of what has a promised length, not more than that is taken.
            let stream = match wanted.size {
                Some(_) => stream,
                None => stream.max_bytes(wanted.at_most),
            };
            receive(store, wanted, stream, teller).await?
        }
    };
    if let Some(record) = &wanted.record {
        write_record(store, record, info.size).await?;
    }
    Ok(info)
}

/// The blob, if it is there and undamaged as far as can be told without reading it.
async fn as_recorded(store: &Store, sha256: &Sha256) -> Result<Option<BlobInfo>, TransferError> {
    let Some(row) = store.database().blob(sha256).await? else { return Ok(None) };
    let found = store.blobs().info(sha256).await?;
    Ok(found.filter(|found| !row.damaged && *found == row.info))
}

/// Writes what is known of a file that is kept now, unless just that is written already. Of a wheel,
/// its metadata are what is in it, whatever was promised.
async fn write_record(store: &Store, record: &FileRecord, size: u64) -> Result<(), TransferError> {
    let mut record = FileRecord { size: Some(size), ..record.clone() };
    if record.filename.ends_with(".whl") {
        let own = keep_own_metadata(store, &record.sha256, &record.filename).await;
        record.metadata = match own {
            Ok(metadata) => Some(metadata),
            Err(OwnMetadataError::Wheel(_)) => None,
            Err(OwnMetadataError::Store(error)) => return Err(error.into()),
        };
    }
    let database = store.database();
    let known = database.file(&record.index, &record.filename).await?;
    if known.is_none_or(|known| known.record != record) {
        database.put_files(&[record]).await?;
    }
    Ok(())
}

async fn receive(
    store: &Store,
    wanted: &Wanted,
    mut stream: Stream,
    teller: &watch::Sender<State>,
) -> Result<BlobInfo, TransferError> {
    stream.open().await?;
    let url = RedactedUrl::from(stream.url().unwrap_or(&wanted.url));
    if let (Some(promised), Some(announced)) = (wanted.size, stream.total())
        && promised != announced
        // A web page is better told as such, by its bytes.
        && !looks_like_html(stream.content_type(), b"")
    {
        return Err(TransferError::WrongSize { url, promised, announced });
    }
    let mut spool = store.spool().await?;
    let file = tokio::fs::File::open(spool.path())
        .await
        .map_err(|source| BlobError::Read { path: spool.path().to_owned(), source })?;
    let file = Arc::new(file.into_std().await);
    let total = wanted.size.or(stream.total());
    teller.send_modify(|state| {
        state.progress = Progress { arrived: 0, total };
        state.file = Some(file);
    });
    let content_type = stream.content_type().to_owned();
    let (sender, receiver) = mpsc::channel(WAITING);
    let read = read(&mut stream, &url, wanted.size, sender);
    let (start, ()) = tokio::try_join!(read, write(&mut spool, receiver, teller))?;
    let spooled = spool.finish(Some(wanted.sha256)).await.map_err(|error| match error {
        BlobError::Mismatch { expected, actual } => {
            let web_page = looks_like_html(&content_type, &start);
            TransferError::WrongBytes { url, expected, actual, web_page }
        }
        error => error.into(),
    })?;
    Ok(store.keep(spooled).await?)
}

/// Hands the chunks over to be written, as long as they are no more than was promised; returns the
/// beginning of the file.
async fn read(
    stream: &mut Stream,
    url: &RedactedUrl,
    promised: Option<u64>,
    sender: mpsc::Sender<Bytes>,
) -> Result<Bytes, TransferError> {
    let mut start = Bytes::new();
    while let Some(chunk) = stream.chunk().await? {
        let announced = stream.delivered();
        if let Some(promised) = promised.filter(|promised| *promised < announced) {
            return Err(TransferError::WrongSize { url: url.clone(), promised, announced });
        }
        if start.is_empty() {
            start = chunk.slice(..chunk.len().min(512));
        }
        // Who does not receive any more has failed, and says so itself.
        if sender.send(chunk).await.is_err() {
            break;
        }
    }
    Ok(Bytes::copy_from_slice(&start))
}

/// Writes what has come: chunk by chunk from a slow upstream, many at once from a fast one.
async fn write(
    spool: &mut Spool,
    mut receiver: mpsc::Receiver<Bytes>,
    teller: &watch::Sender<State>,
) -> Result<(), TransferError> {
    let mut chunks = Vec::with_capacity(WAITING);
    while receiver.recv_many(&mut chunks, WAITING).await > 0 {
        match &chunks[..] {
            [chunk] => spool.write(chunk).await?,
            chunks => spool.write(&chunks.concat()).await?,
        }
        chunks.clear();
        let arrived = spool.written();
        teller.send_modify(|state| state.progress.arrived = arrived);
    }
    Ok(())
}
