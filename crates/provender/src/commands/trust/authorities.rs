//! The authority that tools are to trust, and the files that name it to them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use provender_core::{Diagnostic, Place, Sha256};
use provender_net::doctor::{HostProbe, pem};
use provender_net::roots::{self, CaBundle};
use provender_net::{CertificateFacts, NetError};
use provender_trust::configure::{PublicRoot, full_bundle};

use crate::file;
use crate::output::shown;
use crate::settings::{Settings, network};

/// The authority alone.
const AUTHORITY: &str = "corporate.pem";

/// The public roots and the authority.
const FULL: &str = "ca-bundle.pem";

/// Certificates that tools are to trust.
pub(crate) struct Authorities {
    /// Where they came from, for people.
    pub(crate) origin: String,
    certificates: Vec<Certificate>,
}

struct Certificate {
    name: String,
    sha256: Sha256,
    pem: String,
}

impl Authorities {
    /// What was named for a command, else for provender at all; none where nothing was.
    ///
    /// # Errors
    ///
    /// A file that cannot be used.
    pub(crate) fn named(
        flag: Option<&PathBuf>,
        settings: &Settings,
    ) -> Result<Option<Self>, Diagnostic> {
        let bundles = match flag {
            Some(path) => vec![CaBundle::new(path, "--ca")],
            None => network::named_authorities(settings),
        };
        Self::read(&bundles)
    }

    /// What one option names.
    ///
    /// # Errors
    ///
    /// A file that cannot be used.
    pub(crate) fn of(path: &Path, option: &str) -> Result<Option<Self>, Diagnostic> {
        Self::read(&[CaBundle::new(path, option)])
    }

    /// Those that an earlier run wrote to the trust folder.
    pub(crate) fn remembered(folder: &Path) -> Result<Option<Self>, Diagnostic> {
        let path = folder.join(AUTHORITY);
        if !path.is_file() {
            return Ok(None);
        }
        Self::read(&[CaBundle::new(path, "the last time")])
    }

    fn read(bundles: &[CaBundle]) -> Result<Option<Self>, Diagnostic> {
        let mut certificates: Vec<Certificate> = Vec::new();
        let mut origins = Vec::new();
        for bundle in bundles {
            let read = roots::read_bundle(bundle)
                .map_err(|error| network::diagnostic(&NetError::Roots(Arc::new(error))))?;
            let facts = read.iter().filter_map(|der| Some((CertificateFacts::from_der(der)?, der)));
            for (facts, der) in facts {
                if certificates.iter().all(|known| known.sha256 != facts.sha256) {
                    let (name, sha256) = (facts.subject, facts.sha256);
                    certificates.push(Certificate { name, sha256, pem: pem(der) });
                }
            }
            origins.push(format!("{} ({})", bundle.path.display(), bundle.setting));
        }
        let origin = origins.join(", ");
        Ok((!certificates.is_empty()).then_some(Self { origin, certificates }))
    }

    /// The authority that a host's chain leads to, where this machine trusts it and the public set
    /// does not have it.
    pub(crate) fn trusted_by_the_machine(probe: &HostProbe) -> Option<Self> {
        let report = &probe.report;
        let public = report.trusted_by.iter().any(|set| set == "mozilla");
        if public || !report.diagnosis.is_good() {
            return None;
        }
        let der = probe.authority_certificate.as_ref()?;
        let facts = CertificateFacts::from_der(der)?;
        let (name, sha256) = (facts.subject, facts.sha256);
        let origin =
            format!("{name}, which this machine trusts ({})", report.trusted_by.join(", "));
        Some(Self { origin, certificates: vec![Certificate { name, sha256, pem: pem(der) }] })
    }

    /// Both, each certificate once.
    pub(crate) fn and(mut self, other: Option<Self>) -> Self {
        let Some(other) = other else { return self };
        let before = self.certificates.len();
        for certificate in other.certificates {
            if self.certificates.iter().all(|known| known.sha256 != certificate.sha256) {
                self.certificates.push(certificate);
            }
        }
        if self.certificates.len() > before {
            self.origin = format!("{}; {}", self.origin, other.origin);
        }
        self
    }

