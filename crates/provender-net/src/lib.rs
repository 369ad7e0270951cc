//! The network layer: one HTTP client for provender's own downloads and for the resolver.
//!
//! - Trust: TLS is always verified, against the operating system's roots, the bundled Mozilla set
//!   and every named CA bundle together ([`roots`](mod@roots)). There is no way to switch it off.
//! - A failed handshake is remembered with what the server presented ([`TlsFailure`]), so that an
//!   error names the issuer and the setting that would trust it, whoever made the request.
//! - [`Client::get`] returns a bounded body; [`Client::download`] writes a verified file, resumes
//!   what broke off, and leaves nothing half-written; [`Client::stream`] hands a file's bytes out
//!   as they arrive, for those who verify them while they pass them on.
//! - [`Client::request`] is for those who speak more of HTTP than reading: methods, headers, bodies
//!   that are sent as they are read, and answers of every status.
//! - [`doctor`] looks at the way to a host and says what is wrong with it.
//! - Credentials go only to the host they belong to, and are shown nowhere ([`redact`]).
//!
//! Nothing here reads the user's environment: the binary gives every setting in [`ClientSettings`].

mod answer;
mod ask_proxy;
mod certificate;
mod classify;
mod client;
mod credentials;
pub mod doctor;
mod download;
mod error;
mod get;
mod incoming;
mod partial;
mod proxy;
mod proxy_failure;
mod redact;
mod redirect;
mod request;
mod retry;
pub mod roots;
mod sending;
mod settings;
mod stream;
mod tls;
mod validators;

pub use answer::{Answer, Fetched, Wanted, looks_like_html};
pub use certificate::CertificateFacts;
pub use client::Client;
pub use credentials::{Credential, CredentialRule};
pub use download::{Download, Downloaded, Progress};
pub use error::{NetError, SettingError};
pub use get::Get;
pub use incoming::{Incoming, Reply};
pub use proxy::{ProxySettings, ProxyUrl};
pub use proxy_failure::{ProxyFailure, ProxyProblem};
pub use redact::{RedactedUrl, redact, redact_text};
pub use request::{Authorization, Request};
pub use retry::{Retries, RetrySettings};
pub use sending::{Opener, RequestBody};
pub use settings::ClientSettings;
pub use stream::Stream;
pub use tls::{TlsFailure, TlsProblem};
pub use validators::Validators;
