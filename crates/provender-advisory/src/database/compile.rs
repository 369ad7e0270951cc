//! From records to the bytes of a database. The same records give the same bytes, in whatever order
//! they come.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use provender_core::{ProjectName, Sha256};
use sha2::Digest as _;

use super::format::{self, HEADER, Header, PAGE, Section};
use super::{EcosystemEntry, EcosystemStamp, Summary};
use crate::ecosystem::{self, Ecosystem};
use crate::osv::Record;
use crate::packages::{self, Heading, PackageAdvisory};
use crate::project::{self, Advisory};

/// The level at which records are deflated: the fastest, which is within a fifth of the best on
/// texts this short.
const DEFLATE_LEVEL: u8 = 1;

/// Why records cannot be compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// An index could not be built.
    #[error("cannot build an index of the advisory database")]
    Index(#[from] fst::Error),
    /// A project's block could not be written.
    #[error("cannot encode an entry of the advisory database")]
    Block(#[from] postcard::Error),
    /// An entry is longer than its length can say.
    #[error("an entry of the advisory database is larger than 4 GiB")]
    TooLarge,
}

/// A record in the form in which it goes into a database.
#[derive(Debug)]
pub struct Prepared {
    id: String,
    /// Which tracker it was made from; empty for OSV records.
    tracker: String,
    modified: Option<Timestamp>,
    keys: BTreeSet<Vec<u8>>,
    heading: Heading,
    projects: BTreeMap<ProjectName, Advisory>,
    packages: BTreeMap<(Ecosystem, String), PackageAdvisory>,
    deflated: Vec<u8>,
}

impl Prepared {
    /// Prepares a record; `json` is the text that it was read from.
    pub fn new(record: &Record, json: &[u8]) -> Self {
        Self {
            id: record.id.clone(),
            tracker: String::new(),
            modified: Some(record.modified),
            keys: record.all_ids().chain(record.about()).map(format::id_key).collect(),
            heading: Heading::of(record),
            projects: Advisory::of(record),
            packages: PackageAdvisory::of(record),
            deflated: miniz_oxide::deflate::compress_to_vec(json, DEFLATE_LEVEL),
        }
    }

    /// Prepares a record that was made from a tracker, which says nothing about when it changed.
    pub(crate) fn of_tracker(tracker: &str, record: &Record, json: &[u8]) -> Self {
        Self { tracker: tracker.to_owned(), modified: None, ..Self::new(record, json) }
    }

    /// The record's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// When the record was last changed; none where its source does not say.
    pub fn modified(&self) -> Option<Timestamp> {
        self.modified
    }

    /// What makes it another record: the id, within OSV's records and within each tracker.
    pub(crate) fn key(&self) -> (&str, &str) {
        (&self.id, &self.tracker)
    }

    /// The ecosystems of what it names.
    fn ecosystems(&self) -> BTreeSet<String> {
        let python = (!self.projects.is_empty()).then(|| ecosystem::PYPI.to_owned());
        let others = self.packages.keys().map(|(ecosystem, _)| ecosystem.to_string());
        others.chain(python).collect()
    }
}

/// What records say about packages: by ecosystem, then by name, in the order of the records' ids.
type Packages<'r> =
    BTreeMap<&'r Ecosystem, BTreeMap<&'r String, Vec<(&'r Heading, &'r PackageAdvisory)>>>;

/// Collects records and compiles them.
#[derive(Debug, Default)]
pub struct Compiler<'r> {
    records: BTreeMap<(&'r str, &'r str), &'r Prepared>,
}

/// The bytes of a database and what names them.
#[derive(Debug)]
pub struct Compiled {
    /// The whole file.
    pub bytes: Vec<u8>,
    /// Its digest.
    pub digest: Sha256,
    /// How many records it holds.
    pub records: u64,
    /// When the newest of them was modified.
    pub newest: Option<Timestamp>,
}

impl<'r> Compiler<'r> {
    /// Adds a record. Of two with one id the one that was modified later is kept, and of two that
    /// were modified at the same time the one that was added first. What a tracker says stands beside
    /// the OSV record of the same id.
    pub fn add(&mut self, record: &'r Prepared) {
        let kept = self.records.entry(record.key()).or_insert(record);
        if kept.modified < record.modified {
            *kept = record;
        }
    }

