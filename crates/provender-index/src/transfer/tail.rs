//! Following a file while it arrives.

use std::fs::File;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;

use super::{HELD_BACK, State, TransferError};

/// The largest chunk in bytes.
const CHUNK: u64 = 256 * 1024;

/// Follows a transfer from its first byte.
#[derive(Debug)]
pub struct Tail {
    file: Arc<File>,
    state: watch::Receiver<State>,
    position: u64,
}

impl Tail {
    pub(super) fn of(file: Arc<File>, state: watch::Receiver<State>) -> Self {
        Self { file, state, position: 0 }
    }

    /// The next bytes; none after the last one. The last ones come only once the whole file was
    /// verified and kept.
    ///
    /// # Errors
    ///
    /// Why the rest does not come. What was handed out is then no whole file.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, TransferError> {
        loop {
            let (arrived, end) = {
                let state = self.state.borrow_and_update();
                (state.progress.arrived, state.end.clone())
            };
            let passable = match end {
                Some(Err(error)) => return Err(error),
                Some(Ok(info)) if self.position == info.size => return Ok(None),
                Some(Ok(info)) => info.size,
                None => arrived.saturating_sub(HELD_BACK),
            };
            if self.position < passable {
                let length = CHUNK.min(passable - self.position);
                let chunk = self.read(length).await?;
                self.position += chunk.len() as u64;
                return Ok(Some(chunk));
            }
            if self.state.changed().await.is_err() && self.state.borrow().end.is_none() {
                return Err(TransferError::Stopped);
            }
        }
    }

    async fn read(&self, length: u64) -> Result<Bytes, TransferError> {
        let (file, position) = (Arc::clone(&self.file), self.position);
        let read = move || {
            let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
            read_exact_at(&file, &mut bytes, position)?;
            Ok::<_, io::Error>(Bytes::from(bytes))
        };
        let read = tokio::task::spawn_blocking(read).await.map_err(|_| TransferError::Stopped)?;
        // What has arrived can be read again, unless the disk fails.
        read.map_err(|source| {
            provender_store::BlobError::Read { path: "the file that arrives".into(), source }.into()
        })
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], position: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, position)
}

#[cfg(windows)]
fn read_exact_at(file: &File, bytes: &mut [u8], position: u64) -> io::Result<()> {
    let mut read = 0;
    while read < bytes.len() {
        let at = position + read as u64;
        match std::os::windows::fs::FileExt::seek_read(file, &mut bytes[read..], at)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => read += n,
        }
    }
    Ok(())
}
