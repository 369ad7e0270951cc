//! Changing the catalog: any number of sources, then one swap.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use provender_core::{Diagnostic, Sha256};
use tempfile::NamedTempFile;
use url::Url;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::{Catalog, CatalogError, Origin, Snapshot, Source, State, Validators, files};
use crate::database::{Compiler, Database, Prepared};
use crate::source::{self, Found, SourceError};
use crate::tracker::Tracker;

/// A change to the catalog. Nothing of it is seen by anybody before [`Update::commit`], and a change
/// that is dropped, or whose process is killed, never happened. It holds the catalog's lock.
#[derive(Debug)]
pub struct Update {
    catalog: Catalog,
    state: State,
    /// The records of sources that were read during this change.
    read: BTreeMap<String, Vec<Prepared>>,
    /// Whether the records may differ from those of the database in use.
    changed: bool,
    notes: Vec<Diagnostic>,
    _lock: File,
}

impl Update {
    pub(super) fn begin(catalog: Catalog) -> Result<Self, CatalogError> {
        let folder = catalog.kept_folder();
        let path = catalog.folder.join("lock");
        fs::create_dir_all(&folder)
            .map_err(|source| CatalogError::Write { path: folder, source })?;
        let locked = || {
            let file = File::options().create(true).truncate(false).write(true).open(&path)?;
            file.lock()?;
            Ok(file)
        };
        let lock = locked().map_err(|source| CatalogError::Write { path: path.clone(), source })?;
        let state = catalog.state()?;
        Ok(Self {
            catalog,
            state,
            read: BTreeMap::new(),
            changed: false,
            notes: Vec::new(),
            _lock: lock,
        })
    }

    /// The sources as they are within this change.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What is to be said about what was accepted and imported so far: releases in a tracker that are
    /// not known here.
    pub fn notes(&self) -> &[Diagnostic] {
        &self.notes
    }

    /// Takes what was downloaded from a source: a zip archive of OSV records, one record, or a
    /// distribution's tracker. The file is copied, and is called by the URL in errors.
    ///
    /// # Errors
    ///
    /// When the file is not what it should be, and when it cannot be copied. The source then stays
    /// as it was.
    pub fn accept(
        &mut self,
        name: &str,
        url: &Url,
        file: &Path,
        validators: Validators,
        fetched_at: Timestamp,
    ) -> Result<(), CatalogError> {
        let origin = Origin::from_url(url);
        let shown = match &origin {
            Origin::Url(url) => url.clone(),
            Origin::Paths(_) => file.display().to_string(),
        };
        let folder = self.catalog.kept_folder();
        let mut copy = files::unfinished(&folder)?;
        let mut original = File::open(file)
            .map_err(|source| CatalogError::Read { path: file.to_owned(), source })?;
        io::copy(&mut original, &mut copy)
            .map_err(|source| CatalogError::Write { path: folder, source })?;
        let Read { prepared: records, notes, .. } = Read::all(copy.path(), &shown)
            .map_err(|source| CatalogError::Source { name: name.to_owned(), source })?;
        self.notes.extend(notes);
        let kept = self.keep(copy)?;
        self.put(name, origin, validators, fetched_at, kept, records);
        Ok(())
    }

    /// Notes that a source has nothing newer (HTTP status 304). `asked_with` are the validators that
    /// were sent: if the source has been changed by somebody else since, nothing is noted, and the
    /// answer is false.
    pub fn confirm_unchanged(
        &mut self,
        name: &str,
        asked_with: &Validators,
        now: Timestamp,
    ) -> bool {
        let source = self.state.sources.iter_mut().find(|source| source.name == name);
        let source = source.filter(|source| source.validators == *asked_with);
        source.map(|source| source.fetched_at = now).is_some()
    }

