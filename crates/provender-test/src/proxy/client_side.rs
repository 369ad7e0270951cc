//! The connection between a client and a proxy, with or without TLS.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};

use rustls::{ServerConfig, ServerConnection};

/// A client's connection.
pub(super) struct ClientSide {
    socket: TcpStream,
    tls: Option<Box<ServerConnection>>,
}

impl ClientSide {
    /// Takes a connection over; `None` if TLS cannot be set up.
    pub(super) fn accept(socket: TcpStream, tls: Option<&Arc<ServerConfig>>) -> Option<Self> {
        let tls = match tls {
            Some(config) => Some(Box::new(ServerConnection::new(Arc::clone(config)).ok()?)),
            None => None,
        };
        Some(Self { socket, tls })
    }

    /// Copies in both directions between the client and `server` until both have ended. `heard` is what the client has
    /// already sent.
    pub(super) fn tunnel(self, mut server: TcpStream, heard: &[u8]) -> io::Result<()> {
        server.write_all(heard)?;
        let (from_server, to_server) = (server.try_clone()?, server);
        match self.tls {
            None => {
                let to_client = self.socket.try_clone()?;
                std::thread::scope(|scope| {
                    scope.spawn(move || pump(from_server, to_client));
                    pump(self.socket, to_server);
                });
            }
            Some(tls) => {
                let tls = Mutex::new(tls);
                let to_client = self.socket.try_clone()?;
                std::thread::scope(|scope| {
                    scope.spawn(|| {
                        let _ = encrypt(from_server, &to_client, &tls);
                        let _ = to_client.shutdown(Shutdown::Write);
                    });
                    let _ = decrypt(&self.socket, &to_server, &tls);
                    let _ = to_server.shutdown(Shutdown::Write);
                });
            }
        }
        Ok(())
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

type Tls = Mutex<Box<ServerConnection>>;

/// From the server to the client. Only the work on bytes that are there happens under the lock.
fn encrypt(mut server: TcpStream, mut client: &TcpStream, tls: &Tls) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        let read = server.read(&mut buffer)?;
        let mut tls = tls.lock().map_err(|_| io::Error::other("the other direction failed"))?;
        if read == 0 {
            tls.send_close_notify();
        } else {
            tls.writer().write_all(&buffer[..read])?;
        }
        while tls.wants_write() {
            tls.write_tls(&mut client)?;
        }
        if read == 0 {
            return Ok(());
        }
    }
}

/// From the client to the server.
fn decrypt(mut client: &TcpStream, mut server: &TcpStream, tls: &Tls) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        let mut plain = Vec::new();
        let ended = {
            let mut tls = tls.lock().map_err(|_| io::Error::other("the other direction failed"))?;
            let state = tls.process_new_packets().map_err(io::Error::other)?;
            while let Ok(read) = tls.reader().read(&mut buffer)
                && read > 0
            {
                plain.extend_from_slice(&buffer[..read]);
            }
            while tls.wants_write() {
                tls.write_tls(&mut client)?;
            }
            state.peer_has_closed()
        };
        server.write_all(&plain)?;
        let read = if ended { 0 } else { client.read(&mut buffer)? };
        if read == 0 {
            return Ok(());
        }
        let mut encrypted = &buffer[..read];
        let mut tls = tls.lock().map_err(|_| io::Error::other("the other direction failed"))?;
        while !encrypted.is_empty() {
            tls.read_tls(&mut encrypted)?;
            tls.process_new_packets().map_err(io::Error::other)?;
        }
    }
}

impl Read for ClientSide {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => self.socket.read(buffer),
            Some(tls) => rustls::Stream::new(&mut **tls, &mut self.socket).read(buffer),
        }
    }
}

impl Write for ClientSide {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => self.socket.write(bytes),
            Some(tls) => rustls::Stream::new(&mut **tls, &mut self.socket).write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.tls {
            None => self.socket.flush(),
            Some(tls) => rustls::Stream::new(&mut **tls, &mut self.socket).flush(),
        }
    }
}
