//! Reading along inside TLS.

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex};

use rcgen::KeyPair;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::Shared;
use super::client_side::ClientSide;
use super::upstream::Upstream;
use crate::authority::{Authority, Leaf};
use crate::http::read_request;

type Adapt = Box<dyn Fn(Leaf) -> Leaf + Send + Sync>;

/// The authority that re-signs, and what it has signed.
pub(super) struct Interception {
    authority: Authority,
    key: KeyPair,
    adapt: Adapt,
    minted: Mutex<HashMap<String, Arc<ServerConfig>>>,
}

impl Interception {
    pub(super) fn new(authority: &Authority, adapt: Adapt) -> Self {
        let key = KeyPair::generate().expect("a key");
        Self { authority: authority.clone(), key, adapt, minted: Mutex::default() }
    }

    /// Answers a handshake in the host's place and passes the requests inside it on.
    pub(super) fn serve(
        &self,
        client: ClientSide,
        host: &str,
        upstream: &Upstream,
        shared: &Shared,
    ) -> io::Result<()> {
        let connection = ServerConnection::new(self.config_for(host)).map_err(io::Error::other)?;
        let mut client = StreamOwned::new(connection, client);
        let mut buffer = Vec::new();
        while let Some(mut request) = read_request(&mut client, &mut buffer)? {
            let answer = upstream.ask(&request, host)?;
            request.status = Some(answer.status);
            shared.state().intercepted.push(request);
            client.write_all(&answer.bytes)?;
            if answer.last {
                client.conn.send_close_notify();
            }
            client.flush()?;
            if answer.last {
                break;
            }
        }
        Ok(())
    }

    fn config_for(&self, host: &str) -> Arc<ServerConfig> {
        let mut minted = self.minted.lock().expect("minting does not panic");
        let config = minted.entry(host.to_owned()).or_insert_with(|| {
            let leaf = (self.adapt)(Leaf::names([host]).valid(0, 30));
            let identity = self.authority.identity_with_key(&leaf, &self.key);
            identity.with_root().alpn(&["http/1.1"]).server_config()
        });
        Arc::clone(config)
    }
}
