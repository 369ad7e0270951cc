//! The client: one trust and one set of proxies for everybody.

use std::error::Error;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use rustls::ClientConfig;
use rustls::time_provider::{DefaultTimeProvider, TimeProvider};
use url::Url;

use crate::ask_proxy::{offered_schemes, schemes_of};
use crate::classify::{Context, causes};
use crate::credentials::{Credential, Credentials, Found, InUrl, split_userinfo};
use crate::download::Download;
use crate::error::{NetError, SettingError};
use crate::get::Get;
use crate::proxy::ProxyRules;
use crate::proxy_failure::{ProxyFailure, ProxyProblem};
use crate::redact::{RedactedUrl, redact_text};
use crate::redirect::{MAX_REDIRECTS, is_redirect, next_hop, too_many_redirects};
use crate::request::Request;
use crate::retry::{Retries, retry_after};
use crate::roots::{RootSets, RootsSummary};
use crate::settings::ClientSettings;
use crate::stream::Stream;
use crate::tls::{RecordingVerifier, TlsFailure};

/// How many idle connections are kept for a host, as in uv.
const IDLE_PER_HOST: usize = 20;

/// The HTTP client. Cloning it shares everything; building it reads no root and opens no connection.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    /// As `http`, with connections of its own, but bodies stay as they come.
    undecoded: reqwest::Client,
    /// As `undecoded`, but silence is measured by [`Request`], which knows how far a body is sent.
    unhurried: reqwest::Client,
    verifier: Arc<RecordingVerifier>,
    proxies: ProxyRules,
    credentials: Credentials,
    settings: ClientSettings,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}

impl Client {
    /// A client with these settings.
    ///
    /// # Errors
    ///
    /// When the settings make no client, such as a user agent that is no header value. CA bundles
    /// are read by the first TLS handshake; [`Client::check_roots`] reads them now.
    pub fn new(settings: ClientSettings) -> Result<Self, NetError> {
        Self::with_trust(settings, RootSets::default(), Arc::new(DefaultTimeProvider))
    }

