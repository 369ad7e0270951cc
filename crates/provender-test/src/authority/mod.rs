//! A certificate authority of its own for a test.

mod flaw;
mod leaf;

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyIdMethod, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::http::{HttpServer, Reply};

pub use flaw::CaFlaw;
use leaf::{DAY, days_from_now};
pub use leaf::{Leaf, TlsIdentity};

/// A CA that nobody trusts until told to. What it issues is as RFC 5280 wants it, unless a flaw is ordered.
///
/// Cloning it shares the key.
#[derive(Clone)]
pub struct Authority {
    issuer: Arc<CertifiedIssuer<'static, KeyPair>>,
    /// The authorities above an intermediate one, the root last; empty for a root.
    above: Vec<CertificateDer<'static>>,
}

impl Authority {
    /// A root with this common name.
    pub fn named(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        Self::root(ca_params(name), key)
    }

    /// A root whose certificate is not as RFC 5280 wants it.
    pub fn flawed(name: &str, flaw: CaFlaw) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = ca_params(name);
        flaw.apply(&mut params, &key);
        Self::root(params, key)
    }

    /// A root that is past its end.
    pub fn expired(name: &str) -> Self {
        let mut params = ca_params(name);
        params.not_before = days_from_now(-800).into();
        params.not_after = days_from_now(-1).into();
        Self::root(params, KeyPair::generate().expect("a key"))
    }

    /// A root of another key that names this one's as its own, as somebody makes who wants it to be taken for this one.
    pub fn forged(&self, name: &str) -> Self {
        let mut params = ca_params(name);
        let identifier = params.key_identifier(self.issuer.key());
        params.key_identifier_method = KeyIdMethod::PreSpecified(identifier);
        Self::root(params, KeyPair::generate().expect("a key"))
    }

    fn root(params: CertificateParams, key: KeyPair) -> Self {
        let issuer = CertifiedIssuer::self_signed(params, key).expect("a CA certificate");
        Self { issuer: Arc::new(issuer), above: Vec::new() }
    }

    /// An authority that this one signed.
    pub fn intermediate(&self, name: &str) -> Self {
        self.signing(name, |_, _| {})
    }

    /// An authority that this one signed, whose certificate tells where this one's is to be had (authority information
    /// access, RFC 5280, section 4.2.2.1).
    pub fn intermediate_with_aia(&self, name: &str, url: &str) -> Self {
        let access = leaf::authority_information_access(url);
        self.signing(name, |params, _| params.custom_extensions.push(access))
    }

    /// An authority that this one signed, with a certificate that is not as RFC 5280 wants it.
    pub fn flawed_intermediate(&self, name: &str, flaw: CaFlaw) -> Self {
        self.signing(name, |params, key| flaw.apply(params, key))
    }

    fn signing(&self, name: &str, adapt: impl FnOnce(&mut CertificateParams, &KeyPair)) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = ca_params(name);
        params.use_authority_key_identifier_extension = true;
        adapt(&mut params, &key);
        let issuer =
            CertifiedIssuer::signed_by(params, key, &self.issuer).expect("a CA certificate");
        let above = [self.der()].into_iter().chain(self.above.iter().cloned()).collect();
        Self { issuer: Arc::new(issuer), above }
    }

    /// Its certificate as PEM.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Its certificate as DER.
    pub fn der(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// What a server presents: a certificate with its key, and the intermediate authorities above it.
    pub fn identity(&self, leaf: &Leaf) -> TlsIdentity {
        self.identity_with_key(leaf, &KeyPair::generate().expect("a key"))
    }

    /// As [`identity`](Self::identity), with a key that other identities may share.
    pub(crate) fn identity_with_key(&self, leaf: &Leaf, key: &KeyPair) -> TlsIdentity {
        let certificate = leaf.params().signed_by(key, &self.issuer).expect("a signed certificate");
        let mut chain = vec![certificate.der().clone()];
        let mut authorities = vec![self.der()];
        authorities.extend(self.above.iter().cloned());
        let root = authorities.pop();
        chain.extend(authorities);
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        TlsIdentity::new(chain, root, key)
    }

    /// What a server presents that uses the authority's own certificate for itself, as appliances do.
    pub fn as_server(&self) -> TlsIdentity {
        let mut above = self.above.clone();
        let root = above.pop();
        let chain = [self.der()].into_iter().chain(above).collect();
        let key = self.issuer.key().serialize_der();
        TlsIdentity::new(chain, root, PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key)))
    }

    /// A server over plain HTTP that gives out its certificate in DER form under every path, as the URLs of authority
    /// information access do.
    pub fn serve_certificate(&self) -> HttpServer {
        let der = self.der().to_vec();
        HttpServer::start(move |_| Reply::new(200, "application/pkix-cert", der.clone()))
    }
}

/// What a certificate of an authority says: key usage, key identifier and basic constraints included.
fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).expect("a CA without names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = days_from_now(-365).into();
    params.not_after = (days_from_now(0) + DAY * 3650).into();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}
