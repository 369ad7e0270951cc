//! The step `answers`: there is an index to install from, served here or running elsewhere.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use provender_core::Diagnostic;
use provender_core::check::Step;
use provender_net::{Client, ClientSettings, NetError, redact};
use provender_store::Store;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use url::Url;

use super::complaint::with_causes;
use super::request::CheckRequest;
use crate::server::{Index, RequestLine, RequestLog, serve};
use crate::simple::{HTML, JSON};

pub(super) const ID: &str = "answers";
pub(super) const TITLE: &str = "the index answers";

/// What is accepted of an index that has no `/health`.
const ANY_PAGE: &str = "application/vnd.pypi.simple.v1+json, text/html;q=0.5";

/// An index that answers.
#[derive(Debug)]
pub(super) struct Reached {
    /// Its simple API, with a slash at its end, as it was given.
    pub(super) simple: Url,
    pub(super) client: Client,
    /// The requests to the index that is served here; none of one that runs elsewhere.
    pub(super) log: Option<Arc<Requests>>,
    /// Ends with the check.
    _own: Option<OwnServer>,
}

impl Reached {
    /// Whether it is served here, over the store that is checked and nothing else.
    pub(super) fn is_own(&self) -> bool {
        self.log.is_some()
    }
}

/// A server in a task that ends when this is dropped.
#[derive(Debug)]
struct OwnServer(JoinHandle<()>);

impl Drop for OwnServer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The requests that were answered.
#[derive(Debug, Default)]
pub(super) struct Requests {
    lines: Mutex<Vec<RequestLine>>,
    more: Notify,
}

impl RequestLog for Requests {
    fn request(&self, line: &RequestLine) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line.clone());
        self.more.notify_waiters();
    }
}

impl Requests {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Those from the given number on. A line is written when an answer went out, which its client
    /// may see a moment earlier: until `enough` says so, more are waited for, up to `patience`.
    pub(super) async fn since(
        &self,
        first: usize,
        patience: Duration,
        enough: impl Fn(&[RequestLine]) -> bool,
    ) -> Vec<RequestLine> {
        let all = async {
            loop {
                let more = self.more.notified();
                let lines = self.now(first);
                if enough(&lines) {
                    return;
                }
                more.await;
            }
        };
        let _ = tokio::time::timeout(patience, all).await;
        self.now(first)
    }

    fn now(&self, first: usize) -> Vec<RequestLine> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.get(first..).unwrap_or_default().to_vec()
    }
}

/// Starts an index over the store, or takes the one that runs, and asks it how it is.
pub(super) async fn step(request: &CheckRequest, store: &Store) -> (Step, Option<Reached>) {
    let reached = match &request.url {
        Some(url) => {
            Reached { simple: simple(url), client: request.client.clone(), log: None, _own: None }
        }
        None => match own(store).await {
            Ok(reached) => reached,
            Err(error) => return (not_started(&*error), None),
        },
    };
    let shown = redact(&reached.simple);
    match ask(&reached).await {
        Ok(Health::Well) => {
            let whose = if reached.is_own() { "served here" } else { "running" };
            (Step::passed(ID, TITLE, format!("{shown}, {whose}")), Some(reached))
        }
        Ok(Health::Unknown) => {
            let summary = format!("{shown} answers; it has no /health");
            (Step::passed(ID, TITLE, summary), Some(reached))
        }
        Err(error) => {
            let message = format!("the index at {shown} does not answer");
            let fallback = "start it with `provender serve`, or check the URL";
            let diagnostic =
                with_causes(Diagnostic::error("check/no-answer", message.clone()), &error)
                    .hint(error.hint().unwrap_or_else(|| fallback.to_owned()));
            (Step::failed(ID, TITLE, message, vec![diagnostic]), None)
        }
    }
}

async fn own(store: &Store) -> Result<Reached, Box<dyn std::error::Error + Send + Sync>> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let simple = Url::parse(&format!("http://{address}/simple/")).map_err(io::Error::other)?;
    // It is on this machine: no proxy, no credentials, nothing else that may be configured.
    let client = Client::new(ClientSettings::default())?;
    let log = Arc::new(Requests::default());
    let index = Index::offline(store.clone());
    let server = {
        let log = Arc::clone(&log) as Arc<dyn RequestLog>;
        // If it fails, whoever asks it is told so by the connection.
        tokio::spawn(async move { drop(serve(listener, index, log, std::future::pending()).await) })
    };
    Ok(Reached { simple, client, log: Some(log), _own: Some(OwnServer(server)) })
}

fn not_started(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Step {
    let message = "the index cannot be served on this machine";
    let diagnostic = Diagnostic::error("check/no-answer", message)
        .because(error.to_string())
        .hint("something forbids to listen on 127.0.0.1; check a running index with `--url`");
    Step::failed(ID, TITLE, message, vec![diagnostic])
}

/// The simple API of an index of which it or its root was named.
fn simple(url: &Url) -> Url {
    let mut simple = url.clone();
    simple.set_query(None);
    simple.set_fragment(None);
    let path = simple.path().trim_end_matches('/').to_owned();
    let path = if path.ends_with("/simple") { path } else { format!("{path}/simple") };
    simple.set_path(&format!("{path}/"));
    simple
}

enum Health {
    Well,
    /// It answers, and does not say.
    Unknown,
}

async fn ask(reached: &Reached) -> Result<Health, NetError> {
    let client = &reached.client;
    if let Ok(health) = reached.simple.join("../health") {
        match client.get(&health).accept("text/plain, */*").max_bytes(1 << 16).send().await {
            Ok(answer) => {
                let answer = answer.into_new();
                if answer.is_some_and(|answer| answer.body.trim_ascii() == b"ok") {
                    return Ok(Health::Well);
                }
            }
            // Another server of a simple API need not have it.
            Err(NetError::Status { status: 403..=406, .. }) => {}
            Err(error) => return Err(error),
        }
    }
    client.get(&reached.simple).accept(ANY_PAGE).send().await?;
    Ok(Health::Unknown)
}

/// The two formats of a page, and how each is asked for.
pub(super) const FORMATS: [(&str, &str); 2] = [("JSON", JSON), ("HTML", HTML)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_of_an_index_will_do() {
        for url in [
            "http://index.example",
            "http://index.example/simple",
            "http://index.example/simple/?x#y",
        ] {
            assert_eq!(simple(&url.parse().unwrap()).as_str(), "http://index.example/simple/");
        }
        let below = simple(&"https://index.example/team/".parse().unwrap());
        assert_eq!(below.as_str(), "https://index.example/team/simple/");
    }
}
