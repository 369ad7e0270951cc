//! The files of releases.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::Timestamp;
use provender_core::{ProjectName, Sha256, Version};
use serde::Deserialize;
use sqlx::SqliteConnection;
use url::Url;

use super::column;
use super::failure::Failure;
use crate::{FileRecord, StockedFile};

/// All rows in one value, each an array of the fields of [`Columns`]: to hand over thousands of rows
/// one by one, from SQLite's thread to ours, takes several times as long.
const ROWS: &str = "json_group_array(json_array(
    f.index_name, f.project, f.version, f.filename, f.sha256, f.size, f.upload_time,
    f.requires_python, f.yanked, f.metadata_sha256, f.url,
    b.sha256 IS NOT NULL AND b.damaged = 0, m.sha256 IS NOT NULL AND m.damaged = 0))";

/// What the rows are taken from.
const TABLES: &str = "files f LEFT JOIN blobs b ON b.sha256 = f.sha256
    LEFT JOIN blobs m ON m.sha256 = f.metadata_sha256";

/// How many releases are asked for at once: each takes two parameters, of which SQLite and
/// PostgreSQL allow more than 30,000.
const RELEASES_AT_ONCE: usize = 1000;

/// The release as it is compared: zeros at the end of its numbers tell no versions apart
/// (packaging specifications, "Version specifiers").
fn release_of(version: &Version) -> String {
    let numbers = version.release();
    let kept = numbers.iter().rposition(|number| *number != 0).map_or(1, |last| last + 1);
    version.clone().with_release(numbers.iter().take(kept).copied()).to_string()
}

/// Forgets the files of a release that are not in `files`; says whether there were any.
pub(super) async fn retain(
    connection: &mut SqliteConnection,
    index: &str,
    project: &ProjectName,
    version: &Version,
    files: &[FileRecord],
) -> Result<bool, Failure> {
    let named: BTreeSet<&str> = files.iter().map(|file| file.filename.as_str()).collect();
    let query = sqlx::query_scalar(
        "SELECT filename FROM files WHERE index_name = $1 AND project = $2 AND release = $3",
    );
    let known: Vec<String> = query
        .bind(index)
        .bind(project.as_str())
        .bind(release_of(version))
        .fetch_all(&mut *connection)
        .await?;
    let gone: Vec<String> =
        known.into_iter().filter(|filename| !named.contains(filename.as_str())).collect();
    remove(connection, index, &gone).await
}

/// Writes files; says whether anything was different before.
pub(super) async fn put(
    connection: &mut SqliteConnection,
    files: &[FileRecord],
) -> Result<bool, Failure> {
    let mut different = false;
    for file in files {
        let file = without_credentials(file);
        let known = named(connection, &file.index, &file.filename).await?;
        if known.is_none_or(|known| known.record != file) {
            write(connection, &file).await?;
            different = true;
        }
    }
    Ok(different)
}

/// What is written of a file: everything but the credentials of its URL.
fn without_credentials(file: &FileRecord) -> FileRecord {
    let mut file = file.clone();
    if let Some(url) = &mut file.url {
        // Both refuse only URLs that cannot hold credentials.
        let _ = url.set_username("");
        let _ = url.set_password(None);
    }
    file
}

async fn write(connection: &mut SqliteConnection, file: &FileRecord) -> Result<(), Failure> {
    sqlx::query(
        "INSERT INTO files (index_name, project, version, filename, sha256, size, upload_time,
             requires_python, yanked, metadata_sha256, url, release)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (index_name, filename) DO UPDATE
         SET project = excluded.project, version = excluded.version, sha256 = excluded.sha256,
             size = excluded.size, upload_time = excluded.upload_time,
             requires_python = excluded.requires_python, yanked = excluded.yanked,
             metadata_sha256 = excluded.metadata_sha256, url = excluded.url,
             release = excluded.release",
    )
    .bind(&file.index)
    .bind(file.project.as_str())
    .bind(file.version.to_string())
    .bind(&file.filename)
    .bind(file.sha256.to_string())
    .bind(file.size.map(column::from_size))
    .bind(file.upload_time.map(|time| time.to_string()))
    .bind(file.requires_python.as_deref())
    .bind(file.yanked.as_deref())
    .bind(file.metadata.map(|sha256| sha256.to_string()))
    .bind(file.url.as_ref().map(Url::as_str))
    .bind(release_of(&file.version))
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets files; says whether any was known.
pub(super) async fn remove(
    connection: &mut SqliteConnection,
    index: &str,
    filenames: &[String],
) -> Result<bool, Failure> {
    let mut removed = 0;
    for filename in filenames {
        let query = sqlx::query("DELETE FROM files WHERE index_name = $1 AND filename = $2");
        let done = query.bind(index).bind(filename).execute(&mut *connection).await?;
        removed += done.rows_affected();
    }
    Ok(removed > 0)
}

/// The file of a name.
pub(super) async fn named(
    connection: &mut SqliteConnection,
    index: &str,
    filename: &str,
) -> Result<Option<StockedFile>, Failure> {
    let sql = format!("SELECT {ROWS} FROM {TABLES} WHERE f.index_name = $1 AND f.filename = $2");
    let query = sqlx::query_scalar(&sql).bind(index).bind(filename);
    let rows: String = query.fetch_one(connection).await?;
    Ok(read(&rows)?.pop())
}

