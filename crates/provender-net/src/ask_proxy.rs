//! Asking a forward proxy which authentication it wants.
//!
//! The HTTP stack drops the headers of a refused CONNECT. When one was refused with 407, this asks
//! once more, without credentials, only to read `Proxy-Authenticate` (RFC 9110, section 11.7.1).

use std::time::Duration;

use reqwest::header::{HeaderMap, PROXY_AUTHENTICATE};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::{Position, Url};

/// The schemes that a plain-http proxy offers for a tunnel to the URL; empty if it doesn't tell.
pub(crate) async fn offered_schemes(proxy: &Url, url: &Url, limit: Duration) -> Vec<String> {
    if proxy.scheme() != "http" {
        return Vec::new();
    }
    let asked = tokio::time::timeout(limit, ask(proxy, url)).await;
    asked.ok().flatten().map(|answer| schemes_in(&answer)).unwrap_or_default()
}

/// The schemes that the headers of a 407 answer offer.
pub(crate) fn schemes_of(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(PROXY_AUTHENTICATE).iter();
    values.filter_map(|value| scheme(value.to_str().ok()?)).collect()
}

async fn ask(proxy: &Url, url: &Url) -> Option<String> {
    /// More than the headers of an answer need, in bytes.
    const MOST: u64 = 16 * 1024;
    let host = &url[Position::BeforeHost..Position::AfterHost];
    let target = format!("{host}:{}", url.port_or_known_default()?);
    let address = (crate::redact::host_of(proxy), proxy.port_or_known_default()?);
    let mut stream = TcpStream::connect((address.0.as_str(), address.1)).await.ok()?;
    let request =
        format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    let mut limited = stream.take(MOST);
    while !answer.windows(4).any(|end| end == b"\r\n\r\n") {
        if limited.read_buf(&mut answer).await.ok()? == 0 {
            break;
        }
    }
    Some(String::from_utf8_lossy(&answer).into_owned())
}

/// The schemes that the head of a 407 answer offers.
pub(crate) fn schemes_in(answer: &str) -> Vec<String> {
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case(PROXY_AUTHENTICATE.as_str()).then(|| scheme(value)).flatten()
    };
    answer.lines().take_while(|line| !line.is_empty()).filter_map(header).collect()
}

/// The scheme that a challenge begins with, if it is a token.
fn scheme(challenge: &str) -> Option<String> {
    let scheme = challenge.trim().split([' ', ',']).next()?;
    let token =
        !scheme.is_empty() && scheme.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
    token.then(|| scheme.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_challenge_names_its_scheme() {
        let answer = "HTTP/1.1 407 Proxy Authentication Required\r\n\
                      Proxy-Authenticate: Negotiate\r\n\
                      proxy-authenticate: Basic realm=\"corp\"\r\n\
                      Proxy-Authenticate: \x1b[31m\r\n\r\n\
                      Proxy-Authenticate: Digest";
        assert_eq!(schemes_in(answer), ["Negotiate", "Basic"]);
    }
}
