//! Docker's `config.json` and podman's `auth.json`, which has the same form.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::credential::covers;
use super::{RegistryCredential, RegistrySecret};

/// Why a file with credentials cannot be used. No part of its content is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadDockerConfig {
    /// It is no JSON of this form.
    #[error("{origin}: not a docker configuration (line {line}, column {column})")]
    Json {
        /// The file.
        origin: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// An `auth` that is not the Base64 of `USER:PASSWORD`.
    #[error("{origin}: `auth` of `{registry}` is not the Base64 of USER:PASSWORD")]
    Auth {
        /// The file.
        origin: String,
        /// The registry whose entry it is.
        registry: String,
    },
    /// A helper whose name is no name of a program.
    #[error("{origin}: `{name}` is not the name of a credential helper")]
    Helper {
        /// The file.
        origin: String,
        /// The name.
        name: String,
    },
}

/// The credentials of a docker configuration. Its `Debug` form shows no secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DockerConfig {
    auths: BTreeMap<String, RegistryCredential>,
    helpers: BTreeMap<String, String>,
    store: Option<String>,
}

/// Where a registry's credential is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored<'a> {
    /// In the file.
    Here(&'a RegistryCredential),
    /// With the program `docker-credential-NAME`; see [`helper`](super::helper).
    Helper(&'a str),
}

impl DockerConfig {
    /// Where the credential for `HOST[:PORT][/REPOSITORY]` is: with the registry's own helper, in the
    /// file, or with the helper for every registry.
    pub fn stored(&self, registry: &str) -> Option<Stored<'_>> {
        let host = registry.split('/').next().unwrap_or_default();
        if let Some(helper) = self.helpers.get(host) {
            return Some(Stored::Helper(helper));
        }
        let covering = self.auths.iter().filter(|(name, _)| covers(name, registry));
        if let Some((_, credential)) = covering.max_by_key(|(name, _)| name.len()) {
            return Some(Stored::Here(credential));
        }
        self.store.as_deref().map(Stored::Helper)
    }

    /// The credentials that stand in the file itself, by `HOST[:PORT][/NAMESPACE]`.
    pub fn credentials(&self) -> impl Iterator<Item = (&str, &RegistryCredential)> {
        self.auths.iter().map(|(name, credential)| (name.as_str(), credential))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(default)]
    auths: Option<BTreeMap<String, Auth>>,
    #[serde(default)]
    cred_helpers: Option<BTreeMap<String, String>>,
    #[serde(default)]
    creds_store: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "lowercase", default)]
struct Auth {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Auth(****)")
    }
}

/// Reads a configuration; `origin` is how the file is named to people.
///
/// # Errors
///
/// A file that is not of this form; the error shows nothing of what stands in it.
pub fn parse(text: &str, origin: &str) -> Result<DockerConfig, BadDockerConfig> {
    let document: Document = serde_json::from_str(text).map_err(|error| BadDockerConfig::Json {
        origin: origin.to_owned(),
        line: error.line(),
        column: error.column(),
    })?;
    let mut config =
        DockerConfig { store: named_helper(document.creds_store), ..DockerConfig::default() };
    for (name, auth) in document.auths.unwrap_or_default() {
        let registry = registry_of(&name);
        let secret = secret_of(auth).map_err(|_| BadDockerConfig::Auth {
            origin: origin.to_owned(),
            registry: registry.clone(),
        })?;
        if let Some(secret) = secret {
            let credential = RegistryCredential { secret, source: origin.to_owned() };
            config.auths.insert(registry, credential);
        }
    }
    for (name, helper) in document.cred_helpers.unwrap_or_default() {
        if let Some(helper) = named_helper(Some(helper)) {
            config.helpers.insert(registry_of(&name), helper);
        }
    }
    // A name with a separator would run a program from elsewhere than the search path.
    let names = config.helpers.values().chain(&config.store);
    match names.into_iter().find(|name| !is_helper_name(name)) {
        Some(name) => {
            Err(BadDockerConfig::Helper { origin: origin.to_owned(), name: name.clone() })
        }
        None => Ok(config),
    }
}

fn named_helper(name: Option<String>) -> Option<String> {
    name.filter(|name| !name.is_empty())
}

fn is_helper_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// The registry that a key names: docker once wrote URLs there.
fn registry_of(key: &str) -> String {
    let bare = key.split_once("://").map_or(key, |(_, rest)| rest);
    let bare = bare.trim_end_matches('/');
    let bare = bare.strip_suffix("/v1").or_else(|| bare.strip_suffix("/v2")).unwrap_or(bare);
    bare.to_owned()
}

