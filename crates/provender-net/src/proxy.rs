//! Forward proxies: which one a URL goes through.

use std::fmt;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::header::HeaderValue;
use reqwest::{ClientBuilder, NoProxy, Proxy};
use url::Url;

use crate::error::SettingError;
use crate::redact::{RedactedUrl, redact};

/// The URL of a forward proxy, and the setting that named it. Shown without its credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl {
    url: Url,
    setting: String,
}

impl ProxyUrl {
    /// Reads `[SCHEME://][USER:PASSWORD@]HOST[:PORT]` as curl does: without a scheme, `http` is
    /// meant. Schemes are `http`, `https`, `socks4`, `socks4a`, `socks5` and `socks5h`.
    ///
    /// # Errors
    ///
    /// When it is not such a URL; the error names the setting and shows no credentials.
    pub fn parse(value: &str, setting: impl Into<String>) -> Result<Self, SettingError> {
        let setting = setting.into();
        let value = value.trim();
        let with_scheme =
            if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
        let url = Url::parse(&with_scheme)
            .map_err(|error| SettingError::new(&setting, format!("no proxy URL: {error}")))?;
        let known = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];
        if !known.contains(&url.scheme()) || url.host_str().is_none_or(str::is_empty) {
            let reason = format!("`{}` is no proxy URL", redact(&url));
            return Err(SettingError::new(&setting, reason));
        }
        Ok(Self { url, setting })
    }

    /// The setting that named the proxy.
    pub fn setting(&self) -> &str {
        &self.setting
    }

    /// The proxy's URL with its credentials, for giving it to another client.
    pub fn with_secrets(&self) -> &Url {
        &self.url
    }

    /// The proxy's URL for showing.
    pub fn redacted(&self) -> RedactedUrl {
        RedactedUrl::from(&self.url)
    }

    pub(crate) fn has_credentials(&self) -> bool {
        !self.url.username().is_empty() || self.url.password().is_some()
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", redact(&self.url), self.setting)
    }
}

/// The forward proxies, as the variables `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`
/// describe them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProxySettings {
    /// For `http` URLs.
    pub http: Option<ProxyUrl>,
    /// For `https` URLs.
    pub https: Option<ProxyUrl>,
    /// For URLs that have no proxy of their own scheme.
    pub all: Option<ProxyUrl>,
    /// Comma-separated hosts, domains (with all their subdomains), IP addresses and networks
    /// (`10.0.0.0/8`) that are reached directly; `*` is every host.
    pub no_proxy: String,
}

/// The proxies as rules that can be asked about a URL.
#[derive(Debug)]
pub(crate) struct ProxyRules {
    settings: ProxySettings,
    /// The very matcher that reqwest applies, so that errors name the proxy that was used.
    matcher: Matcher,
}

impl ProxyRules {
    pub(crate) fn new(settings: ProxySettings) -> Self {
        let mut matcher = Matcher::builder().no(settings.no_proxy.clone());
        if let Some(proxy) = settings.http.as_ref().or(settings.all.as_ref()) {
            matcher = matcher.http(proxy.url.to_string());
        }
        if let Some(proxy) = settings.https.as_ref().or(settings.all.as_ref()) {
            matcher = matcher.https(proxy.url.to_string());
        }
        Self { settings, matcher: matcher.build() }
    }

    /// The proxy that a request for the URL goes through.
    pub(crate) fn proxy_for(&self, url: &Url) -> Option<&ProxyUrl> {
        let uri = url[..url::Position::BeforePath].parse().ok()?;
        self.matcher.intercept(&uri)?;
        let of_scheme = match url.scheme() {
            "https" => self.settings.https.as_ref(),
            _ => self.settings.http.as_ref(),
        };
        of_scheme.or(self.settings.all.as_ref())
    }

    /// The `Proxy-Authorization` for that proxy; none without credentials in its URL.
    pub(crate) fn authorization_for(&self, url: &Url) -> Option<HeaderValue> {
        let uri = url[..url::Position::BeforePath].parse().ok()?;
        self.matcher.intercept(&uri)?.basic_auth().cloned()
    }

    /// Makes reqwest use these proxies and none that it would find by itself.
    pub(crate) fn apply(&self, mut builder: ClientBuilder) -> reqwest::Result<ClientBuilder> {
        builder = builder.no_proxy();
        let settings = &self.settings;
        let exceptions = NoProxy::from_string(&settings.no_proxy);
        if let Some(proxy) = settings.http.as_ref().or(settings.all.as_ref()) {
            builder = builder.proxy(Proxy::http(proxy.url.clone())?.no_proxy(exceptions.clone()));
        }
        if let Some(proxy) = settings.https.as_ref().or(settings.all.as_ref()) {
            builder = builder.proxy(Proxy::https(proxy.url.clone())?.no_proxy(exceptions));
        }
        Ok(builder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_url_may_lack_its_scheme_and_shows_no_password() {
        let proxy = ProxyUrl::parse("user:secret@proxy.example:3128", "HTTPS_PROXY").unwrap();
        assert_eq!(format!("{proxy:?}"), "http://****@proxy.example:3128/ (HTTPS_PROXY)");
        assert!(proxy.has_credentials());
    }

    #[test]
    fn what_is_no_proxy_url_is_an_error_that_names_its_setting() {
        for value in ["", "ftp://u:secret@proxy.example", "http://u:secret@:99999"] {
            let error = ProxyUrl::parse(value, "ALL_PROXY").unwrap_err().to_string();
            assert!(error.contains("ALL_PROXY") && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn the_proxy_of_a_url_follows_scheme_and_exceptions() {
        let proxy = |name: &str| ProxyUrl::parse(&format!("http://{name}.example"), name).ok();
        let rules = ProxyRules::new(ProxySettings {
            https: proxy("secure"),
            all: proxy("any"),
            no_proxy: "corp.example, 10.0.0.0/8".to_owned(),
            ..ProxySettings::default()
        });
        for (url, expected) in [
            ("https://index.example/", Some("secure")),
            ("http://index.example/", Some("any")),
            ("https://corp.example/", None),
            ("https://files.corp.example:8443/x", None),
            ("https://notcorp.example/", Some("secure")),
            ("http://10.1.2.3/", None),
        ] {
            let found = rules.proxy_for(&url.parse().unwrap()).map(ProxyUrl::setting);
            assert_eq!(found, expected, "{url}");
        }
    }
}