/// The files of releases, each once.
pub(super) async fn of_releases(
    connection: &mut SqliteConnection,
    index: &str,
    releases: &[(ProjectName, Version)],
) -> Result<Vec<StockedFile>, Failure> {
    let asked: BTreeSet<(&str, String)> =
        releases.iter().map(|(project, version)| (project.as_str(), release_of(version))).collect();
    let asked = Vec::from_iter(asked);
    let mut files = Vec::new();
    for asked in asked.chunks(RELEASES_AT_ONCE) {
        let places: Vec<String> =
            (1..=asked.len()).map(|n| format!("(${}, ${})", 2 * n, 2 * n + 1)).collect();
        let sql = format!(
            "WITH asked (project, release) AS (VALUES {})
             SELECT {ROWS} FROM asked
             CROSS JOIN {TABLES}
             WHERE f.index_name = $1 AND f.project = asked.project AND f.release = asked.release",
            places.join(", ")
        );
        let mut query = sqlx::query_scalar(&sql).persistent(asked.len() == 1).bind(index);
        for (project, release) in asked {
            query = query.bind(*project).bind(release);
        }
        let rows: String = query.fetch_one(&mut *connection).await?;
        files.extend(read(&rows)?);
    }
    Ok(sorted(files))
}

/// The files of a project.
pub(super) async fn of_project(
    connection: &mut SqliteConnection,
    index: &str,
    project: &ProjectName,
) -> Result<Vec<StockedFile>, Failure> {
    let sql = format!("SELECT {ROWS} FROM {TABLES} WHERE f.index_name = $1 AND f.project = $2");
    let query = sqlx::query_scalar(&sql).bind(index).bind(project.as_str());
    let rows: String = query.fetch_one(connection).await?;
    Ok(sorted(read(&rows)?))
}

/// The files with a digest.
pub(super) async fn of_blob(
    connection: &mut SqliteConnection,
    sha256: &Sha256,
) -> Result<Vec<StockedFile>, Failure> {
    let sql = format!("SELECT {ROWS} FROM {TABLES} WHERE f.sha256 = $1");
    let query = sqlx::query_scalar(&sql).bind(sha256.to_string());
    let rows: String = query.fetch_one(connection).await?;
    Ok(sorted(read(&rows)?))
}

/// The files that are present.
pub(super) async fn present(
    connection: &mut SqliteConnection,
    index: &str,
) -> Result<Vec<StockedFile>, Failure> {
    let sql = format!("SELECT {ROWS} FROM {TABLES} WHERE f.index_name = $1 AND b.damaged = 0");
    let rows: String = sqlx::query_scalar(&sql).bind(index).fetch_one(connection).await?;
    Ok(sorted(read(&rows)?))
}

/// The projects with a file that is present.
pub(super) async fn projects(
    connection: &mut SqliteConnection,
    index: &str,
) -> Result<Vec<ProjectName>, Failure> {
    let query = sqlx::query(
        "SELECT DISTINCT f.project FROM files f JOIN blobs b ON b.sha256 = f.sha256
         WHERE f.index_name = $1 AND b.damaged = 0",
    );
    let rows = query.bind(index).fetch_all(connection).await?;
    let projects: BTreeSet<ProjectName> = rows
        .iter()
        .map(|row| column::parsed(row, 0, "name of a project"))
        .collect::<Result<_, _>>()?;
    Ok(projects.into_iter().collect())
}

fn sorted(mut files: Vec<StockedFile>) -> Vec<StockedFile> {
    files.sort_by(|a, b| {
        let (a, b) = (&a.record, &b.record);
        (&a.project, &a.version, &a.filename, &a.index).cmp(&(
            &b.project,
            &b.version,
            &b.filename,
            &b.index,
        ))
    });
    files
}

/// What [`ROWS`] takes from the tables, in its order.
#[derive(Deserialize)]
struct Columns<'a> {
    index: String,
    #[serde(borrow)]
    project: Cow<'a, str>,
    version: Cow<'a, str>,
    filename: String,
    sha256: Sha256,
    size: Option<u64>,
    upload_time: Option<Timestamp>,
    requires_python: Option<String>,
    yanked: Option<String>,
    metadata: Option<Sha256>,
    url: Option<Url>,
    present: u8,
    metadata_present: u8,
}

fn read(rows: &str) -> Result<Vec<StockedFile>, Failure> {
    let unreadable =
        |error: serde_json::Error| Failure::Unreadable { what: "file", value: error.to_string() };
    let rows: Vec<Columns<'_>> = serde_json::from_str(rows).map_err(unreadable)?;
    rows.into_iter().map(Columns::into_file).collect()
}

impl Columns<'_> {
    fn into_file(self) -> Result<StockedFile, Failure> {
        let record = FileRecord {
            index: self.index,
            project: column::parse(&self.project, "name of a project")?,
            version: column::parse(&self.version, "version")?,
            filename: self.filename,
            sha256: self.sha256,
            size: self.size,
            upload_time: self.upload_time,
            requires_python: self.requires_python,
            yanked: self.yanked,
            metadata: self.metadata,
            url: self.url,
        };
        Ok(StockedFile {
            record,
            present: self.present != 0,
            metadata_present: self.metadata_present != 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_at_the_end_tell_no_releases_apart() {
        for (version, release) in [
            ("1.0.0", "1"),
            ("1.10", "1.10"),
            ("0.0", "0"),
            ("1!2.0.0rc1.post2.dev3+cu12.0", "1!2rc1.post2.dev3+cu12.0"),
        ] {
            assert_eq!(release_of(&version.parse().unwrap()), release);
        }
    }
}
