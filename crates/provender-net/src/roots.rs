//! Which certificate authorities are trusted.
//!
//! Three sets are added up, and none replaces another: what the operating system trusts, the
//! Mozilla set built into the binary, and the bundles that settings name. They are read when the
//! first TLS handshake needs them, and once.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// A file or directory with CA certificates, and the setting that named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaBundle {
    /// A file with PEM certificates or one DER certificate, or a directory of such files (as
    /// `SSL_CERT_DIR` names).
    pub path: PathBuf,
    /// The setting as the user knows it: `--ca-bundle`, `PROVENDER_CA_BUNDLE`, `SSL_CERT_FILE`.
    pub setting: String,
}

impl CaBundle {
    /// A bundle at a path that a setting named.
    pub fn new(path: impl Into<PathBuf>, setting: impl Into<String>) -> Self {
        Self { path: path.into(), setting: setting.into() }
    }
}

/// Why the trusted roots could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// A named bundle cannot be read.
    #[error("cannot read the CA bundle `{}` named by `{}`: {error}", .bundle.path.display(), .bundle.setting)]
    Unreadable {
        /// The bundle.
        bundle: CaBundle,
        /// What the operating system said.
        error: io::Error,
    },
    /// A named bundle holds no certificate at all.
    #[error("the CA bundle `{}` named by `{}` holds no certificate", .bundle.path.display(), .bundle.setting)]
    Empty {
        /// The bundle.
        bundle: CaBundle,
    },
    /// A named bundle holds something that is not a usable CA certificate.
    #[error("the CA bundle `{}` named by `{}` is malformed: {reason}", .bundle.path.display(), .bundle.setting)]
    Malformed {
        /// The bundle.
        bundle: CaBundle,
        /// What is wrong with it.
        reason: String,
    },
    /// The roots make no verifier.
    #[error("cannot verify TLS with the roots of this machine: {0}")]
    Verifier(String),
}

impl RootsError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreadable { bundle, .. } => Some(format!(
                "correct the path in `{}`, or unset it if the system's roots are enough",
                bundle.setting
            )),
            Self::Empty { bundle } | Self::Malformed { bundle, .. } => Some(format!(
                "`{}` wants CA certificates in PEM form (`-----BEGIN CERTIFICATE-----`)",
                bundle.setting
            )),
            Self::Verifier(_) => None,
        }
    }
}

/// How many distinct certificates each set added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RootsSummary {
    /// From the operating system.
    pub system: usize,
    /// From the bundled Mozilla set, not counting those the system has too.
    pub bundled: usize,
    /// From the named bundles, not counting those in the other sets.
    pub named: usize,
}

/// Roots in the place of those that the machine and the binary bring: what `doctor` is told to take
/// for them in tests. Nothing else sets them.
#[derive(Debug, Clone, Default)]
pub(crate) struct RootSets {
    /// In the place of the operating system's.
    pub(crate) system: Option<Vec<CertificateDer<'static>>>,
    /// In the place of the bundled Mozilla set.
    pub(crate) public: Option<Vec<CertificateDer<'static>>>,
}

impl RootSets {
    /// The operating system's roots.
    pub(crate) fn system(&self) -> Vec<CertificateDer<'static>> {
        self.system.clone().unwrap_or_else(system_roots)
    }

    /// The Mozilla set.
    pub(crate) fn public(&self) -> Vec<CertificateDer<'static>> {
        let bundled = || webpki_root_certs::TLS_SERVER_ROOT_CERTS.to_vec();
        self.public.clone().unwrap_or_else(bundled)
    }
}

/// The roots, read when they are first needed.
#[derive(Debug)]
pub(crate) struct Roots {
    bundles: Vec<CaBundle>,
    sets: RootSets,
    provider: Arc<CryptoProvider>,
    loaded: OnceLock<Result<Loaded, Arc<RootsError>>>,
}

#[derive(Debug)]
struct Loaded {
    verifier: Arc<WebPkiServerVerifier>,
    summary: RootsSummary,
}

impl Roots {
    pub(crate) fn new(
        bundles: Vec<CaBundle>,
        sets: RootSets,
        provider: Arc<CryptoProvider>,
    ) -> Self {
        Self { bundles, sets, provider, loaded: OnceLock::new() }
    }

