//! What is remembered of a release when its page is read again.

use provender_core::Target;

use super::*;
use crate::simple::{Metadata, PageFile};

fn sha(digit: u8) -> Sha256 {
    Sha256::from_bytes([digit; 32])
}

fn pin(hashes: &[u8]) -> Pin {
    Pin {
        project: "a".parse().unwrap(),
        version: "1".parse().unwrap(),
        wants: vec![Want {
            lock: 0,
            hashes: hashes.iter().map(|digit| sha(*digit)).collect(),
            marker: provender_target::Marker::always(),
            build: false,
        }],
    }
}

fn row(filename: &str, digit: u8, present: bool) -> StockedFile {
    let record = FileRecord {
        index: STOCK.to_owned(),
        project: "a".parse().unwrap(),
        version: "1".parse().unwrap(),
        filename: filename.to_owned(),
        sha256: sha(digit),
        size: None,
        upload_time: None,
        requires_python: None,
        yanked: None,
        metadata: None,
        url: Some("https://files.example/old".parse().unwrap()),
    };
    StockedFile { record, present, metadata_present: false }
}

fn built(filename: &str, digit: u8, present: bool) -> StockedFile {
    let mut row = row(filename, digit, present);
    row.record.url = None;
    row
}

fn page(files: &[(&str, u8)]) -> ProjectPage {
    let files = files.iter().map(|(filename, digit)| PageFile {
        filename: (*filename).to_owned(),
        url: Some(format!("https://files.example/{filename}").parse().unwrap()),
        sha256: Some(sha(*digit)),
        size: Some(1),
        upload_time: None,
        requires_python: None,
        yanked: None,
        metadata: Metadata::Yes(Some(sha(200))),
        version: Some("1".parse().unwrap()),
    });
    let mut page = ProjectPage::empty("a".parse().unwrap());
    page.files = files.collect();
    page
}

const WHEEL: &str = "a-1-py3-none-any.whl";
const SDIST: &str = "a-1.tar.gz";

fn digests(records: &[FileRecord]) -> Vec<(&str, Sha256)> {
    records.iter().map(|record| (record.filename.as_str(), record.sha256)).collect()
}

#[test]
fn what_the_page_says_replaces_what_was_known() {
    let rows = [row(WHEEL, 1, true), row("a-1.zip", 9, false)];
    let records = merged(&pin(&[1]), &rows, &page(&[(WHEEL, 1), (SDIST, 2)]), &BTreeSet::new());
    assert_eq!(digests(&records), [(WHEEL, sha(1)), (SDIST, sha(2))]);
    assert_eq!(records[0].url.as_ref().unwrap().as_str(), format!("https://files.example/{WHEEL}"));
}

#[test]
fn the_metadata_that_was_read_out_of_the_wheel_outlives_the_promised_one() {
    let mut known = row(WHEEL, 1, true);
    known.record.metadata = Some(sha(7));
    let records = merged(&pin(&[1]), &[known], &page(&[(WHEEL, 1)]), &BTreeSet::new());
    assert_eq!(records[0].metadata, Some(sha(7)));
}

#[test]
fn a_stocked_file_outlives_its_deletion_upstream() {
    let records =
        merged(&pin(&[1]), &[row(WHEEL, 1, true)], &page(&[(SDIST, 2)]), &BTreeSet::new());
    assert_eq!(digests(&records), [(SDIST, sha(2)), (WHEEL, sha(1))]);
}

#[test]
fn a_wheel_that_was_built_here_stays_known() {
    let records =
        merged(&pin(&[2]), &[built(WHEEL, 1, false)], &page(&[(SDIST, 2)]), &BTreeSet::new());
    assert_eq!(records.len(), 2);
}

#[test]
fn of_a_replaced_file_the_one_that_the_lock_asks_for_is_known() {
    let rows = [row(WHEEL, 1, true)];
    let replaced = page(&[(WHEEL, 3)]);
    assert_eq!(digests(&merged(&pin(&[1]), &rows, &replaced, &BTreeSet::new())), [(WHEEL, sha(1))]);
    assert_eq!(digests(&merged(&pin(&[3]), &rows, &replaced, &BTreeSet::new())), [(WHEEL, sha(3))]);
    assert_eq!(
        digests(&merged(&pin(&[1, 3]), &rows, &replaced, &BTreeSet::new())),
        [(WHEEL, sha(3))]
    );
}

fn scope() -> Scope {
    let target = Target { python: "3.11".parse().unwrap(), platforms: "linux".parse().unwrap() };
    Scope::of(Some(&target)).unwrap()
}

#[test]
fn a_release_is_known_if_every_locked_file_is() {
    let pin = pin(&[1, 2]);
    let want = &pin.wants[0];
    let rows = [row(WHEEL, 1, false), row(SDIST, 2, false), row("a-1.zip", 3, false)];
    assert!(is_known(&select(&pin, want, &scope(), &rows), None));
    assert!(!is_known(&select(&pin, want, &scope(), &rows[..1]), None));
    assert!(!is_known(&select(&pin, want, &scope(), &[]), None));
}

#[test]
fn a_lock_that_was_stocked_as_it_stands_need_not_be_asked_for_again() {
    let pin = pin(&[1, 2]);
    let rows = [row(WHEEL, 1, true)];
    let selection = select(&pin, &pin.wants[0], &scope(), &rows);
    assert!(is_known(&selection, Some(&BTreeSet::from([sha(1)]))));
    assert!(!is_known(&selection, Some(&BTreeSet::from([sha(5)]))));
}

#[test]
fn a_wheel_that_was_built_here_and_lost_gives_way_to_the_sdist() {
    let pin = pin(&[1, 2]);
    let rows = [built(WHEEL, 1, false), row(SDIST, 2, true)];
    let selection = select(&pin, &pin.wants[0], &scope(), &rows);
    assert_eq!(selection.files[0].record.filename, SDIST);
    assert!(selection.choice.needs_build);
    let rows = [built(WHEEL, 1, true), row(SDIST, 2, true)];
    let selection = select(&pin, &pin.wants[0], &scope(), &rows);
    assert_eq!(selection.files[0].record.filename, WHEEL);
}
