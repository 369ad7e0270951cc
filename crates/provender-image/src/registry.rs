//! The client of registries (OCI distribution-spec 1.1): pull, push, mount and referrers.
//!
//! Everything goes through [`provender_net::Client`]: verified TLS, forward proxies, retries. A
//! [`Registry`] adds what registries want besides: tokens, one for each set of scopes, and
//! uploads that go on where they broke off. What comes is verified against its digest before it
//! gets its name; what was pushed is asked for afterwards.
//!
//! Plain http is spoken with registries of this machine's loopback interface that speak no TLS, and
//! with those that [`RegistrySettings::plain_http`] names; never in the place of https.

mod attached;
mod auth;
mod challenge;
mod credential;
pub mod docker_config;
mod error;
mod fetch;
mod folder;
pub mod helper;
mod manifests;
mod parallel;
mod partial;
mod pull;
mod push;
mod referrers;
mod repository;
mod scope;
mod source;
mod token;
mod upload;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use provender_net::Client;

use crate::Digest;
use repository::Host;

pub use credential::{RegistryCredential, RegistrySecret};
pub use error::RegistryError;
pub use folder::BlobFolder;
pub use pull::pulled;
pub use push::{Moved, PushOptions, Pushed};
pub use source::{BlobOpener, PushBlob, PushManifest, PushSource};

/// What the binary decides about registries. Its `Debug` form shows no secret.
#[derive(Debug, Clone, Default)]
pub struct RegistrySettings {
    /// Credentials by `HOST[:PORT][/NAMESPACE]`; the longest name that fits decides. For a registry
    /// that is not among them the client's own settings and netrc are asked.
    pub credentials: Vec<(String, RegistryCredential)>,
    /// The registries, as `HOST[:PORT]`, that are spoken to without TLS.
    pub plain_http: BTreeSet<String>,
}

/// What happens to a blob while an image is pulled or pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// It is where it should go already.
    Held {
        /// Which one.
        digest: Digest,
        /// Its length in bytes.
        size: u64,
    },
    /// The registry took it from another of its repositories.
    Mounted {
        /// Which one.
        digest: Digest,
        /// Its length in bytes.
        size: u64,
    },
    /// So much of it is there.
    Moved {
        /// Which one.
        digest: Digest,
        /// How many bytes are there. A transfer that begins again goes back.
        done: u64,
        /// Its length in bytes.
        size: u64,
    },
}

/// Whom to tell how far it is.
pub type Progress = Arc<dyn Fn(Event) + Send + Sync>;

/// A client of registries. Cloning it shares tokens and connections.
#[derive(Clone)]
pub struct Registry {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    settings: RegistrySettings,
    hosts: Mutex<BTreeMap<String, Arc<Host>>>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}

impl Registry {
    /// A client with these settings; it opens no connection yet.
    pub fn new(client: Client, settings: RegistrySettings) -> Self {
        Self { inner: Arc::new(Inner { client, settings, hosts: Mutex::default() }) }
    }

    fn client(&self) -> &Client {
        &self.inner.client
    }

    fn settings(&self) -> &RegistrySettings {
        &self.inner.settings
    }

    /// What is known of a registry.
    fn host(&self, name: &str) -> Arc<Host> {
        let mut hosts = self.inner.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(hosts.entry(name.to_owned()).or_default())
    }
}

/// Tells of an event, where anybody listens.
fn tell(progress: Option<&Progress>, event: Event) {
    if let Some(progress) = progress {
        progress(event);
    }
}