    pub(crate) fn bundles(&self) -> &[CaBundle] {
        &self.bundles
    }

    pub(crate) fn verifier(&self) -> Result<&WebPkiServerVerifier, Arc<RootsError>> {
        Ok(&self.loaded()?.verifier)
    }

    pub(crate) fn summary(&self) -> Result<RootsSummary, Arc<RootsError>> {
        Ok(self.loaded()?.summary)
    }

    fn loaded(&self) -> Result<&Loaded, Arc<RootsError>> {
        self.loaded.get_or_init(|| self.load().map_err(Arc::new)).as_ref().map_err(Arc::clone)
    }

    fn load(&self) -> Result<Loaded, RootsError> {
        let mut store = RootCertStore::empty();
        let mut seen = HashSet::new();
        let mut add = |certificates: Vec<CertificateDer<'static>>| {
            let fresh: Vec<_> =
                certificates.into_iter().filter(|der| seen.insert(der.clone())).collect();
            // A root that rustls cannot use (an old version, an unknown critical extension) can
            // anchor no chain either; leaving it out only narrows trust.
            store.add_parsable_certificates(fresh).0
        };
        let system = add(self.sets.system());
        let bundled = add(self.sets.public());
        let mut named = 0;
        for bundle in &self.bundles {
            named += add(read_bundle(bundle)?);
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(
            Arc::new(store),
            Arc::clone(&self.provider),
        )
        .build()
        .map_err(|error| RootsError::Verifier(error.to_string()))?;
        Ok(Loaded { verifier, summary: RootsSummary { system, bundled, named } })
    }
}

/// The operating system's roots.
///
/// Where they are files, the well-known places are read directly, because `rustls-native-certs`
/// would let `SSL_CERT_FILE` and `SSL_CERT_DIR` of the environment take their place.
#[cfg(all(unix, not(target_vendor = "apple")))]
fn system_roots() -> Vec<CertificateDer<'static>> {
    /// The first of these that exists holds the whole set (after Go's `crypto/x509`).
    const FILES: &[&str] = &[
        "/etc/ssl/certs/ca-certificates.crt", // Debian, Gentoo, Arch
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, RHEL
        "/etc/pki/tls/certs/ca-bundle.crt",   // older Fedora and RHEL
        "/etc/ssl/ca-bundle.pem",             // openSUSE
        "/etc/ssl/cert.pem",                  // Alpine, OpenBSD
        "/usr/local/etc/ssl/cert.pem",        // FreeBSD
        "/etc/openssl/certs/ca-certificates.crt", // NetBSD
        "/etc/certs/ca-certificates.crt",     // illumos
    ];
    /// Certificates that an administrator put beside the set.
    const DIRECTORIES: &[&str] = &["/etc/ssl/certs", "/etc/pki/tls/certs"];

    let existing = |path: &&&str| Path::new(path).exists();
    let file = FILES.iter().find(existing).map(Path::new);
    let directories = DIRECTORIES.iter().filter(existing).map(|path| Some(Path::new(*path)));
    // Unreadable files are passed over: the other sets still stand, and a chain that needed the
    // missing root is refused with its issuer.
    let mut certificates = rustls_native_certs::load_certs_from_paths(file, None).certs;
    for directory in directories {
        certificates.extend(rustls_native_certs::load_certs_from_paths(None, directory).certs);
    }
    certificates
}

/// The operating system's roots.
///
/// The store of macOS and Windows. `rustls-native-certs` puts the files of `SSL_CERT_FILE` and
/// `SSL_CERT_DIR` in its place when the environment has them; what they name is trusted anyway, and
/// the bundled set stays.
#[cfg(not(all(unix, not(target_vendor = "apple"))))]
fn system_roots() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}

/// The Mozilla set that is built in.
pub fn public_roots() -> Vec<CertificateDer<'static>> {
    RootSets::default().public()
}

