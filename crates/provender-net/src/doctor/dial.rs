//! The way to a host: its name, its address, the proxy in between.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper_util::client::legacy::connect::proxy::{SocksV4, SocksV5};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tower_service::Service;
use url::Url;

use super::page::Page;
use crate::ask_proxy::schemes_in;
use crate::client::Client;
use crate::proxy::ProxyUrl;
use crate::redact::{host_of, redact_text};

/// A connection, whatever it goes through.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A connection to a host.
pub(super) struct Dialed {
    pub(super) stream: Box<dyn Stream>,
    /// What was seen on the way, one line each.
    pub(super) steps: Vec<String>,
    /// The addresses that the name has here; none where a proxy resolves it.
    pub(super) addresses: Vec<IpAddr>,
    /// The proxy's time, where its answer told one.
    pub(super) date: Option<Timestamp>,
}

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DialError {
    /// The name has no address.
    Dns(String),
    /// No address accepts a connection.
    Refused(String),
    /// No connection within the time.
    Timeout(Duration),
    /// The proxy cannot be reached, or its own TLS fails.
    ProxyUnreachable(String),
    /// The proxy wants credentials (407), or other ones.
    ProxyAuthentication { offered: Vec<String>, sent: bool },
    /// The proxy answers CONNECT with a refusal.
    ProxyRefused { status: u16, title: Option<String> },
    /// The proxy does not reach the host.
    ProxyGateway { status: u16 },
}

/// Connects to the URL's host: directly, or through the proxy where there is one.
pub(super) async fn dial(
    client: &Client,
    url: &Url,
    proxy: Option<&ProxyUrl>,
    limit: Duration,
) -> Result<Dialed, DialError> {
    let way = async {
        match proxy {
            None => directly(url).await,
            Some(proxy) => through(client, url, proxy).await,
        }
    };
    tokio::time::timeout(limit, way).await.unwrap_or(Err(DialError::Timeout(limit)))
}

async fn directly(url: &Url) -> Result<Dialed, DialError> {
    let host = host_of(url);
    let port = url.port_or_known_default().unwrap_or(443);
    let addresses = resolve(&host, port).await?;
    let mut steps = Vec::new();
    let ips: Vec<IpAddr> = addresses.iter().map(SocketAddr::ip).collect();
    if host.parse::<IpAddr>().is_err() {
        let shown: Vec<_> = ips.iter().map(ToString::to_string).collect();
        steps.push(format!("`{host}` has the address {}", shown.join(", ")));
    }
    let stream = connect(&addresses).await.map_err(|error| DialError::Refused(shown(&error)))?;
    if let Ok(peer) = stream.peer_addr() {
        steps.push(format!("connected to {peer}"));
    }
    Ok(Dialed { stream: Box::new(stream), steps, addresses: ips, date: None })
}

async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, DialError> {
    let found = tokio::net::lookup_host((host, port)).await;
    let addresses: Vec<_> = found.map_err(|error| DialError::Dns(shown(&error)))?.collect();
    if addresses.is_empty() {
        return Err(DialError::Dns("the name has no address".to_owned()));
    }
    Ok(addresses)
}

async fn connect(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut refused = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

fn shown(error: &io::Error) -> String {
    redact_text(&error.to_string())
}

async fn through(client: &Client, url: &Url, proxy: &ProxyUrl) -> Result<Dialed, DialError> {
    let unreachable = |reason: String| DialError::ProxyUnreachable(reason);
    let at = proxy.with_secrets();
    let scheme = at.scheme();
    let default = if scheme.starts_with("socks") { 1080 } else { 80 };
    let port = at.port_or_known_default().unwrap_or(default);
    let addresses = resolve(&host_of(at), port).await.map_err(|error| match error {
        DialError::Dns(reason) => unreachable(reason),
        other => other,
    })?;
    let stream = connect(&addresses).await.map_err(|error| unreachable(shown(&error)))?;
    let mut steps = vec![format!("connected to the proxy {}", proxy.redacted())];
    if scheme.starts_with("socks") {
        let stream = socks(stream, at, url).await.map_err(unreachable)?;
        steps.push("the proxy connected to the host".to_owned());
        return Ok(Dialed { stream: Box::new(stream), steps, addresses: Vec::new(), date: None });
    }
    let mut stream: Box<dyn Stream> = match scheme {
        "https" => {
            let stream = tls_to_proxy(client, at, stream).await.map_err(unreachable)?;
            steps.push("the proxy's own certificate verifies".to_owned());
            stream
        }
        _ => Box::new(stream),
    };
    let date = tunnel(&mut *stream, client, url, proxy).await?;
    steps.push("the proxy opened a tunnel (CONNECT)".to_owned());
    Ok(Dialed { stream, steps, addresses: Vec::new(), date })
}

/// TLS to an `https` proxy, verified as everything is: its credentials travel here.
async fn tls_to_proxy(
    client: &Client,
    proxy: &Url,
    stream: TcpStream,
) -> Result<Box<dyn Stream>, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        // "Dangerous" because a verifier could be lax; this one is rustls' own and a notebook.
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(client.verifier()) as Arc<_>)
        .with_no_client_auth();
    let name = ServerName::try_from(host_of(proxy)).map_err(|error| error.to_string())?;
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = connector.connect(name, stream).await.map_err(|error| {
        let failure = client.tls_failure(&host_of(proxy));
        failure.map_or_else(|| shown(&error), |failure| failure.to_string())
    })?;
    Ok(Box::new(stream))
}

