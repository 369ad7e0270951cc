//! Every URL of the index.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::problem::Problem;
use super::{Index, RequestLog, files, log, pages};

/// The routes. `GET` answers `HEAD` too, with the same head.
pub(super) fn router(index: Index, log: Arc<dyn RequestLog>) -> Router {
    Router::new()
        .route("/simple", get(pages::root_without_slash))
        .route("/simple/", get(pages::root))
        .route("/simple/{project}", get(pages::project_without_slash))
        .route("/simple/{project}/", get(pages::project))
        .route("/packages/{first}/{second}/{sha256}/{filename}", get(files::file))
        .route("/health", get(health))
        .fallback(nothing_here)
        .method_not_allowed_fallback(read_only)
        .with_state(index)
        .layer(from_fn_with_state(log, log::log_request))
}

async fn health(State(index): State<Index>) -> Result<Response, Problem> {
    index.0.store.database().generation().await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], "ok\n").into_response())
}

async fn nothing_here(uri: Uri) -> Problem {
    Problem::NotFound(format!(
        "there is nothing at {}; this index has /simple/, /simple/PROJECT/, the files that these \
         pages link to, and /health",
        uri.path()
    ))
}

async fn read_only() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, "this index can only be read\n").into_response()
}
