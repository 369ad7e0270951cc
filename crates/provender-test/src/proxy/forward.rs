//! What a proxy does with the requests of one connection.

use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpStream};

use super::Shared;
use super::client_side::ClientSide;
use super::upstream::Upstream;
use crate::http::{Reply, Request, read_request};

/// Answers requests in turn until one becomes a tunnel or either side ends the connection.
pub(super) fn serve(mut client: ClientSide, shared: &Shared) -> io::Result<()> {
    let mut buffer = Vec::new();
    while let Some(mut request) = read_request(&mut client, &mut buffer)? {
        let (host, port) = target_of(&request);
        let connect = request.method == "CONNECT";
        let refusal = shared.refusal(&request, &host);
        let route = route(shared, &host, port, connect);
        let refusal = refusal.or_else(|| route.is_none().then(|| Reply::status(502)));
        request.status = refusal.as_ref().map(|reply| reply.status).or(connect.then_some(200));
        // Recorded before the answer leaves: who has the answer also sees the record.
        shared.state().asked.push(request.clone());

        let Some(route) = route.filter(|_| refusal.is_none()) else {
            let reply = refusal.unwrap_or_else(|| Reply::status(502));
            client.write_all(reply.head().as_bytes())?;
            client.write_all(&reply.body)?;
            client.flush()?;
            continue;
        };
        if !connect {
            let Route::Forward(upstream) = route else { return Ok(()) };
            let answer = upstream.ask(&origin_form(request), &host)?;
            client.write_all(&answer.bytes)?;
            client.flush()?;
            if answer.last {
                return Ok(());
            }
            continue;
        }
        // A tunnel that cannot be made is a bad gateway, told before the client begins to speak.
        let server = match &route {
            Route::Tunnel(address) => match TcpStream::connect(address) {
                Ok(server) => Some(server),
                Err(_) => {
                    client.write_all(Reply::status(502).head().as_bytes())?;
                    return client.flush();
                }
            },
            Route::Forward(_) => None,
        };
        let date = shared.state().date.clone();
        let date = date.map(|date| format!("Date: {date}\r\n")).unwrap_or_default();
        client
            .write_all(format!("HTTP/1.1 200 Connection established\r\n{date}\r\n").as_bytes())?;
        client.flush()?;
        return match (server, route, &shared.interception) {
            (Some(server), _, _) => client.tunnel(server, &buffer),
            (None, Route::Forward(upstream), Some(interception)) => {
                interception.serve(client, &host, &upstream, shared)
            }
            _ => Ok(()),
        };
    }
    Ok(())
}

enum Route {
    Tunnel(SocketAddr),
    Forward(Upstream),
}

fn route(shared: &Shared, host: &str, port: u16, connect: bool) -> Option<Route> {
    let state = shared.state();
    if let Some(address) = state.bypassed.get(host) {
        return Some(Route::Tunnel(*address));
    }
    let upstream = state.routes.get(host).cloned().or_else(|| loopback(host, port))?;
    let tunnelled = connect && shared.interception.is_none();
    Some(if tunnelled { Route::Tunnel(upstream.address()) } else { Route::Forward(upstream) })
}

fn loopback(host: &str, port: u16) -> Option<Upstream> {
    matches!(host, "127.0.0.1" | "localhost")
        .then(|| Upstream::plain(([127, 0, 0, 1], port).into()))
}

/// The host and port of `CONNECT host:port` or of a request in absolute form (RFC 9112, section 3.2).
fn target_of(request: &Request) -> (String, u16) {
    let authority = match request.path.split_once("://") {
        Some((_, rest)) => rest.split('/').next().unwrap_or_default(),
        None => request.path.as_str(),
    };
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "80"));
    (host.to_ascii_lowercase(), port.parse().unwrap_or(80))
}

fn origin_form(mut request: Request) -> Request {
    if let Some((_, rest)) = request.path.split_once("://") {
        request.path = rest.find('/').map_or_else(|| "/".to_owned(), |at| rest[at..].to_owned());
    }
    request
}
