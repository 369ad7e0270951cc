//! Who changes the blobs holds the lock.

use std::fs::{File, TryLockError};
use std::ops::Range;

use async_trait::async_trait;
use jiff::{Timestamp, ToSpan as _};
use tempfile::TempDir;

use super::*;
use crate::{BlobReader, Verdict};

/// Blobs on a disk that look at the lock whenever they are changed.
#[derive(Debug)]
struct Watching {
    disk: DiskBlobs,
    lock: PathBuf,
}

impl Watching {
    fn lock(&self) -> File {
        File::open(&self.lock).unwrap()
    }
}

#[async_trait]
impl Blobs for Watching {
    async fn keep(&self, spooled: Spooled) -> Result<BlobInfo, BlobError> {
        assert!(matches!(self.lock().try_lock(), Err(TryLockError::WouldBlock)));
        self.disk.keep(spooled).await
    }

    async fn remove(&self, sha256: &Sha256) -> Result<(), BlobError> {
        assert!(matches!(self.lock().try_lock_shared(), Err(TryLockError::WouldBlock)));
        self.disk.remove(sha256).await
    }

    async fn infos(&self, digests: &[Sha256]) -> Result<Vec<Option<BlobInfo>>, BlobError> {
        self.disk.infos(digests).await
    }

    async fn open(
        &self,
        sha256: &Sha256,
        range: Option<Range<u64>>,
    ) -> Result<Option<BlobReader>, BlobError> {
        self.disk.open(sha256, range).await
    }

    async fn local_path(&self, sha256: &Sha256) -> Option<PathBuf> {
        self.disk.local_path(sha256).await
    }

    async fn verify(&self, sha256: &Sha256) -> Result<Verdict, BlobError> {
        self.disk.verify(sha256).await
    }

    async fn list(&self) -> Result<Vec<BlobInfo>, BlobError> {
        self.disk.list().await
    }
}

#[tokio::test]
async fn nobody_removes_while_a_file_is_kept_and_nobody_keeps_while_one_is_removed() {
    let folder = TempDir::new().unwrap();
    let tmp = TempDir::new_in(folder.path()).unwrap();
    let path = Store::database_path(folder.path());
    let lock = path.with_extension("lock");
    let store = Store(Arc::new(Inner {
        tmp: tmp.path().to_owned(),
        exclusion: Exclusion::new(lock.clone()),
        blobs: Box::new(Watching { disk: DiskBlobs::new(folder.path().join("blobs")), lock }),
        database: Box::new(SqliteDatabase::open(&path).await.unwrap()),
    }));
    let keep = async || {
        let mut spool = store.spool().await.unwrap();
        spool.write(b"abc").await.unwrap();
        store.keep(spool.finish(None).await.unwrap()).await.unwrap().sha256
    };
    let sha256 = keep().await;
    store.discard(&sha256).await.unwrap();
    assert_eq!(store.blobs().size(&sha256).await.unwrap(), None);

    keep().await;
    store.database().forget_blob(&sha256).await.unwrap();
    let later = Timestamp::now() + 1.hour();
    store.collect_garbage(std::time::Duration::from_secs(60), later).await.unwrap();
    assert_eq!(store.blobs().size(&sha256).await.unwrap(), None);
}