/// Asks for a tunnel (RFC 9110, section 9.3.6) and returns the proxy's time, if it told one.
async fn tunnel(
    stream: &mut dyn Stream,
    client: &Client,
    url: &Url,
    proxy: &ProxyUrl,
) -> Result<Option<Timestamp>, DialError> {
    /// More than the head of an answer and the start of a page need, in bytes.
    const MOST: u64 = 16 * 1024;
    let port = url.port_or_known_default().unwrap_or(443);
    let target = format!("{}:{port}", url.host_str().unwrap_or_default());
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    let authorization = client.proxies().authorization_for(url);
    if let Some(value) = authorization.as_ref().and_then(|value| value.to_str().ok()) {
        request += &format!("Proxy-Authorization: {value}\r\n");
    }
    request += "\r\n";
    let broken = |error: io::Error| DialError::ProxyUnreachable(shown(&error));
    stream.write_all(request.as_bytes()).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    let mut answer = Vec::new();
    let mut limited = stream.take(MOST);
    let page = loop {
        if let Some(page) = Page::parse(&answer) {
            break page;
        }
        if limited.read_buf(&mut answer).await.map_err(broken)? == 0 {
            let reason = "it hung up in the middle of its answer to CONNECT".to_owned();
            return Err(DialError::ProxyUnreachable(reason));
        }
    };
    if (200..300).contains(&page.status) {
        return Ok(page.date());
    }
    // What it shows to people tells why it refuses; a moment is enough for that.
    if !page.is_whole(&answer) {
        let rest = limited.read_to_end(&mut answer);
        let _ = tokio::time::timeout(Duration::from_millis(500), rest).await;
    }
    let title = Page::parse(&answer).and_then(|page| page.title());
    Err(match page.status {
        407 => DialError::ProxyAuthentication {
            offered: schemes_in(&page.head),
            sent: proxy.has_credentials(),
        },
        502..=504 => DialError::ProxyGateway { status: page.status },
        status => DialError::ProxyRefused { status, title },
    })
}

/// Connects through a SOCKS proxy as reqwest does, with the same code.
async fn socks(stream: TcpStream, proxy: &Url, url: &Url) -> Result<TcpStream, String> {
    let parse = |text: &str| text.parse::<http::Uri>().map_err(|error| error.to_string());
    let at = parse(&proxy[..url::Position::BeforePath])?;
    let port = url.port_or_known_default().unwrap_or(443);
    let target = parse(&format!("https://{}:{port}", url.host_str().unwrap_or_default()))?;
    let local_dns = matches!(proxy.scheme(), "socks4" | "socks5");
    let connected = Connected(Some(stream));
    let stream = if proxy.scheme().starts_with("socks4") {
        let mut socks = SocksV4::new(at, connected).local_dns(local_dns);
        socks.call(target).await.map_err(|error| error.to_string())?
    } else {
        let mut socks = SocksV5::new(at, connected).local_dns(local_dns);
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        if !proxy.username().is_empty() {
            let password = proxy.password().unwrap_or_default();
            socks = socks.with_auth(decoded(proxy.username()), decoded(password));
        }
        socks.call(target).await.map_err(|error| error.to_string())?
    };
    Ok(stream.into_inner())
}

/// A connection that has been made already, as something that connects.
struct Connected(Option<TcpStream>);

impl Service<http::Uri> for Connected {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = std::future::Ready<io::Result<Self::Response>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), io::Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Uri) -> Self::Future {
        let once = || io::Error::other("the connection was taken already");
        std::future::ready(self.0.take().map(TokioIo::new).ok_or_else(once))
    }
}
