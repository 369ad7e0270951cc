//! The rules, one file each, and what several of them share: `bypass` words what is switched off,
//! `value` reads what tools take for yes and no, `host` reads hosts.

use provender_core::Level;

use crate::finding::Finding;
use crate::project::Project;
use crate::source::File;

mod apt;
mod bypass;
pub(crate) mod host;
mod value;

mod add_remote;
mod apk_untrusted;
mod apt_unsigned;
mod apt_unverified;
mod ca_baked_in;
mod ca_missing_in_stage;
mod ca_pem_ignored;
mod conda_ssl_verify;
mod credential_in_arg;
mod credential_in_env;
mod credential_in_url;
mod curl_insecure;
mod curl_pipe_shell;
mod docker_insecure_registries;
mod extra_index_url;
mod git_copied;
mod git_ssl_verify;
mod go_insecure;
mod image_latest;
mod image_without_digest;
mod java_insecure;
mod missing_healthcheck;
mod missing_require_hashes;
mod node_tls_reject;
mod npm_strict_ssl;
mod pdm_verify_ssl;
mod pip_trusted_host;
mod pipenv_verify_ssl;
mod plain_http_index;
mod plain_http_repository;
mod poetry_cert_off;
mod privileged_service;
mod proxy_in_image;
mod python_https_verify;
mod root_user;
mod secrets_copied;
mod suppression_unknown_rule;
mod suppression_unused;
mod suppression_without_reason;
mod tls_variable_in_image;
mod unpinned_install;
mod unreadable;
mod uv_insecure_host;
mod wget_no_check;
mod yarn_strict_ssl;

#[cfg(test)]
mod proof;
#[cfg(test)]
mod tests;

/// Every rule, by id.
pub fn all() -> &'static [&'static dyn Rule] {
    RULES
}

/// The rule of that id, with or without `lint/`.
pub fn find(name: &str) -> Option<&'static dyn Rule> {
    let bare = |id: &'static str| id.strip_prefix("lint/").unwrap_or(id);
    let name = name.strip_prefix("lint/").unwrap_or(name);
    RULES.iter().copied().find(|rule| bare(rule.id()) == name)
}

// Sorted by id.
static RULES: &[&dyn Rule] = &[
    &add_remote::AddRemote,
    &apk_untrusted::ApkUntrusted,
    &apt_unsigned::AptUnsigned,
    &apt_unverified::AptUnverified,
    &ca_baked_in::CaBakedIn,
    &ca_missing_in_stage::CaMissingInStage,
    &ca_pem_ignored::CaPemIgnored,
    &conda_ssl_verify::CondaSslVerify,
    &credential_in_arg::CredentialInArg,
    &credential_in_env::CredentialInEnv,
    &credential_in_url::CredentialInUrl,
    &curl_insecure::CurlInsecure,
    &curl_pipe_shell::CurlPipeShell,
    &docker_insecure_registries::DockerInsecureRegistries,
    &extra_index_url::ExtraIndexUrl,
    &git_copied::GitCopied,
    &git_ssl_verify::GitSslVerify,
    &go_insecure::GoInsecure,
    &image_latest::ImageLatest,
    &image_without_digest::ImageWithoutDigest,
    &java_insecure::JavaInsecure,
    &missing_healthcheck::MissingHealthcheck,
    &missing_require_hashes::MissingRequireHashes,
    &node_tls_reject::NodeTlsReject,
    &npm_strict_ssl::NpmStrictSsl,
    &pdm_verify_ssl::PdmVerifySsl,
    &pip_trusted_host::PipTrustedHost,
    &pipenv_verify_ssl::PipenvVerifySsl,
    &plain_http_index::PlainHttpIndex,
    &plain_http_repository::PlainHttpRepository,
    &poetry_cert_off::PoetryCertOff,
    &privileged_service::PrivilegedService,
    &proxy_in_image::ProxyInImage,
    &python_https_verify::PythonHttpsVerify,
    &root_user::RootUser,
    &secrets_copied::SecretsCopied,
    &suppression_unknown_rule::SuppressionUnknownRule,
    &suppression_unused::SuppressionUnused,
    &suppression_without_reason::SuppressionWithoutReason,
    &tls_variable_in_image::TlsVariableInImage,
    &unpinned_install::UnpinnedInstall,
    &unreadable::Unreadable,
    &uv_insecure_host::UvInsecureHost,
    &wget_no_check::WgetNoCheck,
    &yarn_strict_ssl::YarnStrictSsl,
];

/// A rule.
pub trait Rule: Sync {
    /// Its id, `lint/...`, which never changes.
    fn id(&self) -> &'static str;

    /// How much what it finds matters.
    fn level(&self) -> Level;

    /// What it finds, in one line.
    fn summary(&self) -> &'static str;

    /// Its page in Markdown: what it finds, why it matters, what to do, with an example.
    fn page(&self) -> &'static str;

    /// Looks at one file.
    fn check(&self, file: &File, findings: &mut Vec<Finding>);

    /// Looks at one file among all that were given, for what one file alone does not tell.
    fn check_in(&self, _file: &File, _project: &Project<'_>, _findings: &mut Vec<Finding>) {}
}
