//! The certificate of a server, and what the server makes of it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    KeyPair, KeyUsagePurpose, SerialNumber,
};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedProtocolVersion};

pub(super) const DAY: Duration = Duration::from_hours(24);

/// So many days from now; before now if negative.
pub(super) fn days_from_now(days: i32) -> SystemTime {
    let distance = DAY * days.unsigned_abs();
    let now = SystemTime::now();
    if days < 0 { now - distance } else { now + distance }
}

/// The certificate that a server is to have.
///
/// As RFC 5280 wants it: valid since a month for two more, with key usages and an authority key identifier.
#[derive(Debug, Clone)]
pub struct Leaf {
    names: Vec<String>,
    common_name: Option<String>,
    /// From when to when, in days from now.
    valid: (i32, i32),
    authority_key_identifier: bool,
    signs: bool,
    serial: Option<Vec<u8>>,
    extensions: Vec<CustomExtension>,
}

impl Leaf {
    /// For these DNS names and IP addresses.
    pub fn names<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        Self {
            common_name: names.first().cloned(),
            names,
            valid: (-30, 60),
            authority_key_identifier: true,
            signs: false,
            serial: None,
            extensions: Vec::new(),
        }
    }

    /// For `127.0.0.1` and `localhost`.
    pub fn loopback() -> Self {
        Self::names(["127.0.0.1", "localhost"])
    }

    /// Valid from and to so many days from now.
    #[must_use]
    pub fn valid(mut self, from: i32, to: i32) -> Self {
        self.valid = (from, to);
        self
    }

    /// Past its end since yesterday.
    #[must_use]
    pub fn expired(self) -> Self {
        self.valid(-90, -1)
    }

    /// Valid from the day after tomorrow.
    #[must_use]
    pub fn not_yet_valid(self) -> Self {
        self.valid(2, 90)
    }

    /// Without the extension that names its issuer's key, which strict verifiers want (RFC 5280, section 4.2.1.1).
    #[must_use]
    pub fn without_authority_key_identifier(mut self) -> Self {
        self.authority_key_identifier = false;
        self
    }

    /// With the key usage of an authority, which it is not (RFC 5280, section 4.2.1.3).
    #[must_use]
    pub fn that_signs(mut self) -> Self {
        self.signs = true;
        self
    }

    /// Without a subject. rcgen then marks the names as critical.
    #[must_use]
    pub fn without_subject(mut self) -> Self {
        self.common_name = None;
        self
    }

    /// With this serial number, big endian.
    #[must_use]
    pub fn serial(mut self, bytes: &[u8]) -> Self {
        self.serial = Some(bytes.to_vec());
        self
    }

    /// Telling where its issuer's certificate is to be had (authority information access, RFC 5280, section 4.2.2.1).
    #[must_use]
    pub fn aia(mut self, url: &str) -> Self {
        self.extensions.push(authority_information_access(url));
        self
    }

    /// With a (void) list of signed certificate timestamps (RFC 6962, section 3.3), as public authorities put into every
    /// certificate.
    #[must_use]
    pub fn with_scts(mut self) -> Self {
        const SCT_LIST: [u64; 10] = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];
        let void = vec![0x04, 0x02, 0x00, 0x00];
        self.extensions.push(CustomExtension::from_oid_content(&SCT_LIST, void));
        self
    }

    pub(super) fn params(&self) -> CertificateParams {
        let mut params = CertificateParams::new(self.names.clone()).expect("names of hosts");
        params.distinguished_name = DistinguishedName::new();
        if let Some(name) = &self.common_name {
            params.distinguished_name.push(DnType::CommonName, name.as_str());
        }
        params.not_before = days_from_now(self.valid.0).into();
        params.not_after = days_from_now(self.valid.1).into();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        if self.signs {
            params.key_usages.push(KeyUsagePurpose::KeyCertSign);
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = self.authority_key_identifier;
        params.serial_number = self.serial.as_deref().map(SerialNumber::from_slice);
        params.custom_extensions.clone_from(&self.extensions);
        params
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in encoded.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}

/// The extension with the URL of the issuer's certificate (`id-ad-caIssuers`).
pub(super) fn authority_information_access(url: &str) -> CustomExtension {
    const AUTHORITY_INFO_ACCESS: [u64; 9] = [1, 3, 6, 1, 5, 5, 7, 1, 1];
    /// `OBJECT IDENTIFIER 1.3.6.1.5.5.7.48.2`.
    const CA_ISSUERS: [u8; 10] = [0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x02];
    /// The tag of a URI among general names (RFC 5280, section 4.2.1.6).
    const URI: u8 = 0x86;
    const SEQUENCE: u8 = 0x30;
    let tagged = |tag: u8, content: &[u8]| {
        let length = u8::try_from(content.len()).expect("a URL of less than 128 bytes");
        assert!(length < 128, "a URL of less than 128 bytes");
        [&[tag, length], content].concat()
    };
    let description = [&CA_ISSUERS[..], &tagged(URI, url.as_bytes())].concat();
    let content = tagged(SEQUENCE, &tagged(SEQUENCE, &description));
    CustomExtension::from_oid_content(&AUTHORITY_INFO_ACCESS, content)
}

/// What a server answers handshakes with.
#[derive(Debug)]
pub struct TlsIdentity {
    chain: Vec<CertificateDer<'static>>,
    root: Option<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    versions: Vec<&'static SupportedProtocolVersion>,
    alpn: Vec<Vec<u8>>,
}

impl TlsIdentity {
    pub(super) fn new(
        chain: Vec<CertificateDer<'static>>,
        root: Option<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Self {
        Self { chain, root, key, versions: vec![&TLS13, &TLS12], alpn: Vec::new() }
    }

    /// A certificate that no authority signed, as `openssl req -x509` makes them.
    pub fn self_signed(leaf: &Leaf) -> Self {
        let key = KeyPair::generate().expect("a key");
        let certificate = leaf.params().self_signed(&key).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Self::new(vec![certificate.der().clone()], None, key)
    }

    /// The certificates that are presented and the key as PEM (RFC 7468), for servers that read files.
    pub fn pem(&self) -> (String, String) {
        let chain = self.chain.iter().map(|certificate| pem("CERTIFICATE", certificate)).collect();
        (chain, pem("PRIVATE KEY", self.key.secret_der()))
    }

    /// The certificates that are presented, the server's own first.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// Leaves out every certificate but the server's own.
    #[must_use]
    pub fn without_intermediates(mut self) -> Self {
        self.chain.truncate(1);
        self
    }

    /// Presents the root too, as intercepting proxies often do.
    #[must_use]
    pub fn with_root(mut self) -> Self {
        self.chain.extend(self.root.take());
        self
    }

    /// Presents another certificate behind its own, whatever it is.
    #[must_use]
    pub fn appending(mut self, certificate: CertificateDer<'static>) -> Self {
        self.chain.push(certificate);
        self
    }

    /// Speaks TLS 1.2 and nothing newer.
    #[must_use]
    pub fn only_tls12(mut self) -> Self {
        self.versions = vec![&TLS12];
        self
    }

    /// Agrees on one of these application protocols (RFC 7301).
    #[must_use]
    pub fn alpn(mut self, protocols: &[&str]) -> Self {
        self.alpn = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        self
    }

    /// The configuration of a rustls server.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&self.versions)
            .expect("the provider's versions")
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), self.key.clone_key())
            .expect("a certificate with its key");
        config.alpn_protocols.clone_from(&self.alpn);
        Arc::new(config)
    }
}
