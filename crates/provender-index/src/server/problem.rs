//! From errors to statuses.
//!
//! What a client asked for wrongly or what is not there is 4xx. What an upstream did not give is 502,
//! or 504 if it took too long: clients try these again. What is wrong here is 500, or 507 for a full
//! disk. The text is one line of what happened and one of what to do, without secrets.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use provender_net::NetError;
use provender_store::{BlobError, DatabaseError};

use super::Source;
use crate::transfer::TransferError;
use crate::upstream::UpstreamError;

/// Why a request has no better answer.
#[derive(Debug)]
pub(super) enum Problem {
    /// There is nothing there, in these words.
    NotFound(String),
    /// No form of the page is acceptable.
    NotAcceptable,
    /// The range lies behind the end of a file of so many bytes.
    RangeNotSatisfiable(u64),
    Upstream(UpstreamError),
    Transfer(TransferError),
    Blob(BlobError),
    Database(DatabaseError),
    /// A file of the store is missing or changed.
    Damaged(String),
}

impl From<UpstreamError> for Problem {
    fn from(error: UpstreamError) -> Self {
        Self::Upstream(error)
    }
}

impl From<TransferError> for Problem {
    fn from(error: TransferError) -> Self {
        Self::Transfer(error)
    }
}

impl From<BlobError> for Problem {
    fn from(error: BlobError) -> Self {
        Self::Blob(error)
    }
}

impl From<DatabaseError> for Problem {
    fn from(error: DatabaseError) -> Self {
        Self::Database(error)
    }
}

impl Problem {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::RangeNotSatisfiable(_) => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::Upstream(UpstreamError::Net { source, .. }) => gateway(source),
            Self::Upstream(UpstreamError::Page { .. }) => StatusCode::BAD_GATEWAY,
            Self::Transfer(TransferError::Net(source)) => gateway(source),
            Self::Transfer(TransferError::WrongBytes { .. } | TransferError::WrongSize { .. }) => {
                StatusCode::BAD_GATEWAY
            }
            Self::Transfer(error) if error.is_full() => StatusCode::INSUFFICIENT_STORAGE,
            Self::Upstream(UpstreamError::Stopped) | Self::Transfer(TransferError::Stopped) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Upstream(UpstreamError::Database(_))
            | Self::Transfer(TransferError::Store(_))
            | Self::Blob(_)
            | Self::Database(_)
            | Self::Damaged(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::NotFound(message) => message.clone(),
            Self::NotAcceptable => format!(
                "a page can be had as {}, {} or {}",
                crate::simple::JSON,
                crate::simple::HTML_V1,
                crate::simple::HTML
            ),
            Self::RangeNotSatisfiable(size) => format!("the file has {size} bytes"),
            Self::Upstream(error) => error.to_string(),
            Self::Transfer(error) => error.to_string(),
            Self::Blob(error) => with_cause(error),
            Self::Database(error) => with_cause(error),
            Self::Damaged(filename) => {
                format!("the stored file {filename} is missing or was changed")
            }
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Upstream(error) => error.hint(),
            Self::Transfer(error) => error.hint(),
            Self::Damaged(_) => Some(
                "`provender check` names every such file, `provender stock` heals it".to_owned(),
            ),
            _ => None,
        }
    }
}

fn with_cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// What the failure of an upstream is to our client. That a file is not there any more is no
/// outage.
fn gateway(error: &NetError) -> StatusCode {
    match error {
        NetError::Status { status: 404 | 410, .. } => StatusCode::NOT_FOUND,
        NetError::Timeout { .. } => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::BAD_GATEWAY,
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut text = self.message();
        if let Some(hint) = self.hint() {
            text.push('\n');
            text.push_str(&hint);
        }
        text.push('\n');
        let mut response = (self.status(), text).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match self {
            Self::NotAcceptable => {
                headers.insert(header::VARY, HeaderValue::from_static("Accept"));
            }
            Self::RangeNotSatisfiable(size) => {
                if let Ok(value) = HeaderValue::try_from(format!("bytes */{size}")) {
                    headers.insert(header::CONTENT_RANGE, value);
                }
            }
            Self::Upstream(_) | Self::Transfer(_) => {
                response.extensions_mut().insert(Source::Upstream);
            }
            _ => {}
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use provender_net::RedactedUrl;
    use provender_store::StoreError;

    use super::*;

    #[test]
    fn a_full_disk_is_not_taken_for_a_failing_upstream() {
        let source = io::ErrorKind::StorageFull.into();
        let error = BlobError::Write { path: "tmp".into(), source };
        let problem = Problem::Transfer(TransferError::Store(Arc::new(StoreError::Blob(error))));
        assert_eq!(problem.status(), StatusCode::INSUFFICIENT_STORAGE);
        assert!(problem.hint().unwrap().contains("disk is full"));
    }

    #[test]
    fn a_file_that_the_upstream_lost_is_not_there_and_no_outage() {
        let url = RedactedUrl::from(&"https://files.example/a".parse().unwrap());
        let status = |status| {
            let url = url.clone();
            gateway(&NetError::Status { url, status, retry_after: None, credentials_from: None })
        };
        assert_eq!(status(404), StatusCode::NOT_FOUND);
        assert_eq!(status(403), StatusCode::BAD_GATEWAY);
        assert_eq!(status(500), StatusCode::BAD_GATEWAY);
    }
}
