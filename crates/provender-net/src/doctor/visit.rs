//! The harmless request that is made where a connection verifies, or where the URL asks for none.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{ACCEPT, DATE, LOCATION};
use url::Url;

use super::page::{date, is_index, title};
use super::{Expects, Target};
use crate::answer::{content_type, looks_like_html};
use crate::ask_proxy::schemes_of;
use crate::client::Client;
use crate::error::NetError;
use crate::proxy_failure::{ProxyFailure, ProxyProblem};
use crate::redact::{RedactedUrl, host_of, redact};

/// How many redirects are followed.
const MOST_HOPS: usize = 5;

/// How much of a body is read, in bytes: enough to know a page by.
const MOST_BODY: usize = 64 * 1024;

/// What came of the request.
#[derive(Debug)]
pub(super) struct Visit {
    /// The status of the last answer.
    pub(super) status: u16,
    /// The time of the host that was asked, from its first answer.
    pub(super) date: Option<Timestamp>,
    /// The content type of the last answer.
    pub(super) content_type: String,
    /// Where redirects led, if to another host.
    pub(super) elsewhere: Option<String>,
    /// Set if something answers in the host's place.
    pub(super) portal: Option<Portal>,
    /// Why redirects came to no answer; none if they led to one, or if there were none.
    pub(super) astray: Option<Astray>,
}

/// Where redirects ended without an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Astray {
    /// Where the last one leads, without credentials.
    pub(super) at: String,
    /// Why it was not followed to an answer.
    pub(super) why: String,
}

/// What answers in a host's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Portal {
    /// Whether it is a page where something else was expected, as blocking proxies answer, and not
    /// a redirect to where one signs in.
    pub(super) page: bool,
    /// What gave it away.
    pub(super) sign: String,
    /// Where to look at it, without credentials.
    pub(super) at: String,
}

/// Asks for the URL without credentials, follows redirects, and reads the start of the answer.
///
/// # Errors
///
/// Everything that keeps an answer from coming, from the host that was asked for; an error status
/// is an answer, and so is a redirect that leads nowhere ([`Visit::astray`]).
pub(super) async fn visit(
    client: &Client,
    target: &Target,
    limit: Duration,
) -> Result<Visit, NetError> {
    let url = &target.url;
    let timed = tokio::time::timeout(limit, follow(client, target)).await;
    timed.unwrap_or_else(|_| {
        let url = RedactedUrl::from(url);
        Err(NetError::Timeout { url, connecting: false, after: limit })
    })
}

async fn follow(client: &Client, target: &Target) -> Result<Visit, NetError> {
    let http = client.resolver_client();
    let mut url = without_credentials(&target.url);
    let mut first_date = None;
    let mut last: Option<(u16, String)> = None;
    let mut hop = 0;
    loop {
        let request = http.get(url.clone()).header(ACCEPT, accepted(target.expects));
        let mut response = match (request.send().await, last.take()) {
            (Ok(response), _) => response,
            // The host has answered with a redirect; what fails is its target.
            (Err(error), Some((status, content_type))) => {
                let why = client.failed(&error, &url).to_string();
                let visit = ended(target, &url, status, content_type, first_date, &[]);
                return Ok(visit.astray(&url, why));
            }
            (Err(error), None) => {
                return Err(client.with_offered_schemes(client.failed(&error, &url), &url).await);
            }
        };
        let status = response.status().as_u16();
        if hop == 0 {
            let told = response.headers().get(DATE).and_then(|value| value.to_str().ok());
            first_date = told.and_then(date);
        }
        if status == 407
            && let Some(proxy) = client.proxies().proxy_for(&url)
        {
            let offered = schemes_of(response.headers());
            let problem =
                ProxyProblem::AuthenticationRequired { offered, sent: proxy.has_credentials() };
            return Err(ProxyFailure::new(RedactedUrl::from(&url), proxy, problem).into());
        }
        let content_type = content_type(&response);
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let next = location.and_then(|location| url.join(location).ok());
        if matches!(status, 301 | 302 | 303 | 307 | 308) {
            let signs_in = next.as_ref().is_some_and(|next| leads_to_login(target, next));
            let unfollowed = unfollowed(&url, next.as_ref(), hop);
            if let Some(next) = &next {
                url = without_credentials(next);
            }
            if signs_in || unfollowed.is_some() {
                let visit = ended(target, &url, status, content_type, first_date, &[]);
                return Ok(match unfollowed {
                    Some(why) => visit.astray(&url, why),
                    None => visit,
                });
            }
            last = Some((status, content_type));
            hop += 1;
            continue;
        }
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() >= MOST_BODY {
                break;
            }
        }
        return Ok(ended(target, &url, status, content_type, first_date, &body));
    }
}

