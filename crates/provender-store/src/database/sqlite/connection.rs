//! How connections are opened.

use std::path::Path;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

/// How long a writer waits for those of other processes. Each of their changes takes milliseconds.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// How many may read at once.
const READERS: u32 = 4;

/// Whether the database file is made if it is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Make {
    Yes,
    No,
}

/// The one connection that writes.
pub(super) fn writer(path: &Path, make: Make) -> SqlitePool {
    let mut options = options(path).create_if_missing(make == Make::Yes);
    if make == Make::Yes {
        // The mode is written into the file. To ask for it again would need a lock that SQLite
        // does not wait for.
        options = options.journal_mode(SqliteJournalMode::Wal);
    }
    pool(1).connect_lazy_with(options)
}

/// The connections that read.
pub(super) fn readers(path: &Path) -> SqlitePool {
    pool(READERS).connect_lazy_with(options(path).pragma("query_only", "ON"))
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .synchronous(SqliteSynchronous::Full)
        // On macOS only this makes the drive itself write; elsewhere it changes nothing.
        .pragma("fullfsync", "ON")
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging()
}

/// Connections that are opened when they are first needed, and kept.
fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(2 * BUSY_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        // A file does not hang up.
        .test_before_acquire(false)
}
