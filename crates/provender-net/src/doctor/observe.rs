//! What is seen on the way to a host, before anything is made of it.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use rustls::ProtocolVersion;
use rustls::pki_types::{CertificateDer, ServerName};
use url::Url;

use super::Target;
use super::chain::in_order;
use super::dial::{DialError, dial};
use super::judge::ChainFault;
use super::prober::Inner;
use super::record::{HandshakeError, Recorded, record};
use super::trust::Origin;
use super::visit::{Visit, visit, without_credentials};
use crate::certificate::CertificateFacts;
use crate::error::NetError;
use crate::proxy::ProxyUrl;
use crate::redact::host_of;

/// How long the direct way is tried where a proxy is named; where it is closed, this is spent.
pub(super) const DIRECT: Duration = Duration::from_secs(3);

/// Everything that was seen.
#[derive(Debug)]
pub(super) struct Observation {
    pub(super) target: Target,
    /// As TLS names it.
    pub(super) host: String,
    pub(super) proxy: Option<ProxyUrl>,
    pub(super) evidence: Vec<String>,
    /// Where the name leads here; empty where a proxy resolves it.
    pub(super) addresses: Vec<IpAddr>,
    /// The times that others told.
    pub(super) dates: Vec<HeardDate>,
    pub(super) seen: Seen,
}

/// The time as somebody told it.
#[derive(Debug, Clone)]
pub(super) struct HeardDate {
    /// Who told it.
    pub(super) who: String,
    /// What was told.
    pub(super) said: Timestamp,
    /// Whether it came over a connection that verifies; on any other, whoever is on the way may have
    /// made it up.
    pub(super) verified: bool,
}

/// How far the way led.
#[derive(Debug)]
pub(super) enum Seen {
    /// Not gone at all.
    NotAsked(String),
    /// The URL cannot be asked for.
    BadUrl(String),
    /// Plain http, and what came of the request.
    Plain(Result<Visit, NetError>),
    /// No connection.
    NoWay(DialError),
    /// A connection, and no certificate.
    NoHandshake(HandshakeError),
    /// Certificates.
    Presented(Box<Presented>),
}

/// What a server presented, and what is to be thought of it.
#[derive(Debug)]
pub(super) struct Presented {
    /// As it came.
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// From the server's own upwards.
    pub(super) ordered: Vec<CertificateDer<'static>>,
    pub(super) version: Option<ProtocolVersion>,
    /// What each set of roots says, in the order of [`super::trust::Trust::sets`].
    pub(super) verdicts: Vec<Result<(), ChainFault>>,
    /// The request over a verified connection, where one of the sets leads there.
    pub(super) visit: Option<Result<Visit, NetError>>,
    /// What is presented without the proxy, where that could be seen.
    pub(super) directly: Option<Vec<CertificateDer<'static>>>,
}

impl Presented {
    /// Whether the client, which trusts all sets together, takes it.
    pub(super) fn is_trusted(&self) -> bool {
        self.verdicts.iter().any(Result::is_ok)
    }

    /// Whether the Mozilla set leads to it.
    pub(super) fn is_public(&self) -> bool {
        self.verdicts.first().is_some_and(Result::is_ok)
    }
}

impl Observation {
    /// The certificates, if any were presented.
    pub(super) fn presented(&self) -> Option<&Presented> {
        match &self.seen {
            Seen::Presented(presented) => Some(presented),
            _ => None,
        }
    }

    /// The URL without credentials.
    pub(super) fn url(&self) -> Url {
        without_credentials(&self.target.url)
    }
}

/// Goes the way to a host and writes down what is there.
pub(super) async fn observe(inner: &Inner, target: &Target) -> Observation {
    let url = &target.url;
    let mut observation = Observation {
        target: target.clone(),
        host: host_of(url),
        proxy: inner.client.proxies().proxy_for(url).cloned(),
        evidence: Vec::new(),
        addresses: Vec::new(),
        dates: Vec::new(),
        seen: Seen::NotAsked("offline".to_owned()),
    };
    if inner.client.settings().offline {
        return observation;
    }
    observation.seen = match url.scheme() {
        "http" => {
            let visited = visit(&inner.client, target, inner.step()).await;
            observation.note_visit(&visited);
            Seen::Plain(visited)
        }
        "https" => observation.walk(inner).await,
        scheme => Seen::BadUrl(format!("the scheme `{scheme}` is not known")),
    };
    observation
}

