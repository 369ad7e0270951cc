//! What a registry holds, and how it behaves.

use std::collections::{BTreeMap, BTreeSet};

use crate::http::{Reply, Request, basic};
use crate::release::sha256_hex;

#[derive(Default)]
pub(super) struct State {
    pub(super) repositories: BTreeMap<String, Repository>,
    /// Repository and bytes of the uploads that have begun.
    pub(super) uploads: BTreeMap<String, (String, Vec<u8>)>,
    pub(super) begun: usize,
    pub(super) no_referrers: bool,
    pub(super) no_mounts: bool,
    pub(super) no_digest_headers: bool,
    pub(super) absolute: bool,
    pub(super) shortest_chunk: usize,
    pub(super) cut: Option<usize>,
    /// Replies that were ordered: method, prefix of the path, reply.
    pub(super) orders: Vec<(String, String, Reply)>,
    tokens: Option<Tokens>,
}

#[derive(Default)]
pub(super) struct Repository {
    pub(super) blobs: BTreeMap<String, Vec<u8>>,
    /// Media type and bytes by digest.
    pub(super) manifests: BTreeMap<String, (String, Vec<u8>)>,
    pub(super) tags: BTreeMap<String, String>,
}

struct Tokens {
    login: String,
    anonymous: bool,
    valid: BTreeMap<String, BTreeSet<String>>,
    given: usize,
}

pub(super) fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{}", sha256_hex(bytes))
}

impl State {
    pub(super) fn add_blob(&mut self, repository: &str, bytes: &[u8]) -> String {
        let digest = digest_of(bytes);
        self.repository(repository).blobs.insert(digest.clone(), bytes.to_vec());
        digest
    }

    pub(super) fn add_manifest(
        &mut self,
        repository: &str,
        tag: Option<&str>,
        media_type: &str,
        bytes: &[u8],
    ) -> String {
        let digest = digest_of(bytes);
        let repository = self.repository(repository);
        repository.manifests.insert(digest.clone(), (media_type.to_owned(), bytes.to_vec()));
        if let Some(tag) = tag {
            repository.tags.insert(tag.to_owned(), digest.clone());
        }
        digest
    }

    pub(super) fn damage_blob(&mut self, repository: &str, digest: &str, bytes: &[u8]) {
        self.repository(repository).blobs.insert(digest.to_owned(), bytes.to_vec());
    }

    pub(super) fn remove_blob(&mut self, repository: &str, digest: &str) {
        self.repository(repository).blobs.remove(digest);
    }

    pub(super) fn blob(&self, repository: &str, digest: &str) -> Option<Vec<u8>> {
        self.repositories.get(repository)?.blobs.get(digest).cloned()
    }

    pub(super) fn manifest(&self, repository: &str, name: &str) -> Option<(String, Vec<u8>)> {
        let repository = self.repositories.get(repository)?;
        let digest = repository.tags.get(name).map_or(name, String::as_str);
        repository.manifests.get(digest).cloned()
    }

    pub(super) fn repository(&mut self, name: &str) -> &mut Repository {
        self.repositories.entry(name.to_owned()).or_default()
    }

    pub(super) fn require_tokens(&mut self, user: &str, password: &str, anonymous: bool) {
        let login = basic(user, password);
        self.tokens = Some(Tokens { login, anonymous, valid: BTreeMap::new(), given: 0 });
    }

    pub(super) fn expire_tokens(&mut self) {
        if let Some(tokens) = &mut self.tokens {
            tokens.valid.clear();
        }
    }

    pub(super) fn tokens_given(&self) -> usize {
        self.tokens.as_ref().map_or(0, |tokens| tokens.given)
    }

    /// The refusal of a request without a token for what it does in a repository.
    pub(super) fn refusal(&self, request: &Request, repository: &str) -> Option<Reply> {
        let reads = matches!(request.method.as_str(), "GET" | "HEAD");
        let action = if reads && !request.path.contains("/uploads/") { "pull" } else { "push" };
        if self.allows(request, repository, action) {
            return None;
        }
        let host = request.header("host").unwrap_or_default();
        let challenge = format!(
            "Negotiate, Bearer realm=\"http://{host}/token\",service=\"test \\\"registry\\\"\",\
             scope=\"repository:{repository}:{action}\""
        );
        let body = r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"#;
        Some(Reply::new(401, "application/json", body).header("WWW-Authenticate", &challenge))
    }

    /// Whether the token of a request is for this action in the repository.
    pub(super) fn allows(&self, request: &Request, repository: &str, action: &str) -> bool {
        let Some(tokens) = &self.tokens else { return true };
        let bearer =
            request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let scopes = bearer.and_then(|token| tokens.valid.get(token));
        scopes.is_some_and(|scopes| scopes.contains(&format!("{repository}:{action}")))
    }

    /// The answer of the token server.
    pub(super) fn token(&mut self, request: &Request) -> Reply {
        let Some(tokens) = &mut self.tokens else { return Reply::status(404) };
        let form = String::from_utf8_lossy(&request.body).into_owned();
        let parameters = if request.method == "POST" { form } else { request.query.clone() };
        let pairs: Vec<(String, String)> =
            url::form_urlencoded::parse(parameters.as_bytes()).into_owned().collect();
        let get =
            |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let is_known = match request.method.as_str() {
            "POST" => {
                get("grant_type") == Some("refresh_token")
                    && get("refresh_token") == Some("refresh")
            }
            _ => request.header("authorization") == Some(&tokens.login),
        };
        let is_nobody = request.method == "GET" && request.header("authorization").is_none();
        let is_ours = get("service") == Some("test \"registry\"");
        if !is_ours || !(is_known || (is_nobody && tokens.anonymous)) {
            return Reply::status(401);
        }
        let mut scopes = BTreeSet::new();
        let asked = pairs.iter().filter(|(key, _)| key == "scope");
        for scope in asked.flat_map(|(_, value)| value.split(' ')) {
            let Some((name, actions)) =
                scope.strip_prefix("repository:").and_then(|rest| rest.rsplit_once(':'))
            else {
                continue;
            };
            let allowed = actions.split(',').filter(|action| is_known || *action == "pull");
            scopes.extend(allowed.map(|action| format!("{name}:{action}")));
        }
        tokens.given += 1;
        let token = format!("token-{}", tokens.given);
        tokens.valid.insert(token.clone(), scopes);
        // One specification says `token`, the other `access_token`.
        let key = if request.method == "POST" { "access_token" } else { "token" };
        Reply::new(200, "application/json", format!(r#"{{"{key}":"{token}","expires_in":300}}"#))
    }
}
