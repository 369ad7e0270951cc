//! Trying a remedy before it is offered.

use jiff::Timestamp;
use provender_core::doctor::Remedy;
use rustls::pki_types::{CertificateDer, ServerName};
use url::Url;

use super::dial::dial;
use super::judge::store;
use super::observe::DIRECT;
use super::prober::{Inner, clock_at};
use super::record::verify;
use crate::proxy::ProxyUrl;
use crate::redact::host_of;

/// A handshake to try: as every request's, but for what the remedy changes.
#[derive(Debug)]
pub(super) struct Trial<'a> {
    pub(super) url: &'a Url,
    pub(super) proxy: Option<&'a ProxyUrl>,
    /// Trusted besides what is trusted already.
    pub(super) added: &'a [CertificateDer<'static>],
    /// The time in the place of the clock's.
    pub(super) at: Option<Timestamp>,
}

impl Trial<'_> {
    /// Whether the handshake verifies.
    pub(super) async fn succeeds(&self, inner: &Inner) -> bool {
        let around = self.proxy.is_none() && inner.client.proxies().proxy_for(self.url).is_some();
        let limit = if around { DIRECT.min(inner.step()) } else { inner.step() };
        let Ok(name) = ServerName::try_from(host_of(self.url)) else { return false };
        let roots = inner.trust().certificates().chain(self.added).cloned();
        let Some(roots) = store(roots) else { return false };
        let Ok(mut dialed) = dial(&inner.client, self.url, self.proxy, limit).await else {
            return false;
        };
        let clock = self.at.map_or_else(|| inner.clock(), |at| clock_at(Some(at)));
        verify(&mut *dialed.stream, name, roots, clock, limit).await.is_ok()
    }

    /// A remedy, with what the trial came to.
    pub(super) async fn remedy(&self, inner: &Inner, text: impl Into<String>) -> Remedy {
        Remedy { text: text.into(), proved: self.succeeds(inner).await }
    }
}

/// A remedy that no handshake can prove.
pub(super) fn unproved(text: impl Into<String>) -> Remedy {
    Remedy { text: text.into(), proved: false }
}
