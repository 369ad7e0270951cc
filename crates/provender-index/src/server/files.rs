//! Files and their metadata: from the store, else pulled through.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use provender_core::{ProjectName, Sha256};
use provender_store::{STOCK, StockedFile, Verdict};

use super::conditional::{Part, is_known, part};
use super::pages::set;
use super::problem::Problem;
use super::{Index, PATIENCE, Pull, Source, body};
use crate::simple::{PageFile, ProjectPage, is_plain};
use crate::transfer::{Arrival, MAX_FILE, MAX_METADATA, Wanted};

/// What a path under `/packages/` names.
struct Named {
    /// The digest of the file, also where its metadata is asked for.
    sha256: Sha256,
    filename: String,
    metadata: bool,
}

impl Named {
    /// None for a path that is not written as our pages write it.
    fn from(first: &str, second: &str, hex: &str, filename: &str) -> Option<Self> {
        let sha256: Sha256 = hex.parse().ok()?;
        let canonical = hex.get(..2) == Some(first) && hex.get(2..4) == Some(second);
        if !canonical || hex != sha256.to_string() || !is_plain(filename) {
            return None;
        }
        let (filename, metadata) = match filename.strip_suffix(".metadata") {
            Some(filename) => (filename, true),
            None => (filename, false),
        };
        Some(Self { sha256, filename: filename.to_owned(), metadata })
    }
}

/// A file that an upstream promises.
struct Promised {
    wanted: Wanted,
    size: Option<u64>,
}

/// The client's request, as far as it matters for a file.
struct Asked<'a> {
    method: &'a Method,
    headers: &'a HeaderMap,
    filename: &'a str,
}

