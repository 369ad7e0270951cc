//! Upstream indexes: their pages are asked for, remembered in the store and asked for again when
//! they are no longer fresh (RFC 9111).
//!
//! Of several indexes the first that has the project wins, as the resolver has it. So an index that
//! gives no answer is an error, not a reason to ask the next one: a project of the same name there
//! may be somebody else's.

mod ask;
mod flights;
mod freshness;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use provender_core::ProjectName;
use provender_net::{Client, NetError, RedactedUrl};
use provender_store::{DatabaseError, Store};
use tokio::sync::Semaphore;
use url::Url;

use crate::simple::{PageError, ProjectPage};
use flights::Flights;

/// How long an index that gave no answer is left alone while there is something remembered to serve.
const REST: Duration = Duration::from_secs(30);

/// How many pages are asked for at once; more wait. A page is read whole, so it bounds memory.
const PAGES_AT_ONCE: usize = 32;

/// An index that is pulled through.
#[derive(Clone)]
pub struct Upstream {
    name: String,
    url: Url,
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream")
            .field("name", &self.name)
            .field("url", &RedactedUrl::from(&self.url))
            .finish()
    }
}

impl Upstream {
    /// The index whose simple API is at `url`, which may hold credentials. The name is for people.
    pub fn new(name: impl Into<String>, mut url: Url) -> Self {
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        Self { name: name.into(), url }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its URL without credentials: what its pages are remembered by.
    pub fn key(&self) -> String {
        provender_core::redact::without_userinfo(self.url.as_str())
    }

    /// Where its page of a project is, with its credentials.
    fn page_url(&self, project: &ProjectName) -> Url {
        let mut url = self.url.clone();
        let path = format!("{}{project}/", self.url.path());
        url.set_path(&path);
        url
    }
}

/// How new a page has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Freshness {
    /// What is remembered will do for as long as the upstream said, or ten minutes.
    Remembered,
    /// The upstream is asked, at the price of a 304 if nothing changed.
    Revalidate,
}

/// A page of an upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamPage {
    /// The page, with the upstream's own URLs.
    pub page: ProjectPage,
    /// The URL of the upstream, without credentials.
    pub upstream: String,
    /// Until when it need not be asked for again; past if it is remembered for want of an answer.
    pub fresh_until: Timestamp,
}

/// Why there is no page.
#[derive(Debug, Clone, thiserror::Error)]
pub enum UpstreamError {
    /// The upstream gave no answer, or an error.
    #[error("the index `{index}` gave no page of `{project}`: {source}")]
    Net {
        /// The upstream's name.
        index: String,
        /// The project.
        project: ProjectName,
        /// What happened.
        source: Arc<NetError>,
    },
    /// The answer is no page of the project.
    #[error("{url} is no page of `{project}`: {source}")]
    Page {
        /// Where the answer came from.
        url: RedactedUrl,
        /// The project.
        project: ProjectName,
        /// What is wrong with it.
        source: PageError,
    },
    /// The database gave no answer.
    #[error(transparent)]
    Database(Arc<DatabaseError>),
    /// The program is ending.
    #[error("the program is ending")]
    Stopped,
}

impl From<DatabaseError> for UpstreamError {
    fn from(error: DatabaseError) -> Self {
        Self::Database(Arc::new(error))
    }
}

impl UpstreamError {
    /// What to do about it; none if there is nothing better to say than the message.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Net { source, .. } => source.hint(),
            Self::Page { source, .. } => Some(source.hint().to_owned()),
            Self::Database(_) | Self::Stopped => None,
        }
    }

    /// Whether waiting may help: no connection, a timeout, an error of the server.
    fn is_outage(&self) -> bool {
        match self {
            Self::Net { source, .. } => !matches!(
                **source,
                NetError::Status { status: ..500, .. } | NetError::Offline { .. }
            ),
            Self::Page { .. } => true,
            Self::Database(_) | Self::Stopped => false,
        }
    }
}

type Answer = Result<Option<Arc<UpstreamPage>>, UpstreamError>;

/// The indexes that are pulled through. Clones share everything.
#[derive(Debug, Clone)]
pub struct Upstreams(Arc<Inner>);

struct Inner {
    store: Store,
    client: Client,
    in_order: Vec<Upstream>,
    only_for: BTreeMap<ProjectName, Upstream>,
    flights: Flights<(ProjectName, Freshness), Answer>,
    slots: Semaphore,
    /// Until when nobody is asked if something remembered can be served.
    resting_until: Mutex<Option<Instant>>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("in_order", &self.in_order)
            .field("only_for", &self.only_for)
            .finish_non_exhaustive()
    }
}

