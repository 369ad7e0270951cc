//! The locks that were stocked, as they were.

use provender_core::lock::{LockError, constraints, pylock};
use provender_core::{Diagnostic, Lock, Place, Target};
use provender_store::{DatabaseError, LockFormat, LockRecord, Store};

use super::request::CheckedLock;

/// A lock in the database that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the lock {name} cannot be read as it was stocked")]
pub struct UnreadableLock {
    /// Its name.
    pub name: String,
    /// Why.
    pub source: LockError,
}

impl UnreadableLock {
    /// What is told of it.
    pub fn diagnostic(&self) -> Diagnostic {
        Diagnostic::error("check/lock-unreadable", self.to_string())
            .at(Place::file(&self.name))
            .because(self.source.to_string())
            .hint("stock the lock again with `provender stock`")
    }
}

/// Every lock that was stocked, with those that cannot be read any more, sorted by name.
///
/// # Errors
///
/// When the database gives no answer.
pub async fn locks(
    store: &Store,
) -> Result<(Vec<CheckedLock>, Vec<UnreadableLock>), DatabaseError> {
    let mut read = Vec::new();
    let mut unreadable = Vec::new();
    let mut records = store.database().locks().await?;
    records.sort_by(|a, b| a.name.cmp(&b.name));
    for record in records {
        match parse(&record) {
            Ok(lock) => read.push(CheckedLock {
                target: record.target.as_deref().and_then(target),
                name: record.name,
                kind: record.kind,
                format: record.format,
                text: record.text,
                lock,
            }),
            Err(source) => unreadable.push(UnreadableLock { name: record.name, source }),
        }
    }
    Ok((read, unreadable))
}

fn parse(record: &LockRecord) -> Result<Lock, LockError> {
    match record.format {
        LockFormat::Constraints => constraints::parse(&record.text),
        LockFormat::Pylock => pylock::parse(&record.text),
    }
}

/// A target as it is shown, `Python 3.11 on x86_64-manylinux_2_28`.
fn target(text: &str) -> Option<Target> {
    let (python, platforms) = text.strip_prefix("Python ")?.split_once(" on ")?;
    Some(Target { python: python.parse().ok()?, platforms: platforms.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_read_as_it_is_shown() {
        for text in
            ["Python 3.11 on universal", "Python 3.12.1 on x86_64-manylinux_2_28, x86_64-windows"]
        {
            assert_eq!(target(text).unwrap().to_string(), text);
        }
        assert!(target("3.11").is_none());
    }
}
