//! An OCI registry on loopback.

mod route;
mod state;
mod token;

use std::sync::{Arc, Mutex, MutexGuard};

use crate::authority::Authority;
use crate::http::{Handler, HttpServer, Reply};
use state::State;

pub use token::TokenServer;

/// A registry at `http://127.0.0.1:PORT/v2/` that speaks distribution-spec 1.1: manifests, tags, blobs with ranges,
/// monolithic and chunked uploads, mounts and referrers. It can be changed while it runs, misbehaves on request and ends
/// when dropped.
pub struct OciRegistry {
    http: HttpServer,
    state: Arc<Mutex<State>>,
}

impl OciRegistry {
    /// Starts a registry that is empty, wants no credentials and can do everything.
    pub fn start() -> Self {
        Self::start_with(HttpServer::start)
    }

    /// As [`start`](Self::start), over TLS with a certificate of `authority`.
    pub fn start_tls(authority: &Authority) -> Self {
        Self::start_with(|handler| HttpServer::start_tls(authority, handler))
    }

    fn start_with(serve: impl FnOnce(Box<Handler>) -> HttpServer) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let http = serve({
            let state = Arc::clone(&state);
            Box::new(move |request| lock(&state).answer(request))
        });
        Self { http, state }
    }

    /// `127.0.0.1:PORT`, as references name it.
    pub fn name(&self) -> String {
        self.http.address().to_string()
    }

    /// The server below: its address, its record of requests, its faults.
    pub fn http(&self) -> &HttpServer {
        &self.http
    }

    /// Puts a blob there; returns its digest.
    pub fn add_blob(&self, repository: &str, bytes: &[u8]) -> String {
        self.state().add_blob(repository, bytes)
    }

    /// Puts a manifest there, under a tag where one is given; returns its digest.
    pub fn add_manifest(
        &self,
        repository: &str,
        tag: Option<&str>,
        media_type: &str,
        bytes: &[u8],
    ) -> String {
        self.state().add_manifest(repository, tag, media_type, bytes)
    }

    /// Puts other bytes in the place of a blob's, as a broken disk does.
    pub fn damage_blob(&self, repository: &str, digest: &str, bytes: &[u8]) {
        self.state().damage_blob(repository, digest, bytes);
    }

    /// Takes a blob away.
    pub fn remove_blob(&self, repository: &str, digest: &str) {
        self.state().remove_blob(repository, digest);
    }

    /// The bytes of a blob, if it is there.
    pub fn blob(&self, repository: &str, digest: &str) -> Option<Vec<u8>> {
        self.state().blob(repository, digest)
    }

    /// Media type and bytes of a manifest by its tag or digest, if it is there.
    pub fn manifest(&self, repository: &str, name: &str) -> Option<(String, Vec<u8>)> {
        self.state().manifest(repository, name)
    }

    /// From now on has no list of referrers, as registries before distribution-spec 1.1.
    pub fn without_referrers(&self) {
        self.state().no_referrers = true;
    }

    /// From now on begins an upload when it is asked to mount.
    pub fn without_mounts(&self) {
        self.state().no_mounts = true;
    }

    /// From now on writes whole URLs into `Location`, and a query into those of uploads.
    pub fn with_absolute_locations(&self) {
        self.state().absolute = true;
    }

    /// From now on tells no digest in its headers.
    pub fn without_digest_headers(&self) {
        self.state().no_digest_headers = true;
    }

    /// From now on wants pieces of at least so many bytes, the last one excepted.
    pub fn with_shortest_chunk(&self, bytes: usize) {
        self.state().shortest_chunk = bytes;
    }

    /// From now on wants tokens (of `/token` of its own), which are given to this user and to anybody with the identity
    /// token `refresh`; to others only for pulling, where `anonymous`.
    pub fn require_tokens(&self, user: &str, password: &str, anonymous: bool) {
        self.state().require_tokens(user, password, anonymous);
    }

    /// Takes no token any more that it gave.
    pub fn expire_tokens(&self) {
        self.state().expire_tokens();
    }

    /// How many tokens it gave.
    pub fn tokens_given(&self) -> usize {
        self.state().tokens_given()
    }

    /// Keeps only `keep` bytes of the next piece or whole blob that is longer, and hangs up.
    pub fn cut_next_upload(&self, keep: usize) {
        self.state().cut = Some(keep);
    }

    /// Forgets every upload that has begun.
    pub fn forget_uploads(&self) {
        self.state().uploads.clear();
    }

    /// Answers the next requests of this method for a path that begins with `prefix` with this reply.
    pub fn answer_next(&self, method: &str, prefix: &str, times: usize, reply: Reply) {
        let orders = std::iter::repeat_n((method.to_owned(), prefix.to_owned(), reply), times);
        self.state().orders.extend(orders);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("no answer panics while it holds the state")
}
