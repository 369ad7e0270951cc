//! How long what an index sends counts as fresh, where the index does not say.
//!
//! Most mirrors inside closed networks send no caching headers, and without them every run asks
//! for every page again. What the server does say is left as it is, and so is a wish to ask again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE, EXPIRES, HeaderMap, HeaderValue};
use reqwest::{Request, Response};
use reqwest_middleware::{Middleware, Next, Result};

/// Ten minutes, as the public index says of its own pages.
const PAGES: HeaderValue = HeaderValue::from_static("max-age=600");
/// A file has its bytes for ever: another one has another name.
const FILES: HeaderValue = HeaderValue::from_static("max-age=365000000, immutable");

/// Adds the headers that are missing.
#[derive(Default)]
pub(crate) struct RememberPages {
    /// Set once a page says that it must not be taken from the cache.
    pub(crate) uncacheable: Arc<AtomicBool>,
}

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
        let page = headers
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| kind.contains("simple") || kind.starts_with("text/html"));
        if silent && response.status().is_success() {
            response.headers_mut().insert(CACHE_CONTROL, if page { PAGES } else { FILES });
        } else if page && !silent && !lasts(headers) {
            self.uncacheable.store(true, Ordering::Relaxed);
        }
        Ok(response)
    }
}

/// Whether what these headers speak of may be taken from a cache for a while (RFC 9111, section 4.2.1).
fn lasts(headers: &HeaderMap) -> bool {
    let control = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut directives = control.flat_map(|value| value.split(',')).map(str::trim);
    let mut age = None;
    directives.all(|directive| {
        let directive = directive.to_ascii_lowercase();
        if let Some(seconds) = directive.strip_prefix("max-age=") {
            age = seconds.parse::<u64>().ok();
        }
        directive != "no-store" && directive != "no-cache"
    }) && age.is_some_and(|seconds| seconds > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_age_without_a_ban_lasts() {
        let lasting = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CACHE_CONTROL, HeaderValue::from_str(value).expect("a header"));
            lasts(&headers)
        };
        assert!(lasting("max-age=600"));
        assert!(lasting("public, Max-Age=600, stale-while-revalidate=60"));
        assert!(!lasting("max-age=0"));
        assert!(!lasting("no-cache"));
        assert!(!lasting("max-age=600, no-store"));
        assert!(!lasting("private"));
        assert!(!lasts(&HeaderMap::new()));
    }
}
