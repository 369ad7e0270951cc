//! What proves to a registry who asks.

use std::fmt;

use provender_net::{Credential, NetError};
use url::Url;

use super::Registry;

/// A credential for a registry, and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryCredential {
    /// The secret.
    pub secret: RegistrySecret,
    /// Where it came from, as told to the user: a file, a helper, a setting.
    pub source: String,
}

/// A secret of a registry. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub enum RegistrySecret {
    /// User and password, for Basic authentication and for asking a token server.
    Password {
        /// The user name.
        user: String,
        /// The password, or a token in its place.
        password: String,
    },
    /// A refresh token that a token server gave for it (docker's `identitytoken`).
    IdentityToken(String),
    /// A token that the registry itself takes (docker's `registrytoken`).
    RegistryToken(String),
}

impl fmt::Debug for RegistrySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password { .. } => "Password(****)",
            Self::IdentityToken(_) => "IdentityToken(****)",
            Self::RegistryToken(_) => "RegistryToken(****)",
        })
    }
}

impl Registry {
    /// The credential for a repository: the longest name in the settings that covers it, else what
    /// the client holds for the registry's URL.
    pub(super) fn credential(
        &self,
        registry: &str,
        repository: &str,
        base: &Url,
    ) -> Result<Option<RegistryCredential>, NetError> {
        let whole = format!("{registry}/{repository}");
        let named = &self.settings().credentials;
        let covering = named.iter().filter(|(name, _)| covers(name, &whole));
        if let Some((_, credential)) = covering.max_by_key(|(name, _)| name.len()) {
            return Ok(Some(credential.clone()));
        }
        let found = self.client().sourced_credential_for(base)?;
        Ok(found.map(|(credential, source)| {
            let secret = match credential {
                Credential::Basic { user, password } => RegistrySecret::Password { user, password },
                Credential::Bearer(token) => RegistrySecret::RegistryToken(token),
            };
            RegistryCredential { secret, source }
        }))
    }
}

/// Whether `HOST[:PORT][/NAMESPACE]` is a repository's, part by part.
pub(super) fn covers(name: &str, whole: &str) -> bool {
    whole.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_covers_its_registry_or_namespace_and_no_other() {
        let whole = "registry.example:5000/team/app";
        assert!(covers("registry.example:5000", whole));
        assert!(covers("registry.example:5000/team", whole));
        assert!(!covers("registry.example", whole));
        assert!(!covers("registry.example:5000/te", whole));
    }

    #[test]
    fn no_secret_is_in_debug_output() {
        let secrets = [
            RegistrySecret::Password { user: "hush".to_owned(), password: "hush".to_owned() },
            RegistrySecret::IdentityToken("hush".to_owned()),
            RegistrySecret::RegistryToken("hush".to_owned()),
        ];
        for secret in secrets {
            let credential = RegistryCredential { secret, source: "config.json".to_owned() };
            assert!(!format!("{credential:?}").contains("hush"));
        }
    }
}
