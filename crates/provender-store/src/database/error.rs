//! Why the database gave no answer.

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why the database gave no answer. `database` names the file, or later the server, without
/// credentials.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// It was made by a newer provender.
    #[error(
        "{database} was made by a newer provender: it has version {found}, and up to {known} is known here"
    )]
    Newer {
        /// Which database.
        database: String,
        /// The version of its tables.
        found: i64,
        /// The newest version that this provender knows.
        known: i64,
    },
    /// It is not a database, or its content is damaged.
    #[error("{database} is damaged or not a database")]
    Damaged {
        /// Which database.
        database: String,
        /// What exactly was found.
        source: Cause,
    },
    /// It is a database, but of another program.
    #[error("{database} is the database of another program")]
    Foreign {
        /// Which database.
        database: String,
    },
    /// The disk left no room for a change; nothing was changed.
    #[error("no room is left to change {database}")]
    Full {
        /// Which database.
        database: String,
        /// What exactly failed.
        source: Cause,
    },
    /// It may not be opened or changed.
    #[error("cannot open or change {database}")]
    Denied {
        /// Which database.
        database: String,
        /// What exactly failed.
        source: Cause,
    },
    /// Others held on to it for too long.
    #[error("{database} is held by another process")]
    Busy {
        /// Which database.
        database: String,
        /// What exactly failed.
        source: Cause,
    },
    /// A row holds what provender never writes.
    #[error("{database} holds a {what} that cannot be read: `{value}`")]
    Unreadable {
        /// Which database.
        database: String,
        /// What should have stood there.
        what: &'static str,
        /// What stood there.
        value: String,
    },
    /// A file was given as one of a release that it is not of. Nothing was changed.
    #[error("{filename} is not a file of {release}")]
    OtherRelease {
        /// The file.
        filename: String,
        /// The release that it was given for.
        release: String,
    },
    /// Anything else.
    #[error("{database} gave no answer")]
    Failed {
        /// Which database.
        database: String,
        /// What exactly failed.
        source: Cause,
    },
}
