//! Fetching one blob (distribution-spec, "Pulling blobs").

use http::header::{ACCEPT_ENCODING, CONTENT_RANGE, RANGE};
use provender_net::{Incoming, NetError, RedactedUrl};

use super::error::RegistryError;
use super::folder::BlobFolder;
use super::partial::Partial;
use super::repository::{Ask, Repository};
use super::{Event, Progress, tell};
use crate::{Blobs as _, Descriptor, ImageError};

/// How much has to come before a broken transfer counts as a new one, in bytes.
pub(super) const HEADWAY: u64 = 1 << 20;

/// Sees to it that a blob is in the folder, whole and verified.
pub(super) async fn fetch(
    repository: &Repository,
    folder: &BlobFolder,
    blob: &Descriptor,
    progress: Option<&Progress>,
) -> Result<(), RegistryError> {
    let (digest, size) = (blob.digest, blob.size);
    if folder.holds_whole(blob) {
        tell(progress, Event::Held { digest, size });
        return Ok(());
    }
    let (place, wanted) = (folder.clone(), blob.clone());
    let begun = blocking(folder, move || Partial::of(&place, &wanted)).await?;
    let Some(mut partial) = begun else {
        tell(progress, Event::Held { digest, size });
        return Ok(());
    };
    let mut retries = repository.client().retries();
    let mut may_restart = true;
    let mut furthest = partial.length();
    while partial.length() != size || partial.digest() != digest {
        let goes_on = partial.length() > 0;
        match transfer(repository, blob, &mut partial, progress).await {
            Ok(_) if partial.digest() == digest => {}
            // Pieced together of several answers, of which one may be a broken server's: one more try
            // from the beginning tells.
            Ok(_) if goes_on && may_restart => {
                may_restart = false;
                partial.forget()?;
            }
            Ok(from) => {
                let found = format!("it hashes to {}", partial.digest());
                partial.forget()?;
                return Err(RegistryError::Digest {
                    what: "blob",
                    url: from,
                    expected: digest,
                    found,
                });
            }
            Err(RegistryError::Net(error)) => {
                // Measured from the furthest point, so that going back and forth ends.
                if partial.length().saturating_sub(furthest) >= HEADWAY {
                    furthest = partial.length();
                    retries = repository.client().retries();
                }
                retries.pause(error).await?;
            }
            Err(error) => return Err(error),
        }
    }
    let place = folder.clone();
    blocking(folder, move || partial.place(&place, &digest)).await
}

/// Does what waits for the disk.
async fn blocking<T: Send + 'static>(
    folder: &BlobFolder,
    work: impl FnOnce() -> Result<T, RegistryError> + Send + 'static,
) -> Result<T, RegistryError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(RegistryError::io(folder.place())(error.into())))
}

/// Transfers what is missing, and tells where it came from.
async fn transfer(
    repository: &Repository,
    blob: &Descriptor,
    partial: &mut Partial,
    progress: Option<&Progress>,
) -> Result<RedactedUrl, RegistryError> {
    let size = blob.size;
    let mut incoming = request(repository, blob, partial).await?;
    let url = RedactedUrl::from(incoming.url());
    let goes_on = incoming.status() == 206 && begins_at(&incoming) == Some(partial.length());
    if !goes_on {
        partial.forget()?;
        // Another part than was asked for, or none, is asked for no further.
        if matches!(incoming.status(), 206 | 416) {
            incoming = request(repository, blob, partial).await?;
        }
        if incoming.status() != 200 {
            let reason = "only a part came, and the whole was asked for".to_owned();
            return Err(NetError::Interrupted { url, reason }.into());
        }
    }
    while let Some(chunk) = incoming.chunk().await? {
        if partial.length() + chunk.len() as u64 > size {
            partial.forget()?;
            let found = format!("it is longer than {size} bytes");
            return Err(RegistryError::Digest { what: "blob", url, expected: blob.digest, found });
        }
        partial.write(&chunk)?;
        tell(progress, Event::Moved { digest: blob.digest, done: partial.length(), size });
    }
    if partial.length() < size {
        let (received, expected) = (partial.length(), size);
        return Err(NetError::Truncated { url, received, expected }.into());
    }
    Ok(url)
}

async fn request(
    repository: &Repository,
    blob: &Descriptor,
    partial: &Partial,
) -> Result<Incoming, RegistryError> {
    let ask = Ask::get(repository.url(&format!("blobs/{}", blob.digest)));
    // Lengths, ranges and digests are those of the blob, so it must come as it is.
    let mut ask = ask.header(ACCEPT_ENCODING, "identity");
    if partial.length() > 0 {
        ask = ask.header(RANGE, &format!("bytes={}-", partial.length()));
    }
    let incoming = repository.ask(ask, &[404, 416]).await?;
    if incoming.status() == 404 {
        let place = repository.place();
        return Err(ImageError::Missing { what: "blob", digest: blob.digest, place }.into());
    }
    Ok(incoming)
}

/// The first position of a part (RFC 9110, section 14.4).
fn begins_at(incoming: &Incoming) -> Option<u64> {
    let range = incoming.header(CONTENT_RANGE.as_str())?.strip_prefix("bytes ")?;
    range.split_once('-')?.0.trim().parse().ok()
}