impl Observation {
    async fn walk(&mut self, inner: &Inner) -> Seen {
        let Ok(name) = ServerName::try_from(self.host.clone()) else {
            return Seen::BadUrl(format!("`{}` is no name of a server", self.host));
        };
        let (url, limit) = (self.url(), inner.step());
        let mut dialed = match dial(&inner.client, &url, self.proxy.as_ref(), limit).await {
            Ok(dialed) => dialed,
            Err(error) => return Seen::NoWay(error),
        };
        self.evidence.append(&mut dialed.steps);
        self.addresses = std::mem::take(&mut dialed.addresses);
        if let (Some(said), Some(proxy)) = (dialed.date, &self.proxy) {
            let who = format!("the proxy {}", proxy.redacted());
            self.dates.push(HeardDate { who, said, verified: false });
        }
        let recorded = match record(&mut *dialed.stream, name.clone(), limit).await {
            Ok(recorded) => recorded,
            Err(error) => return Seen::NoHandshake(error),
        };
        let mut presented = self.judge(inner, recorded);
        if presented.is_trusted() {
            let visited = visit(&inner.client, &self.target, limit).await;
            self.note_visit(&visited);
            presented.visit = Some(visited);
        }
        if self.proxy.is_some() && !presented.is_public() {
            presented.directly = directly(inner, &url, name).await;
        }
        Seen::Presented(Box::new(presented))
    }

    fn judge(&mut self, inner: &Inner, recorded: Recorded) -> Presented {
        let version = recorded.version.map(shown_version).unwrap_or("TLS");
        let alpn = recorded.alpn.as_deref().unwrap_or("no application protocol");
        self.evidence.push(format!("{version}, {alpn}"));
        let ordered = in_order(&recorded.chain);
        for certificate in ordered.iter().filter_map(CertificateFacts::from_der) {
            self.evidence.push(format!(
                "presented `{}`, issued by `{}`, valid from {} to {}",
                certificate.subject,
                certificate.issuer,
                certificate.not_before,
                certificate.not_after
            ));
        }
        let now = inner.now();
        let mut verdicts = Vec::new();
        for set in &inner.trust().sets {
            let verdict = set.anchors.judge(&recorded.chain, &self.host, now);
            let told = match &verdict {
                Ok(()) => "verifies".to_owned(),
                Err(fault) => fault.to_string(),
            };
            // A machine without a store of its own is nothing to tell about each host.
            let void = set.origin == Origin::System && set.anchors.certificates.is_empty();
            if !void {
                self.evidence.push(format!("{}: {told}", set.word));
            }
            verdicts.push(verdict);
        }
        Presented {
            chain: recorded.chain,
            ordered,
            version: recorded.version,
            verdicts,
            visit: None,
            directly: None,
        }
    }

    fn note_visit(&mut self, visited: &Result<Visit, NetError>) {
        let visited = match visited {
            Ok(visited) => visited,
            Err(error) => {
                self.evidence.push(format!("the request failed: {error}"));
                return;
            }
        };
        let kind = Some(visited.content_type.as_str()).filter(|kind| !kind.is_empty());
        let kind = kind.unwrap_or("no content type");
        self.evidence.push(format!("the request was answered {}, {kind}", visited.status));
        if let Some(elsewhere) = &visited.elsewhere {
            self.evidence.push(format!("redirects led to {elsewhere}"));
        }
        if let Some(said) = visited.date {
            let who = format!("`{}`", self.host);
            let verified = self.target.url.scheme() == "https";
            self.dates.push(HeardDate { who, said, verified });
        }
    }
}

/// What is presented without the proxy.
async fn directly(
    inner: &Inner,
    url: &Url,
    name: ServerName<'static>,
) -> Option<Vec<CertificateDer<'static>>> {
    let limit = DIRECT.min(inner.step());
    let mut dialed = dial(&inner.client, url, None, limit).await.ok()?;
    record(&mut *dialed.stream, name, limit).await.ok().map(|recorded| recorded.chain)
}

/// A version of TLS as people write it.
pub(super) fn shown_version(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::TLSv1_3 => "TLS 1.3",
        ProtocolVersion::TLSv1_2 => "TLS 1.2",
        _ => "an old TLS",
    }
}
