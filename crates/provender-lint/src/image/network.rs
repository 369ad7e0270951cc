//! Which commands speak TLS while an image is built.

use crate::facts::{Command, Invocation};

/// The program of a command that fetches something over TLS; none if it does not, or speaks another
/// protocol, as apt does by default.
pub(crate) fn speaks_tls(command: &Command) -> Option<&str> {
    let invocation = command.invocation()?;
    let uses = match invocation.program {
        "pip" => ["install", "download", "wheel"].iter().any(|verb| invocation.is(&[verb])),
        "uv" => ["pip", "sync", "add", "lock", "tool", "run", "python", "build"]
            .iter()
            .any(|verb| invocation.is(&[verb])),
        "poetry" => {
            ["install", "add", "lock", "update", "sync"].iter().any(|verb| invocation.is(&[verb]))
        }
        "pdm" | "pipenv" => {
            ["install", "sync", "lock", "add", "update"].iter().any(|verb| invocation.is(&[verb]))
        }
        "pipx" => invocation.is(&["install"]) || invocation.is(&["run"]),
        "conda" | "mamba" | "micromamba" => {
            ["install", "create", "update", "env"].iter().any(|verb| invocation.is(&[verb]))
        }
        "npm" | "pnpm" => ["install", "i", "ci", "add", "update", "fetch"]
            .iter()
            .any(|verb| invocation.is(&[verb])),
        "yarn" => invocation
            .plain()
            .next()
            .is_none_or(|verb| matches!(verb.text.as_str(), "install" | "add" | "global")),
        "curl" | "wget" => {
            invocation.arguments.iter().any(|word| word.text.starts_with("https://"))
        }
        "git" => fetches(&invocation),
        "apk" => invocation.is(&["add"]) || invocation.is(&["update"]),
        "go" => ["install", "get", "mod"].iter().any(|verb| invocation.is(&[verb])),
        "cargo" => ["install", "fetch", "build"].iter().any(|verb| invocation.is(&[verb])),
        "gem" | "bundle" => invocation.is(&["install"]),
        _ => false,
    };
    uses.then_some(invocation.program)
}

fn fetches(invocation: &Invocation<'_>) -> bool {
    ["clone", "fetch", "pull", "submodule"].iter().any(|verb| invocation.is(&[verb]))
        && invocation.arguments.iter().all(|word| !word.text.starts_with("git@"))
}

/// Whether the words of an invocation name a CA, or say that no certificate is looked at: either
/// way it does not stand on the image's own CAs.
pub(crate) fn brings_its_trust(invocation: &Invocation<'_>) -> bool {
    const OPTIONS: [&str; 11] = [
        "--cert",
        "--cacert",
        "--capath",
        "--ca-certificate",
        "--ca-directory",
        "--cafile",
        "--trusted-host",
        "--allow-insecure-host",
        "--insecure",
        "-k",
        "--no-check-certificate",
    ];
    invocation.arguments.iter().any(|word| {
        let option = word.text.split_once('=').map_or(word.text.as_str(), |(option, _)| option);
        OPTIONS.contains(&option) || word.text == "http.sslVerify=false"
    })
}

/// The variables that tell tools where their CA certificates are.
pub(crate) const TRUST_VARIABLES: [&str; 20] = [
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "PIP_CERT",
    "NODE_EXTRA_CA_CERTS",
    "NPM_CONFIG_CAFILE",
    "npm_config_cafile",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "AWS_CA_BUNDLE",
    "CARGO_HTTP_CAINFO",
    "NIX_SSL_CERT_FILE",
    "HTTPLIB2_CA_CERTS",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "DENO_CERT",
    "YARN_CA_FILE_PATH",
    "YARN_HTTPS_CA_FILE_PATH",
    "BUNDLE_SSL_CA_CERT",
    "CONDA_SSL_VERIFY",
];

/// Folders whose certificates become part of the image's own CAs.
pub(crate) const ANCHOR_FOLDERS: [&str; 5] = [
    "/usr/local/share/ca-certificates",
    "/usr/share/ca-certificates",
    "/etc/pki/ca-trust/source/anchors",
    "/etc/ca-certificates/trust-source/anchors",
    "/usr/share/pki/trust/anchors",
];

/// Whether a command rebuilds the image's own CAs from its folders.
pub(crate) fn rebuilds_trust(command: &Command) -> bool {
    command.invocation().is_some_and(|invocation| {
        matches!(invocation.program, "update-ca-certificates" | "update-ca-trust" | "trust")
    })
}
