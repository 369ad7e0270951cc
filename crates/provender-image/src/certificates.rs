//! Certificates of authorities that an image is asked to trust besides those of its base.
//!
//! Nothing comes in by itself: what a build trusts where it fetches is none of the image's business.

use std::collections::BTreeSet;

use provender_core::Sha256;
use provender_net::CertificateFacts;
use provender_net::doctor::pem;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use crate::Digest;
use crate::base::Base;
use crate::layer::{Content, Entry, EntryKind};

/// The longest file of certificates that is read, in bytes: many times all public authorities.
pub const MAX_FILE: u64 = 4 << 20;

/// Where Debian's and Alpine's `update-ca-certificates` look for certificates.
pub(crate) const ANCHORS: &str = "usr/local/share/ca-certificates";

/// Where Fedora's and Red Hat's `update-ca-trust` does, and the folder in which they have everything.
pub(crate) const PKI_ANCHORS: &str = "etc/pki/ca-trust/source/anchors";
pub(crate) const PKI: &str = "/etc/pki/";

/// The bundle where the base has none: where most programs look for it.
pub(crate) const BUNDLE: &str = "etc/ssl/certs/ca-certificates.crt";

/// What names the bundle to programs that do not look there: OpenSSL as Debian builds it, and with it
/// Python's `ssl`, reads a folder of hashed names; requests and what vendors it have a bundle of
/// their own.
pub const VARIABLES: [&str; 2] = ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"];

/// The certificates of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificates {
    name: String,
    sha256: Sha256,
    certificates: Vec<CertificateDer<'static>>,
}

/// Why certificates are not taken. No error holds anything of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificatesError {
    /// More than a file of certificates has.
    #[error("it is larger than {MAX_FILE} bytes")]
    TooLarge,
    /// A key among them, which nobody may have.
    #[error("it holds a private key, which an image never does")]
    PrivateKey,
    /// Nothing to trust.
    #[error("it holds no certificate in PEM")]
    None,
    /// Something that is called a certificate.
    #[error("its certificate {number} cannot be read: {reason}")]
    Malformed {
        /// Which one, from 1 on.
        number: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Two files of one name.
    #[error("two files of certificates are called {0}")]
    SameName(String),
    /// The base's own certificates cannot be added to.
    #[error("the base's certificates in {0} cannot be read")]
    Bundle(String),
}

impl Certificates {
    /// Reads a file of certificates in PEM (RFC 7468). Text between them is left out of the image.
    ///
    /// # Errors
    ///
    /// Something else in it, or nothing at all.
    pub fn from_pem(name: &str, bytes: &[u8]) -> Result<Self, CertificatesError> {
        if bytes.len() as u64 > MAX_FILE {
            return Err(CertificatesError::TooLarge);
        }
        let text = String::from_utf8_lossy(bytes);
        if text.lines().any(|line| line.contains("-----BEGIN ") && line.contains("PRIVATE KEY")) {
            return Err(CertificatesError::PrivateKey);
        }
        let mut certificates = Vec::new();
        for (number, der) in (1..).zip(CertificateDer::pem_slice_iter(bytes)) {
            let malformed = |reason| CertificatesError::Malformed { number, reason };
            let der = der.map_err(|error| malformed(error.to_string()))?;
            if CertificateFacts::from_der(&der).is_none() {
                return Err(malformed("it is not X.509".to_owned()));
            }
            certificates.push(der);
        }
        if certificates.is_empty() {
            return Err(CertificatesError::None);
        }
        let sha256 = Digest::of(bytes).sha256();
        Ok(Self { name: name.to_owned(), sha256, certificates })
    }

    /// The name of the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the file hashes to.
    pub fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// What its certificates are called in the image: `NAME.crt`, or `NAME-1.crt` and so on, for tools
    /// that make bundles expect one in each file.
    fn files(&self) -> impl Iterator<Item = (String, String)> {
        (1..).zip(&self.certificates).map(|(number, der)| {
            let number = if self.is_several() { format!("-{number}") } else { String::new() };
            (format!("{}{number}.crt", self.stem()), pem(der))
        })
    }

    /// Whether there is more than one in the file.
    pub(crate) fn is_several(&self) -> bool {
        self.certificates.len() > 1
    }

    /// What the names of its files in the image begin with.
    pub(crate) fn stem(&self) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let stem = self.name.rsplit_once('.').map_or(&*self.name, |(stem, _)| stem);
        let stem: String = stem.chars().map(|c| if plain(c) { c } else { '_' }).collect();
        stem.trim_start_matches('.').to_owned()
    }
}

/// Where an image has certificates: real paths, links followed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Places {
    /// The base's bundles; none where it has no certificates.
    pub bundles: Vec<String>,
    /// The folder for those that are added.
    anchors: String,
}

