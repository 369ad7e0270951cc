//! The HTTP client's settings, from flags, the environment and the settings file.

use std::path::PathBuf;
use std::time::Duration;

use provender_core::Diagnostic;
use provender_net::roots::CaBundle;
use provender_net::{
    Client, ClientSettings, Credential, CredentialRule, NetError, ProxySettings, ProxyUrl,
    RetrySettings,
};

use super::{Settings, variable};

const USER_AGENT: &str = concat!("provender/", env!("CARGO_PKG_VERSION"));

/// Builds the client that everything in this process uses.
pub(crate) fn client(settings: &Settings) -> Result<Client, Diagnostic> {
    Client::new(client_settings(settings)?).map_err(|error| diagnostic(&error))
}

/// What that client is told.
pub(crate) fn client_settings(settings: &Settings) -> Result<ClientSettings, Diagnostic> {
    let table = &settings.file.values.network;
    let read_timeout = table.timeout_seconds.map(Duration::from_secs);
    let defaults = ClientSettings::default();
    let retry = RetrySettings {
        retries: table.retries.unwrap_or(defaults.retry.retries),
        ..defaults.retry
    };
    Ok(ClientSettings {
        user_agent: USER_AGENT.to_owned(),
        ca_bundles: ca_bundles(settings),
        proxies: proxies(settings)?,
        credentials: credentials(settings)?,
        netrc: netrc(),
        read_timeout: read_timeout.unwrap_or(defaults.read_timeout),
        retry,
        offline: settings.offline,
        ..defaults
    })
}

/// An error of the network layer as it is told.
pub(crate) fn diagnostic(error: &NetError) -> Diagnostic {
    let rule = match error {
        NetError::Tls { .. } => "net/tls",
        NetError::Proxy { .. } => "net/proxy",
        NetError::Offline { .. } => "net/offline",
        NetError::Roots { .. } => "net/ca-bundle",
        _ => "net/failed",
    };
    let diagnostic = Diagnostic::error(rule, error.to_string());
    match error.hint() {
        Some(hint) => diagnostic.hint(hint),
        None => diagnostic,
    }
}

/// The bundles that were named for provender itself, as those of the network's own authorities.
pub(crate) fn named_authorities(settings: &Settings) -> Vec<CaBundle> {
    let flag = settings.ca_bundles.iter().map(|path| CaBundle::new(path, "--ca-bundle"));
    let own = variable("PROVENDER_CA_BUNDLE");
    let own = own.map(|path| CaBundle::new(PathBuf::from(path), "PROVENDER_CA_BUNDLE"));
    let file = settings.file.values.network.ca_bundles.iter();
    let file = file.map(|path| settings.file.folder.join(path));
    let file = file.map(|path| CaBundle::new(path, "network.ca-bundles"));
    flag.chain(own).chain(file).collect()
}

/// All bundles: the named ones, and what OpenSSL's variables name.
fn ca_bundles(settings: &Settings) -> Vec<CaBundle> {
    let mut bundles = named_authorities(settings);
    if let Some(path) = variable("SSL_CERT_FILE") {
        bundles.push(CaBundle::new(PathBuf::from(path), "SSL_CERT_FILE"));
    }
    if let Some(folders) = variable("SSL_CERT_DIR") {
        // A folder that is not there is what OpenSSL passes over as well.
        for folder in std::env::split_paths(&folders).filter(|folder| folder.is_dir()) {
            bundles.push(CaBundle::new(folder, "SSL_CERT_DIR"));
        }
    }
    bundles
}

fn proxies(settings: &Settings) -> Result<ProxySettings, Diagnostic> {
    let table = &settings.file.values.network;
    let from = |names: &[&str]| -> Result<Option<ProxyUrl>, Diagnostic> {
        let found = names.iter().find_map(|name| Some((variable(name)?, *name)));
        found.map(|(url, name)| proxy(&url, name)).transpose()
    };
    let no_proxy = variable("NO_PROXY").or_else(|| variable("no_proxy"));
    if let Some(url) = &table.proxy {
        // What the project says of proxies takes the place of all that the machine says.
        return Ok(ProxySettings {
            http: None,
            https: None,
            all: Some(proxy(url, "network.proxy")?),
            no_proxy: table.no_proxy.clone().or(no_proxy).unwrap_or_default(),
        });
    }
    Ok(ProxySettings {
        // In upper case it could be set by a request header where this runs under CGI; curl
        // leaves it out as well.
        http: from(&["http_proxy"])?,
        https: from(&["HTTPS_PROXY", "https_proxy"])?,
        all: from(&["ALL_PROXY", "all_proxy"])?,
        no_proxy: table.no_proxy.clone().or(no_proxy).unwrap_or_default(),
    })
}

fn proxy(url: &str, setting: &str) -> Result<ProxyUrl, Diagnostic> {
    ProxyUrl::parse(url, setting).map_err(|error| bad_setting(&error.to_string(), setting))
}

fn credentials(settings: &Settings) -> Result<Vec<CredentialRule>, Diagnostic> {
    let mut rules = Vec::new();
    for table in &settings.file.values.network.credentials {
        let secret = |name: &str| {
            variable(name).ok_or_else(|| {
                bad_setting(
                    &format!("the environment variable {name} is not set"),
                    "network.credential",
                )
            })
        };
        let credential = match (&table.user, &table.password_env, &table.token_env) {
            (Some(user), Some(password), None) => {
                Credential::Basic { user: user.clone(), password: secret(password)? }
            }
            (None, None, Some(token)) => Credential::Bearer(secret(token)?),
            _ => {
                let message = "a credential has either user and password-env, or token-env";
                return Err(bad_setting(message, "network.credential"));
            }
        };
        let rule = CredentialRule::new(&table.url, credential, "network.credential")
            .map_err(|error| bad_setting(&error.to_string(), "network.credential"))?;
        rules.push(rule);
    }
    Ok(rules)
}

fn netrc() -> Option<PathBuf> {
    let explicit = variable("NETRC").map(PathBuf::from);
    explicit.or_else(|| {
        let path = etcetera::home_dir().ok()?.join(".netrc");
        path.is_file().then_some(path)
    })
}

fn bad_setting(message: &str, setting: &str) -> Diagnostic {
    Diagnostic::error("settings/malformed", message)
        .hint(format!("correct {setting}"))
        .decided_by(setting)
}
