//! A small HTTP/1.1 server on loopback for tests: it records what it was asked and misbehaves on request.

mod connection;
mod fault;
mod message;

use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;

use fault::Faults;
use rustls::ServerConfig;

use crate::authority::{Authority, Leaf, TlsIdentity};

pub(crate) use connection::read_request;
pub use fault::Fault;
pub(crate) use message::basic;
pub use message::{Reply, Request};

/// What makes an answer of a request.
pub(crate) type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

/// A server on `127.0.0.1` with a port of its own and a thread for each connection. It ends when dropped.
pub struct HttpServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    handler: Box<Handler>,
    tls: Option<Arc<ServerConfig>>,
    state: Mutex<State>,
    /// Told when the server stops: stalled connections wait for it.
    stopping: Condvar,
}

#[derive(Default)]
struct State {
    stopped: bool,
    requests: Vec<Request>,
    faults: Faults,
    credentials: Option<String>,
    connections: Vec<TcpStream>,
    workers: Vec<JoinHandle<()>>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no connection panics while it holds the state")
    }
}

impl HttpServer {
    /// Starts a server that answers each request with what `handler` makes of it.
    pub fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_with(None, handler)
    }

    /// As [`start`](Self::start), over TLS with a certificate of `authority` for 127.0.0.1 and localhost.
    pub fn start_tls(
        authority: &Authority,
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::start_identity(&authority.identity(&Leaf::loopback()), handler)
    }

    /// As [`start`](Self::start), over TLS with what `identity` presents.
    pub fn start_identity(
        identity: &TlsIdentity,
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::start_with(Some(identity.server_config()), handler)
    }

    fn start_with(
        tls: Option<Arc<ServerConfig>>,
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port on loopback");
        let address = listener.local_addr().expect("the address of a bound listener");
        let shared = Arc::new(Shared {
            handler: Box::new(handler),
            tls,
            state: Mutex::default(),
            stopping: Condvar::new(),
        });
        let acceptor = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Self { address, shared, acceptor: Some(acceptor) }
    }

    /// `http://127.0.0.1:PORT`, or `https`, without a slash at its end.
    pub fn base(&self) -> String {
        let scheme = if self.shared.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every request so far, in the order of their answers.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.state().requests.clone()
    }

    /// How many requests so far asked for a path that begins with `prefix`.
    pub fn count(&self, prefix: &str) -> usize {
        self.shared.state().requests.iter().filter(|r| r.path.starts_with(prefix)).count()
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        self.shared.state().requests.clear();
    }

    /// Answers every request for a path that begins with `prefix` with `fault`, until [`heal`](Self::heal).
    /// Among several that fit, the longest prefix decides.
    pub fn fail(&self, prefix: &str, fault: Fault) {
        self.shared.state().faults.set(prefix, fault, None);
    }

    /// As [`fail`](Self::fail), for the next `times` requests only: what a retry gets over.
    pub fn fail_times(&self, prefix: &str, fault: Fault, times: usize) {
        self.shared.state().faults.set(prefix, fault, Some(times));
    }

    /// Ends every fault.
    pub fn heal(&self) {
        self.shared.state().faults.clear();
    }

    /// From now on answers 401 to requests without these credentials (HTTP Basic, RFC 7617).
    pub fn require_login(&self, user: &str, password: &str) {
        self.shared.state().credentials = Some(message::basic(user, password));
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        let workers = {
            let mut state = self.shared.state();
            state.stopped = true;
            for connection in state.connections.drain(..) {
                let _ = connection.shutdown(Shutdown::Both);
            }
            std::mem::take(&mut state.workers)
        };
        self.shared.stopping.notify_all();
        // Wakes the acceptor, which then sees that it has to stop.
        let _ = TcpStream::connect(self.address);
        for thread in self.acceptor.take().into_iter().chain(workers) {
            let _ = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        let mut state = shared.state();
        if state.stopped {
            return;
        }
        let Ok(handle) = stream.try_clone() else { continue };
        state.connections.push(handle);
        let shared = Arc::clone(shared);
        let worker = std::thread::spawn(move || connection::serve(stream, &shared));
        state.workers.push(worker);
    }
}

#[cfg(test)]
mod tests;
