//! Everything the client can be told, as plain data.

use std::path::PathBuf;
use std::time::Duration;

use crate::credentials::CredentialRule;
use crate::proxy::ProxySettings;
use crate::retry::RetrySettings;
use crate::roots::CaBundle;

/// What the binary decides about the network. Its `Debug` form shows no secret.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// The `User-Agent` of every request.
    pub user_agent: String,
    /// CA bundles trusted besides the operating system's and the bundled roots.
    pub ca_bundles: Vec<CaBundle>,
    /// Forward proxies, and the hosts that are reached without one.
    pub proxies: ProxySettings,
    /// Credentials from settings; the rule with the longest matching prefix wins.
    pub credentials: Vec<CredentialRule>,
    /// A netrc file. One that does not exist says nothing; one that cannot be parsed is an error.
    pub netrc: Option<PathBuf>,
    /// How long a connection, TLS handshake included, may take to come about.
    pub connect_timeout: Duration,
    /// How long a server may be silent between two reads.
    pub read_timeout: Duration,
    /// How failures that may pass are tried again.
    pub retry: RetrySettings,
    /// Refuse every request before it is made.
    pub offline: bool,
}

impl Default for ClientSettings {
    /// The defaults of uv: 10 seconds to connect, 30 seconds of silence, three retries.
    fn default() -> Self {
        Self {
            user_agent: concat!("provender/", env!("CARGO_PKG_VERSION")).to_owned(),
            ca_bundles: Vec::new(),
            proxies: ProxySettings::default(),
            credentials: Vec::new(),
            netrc: None,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            retry: RetrySettings::default(),
            offline: false,
        }
    }
}
