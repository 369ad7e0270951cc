//! The bench of `doctor`: servers and proxies of its own for every diagnosis and every finding.

mod chains;
mod clock;
mod conformance;
mod portals;
mod proxies;
mod trust;
mod unreachable;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use provender_core::doctor::HostDiagnosis;
use provender_net::doctor::{Expects, HostProbe, Prober, ProberSettings, RULES, Target};
use provender_net::roots::CaBundle;
use provender_net::{ClientSettings, ProxySettings, ProxyUrl};
use provender_test::{Authority, HttpServer, Reply, TlsIdentity};
use url::Url;

/// What a test says about the machine.
struct Machine {
    /// The authority whose root is in the place of the Mozilla set.
    public: Authority,
    system: Vec<Authority>,
    bundles: Vec<CaBundle>,
    proxy: Option<String>,
    no_proxy: String,
    now: Option<Timestamp>,
    local_repositories: bool,
    step: Duration,
}

impl Machine {
    /// A machine that trusts one public authority.
    fn new() -> Self {
        Self {
            public: Authority::named("Example Public Root"),
            system: vec![Authority::named("Example Unused Root")],
            bundles: Vec::new(),
            proxy: None,
            no_proxy: String::new(),
            now: None,
            local_repositories: true,
            step: Duration::from_secs(10),
        }
    }

    fn trusting(mut self, authority: &Authority) -> Self {
        self.system.push(authority.clone());
        self
    }

    fn behind(mut self, proxy: impl Into<String>) -> Self {
        self.proxy = Some(proxy.into());
        self
    }

    fn prober(&self) -> Prober {
        let proxy = self.proxy.as_ref().map(|url| ProxyUrl::parse(url, "ALL_PROXY").unwrap());
        let proxies =
            ProxySettings { all: proxy, no_proxy: self.no_proxy.clone(), ..Default::default() };
        let client =
            ClientSettings { proxies, ca_bundles: self.bundles.clone(), ..crate::settings() };
        let settings = ProberSettings {
            system_roots: Some(self.system.iter().map(Authority::der).collect()),
            public_roots: Some(vec![self.public.der()]),
            now: self.now,
            local_repositories: self.local_repositories,
            step_timeout: self.step,
            ..ProberSettings::default()
        };
        Prober::new(client, settings).unwrap()
    }

    async fn probe(&self, url: impl AsRef<str>) -> HostProbe {
        self.prober().probe(&target(url)).await
    }

    async fn probe_all(&self, urls: &[&str]) -> Vec<HostProbe> {
        let targets: Vec<_> = urls.iter().map(target).collect();
        self.prober().probe_all(&targets).await
    }
}

fn target(url: impl AsRef<str>) -> Target {
    Target::new(url.as_ref().parse().unwrap(), "index")
}

fn index_page(url: impl AsRef<str>) -> Target {
    target(url).expects(Expects::IndexPage)
}

fn serving(identity: &TlsIdentity) -> HttpServer {
    HttpServer::start_identity(identity, |_| Reply::new(200, "text/plain", "fine"))
}

fn https(address: SocketAddr) -> String {
    format!("https://localhost:{}/", address.port())
}

fn rules(probe: &HostProbe) -> BTreeSet<&'static str> {
    let rules: BTreeSet<_> = probe.report.findings.iter().map(|finding| finding.rule).collect();
    for rule in &rules {
        assert!(RULES.iter().any(|known| known.id == *rule), "`{rule}` has no page");
    }
    rules
}

/// Checks the diagnosis and that it has exactly these findings.
#[track_caller]
fn assert_diagnosis(probe: &HostProbe, diagnosis: HostDiagnosis, findings: &[&str]) {
    let report = &probe.report;
    assert_eq!(report.diagnosis, diagnosis, "{report:#?}");
    assert_eq!(rules(probe), findings.iter().copied().collect(), "{report:#?}");
}

#[track_caller]
fn assert_remedy(probe: &HostProbe, proved: bool, words: &str) {
    let remedy = probe.report.remedy.as_ref().unwrap_or_else(|| panic!("{:#?}", probe.report));
    assert_eq!(remedy.proved, proved, "{:#?}", probe.report);
    assert!(remedy.text.contains(words), "{}", remedy.text);
}

#[track_caller]
fn assert_evidence(probe: &HostProbe, words: &str) {
    let evidence = &probe.report.evidence;
    assert!(evidence.iter().any(|line| line.contains(words)), "no `{words}`: {evidence:#?}");
}

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

#[test]
fn every_finding_is_on_the_bench() {
    let bench = [
        include_str!("chains.rs"),
        include_str!("clock.rs"),
        include_str!("conformance.rs"),
        include_str!("portals.rs"),
        include_str!("proxies.rs"),
        include_str!("trust.rs"),
        include_str!("unreachable.rs"),
    ]
    .concat();
    for rule in RULES {
        assert!(bench.contains(&format!("\"{}\"", rule.id)), "no test has `{}`", rule.id);
    }
}
