//! Which blobs are there.

use provender_core::Sha256;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::column;
use super::failure::Failure;
use crate::{BlobInfo, BlobRow};

const SELECT: &str = "SELECT sha256, size, modified, damaged FROM blobs";

/// Writes that a blob is there and intact.
pub(super) async fn record(
    connection: &mut SqliteConnection,
    info: &BlobInfo,
) -> Result<(), Failure> {
    sqlx::query(
        "INSERT INTO blobs (sha256, size, modified, damaged) VALUES ($1, $2, $3, 0)
         ON CONFLICT (sha256) DO UPDATE
         SET size = excluded.size, modified = excluded.modified, damaged = 0",
    )
    .bind(info.sha256.to_string())
    .bind(column::from_size(info.size))
    .bind(info.modified.to_string())
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets a blob; says whether it was known.
pub(super) async fn forget(
    connection: &mut SqliteConnection,
    sha256: &Sha256,
) -> Result<bool, Failure> {
    let query = sqlx::query("DELETE FROM blobs WHERE sha256 = $1").bind(sha256.to_string());
    Ok(query.execute(connection).await?.rows_affected() > 0)
}

/// Writes that a blob is damaged; says whether it was thought intact.
pub(super) async fn mark_damaged(
    connection: &mut SqliteConnection,
    sha256: &Sha256,
) -> Result<bool, Failure> {
    let query = sqlx::query("UPDATE blobs SET damaged = 1 WHERE sha256 = $1 AND damaged = 0");
    Ok(query.bind(sha256.to_string()).execute(connection).await?.rows_affected() > 0)
}

/// What was recorded of a blob.
pub(super) async fn one(
    connection: &mut SqliteConnection,
    sha256: &Sha256,
) -> Result<Option<BlobRow>, Failure> {
    let sql = format!("{SELECT} WHERE sha256 = $1");
    let query = sqlx::query(&sql).bind(sha256.to_string());
    query.fetch_optional(connection).await?.as_ref().map(read).transpose()
}

/// What was recorded of all blobs.
pub(super) async fn all(connection: &mut SqliteConnection) -> Result<Vec<BlobRow>, Failure> {
    let sql = format!("{SELECT} ORDER BY sha256");
    sqlx::query(&sql).fetch_all(connection).await?.iter().map(read).collect()
}

/// What was recorded of the blobs that no file and no lock names.
pub(super) async fn unnamed(connection: &mut SqliteConnection) -> Result<Vec<BlobRow>, Failure> {
    let sql = format!(
        "{SELECT}
         WHERE sha256 NOT IN (SELECT sha256 FROM files)
           AND sha256 NOT IN (SELECT metadata_sha256 FROM files WHERE metadata_sha256 IS NOT NULL)
           AND sha256 NOT IN (SELECT sha256 FROM lock_files)
         ORDER BY sha256"
    );
    sqlx::query(&sql).fetch_all(connection).await?.iter().map(read).collect()
}

fn read(row: &SqliteRow) -> Result<BlobRow, Failure> {
    let info = BlobInfo {
        sha256: column::sha256(row, 0)?,
        size: column::to_size(row.try_get(1)?)?,
        modified: column::parsed(row, 2, "time")?,
    };
    Ok(BlobRow { info, damaged: row.try_get(3)? })
}