    /// As [`new`](Self::new), with roots that stand for the machine's and a clock that stands for
    /// its clock.
    pub(crate) fn with_trust(
        settings: ClientSettings,
        sets: RootSets,
        clock: Arc<dyn TimeProvider>,
    ) -> Result<Self, NetError> {
        // The provider that reqwest and with it the resolver would choose themselves.
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let bundles = settings.ca_bundles.clone();
        let verifier = Arc::new(RecordingVerifier::new(bundles, sets, Arc::clone(&provider)));
        let unusable = |reason: String| SettingError::new("the network settings", reason);
        let mut tls = ClientConfig::builder_with_details(provider, clock)
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(error.to_string()))?
            // "Dangerous" because a verifier could be lax; this one is rustls' own and a notebook.
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&verifier) as Arc<_>)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];

        let proxies = ProxyRules::new(settings.proxies.clone());
        let builder = || {
            reqwest::Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .user_agent(&settings.user_agent)
                .http1_title_case_headers()
                .pool_max_idle_per_host(IDLE_PER_HOST)
                .connect_timeout(settings.connect_timeout)
                .referer(false)
                .redirect(Policy::none())
        };
        let read_timeout = settings.read_timeout;
        let build = |builder| {
            let builder = proxies.apply(builder).and_then(reqwest::ClientBuilder::build);
            builder.map_err(|error| unusable(innermost(&error)))
        };
        let http = build(builder().read_timeout(read_timeout))?;
        // Whether a body is decoded is a property of a client, not of a request.
        let as_is = || builder().no_gzip().no_brotli().no_deflate().no_zstd();
        let undecoded = build(as_is().read_timeout(read_timeout))?;
        let unhurried = build(as_is())?;
        let credentials = Credentials::new(settings.credentials.clone(), settings.netrc.clone());
        Ok(Self {
            inner: Arc::new(Inner {
                http,
                undecoded,
                unhurried,
                verifier,
                proxies,
                credentials,
                settings,
            }),
        })
    }

    /// The verifier that every handshake of it goes through.
    pub(crate) fn verifier(&self) -> &Arc<RecordingVerifier> {
        &self.inner.verifier
    }

    /// Which proxy a URL goes through.
    pub(crate) fn proxies(&self) -> &ProxyRules {
        &self.inner.proxies
    }

    /// The settings it was made with.
    pub fn settings(&self) -> &ClientSettings {
        &self.inner.settings
    }

    /// The client for the resolver: the same trust, proxies, timeouts and connections, without
    /// redirects, retries and credentials, which the resolver has of its own.
    pub fn resolver_client(&self) -> reqwest::Client {
        self.inner.http.clone()
    }

    /// The credential that settings or netrc hold for a URL, for giving it to the resolver.
    ///
    /// # Errors
    ///
    /// When the netrc file cannot be used.
    pub fn credential_for(&self, url: &Url) -> Result<Option<Credential>, NetError> {
        Ok(self.sourced_credential_for(url)?.map(|(credential, _)| credential))
    }

    /// As [`credential_for`](Self::credential_for), with where it was found, as told to the user.
    ///
    /// # Errors
    ///
    /// When the netrc file cannot be used.
    pub fn sourced_credential_for(
        &self,
        url: &Url,
    ) -> Result<Option<(Credential, String)>, NetError> {
        let (bare, in_url) = split_userinfo(url);
        let found = self.find_credential(&bare, in_url.as_ref())?;
        Ok(found.map(|found| (found.credential, found.source)))
    }

    pub(crate) fn find_credential(
        &self,
        url: &Url,
        in_url: Option<&InUrl>,
    ) -> Result<Option<Found>, NetError> {
        self.inner.credentials.find(url, in_url)
    }

    /// Reads the trusted roots, unless that has happened, and counts them.
    ///
    /// # Errors
    ///
    /// When a CA bundle cannot be used; see [`crate::roots::RootsError`].
    pub fn check_roots(&self) -> Result<RootsSummary, NetError> {
        self.inner.verifier.roots().summary().map_err(NetError::Roots)
    }

    /// Why the last handshake with a host was refused, whoever asked for it; none if it was not.
    pub fn tls_failure(&self, host: &str) -> Option<TlsFailure> {
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        self.tls_failures().into_iter().find(|failure| failure.host == host)
    }

    /// The hosts whose last handshake was refused, the newest first.
    pub fn tls_failures(&self) -> Vec<TlsFailure> {
        self.inner.verifier.failures()
    }

    /// What an error of the resolver means, if it is about the network.
    ///
    /// The URL is the one that was asked for; where the chain holds a more precise one, that wins.
    pub fn explain(&self, error: &(dyn Error + 'static), url: Option<&Url>) -> Option<NetError> {
        let in_chain = causes(error)
            .filter_map(|cause| cause.downcast_ref::<reqwest::Error>())
            .find_map(reqwest::Error::url);
        self.context().classify(error, in_chain.or(url)?)
    }

    /// A request for a small body, kept in memory.
    pub fn get(&self, url: &Url) -> Get<'_> {
        Get::new(self, url)
    }

    /// A request for a file.
    pub fn download<'a>(&'a self, url: &Url, to: &'a Path) -> Download<'a> {
        Download::new(self, url, to)
    }

    /// A request for a file whose bytes are handed out as they arrive.
    pub fn stream(&self, url: &Url) -> Stream {
        Stream::new(self, url)
    }

    /// A request of any method, whose answer is handed out whatever its status.
    pub fn request(&self, method: Method, url: &Url) -> Request<'_> {
        Request::new(self, method, url)
    }

    /// The retries of one call, for those who go on where an answer broke off.
    pub fn retries(&self) -> Retries {
        Retries::new(self.inner.settings.retry)
    }

    fn context(&self) -> Context<'_> {
        Context {
            verifier: &self.inner.verifier,
            proxies: &self.inner.proxies,
            connect_timeout: self.inner.settings.connect_timeout,
            read_timeout: self.inner.settings.read_timeout,
        }
    }

    /// What an error of reqwest means.
    pub(crate) fn failed(&self, error: &reqwest::Error, url: &Url) -> NetError {
        self.context().classify(error, url).unwrap_or_else(|| NetError::Interrupted {
            url: RedactedUrl::from(url),
            reason: innermost(error),
        })
    }

    /// Makes one request, following redirects, and returns an answer of 2xx or 304.
    ///
    /// `prepare` adds the headers that every hop gets; credentials are chosen for each hop.
    pub(crate) async fn send(
        &self,
        url: &Url,
        prepare: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, NetError> {
        self.send_by(&self.inner.http, url, prepare).await
    }

    /// As [`send`](Self::send), but the body comes as it is, whatever its `Content-Encoding`.
    pub(crate) async fn send_undecoded(
        &self,
        url: &Url,
        prepare: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, NetError> {
        self.send_by(&self.inner.undecoded, url, prepare).await
    }

    async fn send_by(
        &self,
        http: &reqwest::Client,
        url: &Url,
        prepare: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, NetError> {
        let (mut url, in_url) = self.askable(url)?;
        for _ in 0..=MAX_REDIRECTS {
            let response = self.hop(http, &url, in_url.as_ref(), &prepare).await?;
            match next_hop(&url, &response)? {
                Some(next) => url = next,
                None => return Ok(response),
            }
        }
        Err(too_many_redirects(&url))
    }

    /// The URL without its credentials, if it may be asked for at all.
    pub(crate) fn askable(&self, url: &Url) -> Result<(Url, Option<InUrl>), NetError> {
        let (url, in_url) = split_userinfo(url);
        if self.inner.settings.offline {
            return Err(NetError::Offline { url: RedactedUrl::from(&url) });
        }
        if !matches!(url.scheme(), "http" | "https") {
            let reason = format!("the scheme `{}` is not known", url.scheme());
            return Err(NetError::BadUrl { url: RedactedUrl::from(&url), reason });
        }
        Ok((url, in_url))
    }

    /// A request of the client whose silence the caller measures.
    pub(crate) fn unhurried(&self, method: Method, url: &Url) -> RequestBuilder {
        self.inner.unhurried.request(method, url.clone())
    }

    async fn hop(
        &self,
        http: &reqwest::Client,
        url: &Url,
        in_url: Option<&InUrl>,
        prepare: &impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, NetError> {
        let found = self.find_credential(url, in_url)?;
        let mut request = prepare(http.get(url.clone()));
        if let Some(found) = &found {
            request = found.credential.apply(request);
        }
        let response = self.reached(request.send().await, url).await?;
        let status = response.status();
        if status.is_success() || status == StatusCode::NOT_MODIFIED || is_redirect(status) {
            return Ok(response);
        }
        Err(NetError::Status {
            url: RedactedUrl::from(url),
            status: status.as_u16(),
            retry_after: retry_after(response.headers(), Timestamp::now()),
            credentials_from: found.map(|found| found.source),
        })
    }

    /// The answer of a server, or why there is none: a proxy's demand for credentials is none.
    pub(crate) async fn reached(
        &self,
        sent: Result<Response, reqwest::Error>,
        url: &Url,
    ) -> Result<Response, NetError> {
        let response = match sent {
            Ok(response) => response,
            Err(error) => {
                return Err(self.with_offered_schemes(self.failed(&error, url), url).await);
            }
        };
        if response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED
            && let Some(proxy) = self.inner.proxies.proxy_for(url)
        {
            let offered = schemes_of(response.headers());
            let problem =
                ProxyProblem::AuthenticationRequired { offered, sent: proxy.has_credentials() };
            return Err(ProxyFailure::new(RedactedUrl::from(url), proxy, problem).into());
        }
        Ok(response)
    }

    /// Completes a refused CONNECT with what the proxy would accept.
    pub(crate) async fn with_offered_schemes(&self, mut error: NetError, url: &Url) -> NetError {
        if let NetError::Proxy(failure) = &mut error
            && let ProxyProblem::AuthenticationRequired { offered, .. } = &mut failure.problem
            && let Some(proxy) = self.inner.proxies.proxy_for(url)
        {
            let limit = self.inner.settings.connect_timeout;
            *offered = offered_schemes(proxy.with_secrets(), url, limit).await;
        }
        error
    }
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(|cause| redact_text(&cause.to_string())).unwrap_or_default()
}
