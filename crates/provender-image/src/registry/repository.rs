//! One repository of one registry: its URLs, and requests with what the registry wants to be shown.

use std::time::Duration;

use http::header::{HeaderName, HeaderValue, LOCATION};
use http::{HeaderMap, Method};
use provender_net::{
    Authorization, Client, Incoming, NetError, RedactedUrl, RequestBody, TlsProblem,
    looks_like_html,
};
use tokio::sync::OnceCell;
use url::{Host as UrlHost, Url};

use super::auth::{Asker, Auth};
use super::error::{Refusal, RegistryError, said};
use super::scope::{Access, Scope};
use super::{Registry, RegistryCredential};
use crate::Reference;

/// How much of a refusal's body is read, in bytes.
const LONGEST_REFUSAL: u64 = 64 << 10;

/// What is known of a registry.
#[derive(Debug, Default)]
pub(super) struct Host {
    base: OnceCell<Url>,
    auth: Auth,
}

/// A repository, and what is done in it.
#[derive(Debug, Clone)]
pub(super) struct Repository {
    registry: Registry,
    host: std::sync::Arc<Host>,
    base: Url,
    host_name: String,
    name: String,
    scopes: Vec<Scope>,
    credential: Option<RegistryCredential>,
}

/// One request.
#[derive(Debug)]
pub(super) struct Ask {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: RequestBody,
    repeatable: bool,
    silence: Option<Duration>,
}

impl Ask {
    pub(super) fn new(method: Method, url: Url) -> Self {
        let headers = HeaderMap::new();
        let body = RequestBody::Empty;
        Self { method, url, headers, body, repeatable: false, silence: None }
    }

    pub(super) fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    pub(super) fn head(url: Url) -> Self {
        Self::new(Method::HEAD, url)
    }

    /// Adds a header; one whose value is none is left out.
    pub(super) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    pub(super) fn body(mut self, body: RequestBody) -> Self {
        self.body = body;
        self
    }

    pub(super) fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// How long the registry may be silent when everything is sent.
    pub(super) fn silence(mut self, longest: Duration) -> Self {
        self.silence = Some(longest);
        self
    }
}

impl Repository {
    /// The repository of a reference. A registry of the loopback interface is asked whether it speaks
    /// TLS.
    pub(super) async fn of(
        registry: &Registry,
        reference: &Reference,
        access: Access,
    ) -> Result<Self, RegistryError> {
        let host = registry.host(&reference.registry);
        let probe = || base(registry, &reference.registry);
        let base = host.base.get_or_try_init(probe).await?.clone();
        let name = reference.repository.clone();
        let credential = registry.credential(&reference.registry, &name, &base)?;
        Ok(Self {
            registry: registry.clone(),
            base,
            host_name: reference.registry.clone(),
            scopes: vec![Scope { repository: name.clone(), access }],
            name,
            credential,
            host,
        })
    }

    /// The same, with leave to read another repository too: for mounting from it.
    pub(super) fn reading_too(&self, other: &str) -> Self {
        let mut both = self.clone();
        both.scopes.push(Scope { repository: other.to_owned(), access: Access::Pull });
        both
    }

    pub(super) fn client(&self) -> &Client {
        self.registry.client()
    }

    /// `HOST[:PORT]/REPOSITORY`.
    pub(super) fn place(&self) -> String {
        format!("{}/{}", self.host_name, self.name)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn host_name(&self) -> &str {
        &self.host_name
    }

    /// A URL below `/v2/REPOSITORY/`. Parts are digests, tags and fixed words, which need no escapes.
    pub(super) fn url(&self, rest: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("/v2/{}/{rest}", self.name));
        url
    }

    /// Makes a request and returns an answer of 2xx, or of one of `also`.
    pub(super) async fn ask(&self, ask: Ask, also: &[u16]) -> Result<Incoming, RegistryError> {
        let incoming = self.authorised(&ask).await?;
        let status = incoming.status();
        if matches!(status, 200..=299) && is_web_page(&incoming) {
            return Err(RegistryError::WebPage { url: RedactedUrl::from(incoming.url()) });
        }
        if matches!(status, 200..=299) || also.contains(&status) {
            return Ok(incoming);
        }
        Err(self.refused(incoming, ask.method.is_safe() || ask.repeatable).await)
    }

    async fn authorised(&self, ask: &Ask) -> Result<Incoming, RegistryError> {
        if ask.url.origin() != self.base.origin() {
            // An upload may go elsewhere; the registry's credentials do not.
            return Ok(self.send(ask, Authorization::Settings).await?);
        }
        let mut shown = self.host.auth.shown(self.asker()).await?;
        loop {
            let incoming = self.send(ask, shown.authorization.clone()).await?;
            if incoming.status() != 401 {
                return Ok(incoming);
            }
            match self.host.auth.answer(incoming.headers(), &shown, self.asker()).await? {
                Some(next) => shown = next,
                None => return Ok(incoming),
            }
        }
    }

