//! Connections: accepted, limited in number and time, and ended gracefully.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use super::ServeError;
use super::log::Peer;

/// How many connections are open at once; more wait to be accepted.
const MOST: usize = 1024;

/// How long a client may take for the head of a request, or leave a connection unused.
const HEAD_WITHIN: Duration = Duration::from_secs(75);

/// How long answers that are under way may take when the server ends.
const GRACE: Duration = Duration::from_secs(10);

/// How long to wait after a connection could not be accepted for want of memory or files.
const PAUSE: Duration = Duration::from_millis(100);

/// After so many failures in a row accepting is given up.
const FAILURES: u32 = 100;

pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let mut shutdown = std::pin::pin!(shutdown);
    let slots = Arc::new(Semaphore::new(MOST));
    let graceful = GracefulShutdown::new();
    let (ending, end) = watch::channel(());
    let mut connections = JoinSet::new();
    let result = loop {
        tokio::select! {
            () = &mut shutdown => break Ok(()),
            accepted = accept(&listener, &slots) => match accepted {
                Ok((stream, peer, slot)) => {
                    let connection = connection(stream, peer, router.clone(), &graceful, end.clone());
                    connections.spawn(async move {
                        connection.await;
                        drop(slot);
                    });
                }
                Err(error) => break Err(ServeError::Accept(error)),
            },
            Some(_) = connections.join_next() => {}
        }
    };
    drop((listener, ending));
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
    connections.shutdown().await;
    result
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> io::Result<(TcpStream, Peer, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?;
    let mut failures = 0;
    loop {
        match listener.accept().await {
            Ok((stream, address)) => return Ok((stream, Peer(address), slot)),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                failures += 1;
                if failures == FAILURES {
                    return Err(error);
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Whether a client went away before it was accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Answers the requests of a connection. Its errors are those of a client that left, or of an answer
/// that was broken off, which the log tells.
fn connection(
    stream: TcpStream,
    peer: Peer,
    router: Router,
    graceful: &GracefulShutdown,
    mut end: watch::Receiver<()>,
) -> impl Future<Output = ()> + use<> {
    // Answers are written at once, and none should wait for the next.
    let _ = stream.set_nodelay(true);
    let used = Arc::new(AtomicBool::new(false));
    let using = Arc::clone(&used);
    let answer = service_fn(move |request: hyper::Request<Incoming>| {
        using.store(true, Ordering::Relaxed);
        let mut request: Request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(peer);
        let mut router = router.clone();
        async move {
            use tower_service::Service as _;
            Ok::<_, Infallible>(match router.call(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            })
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .serve_connection(TokioIo::new(stream), answer);
    let connection = graceful.watch(connection);
    // Clients connect ahead of what they may ask for; hyper would wait for that when the server ends.
    let ended_unused = async move {
        let _ = end.changed().await;
        if used.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    };
    async move {
        tokio::select! {
            _ = connection => {}
            () = ended_unused => {}
        }
    }
}
