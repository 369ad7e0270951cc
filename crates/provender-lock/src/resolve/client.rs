//! uv's cache and its HTTP client, made of what the request says.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use provender_core::Diagnostic;
use provender_net::Credential;
use uv_auth::Credentials;
use uv_cache::{Cache, Refresh};
use uv_client::{
    BaseClientBuilder, Connectivity, ExtraMiddleware, RegistryClient, RegistryClientBuilder,
};
use uv_configuration::IndexStrategy;
use uv_distribution_types::{IndexLocations, IndexUrl};
use uv_pep508::MarkerEnvironment;
use uv_preview::Preview;
use uv_redacted::DisplaySafeUrl;

use super::caching::RememberPages;
use super::error;
use crate::failure::LockFailure;
use crate::request::{LockRequest, Upgrade};

/// Opens the cache, and says what of it counts as stale.
pub(crate) async fn open_cache(request: &LockRequest) -> Result<Cache, LockFailure> {
    let refresh = match (&request.upgrade, request.refresh) {
        (_, true) | (Upgrade::All, _) => Refresh::from_args(Some(true), Vec::new()),
        (Upgrade::Only(names), false) => Refresh::from_args(None, names.iter().cloned().collect()),
        (Upgrade::Nothing, false) => Refresh::from_args(None, Vec::new()),
    };
    Cache::from_path(&request.cache_dir).with_refresh(refresh).init().await.map_err(|error| {
        let diagnostic = Diagnostic::error(
            "lock/cannot-write",
            format!("cannot write to {}", request.cache_dir.display()),
        );
        LockFailure::no_answer(
            diagnostic
                .because(error.to_string())
                .hint("make room or grant access, or move the data with --data-dir"),
        )
    })
}

/// The client for these indexes, over the request's own HTTP client. `uncacheable` is set once a
/// page says that it must not be taken from the cache.
pub(crate) fn registry_client(
    request: &LockRequest,
    locations: &IndexLocations,
    cache: Cache,
    markers: &MarkerEnvironment,
    uncacheable: Arc<AtomicBool>,
) -> Result<RegistryClient, LockFailure> {
    let settings = request.client.settings();
    let connectivity = if settings.offline { Connectivity::Offline } else { Connectivity::Online };
    let base = BaseClientBuilder::new(
        connectivity,
        false,
        Vec::new(),
        Preview::default(),
        settings.read_timeout,
        settings.connect_timeout,
        settings.retry.retries,
    )
    .custom_client(request.client.resolver_client())
    .extra_middleware(ExtraMiddleware(vec![Arc::new(RememberPages { uncacheable })]));
    // Those of the settings first: they may be for a host that only files come from.
    for rule in &settings.credentials {
        let credentials = credentials(rule.credential().clone());
        base.store_credentials(&DisplaySafeUrl::from_url(rule.url().clone()), credentials);
    }
    for index in locations.known_indexes() {
        hand_over_credentials(request, &base, index.url())?;
    }
    RegistryClientBuilder::new(base, cache)
        .index_locations(locations.clone())
        .index_strategy(IndexStrategy::FirstIndex)
        .markers(markers)
        .build()
        .map_err(|error| error::failure(&error, request))
}

/// Tells uv what the settings or netrc hold for an index; what stands in its URL uv reads itself.
fn hand_over_credentials(
    request: &LockRequest,
    base: &BaseClientBuilder<'_>,
    index: &IndexUrl,
) -> Result<(), LockFailure> {
    let url = index.url();
    if !url.username().is_empty() || url.password().is_some() {
        return Ok(());
    }
    let held = request.client.credential_for(url);
    if let Some(held) = held.map_err(|error| error::told_by_net(&error))? {
        base.store_credentials(url, credentials(held));
    }
    Ok(())
}

fn credentials(credential: Credential) -> Credentials {
    match credential {
        Credential::Basic { user, password } => Credentials::basic(Some(user), Some(password)),
        Credential::Bearer(token) => Credentials::bearer(token.into_bytes()),
    }
}