    /// Takes records and trackers from zip archives, folders and JSON files. Of records with one id the
    /// newer is kept, and of equally old ones that of the earlier path.
    ///
    /// # Errors
    ///
    /// At the first place that is not what it should be, and when a tracker is there twice. The source
    /// then stays as it was.
    pub fn import(
        &mut self,
        name: &str,
        paths: &[PathBuf],
        now: Timestamp,
    ) -> Result<(), CatalogError> {
        let mut texts = BTreeMap::<String, (Timestamp, Vec<u8>, Prepared)>::new();
        let mut trackers = BTreeMap::<String, Vec<u8>>::new();
        let mut read = Read::default();
        for path in paths {
            let visit = |found: Found<'_>| match found {
                Found::Record { record, json } => {
                    let known = texts.get(&record.id).map(|(modified, ..)| *modified);
                    if known.is_none_or(|known| known < record.modified) {
                        let prepared = Prepared::new(&record, json);
                        texts.insert(record.id, (record.modified, json.to_owned(), prepared));
                    }
                    Ok(())
                }
                Found::Tracker { tracker, json, place } => {
                    trackers.insert(tracker.name().to_owned(), json.to_owned());
                    read.take(tracker, place)
                }
            };
            source::read(path, &path.display().to_string(), visit)
                .map_err(|source| CatalogError::Source { name: name.to_owned(), source })?;
        }
        if texts.is_empty() && trackers.is_empty() {
            return Err(CatalogError::NoSource);
        }
        let folder = self.catalog.kept_folder();
        let mut archive = files::unfinished(&folder)?;
        let written = texts.iter().map(|(id, (_, json, _))| (id.as_str(), json.as_slice()));
        let trackers = trackers.iter().map(|(name, json)| (name.as_str(), json.as_slice()));
        write_archive(&mut archive, written, trackers)
            .map_err(|source| CatalogError::Write { path: folder, source })?;
        let kept = self.keep(archive)?;
        let origin = Origin::Paths(paths.iter().map(|path| path.display().to_string()).collect());
        let mut records: Vec<_> = texts.into_values().map(|(.., prepared)| prepared).collect();
        records.append(&mut read.prepared);
        self.notes.append(&mut read.notes);
        self.put(name, origin, Validators::default(), now, kept, records);
        Ok(())
    }

    /// Drops every source that is not named, and puts the others into the order of the names. Earlier
    /// sources win where two have an equally old record of one id.
    pub fn keep_only(&mut self, names: &[&str]) {
        let before: Vec<_> = self.state.sources.iter().map(|source| source.kept).collect();
        let position = |source: &Source| names.iter().position(|name| *name == source.name);
        self.state.sources.retain(|source| position(source).is_some());
        self.state.sources.sort_by_key(position);
        self.changed |= before.iter().ne(self.state.sources.iter().map(|source| &source.kept));
    }

    /// Compiles the database if the sources changed, and puts the new state in the place of the old.
    ///
    /// # Errors
    ///
    /// When no source has given anything, when what was kept of one cannot be read, and when a file
    /// cannot be written. The old state then stays.
    pub fn commit(mut self) -> Result<Snapshot, CatalogError> {
        if self.state.sources.is_empty() {
            return Err(CatalogError::NoSource);
        }
        let database = match self.sound_database() {
            Some(database) => database,
            None => self.compile()?,
        };
        self.state.database = Some(database.digest());
        let path = self.catalog.state_file();
        let text = self
            .state
            .to_json()
            .map_err(|error| CatalogError::State { path, reason: error.to_string() })?;
        files::write(&self.catalog.folder, "state.json", &text)?;
        self.remove_garbage();
        Ok(Snapshot { database, state: self.state })
    }

    /// The database in use, if it holds what the sources hold and not a byte of it has changed.
    fn sound_database(&self) -> Option<Database> {
        let digest = self.state.database.filter(|_| !self.changed)?;
        let database = Database::open(&self.catalog.folder, digest).ok()?;
        database.verify().is_ok().then_some(database)
    }

    fn compile(&mut self) -> Result<Database, CatalogError> {
        for source in &self.state.sources {
            if !self.read.contains_key(&source.name) {
                self.read.insert(source.name.clone(), self.read_kept(source)?);
            }
        }
        let mut compiler = Compiler::default();
        let in_order = self.state.sources.iter().filter_map(|source| self.read.get(&source.name));
        in_order.flatten().for_each(|record| compiler.add(record));
        let compiled = compiler.compile()?;
        let name = Database::file_name(compiled.digest);
        files::write(&self.catalog.folder, &name, &compiled.bytes)?;
        Ok(Database::open(&self.catalog.folder, compiled.digest)?)
    }

    fn read_kept(&self, source: &Source) -> Result<Vec<Prepared>, CatalogError> {
        let path = self.catalog.kept_file(source.kept);
        if !files::digest(&path).is_ok_and(|found| found == source.kept) {
            return Err(CatalogError::Kept { name: source.name.clone(), path });
        }
        Read::all(&path, &path.display().to_string())
            .map(|read| read.prepared)
            .map_err(|error| CatalogError::Source { name: source.name.clone(), source: error })
    }

    /// Gives an archive its place among what is kept.
    fn keep(&self, archive: NamedTempFile) -> Result<Sha256, CatalogError> {
        let kept = files::digest(archive.path())
            .map_err(|source| CatalogError::Read { path: archive.path().to_owned(), source })?;
        files::finish(archive, &self.catalog.kept_file(kept))?;
        Ok(kept)
    }

    fn put(
        &mut self,
        name: &str,
        origin: Origin,
        validators: Validators,
        fetched_at: Timestamp,
        kept: Sha256,
        records: Vec<Prepared>,
    ) {
        let distinct: BTreeSet<_> = records.iter().map(Prepared::key).collect();
        let source = Source {
            name: name.to_owned(),
            origin,
            validators,
            fetched_at,
            records: distinct.len() as u64,
            newest: records.iter().filter_map(Prepared::modified).max(),
            kept,
        };
        self.read.insert(name.to_owned(), records);
        match self.state.sources.iter_mut().find(|source| source.name == name) {
            Some(old) => {
                self.changed |= old.kept != kept;
                *old = source;
            }
            None => {
                self.changed = true;
                self.state.sources.push(source);
            }
        }
    }

    /// Removes what no state names any more. Nobody else is writing: the lock is held.
    fn remove_garbage(&self) {
        let unfinished = |name: &str| name.starts_with(files::UNFINISHED);
        let database = self.state.database.map(Database::file_name);
        let kept: BTreeSet<_> =
            self.state.sources.iter().map(|source| format!("{}.zip", source.kept)).collect();
        files::remove(&self.catalog.folder, |name| {
            unfinished(name) || (name.ends_with(".advdb") && Some(name) != database.as_deref())
        });
        files::remove(&self.catalog.kept_folder(), |name| {
            unfinished(name) || (name.ends_with(".zip") && !kept.contains(name))
        });
    }
}

