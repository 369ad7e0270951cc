//! One connection: requests in turn until either side ends it.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;

use rustls::{ServerConnection, StreamOwned};

use super::Shared;
use super::fault::Outcome;
use super::message::{Reply, Request};

/// Answers the requests of one connection. Errors of the transport end it silently: clients are free to leave.
pub(super) fn serve(stream: TcpStream, shared: &Shared) {
    let _ = stream.set_nodelay(true);
    let Ok(socket) = stream.try_clone() else { return };
    match &shared.tls {
        None => converse(stream, shared),
        Some(config) => {
            let Ok(connection) = ServerConnection::new(Arc::clone(config)) else { return };
            converse(StreamOwned::new(connection, stream), shared);
        }
    }
    // The server keeps a second handle of the socket: dropping this one would not close it.
    let _ = socket.shutdown(Shutdown::Both);
}

fn converse(mut stream: impl Read + Write, shared: &Shared) {
    let mut buffer = Vec::new();
    while let Ok(Some(request)) = read_request(&mut stream, &mut buffer) {
        match answer(&mut stream, request, shared) {
            Ok(true) => {}
            Ok(false) | Err(_) => break,
        }
    }
}

/// Answers one request and records it. Returns whether the connection goes on.
fn answer(stream: &mut impl Write, mut request: Request, shared: &Shared) -> io::Result<bool> {
    let (fault, credentials) = {
        let mut state = shared.state();
        (state.faults.take(&request.path), state.credentials.clone())
    };
    let allowed = credentials.is_none_or(|wanted| request.header("authorization") == Some(&wanted));
    let reply = if allowed {
        (shared.handler)(&request)
    } else {
        Reply::status(401).header("WWW-Authenticate", "Basic realm=\"test\"")
    };
    let outcome = match fault {
        Some(fault) => fault.apply(reply),
        None if reply.hangs_up => Outcome::Nothing,
        None => Outcome::Whole(reply),
    };
    request.status = match &outcome {
        Outcome::Whole(reply) => Some(reply.status),
        Outcome::Half(_) | Outcome::Nothing | Outcome::Stalled => None,
    };
    let keep_alive = request.header("connection").is_none_or(|v| !v.eq_ignore_ascii_case("close"));
    let head_only = request.method == "HEAD";
    // Recorded before the answer leaves: who has the answer also sees the record.
    shared.state().requests.push(request);

    match outcome {
        Outcome::Whole(reply) => {
            let mut bytes = reply.head().into_bytes();
            if !head_only && reply.status != 304 {
                bytes.extend_from_slice(&reply.body);
            }
            stream.write_all(&bytes)?;
            stream.flush()?;
            Ok(keep_alive)
        }
        Outcome::Half(reply) => {
            let mut bytes = reply.head().into_bytes();
            bytes.extend_from_slice(&reply.body[..reply.body.len() / 2]);
            stream.write_all(&bytes)?;
            stream.flush()?;
            Ok(false)
        }
        Outcome::Nothing => Ok(false),
        Outcome::Stalled => {
            let state = shared.state();
            drop(shared.stopping.wait_while(state, |state| !state.stopped));
            Ok(false)
        }
    }
}

/// The next request, or `None` at the end of the connection. `buffer` keeps what was read beyond it.
pub(crate) fn read_request(
    stream: &mut impl Read,
    buffer: &mut Vec<u8>,
) -> io::Result<Option<Request>> {
    let (mut request, head_len) = loop {
        if let Some(parsed) = parse_head(buffer)? {
            break parsed;
        }
        if !fill(stream, buffer)? {
            return Ok(None);
        }
    };
    let body_len =
        request.header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0_usize);
    while buffer.len() < head_len + body_len {
        if !fill(stream, buffer)? {
            return Ok(None);
        }
    }
    request.body = buffer[head_len..head_len + body_len].to_vec();
    buffer.drain(..head_len + body_len);
    Ok(Some(request))
}

fn fill(stream: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<bool> {
    let mut chunk = [0; 8192];
    let read = stream.read(&mut chunk)?;
    buffer.extend_from_slice(&chunk[..read]);
    Ok(read > 0)
}

fn parse_head(bytes: &[u8]) -> io::Result<Option<(Request, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(len) = head.parse(bytes).map_err(io::Error::other)? else {
        return Ok(None);
    };
    let target = head.path.unwrap_or("/");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let request = Request {
        method: head.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: head
            .headers
            .iter()
            .map(|header| {
                let value = String::from_utf8_lossy(header.value).into_owned();
                (header.name.to_ascii_lowercase(), value)
            })
            .collect(),
        body: Vec::new(),
        status: None,
    };
    Ok(Some((request, len)))
}
