//! The store of this run, and the indexes that fill it.

use std::collections::BTreeMap;

use provender_core::Diagnostic;
use provender_index::transfer::Transfers;
use provender_index::upstream::{Upstream, Upstreams};
use provender_lock::IndexSettings;
use provender_net::Client;
use provender_store::{Store, StoreError};
use tokio::runtime::Runtime;

use crate::settings::Settings;

/// A store with the ways into it.
pub(crate) struct Opened {
    pub(crate) store: Store,
    pub(crate) upstreams: Upstreams,
    pub(crate) transfers: Transfers,
}

/// Opens the store of the data directory, and makes it where there is none.
pub(crate) async fn open(
    settings: &Settings,
    client: Client,
    indexes: &IndexSettings,
) -> Result<Opened, Diagnostic> {
    let store = Store::open(&settings.data_dir).await.map_err(|error| told(&error))?;
    let default = indexes.default.clone().or_else(|| indexes.fallback.clone());
    let default = default.unwrap_or_else(provender_lock::default_index);
    let in_order = indexes.extra.iter().cloned().chain([default]).map(named).collect();
    let only_for: BTreeMap<_, _> =
        indexes.only_for.iter().map(|(name, url)| (name.clone(), named(url.clone()))).collect();
    let upstreams = Upstreams::new(store.clone(), client.clone(), in_order, only_for);
    let transfers = Transfers::new(store.clone(), client);
    Ok(Opened { store, upstreams, transfers })
}

/// Opens the store for a command that only looks.
pub(crate) async fn existing(settings: &Settings) -> Result<Store, Diagnostic> {
    let store = Store::open_existing(&settings.data_dir).await.map_err(|error| told(&error))?;
    store.ok_or_else(|| {
        let message = format!("nothing is stocked in {}", settings.data_dir.display());
        Diagnostic::error("store/none", message)
            .hint("run `provender stock`, or name the right folder with --data-dir")
    })
}

fn named(url: url::Url) -> Upstream {
    let name = url.host_str().unwrap_or("index").to_owned();
    Upstream::new(name, url)
}

/// What stores and servers run in.
pub(crate) fn runtime() -> Result<Runtime, Diagnostic> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
        Diagnostic::error("cli/runtime", format!("cannot start threads: {error}"))
            .hint("let the process have more threads and open files (ulimit -u, ulimit -n)")
    })
}

/// An error of the store as it is told.
pub(crate) fn told(error: &StoreError) -> Diagnostic {
    let hint = if error.is_full() {
        "make room on the disk, or keep the data elsewhere with --data-dir"
    } else {
        "check the data directory and its permissions, or name another one with --data-dir"
    };
    let diagnostic = Diagnostic::error("store/unusable", error.to_string());
    because(diagnostic, error).hint(hint)
}

/// Adds what lies behind an error.
pub(crate) fn because(
    mut diagnostic: Diagnostic,
    error: &(dyn std::error::Error + 'static),
) -> Diagnostic {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    for cause in causes.map(ToString::to_string) {
        if !diagnostic.message.contains(&cause) {
            diagnostic.causes.push(cause);
        }
    }
    diagnostic
}
