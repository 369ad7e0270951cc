//! What upstream indexes answered.

use jiff::Timestamp;
use provender_core::ProjectName;
use sqlx::{Row as _, SqliteConnection};

use super::column;
use super::failure::Failure;
use crate::PageRecord;

/// Writes an answer, in place of an earlier one.
pub(super) async fn put(
    connection: &mut SqliteConnection,
    upstream: &str,
    page: &PageRecord,
) -> Result<(), Failure> {
    sqlx::query(
        "INSERT INTO pages (upstream, project, etag, last_modified, fetched_at, fresh_until, body)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (upstream, project) DO UPDATE
         SET etag = excluded.etag, last_modified = excluded.last_modified,
             fetched_at = excluded.fetched_at, fresh_until = excluded.fresh_until,
             body = excluded.body",
    )
    .bind(upstream)
    .bind(page.project.as_str())
    .bind(page.etag.as_deref())
    .bind(page.last_modified.as_deref())
    .bind(page.fetched_at.to_string())
    .bind(page.fresh_until.to_string())
    .bind(page.body.as_slice())
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes that an answer was found to be still right.
pub(super) async fn touch(
    connection: &mut SqliteConnection,
    upstream: &str,
    project: &ProjectName,
    fetched_at: Timestamp,
    fresh_until: Timestamp,
) -> Result<(), Failure> {
    sqlx::query(
        "UPDATE pages SET fetched_at = $3, fresh_until = $4 WHERE upstream = $1 AND project = $2",
    )
    .bind(upstream)
    .bind(project.as_str())
    .bind(fetched_at.to_string())
    .bind(fresh_until.to_string())
    .execute(connection)
    .await?;
    Ok(())
}

/// The last answer for a project.
pub(super) async fn one(
    connection: &mut SqliteConnection,
    upstream: &str,
    project: &ProjectName,
) -> Result<Option<PageRecord>, Failure> {
    let query = sqlx::query(
        "SELECT body, etag, last_modified, fetched_at, fresh_until
         FROM pages WHERE upstream = $1 AND project = $2",
    );
    let row = query.bind(upstream).bind(project.as_str()).fetch_optional(connection).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(PageRecord {
        upstream: upstream.to_owned(),
        project: project.clone(),
        body: row.try_get(0)?,
        etag: row.try_get(1)?,
        last_modified: row.try_get(2)?,
        fetched_at: column::parsed(&row, 3, "time")?,
        fresh_until: column::parsed(&row, 4, "time")?,
    }))
}
