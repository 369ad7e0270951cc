//! Which credentials a request may carry.
//!
//! A credential belongs to a host (and port, and path, where the setting says so) and is sent
//! nowhere else. The order is that of curl: what stands in the URL, then settings, then netrc.

use std::fmt;
use std::path::PathBuf;
use std::sync::OnceLock;

use percent_encoding::percent_decode_str;
use reqwest::RequestBuilder;
use url::{Origin, Url};
use uv_netrc::Netrc;

use crate::error::{NetError, SettingError};
use crate::redact::host_of;

/// A secret that proves who asks. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// Basic authentication (RFC 7617).
    Basic {
        /// The user name.
        user: String,
        /// The password; may be empty where a token stands in the user name's place.
        password: String,
    },
    /// A bearer token (RFC 6750).
    Bearer(String),
}

impl Credential {
    pub(crate) fn apply(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::Basic { user, password } => request.basic_auth(user, Some(password)),
            Self::Bearer(token) => request.bearer_auth(token),
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic { .. } => "Basic(****)",
            Self::Bearer(_) => "Bearer(****)",
        })
    }
}

/// A credential from settings, and the URLs it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialRule {
    prefix: Url,
    any_port: bool,
    credential: Credential,
    setting: String,
}

impl CredentialRule {
    /// A credential for `HOST`, `HOST:PORT`, `HOST/PATH` or a URL of these.
    ///
    /// Without a scheme `https` is meant; a credential is sent over plain `http` only if the prefix
    /// says `http://`. Without a scheme and a port, every port of the host is meant.
    ///
    /// # Errors
    ///
    /// When the prefix is not of this form; the error names the setting.
    pub fn new(
        prefix: &str,
        credential: Credential,
        setting: impl Into<String>,
    ) -> Result<Self, SettingError> {
        let setting = setting.into();
        let has_scheme = prefix.contains("://");
        let text = if has_scheme { prefix.to_owned() } else { format!("https://{prefix}") };
        let bad = |reason: &str| SettingError::new(&setting, format!("no host or URL: {reason}"));
        let url = Url::parse(&text).map_err(|error| bad(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(bad("only http and https URLs have credentials"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("the credential stands beside the URL, not in it"));
        }
        Ok(Self { any_port: !has_scheme && url.port().is_none(), prefix: url, credential, setting })
    }

    /// The URL that it is for; a host alone stands for everything on it.
    pub fn url(&self) -> &Url {
        &self.prefix
    }

    /// The credential.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    fn covers(&self, url: &Url) -> bool {
        let path = self.prefix.path().trim_end_matches('/');
        let below = url.path().strip_prefix(path);
        url.scheme() == self.prefix.scheme()
            && url.host() == self.prefix.host()
            && (self.any_port || url.port_or_known_default() == self.prefix.port_or_known_default())
            && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// A credential that applies, and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) credential: Credential,
    /// As told to the user: the setting's name or the netrc file.
    pub(crate) source: String,
}

/// The credentials of one request's URL; they go to that URL's origin only.
#[derive(Debug, Clone)]
pub(crate) struct InUrl {
    origin: Origin,
    credential: Credential,
}

/// Takes the credentials out of a URL.
pub(crate) fn split_userinfo(url: &Url) -> (Url, Option<InUrl>) {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let user = decoded(url.username());
    let password = url.password().map(decoded);
    let mut bare = url.clone();
    // These fail only for URLs without a host, which have no user either.
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    if user.is_empty() && password.is_none() {
        return (bare, None);
    }
    let credential = Credential::Basic { user, password: password.unwrap_or_default() };
    let in_url = InUrl { origin: bare.origin(), credential };
    (bare, Some(in_url))
}

/// All credentials from settings and netrc; netrc is read when it is first needed.
#[derive(Debug)]
pub(crate) struct Credentials {
    rules: Vec<CredentialRule>,
    netrc: Option<PathBuf>,
    parsed: OnceLock<Result<Hosts, String>>,
}

struct Hosts(Netrc);

impl fmt::Debug for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hosts(****)")
    }
}

impl Credentials {
    pub(crate) fn new(rules: Vec<CredentialRule>, netrc: Option<PathBuf>) -> Self {
        Self { rules, netrc, parsed: OnceLock::new() }
    }

    /// The credential to send with a request for the URL, which has no userinfo any more.
    pub(crate) fn find(
        &self,
        url: &Url,
        in_url: Option<&InUrl>,
    ) -> Result<Option<Found>, NetError> {
        if let Some(own) = in_url.filter(|own| own.origin == url.origin()) {
            let source = "the URL".to_owned();
            return Ok(Some(Found { credential: own.credential.clone(), source }));
        }
        let covering = self.rules.iter().filter(|rule| rule.covers(url));
        let longest = covering.max_by_key(|rule| rule.prefix.path().len());
        if let Some(CredentialRule { credential, setting, .. }) = longest {
            return Ok(Some(Found { credential: credential.clone(), source: setting.clone() }));
        }
        self.in_netrc(&host_of(url))
    }

