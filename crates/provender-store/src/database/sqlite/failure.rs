//! What went wrong, before it is said in which database.

use std::io;

use sqlx::Error;

use crate::DatabaseError;

#[derive(Debug)]
pub(super) enum Failure {
    Sqlite(Error),
    /// The lock file could not be made or locked.
    Lock(io::Error),
    Newer {
        found: i64,
        known: i64,
    },
    Foreign,
    Unreadable {
        what: &'static str,
        value: String,
    },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Failure {
    /// Names the database.
    pub(super) fn of(self, database: String) -> DatabaseError {
        match self {
            Self::Newer { found, known } => DatabaseError::Newer { database, found, known },
            Self::Foreign => DatabaseError::Foreign { database },
            Self::Unreadable { what, value } => DatabaseError::Unreadable { database, what, value },
            Self::Lock(error) => {
                let full = error.kind() == io::ErrorKind::StorageFull;
                let source = Box::new(error);
                if full {
                    DatabaseError::Full { database, source }
                } else {
                    DatabaseError::Denied { database, source }
                }
            }
            Self::Sqlite(error @ Error::PoolTimedOut) => {
                DatabaseError::Busy { database, source: Box::new(error) }
            }
            Self::Sqlite(error) => {
                let code = primary_code(&error);
                let source = Box::new(error);
                match code {
                    Some(code::CORRUPT | code::NOT_A_DATABASE) => {
                        DatabaseError::Damaged { database, source }
                    }
                    Some(code::FULL) => DatabaseError::Full { database, source },
                    Some(code::PERMISSION | code::READ_ONLY | code::CANNOT_OPEN) => {
                        DatabaseError::Denied { database, source }
                    }
                    Some(code::BUSY | code::LOCKED) => DatabaseError::Busy { database, source },
                    _ => DatabaseError::Failed { database, source },
                }
            }
        }
    }
}

/// Primary result codes (SQLite, "Result and Error Codes").
mod code {
    pub(super) const PERMISSION: u32 = 3;
    pub(super) const BUSY: u32 = 5;
    pub(super) const LOCKED: u32 = 6;
    pub(super) const READ_ONLY: u32 = 8;
    pub(super) const CORRUPT: u32 = 11;
    pub(super) const FULL: u32 = 13;
    pub(super) const CANNOT_OPEN: u32 = 14;
    pub(super) const NOT_A_DATABASE: u32 = 26;
}

/// The lowest eight bits of what SQLite answered; the others say more exactly why.
fn primary_code(error: &Error) -> Option<u32> {
    let answer: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(answer & 0xff)
}
