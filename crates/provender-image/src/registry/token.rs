//! Asking a token server (the distribution project's "Token Authentication Specification" and
//! "OAuth2 Token Authentication").

use std::fmt;
use std::time::{Duration, Instant};

use http::Method;
use http::header::{CONTENT_TYPE, HeaderValue};
use provender_net::{Authorization, Client, Credential, RedactedUrl, Reply, looks_like_html};
use serde::Deserialize;
use url::Url;

use super::error::{Refusal, RegistryError, said};
use super::{RegistryCredential, RegistrySecret};

/// The longest answer that is read, in bytes: tokens are a few KiB.
const LONGEST: u64 = 1 << 20;

/// How long a token lives whose server says nothing: the specification's default.
const LIFE: Duration = Duration::from_secs(60);

/// How long before its end a token is no longer used: a request takes a while.
const MARGIN: Duration = Duration::from_secs(5);

/// Where tokens for a registry are had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Realm {
    pub(super) url: Url,
    pub(super) service: Option<String>,
}

/// A token, and until when it is used.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) bearer: String,
    until: Instant,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(****)")
    }
}

impl Token {
    /// Whether it may still be used.
    pub(super) fn is_fresh(&self) -> bool {
        Instant::now() < self.until
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
    #[serde(default)]
    expires_in: Option<u64>,
}

/// Asks for a token for these scopes.
pub(super) async fn fetch(
    client: &Client,
    realm: &Realm,
    scopes: &[String],
    credential: Option<&RegistryCredential>,
    registry: &str,
) -> Result<Token, RegistryError> {
    let asked_at = Instant::now();
    let reply = match credential {
        Some(RegistryCredential { secret: RegistrySecret::IdentityToken(token), .. }) => {
            let form = form(token, scopes, realm.service.as_deref());
            let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
            let request = client
                .request(Method::POST, &realm.url)
                .authorization(Authorization::None)
                .header(CONTENT_TYPE, form_type)
                .body(form.into_bytes());
            request.repeatable().max_bytes(LONGEST).send().await?
        }
        _ => {
            let mut url = realm.url.clone();
            {
                let mut query = url.query_pairs_mut();
                if let Some(service) = &realm.service {
                    query.append_pair("service", service);
                }
                for scope in scopes {
                    query.append_pair("scope", scope);
                }
            }
            let request = client.request(Method::GET, &url).authorization(basic(credential));
            request.max_bytes(LONGEST).send().await?
        }
    };
    let source = credential.map(|credential| credential.source.clone());
    read(&reply, asked_at, source, registry)
}

fn form(token: &str, scopes: &[String], service: Option<&str>) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "refresh_token")
        .append_pair("client_id", "provender")
        .append_pair("refresh_token", token)
        .append_pair("scope", &scopes.join(" "));
    if let Some(service) = service {
        form.append_pair("service", service);
    }
    form.finish()
}

/// What a token server is shown. Without a credential for the registry it gets what the client holds
/// for the token server itself.
fn basic(credential: Option<&RegistryCredential>) -> Authorization {
    match credential {
        Some(RegistryCredential {
            secret: RegistrySecret::Password { user, password },
            source,
        }) => {
            let credential = Credential::Basic { user: user.clone(), password: password.clone() };
            Authorization::Given { credential, source: source.clone() }
        }
        _ => Authorization::Settings,
    }
}

fn read(
    reply: &Reply,
    asked_at: Instant,
    source: Option<String>,
    registry: &str,
) -> Result<Token, RegistryError> {
    let url = || RedactedUrl::from(&reply.url);
    match reply.status {
        200..=299 => {}
        401 | 403 => {
            return Err(RegistryError::Denied(Box::new(Refusal {
                registry: registry.to_owned(),
                repository: None,
                url: url(),
                status: reply.status,
                said: said(&reply.body),
                credential: source.or_else(|| reply.credentials_from.clone()),
            })));
        }
        _ => return Err(RegistryError::status(reply)),
    }
    if looks_like_html(&reply.content_type, &reply.body) {
        return Err(RegistryError::WebPage { url: url() });
    }
    let malformed = |reason: &str| RegistryError::Malformed {
        what: "token",
        url: url(),
        reason: reason.to_owned(),
    };
    // The parser's own words could show the token.
    let answer: Answer =
        serde_json::from_slice(&reply.body).map_err(|_| malformed("is not the JSON of one"))?;
    let given = answer.token.or(answer.access_token).filter(|token| !token.is_empty());
    let bearer = given.ok_or_else(|| malformed("is missing in the answer"))?;
    let life = answer.expires_in.map_or(LIFE, |seconds| Duration::from_secs(seconds).max(LIFE));
    // A day is longer than any pull or push, and within what a clock can count.
    let life = life.min(Duration::from_hours(24)).saturating_sub(MARGIN);
    Ok(Token { bearer, until: asked_at + life })
}