impl Places {
    /// The places of a base.
    pub(crate) fn of(base: &Base) -> Self {
        let mut bundles: Vec<String> = Vec::new();
        for path in &base.ca_bundles {
            let real = base.tree.follow(path).map(|real| format!("/{real}"));
            bundles.extend(real.filter(|real| !bundles.contains(real)));
        }
        let is_pki = bundles.first().is_some_and(|path| path.starts_with(PKI));
        let anchors = if is_pki { PKI_ANCHORS } else { ANCHORS };
        let anchors = base.tree.follow(anchors).unwrap_or_else(|| anchors.to_owned());
        Self { bundles, anchors }
    }

    /// The bundle that the image's programs are told of.
    pub fn bundle(&self) -> String {
        self.bundles.first().cloned().unwrap_or_else(|| format!("/{BUNDLE}"))
    }
}

/// Each certificate with the name of its file in an image.
///
/// # Errors
///
/// Two files of one name.
pub(crate) fn files<'a>(
    added: impl IntoIterator<Item = &'a Certificates>,
) -> Result<Vec<(String, String)>, CertificatesError> {
    let mut files: Vec<(String, String)> = Vec::new();
    let mut names = BTreeSet::new();
    for one in added {
        for (name, text) in one.files() {
            if !names.insert(name.clone()) {
                return Err(CertificatesError::SameName(one.name.clone()));
            }
            files.push((name, text));
        }
    }
    Ok(files)
}

/// The files that are laid over a base: each certificate by itself, and the base's bundles with all of
/// them at their ends.
///
/// # Errors
///
/// Two files of one name; a bundle that cannot be read.
pub fn entries(
    added: &[Certificates],
    places: &Places,
    base: &Base,
) -> Result<Vec<Entry>, CertificatesError> {
    let mut entries = Vec::new();
    let mut all = String::new();
    for (name, text) in files(added)? {
        all.push_str(&text);
        entries.push(file(format!("{}/{name}", places.anchors), text.into_bytes()));
    }
    for path in &places.bundles {
        let own = base.tree.content(path);
        let mut bundle = own.ok_or_else(|| CertificatesError::Bundle(path.clone()))?.to_vec();
        if !bundle.is_empty() && !bundle.ends_with(b"\n") {
            bundle.push(b'\n');
        }
        bundle.extend(all.as_bytes());
        entries.push(file(path.trim_start_matches('/').to_owned(), bundle));
    }
    if places.bundles.is_empty() {
        let path = base.tree.follow(BUNDLE).unwrap_or_else(|| BUNDLE.to_owned());
        entries.push(file(path, all.into_bytes()));
    }
    Ok(entries)
}

fn file(path: String, bytes: Vec<u8>) -> Entry {
    let kind = EntryKind::File(Content::Bytes(bytes));
    Entry { path, kind, mode: 0o644, uid: 0, gid: 0 }
}

#[cfg(test)]
mod tests {
    use provender_test::Authority;

    use super::*;

    fn read(name: &str, text: &str) -> Result<Certificates, CertificatesError> {
        Certificates::from_pem(name, text.as_bytes())
    }

    #[test]
    fn a_file_holds_one_certificate_or_several() {
        let (one, two) = (Authority::named("one").pem(), Authority::named("two").pem());
        let files = |name: &str, text: &str| read(name, text).unwrap().files().collect::<Vec<_>>();
        let commented = format!("Corporate root\n{}", one.replace('\n', "\r\n"));
        let files_of_one = files("corp ca.pem", &commented);
        assert_eq!(files_of_one, [("corp_ca.crt".to_owned(), one.clone())], "and nothing else");
        let both = files(".corp.pem", &format!("{one}{two}"));
        let expected = [("corp-1.crt".to_owned(), one), ("corp-2.crt".to_owned(), two)];
        assert_eq!(both, expected);
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        let pem = Authority::named("one").pem();
        let key =
            format!("-----BEGIN {0} KEY-----\nMC4=\n-----END {0} KEY-----\n", "ENCRYPTED PRIVATE");
        let no = "-----BEGIN CERTIFICATE-----\nMC4=\n-----END CERTIFICATE-----\n";
        for (text, said) in [
            ("".to_owned(), "no certificate"),
            ("certificate\n".to_owned(), "no certificate"),
            (format!("{pem}{key}"), "private key"),
            (format!("{pem}{no}"), "certificate 2"),
            (pem.replace("END", "end"), "certificate 1"),
        ] {
            let error = read("ca.pem", &text).unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
        let large = pem.repeat(1 + (MAX_FILE as usize) / pem.len());
        assert_eq!(read("ca.pem", &large).unwrap_err(), CertificatesError::TooLarge);
    }
}
