//! A forward proxy that tunnels every CONNECT to one server, whatever host is named.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::server::Seen;

/// A running proxy.
pub(crate) struct Tunnel {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Tunnel {
    /// A proxy that answers what `refuse` says, or tunnels where that is none.
    pub(crate) async fn to(
        target: SocketAddr,
        refuse: impl Fn(&Seen) -> Option<&'static str> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tunnel = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let (seen, refuse) = (Arc::clone(&tunnel.seen), Arc::new(refuse));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, refuse) = (Arc::clone(&seen), Arc::clone(&refuse));
                tokio::spawn(async move {
                    let mut stream = BufReader::new(stream);
                    let Some(request) = Seen::read(&mut stream).await else { return };
                    let refusal = refuse(&request);
                    seen.lock().unwrap().push(request);
                    if let Some(refusal) = refusal {
                        let _ = stream.write_all(refusal.as_bytes()).await;
                        let _ = stream.shutdown().await;
                        return;
                    }
                    let mut server = TcpStream::connect(target).await.unwrap();
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
                    let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
                });
            }
        });
        tunnel
    }

    /// The CONNECT requests that came.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}
