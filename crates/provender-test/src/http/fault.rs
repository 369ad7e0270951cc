//! What goes wrong on request.

use super::message::Reply;

/// A way in which a server fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// None: what a shorter prefix would spoil is spared.
    Spared,
    /// A web page with status 200 where something else was expected, as a captive portal gives.
    HtmlPage,
    /// This status, with a short text.
    Status(u16),
    /// The connection ends without an answer.
    Closed,
    /// The head promises the whole body; the connection ends after half of it.
    Truncated,
    /// A body of the right length with other bytes.
    WrongBytes,
    /// No answer for as long as the server lives.
    Stalled,
}

/// What becomes of a reply under a fault.
pub(super) enum Outcome {
    Whole(Reply),
    Half(Reply),
    Nothing,
    Stalled,
}

impl Fault {
    pub(super) fn apply(&self, mut reply: Reply) -> Outcome {
        match self {
            Self::HtmlPage => Outcome::Whole(Reply::new(
                200,
                "text/html; charset=utf-8",
                "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><p>Please sign in.</p></body></html>\n",
            )),
            Self::Status(status) => Outcome::Whole(Reply::status(*status)),
            Self::Spared => Outcome::Whole(reply),
            Self::Closed => Outcome::Nothing,
            Self::Truncated => Outcome::Half(reply),
            Self::WrongBytes => {
                for byte in &mut reply.body {
                    *byte = !*byte;
                }
                Outcome::Whole(reply)
            }
            Self::Stalled => Outcome::Stalled,
        }
    }
}

/// Faults by the beginning of the path they concern.
#[derive(Default)]
pub(super) struct Faults(Vec<Entry>);

struct Entry {
    prefix: String,
    fault: Fault,
    left: Option<usize>,
}

impl Faults {
    pub(super) fn set(&mut self, prefix: &str, fault: Fault, times: Option<usize>) {
        self.0.retain(|entry| entry.prefix != prefix);
        self.0.push(Entry { prefix: prefix.to_owned(), fault, left: times });
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault for a request for `path`, counted as happened.
    pub(super) fn take(&mut self, path: &str) -> Option<Fault> {
        let entry = self
            .0
            .iter_mut()
            .filter(|entry| path.starts_with(&entry.prefix) && entry.left != Some(0))
            .max_by_key(|entry| entry.prefix.len())?;
        if let Some(left) = &mut entry.left {
            *left -= 1;
        }
        Some(entry.fault.clone())
    }
}
