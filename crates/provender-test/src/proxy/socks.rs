//! A proxy that speaks SOCKS 5 (RFC 1928) without authentication.

use std::collections::HashMap;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use super::client_side::ClientSide;
use crate::loopback::Loopback;

/// A SOCKS 5 proxy that connects to IPv4 addresses and to the names it has routes for. It ends when dropped.
pub struct SocksProxy {
    loopback: Loopback,
    routes: Arc<Mutex<HashMap<String, SocketAddr>>>,
}

impl SocksProxy {
    /// Starts a proxy without routes.
    pub fn start() -> Self {
        let routes: Arc<Mutex<HashMap<String, SocketAddr>>> = Arc::default();
        let loopback = Loopback::start({
            let routes = Arc::clone(&routes);
            move |stream| {
                let _ = serve(stream, &routes);
            }
        });
        Self { loopback, routes }
    }

    /// From now on connects to `to` where `host` is asked for.
    pub fn route(&self, host: &str, to: SocketAddr) {
        self.routes.lock().expect("no connection panics").insert(host.to_owned(), to);
    }

    /// The URL to name in `ALL_PROXY`; the proxy resolves the names.
    pub fn url(&self) -> String {
        format!("socks5h://{}", self.loopback.address())
    }
}

fn serve(mut client: TcpStream, routes: &Mutex<HashMap<String, SocketAddr>>) -> io::Result<()> {
    const VERSION: u8 = 5;
    const IPV4: u8 = 1;
    const NAME: u8 = 3;
    let mut read = |count: usize| -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        client.read_exact(&mut bytes).map(|()| bytes)
    };
    let methods = read(2)?[1];
    read(methods.into())?;
    client.write_all(&[VERSION, 0])?;
    let mut read = |count: usize| -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        client.read_exact(&mut bytes).map(|()| bytes)
    };
    let kind = read(4)?[3];
    let host = match kind {
        IPV4 => {
            let octets = <[u8; 4]>::try_from(read(4)?).unwrap_or_default();
            Ipv4Addr::from(octets).to_string()
        }
        NAME => {
            let length = read(1)?[0];
            String::from_utf8_lossy(&read(length.into())?).into_owned()
        }
        _ => return Ok(()),
    };
    let port = u16::from_be_bytes(<[u8; 2]>::try_from(read(2)?).unwrap_or_default());
    let routed = routes.lock().expect("no connection panics").get(&host).copied();
    let address = routed.or_else(|| Some((host.parse::<Ipv4Addr>().ok()?, port).into()));
    let server = address.and_then(|address| TcpStream::connect(address).ok());
    // 0 is success, 4 an unreachable host.
    let reply = if server.is_some() { 0 } else { 4 };
    client.write_all(&[VERSION, reply, 0, IPV4, 0, 0, 0, 0, 0, 0])?;
    match (server, ClientSide::accept(client, None)) {
        (Some(server), Some(client)) => client.tunnel(server, &[]),
        _ => Ok(()),
    }
}
