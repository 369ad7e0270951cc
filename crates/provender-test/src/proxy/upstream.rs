//! Where a proxy passes requests on to.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::authority::Authority;
use crate::http::Request;

/// A server behind a proxy.
#[derive(Clone)]
pub(super) struct Upstream {
    address: SocketAddr,
    tls: Option<Arc<ClientConfig>>,
}

/// An answer as it came.
pub(super) struct Answered {
    pub(super) bytes: Vec<u8>,
    pub(super) status: u16,
    /// Whether the connection ends with it: because that is the end of the body, or because either side said so.
    pub(super) last: bool,
}

impl Upstream {
    pub(super) fn plain(address: SocketAddr) -> Self {
        Self { address, tls: None }
    }

    pub(super) fn tls(address: SocketAddr, authority: &Authority) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(authority.der()).expect("an authority that can anchor a chain");
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider's versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { address, tls: Some(Arc::new(config)) }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Asks on a connection of its own.
    pub(super) fn ask(&self, request: &Request, host: &str) -> io::Result<Answered> {
        let socket = TcpStream::connect(self.address)?;
        let bytes = match &self.tls {
            None => exchange(socket, request)?,
            Some(config) => {
                let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
                let connection = ClientConnection::new(Arc::clone(config), name);
                exchange(StreamOwned::new(connection.map_err(io::Error::other)?, socket), request)?
            }
        };
        Answered::parse(bytes, request)
    }
}

fn exchange(mut server: impl Read + Write, request: &Request) -> io::Result<Vec<u8>> {
    let query = if request.query.is_empty() { "" } else { "?" };
    let mut head =
        format!("{} {}{query}{} HTTP/1.1\r\n", request.method, request.path, request.query);
    for (name, value) in &request.headers {
        if !matches!(name.as_str(), "connection" | "proxy-connection" | "proxy-authorization") {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    head.push_str("connection: close\r\n\r\n");
    server.write_all(head.as_bytes())?;
    server.write_all(&request.body)?;
    server.flush()?;
    let mut answer = Vec::new();
    match server.read_to_end(&mut answer) {
        // A TLS server that hangs up without a word has still answered.
        Err(error) if answer.is_empty() || error.kind() != io::ErrorKind::UnexpectedEof => {
            Err(error)
        }
        _ => Ok(answer),
    }
}

impl Answered {
    fn parse(bytes: Vec<u8>, request: &Request) -> io::Result<Self> {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut head = httparse::Response::new(&mut headers);
        head.parse(&bytes).map_err(io::Error::other)?;
        let status = head.code.unwrap_or_default();
        let header = |name: &str| head.headers.iter().find(|h| h.name.eq_ignore_ascii_case(name));
        let framed = header("content-length").is_some()
            || header("transfer-encoding").is_some()
            || request.method == "HEAD"
            || matches!(status, 204 | 304);
        let closing =
            header("connection").is_some_and(|header| header.value.eq_ignore_ascii_case(b"close"));
        let told = ["connection", "proxy-connection"].map(|name| request.header(name));
        let leaving = told.into_iter().flatten().any(|value| value.eq_ignore_ascii_case("close"));
        Ok(Self { status, last: !framed || closing || leaving, bytes })
    }
}
