//! The locks of a request as earlier stockings left them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use provender_core::Sha256;
use provender_store::{LockRecord, StockedFile, Store};

use super::outcome::{PlannedLock, StockError};
use super::request::StockRequest;

/// What earlier stockings left of the locks of a request.
pub(super) struct Remembered(Vec<Option<Earlier>>);

struct Earlier {
    record: LockRecord,
    files: BTreeSet<Sha256>,
    /// Whether the lock still reads as it did then.
    is_same: bool,
}

impl Remembered {
    /// Reads what is remembered of the locks of a request.
    pub(super) async fn read(store: &Store, request: &StockRequest) -> Result<Self, StockError> {
        let records = store.database().locks().await?;
        let mut earlier = Vec::with_capacity(request.locks.len());
        for lock in &request.locks {
            let Some(record) = records.iter().find(|record| record.name == lock.name) else {
                earlier.push(None);
                continue;
            };
            let files = store.database().lock_files(&lock.name).await?.into_iter().collect();
            let is_same = record.text == lock.text;
            earlier.push(Some(Earlier { record: record.clone(), files, is_same }));
        }
        Ok(Self(earlier))
    }

    /// The files of a lock that was stocked just as it stands.
    pub(super) fn files(&self, lock: usize) -> Option<&BTreeSet<Sha256>> {
        self.0[lock].as_ref().filter(|earlier| earlier.is_same).map(|earlier| &earlier.files)
    }

    /// Those of `rows` that an earlier stocking of the lock took.
    pub(super) fn still(&self, lock: usize, rows: &[StockedFile]) -> Vec<Sha256> {
        let Some(files) = self.files(lock) else { return Vec::new() };
        let digests = rows.iter().map(|row| row.record.sha256);
        digests.filter(|sha256| files.contains(sha256)).collect()
    }

    /// The locks as they are to be remembered from now on.
    pub(super) fn locks(
        self,
        request: &StockRequest,
        needed: Vec<BTreeSet<Sha256>>,
    ) -> Vec<PlannedLock> {
        let target = request.target.as_ref().map(ToString::to_string);
        let now = Timestamp::now();
        let locks = request.locks.iter().zip(self.0).zip(needed);
        locks
            .map(|((lock, earlier), files)| {
                let is_recorded = earlier.is_some_and(|earlier| {
                    earlier.is_same && earlier.record.target == target && earlier.files == files
                });
                let record = LockRecord {
                    name: lock.name.clone(),
                    kind: lock.kind,
                    text: lock.text.clone(),
                    format: lock.format,
                    target: target.clone(),
                    stocked_at: now,
                };
                PlannedLock { record, files: files.into_iter().collect(), is_recorded }
            })
            .collect()
    }
}
