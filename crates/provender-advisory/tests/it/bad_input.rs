//! What is not what it should be: one clear error that names the place, and nothing changed.

use std::error::Error as _;
use std::fs;
use std::path::PathBuf;

use provender_advisory::{CatalogError, Validators};

use crate::fixtures::{Ground, RECORD, RecordText, now, url, write_zip};

/// Imports something bad beside good data and returns the error with its causes.
fn refused(make: impl FnOnce(&Ground) -> PathBuf) -> String {
    let (ground, before) = Ground::with(&[RECORD]);
    let listing = ground.listing();
    let path = make(&ground);
    let mut update = ground.catalog.update().unwrap();
    let error = update.import("bad", &[path], now()).unwrap_err();
    drop(update);
    assert_eq!(ground.catalog.state().unwrap(), before.state);
    assert_eq!(ground.listing(), listing);
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told.replace(&ground.dir.path().display().to_string(), "DIR")
}

#[test]
fn a_web_page_instead_of_an_archive_is_called_one() {
    let told = refused(|ground| ground.file("all.zip", "<!DOCTYPE html>\n<html>sign in</html>"));
    assert_eq!(
        told,
        "the advisory source `bad` was not accepted: \
         `DIR/all.zip` is a web page, not a zip archive of OSV records"
    );
}

#[test]
fn a_download_is_called_by_its_url() {
    let ground = Ground::new();
    let file = ground.file("download", "<html></html>");
    let mut update = ground.catalog.update().unwrap();
    let error = update.accept("osv", &url(), &file, Validators::default(), now()).unwrap_err();
    let cause = error.source().unwrap().to_string();
    assert!(
        cause.starts_with("`https://advisories.example/pypi/all.zip` is a web page"),
        "{cause}"
    );
}

#[test]
fn an_empty_file_and_a_json_list_are_no_archives() {
    assert!(refused(|ground| ground.file("a.zip", "")).contains("`DIR/a.zip` is empty"));
    assert!(refused(|ground| ground.file("a.json", "[]")).contains("`DIR/a.json` is a JSON list"));
}

#[test]
fn a_truncated_archive_is_refused() {
    let told = refused(|ground| {
        let path = ground.zip("good.zip", &[RECORD]);
        let bytes = fs::read(&path).unwrap();
        ground.file("cut.zip", &bytes[..bytes.len() - 30])
    });
    assert!(told.contains("the zip archive `DIR/cut.zip` cannot be read: "), "{told}");
}

#[test]
fn an_archive_with_changed_content_is_refused() {
    let told = refused(|ground| {
        let path = ground.dir.path().join("changed.zip");
        write_zip(&path, &[("X-1.json", &"{\"id\": \"X-1\"}".repeat(50))]);
        let mut bytes = fs::read(&path).unwrap();
        // The first byte of the first entry's data, behind its header of 30 bytes and its name.
        bytes[30 + "X-1.json".len()] ^= 0x55;
        fs::write(&path, bytes).unwrap();
        path
    });
    assert!(told.contains("DIR/changed.zip"), "{told}");
}

#[test]
fn an_entry_that_is_no_record_is_named() {
    let told = refused(|ground| {
        let path = ground.dir.path().join("mixed.zip");
        write_zip(&path, &[("good.json", &RECORD.json()), ("odd.json", r#"{"name": "odd"}"#)]);
        path
    });
    assert!(
        told.contains(
            "`DIR/mixed.zip:odd.json` cannot be used: not an OSV record: missing field `id`"
        ),
        "{told}"
    );
}

#[test]
fn a_file_of_a_folder_that_is_no_record_is_named() {
    let told = refused(|ground| {
        ground.file("folder/good.json", RECORD.json());
        ground.file("folder/odd.json", "{");
        ground.dir.path().join("folder")
    });
    assert!(told.contains("`DIR/folder/odd.json` cannot be used: "), "{told}");
}

#[test]
fn an_empty_folder_and_an_archive_without_records_are_refused() {
    let told = refused(|ground| {
        fs::create_dir(ground.dir.path().join("empty")).unwrap();
        ground.dir.path().join("empty")
    });
    assert!(told.contains("`DIR/empty` holds no OSV record"), "{told}");
    let told = refused(|ground| {
        let path = ground.dir.path().join("none.zip");
        write_zip(&path, &[("README.md", "nothing here")]);
        path
    });
    assert!(told.contains("`DIR/none.zip` holds no OSV record"), "{told}");
}

#[test]
fn a_missing_path_is_named() {
    let told = refused(|ground| ground.dir.path().join("nowhere"));
    assert!(told.contains("cannot read `DIR/nowhere`: "), "{told}");
}

#[test]
fn an_entry_that_inflates_without_end_is_refused() {
    let told = refused(|ground| {
        let path = ground.dir.path().join("bomb.zip");
        let text = " ".repeat(provender_advisory::source::LARGEST_RECORD + 1);
        write_zip(&path, &[("bomb.json", &text)]);
        path
    });
    assert!(told.contains("`DIR/bomb.zip:bomb.json` is larger than "), "{told}");
}

#[test]
fn a_damaged_state_is_an_error_and_not_an_empty_catalog() {
    let (ground, _snapshot) = Ground::with(&[RECORD]);
    let path = ground.catalog.folder().join("state.json");
    let sound = fs::read_to_string(&path).unwrap();
    let cut = &sound[..sound.len() / 2];
    for text in ["", "{}", cut, &sound.replace("-state/1", "-state/9")] {
        fs::write(&path, text).unwrap();
        let error = ground.catalog.open().unwrap_err();
        assert!(matches!(error, CatalogError::State { .. }), "{error}");
        assert!(ground.catalog.update().is_err());
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let ground = Ground::new();
    ground.file("data", "a file where the data directory should be");
    let error = ground.catalog.update().unwrap_err();
    assert!(matches!(error, CatalogError::Write { .. }), "{error}");
}

#[test]
fn lost_data_of_a_source_stops_a_change_and_names_the_source() {
    let (ground, before) = Ground::with(&[RECORD]);
    fs::remove_dir_all(ground.catalog.folder().join("sources")).unwrap();
    let zip = ground.zip("b.zip", &[RecordText { id: "PYSEC-2024-1", ..RECORD }]);
    let mut update = ground.catalog.update().unwrap();
    update.import("other", &[zip], now()).unwrap();
    let error = update.commit().unwrap_err();
    assert!(matches!(&error, CatalogError::Kept { name, .. } if name == "test"), "{error}");
    assert_eq!(ground.catalog.state().unwrap(), before.state);
}
