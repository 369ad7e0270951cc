//! Locks, and the files they need.

use provender_core::Sha256;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::column;
use super::failure::Failure;
use crate::{LockFormat, LockKind, LockRecord};

/// Writes a lock and what it needs, in place of the lock of that name.
pub(super) async fn put(
    connection: &mut SqliteConnection,
    lock: &LockRecord,
    files: &[Sha256],
) -> Result<(), Failure> {
    remove(connection, &lock.name).await?;
    sqlx::query(
        "INSERT INTO locks (name, kind, format, target, stocked_at, text)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&lock.name)
    .bind(kind_name(lock.kind))
    .bind(format_name(lock.format))
    .bind(lock.target.as_deref())
    .bind(lock.stocked_at.to_string())
    .bind(&lock.text)
    .execute(&mut *connection)
    .await?;
    for sha256 in files {
        sqlx::query(
            "INSERT INTO lock_files (lock_name, sha256) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        )
        .bind(&lock.name)
        .bind(sha256.to_string())
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Forgets a lock and what it needs.
pub(super) async fn remove(connection: &mut SqliteConnection, name: &str) -> Result<(), Failure> {
    sqlx::query("DELETE FROM locks WHERE name = $1").bind(name).execute(connection).await?;
    Ok(())
}

/// All locks by name.
pub(super) async fn all(connection: &mut SqliteConnection) -> Result<Vec<LockRecord>, Failure> {
    let query =
        sqlx::query("SELECT name, kind, format, target, stocked_at, text FROM locks ORDER BY name");
    query.fetch_all(connection).await?.iter().map(read).collect()
}

/// What a lock needs.
pub(super) async fn files(
    connection: &mut SqliteConnection,
    name: &str,
) -> Result<Vec<Sha256>, Failure> {
    let query = sqlx::query("SELECT sha256 FROM lock_files WHERE lock_name = $1 ORDER BY sha256");
    let rows = query.bind(name).fetch_all(connection).await?;
    rows.iter().map(|row| column::sha256(row, 0)).collect()
}

fn read(row: &SqliteRow) -> Result<LockRecord, Failure> {
    Ok(LockRecord {
        name: row.try_get(0)?,
        kind: kind(row.try_get(1)?)?,
        format: format(row.try_get(2)?)?,
        target: row.try_get(3)?,
        stocked_at: column::parsed(row, 4, "time")?,
        text: row.try_get(5)?,
    })
}

fn kind_name(kind: LockKind) -> &'static str {
    match kind {
        LockKind::File => "file",
        LockKind::Carried => "carried",
    }
}

fn kind(name: &str) -> Result<LockKind, Failure> {
    match name {
        "file" => Ok(LockKind::File),
        "carried" => Ok(LockKind::Carried),
        _ => Err(Failure::Unreadable { what: "kind of lock", value: name.to_owned() }),
    }
}

fn format_name(format: LockFormat) -> &'static str {
    match format {
        LockFormat::Constraints => "constraints",
        LockFormat::Pylock => "pylock",
    }
}

fn format(name: &str) -> Result<LockFormat, Failure> {
    match name {
        "constraints" => Ok(LockFormat::Constraints),
        "pylock" => Ok(LockFormat::Pylock),
        _ => Err(Failure::Unreadable { what: "format of a lock", value: name.to_owned() }),
    }
}
