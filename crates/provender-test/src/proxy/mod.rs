//! Forward proxies on loopback: one that tunnels, one that intercepts, one that speaks SOCKS.
//!
//! Host names lead where they are routed, so that a test can use names that no resolver knows.

mod client_side;
mod forward;
mod intercept;
mod socks;
mod upstream;

use std::collections::HashMap;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

use rustls::ServerConfig;

use crate::authority::{Authority, Leaf};
use crate::http::{Reply, Request, basic};
use crate::loopback::Loopback;
use client_side::ClientSide;
use intercept::Interception;
use upstream::Upstream;

pub use socks::SocksProxy;

/// A forward proxy that tunnels each CONNECT (RFC 9110, section 9.3.6) and passes plain requests on. It ends when dropped.
///
/// Hosts without a route get 502, except the loopback ones, which are connected to as they are named.
pub struct ForwardProxy {
    shared: Arc<Shared>,
    loopback: Loopback,
}

/// A forward proxy that re-signs: it answers each CONNECT with a certificate of its own authority for the host, reads the
/// requests, and passes them on where the host is routed. It ends when dropped.
///
/// Real clients can be run behind it. All the certificates it makes have one key, as those of such proxies do.
pub struct InterceptingProxy {
    shared: Arc<Shared>,
    loopback: Loopback,
}

/// What the threads of a proxy share.
struct Shared {
    /// Set if clients speak TLS to the proxy itself.
    tls: Option<Arc<ServerConfig>>,
    interception: Option<Interception>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    routes: HashMap<String, Upstream>,
    /// Hosts that an intercepting proxy tunnels.
    bypassed: HashMap<String, SocketAddr>,
    refused: HashMap<String, u16>,
    /// The schemes offered with 407, and the credentials that satisfy it.
    login: Option<(Vec<String>, Option<String>)>,
    /// A `Date` header for the answers to CONNECT.
    date: Option<String>,
    asked: Vec<Request>,
    intercepted: Vec<Request>,
}

impl Shared {
    fn start(tls: Option<Arc<ServerConfig>>, interception: Option<Interception>) -> Arc<Self> {
        Arc::new(Self { tls, interception, state: Mutex::default() })
    }

    fn listen(self: &Arc<Self>) -> Loopback {
        let shared = Arc::clone(self);
        Loopback::start(move |stream: TcpStream| {
            if let Some(client) = ClientSide::accept(stream, shared.tls.as_ref()) {
                // Errors of the transport end a connection silently: either side is free to leave.
                let _ = forward::serve(client, &shared);
            }
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no connection panics while it holds the state")
    }

    /// The answer to a client that is not let through to `host`; none if it is.
    fn refusal(&self, request: &Request, host: &str) -> Option<Reply> {
        let state = self.state();
        if let Some((schemes, wanted)) = &state.login {
            let given = request.header("proxy-authorization");
            if wanted.is_none() || given != wanted.as_deref() {
                let reply = Reply::status(407);
                return Some(schemes.iter().fold(reply, |reply, scheme| {
                    let challenge = match scheme.as_str() {
                        "Basic" | "Digest" => format!("{scheme} realm=\"proxy\""),
                        scheme => scheme.to_owned(),
                    };
                    reply.header("Proxy-Authenticate", &challenge)
                }));
            }
        }
        state.refused.get(host).map(|status| Reply::status(*status))
    }
}

/// What both proxies can be told and asked.
macro_rules! proxy_methods {
    ($proxy:ty) => {
        impl $proxy {
            /// From now on requests for `host` go to a server that speaks plain HTTP, or, when tunnelled, whatever the
            /// client speaks.
            pub fn route(&self, host: &str, to: SocketAddr) {
                self.shared.state().routes.insert(host.to_owned(), Upstream::plain(to));
            }

            /// From now on answers requests for `host` with this status.
            pub fn refuse(&self, host: &str, status: u16) {
                self.shared.state().refused.insert(host.to_owned(), status);
            }

            /// From now on answers 407 with these schemes, whatever credentials come.
            pub fn offer(&self, schemes: &[&str]) {
                let schemes = schemes.iter().map(|scheme| (*scheme).to_owned()).collect();
                self.shared.state().login = Some((schemes, None));
            }

            /// From now on answers 407 to requests without these credentials (HTTP Basic, RFC 7617).
            pub fn require_login(&self, user: &str, password: &str) {
                let wanted = Some(basic(user, password));
                self.shared.state().login = Some((vec!["Basic".to_owned()], wanted));
            }

            /// From now on answers CONNECT with this `Date` header.
            pub fn date(&self, date: &str) {
                self.shared.state().date = Some(date.to_owned());
            }

            /// The URL to name in `HTTPS_PROXY`, without a slash at its end.
            pub fn url(&self) -> String {
                let scheme = if self.shared.tls.is_some() { "https" } else { "http" };
                format!("{scheme}://{}", self.loopback.address())
            }

            /// The address it listens on.
            pub fn address(&self) -> SocketAddr {
                self.loopback.address()
            }

            /// What was asked of the proxy itself: CONNECT (whose path is `host:port`) and plain requests (whose path is a
            /// URL), refused ones included.
            pub fn asked(&self) -> Vec<Request> {
                self.shared.state().asked.clone()
            }
        }
    };
}

proxy_methods!(ForwardProxy);
proxy_methods!(InterceptingProxy);

impl ForwardProxy {
    /// Starts a proxy that everybody may use.
    pub fn start() -> Self {
        let shared = Shared::start(None, None);
        Self { loopback: shared.listen(), shared }
    }

    /// As [`start`](Self::start), but clients speak TLS to the proxy, which has a certificate of `authority` for loopback.
    pub fn start_tls(authority: &Authority) -> Self {
        let identity = authority.identity(&Leaf::loopback());
        let shared = Shared::start(Some(identity.server_config()), None);
        Self { loopback: shared.listen(), shared }
    }
}

impl InterceptingProxy {
    /// Starts a proxy that signs with `authority`.
    pub fn start(authority: &Authority) -> Self {
        Self::start_with(authority, |leaf| leaf)
    }

    /// As [`start`](Self::start); `adapt` changes the certificates, which are fresh from this minute otherwise.
    pub fn start_with(
        authority: &Authority,
        adapt: impl Fn(Leaf) -> Leaf + Send + Sync + 'static,
    ) -> Self {
        let shared = Shared::start(None, Some(Interception::new(authority, Box::new(adapt))));
        Self { loopback: shared.listen(), shared }
    }

    /// From now on requests for `host` go to a server that speaks TLS with a certificate under `authority`, which the
    /// proxy verifies.
    pub fn route_tls(&self, host: &str, to: SocketAddr, authority: &Authority) {
        self.shared.state().routes.insert(host.to_owned(), Upstream::tls(to, authority));
    }

    /// From now on tunnels to `host` without reading along, as bypass lists order.
    pub fn bypass(&self, host: &str, to: SocketAddr) {
        self.shared.state().bypassed.insert(host.to_owned(), to);
    }

    /// The requests that it read inside TLS, in the order of their answers. Their `host` header tells whom they were for.
    pub fn intercepted(&self) -> Vec<Request> {
        self.shared.state().intercepted.clone()
    }
}

#[cfg(test)]
mod tests;