/// What a source gave.
#[derive(Default)]
struct Read {
    prepared: Vec<Prepared>,
    notes: Vec<Diagnostic>,
    trackers: BTreeSet<String>,
}

impl Read {
    /// Reads everything of one file.
    fn all(path: &Path, shown: &str) -> Result<Self, SourceError> {
        let mut read = Self::default();
        source::read(path, shown, |found| match found {
            Found::Record { record, json } => {
                read.prepared.push(Prepared::new(&record, json));
                Ok(())
            }
            Found::Tracker { tracker, place, .. } => read.take(tracker, place),
        })?;
        Ok(read)
    }

    fn take(&mut self, tracker: Tracker, place: &str) -> Result<(), SourceError> {
        let name = tracker.name().to_owned();
        if !self.trackers.insert(name.clone()) {
            return Err(SourceError::Twice { place: place.to_owned(), tracker: name });
        }
        if !tracker.unknown_releases().is_empty() {
            let releases: Vec<_> =
                tracker.unknown_releases().iter().map(|name| format!("`{name}`")).collect();
            let message = format!(
                "`{place}` speaks of releases that this provender does not know: {}",
                releases.join(", ")
            );
            self.notes.push(
                Diagnostic::warning("advisories/unknown-release", message)
                    .hint("what it says of them was left out; a newer provender may know them"),
            );
        }
        let prepare = |(record, json): (_, Vec<u8>)| Prepared::of_tracker(&name, &record, &json);
        self.prepared.extend(tracker.into_records().map(prepare));
        Ok(())
    }
}

/// Writes records in the layout of OSV's own archives, and trackers in a folder beside them, without
/// anything that depends on the time.
fn write_archive<'a>(
    file: &mut NamedTempFile,
    records: impl Iterator<Item = (&'a str, &'a [u8])>,
    trackers: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> io::Result<()> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default());
    let mut archive = ZipWriter::new(file);
    let records = records.map(|(id, json)| (format!("{id}.json"), json));
    let trackers = trackers.map(|(name, json)| (format!("trackers/{name}.json"), json));
    for (name, json) in records.chain(trackers) {
        archive.start_file(name, options)?;
        archive.write_all(json)?;
    }
    archive.finish()?.flush()
}
