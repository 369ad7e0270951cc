//! Database files that are not what they should be.

use std::fs;
use std::path::Path;

use provender_store::{Database as _, DatabaseError, PageRecord, SqliteDatabase};
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("provender.db");
    fs::write(&path, "not a database, but long enough to be looked at ".repeat(100)).unwrap();
    let error = SqliteDatabase::open(&path).await.unwrap_err();
    assert!(matches!(error, DatabaseError::Damaged { .. }), "{error:?}");
    let said = format!("{} is damaged or not a database", path.display());
    assert_eq!(error.to_string(), said);
}

#[tokio::test]
async fn damage_in_the_midst_of_the_file_is_told_and_the_file_named() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("provender.db");
    filled(&path).await;
    let mut bytes = fs::read(&path).unwrap();
    // The first page stays, so that it still looks like a database.
    bytes[4096..].fill(0xaa);
    fs::write(&path, bytes).unwrap();

    let error = match SqliteDatabase::open(&path).await {
        Ok(database) => database.locks().await.unwrap_err(),
        Err(error) => error,
    };
    assert!(matches!(error, DatabaseError::Damaged { .. }), "{error:?}");
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
}

#[tokio::test]
async fn a_file_that_was_cut_short_is_told() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("provender.db");
    filled(&path).await;
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(fs::metadata(&path).unwrap().len() / 2).unwrap();

    let error = SqliteDatabase::open(&path).await.unwrap_err();
    assert!(matches!(error, DatabaseError::Damaged { .. }), "{error:?}");
}

#[tokio::test]
async fn a_database_of_a_newer_provender_is_refused_and_not_touched() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("provender.db");
    SqliteDatabase::open(&path).await.unwrap().close().await;
    execute(&path, "PRAGMA user_version = 99").await;
    let before = fs::read(&path).unwrap();

    let error = SqliteDatabase::open(&path).await.unwrap_err();
    assert!(matches!(error, DatabaseError::Newer { found: 99, known: 1, .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!(
            "{} was made by a newer provender: it has version 99, and up to 1 is known here",
            path.display()
        )
    );
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_database_of_another_program_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("provender.db");
    fs::write(&path, "").unwrap();
    execute(&path, "CREATE TABLE bookmarks (url TEXT)").await;
    let error = SqliteDatabase::open(&path).await.unwrap_err();
    assert!(matches!(error, DatabaseError::Foreign { .. }), "{error:?}");
}

#[tokio::test]
async fn an_empty_file_becomes_a_database() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("provender.db");
    fs::write(&path, "").unwrap();
    let database = SqliteDatabase::open(&path).await.unwrap();
    assert_eq!(database.generation().await.unwrap(), 0);
}

#[tokio::test]
async fn many_may_make_the_same_database_at_once() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("provender.db");
    let open = async || SqliteDatabase::open(&path).await.unwrap().generation().await.unwrap();
    let all = tokio::join!(open(), open(), open(), open());
    assert_eq!(all, (0, 0, 0, 0));
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_told() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("provender.db");
    SqliteDatabase::open(&path).await.unwrap().close().await;
    execute(&path, "INSERT INTO blobs VALUES ('xyz', 1, '2024-01-01T00:00:00Z', 0)").await;
    let error = SqliteDatabase::open(&path).await.unwrap().blobs().await.unwrap_err();
    let said = format!("{} holds a SHA-256 that cannot be read: `xyz`", path.display());
    assert_eq!(error.to_string(), said);
}

/// A database of several hundred pages.
async fn filled(path: &Path) {
    let database = SqliteDatabase::open(path).await.unwrap();
    for number in 0..50 {
        let page = PageRecord {
            upstream: "https://index.example/simple/".to_owned(),
            project: format!("project-{number}").parse().unwrap(),
            body: vec![b'x'; 50_000],
            etag: None,
            last_modified: None,
            fetched_at: "2024-01-01T00:00:00Z".parse().unwrap(),
            fresh_until: "2024-01-01T00:10:00Z".parse().unwrap(),
        };
        database.put_page(&page).await.unwrap();
    }
    database.close().await;
}

async fn execute(path: &Path, sql: &str) {
    let url = format!("sqlite://{}", path.display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    let tidy = sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)");
    tidy.execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
