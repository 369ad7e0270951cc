//! The prober: observing hosts side by side, then diagnosing each with what all of them showed.

use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use provender_core::doctor::EffectiveRoots;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::time_provider::{DefaultTimeProvider, TimeProvider};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::judge::{ChainFault, judge_with, unix};
use super::observe::{Observation, observe};
use super::trust::Trust;
use super::{HostProbe, ProberSettings, Target, diagnose};
use crate::client::Client;
use crate::error::NetError;
use crate::retry::RetrySettings;
use crate::roots::RootSets;
use crate::settings::ClientSettings;

/// Looks at hosts as the client would reach them. Cloning it shares everything.
#[derive(Debug, Clone)]
pub struct Prober {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    /// As the client of every request, but without credentials and without retries: what fails once
    /// is told.
    pub(super) client: Client,
    pub(super) settings: ProberSettings,
    pub(super) roots: RootSets,
    trust: OnceLock<Trust>,
}

impl Prober {
    /// A prober for these settings of the client. Nothing is read or asked yet.
    ///
    /// # Errors
    ///
    /// When the settings make no client.
    pub fn new(client: ClientSettings, settings: ProberSettings) -> Result<Self, NetError> {
        let retry = RetrySettings { retries: 0, ..client.retry };
        let connect_timeout = client.connect_timeout.min(settings.step_timeout);
        let credentials = Vec::new();
        let client = ClientSettings { retry, connect_timeout, credentials, netrc: None, ..client };
        let roots = RootSets {
            system: settings.system_roots.clone(),
            public: settings.public_roots.clone(),
        };
        let client = Client::with_trust(client, roots.clone(), clock_at(settings.now))?;
        let trust = OnceLock::new();
        Ok(Self { inner: Arc::new(Inner { client, settings, roots, trust }) })
    }

    /// Looks at one host.
    pub async fn probe(&self, target: &Target) -> HostProbe {
        let observed = [observe(&self.inner, target).await];
        diagnose::diagnose(&self.inner, &observed[0], &observed).await
    }

    /// Looks at several hosts, side by side within the settings' bounds. The answers are in the
    /// targets' order.
    pub async fn probe_all(&self, targets: &[Target]) -> Vec<HostProbe> {
        let observe_one = |target: Target| {
            let inner = Arc::clone(&self.inner);
            async move { observe(&inner, &target).await }
        };
        let observed = self.side_by_side(targets.to_vec(), observe_one).await;
        let observed: Arc<Vec<Observation>> = Arc::new(observed);
        let diagnose_one = |nth: usize| {
            let (inner, observed) = (Arc::clone(&self.inner), Arc::clone(&observed));
            async move { diagnose::diagnose(&inner, &observed[nth], &observed).await }
        };
        self.side_by_side((0..observed.len()).collect(), diagnose_one).await
    }

    /// Judges a chain as [`judge`](super::judge) does, with what this prober takes for the system's
    /// and the Mozilla roots, at its time.
    ///
    /// # Errors
    ///
    /// Why a tool with these roots would refuse the chain.
    pub fn judge(
        &self,
        chain: &[CertificateDer<'static>],
        server_name: &str,
        roots: &EffectiveRoots,
    ) -> Result<(), ChainFault> {
        judge_with(chain, server_name, roots, self.inner.now(), &self.inner.roots)
    }

    async fn side_by_side<T, F>(&self, items: Vec<T>, work: impl Fn(T) -> F) -> Vec<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let places = Arc::new(Semaphore::new(self.inner.settings.parallel.max(1)));
        let mut tasks = JoinSet::new();
        for (nth, item) in items.into_iter().enumerate() {
            let (places, work) = (Arc::clone(&places), work(item));
            tasks.spawn(async move {
                let _place = places.acquire_owned().await;
                (nth, work.await)
            });
        }
        let mut done = tasks.join_all().await;
        done.sort_by_key(|(nth, _)| *nth);
        done.into_iter().map(|(_, output)| output).collect()
    }
}

impl Inner {
    /// The roots, read when they are first needed.
    pub(super) fn trust(&self) -> &Trust {
        self.trust.get_or_init(|| Trust::load(&self.roots, &self.client.settings().ca_bundles))
    }

    /// What is taken for the present.
    pub(super) fn now(&self) -> Timestamp {
        self.settings.now.unwrap_or_else(Timestamp::now)
    }

    /// The clock that a handshake verifies by.
    pub(super) fn clock(&self) -> Arc<dyn TimeProvider> {
        clock_at(self.settings.now)
    }

    /// How long one step may take.
    pub(super) fn step(&self) -> Duration {
        self.client.settings().connect_timeout
    }
}

/// The clock, or one that stands still.
pub(super) fn clock_at(now: Option<Timestamp>) -> Arc<dyn TimeProvider> {
    match now {
        Some(now) => Arc::new(Still(unix(now))),
        None => Arc::new(DefaultTimeProvider),
    }
}

#[derive(Debug)]
struct Still(UnixTime);

impl TimeProvider for Still {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0)
    }
}