/// The certificates of a bundle, as [`Client`](crate::Client) reads them: of a file in PEM or DER
/// form, or of a folder of such files.
///
/// # Errors
///
/// A bundle that cannot be read, holds no certificate, or none that can anchor a chain.
pub fn read_bundle(bundle: &CaBundle) -> Result<Vec<CertificateDer<'static>>, RootsError> {
    let unreadable = |error| RootsError::Unreadable { bundle: bundle.clone(), error };
    let certificates = if std::fs::metadata(&bundle.path).map_err(unreadable)?.is_dir() {
        let found = rustls_native_certs::load_certs_from_paths(None, Some(&bundle.path));
        usable(found.certs).0
    } else {
        let bytes = std::fs::read(&bundle.path).map_err(unreadable)?;
        let malformed = |reason| RootsError::Malformed { bundle: bundle.clone(), reason };
        let (certificates, unusable) = usable(parse(&bytes).map_err(malformed)?);
        if let (true, Some(reason)) = (certificates.is_empty(), unusable) {
            return Err(malformed(reason));
        }
        certificates
    };
    if certificates.is_empty() {
        return Err(RootsError::Empty { bundle: bundle.clone() });
    }
    Ok(certificates)
}

pub(crate) fn parse(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    /// The tag of an ASN.1 SEQUENCE, which every DER certificate begins with and no PEM file does.
    const SEQUENCE: u8 = 0x30;
    if bytes.first() == Some(&SEQUENCE) {
        return Ok(vec![CertificateDer::from(bytes.to_vec())]);
    }
    CertificateDer::pem_slice_iter(bytes)
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())
}

/// Those that can anchor a chain, and why one of the others cannot.
fn usable(
    certificates: Vec<CertificateDer<'static>>,
) -> (Vec<CertificateDer<'static>>, Option<String>) {
    let mut unusable = None;
    let usable = certificates
        .into_iter()
        .filter(|der| match RootCertStore::empty().add(der.clone()) {
            Ok(()) => true,
            Err(error) => {
                unusable = Some(error.to_string());
                false
            }
        })
        .collect();
    (usable, unusable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle_of(content: &[u8]) -> (tempfile::TempDir, CaBundle) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, content).unwrap();
        (folder, CaBundle::new(path, "--ca-bundle"))
    }

    fn ca_pem(name: &str) -> String {
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem()
    }

    #[test]
    fn a_missing_bundle_names_its_path_and_its_setting() {
        let error = read_bundle(&CaBundle::new("no/such.pem", "SSL_CERT_FILE")).unwrap_err();
        assert!(matches!(error, RootsError::Unreadable { .. }));
        assert!(error.to_string().contains("`no/such.pem` named by `SSL_CERT_FILE`"), "{error}");
        assert!(error.hint().unwrap().contains("SSL_CERT_FILE"));
    }

    #[test]
    fn a_bundle_without_certificates_is_an_error() {
        for content in [&b""[..], b"just text\n"] {
            let (_folder, bundle) = bundle_of(content);
            assert!(matches!(read_bundle(&bundle), Err(RootsError::Empty { .. })));
        }
    }

    #[test]
    fn a_malformed_bundle_is_an_error() {
        let broken = "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n";
        let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for content in [broken.as_bytes(), nonsense.as_bytes(), b"\x30\x03abc"] {
            let (_folder, bundle) = bundle_of(content);
            assert!(matches!(read_bundle(&bundle), Err(RootsError::Malformed { .. })));
        }
    }

    #[test]
    fn a_bundle_is_pem_or_der_or_a_directory() {
        let pem = ca_pem("one") + &ca_pem("two");
        let (folder, bundle) = bundle_of(pem.as_bytes());
        let certificates = read_bundle(&bundle).unwrap();
        assert_eq!(certificates.len(), 2);
        let (_other, der) = bundle_of(&certificates[0]);
        assert_eq!(read_bundle(&der).unwrap(), certificates[..1]);
        assert_eq!(read_bundle(&CaBundle::new(folder.path(), "SSL_CERT_DIR")).unwrap().len(), 2);
    }

    #[test]
    fn a_named_bundle_is_added_to_the_other_roots_and_replaces_none() {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let without =
            Roots::new(Vec::new(), RootSets::default(), Arc::clone(&provider)).summary().unwrap();
        let (_folder, bundle) = bundle_of(ca_pem("corporate").as_bytes());
        let with = Roots::new(vec![bundle], RootSets::default(), provider).summary().unwrap();
        assert_eq!(with, RootsSummary { named: 1, ..without });
        assert!(without.system + without.bundled > 100);
    }
}