pub(super) async fn file(
    State(index): State<Index>,
    method: Method,
    Path((first, second, hex, filename)): Path<(String, String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let not_found = || {
        let filename = filename.escape_debug();
        Problem::NotFound(format!("there is no file `{filename}` with the sha256 {hex} here"))
    };
    let named = Named::from(&first, &second, &hex, &filename).ok_or_else(not_found)?;
    let asked = Asked { method: &method, headers: &headers, filename: &filename };
    if let Some(sha256) = index.stored(&named).await? {
        match index.blob_response(sha256, &asked, Source::Store).await {
            // What was changed or lost here can still be had from upstream.
            Err(Problem::Damaged(_)) if index.0.pull.is_some() => {}
            response => return response,
        }
    }
    let promised = index.promised(&named).await?.ok_or_else(not_found)?;
    index.pulled_through(promised, &asked).await
}

impl Index {
    /// The digest of what is asked for, if the store has it.
    async fn stored(&self, named: &Named) -> Result<Option<Sha256>, Problem> {
        let file = self.0.store.database().file(STOCK, &named.filename).await?;
        let file = file.filter(|file| file.record.sha256 == named.sha256);
        Ok(file.and_then(|StockedFile { record, present, metadata_present }| {
            if named.metadata {
                record.metadata.filter(|_| metadata_present)
            } else {
                Some(record.sha256).filter(|_| present)
            }
        }))
    }

    /// A blob, or the part of it that is asked for.
    async fn blob_response(
        &self,
        sha256: Sha256,
        asked: &Asked<'_>,
        source: Source,
    ) -> Result<Response, Problem> {
        let tag = format!("\"{sha256}\"");
        if is_known(asked.headers, &[&tag]).is_some() {
            return Ok(with_head(StatusCode::NOT_MODIFIED.into_response(), &tag, source));
        }
        let store = &self.0.store;
        let damaged = || Problem::Damaged(asked.filename.to_owned());
        let size = self.intact(&sha256).await?.ok_or_else(damaged)?;
        let (status, range) = match part(asked.headers, &tag, size) {
            Part::Whole => (StatusCode::OK, 0..size),
            Part::Range(range) => (StatusCode::PARTIAL_CONTENT, range),
            Part::Unsatisfiable => return Err(Problem::RangeNotSatisfiable(size)),
        };
        let (first, length) = (range.start, range.end - range.start);
        let body = if asked.method == Method::HEAD {
            Body::empty()
        } else {
            let reader = store.blobs().open(&sha256, Some(range)).await?.ok_or_else(damaged)?;
            body::of_blob(reader).await.map_err(|_| damaged())?
        };
        let mut response = with_head((status, body).into_response(), &tag, source);
        set(&mut response, header::CONTENT_TYPE, "application/octet-stream");
        set(&mut response, header::CONTENT_LENGTH, &length.to_string());
        set(&mut response, header::ACCEPT_RANGES, "bytes");
        if status == StatusCode::PARTIAL_CONTENT {
            let last = first + length - 1;
            set(&mut response, header::CONTENT_RANGE, &format!("bytes {first}-{last}/{size}"));
        }
        Ok(response)
    }

    /// The length of a blob that is as it was recorded. One that somebody touched is read and compared
    /// with its digest first; none if it is missing or has other bytes, which is recorded.
    async fn intact(&self, sha256: &Sha256) -> Result<Option<u64>, Problem> {
        let (blobs, database) = (self.0.store.blobs(), self.0.store.database());
        let (found, recorded) = tokio::join!(blobs.info(sha256), database.blob(sha256));
        let recorded = recorded?.filter(|row| !row.damaged).map(|row| row.info);
        if let (Some(found), Some(recorded)) = (found?, recorded)
            && found.size == recorded.size
        {
            if found.modified == recorded.modified {
                return Ok(Some(found.size));
            }
            if blobs.verify(sha256).await? == Verdict::Intact {
                database.record_blob(&found).await?;
                return Ok(Some(found.size));
            }
        }
        // One that is marked already is not written again with each request.
        if recorded.is_some() {
            database.mark_damaged(sha256).await?;
        }
        Ok(None)
    }

    /// What an upstream's page promises; none if no page promises this digest for this name.
    async fn promised(&self, named: &Named) -> Result<Option<Promised>, Problem> {
        let Some(Pull { upstreams, .. }) = &self.0.pull else { return Ok(None) };
        let database = self.0.store.database();
        // Of a name that is stocked our page offers what is stocked, and nothing else comes in its place.
        let ours = database.file(STOCK, &named.filename).await?;
        let ours = ours.filter(|ours| ours.present);
        if ours.as_ref().is_some_and(|ours| ours.record.sha256 != named.sha256) {
            return Ok(None);
        }
        for project in projects_of(&named.filename) {
            let page = upstreams.page_or_remembered(&project, PATIENCE).await?;
            let page = page.as_ref().map(|page| &page.page);
            let stocked = database.project_files(STOCK, &project).await?;
            let stocked = ProjectPage::of_stocked(&project, &stocked);
            let page = page.filter(|page| stocked.is_of_the_same_project(page));
            let file = page.and_then(|page| page.file(&named.filename));
            let Some(file) = file.filter(|file| file.sha256 == Some(named.sha256)) else {
                continue;
            };
            // Beside a wheel that is here, no other metadata than its own.
            let is_wheel = named.metadata && named.filename.ends_with(".whl");
            if is_wheel && ours.is_some_and(|ours| ours.record.metadata != file.metadata.sha256()) {
                return Ok(None);
            }
            return Ok(self.wanted(named, &project, file));
        }
        Ok(None)
    }

    fn wanted(&self, named: &Named, project: &ProjectName, file: &PageFile) -> Option<Promised> {
        let Pull { upstreams, .. } = self.0.pull.as_ref()?;
        let mut url = upstreams.download_url(file.url.as_ref()?);
        if named.metadata {
            url.set_path(&format!("{}.metadata", url.path()));
            let sha256 = file.metadata.sha256()?;
            let wanted = Wanted { url, sha256, size: None, at_most: MAX_METADATA, record: None };
            return Some(Promised { wanted, size: None });
        }
        let record = file.record(STOCK, project).map(Box::new);
        let (sha256, size) = (named.sha256, file.size);
        let wanted = Wanted { url, sha256, size, at_most: MAX_FILE, record };
        Some(Promised { wanted, size: file.size })
    }

    async fn pulled_through(
        &self,
        promised: Promised,
        asked: &Asked<'_>,
    ) -> Result<Response, Problem> {
        let Some(Pull { transfers, .. }) = &self.0.pull else {
            return Err(Problem::NotFound("this index asks no upstream".to_owned()));
        };
        let sha256 = promised.wanted.sha256;
        let tag = format!("\"{sha256}\"");
        if is_known(asked.headers, &[&tag]).is_some() {
            let response = StatusCode::NOT_MODIFIED.into_response();
            return Ok(with_head(response, &tag, Source::Upstream));
        }
        // Whoever asks about a file does not need it yet. Ranges are not offered: until the file is
        // here, a client that reads it from its beginning is served sooner.
        if let (&Method::HEAD, Some(size)) = (asked.method, promised.size) {
            return Ok(arriving(Body::empty(), size, &tag));
        }
        match transfers.fetch(promised.wanted).arrival().await? {
            Arrival::Kept(_) => self.blob_response(sha256, asked, Source::Upstream).await,
            Arrival::Arriving(size, tail) => Ok(arriving(body::of_tail(tail), size, &tag)),
        }
    }
}

fn arriving(body: Body, size: u64, tag: &str) -> Response {
    let mut response = with_head(body.into_response(), tag, Source::Upstream);
    set(&mut response, header::CONTENT_TYPE, "application/octet-stream");
    set(&mut response, header::CONTENT_LENGTH, &size.to_string());
    response
}

/// A file's URL names its digest, so what is there never changes.
fn with_head(mut response: Response, tag: &str, source: Source) -> Response {
    set(&mut response, header::ETAG, tag);
    set(&mut response, header::CACHE_CONTROL, "public, max-age=31536000, immutable");
    response.extensions_mut().insert(source);
    response
}

/// The projects that a file may belong to. A wheel's name says it; in that of an sdist, any hyphen
/// may end the project's name, most likely the last one.
fn projects_of(filename: &str) -> Vec<ProjectName> {
    let is_wheel = filename.ends_with(".whl");
    let ends = filename.match_indices('-').map(|(end, _)| end);
    let names = ends.filter_map(|end| filename.get(..end)?.parse().ok());
    let mut names: Vec<_> = if is_wheel { names.take(1).collect() } else { names.collect() };
    names.reverse();
    // A name with more hyphens than any real one is made up.
    names.truncate(8);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn projects(filename: &str) -> Vec<String> {
        projects_of(filename).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_file_name_says_which_projects_it_may_belong_to() {
        assert_eq!(projects("Some_Project-1.0-py3-none-any.whl"), ["some-project"]);
        assert_eq!(projects("some-project-1.0.tar.gz"), ["some-project", "some"]);
        assert_eq!(projects("none.tar.gz"), Vec::<String>::new());
    }

    #[test]
    fn only_the_path_that_our_pages_write_names_a_file() {
        let hex = "ab12".repeat(16);
        let named =
            |first, second, hex: &str, name| Named::from(first, second, hex, name).is_some();
        assert!(named("ab", "12", &hex, "a-1.tar.gz"));
        assert!(!named("ab", "13", &hex, "a-1.tar.gz"));
        assert!(!named("AB", "12", &hex.to_uppercase(), "a-1.tar.gz"));
        assert!(!named("ab", "12", &hex, "../a-1.tar.gz"));
        assert!(!named("ab", "12", "ab12", "a-1.tar.gz"));
    }
}
