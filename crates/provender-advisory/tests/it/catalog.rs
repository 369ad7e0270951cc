//! Updates: what they keep, what they replace, and what they leave alone.

use std::fs;

use provender_advisory::osv::Record;
use provender_advisory::{Catalog, CatalogError, DatabaseError, Snapshot, Validators};

use crate::fixtures::{Ground, RECORD, RecordText, hours_later, now, project, url, version};

fn affects(snapshot: &Snapshot, name: &str, pinned: &str) -> bool {
    snapshot.database.affects(&project(name), &version(pinned)).unwrap()
}

fn etag(text: &str) -> Validators {
    Validators { etag: Some(text.to_owned()), last_modified: None }
}

const OTHER: RecordText =
    RecordText { id: "PYSEC-2024-1", aliases: &[], project: "other", ..RECORD };

#[test]
fn without_an_update_there_is_no_database() {
    let ground = Ground::new();
    assert!(ground.catalog.open().unwrap().is_none());
    assert!(!ground.catalog.folder().exists(), "reading makes nothing");
    assert!(matches!(ground.catalog.update().unwrap().commit(), Err(CatalogError::NoSource)));
}

#[test]
fn a_zip_a_folder_and_a_file_are_imported_together() {
    let ground = Ground::new();
    let zip = ground.zip("a.zip", &[RECORD]);
    ground.file("folder/deep/b.json", OTHER.json());
    ground.file("folder/README.md", "not a record");
    let third = RecordText { id: "PYSEC-2024-2", project: "third", ..OTHER };
    let file = ground.file("c.json", third.json());
    let mut update = ground.catalog.update().unwrap();
    update.import("ours", &[zip, ground.dir.path().join("folder"), file], now()).unwrap();
    update.commit().unwrap();
    let snapshot = ground.catalog.open().unwrap().unwrap();
    assert!(["demo", "other", "third"].iter().all(|name| affects(&snapshot, name, "1.0")));
    let stamp = snapshot.stamp();
    assert_eq!((stamp.records, stamp.sources[0].records), (3, 3));
    assert_eq!(stamp.sources[0].fetched_at, now());
    snapshot.database.verify().unwrap();
}

#[test]
fn the_same_records_give_the_same_digest_whatever_way_they_came() {
    let (_ground, imported) = Ground::with(&[RECORD, OTHER]);
    let ground = Ground::new();
    let zip = ground.zip("download", &[OTHER, RECORD]);
    let mut update = ground.catalog.update().unwrap();
    update.accept("osv", &url(), &zip, etag("1"), hours_later(9)).unwrap();
    let accepted = update.commit().unwrap();
    assert_eq!(accepted.database.digest(), imported.database.digest());
}

#[test]
fn of_two_records_with_one_id_the_newer_holds_and_of_equals_the_earlier_source() {
    let newer = RecordText { modified: "2025-01-01T00:00:00Z", events: "introduced 5", ..RECORD };
    let same_age = RecordText { events: "introduced 7", ..RECORD };
    let compile = |sources: &[&RecordText]| {
        let ground = Ground::new();
        let mut update = ground.catalog.update().unwrap();
        for (index, record) in sources.iter().enumerate() {
            let zip = ground.zip(&format!("{index}.zip"), &[(*record).clone()]);
            update.import(&index.to_string(), &[zip], now()).unwrap();
        }
        let snapshot = update.commit().unwrap();
        assert_eq!(snapshot.database.records(), 1);
        ["1.0", "5.0", "7.0"].map(|pinned| affects(&snapshot, "demo", pinned))
    };
    assert_eq!(compile(&[&RECORD, &newer]), [false, true, true]);
    assert_eq!(compile(&[&newer, &RECORD]), [false, true, true]);
    assert_eq!(compile(&[&RECORD, &same_age]), [true, false, false]);
    assert_eq!(compile(&[&same_age, &RECORD]), [false, false, true]);
}

#[test]
fn a_record_is_shown_by_id_or_alias_as_its_source_gave_it() {
    let (_ground, snapshot) = Ground::with(&[RECORD, OTHER]);
    for id in ["GHSA-1111-2222-3333", "ghsa-1111-2222-3333", "CVE-2024-1"] {
        assert_eq!(snapshot.database.records_named(id).unwrap(), [RECORD.json().into_bytes()]);
    }
    assert!(snapshot.database.records_named("CVE-2024-99").unwrap().is_empty());
}