struct NoAuth;

fn secret_of(auth: Auth) -> Result<Option<RegistrySecret>, NoAuth> {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    if let Some(token) = given(auth.registrytoken) {
        return Ok(Some(RegistrySecret::RegistryToken(token)));
    }
    if let Some(token) = given(auth.identitytoken) {
        return Ok(Some(RegistrySecret::IdentityToken(token)));
    }
    if let Some(encoded) = given(auth.auth) {
        let decoded = STANDARD.decode(encoded.trim()).map_err(|_| NoAuth)?;
        let decoded = String::from_utf8(decoded).map_err(|_| NoAuth)?;
        let (user, password) = decoded.split_once(':').ok_or(NoAuth)?;
        // Docker pads what it writes with NUL bytes.
        let password = password.trim_end_matches('\0').to_owned();
        return Ok(Some(RegistrySecret::Password { user: user.to_owned(), password }));
    }
    Ok(given(auth.username).map(|user| {
        let password = auth.password.unwrap_or_default();
        RegistrySecret::Password { user, password }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(user: &str, password: &str) -> RegistrySecret {
        RegistrySecret::Password { user: user.to_owned(), password: password.to_owned() }
    }

    fn here(config: &DockerConfig, registry: &str) -> Option<RegistrySecret> {
        match config.stored(registry)? {
            Stored::Here(credential) => Some(credential.secret.clone()),
            Stored::Helper(_) => None,
        }
    }

    #[test]
    fn every_form_of_a_credential_is_read() {
        let text = r#"{"auths": {
            "a.example": {"auth": "bWU6cDp3"},
            "https://b.example:5000/v1/": {"username": "me", "password": "pw"},
            "c.example": {"auth": "bWU6cHc=", "identitytoken": "refresh"},
            "d.example": {"registrytoken": "bearer"},
            "e.example": {},
            "a.example/team": {"auth": "dGVhbTpwdw=="}},
            "HttpHeaders": {"X": "y"}}"#;
        let config = parse(text, "config.json").unwrap();
        assert_eq!(here(&config, "a.example/app"), Some(password("me", "p:w")));
        assert_eq!(here(&config, "a.example/team/app"), Some(password("team", "pw")));
        assert_eq!(here(&config, "b.example:5000"), Some(password("me", "pw")));
        assert_eq!(
            here(&config, "c.example"),
            Some(RegistrySecret::IdentityToken("refresh".into()))
        );
        assert_eq!(
            here(&config, "d.example"),
            Some(RegistrySecret::RegistryToken("bearer".into()))
        );
        assert_eq!(config.stored("e.example"), None);
        assert_eq!(config.credentials().count(), 5);
    }

    #[test]
    fn a_helper_of_its_own_wins_and_the_store_comes_last() {
        let text = r#"{"auths": {"a.example": {"auth": "bWU6cHc="}, "b.example": {"auth": "bWU6cHc="}},
            "credHelpers": {"a.example": "vault"}, "credsStore": "desktop"}"#;
        let config = parse(text, "config.json").unwrap();
        assert_eq!(config.stored("a.example"), Some(Stored::Helper("vault")));
        assert!(here(&config, "b.example").is_some());
        assert_eq!(config.stored("c.example"), Some(Stored::Helper("desktop")));
    }

    #[test]
    fn what_cannot_be_read_is_told_without_its_content() {
        let error = |text: &str| parse(text, "config.json").unwrap_err().to_string();
        let auth = error(r#"{"auths": {"a.example": {"auth": "hush hush"}}}"#);
        assert!(auth.contains("a.example") && !auth.contains("hush"), "{auth}");
        let json = error(r#"{"auths": {"a.example": {"auth": ["hush"]}}}"#);
        assert!(json.contains("line 1") && !json.contains("hush"), "{json}");
        let helper = error(r#"{"credsStore": "../../bin/evil"}"#);
        assert!(helper.contains("credential helper"), "{helper}");
    }

    #[test]
    fn no_secret_is_in_debug_output() {
        let config = parse(r#"{"auths": {"a.example": {"auth": "aHVzaDpodXNo"}}}"#, "f").unwrap();
        let shown = format!("{config:?}");
        assert!(!shown.contains("hush") && !shown.contains("aHVzaDpodXNo"), "{shown}");
    }
}
