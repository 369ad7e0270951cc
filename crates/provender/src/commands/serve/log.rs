//! A line for each request.

use std::io::Write as _;

use jiff::Timestamp;
use provender_index::server::{RequestLine, RequestLog};
use serde::Serialize;

use crate::cli::Format;
use crate::output::Output;

/// Writes requests: for people to stderr, as JSON lines to stdout.
pub(crate) struct Lines {
    format: Option<Format>,
    /// Whether everything goes to stderr: in the background that is the log, and nobody reads
    /// stdout.
    only_stderr: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    at: String,
    client: Option<String>,
    method: &'a str,
    path: &'a str,
    status: u16,
    bytes: u64,
    complete: bool,
    milliseconds: u128,
    source: &'static str,
}

impl Lines {
    /// Lines in the form that was asked for; none with `--quiet`.
    pub(crate) fn new(output: &Output) -> Self {
        Self { format: (!output.quiet).then_some(output.format), only_stderr: false }
    }

    /// The same, all of them to stderr.
    pub(super) fn into_stderr(self) -> Self {
        Self { only_stderr: true, ..self }
    }
}

impl RequestLog for Lines {
    fn request(&self, line: &RequestLine) {
        let at = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let client = line.client.map(|client| client.ip().to_string());
        let milliseconds = line.duration.as_millis();
        // A reader that went away must not end the server.
        let _ = match self.format {
            None => Ok(()),
            Some(Format::Json) => {
                let document = Document {
                    at,
                    client,
                    method: &line.method,
                    path: &line.path,
                    status: line.status,
                    bytes: line.bytes,
                    complete: line.complete,
                    milliseconds,
                    source: line.source.as_str(),
                };
                let text = serde_json::to_string(&document).unwrap_or_default();
                match self.only_stderr {
                    true => writeln!(std::io::stderr().lock(), "{text}"),
                    false => writeln!(std::io::stdout().lock(), "{text}"),
                }
            }
            Some(_) => writeln!(
                std::io::stderr().lock(),
                "{at} {} {} {} {} {} bytes{} {milliseconds} ms {}",
                client.as_deref().unwrap_or("-"),
                line.method,
                line.path,
                line.status,
                line.bytes,
                if line.complete { "" } else { " (broken off)" },
                line.source.as_str()
            ),
        };
    }
}
