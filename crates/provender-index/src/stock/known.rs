//! The releases of a request as the database knows them, with what is really there.

use std::collections::{BTreeMap, BTreeSet};

use provender_core::{ProjectName, Sha256, Version};
use provender_store::{STOCK, StockedFile, Store};

use super::inspect::inspect;
use super::outcome::{FileState, PlannedFile, StockError};
use super::pins::Pin;

/// The releases as the database knows them, with what is really there.
pub(super) struct Known {
    releases: BTreeMap<(ProjectName, Version), Vec<StockedFile>>,
    /// What the database called present and is not.
    damaged: BTreeSet<Sha256>,
    /// What was stocked for any lock before. The metadata of other wheels that are present are not
    /// believed: they came otherwise, maybe with what an upstream said of them.
    stocked: BTreeSet<Sha256>,
}

impl Known {
    /// Reads what is known of these pins.
    pub(super) async fn read(store: &Store, pins: &[Pin]) -> Result<Self, StockError> {
        let mut stocked = BTreeSet::new();
        for lock in store.database().locks().await? {
            stocked.extend(store.database().lock_files(&lock.name).await?);
        }
        let mut known = Self { releases: BTreeMap::new(), damaged: BTreeSet::new(), stocked };
        let keys: Vec<_> =
            pins.iter().map(|pin| (pin.project.clone(), pin.version.clone())).collect();
        known.update(store, &keys).await?;
        Ok(known)
    }

    /// Reads anew what is known of these releases.
    pub(super) async fn update(
        &mut self,
        store: &Store,
        keys: &[(ProjectName, Version)],
    ) -> Result<(), StockError> {
        let mut rows = store.database().releases(STOCK, keys).await?;
        self.damaged.extend(inspect(store, &mut rows).await?);
        for key in keys {
            self.releases.remove(key);
        }
        for row in rows {
            let key = (row.record.project.clone(), row.record.version.clone());
            self.releases.entry(key).or_default().push(row);
        }
        Ok(())
    }

    /// The files of a release that are known.
    pub(super) fn of(&self, pin: &Pin) -> &[StockedFile] {
        self.releases.get(&(pin.project.clone(), pin.version.clone())).map_or(&[], Vec::as_slice)
    }

    /// The file with what is the matter with it.
    pub(super) fn planned(&self, file: StockedFile) -> PlannedFile {
        let state = if !file.present {
            match self.damaged.contains(&file.record.sha256) {
                true => FileState::Damaged,
                false => FileState::Missing,
            }
        } else if file.record.filename.ends_with(".whl")
            && !(file.metadata_present && self.stocked.contains(&file.record.sha256))
        {
            FileState::WithoutMetadata
        } else {
            FileState::Stocked
        };
        PlannedFile { record: file.record, state }
    }
}