    fn asker(&self) -> Asker<'_> {
        Asker {
            client: self.client(),
            registry: &self.host_name,
            may_be_plain: self.base.scheme() == "http",
            scopes: &self.scopes,
            credential: self.credential.as_ref(),
        }
    }

    async fn send(&self, ask: &Ask, authorization: Authorization) -> Result<Incoming, NetError> {
        let mut request = self.client().request(ask.method.clone(), &ask.url);
        for (name, value) in &ask.headers {
            request = request.header(name.clone(), value.clone());
        }
        request = request.authorization(authorization).body(ask.body.clone());
        if ask.repeatable {
            request = request.repeatable();
        }
        if let Some(silence) = ask.silence {
            request = request.silence(silence);
        }
        request.open().await
    }

    /// What a refusal means. One of a request that was made only once may pass, and is a
    /// [`NetError`], so that who can go on elsewhere knows.
    async fn refused(&self, incoming: Incoming, was_repeated: bool) -> RegistryError {
        let failed = incoming.failed();
        let (url, status) = (RedactedUrl::from(incoming.url()), incoming.status());
        let credential = incoming.credentials_from().map(str::to_owned);
        if !was_repeated && matches!(status, 408 | 425 | 500..) {
            return RegistryError::Net(failed);
        }
        let retry_after = match failed {
            NetError::Status { retry_after, .. } => retry_after,
            _ => None,
        };
        // A body that breaks off says no less than none.
        let body = incoming.whole(LONGEST_REFUSAL).await.map(|reply| reply.body);
        let said = said(&body.unwrap_or_default());
        if matches!(status, 401 | 403) {
            return RegistryError::Denied(Box::new(Refusal {
                registry: self.host_name.clone(),
                repository: Some(self.name.clone()),
                url,
                status,
                said,
                credential,
            }));
        }
        RegistryError::Status { url, status, said, retry_after }
    }

    /// Where an answer's `Location` leads, its query kept. A registry behind a proxy that ends TLS
    /// often writes `http` there: it is asked over https as before.
    pub(super) fn location(&self, from: &Incoming) -> Result<Url, RegistryError> {
        let missing = || RegistryError::malformed("upload", from, "has no location");
        let location = from.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let mut url = from.url().join(location.ok_or_else(missing)?).map_err(|_| missing())?;
        if self.base.scheme() == "https" && url.scheme() == "http" {
            if url.host() != self.base.host() {
                let registry = self.host_name.clone();
                return Err(RegistryError::Insecure { registry, url: RedactedUrl::from(&url) });
            }
            // Neither fails for a URL with a host.
            let _ = url.set_scheme("https");
            let _ = url.set_port(self.base.port());
        }
        if !matches!(url.scheme(), "https" | "http") {
            return Err(missing());
        }
        Ok(url)
    }
}

/// Whether a success is that of a portal, which answers 200 to everything. Some registries call an
/// empty body HTML too, but say in the head what no portal does.
fn is_web_page(incoming: &Incoming) -> bool {
    const OF_REGISTRIES: [&str; 4] = [
        "docker-distribution-api-version",
        "docker-content-digest",
        "docker-upload-uuid",
        "location",
    ];
    looks_like_html(&incoming.content_type(), b"")
        && !OF_REGISTRIES.iter().any(|name| incoming.headers().contains_key(*name))
}

/// `https://HOST[:PORT]/`, or `http` where that is allowed.
async fn base(registry: &Registry, name: &str) -> Result<Url, RegistryError> {
    let bad = || RegistryError::BadRegistry(name.to_owned());
    let https = Url::parse(&format!("https://{name}/")).map_err(|_| bad())?;
    let http = Url::parse(&format!("http://{name}/")).map_err(|_| bad())?;
    let plain_parts = https.path() == "/" && https.query().is_none() && https.fragment().is_none();
    if !plain_parts || !https.username().is_empty() || https.password().is_some() {
        return Err(bad());
    }
    if registry.settings().plain_http.contains(name) {
        return Ok(http);
    }
    if !is_loopback(&https) {
        return Ok(https);
    }
    let ping = https.join("v2/").map_err(|_| bad())?;
    let client = registry.client();
    let pinged = client.request(Method::GET, &ping).authorization(Authorization::None).once();
    match pinged.open().await {
        // Whoever speaks no TLS at all; a certificate that is not trusted stays an error.
        Err(NetError::Tls { failure, .. })
            if matches!(failure.problem, TlsProblem::Protocol(_)) =>
        {
            Ok(http)
        }
        Err(NetError::Connect { .. } | NetError::Interrupted { .. }) => Ok(http),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(https),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(UrlHost::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(UrlHost::Ipv4(address)) => address.is_loopback(),
        Some(UrlHost::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provender_net::{ClientSettings, RetrySettings};

    fn registry(plain: &[&str]) -> Registry {
        let retry = RetrySettings { retries: 0, ..RetrySettings::default() };
        let client =
            Client::new(ClientSettings { retry, offline: true, ..ClientSettings::default() });
        let plain_http = plain.iter().map(|name| (*name).to_owned()).collect();
        let settings = super::super::RegistrySettings { plain_http, ..Default::default() };
        Registry::new(client.unwrap(), settings)
    }

    #[tokio::test]
    async fn plain_http_is_for_those_who_are_named() {
        let registry = registry(&["plain.example:5000"]);
        let base = async |name: &str| base(&registry, name).await.unwrap().to_string();
        assert_eq!(base("plain.example:5000").await, "http://plain.example:5000/");
        assert_eq!(base("plain.example").await, "https://plain.example/");
        assert_eq!(base("registry.example:5000").await, "https://registry.example:5000/");
    }

    #[tokio::test]
    async fn a_name_with_more_than_host_and_port_is_refused() {
        let registry = registry(&[]);
        for name in ["me:pw@a.example", "a.example?x", "a.example#x", "a b.example", ":5000"] {
            let refused = base(&registry, name).await;
            assert!(matches!(refused, Err(RegistryError::BadRegistry(_))), "{name}");
        }
    }

    #[test]
    fn loopback_is_told_by_address_or_name() {
        let loopback = |host: &str| is_loopback(&Url::parse(&format!("https://{host}/")).unwrap());
        assert!(loopback("127.0.0.1:5000") && loopback("[::1]") && loopback("localhost:1"));
        assert!(!loopback("10.0.0.1") && !loopback("localhost.example"));
    }
}