#[test]
fn a_withdrawn_record_is_shown_and_affects_nothing() {
    let ground = Ground::new();
    let text = RECORD.json().replacen('{', r#"{"withdrawn": "2024-02-01T00:00:00Z", "#, 1);
    let file = ground.file("withdrawn.json", text);
    let mut update = ground.catalog.update().unwrap();
    update.import("ours", &[file], now()).unwrap();
    let snapshot = update.commit().unwrap();
    assert!(!affects(&snapshot, "demo", "1.0"));
    let shown = snapshot.database.records_named("CVE-2024-1").unwrap();
    assert!(Record::from_json(&shown[0]).unwrap().withdrawn.is_some());
}

#[test]
fn an_unchanged_source_gets_a_new_age_and_the_database_stays() {
    let ground = Ground::new();
    let zip = ground.zip("a.zip", &[RECORD]);
    let mut update = ground.catalog.update().unwrap();
    update.accept("osv", &url(), &zip, etag("1"), now()).unwrap();
    let before = update.commit().unwrap();
    let validators = ground.catalog.validators("osv", &url()).unwrap();
    assert_eq!(validators, etag("1"));
    let mut update = ground.catalog.update().unwrap();
    assert!(!update.confirm_unchanged("osv", &etag("0"), hours_later(1)), "changed since");
    assert!(!update.confirm_unchanged("new", &validators, hours_later(1)));
    assert!(update.confirm_unchanged("osv", &validators, hours_later(2)));
    let after = update.commit().unwrap();
    assert_eq!(after.database.digest(), before.database.digest());
    assert_eq!(after.stamp().sources[0].fetched_at, hours_later(2));
}

#[test]
fn validators_are_only_sent_for_data_that_is_still_here() {
    let ground = Ground::new();
    let zip = ground.zip("a.zip", &[RECORD]);
    let mut update = ground.catalog.update().unwrap();
    update.accept("osv", &url(), &zip, etag("1"), now()).unwrap();
    update.commit().unwrap();
    let elsewhere = "https://mirror.example/all.zip".parse().unwrap();
    assert_eq!(ground.catalog.validators("osv", &elsewhere).unwrap(), Validators::default());
    fs::remove_dir_all(ground.catalog.folder().join("sources")).unwrap();
    assert_eq!(ground.catalog.validators("osv", &url()).unwrap(), Validators::default());
}

#[test]
fn a_source_that_fails_keeps_its_data_and_age_while_another_changes() {
    let ground = Ground::new();
    let (first, second) = (ground.zip("a.zip", &[RECORD]), ground.zip("b.zip", &[OTHER]));
    let mut update = ground.catalog.update().unwrap();
    update.accept("a", &url(), &first, etag("1"), now()).unwrap();
    update.accept("b", &url(), &second, etag("1"), now()).unwrap();
    update.commit().unwrap();

    let broken = ground.file("broken", "<html>maintenance</html>");
    let changed = ground.zip("c.zip", &[RecordText { events: "introduced 4", ..OTHER }]);
    let mut update = ground.catalog.update().unwrap();
    assert!(update.accept("a", &url(), &broken, etag("2"), hours_later(5)).is_err());
    update.accept("b", &url(), &changed, etag("2"), hours_later(5)).unwrap();
    let snapshot = update.commit().unwrap();
    assert!(affects(&snapshot, "demo", "1.0"));
    assert!(affects(&snapshot, "other", "4.0") && !affects(&snapshot, "other", "1.0"));
    let ages: Vec<_> = snapshot.stamp().sources.iter().map(|source| source.fetched_at).collect();
    assert_eq!(ages, [now(), hours_later(5)]);
}

#[test]
fn a_change_that_is_not_committed_never_happened() {
    let (ground, before) = Ground::with(&[RECORD]);
    let zip = ground.zip("b.zip", &[OTHER]);
    let mut update = ground.catalog.update().unwrap();
    update.import("other", std::slice::from_ref(&zip), now()).unwrap();
    drop(update);
    let now_open = ground.catalog.open().unwrap().unwrap();
    assert_eq!(now_open.state, before.state);
    assert_eq!(now_open.database.digest(), before.database.digest());
}

#[test]
fn what_is_replaced_or_left_unfinished_is_removed_by_the_next_change() {
    let (ground, before) = Ground::with(&[RECORD]);
    ground.file("data/advisories/.unfinished-abc", "half");
    ground.file("data/advisories/sources/.unfinished-def", "half");
    let zip = ground.zip("b.zip", &[OTHER]);
    let mut update = ground.catalog.update().unwrap();
    update.import("test", &[zip], now()).unwrap();
    let after = update.commit().unwrap();
    let kept = format!("{}.zip", after.state.sources[0].kept);
    let mut expected = vec![
        format!("{}.advdb", after.database.digest()),
        kept,
        "lock".into(),
        "state.json".into(),
    ];
    expected.sort();
    assert_eq!(ground.listing(), expected);
    assert!(affects(&before, "demo", "1.0"), "who has the old one open can still read it");
}

#[test]
fn sources_that_the_settings_no_longer_name_are_dropped() {
    let ground = Ground::new();
    let (first, second) = (ground.zip("a.zip", &[RECORD]), ground.zip("b.zip", &[OTHER]));
    let mut update = ground.catalog.update().unwrap();
    update.import("a", &[first], now()).unwrap();
    update.import("b", &[second], now()).unwrap();
    update.commit().unwrap();
    let mut update = ground.catalog.update().unwrap();
    update.keep_only(&["b", "never-answered"]);
    let snapshot = update.commit().unwrap();
    assert!(!affects(&snapshot, "demo", "1.0") && affects(&snapshot, "other", "1.0"));
}

#[test]
fn a_damaged_database_is_compiled_again_from_what_was_kept() {
    let (ground, snapshot) = Ground::with(&[RECORD]);
    let path = snapshot.database.path().to_owned();
    drop(snapshot);
    fs::remove_file(&path).unwrap();
    let missing = ground.catalog.open().unwrap_err();
    assert!(matches!(missing, CatalogError::Database(DatabaseError::Open { .. })), "{missing}");
    fs::write(&path, "not a database").unwrap();
    let damaged = ground.catalog.open().unwrap_err();
    assert!(matches!(damaged, CatalogError::Database(DatabaseError::Damaged { .. })), "{damaged}");
    let repaired = ground.catalog.update().unwrap().commit().unwrap();
    assert!(affects(&repaired, "demo", "1.0"));
    repaired.database.verify().unwrap();
}

#[test]
fn a_database_of_an_earlier_format_is_compiled_again_and_one_of_a_later_is_not() {
    let (ground, snapshot) = Ground::with(&[RECORD, OTHER]);
    let (path, digest) = (snapshot.database.path().to_owned(), snapshot.database.digest());
    let sources = snapshot.state.sources.clone();
    drop(snapshot);
    let mut bytes = fs::read(&path).unwrap();
    // The format stands behind the eight bytes that every database begins with.
    bytes[8] = 1;
    fs::remove_file(&path).unwrap();
    fs::write(&path, &bytes).unwrap();
    let again = ground.catalog.open().unwrap().unwrap();
    assert_eq!((again.database.digest(), &again.state.sources), (digest, &sources));
    assert!(affects(&again, "demo", "1.0"));
    again.database.verify().unwrap();
    drop(again);
    bytes[8] = 99;
    fs::remove_file(&path).unwrap();
    fs::write(&path, &bytes).unwrap();
    let later = ground.catalog.open().unwrap_err();
    assert!(matches!(later, CatalogError::Database(DatabaseError::Format { .. })), "{later}");
}

#[test]
fn no_secret_of_an_address_is_written() {
    let ground = Ground::new();
    let zip = ground.zip("a.zip", &[RECORD]);
    let secret = "https://user:hunter2@advisories.example/all.zip?token=hunter2".parse().unwrap();
    let mut update = ground.catalog.update().unwrap();
    update.accept("osv", &secret, &zip, etag("1"), now()).unwrap();
    update.commit().unwrap();
    let state = fs::read_to_string(ground.catalog.folder().join("state.json")).unwrap();
    assert!(!state.contains("hunter2") && state.contains("https://advisories.example/all.zip"));
    assert_eq!(ground.catalog.validators("osv", &secret).unwrap(), etag("1"));
}

#[test]
fn updates_at_the_same_time_wait_for_each_other() {
    let ground = Ground::new();
    let zips: Vec<_> = (0..4)
        .map(|index| {
            let id = ["X-0", "X-1", "X-2", "X-3"][index];
            ground.zip(&format!("{index}.zip"), &[RecordText { id, aliases: &[], ..RECORD }])
        })
        .collect();
    std::thread::scope(|scope| {
        for (index, zip) in zips.iter().enumerate() {
            let catalog: Catalog = ground.catalog.clone();
            scope.spawn(move || {
                let mut update = catalog.update().unwrap();
                update.import(&index.to_string(), std::slice::from_ref(zip), now()).unwrap();
                update.commit().unwrap();
            });
        }
    });
    let snapshot = ground.catalog.open().unwrap().unwrap();
    assert_eq!((snapshot.database.records(), snapshot.state.sources.len()), (4, 4));
}
