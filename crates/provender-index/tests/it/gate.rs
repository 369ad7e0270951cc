//! An upstream that sends half of a file and waits to be told to send the rest.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use provender_test::DistFile;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

pub(crate) struct Gate {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    project: String,
    file: DistFile,
    open: Semaphore,
    reset: AtomicBool,
    asked_for_file: AtomicUsize,
}

impl Gate {
    pub(crate) async fn before(project: &str, file: DistFile) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            project: project.to_owned(),
            file,
            open: Semaphore::new(0),
            reset: AtomicBool::new(false),
            asked_for_file: AtomicUsize::new(0),
        });
        tokio::spawn({
            let state = Arc::clone(&state);
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(answer(stream, Arc::clone(&state)));
                }
            }
        });
        Self { address, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/simple/", self.address)
    }

    /// Lets every file pass.
    pub(crate) fn open(&self) {
        self.state.open.add_permits(1000);
    }

    /// From now on resets the connection (TCP RST) after half of a file.
    pub(crate) fn reset_all(&self) {
        self.state.reset.store(true, Ordering::SeqCst);
    }

    pub(crate) fn asked_for_file(&self) -> usize {
        self.state.asked_for_file.load(Ordering::SeqCst)
    }
}

async fn answer(mut stream: TcpStream, state: Arc<State>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let DistFile { filename, bytes, .. } = &state.file;
    if head.starts_with(b"GET /simple/") {
        let page = json!({
            "meta": {"api-version": "1.1"},
            "name": state.project,
            "files": [{
                "filename": filename,
                "url": format!("/files/{filename}"),
                "size": bytes.len(),
                "hashes": {"sha256": state.file.sha256()},
            }],
        });
        let page = page.to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.pypi.simple.v1+json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            page.len()
        );
        let _ = stream.write_all((head + &page).as_bytes()).await;
        return;
    }
    state.asked_for_file.fetch_add(1, Ordering::SeqCst);
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", bytes.len());
    let (first, rest) = bytes.split_at(bytes.len() / 2);
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(first).await;
    if state.reset.load(Ordering::SeqCst) {
        let _ = stream.set_zero_linger();
        return;
    }
    let Ok(permit) = state.open.acquire().await else { return };
    permit.forget();
    let _ = stream.write_all(rest).await;
}