    /// The certificates, each below its name and fingerprint.
    pub(crate) fn text(&self) -> String {
        let block = |certificate: &Certificate| {
            let Certificate { name, sha256, pem } = certificate;
            format!("# {name} (SHA-256 {sha256})\n{pem}")
        };
        self.certificates.iter().map(block).collect::<Vec<_>>().join("\n")
    }

    /// The same behind the public roots, for settings that replace a tool's own roots.
    pub(crate) fn full(&self) -> Result<String, Diagnostic> {
        let roots = roots::public_roots();
        let named = roots.iter().map(|der| {
            let facts = CertificateFacts::from_der(der);
            (facts.map(|facts| facts.subject).unwrap_or_default(), der)
        });
        let named: Vec<_> = named.collect();
        let public: Vec<_> =
            named.iter().map(|(name, der)| PublicRoot { name, der: der.as_ref() }).collect();
        full_bundle(&public, &self.text()).map_err(|error| {
            Diagnostic::error("net/ca-bundle", format!("{}: {error}", self.origin))
                .hint("name a PEM file that holds certificates and nothing else")
        })
    }

    /// Where [`write`](Self::write) puts them.
    pub(crate) fn files(folder: &Path) -> provender_trust::CaBundle {
        provender_trust::CaBundle { authority: folder.join(AUTHORITY), full: folder.join(FULL) }
    }

    /// Writes both files into a folder, each all at once, unless they are there as they should be.
    /// Says whether a file that held something else was replaced.
    pub(crate) fn write(&self, folder: &Path) -> Result<Written, Diagnostic> {
        let files = Self::files(folder);
        std::fs::create_dir_all(folder).map_err(|error| {
            let message = format!("cannot make {}: {error}", folder.display());
            Diagnostic::error("file/cannot-write", message)
                .hint("make room or grant access, or keep the data elsewhere with --data-dir")
        })?;
        let mut replaced = false;
        for (path, text) in [(&files.authority, self.text()), (&files.full, self.full()?)] {
            let there = std::fs::read_to_string(path).ok();
            if there.as_deref() == Some(&text) {
                continue;
            }
            replaced |= there.is_some() && *path == files.authority;
            file::replace(path, &text)?;
        }
        Ok(Written { files, replaced })
    }

    /// Does what [`write`](Self::write) does, for all users of the machine to read.
    pub(crate) fn publish(&self, folder: &Path) -> Result<Written, Diagnostic> {
        let missing: Vec<_> = folder.ancestors().take_while(|above| !above.exists()).collect();
        let written = self.write(folder)?;
        for made in missing.into_iter().chain([folder]) {
            readable(made, 0o755)?;
        }
        for file in [&written.files.authority, &written.files.full] {
            readable(file, 0o644)?;
        }
        Ok(written)
    }

    /// Whether both files lie in a folder as [`write`](Self::write) would write them.
    pub(crate) fn lie_in(&self, folder: &Path) -> bool {
        let files = Self::files(folder);
        let holds = |path: &Path, text: String| {
            std::fs::read_to_string(path).is_ok_and(|there| there == text)
        };
        holds(&files.authority, self.text())
            && self.full().is_ok_and(|full| holds(&files.full, full))
    }
}

/// Gives a file or folder this mode, whatever this user's umask is: others read it too.
pub(crate) fn readable(path: &Path, mode: u32) -> Result<(), Diagnostic> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).map_err(|error| {
            let message = format!("cannot make it readable for everybody: {error}");
            Diagnostic::error("file/cannot-write", message)
                .at(Place::file(shown(path)))
                .hint("others read it too: check whom it belongs to")
        })?;
    }
    #[cfg(not(unix))]
    let _ = (path, mode);
    Ok(())
}

/// What was written.
pub(crate) struct Written {
    /// The files.
    pub(crate) files: provender_trust::CaBundle,
    /// Whether another authority lay there, which tools that were set up before trusted.
    pub(crate) replaced: bool,
}
