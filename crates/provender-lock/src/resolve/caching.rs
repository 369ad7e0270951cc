//! How long what an index sends counts as fresh, where the index does not say.
//!
//! Most mirrors inside closed networks send no caching headers, and without them every run asks
//! for every page again. What the server does say is left as it is, and so is a wish to ask again.

use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE, EXPIRES, HeaderValue};
use reqwest::{Request, Response};
use reqwest_middleware::{Middleware, Next, Result};

/// Ten minutes, as the public index says of its own pages.
const PAGES: HeaderValue = HeaderValue::from_static("max-age=600");
/// A file has its bytes for ever: another one has another name.
const FILES: HeaderValue = HeaderValue::from_static("max-age=365000000, immutable");

/// Adds the headers that are missing.
pub(crate) struct RememberPages;

#[async_trait::async_trait]
impl Middleware for RememberPages {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut http::Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        let mut response = next.run(request, extensions).await?;
        let headers = response.headers();
        let silent = !headers.contains_key(CACHE_CONTROL) && !headers.contains_key(EXPIRES);
        if silent && response.status().is_success() {
            let page = headers
                .get(CONTENT_TYPE)
                .and_then(|kind| kind.to_str().ok())
                .is_some_and(|kind| kind.contains("simple") || kind.starts_with("text/html"));
            response.headers_mut().insert(CACHE_CONTROL, if page { PAGES } else { FILES });
        }
        Ok(response)
    }
}
