//! Listening on loopback, a thread for each connection, until dropped.

use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

/// A listener on `127.0.0.1` with a port of its own. Its threads end when it is dropped.
pub(crate) struct Loopback {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    handler: Box<dyn Fn(TcpStream) + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    stopped: bool,
    connections: Vec<TcpStream>,
    workers: Vec<JoinHandle<()>>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no connection panics while it holds the state")
    }
}

impl Loopback {
    /// Hands every connection to `handler` on a thread of its own, and closes it afterwards.
    pub(crate) fn start(handler: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port on loopback");
        let address = listener.local_addr().expect("the address of a bound listener");
        let shared = Arc::new(Shared { handler: Box::new(handler), state: Mutex::default() });
        let acceptor = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Self { address, shared, acceptor: Some(acceptor) }
    }

    /// The address it listens on.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
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
        state.workers.push(std::thread::spawn(move || {
            let _ = stream.set_nodelay(true);
            let socket = stream.try_clone();
            (shared.handler)(stream);
            // A second handle is kept for stopping: dropping the first would not close the socket.
            if let Ok(socket) = socket {
                let _ = socket.shutdown(Shutdown::Both);
            }
        }));
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        let workers = {
            let mut state = self.shared.state();
            state.stopped = true;
            for connection in state.connections.drain(..) {
                let _ = connection.shutdown(Shutdown::Both);
            }
            std::mem::take(&mut state.workers)
        };
        // Wakes the acceptor, which then sees that it has to stop.
        let _ = TcpStream::connect(self.address);
        for thread in self.acceptor.take().into_iter().chain(workers) {
            let _ = thread.join();
        }
    }
}