/// Why a redirect from `url` is not followed; none if it is.
fn unfollowed(url: &Url, next: Option<&Url>, hop: usize) -> Option<String> {
    let Some(next) = next else { return Some("it names no place".to_owned()) };
    if url.scheme() == "https" && next.scheme() != "https" {
        return Some("it leaves https".to_owned());
    }
    if !matches!(next.scheme(), "http" | "https") {
        return Some(format!("the scheme `{}` is not known", next.scheme()));
    }
    (hop >= MOST_HOPS).then(|| format!("it comes after {MOST_HOPS} others"))
}

fn ended(
    target: &Target,
    landed: &Url,
    status: u16,
    content_type: String,
    date: Option<Timestamp>,
    body: &[u8],
) -> Visit {
    let elsewhere = (host_of(landed) != host_of(&target.url)).then(|| redact(landed));
    let portal = portal(target, landed, status, &content_type, body);
    Visit { status, date, content_type, elsewhere, portal, astray: None }
}

impl Visit {
    /// The same, where the last redirect leads to `next` and to no answer. A portal explains that.
    fn astray(mut self, next: &Url, why: String) -> Self {
        if self.portal.is_none() {
            self.astray = Some(Astray { at: redact(next), why });
        }
        self
    }
}

/// Whether something else answered than what was asked.
fn portal(
    target: &Target,
    landed: &Url,
    status: u16,
    content_type: &str,
    body: &[u8],
) -> Option<Portal> {
    let at = redact(landed);
    let redirect = |sign: String| Some(Portal { page: false, sign, at: at.clone() });
    if status == 511 {
        return redirect("answered 511 (Network Authentication Required)".to_owned());
    }
    if leads_to_login(target, landed) {
        return redirect(format!("redirects to {at}"));
    }
    // Redirects have pages of their own, for those who do not follow them.
    if matches!(status, 300..=399) || !looks_like_html(content_type, body) {
        return None;
    }
    let html = String::from_utf8_lossy(body);
    let fits = match target.expects {
        Expects::Anything => true,
        // An index that says no, such as for wrong credentials, may say so in HTML.
        Expects::IndexPage => is_index(&html) || matches!(status, 401 | 404 | 410 | 500..=599),
        Expects::Json => matches!(status, 401 | 404 | 410 | 500..=599),
        // Hosts of files list no files at their root, and some refuse it.
        Expects::File => match status {
            401 | 404 | 410 | 500..=599 => true,
            403 => target.url.path() == "/",
            _ => false,
        },
    };
    if fits {
        return None;
    }
    let called = title(&html).map(|title| format!(" called `{title}`")).unwrap_or_default();
    let sign = format!("a web page{called} came with status {status} from {at}");
    Some(Portal { page: true, sign, at: at.clone() })
}

/// Whether a redirect leads to another host, and there to where one signs in.
fn leads_to_login(target: &Target, next: &Url) -> bool {
    const WORDS: [&str; 9] =
        ["login", "signin", "sign-in", "logon", "portal", "captive", "hotspot", "guest", "blocked"];
    if host_of(next) == host_of(&target.url) {
        return false;
    }
    let place = format!("{}{}", host_of(next), next.path()).to_ascii_lowercase();
    let words: Vec<&str> = place.split(['.', '/', '_', '-', '?']).collect();
    WORDS.iter().any(|word| words.contains(word))
}

fn accepted(expects: Expects) -> &'static str {
    match expects {
        Expects::IndexPage => {
            "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, \
             text/html;q=0.01"
        }
        Expects::Json => "application/json",
        Expects::File | Expects::Anything => "*/*",
    }
}

pub(super) fn without_credentials(url: &Url) -> Url {
    let mut bare = url.clone();
    // These fail only for URLs that cannot have credentials.
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    bare
}
