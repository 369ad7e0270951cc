//! Sending one blob (distribution-spec, "Pushing blobs").
//!
//! A small blob goes in one request. A larger one goes in pieces; after a cut connection the registry
//! is asked how much it has, and the upload goes on there.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use http::header::{CONTENT_RANGE, CONTENT_TYPE, RANGE};
use provender_net::{Incoming, NetError, Opener, RedactedUrl, RequestBody};
use url::Url;

use super::error::RegistryError;
use super::fetch::HEADWAY;
use super::push::{Moved, PushOptions};
use super::repository::{Ask, Repository};
use super::source::PushBlob;
use super::{Event, Progress, tell};
use crate::Digest;

const BYTES: &str = "application/octet-stream";

/// How long a registry may take to put a whole blob away: it hashes it, and may send it on.
const COMMIT: Duration = Duration::from_mins(5);

/// Sees to it that the registry has a blob.
pub(super) async fn upload(
    repository: &Repository,
    blob: &PushBlob,
    options: &PushOptions,
    progress: Option<&Progress>,
) -> Result<Moved, RegistryError> {
    let (digest, size) = (blob.descriptor.digest, blob.descriptor.size);
    if repository.has_blob(&digest).await? {
        tell(progress, Event::Held { digest, size });
        return Ok(Moved::Held);
    }
    let mut session = match repository.mount(blob).await? {
        Some(Mount::Done) => {
            tell(progress, Event::Mounted { digest, size });
            return Ok(Moved::Mounted);
        }
        Some(Mount::Refused(session)) => Some(session),
        None => None,
    };
    let sending = Sending { repository, blob, options, progress };
    let mut retries = repository.client().retries();
    loop {
        match sending.attempt(session.take()).await {
            Ok(()) => return Ok(Moved::Sent),
            Err(RegistryError::Net(NetError::Unsent { error: source, .. })) => {
                return Err(RegistryError::Unreadable { digest, source });
            }
            Err(RegistryError::Net(error)) => retries.pause(error).await?,
            Err(error) => return Err(error),
        }
        // The answer may have been cut off, and not what it answered.
        if repository.has_blob(&digest).await? {
            return Ok(Moved::Sent);
        }
    }
}

/// What became of a mount.
enum Mount {
    Done,
    /// The registry began an upload instead.
    Refused(Session),
}

/// An upload that a registry has begun.
struct Session {
    location: Url,
    /// The smallest piece that it takes, the last one excepted.
    shortest: u64,
}

impl Session {
    fn of(repository: &Repository, answer: &Incoming) -> Result<Self, RegistryError> {
        let shortest = answer.header("oci-chunk-min-length").and_then(|text| text.parse().ok());
        let location = repository.location(answer)?;
        Ok(Self { location, shortest: shortest.unwrap_or_default() })
    }
}

impl Repository {
    /// Whether the registry has a blob.
    pub(super) async fn has_blob(&self, digest: &Digest) -> Result<bool, RegistryError> {
        let ask = Ask::head(self.url(&format!("blobs/{digest}")));
        let incoming = self.ask(ask, &[404]).await?;
        Ok(incoming.status() != 404)
    }

    /// Has the registry take a blob from another of its repositories; none where that is not to be
    /// asked, or may not be.
    async fn mount(&self, blob: &PushBlob) -> Result<Option<Mount>, RegistryError> {
        let besides = |origin: &&crate::Reference| {
            origin.registry == self.host_name() && origin.repository != self.name()
        };
        let Some(origin) = blob.origin.as_ref().filter(besides) else { return Ok(None) };
        let mut url = self.url("blobs/uploads/");
        url.query_pairs_mut()
            .append_pair("mount", &blob.descriptor.digest.to_string())
            .append_pair("from", &origin.repository);
        let both = self.reading_too(&origin.repository);
        let answer = match both.ask(Ask::new(Method::POST, url), &[]).await {
            Ok(answer) => answer,
            // Who may not read there, or whose registry cannot do it, sends it.
            Err(
                RegistryError::Denied(_)
                | RegistryError::Status { .. }
                | RegistryError::Net(NetError::Status { .. }),
            ) => return Ok(None),
            Err(error) => return Err(error),
        };
        if answer.status() == 201 {
            return Ok(Some(Mount::Done));
        }
        Ok(Some(Mount::Refused(Session::of(self, &answer)?)))
    }
}

/// One blob on its way.
struct Sending<'a> {
    repository: &'a Repository,
    blob: &'a PushBlob,
    options: &'a PushOptions,
    progress: Option<&'a Progress>,
}

