//! The tables, version by version.
//!
//! A migration that was released is never changed: what changes the tables is the next number.

use sqlx::{Connection as _, SqliteConnection};

use super::failure::Failure;

/// The migrations in order; the version of a database is how many of them it has behind it.
const MIGRATIONS: &[&str] =
    &[include_str!("../../../migrations/sqlite/0001_files_blobs_pages_locks.sql")];

/// The newest version that is known here.
const KNOWN: i64 = MIGRATIONS.len() as i64;

/// The version of the tables; 0 if there are none.
pub(super) async fn version(connection: &mut SqliteConnection) -> Result<i64, Failure> {
    Ok(sqlx::query_scalar("PRAGMA user_version").fetch_one(connection).await?)
}

/// Whether there is nothing to do; an error if the tables are of a later time.
pub(super) fn is_current(version: i64) -> Result<bool, Failure> {
    if version > KNOWN {
        return Err(Failure::Newer { found: version, known: KNOWN });
    }
    Ok(version == KNOWN)
}

/// Brings the tables up to date, in one transaction.
pub(super) async fn run(connection: &mut SqliteConnection) -> Result<(), Failure> {
    let mut change = connection.begin_with("BEGIN IMMEDIATE").await?;
    let found = version(&mut change).await?;
    if is_current(found)? {
        return Ok(());
    }
    if found == 0 {
        refuse_foreign_tables(&mut change).await?;
    }
    for (number, migration) in (1..).zip(MIGRATIONS).filter(|(number, _)| *number > found) {
        sqlx::raw_sql(migration).execute(&mut *change).await?;
        let numbered = format!("PRAGMA user_version = {number}");
        sqlx::raw_sql(&numbered).execute(&mut *change).await?;
    }
    Ok(change.commit().await?)
}

/// Another program's database has tables, but no version of ours.
async fn refuse_foreign_tables(connection: &mut SqliteConnection) -> Result<(), Failure> {
    let tables: i64 =
        sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(connection).await?;
    if tables == 0 { Ok(()) } else { Err(Failure::Foreign) }
}
