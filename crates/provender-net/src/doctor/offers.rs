//! The remedies of a diagnosis, each tried before it is offered.

use provender_core::doctor::Remedy;

use super::chain::is_self_issued;
use super::complete::Continuation;
use super::diagnose::Draft;
use super::observe::Presented;
use super::prober::Inner;
use super::remedy::{Trial, unproved};
use crate::certificate::CertificateFacts;
use crate::redact::redact;

impl Draft<'_> {
    /// Where a proxy is in the way and the host can be had without it, that is the remedy.
    pub(super) async fn try_directly(&mut self, inner: &Inner) {
        if self.own.proxy.is_none() {
            return;
        }
        let url = self.own.url();
        let trial = Trial { url: &url, proxy: None, added: &[], at: None };
        if trial.succeeds(inner).await {
            let host = &self.own.host;
            let text = format!(
                "name `{host}` in `NO_PROXY`, if your network allows it: it can be reached directly"
            );
            self.evidence.push(format!("without the proxy, a handshake with `{host}` verifies"));
            self.remedy = Some(Remedy { text, proved: true });
        }
    }

    /// Offers the first of the names that a handshake verifies with.
    pub(super) async fn offer_names(&mut self, inner: &Inner, names: &[String]) {
        const TRIED: usize = 3;
        let own = self.own;
        for name in names.iter().filter(|name| !name.contains('*')).take(TRIED) {
            let mut url = own.url();
            if url.set_host(Some(name)).is_err() {
                continue;
            }
            let trial = Trial { url: &url, proxy: own.proxy.as_ref(), added: &[], at: None };
            if trial.succeeds(inner).await {
                let text = format!("use {}", redact(&url));
                self.remedy = Some(Remedy { text, proved: true });
                return;
            }
        }
    }

    /// Offers to trust the authority, if its certificate is at hand.
    pub(super) async fn offer_authority(&mut self, inner: &Inner, presented: &Presented) {
        let issuer = self.root_name();
        let Some(certificate) = self.authority_certificate.clone() else {
            if presented.ordered.last().is_some_and(is_self_issued) {
                self.remedy = Some(unproved(format!(
                    "the certificate of `{}` is signed by itself, so that no authority vouches for \
                     it: have its owner install one of your network's authority or a public one",
                    self.own.host
                )));
                return;
            }
            self.remedy = Some(unproved(format!(
                "the certificate of `{issuer}` was not presented: ask your network's owner for it \
                 as PEM, compare its fingerprint, and name it with `--ca-bundle FILE`"
            )));
            return;
        };
        let fingerprint = CertificateFacts::from_der(&certificate).map(|facts| facts.sha256);
        let fingerprint = fingerprint.map(|sha256| format!(" (sha256 {sha256})"));
        let url = self.own.url();
        let mut text = format!(
            "save the certificate of `{issuer}` with `provender doctor --save-ca ca.pem {}`, \
             compare its fingerprint{} with your network's owner, and name it with \
             `--ca-bundle ca.pem`",
            redact(&url),
            fingerprint.unwrap_or_default()
        );
        if !is_self_issued(&certificate) {
            text += "; it is not the root, which some tools want: ask for that too";
        }
        let added = [certificate];
        let proxy = self.own.proxy.as_ref();
        let trial = Trial { url: &url, proxy, added: &added, at: None };
        let remedy = trial.remedy(inner, text).await;
        if !remedy.proved {
            self.evidence.push("trusting that certificate was tried and is not enough".to_owned());
        }
        self.remedy = Some(remedy);
    }

    /// Offers to trust the certificate that the server leaves out.
    pub(super) async fn prove_missing(&mut self, inner: &Inner, continuation: &Continuation) {
        let url = self.own.url();
        let proxy = self.own.proxy.as_ref();
        let added = continuation.added.get(..1).unwrap_or_default();
        let trial = Trial { url: &url, proxy, added, at: None };
        let names: Vec<String> =
            added.iter().filter_map(CertificateFacts::from_der).map(|f| f.subject).collect();
        let text = format!(
            "have the server's owner install the full chain, with `{}`; until then save that \
             certificate with `provender doctor --save-ca ca.pem {}` and name it with `--ca-bundle \
             ca.pem`",
            names.join("`, `"),
            redact(&url)
        );
        self.remedy = Some(trial.remedy(inner, text).await);
    }
}
