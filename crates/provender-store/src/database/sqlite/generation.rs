//! How often files or blobs changed.

use sqlx::SqliteConnection;

use super::failure::Failure;

pub(super) async fn grow(connection: &mut SqliteConnection) -> Result<(), Failure> {
    sqlx::query("UPDATE generation SET value = value + 1").execute(connection).await?;
    Ok(())
}

pub(super) async fn read(connection: &mut SqliteConnection) -> Result<i64, Failure> {
    Ok(sqlx::query_scalar("SELECT value FROM generation").fetch_one(connection).await?)
}
