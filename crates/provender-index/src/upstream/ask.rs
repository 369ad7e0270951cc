//! Asking one upstream for one page, and remembering the answer.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use provender_core::ProjectName;
use provender_net::{Answer, Fetched, NetError, RedactedUrl, Validators};
use provender_store::{PageRecord, Store};
use url::Url;

use super::{Freshness, Inner, Upstream, UpstreamError, UpstreamPage, freshness};
use crate::simple::{PageError, ProjectPage, render};

/// JSON says more than HTML; the weights are those of uv.
const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, \
     application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";

/// The largest page in bytes. The largest known ones have a tenth of that.
const LIMIT: u64 = 128 * 1024 * 1024;

/// Bodies from here on are read where reading them holds up nobody.
const LARGE: usize = 64 * 1024;

/// What is remembered of an upstream's answer.
pub(super) struct Remembered {
    /// None if the upstream does not have the project.
    pub(super) page: Option<UpstreamPage>,
    validators: Validators,
    fetched_at: Timestamp,
    fresh_until: Timestamp,
}

/// What is remembered of a project; none if the upstream was never asked for it.
///
/// What is remembered is the page as we understood it, with absolute URLs; an empty body stands for
/// a project that the upstream does not have.
pub(super) async fn remembered(
    store: &Store,
    upstream: &Upstream,
    project: &ProjectName,
) -> Result<Option<Remembered>, UpstreamError> {
    let key = upstream.key();
    let Some(record) = store.database().page(&key, project).await? else { return Ok(None) };
    let PageRecord { body, etag, last_modified, fetched_at, fresh_until, .. } = record;
    let page = if body.is_empty() {
        None
    } else {
        let (project, url) = (project.clone(), upstream.page_url(project));
        // What an older or newer provender remembered in another form is forgotten.
        match large(body.len(), move || ProjectPage::from_json(&project, &url, &body)).await? {
            Ok(page) => Some(UpstreamPage { page, upstream: key, fresh_until }),
            Err(_) => return Ok(None),
        }
    };
    let validators = Validators { etag, last_modified };
    Ok(Some(Remembered { page, validators, fetched_at, fresh_until }))
}

/// The upstream's page of a project; none if it does not have it.
pub(super) async fn page(
    upstreams: &Inner,
    upstream: &Upstream,
    project: &ProjectName,
    freshness: Freshness,
) -> Result<Option<UpstreamPage>, UpstreamError> {
    let Inner { store, client, slots, .. } = upstreams;
    let known = remembered(store, upstream, project).await?;
    if let Some(known) = &known
        && freshness == Freshness::Remembered
        && known.fresh_until > Timestamp::now()
    {
        return Ok(known.page.clone());
    }
    // A project that was not there has nothing that could be unchanged.
    let known = known.filter(|known| known.page.is_some());
    let validators = known.as_ref().map(|known| known.validators.clone()).unwrap_or_default();
    let url = upstream.page_url(project);
    // Only now: what is remembered waits for nobody.
    let _slot = slots.acquire().await.map_err(|_| UpstreamError::Stopped)?;
    let get = client.get(&url).accept(ACCEPT).max_bytes(LIMIT).if_changed(&validators);
    match (get.send().await, known) {
        (Ok(Fetched::NotModified), Some(known)) => still_right(store, upstream, known).await,
        (Ok(Fetched::New(answer)), _) => new(store, upstream, project, answer).await.map(Some),
        (Err(NetError::Status { status: 404 | 410, .. }), _) => {
            absent(store, upstream, project).await.map(|()| None)
        }
        (Err(error), _) => Err(no_answer(upstream, project, error)),
        (Ok(Fetched::NotModified), None) => {
            let reason = "304 came where nothing was known".to_owned();
            let url = RedactedUrl::from(&url);
            Err(no_answer(upstream, project, NetError::Interrupted { url, reason }))
        }
    }
}

fn no_answer(upstream: &Upstream, project: &ProjectName, error: NetError) -> UpstreamError {
    let (index, project) = (upstream.name.clone(), project.clone());
    UpstreamError::Net { index, project, source: Arc::new(error) }
}

async fn still_right(
    store: &Store,
    upstream: &Upstream,
    known: Remembered,
) -> Result<Option<UpstreamPage>, UpstreamError> {
    let now = Timestamp::now();
    let lifetime = Duration::try_from(known.fresh_until.duration_since(known.fetched_at));
    let fresh_until = after(now, lifetime.unwrap_or(freshness::DEFAULT));
    let Some(page) = known.page else { return Ok(None) };
    let name = &page.page.name;
    store.database().touch_page(&upstream.key(), name, now, fresh_until).await?;
    Ok(Some(UpstreamPage { fresh_until, ..page }))
}

async fn new(
    store: &Store,
    upstream: &Upstream,
    project: &ProjectName,
    answer: Answer,
) -> Result<UpstreamPage, UpstreamError> {
    let header = |name| answer.headers.get(name).and_then(|value| value.to_str().ok());
    let lifetime = freshness::lifetime(header("cache-control"), header("age"));
    let fetched_at = Timestamp::now();
    let fresh_until = after(fetched_at, lifetime);
    let Answer { url, content_type, validators, body, .. } = answer;
    let no_page = {
        let (url, project) = (RedactedUrl::from(&url), project.clone());
        move |source| UpstreamError::Page { url, project, source }
    };
    let length = body.len();
    let read = {
        let project = project.clone();
        move || understood(&project, &url, &content_type, &body)
    };
    let (page, body) = large(length, read).await?.map_err(no_page)?;
    let key = upstream.key();
    let record = PageRecord {
        upstream: key.clone(),
        project: project.clone(),
        body,
        etag: validators.etag,
        last_modified: validators.last_modified,
        fetched_at,
        fresh_until,
    };
    store.database().put_page(&record).await?;
    Ok(UpstreamPage { page, upstream: key, fresh_until })
}

/// The page, and the form in which it is remembered.
fn understood(
    project: &ProjectName,
    url: &Url,
    content_type: &str,
    body: &[u8],
) -> Result<(ProjectPage, Vec<u8>), PageError> {
    let page = ProjectPage::parse(project, url, content_type, body)?;
    let remembered = render::remembered(&page);
    Ok((page, remembered))
}

/// Remembers that the upstream does not have the project.
async fn absent(
    store: &Store,
    upstream: &Upstream,
    project: &ProjectName,
) -> Result<(), UpstreamError> {
    let fetched_at = Timestamp::now();
    let record = PageRecord {
        upstream: upstream.key(),
        project: project.clone(),
        body: Vec::new(),
        etag: None,
        last_modified: None,
        fetched_at,
        fresh_until: after(fetched_at, freshness::DEFAULT),
    };
    Ok(store.database().put_page(&record).await?)
}

fn after(time: Timestamp, lifetime: Duration) -> Timestamp {
    time.checked_add(lifetime).unwrap_or(time)
}

/// Does work on so many bytes where it holds up nobody, if they are many.
async fn large<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, UpstreamError> {
    if bytes < LARGE {
        return Ok(work());
    }
    tokio::task::spawn_blocking(work).await.map_err(|_| UpstreamError::Stopped)
}
