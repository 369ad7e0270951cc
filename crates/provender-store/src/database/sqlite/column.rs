//! Reading the columns of a row as what they mean.

use std::str::FromStr;

use provender_core::Sha256;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::failure::Failure;

/// A column as what its text means; `what` names it in the error.
pub(super) fn parsed<T: FromStr>(
    row: &SqliteRow,
    column: usize,
    what: &'static str,
) -> Result<T, Failure> {
    parse(row.try_get(column)?, what)
}

/// A column that holds a digest.
pub(super) fn sha256(row: &SqliteRow, column: usize) -> Result<Sha256, Failure> {
    parsed(row, column, "SHA-256")
}

/// A length in bytes as the column holds it.
pub(super) fn from_size(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// A length in bytes from its column.
pub(super) fn to_size(size: i64) -> Result<u64, Failure> {
    u64::try_from(size).map_err(|_| Failure::Unreadable { what: "size", value: size.to_string() })
}

/// A text as what it means.
pub(super) fn parse<T: FromStr>(text: &str, what: &'static str) -> Result<T, Failure> {
    text.parse().map_err(|_| Failure::Unreadable { what, value: text.to_owned() })
}
