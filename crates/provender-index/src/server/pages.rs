//! The list of projects and the pages of projects.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use provender_core::ProjectName;
use provender_store::STOCK;

use super::accept::{Form, form, takes_gzip};
use super::conditional::is_known;
use super::problem::Problem;
use super::rendered::{MadeFrom, PageKey, Rendered};
use super::{Index, PATIENCE, Pull, Source};
use crate::simple::{ProjectPage, render};
use crate::upstream::UpstreamPage;

/// From a page of a project to the root of the index.
const TO_ROOT: &str = "../../";

pub(super) async fn root_without_slash(uri: Uri) -> Response {
    redirect("simple/", &uri)
}

pub(super) async fn root(
    State(index): State<Index>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let form = form(&uri, &headers).ok_or(Problem::NotAcceptable)?;
    let page = index.page(None, form).await?;
    Ok(respond(&page, form, &headers).await)
}

pub(super) async fn project_without_slash(
    Path(name): Path<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    Ok(redirect(&format!("{}/", project_named(&name)?), &uri))
}

pub(super) async fn project(
    State(index): State<Index>,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let project = project_named(&name)?;
    if project.as_ref() != name {
        return Ok(redirect(&format!("../{project}/"), &uri));
    }
    let form = form(&uri, &headers).ok_or(Problem::NotAcceptable)?;
    let page = index.page(Some(project), form).await?;
    Ok(respond(&page, form, &headers).await)
}

fn project_named(name: &str) -> Result<ProjectName, Problem> {
    let not_found = |_| Problem::NotFound(format!("`{}` is no project name", name.escape_debug()));
    name.parse().map_err(not_found)
}

/// Leads to the one URL that a page has (PEP 503), relative so that it works behind a prefix.
fn redirect(to: &str, from: &Uri) -> Response {
    let query = from.query().map(|query| format!("?{query}")).unwrap_or_default();
    (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, format!("{to}{query}"))]).into_response()
}

impl Index {
    /// The page of a project, or the list of projects.
    async fn page(
        &self,
        project: Option<ProjectName>,
        form: Form,
    ) -> Result<Arc<Rendered>, Problem> {
        let inner = &self.0;
        let key = PageKey { project, json: form == Form::Json };
        // Read before what the page is made from: at worst it is made once more than needed.
        let generation = inner.store.database().generation().await?;
        if let Some(page) = inner.pages.get(&key, generation) {
            return Ok(page);
        }
        let (page, fresh_until) = match &key.project {
            None => (Rendered::new(self.project_list(key.json).await?, Source::Store), None),
            Some(project) => {
                let Made { page, upstream, fresh_until } = self.made(project).await?;
                let source = if upstream { Source::Upstream } else { Source::Store };
                let render = if key.json { render::json } else { render::html };
                (Rendered::new(render(&page, TO_ROOT), source), fresh_until)
            }
        };
        let page = Arc::new(page);
        inner.pages.put(key, Arc::clone(&page), MadeFrom { generation, fresh_until });
        Ok(page)
    }

    async fn project_list(&self, json: bool) -> Result<Vec<u8>, Problem> {
        let projects = self.0.store.database().projects(STOCK).await?;
        Ok(if json { render::root_json(&projects) } else { render::root_html(&projects) })
    }

    /// What there is of a project: in the store, and at the upstreams.
    async fn made(&self, project: &ProjectName) -> Result<Made, Problem> {
        let files = self.0.store.database().project_files(STOCK, project).await?;
        let ours = ProjectPage::of_stocked(project, &files);
        let upstream = match &self.0.pull {
            None => Ok(None),
            Some(Pull { upstreams, .. }) => upstreams.page_or_remembered(project, PATIENCE).await,
        };
        let made = |page, upstream, fresh_until| Ok(Made { page, upstream, fresh_until });
        match upstream {
            Ok(Some(theirs)) => {
                let UpstreamPage { page, fresh_until, .. } = Arc::unwrap_or_clone(theirs);
                made(ours.merged_with(page), true, Some(fresh_until))
            }
            Ok(None) if !ours.files.is_empty() => {
                // An upstream may come to have the project; without one nothing but us decides.
                let fresh_until = self.0.pull.as_ref().map(|_| jiff::Timestamp::now());
                made(ours, false, fresh_until)
            }
            Ok(None) => Err(Problem::NotFound(format!("there is no project `{project}` here"))),
            // What is stocked can be installed without the upstream, which is asked again next time.
            Err(_) if !ours.files.is_empty() => made(ours, false, Some(jiff::Timestamp::now())),
            Err(error) => Err(error.into()),
        }
    }
}

struct Made {
    page: ProjectPage,
    /// Whether an upstream had a part in it.
    upstream: bool,
    fresh_until: Option<jiff::Timestamp>,
}

/// The page, compressed if the client takes that, or 304 if it has it already.
async fn respond(page: &Rendered, form: Form, headers: &HeaderMap) -> Response {
    // Both forms of HTML have the same bytes, and are different representations all the same.
    let versioned = if form == Form::HtmlV1 { "-v1" } else { "" };
    let plain = format!("\"{}{versioned}\"", page.digest);
    let gzipped = format!("\"{}{versioned}-gzip\"", page.digest);
    let with_tag = |status: StatusCode, tag: &str, body: Bytes| {
        let mut response = (status, axum::body::Body::from(body)).into_response();
        set(&mut response, header::ETAG, tag);
        // Asked for again each time, so that what was stocked just now is seen, at the price of 304.
        set(&mut response, header::CACHE_CONTROL, "no-cache");
        set(&mut response, header::VARY, "Accept, Accept-Encoding");
        response.extensions_mut().insert(page.source);
        response
    };
    if let Some(known) = is_known(headers, &[&plain, &gzipped]) {
        return with_tag(StatusCode::NOT_MODIFIED, known, Bytes::new());
    }
    let gzip = if takes_gzip(headers) { page.gzip().await } else { None };
    let mut response = match gzip {
        Some(gzip) => {
            let mut response = with_tag(StatusCode::OK, &gzipped, gzip);
            set(&mut response, header::CONTENT_ENCODING, "gzip");
            response
        }
        None => with_tag(StatusCode::OK, &plain, page.body.clone()),
    };
    set(&mut response, header::CONTENT_TYPE, form.content_type());
    response
}

/// Sets a header to a value of ours, which always can be one.
pub(super) fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}
