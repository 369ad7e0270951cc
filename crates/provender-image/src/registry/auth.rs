//! How requests to one registry are authorised.
//!
//! What a registry wants is learnt from its first challenge and remembered; tokens are kept for each
//! set of scopes until they end. A request that is refused with a token that was kept is made again
//! with a new one, once.

use std::collections::BTreeMap;

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;
use provender_net::{Authorization, Client, Credential, RedactedUrl};
use tokio::sync::Mutex;
use url::Url;

use super::challenge::{self, Challenge};
use super::error::RegistryError;
use super::scope::Scope;
use super::token::{self, Realm, Token};
use super::{RegistryCredential, RegistrySecret};

/// What is known of a registry's wishes.
#[derive(Debug, Default)]
pub(super) struct Auth {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    scheme: Option<Scheme>,
    /// By the scopes, joined with spaces.
    tokens: BTreeMap<String, Token>,
}

#[derive(Debug, Clone)]
enum Scheme {
    Basic,
    Bearer(Realm),
}

/// Who asks for what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker<'a> {
    pub(super) client: &'a Client,
    pub(super) registry: &'a str,
    /// Whether realms of plain http may be asked: where the registry itself is one.
    pub(super) may_be_plain: bool,
    pub(super) scopes: &'a [Scope],
    pub(super) credential: Option<&'a RegistryCredential>,
}

/// What a request carries.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    pub(super) authorization: Authorization,
    /// Whether a refusal of it is final.
    is_last: bool,
}

impl Auth {
    /// What to show without being asked.
    pub(super) async fn shown(&self, asker: Asker<'_>) -> Result<Shown, RegistryError> {
        let mut known = self.known.lock().await;
        match known.scheme.clone() {
            None => Ok(Shown { authorization: Authorization::None, is_last: false }),
            Some(Scheme::Basic) => {
                let authorization = direct(asker.credential, true).unwrap_or(Authorization::None);
                Ok(Shown { authorization, is_last: true })
            }
            Some(Scheme::Bearer(realm)) => known.bearer(&realm, &[], asker).await,
        }
    }

    /// What to show after a refusal with these headers; none where nothing else can be shown.
    pub(super) async fn answer(
        &self,
        headers: &HeaderMap,
        refused: &Shown,
        asker: Asker<'_>,
    ) -> Result<Option<Shown>, RegistryError> {
        if refused.is_last {
            return Ok(None);
        }
        let values = headers.get_all(WWW_AUTHENTICATE).iter();
        let challenges: Vec<Challenge> =
            values.filter_map(|value| value.to_str().ok()).flat_map(challenge::parse).collect();
        let of = |scheme: &str| challenges.iter().find(|challenge| challenge.scheme == scheme);
        let mut known = self.known.lock().await;
        if let Some(challenge) = of("bearer")
            && let Some(realm) = challenge.get("realm")
        {
            let realm = realm_of(realm, challenge, asker)?;
            known.scheme = Some(Scheme::Bearer(realm.clone()));
            if let Authorization::Given { credential: Credential::Bearer(token), .. } =
                &refused.authorization
            {
                known.tokens.retain(|_, kept| kept.bearer != *token);
            }
            // A registry may want more than what was asked for; what it wants decides.
            let wanted = challenge.get("scope").into_iter().flat_map(str::split_ascii_whitespace);
            let more: Vec<String> = wanted
                .filter(|wanted| !asker.scopes.iter().any(|scope| scope.covers(wanted)))
                .map(str::to_owned)
                .collect();
            return known.bearer(&realm, &more, asker).await.map(Some);
        }
        let Some(authorization) = of("basic").and_then(|_| direct(asker.credential, true)) else {
            return Ok(None);
        };
        known.scheme = Some(Scheme::Basic);
        Ok(Some(Shown { authorization, is_last: true }))
    }
}

impl Known {
    /// A token for the scopes: one that is kept, or a new one.
    async fn bearer(
        &mut self,
        realm: &Realm,
        more: &[String],
        asker: Asker<'_>,
    ) -> Result<Shown, RegistryError> {
        if let Some(authorization) = direct(asker.credential, false) {
            return Ok(Shown { authorization, is_last: true });
        }
        let mut scopes: Vec<String> = asker.scopes.iter().map(Scope::to_string).collect();
        scopes.extend_from_slice(more);
        let key = scopes.join(" ");
        self.tokens.retain(|_, token| token.is_fresh());
        let kept = self.tokens.get(&key).cloned();
        let is_last = kept.is_none();
        let token = match kept {
            Some(token) => token,
            None => {
                let Asker { client, credential, registry, .. } = asker;
                let token = token::fetch(client, realm, &scopes, credential, registry).await?;
                self.tokens.insert(key, token.clone());
                token
            }
        };
        let source = match asker.credential {
            Some(credential) => credential.source.clone(),
            None => "a token for anybody".to_owned(),
        };
        let credential = Credential::Bearer(token.bearer);
        Ok(Shown { authorization: Authorization::Given { credential, source }, is_last })
    }
}

/// The credentials that are shown to the registry itself.
fn direct(credential: Option<&RegistryCredential>, basic: bool) -> Option<Authorization> {
    let RegistryCredential { secret, source } = credential?;
    let credential = match secret {
        RegistrySecret::RegistryToken(token) => Credential::Bearer(token.clone()),
        RegistrySecret::Password { user, password } if basic => {
            Credential::Basic { user: user.clone(), password: password.clone() }
        }
        _ => return None,
    };
    Some(Authorization::Given { credential, source: source.clone() })
}

fn realm_of(realm: &str, challenge: &Challenge, asker: Asker<'_>) -> Result<Realm, RegistryError> {
    let bad = |reason: &str| RegistryError::Realm {
        registry: asker.registry.to_owned(),
        reason: reason.to_owned(),
    };
    let url = Url::parse(realm).map_err(|_| bad("no URL"))?;
    match url.scheme() {
        "https" => {}
        "http" if asker.may_be_plain => {}
        // The password would go over the wire in clear.
        "http" => {
            let place = RedactedUrl::from(&url);
            return Err(RegistryError::Insecure {
                registry: asker.registry.to_owned(),
                url: place,
            });
        }
        _ => return Err(bad("neither https nor http")),
    }
    Ok(Realm { url, service: challenge.get("service").map(str::to_owned) })
}
