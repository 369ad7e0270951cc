//! A way to a server on which connections break off.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::loopback::Loopback;

/// Passes everything on to a server, and breaks off the first connections over which much is sent to it. It ends when
/// dropped.
pub struct CuttingProxy {
    loopback: Loopback,
    cuts: Arc<AtomicUsize>,
}

impl CuttingProxy {
    /// Breaks off the first `times` connections over which the server has been sent more than `after` bytes.
    pub fn start(to: SocketAddr, after: usize, times: usize) -> Self {
        let cuts = Arc::new(AtomicUsize::new(0));
        let loopback = Loopback::start({
            let cuts = Arc::clone(&cuts);
            move |client| {
                let _ = pass(&client, to, after, times, &cuts);
                let _ = client.shutdown(Shutdown::Both);
            }
        });
        Self { loopback, cuts }
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.loopback.address()
    }

    /// How many connections were broken off so far.
    pub fn cuts(&self) -> usize {
        self.cuts.load(Ordering::SeqCst)
    }
}

fn pass(
    mut client: &TcpStream,
    to: SocketAddr,
    after: usize,
    times: usize,
    cuts: &AtomicUsize,
) -> std::io::Result<()> {
    let server = TcpStream::connect(to)?;
    let (mut from_server, mut to_client) = (server.try_clone()?, client.try_clone()?);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let _ = std::io::copy(&mut from_server, &mut to_client);
            let _ = to_client.shutdown(Shutdown::Both);
        });
        let mut chunk = [0; 16 * 1024];
        let mut sent = 0;
        while let Ok(read) = client.read(&mut chunk)
            && read > 0
            && (&server).write_all(&chunk[..read]).is_ok()
        {
            sent += read;
            let may_cut = |done: usize| (done < times).then_some(done + 1);
            if sent > after
                && cuts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, may_cut).is_ok()
            {
                break;
            }
        }
        let _ = server.shutdown(Shutdown::Both);
    });
    Ok(())
}
