//! The sets of roots that a chain is judged against.

use std::path::PathBuf;

use rustls::pki_types::CertificateDer;

use super::judge::Anchors;
use crate::roots::{CaBundle, RootSets, read_bundle};

/// Where a set of roots comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    Mozilla,
    System,
    Bundle(PathBuf),
}

/// A set of roots under the name that reports give it.
#[derive(Debug)]
pub(super) struct TrustSet {
    pub(super) origin: Origin,
    pub(super) anchors: Anchors,
    /// `mozilla`, `system`, `--ca-bundle corp.pem`.
    pub(super) word: String,
}

impl TrustSet {
    /// The place as [`provender_core::doctor::AuthorityFacts::found_in`] has it.
    pub(super) fn place(&self) -> String {
        match &self.origin {
            Origin::Mozilla => "public (Mozilla) set".to_owned(),
            Origin::System => "system store".to_owned(),
            Origin::Bundle(path) => path.display().to_string(),
        }
    }
}

/// A bundle that cannot be used.
#[derive(Debug)]
pub(super) struct BadBundle {
    pub(super) setting: String,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

/// Everything that is trusted here.
#[derive(Debug)]
pub(super) struct Trust {
    /// The Mozilla set, the system's, then the bundles in their order.
    pub(super) sets: Vec<TrustSet>,
    pub(super) bad_bundles: Vec<BadBundle>,
}

impl Trust {
    pub(super) fn load(roots: &RootSets, bundles: &[CaBundle]) -> Self {
        let set = |origin, certificates, word: String| {
            let anchors = Anchors::new(certificates);
            TrustSet { origin, anchors, word }
        };
        let mut sets = vec![
            set(Origin::Mozilla, roots.public(), "mozilla".to_owned()),
            set(Origin::System, roots.system(), "system".to_owned()),
        ];
        let mut bad_bundles = Vec::new();
        for bundle in bundles {
            match read_bundle(bundle) {
                Ok(read) => {
                    let word = format!("{} {}", bundle.setting, bundle.path.display());
                    sets.push(set(Origin::Bundle(bundle.path.clone()), read, word));
                }
                Err(error) => bad_bundles.push(BadBundle {
                    setting: bundle.setting.clone(),
                    message: error.to_string(),
                    hint: error.hint(),
                }),
            }
        }
        Self { sets, bad_bundles }
    }

    /// The Mozilla set.
    pub(super) fn public(&self) -> Option<&TrustSet> {
        self.sets.iter().find(|set| set.origin == Origin::Mozilla)
    }

    /// All roots together, as the client has them.
    pub(super) fn certificates(&self) -> impl Iterator<Item = &CertificateDer<'static>> {
        self.sets.iter().flat_map(|set| &set.anchors.certificates)
    }
}
