//! Changed, missing and added bytes of a database: an error or the right answer, never a panic and
//! never a wrong answer.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use provender_advisory::{Database, DatabaseError, PackageQuery, match_packages};
use provender_core::Sha256;

use crate::fixtures::{Ground, RECORD, RecordText, now, project, version};

/// Enough records for a body of several pages.
fn records() -> Vec<RecordText> {
    let text = |number: usize| -> &'static str { format!("X-{number}").leak() };
    let name = |number: usize| -> &'static str { format!("demo-{}", number % 40).leak() };
    (0..120)
        .map(|n| RecordText { id: text(n), aliases: &["CVE-1"], project: name(n), ..RECORD })
        .collect()
}

/// Packages of a distribution beside Python's projects.
const TRACKER: &str = r#"{
    "demo-1": {"CVE-1": {"releases": {
        "bookworm": {"status": "resolved", "fixed_version": "1.0-2", "urgency": "low"},
        "trixie": {"status": "open", "urgency": "low"}}}},
    "demo-2": {"CVE-2": {"releases": {"bookworm": {"status": "open", "urgency": "unimportant"}}}}
}"#;

/// Everything that can be asked, as one answer.
fn answers(folder: &Path, digest: Sha256) -> Result<Vec<String>, DatabaseError> {
    let database = Database::open(folder, digest)?;
    let mut answers = vec![format!("{} {:?}", database.records(), database.newest())];
    for number in 0..42 {
        let name = project(&format!("demo-{number}"));
        for pinned in ["1.0", "2.0"] {
            let found =
                database.project(&name)?.map(|found| found.vulnerabilities(&version(pinned)));
            answers.push(format!("{found:?}"));
        }
    }
    answers.push(format!("{:?}", database.ecosystems()?));
    let queries = [("Debian:12", "demo-1"), ("Debian:12", "demo-2"), ("Debian:13", "demo-1")]
        .map(|(ecosystem, name)| PackageQuery { ecosystem, name, version: "1.0-1" });
    answers.push(format!("{:?}", match_packages(&database, &queries)?));
    for id in ["x-7", "CVE-1", "CVE-2"] {
        answers.push(format!("{:?}", database.records_named(id)?));
    }
    Ok(answers)
}

struct Patient {
    ground: Ground,
    digest: Sha256,
    bytes: Vec<u8>,
    right: Vec<String>,
}

impl Patient {
    fn new() -> Self {
        let ground = Ground::new();
        let paths = [ground.zip("records.zip", &records()), ground.file("tracker.json", TRACKER)];
        let mut update = ground.catalog.update().unwrap();
        update.import("test", &paths, now()).unwrap();
        let snapshot = update.commit().unwrap();
        let (digest, folder) = (snapshot.database.digest(), ground.catalog.folder());
        let bytes = fs::read(snapshot.database.path()).unwrap();
        let right = answers(folder, digest).unwrap();
        Self { ground, digest, bytes, right }
    }

    /// Asks a changed copy; a right answer or an error is fine.
    fn ask_changed(&self, bytes: &[u8]) -> Result<(), String> {
        let folder = self.ground.dir.path().join("changed");
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(Database::file_name(self.digest));
        // A new file each time: a mapped file must not be written.
        let _ = fs::remove_file(&path);
        fs::write(&path, bytes).unwrap();
        match answers(&folder, self.digest) {
            Ok(answers) if answers != self.right => Err("a wrong answer".to_owned()),
            Ok(_) if bytes.len() != self.bytes.len() => {
                Err("another length went unseen".to_owned())
            }
            Ok(_) => match Database::open(&folder, self.digest).unwrap().verify() {
                Err(_) => Ok(()),
                Ok(()) => Err("the digest did not change".to_owned()),
            },
            Err(DatabaseError::Damaged { .. } | DatabaseError::Format { .. }) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }
}

#[test]
fn every_changed_byte_of_the_header_and_every_hundredth_of_the_rest_is_seen() {
    let patient = Patient::new();
    assert!(patient.bytes.len() > 4 * 4096, "{}", patient.bytes.len());
    let places = (0..256).chain((256..patient.bytes.len()).step_by(97));
    for place in places {
        let mut bytes = patient.bytes.clone();
        bytes[place] ^= 1 << (place % 8);
        patient.ask_changed(&bytes).unwrap_or_else(|error| panic!("{error} at byte {place}"));
    }
}

#[test]
fn a_file_that_was_cut_short_is_seen() {
    let patient = Patient::new();
    let lengths = (0..200).chain((200..patient.bytes.len()).step_by(331));
    for length in lengths {
        patient.ask_changed(&patient.bytes[..length]).unwrap_or_else(|e| panic!("{e} at {length}"));
    }
    patient.ask_changed(&[patient.bytes.as_slice(), &[0]].concat()).unwrap();
}

#[test]
fn every_error_names_the_file() {
    let patient = Patient::new();
    let folder = patient.ground.dir.path().join("old");
    fs::create_dir(&folder).unwrap();
    let mut bytes = patient.bytes.clone();
    bytes[8] = 99;
    fs::write(folder.join(Database::file_name(patient.digest)), bytes).unwrap();
    let error = Database::open(&folder, patient.digest).unwrap_err().to_string();
    assert!(
        error.contains("old")
            && error.ends_with("has format 99, and this provender reads format 2")
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn several_changed_bytes_are_seen(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), 1u8..), 1..6),
    ) {
        thread_local! { static PATIENT: Patient = Patient::new(); }
        PATIENT.with(|patient| {
            let mut bytes = patient.bytes.clone();
            let mut places = std::collections::BTreeSet::new();
            for (place, change) in &changes {
                let place = place.index(bytes.len());
                if places.insert(place) {
                    bytes[place] ^= change;
                }
            }
            prop_assert_eq!(patient.ask_changed(&bytes), Ok(()));
            Ok(())
        })?;
    }
}