    /// Compiles what was added.
    ///
    /// # Errors
    ///
    /// When an entry is too large for the format.
    pub fn compile(&self) -> Result<Compiled, CompileError> {
        let newest = self.records.values().filter_map(|record| record.modified).max();
        let records = self.records.len() as u64;

        let mut texts = Frames::default();
        let mut offsets = BTreeMap::<&[u8], Vec<u64>>::new();
        let mut projects = BTreeMap::<&ProjectName, Vec<&Advisory>>::new();
        let mut packages = Packages::new();
        let mut stamps = BTreeMap::<String, EcosystemStamp>::new();
        for record in self.records.values() {
            let offset = texts.push(&record.deflated)?;
            for key in &record.keys {
                offsets.entry(key).or_default().push(offset);
            }
            for (project, advisory) in &record.projects {
                projects.entry(project).or_default().push(advisory);
            }
            for ((ecosystem, name), advisory) in &record.packages {
                let of_ecosystem = packages.entry(ecosystem).or_default();
                of_ecosystem.entry(name).or_default().push((&record.heading, advisory));
            }
            for ecosystem in record.ecosystems() {
                let stamp = stamps.entry(ecosystem);
                let stamp = stamp.or_insert(EcosystemStamp { records: 0, newest: None });
                stamp.records += 1;
                stamp.newest = stamp.newest.max(record.modified);
            }
        }

        let mut postings = Frames::default();
        let mut ids = fst::MapBuilder::memory();
        for (id, offsets) in &offsets {
            ids.insert(id, postings.push(&postcard::to_allocvec(offsets)?)?)?;
        }

        let mut blocks = Frames::default();
        let mut names = BTreeMap::new();
        for (project, advisories) in &projects {
            let offset = blocks.push(&project::encode(advisories)?)?;
            names.insert(format::project_key(project), offset);
        }
        let names = fst::Map::from_iter(names)?.into_fst().into_inner();

        let (mut indexes, mut offsets) = (Frames::default(), BTreeMap::new());
        for (ecosystem, packages) in &packages {
            let mut index = fst::MapBuilder::memory();
            for (name, advisories) in packages {
                index.insert(name, blocks.push(&packages::encode(advisories)?)?)?;
            }
            offsets.insert(ecosystem.to_string(), indexes.push(&index.into_inner()?)?);
        }
        let ecosystems = stamps.into_iter().map(|(name, stamp)| {
            let index = offsets.get(&name).copied();
            EcosystemEntry { name, stamp, index }
        });
        let ecosystems = postcard::to_allocvec(&ecosystems.collect::<Vec<_>>())?;

        let summary = postcard::to_allocvec(&Summary { records, newest })?;
        let ids = ids.into_inner()?;
        let sections = [
            &summary,
            &names,
            &ecosystems,
            &indexes.bytes,
            &blocks.bytes,
            &ids,
            &postings.bytes,
            &texts.bytes,
        ];
        let bytes = assemble(sections);
        let digest = Sha256::from_bytes(sha2::Sha256::digest(&bytes).into());
        Ok(Compiled { bytes, digest, records, newest })
    }
}

/// Bytes that each stand behind their length.
#[derive(Default)]
struct Frames {
    bytes: Vec<u8>,
}

impl Frames {
    /// Adds bytes and tells at which offset.
    fn push(&mut self, bytes: &[u8]) -> Result<u64, CompileError> {
        let offset = self.bytes.len() as u64;
        let length = u32::try_from(bytes.len()).map_err(|_| CompileError::TooLarge)?;
        self.bytes.extend(length.to_le_bytes());
        self.bytes.extend(bytes);
        Ok(offset)
    }
}

/// Puts header, checksums and sections together.
fn assemble(contents: [&Vec<u8>; Section::COUNT]) -> Vec<u8> {
    let length: usize = contents.iter().map(|content| content.len()).sum();
    let pages = length.div_ceil(PAGE);
    let body_start = HEADER + pages * 4;
    // The header's place is kept free until the checksums behind it are known.
    let mut file = Vec::with_capacity(body_start + length);
    file.resize(body_start, 0);
    let mut sections = [(0, 0); Section::COUNT];
    for (section, content) in sections.iter_mut().zip(contents) {
        *section = ((file.len() - body_start) as u64, content.len() as u64);
        file.extend(content);
    }
    let checksums: Vec<u8> = file[body_start..]
        .chunks(PAGE)
        .flat_map(|page| crc32fast::hash(page).to_le_bytes())
        .collect();
    let header = Header { file_length: file.len() as u64, pages: pages as u64, sections };
    file[..HEADER].copy_from_slice(&header.encode(&checksums));
    file[HEADER..body_start].copy_from_slice(&checksums);
    file
}