impl Upstreams {
    /// These indexes in order, asked with `client` and remembered in `store`. The projects of
    /// `only_for` are asked of the index named there and of no other.
    pub fn new(
        store: Store,
        client: Client,
        in_order: Vec<Upstream>,
        only_for: BTreeMap<ProjectName, Upstream>,
    ) -> Self {
        let flights = Flights::default();
        let (slots, resting_until) = (Semaphore::new(PAGES_AT_ONCE), Mutex::default());
        Self(Arc::new(Inner { store, client, in_order, only_for, flights, slots, resting_until }))
    }

    /// The page of a project from the first index that has it; none if no index has it.
    ///
    /// However many ask at once, an upstream is asked once. Who asks may leave: the answer is
    /// remembered all the same.
    ///
    /// # Errors
    ///
    /// When an index gives no answer or something that is no page, whatever was remembered of it.
    pub async fn page(&self, project: &ProjectName, freshness: Freshness) -> Answer {
        let asked = (self.clone(), project.clone());
        let ask = move || async move {
            let (upstreams, project) = asked;
            let answer = upstreams.ask_in_order(&project, freshness).await;
            upstreams.rest_after(&answer);
            answer
        };
        let key = (project.clone(), freshness);
        self.0.flights.join(key, ask).await.unwrap_or(Err(UpstreamError::Stopped))
    }

    /// The page of a project as it was last answered, however long ago; nobody is asked. None if no
    /// index is known to have it.
    ///
    /// # Errors
    ///
    /// When the database gives no answer.
    pub async fn remembered(&self, project: &ProjectName) -> Answer {
        for upstream in self.for_project(project) {
            let remembered = ask::remembered(&self.0.store, upstream, project).await?;
            // Of what an index was never asked, the next one does not decide.
            let Some(remembered) = remembered else { return Ok(None) };
            if let Some(page) = remembered.page {
                return Ok(Some(Arc::new(page)));
            }
        }
        Ok(None)
    }

    /// As [`page`](Self::page) for [`Freshness::Remembered`], but what is remembered serves in the
    /// place of an error, and of an answer that takes longer than `patience` (stale-if-error,
    /// RFC 5861). The upstream's answer is then still waited for in the background.
    ///
    /// # Errors
    ///
    /// Those of [`page`](Self::page), when nothing is remembered.
    pub async fn page_or_remembered(&self, project: &ProjectName, patience: Duration) -> Answer {
        if self.is_resting()
            && let Some(page) = self.remembered(project).await?
        {
            return Ok(Some(page));
        }
        let mut asked = std::pin::pin!(self.page(project, Freshness::Remembered));
        match tokio::time::timeout(patience, &mut asked).await {
            Ok(Ok(page)) => Ok(page),
            Ok(Err(error)) => match self.remembered(project).await? {
                Some(page) => Ok(Some(page)),
                None => Err(error),
            },
            Err(_) => match self.remembered(project).await? {
                Some(page) => Ok(Some(page)),
                None => asked.await,
            },
        }
    }

    /// Where to download a file of a page: its URL, with the credentials of the index that is on
    /// the same server, if that has any.
    pub fn download_url(&self, file: &Url) -> Url {
        let all = self.0.in_order.iter().chain(self.0.only_for.values());
        let mut same_server = all.filter(|upstream| upstream.url.origin() == file.origin());
        let mut url = file.clone();
        if let Some(upstream) = same_server.find(|upstream| !upstream.url.username().is_empty()) {
            // Both fail only for URLs that cannot hold credentials.
            let _ = url.set_username(upstream.url.username());
            let _ = url.set_password(upstream.url.password());
        }
        url
    }

    fn for_project(&self, project: &ProjectName) -> &[Upstream] {
        match self.0.only_for.get(project) {
            Some(only) => std::slice::from_ref(only),
            None => &self.0.in_order,
        }
    }

    async fn ask_in_order(&self, project: &ProjectName, freshness: Freshness) -> Answer {
        for upstream in self.for_project(project) {
            if let Some(page) = ask::page(&self.0, upstream, project, freshness).await? {
                return Ok(Some(Arc::new(page)));
            }
        }
        Ok(None)
    }

    fn is_resting(&self) -> bool {
        let resting_until = self.0.resting_until.lock().unwrap_or_else(PoisonError::into_inner);
        resting_until.is_some_and(|until| until > Instant::now())
    }

    fn rest_after(&self, answer: &Answer) {
        let outage = answer.as_ref().is_err_and(UpstreamError::is_outage);
        let until = outage.then(|| Instant::now() + REST);
        *self.0.resting_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}
