//! Servers that answer with bytes and not with a protocol.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;

use crate::loopback::Loopback;

/// A server that waits for the first bytes of each connection, answers the same bytes to everybody and hangs up: what is
/// on a port where nobody speaks TLS as it is spoken today.
pub struct RawServer {
    loopback: Loopback,
}

impl RawServer {
    /// Answers these bytes.
    pub fn answering(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        let loopback = Loopback::start(move |mut stream| {
            let mut first = [0; 4096];
            if stream.read(&mut first).is_ok_and(|read| read > 0) {
                let _ = stream.write_all(&bytes);
                // Closing with unread bytes would reset the connection before the answer is read.
                let _ = stream.shutdown(std::net::Shutdown::Write);
                while stream.read(&mut first).is_ok_and(|read| read > 0) {}
            }
        });
        Self { loopback }
    }

    /// Hangs up when it has heard something.
    pub fn closing() -> Self {
        Self::answering(Vec::new())
    }

    /// Says nothing, for as long as the client waits.
    pub fn silent() -> Self {
        let loopback = Loopback::start(|mut stream| {
            let mut heard = [0; 4096];
            while stream.read(&mut heard).is_ok_and(|read| read > 0) {}
        });
        Self { loopback }
    }

    /// Ends every handshake with a fatal alert (RFC 8446, section 6.2): 40 `handshake_failure`, 70 `protocol_version`.
    pub fn alerting(description: u8) -> Self {
        const ALERT: u8 = 21;
        const FATAL: u8 = 2;
        Self::answering([ALERT, 3, 1, 0, 2, FATAL, description])
    }

    /// Answers every handshake as a server does that speaks nothing newer than TLS 1.0 (minor version 1) or 1.1 (2): with
    /// a `ServerHello` of that version (RFC 4346, section 7.4.1.3).
    pub fn old_tls(minor_version: u8) -> Self {
        const HANDSHAKE: u8 = 22;
        const SERVER_HELLO: u8 = 2;
        /// `TLS_RSA_WITH_AES_128_CBC_SHA`, which every old server has.
        const CIPHER_SUITE: [u8; 2] = [0x00, 0x2f];
        let mut body = vec![3, minor_version];
        body.extend([0x42; 32]); // random
        body.push(0); // no session id
        body.extend(CIPHER_SUITE);
        body.push(0); // no compression
        let length = u8::try_from(body.len()).expect("a short message");
        let mut record = vec![HANDSHAKE, 3, minor_version, 0, length + 4];
        record.extend([SERVER_HELLO, 0, 0, length]);
        record.extend(body);
        Self::answering(record)
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.loopback.address()
    }
}
