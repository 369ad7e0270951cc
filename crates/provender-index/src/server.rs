//! The index as an HTTP server: the simple API over what the store has, and over what its upstreams
//! have if there are any.
//!
//! `routes` is the list of its URLs. A page is rendered once for each state of the store and kept in
//! memory (`rendered`); a file comes from the store, else it is pulled through (`files`). Errors
//! become statuses in `problem` only.

mod accept;
mod body;
mod conditional;
mod connections;
mod files;
mod log;
mod pages;
mod problem;
mod rendered;
mod routes;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use provender_store::Store;
use tokio::net::TcpListener;

use crate::transfer::Transfers;
use crate::upstream::Upstreams;
pub use log::{RequestLine, RequestLog, Source};
use rendered::PageCache;

/// How long an upstream's answer is waited for where something older can be served. Clients give up
/// after 15 (pip) or 30 (uv) seconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a server stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Connections can no longer be accepted.
    #[error("cannot accept connections: {0}")]
    Accept(io::Error),
}

/// What a server serves. Clones share it.
#[derive(Debug, Clone)]
pub struct Index(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    pull: Option<Pull>,
    pages: PageCache,
}

/// What is needed to pull files through.
#[derive(Debug)]
struct Pull {
    upstreams: Upstreams,
    transfers: Transfers,
}

impl Index {
    /// What the store has, and nothing else: no connection is ever made.
    pub fn offline(store: Store) -> Self {
        Self::new(store, None)
    }

    /// What the store has and what the upstreams have. A file that somebody asks for is kept in the
    /// store. `transfers` and `upstreams` have to be those of the same store.
    pub fn pulling_through(store: Store, upstreams: Upstreams, transfers: Transfers) -> Self {
        Self::new(store, Some(Pull { upstreams, transfers }))
    }

    fn new(store: Store, pull: Option<Pull>) -> Self {
        Self(Arc::new(Inner { store, pull, pages: PageCache::default() }))
    }
}

/// Answers the requests that come to `listener` until `shutdown` ends. Answers that are under way
/// then have ten seconds.
///
/// # Errors
///
/// When no connection can be accepted any more.
pub async fn serve(
    listener: TcpListener,
    index: Index,
    log: Arc<dyn RequestLog>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    connections::serve(listener, routes::router(index, log), shutdown).await
}