    /// The entry of a `machine`. The `default` entry is left out on purpose: it belongs to no host,
    /// and would send a password to every index and every redirect target.
    fn in_netrc(&self, host: &str) -> Result<Option<Found>, NetError> {
        let Some(path) = &self.netrc else { return Ok(None) };
        let parsed = self.parsed.get_or_init(|| match Netrc::from_file(path) {
            Ok(netrc) => Ok(Hosts(netrc)),
            Err(uv_netrc::Error::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Hosts(Netrc::default()))
            }
            Err(uv_netrc::Error::Io(error)) => Err(error.to_string()),
            // The parser's message can quote a token, and a misplaced token can be a password.
            Err(uv_netrc::Error::Parsing { parser, .. }) => Err(line_of(&parser.to_string())),
        });
        let Hosts(netrc) = parsed
            .as_ref()
            .map_err(|reason| NetError::Netrc { path: path.clone(), reason: reason.clone() })?;
        let entry = netrc.hosts.get(host).filter(|_| host != "default");
        Ok(entry.map(|entry| Found {
            credential: Credential::Basic {
                user: entry.login.clone(),
                password: entry.password.clone(),
            },
            source: path.display().to_string(),
        }))
    }
}

fn line_of(message: &str) -> String {
    let line = message.rsplit_once("(line ").and_then(|(_, rest)| rest.strip_suffix(')'));
    let line = line.filter(|line| line.bytes().all(|c| c.is_ascii_digit()));
    line.map_or_else(|| "malformed".to_owned(), |line| format!("malformed at line {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(name: &str) -> Credential {
        Credential::Bearer(name.to_owned())
    }

    fn found(credentials: &Credentials, url: &str) -> Option<Credential> {
        let (url, in_url) = split_userinfo(&url.parse().unwrap());
        credentials.find(&url, in_url.as_ref()).unwrap().map(|found| found.credential)
    }

    fn rules(rules: &[(&str, &str)]) -> Credentials {
        let rule = |(prefix, name): &(&str, &str)| {
            CredentialRule::new(prefix, secret(name), "provender.toml").unwrap()
        };
        Credentials::new(rules.iter().map(rule).collect(), None)
    }

    #[test]
    fn a_rule_covers_its_host_and_what_is_below_its_path() {
        let rules = rules(&[
            ("index.example", "host"),
            ("https://index.example/team/", "team"),
            ("ports.example:8443", "port"),
            ("http://plain.example", "plain"),
        ]);
        for (url, name) in [
            ("https://index.example/simple/", Some("host")),
            ("https://INDEX.example:444/", Some("host")),
            ("https://index.example/team/simple/", Some("team")),
            ("https://index.example/teams", Some("host")),
            ("http://index.example/simple/", None),
            ("https://sub.index.example/", None),
            ("https://index.example.evil.example/", None),
            ("https://ports.example:8443/", Some("port")),
            ("https://ports.example/", None),
            ("http://plain.example/", Some("plain")),
            ("https://plain.example/", None),
        ] {
            assert_eq!(found(&rules, url), name.map(secret), "{url}");
        }
    }

    #[test]
    fn credentials_in_a_url_are_decoded_and_win_over_settings() {
        let rules = rules(&[("index.example", "host")]);
        let basic = Credential::Basic { user: "a@b".to_owned(), password: "p:w".to_owned() };
        assert_eq!(found(&rules, "https://a%40b:p%3Aw@index.example/"), Some(basic));
    }

    #[test]
    fn a_prefix_that_is_no_host_is_an_error_that_names_its_setting() {
        for prefix in ["", "ftp://host.example", "https://u:secret@host.example"] {
            let error = CredentialRule::new(prefix, secret("hush"), "SETTING").unwrap_err();
            let error = error.to_string();
            assert!(error.contains("SETTING") && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn netrc_gives_each_machine_its_own_entry_and_nobody_the_default() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = "machine index.example login me password pw\ndefault login x password y\n";
        std::fs::write(&file, text).unwrap();
        let netrc = Credentials::new(Vec::new(), Some(file.path().to_owned()));
        let entry = Credential::Basic { user: "me".to_owned(), password: "pw".to_owned() };
        assert_eq!(found(&netrc, "https://index.example/"), Some(entry));
        assert_eq!(found(&netrc, "https://other.example/"), None);
        assert_eq!(found(&netrc, "https://default/"), None);
    }

    #[test]
    fn a_missing_netrc_says_nothing_and_a_malformed_one_is_an_error_without_its_content() {
        let missing = Credentials::new(Vec::new(), Some("no/such/netrc".into()));
        assert_eq!(found(&missing, "https://index.example/"), None);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, "machine index.example login me hunter2\n").unwrap();
        let malformed = Credentials::new(Vec::new(), Some(file.path().to_owned()));
        let url = "https://index.example/".parse().unwrap();
        let error = malformed.find(&url, None).unwrap_err();
        assert!(error.to_string().contains("malformed at line"), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }

    #[test]
    fn no_secret_is_in_debug_output() {
        let rules = rules(&[("index.example", "hush-hush")]);
        let (_, in_url) = split_userinfo(&"https://me:hush-hush@x.example".parse().unwrap());
        assert!(!format!("{rules:?} {in_url:?}").contains("hush-hush"));
    }
}
