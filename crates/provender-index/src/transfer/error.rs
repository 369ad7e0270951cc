//! Why a file did not arrive.

use std::sync::Arc;

use provender_core::Sha256;
use provender_net::{NetError, RedactedUrl};
use provender_store::{BlobError, DatabaseError, StoreError};

/// Why a file did not arrive. Nothing of it was kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TransferError {
    /// The network, or the upstream.
    #[error("{0}")]
    Net(Arc<NetError>),
    /// What came has another digest than was promised.
    #[error(
        "{url} has sha256 {actual}, expected {expected}{}",
        if *.web_page { ": a web page came in place of the file" } else { "" }
    )]
    WrongBytes {
        /// Where it came from.
        url: RedactedUrl,
        /// The promised digest.
        expected: Sha256,
        /// The digest of what came.
        actual: Sha256,
        /// Whether what came looks like a web page.
        web_page: bool,
    },
    /// The upstream announces another length than its page promised.
    #[error("{url} has {announced} bytes, expected {promised}")]
    WrongSize {
        /// Where it comes from.
        url: RedactedUrl,
        /// What the page promised.
        promised: u64,
        /// What the answer announces.
        announced: u64,
    },
    /// The store could not keep it.
    #[error("{0}")]
    Store(Arc<StoreError>),
    /// The program is ending.
    #[error("the program is ending")]
    Stopped,
}

impl From<NetError> for TransferError {
    fn from(error: NetError) -> Self {
        Self::Net(Arc::new(error))
    }
}

impl From<StoreError> for TransferError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl From<BlobError> for TransferError {
    fn from(error: BlobError) -> Self {
        StoreError::from(error).into()
    }
}

impl From<DatabaseError> for TransferError {
    fn from(error: DatabaseError) -> Self {
        StoreError::from(error).into()
    }
}

impl TransferError {
    /// What to do about it; none if there is nothing better to say than the message.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Net(error) => error.hint(),
            Self::WrongBytes { web_page: true, .. } => Some(
                "check whether a proxy or a captive portal answered in the index's place"
                    .to_owned(),
            ),
            Self::WrongBytes { .. } | Self::WrongSize { .. } => Some(
                "the file was replaced or damaged on the way, or the index's page is wrong; \
                 nothing of it was kept"
                    .to_owned(),
            ),
            Self::Store(error) if error.is_full() => Some(
                "the disk is full: free some space, or move the data with `--data-dir`".to_owned(),
            ),
            Self::Store(_) | Self::Stopped => None,
        }
    }

    /// Whether the disk left no room.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_full())
    }
}