impl Sending<'_> {
    /// Sends it from its beginning.
    async fn attempt(&self, session: Option<Session>) -> Result<(), RegistryError> {
        let session = match session {
            Some(session) => session,
            None => {
                let url = self.repository.url("blobs/uploads/");
                let answer = self.repository.ask(Ask::new(Method::POST, url), &[]).await?;
                Session::of(self.repository, &answer)?
            }
        };
        let size = self.blob.descriptor.size;
        if size <= self.options.monolithic_up_to {
            return self.finish(&session.location, self.body(0, size)).await;
        }
        let location = self.pieces(session).await?;
        self.finish(&location, RequestBody::Empty).await
    }

    /// Sends all of it in pieces, and returns where the upload is finished.
    async fn pieces(&self, session: Session) -> Result<Url, RegistryError> {
        let size = self.blob.descriptor.size;
        let longest = self.options.chunk_size.max(session.shortest).max(1);
        let mut location = session.location;
        let mut at = 0;
        let mut safe = 0;
        let mut retries = self.repository.client().retries();
        while at < size {
            let length = longest.min(size - at);
            let failure = match self.piece(&location, at, length).await {
                Ok((next, end)) => {
                    (location, at) = (next, end);
                    continue;
                }
                Err(RegistryError::Net(error @ NetError::Unsent { .. })) => {
                    return Err(error.into());
                }
                Err(RegistryError::Net(error)) => error,
                Err(error) => return Err(error),
            };
            retries.pause(failure).await?;
            (location, at) = self.status(&location).await?;
            if at >= safe + HEADWAY {
                safe = at;
                retries = self.repository.client().retries();
            }
        }
        Ok(location)
    }

    /// Sends one piece, and returns where the next one goes and begins.
    async fn piece(&self, to: &Url, at: u64, length: u64) -> Result<(Url, u64), RegistryError> {
        let range = format!("{at}-{}", at + length - 1);
        let ask = Ask::new(Method::PATCH, to.clone())
            .header(CONTENT_TYPE, BYTES)
            .header(CONTENT_RANGE, &range)
            .body(self.body(at, length))
            .silence(COMMIT);
        let answer = self.repository.ask(ask, &[404, 416]).await?;
        match answer.status() {
            // It has more or less of it than was thought.
            416 => return Err(self.interrupted(to, "the registry expects another piece")),
            404 => return Err(self.interrupted(to, "the registry forgot the upload")),
            _ => {}
        }
        let sent = at + length;
        let end = match received(&answer) {
            // `0-0` stands for one byte too.
            None | Some(0) if at == 0 && length == 1 => sent,
            None => sent,
            Some(end) => end,
        };
        if end <= at || end > sent {
            let reason = format!("went from {at} to {end} by a piece of {length} bytes");
            return Err(RegistryError::malformed("upload", &answer, reason));
        }
        Ok((self.repository.location(&answer)?, end))
    }

    /// Asks how much the registry has.
    async fn status(&self, of: &Url) -> Result<(Url, u64), RegistryError> {
        let answer = self.repository.ask(Ask::get(of.clone()), &[404]).await?;
        if answer.status() == 404 {
            return Err(self.interrupted(of, "the registry forgot the upload"));
        }
        let at = received(&answer).unwrap_or_default();
        if at > self.blob.descriptor.size {
            let reason = format!("is {at} bytes long, longer than the blob");
            return Err(RegistryError::malformed("upload", &answer, reason));
        }
        let location = self.repository.location(&answer).unwrap_or_else(|_| of.clone());
        Ok((location, at))
    }

    /// Ends the upload: the registry compares what it has with the digest.
    async fn finish(&self, location: &Url, body: RequestBody) -> Result<(), RegistryError> {
        let mut url = location.clone();
        url.query_pairs_mut().append_pair("digest", &self.blob.descriptor.digest.to_string());
        let ask = Ask::new(Method::PUT, url).header(CONTENT_TYPE, BYTES).body(body).silence(COMMIT);
        let answer = self.repository.ask(ask, &[404]).await?;
        if answer.status() == 404 {
            return Err(self.interrupted(location, "the registry forgot the upload"));
        }
        Ok(())
    }

    /// A failure after which the upload is begun again.
    fn interrupted(&self, url: &Url, reason: &str) -> RegistryError {
        let (url, reason) = (RedactedUrl::from(url), reason.to_owned());
        NetError::Interrupted { url, reason }.into()
    }

    fn body(&self, at: u64, length: u64) -> RequestBody {
        if length == 0 {
            return RequestBody::Empty;
        }
        let open = Arc::clone(&self.blob.open);
        let progress = self.progress.cloned();
        let (digest, size) = (self.blob.descriptor.digest, self.blob.descriptor.size);
        let open: Opener = Arc::new(move || {
            let inner = open(at)?;
            Ok(Box::new(Told { inner, done: at, digest, size, progress: progress.clone() }))
        });
        RequestBody::Read { length, open }
    }
}

/// How many bytes an upload has by the `Range` of an answer: `0-LAST`. Registries write `0-0` for
/// none, too.
fn received(answer: &Incoming) -> Option<u64> {
    parse_received(answer.header(RANGE.as_str())?)
}

fn parse_received(range: &str) -> Option<u64> {
    let range = range.strip_prefix("bytes=").unwrap_or(range);
    let (first, last) = range.split_once('-')?;
    let (first, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    match (first, last) {
        (0, 0) => Some(0),
        (0, last) => last.checked_add(1),
        _ => None,
    }
}

/// Tells how far it was read.
struct Told {
    inner: Box<dyn Read + Send>,
    done: u64,
    digest: Digest,
    size: u64,
    progress: Option<Progress>,
}

impl Read for Told {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.done += read as u64;
        let Self { digest, done, size, .. } = *self;
        tell(self.progress.as_ref(), Event::Moved { digest, done, size });
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_of_an_upload_tells_how_much_is_there() {
        assert_eq!(parse_received("0-99"), Some(100));
        assert_eq!(parse_received("bytes=0-99"), Some(100));
        assert_eq!(parse_received("0-0"), Some(0));
        for bad in ["", "5-9", "0-", "x", "0-18446744073709551615"] {
            assert_eq!(parse_received(bad), None, "{bad}");
        }
    }
}
