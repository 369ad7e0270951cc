//! The registry client: against a registry that fails on request, and against Debian's.

mod access;
mod debian;
mod pull;
mod push;
mod referrers;
mod sample;
mod skopeo;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use provender_image::registry::{
    Event, Progress, Registry, RegistryCredential, RegistrySecret, RegistrySettings,
};
use provender_image::{Digest, Reference};
use provender_net::roots::CaBundle;
use provender_net::{Client, ClientSettings, RetrySettings};
use provender_test::{Authority, OciRegistry};

/// Network settings under which no test waits.
fn network() -> ClientSettings {
    let retry = RetrySettings {
        retries: 3,
        first_pause: Duration::ZERO,
        longest_pause: Duration::ZERO,
        longest_retry_after: Duration::ZERO,
    };
    ClientSettings { retry, ..ClientSettings::default() }
}

fn with(settings: RegistrySettings) -> Registry {
    Registry::new(Client::new(network()).unwrap(), settings)
}

fn client() -> Registry {
    with(RegistrySettings::default())
}

/// A client that trusts an authority besides the machine's.
fn trusting(authority: &Authority, settings: RegistrySettings) -> Registry {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, authority.pem()).unwrap();
    let ca_bundles = vec![CaBundle::new(file.path(), "--ca-bundle")];
    let client = Client::new(ClientSettings { ca_bundles, ..network() }).unwrap();
    // Read now, so that the file may go.
    client.check_roots().unwrap();
    Registry::new(client, settings)
}

/// A client with a credential for one registry.
fn client_with(registry: &str, secret: RegistrySecret) -> Registry {
    let credential = RegistryCredential { secret, source: "the test's file".to_owned() };
    let credentials = vec![(registry.to_owned(), credential)];
    with(RegistrySettings { credentials, ..RegistrySettings::default() })
}

fn password(user: &str, password: &str) -> RegistrySecret {
    RegistrySecret::Password { user: user.to_owned(), password: password.to_owned() }
}

fn reference(registry: &OciRegistry, rest: &str) -> Reference {
    format!("{}/{rest}", registry.name()).parse().unwrap()
}

/// Keeps every event.
fn listener() -> (Progress, Arc<Mutex<Vec<Event>>>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&events);
    (Arc::new(move |event| kept.lock().unwrap().push(event)), events)
}

/// The requests of a method for a path that has this in it.
fn asked(registry: &OciRegistry, method: &str, part: &str) -> usize {
    let requests = registry.http().requests();
    requests.iter().filter(|r| r.method == method && r.path.contains(part)).count()
}

fn blob_path(repository: &str, digest: &Digest) -> String {
    format!("/v2/{repository}/blobs/{digest}")
}
