//! Which commands use the network, and the variables their tools read a CA from.
//!
//! `docs/lint` has a page for each rule; what each tool reads was tried against servers with a CA of their own: wget
//! linked with GnuTLS reads `WGETRC` alone, apt `APT_CONFIG` alone, npm `NODE_EXTRA_CA_CERTS` unless it has a
//! `cafile`.

use std::collections::BTreeSet;

use crate::facts::{Command, Invocation};
use crate::shell;
use crate::source::FileKind;

/// A variable that names a CA, or a file that does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum CaVariable {
    /// OpenSSL, uv, httpx, Go, rustls: replaces their roots.
    SslCertFile,
    /// requests, and so poetry, pdm and conda: replaces its roots.
    RequestsCaBundle,
    /// pip: replaces its roots before 24.2, adds to them from then on.
    PipCert,
    /// curl, the program: replaces its roots.
    CurlCaBundle,
    /// git: replaces its roots.
    GitSslCaInfo,
    /// Node, and so npm, pnpm and yarn: adds to its roots.
    NodeExtraCaCerts,
    /// cargo: replaces its roots.
    CargoHttpCaInfo,
    /// The AWS command line: replaces its roots.
    AwsCaBundle,
    /// deno: adds to its roots.
    DenoCert,
    /// apt: a configuration file that is read before all others.
    AptConfig,
    /// wget: its start-up file in place of the one in the home folder.
    Wgetrc,
}

impl CaVariable {
    /// What a script may need that relied on a bypass of which no tool is known.
    pub(super) const OF_SCRIPTS: [Self; 9] = [
        Self::SslCertFile,
        Self::RequestsCaBundle,
        Self::PipCert,
        Self::CurlCaBundle,
        Self::GitSslCaInfo,
        Self::NodeExtraCaCerts,
        Self::CargoHttpCaInfo,
        Self::AptConfig,
        Self::Wgetrc,
    ];

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::SslCertFile => "SSL_CERT_FILE",
            Self::RequestsCaBundle => "REQUESTS_CA_BUNDLE",
            Self::PipCert => "PIP_CERT",
            Self::CurlCaBundle => "CURL_CA_BUNDLE",
            Self::GitSslCaInfo => "GIT_SSL_CAINFO",
            Self::NodeExtraCaCerts => "NODE_EXTRA_CA_CERTS",
            Self::CargoHttpCaInfo => "CARGO_HTTP_CAINFO",
            Self::AwsCaBundle => "AWS_CA_BUNDLE",
            Self::DenoCert => "DENO_CERT",
            Self::AptConfig => "APT_CONFIG",
            Self::Wgetrc => "WGETRC",
        }
    }

    /// The file of the mounted folder that it names.
    pub(super) fn file(self) -> &'static str {
        match self {
            Self::NodeExtraCaCerts | Self::DenoCert => super::CORPORATE,
            Self::AptConfig => super::APT_CONF,
            Self::Wgetrc => super::WGETRC,
            _ => super::BUNDLE,
        }
    }
}

/// What a command does on the network, as far as its words tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Use {
    /// Nothing that is known of.
    None,
    /// Its tools read these.
    Reads(BTreeSet<CaVariable>),
    /// It runs a script: anything.
    Script,
}

/// What a command does on the network, all that it invokes taken together.
pub(super) fn network_use(command: &Command) -> Use {
    let mut together = Use::None;
    for invocation in command.invocations() {
        together = match (together, of(invocation)) {
            (Use::Reads(mut some), Use::Reads(more)) => {
                some.extend(more);
                Use::Reads(some)
            }
            (Use::None, found) => found,
            (known, Use::None) => known,
            (Use::Script, _) | (_, Use::Script) => Use::Script,
        };
    }
    together
}

/// What a program does on the network, given its arguments.
fn of(invocation: Invocation<'_>) -> Use {
    use CaVariable as V;
    let words = |network: &[&str], local: &[&str]| subcommand(invocation, network, local);
    let reads = |used: bool, variables: &[V]| {
        if used { Use::Reads(variables.iter().copied().collect()) } else { Use::None }
    };
    match invocation.program {
        "pip" => reads(
            words(&["install", "download", "wheel", "index", "search", "lock"], &["config"])
                && !is_offline(invocation),
            &[V::PipCert],
        ),
        "pipx" | "tox" | "nox" => reads(true, &[V::PipCert, V::SslCertFile]),
        "build" => reads(true, &[V::PipCert]),
        "uv" => reads(
            words(
                &[
                    "sync", "lock", "add", "remove", "run", "install", "compile", "venv", "build",
                    "publish", "upgrade", "update", "tool", "export",
                ],
                &["cache", "version", "help", "tree"],
            ),
            &[V::SslCertFile, V::GitSslCaInfo],
        ),
        "uvx" => reads(true, &[V::SslCertFile, V::GitSslCaInfo]),
        "hatch" => reads(true, &[V::SslCertFile, V::PipCert]),
        "poetry" | "pdm" => {
            if words(&["run"], &[]) {
                return Use::Script;
            }
            reads(
                words(
                    &["install", "add", "update", "lock", "sync", "publish", "self", "remove"],
                    &["config", "env", "show", "export", "version", "check", "cache"],
                ),
                &[V::RequestsCaBundle, V::PipCert, V::SslCertFile],
            )
        }
        "pipenv" => reads(
            words(&["install", "sync", "update", "upgrade", "lock", "requirements"], &["run"]),
            &[V::PipCert, V::RequestsCaBundle],
        ),
        "conda" | "mamba" | "micromamba" => reads(
            words(
                &["install", "create", "update", "upgrade", "search", "env"],
                &["config", "clean", "run"],
            ),
            &[V::RequestsCaBundle, V::SslCertFile, V::PipCert],
        ),
        "npm" | "pnpm" | "cnpm" => {
            if words(&["run", "run-script", "test", "start", "exec"], NODE_NETWORK) {
                return Use::Script;
            }
            reads(words(NODE_NETWORK, &["config", "cache", "set", "get"]), &[V::NodeExtraCaCerts])
        }
        "yarn" => {
            let bare = invocation.plain().next().is_none();
            if words(&["run", "build", "test", "start", "exec"], NODE_NETWORK) {
                return Use::Script;
            }
            reads(bare || words(NODE_NETWORK, &["config", "cache"]), &[V::NodeExtraCaCerts])
        }
        "npx" | "pnpx" | "bunx" | "corepack" | "playwright" => reads(true, &[V::NodeExtraCaCerts]),
        "bun" => reads(words(NODE_NETWORK, &["run"]), &[V::NodeExtraCaCerts]),
        "deno" => reads(true, &[V::DenoCert]),
        "git" => reads(
            words(
                &["clone", "fetch", "pull", "push", "ls-remote", "submodule", "lfs", "remote"],
                &["config", "init", "add", "commit", "checkout"],
            ),
            &[V::GitSslCaInfo],
        ),
        "curl" => reads(true, &[V::CurlCaBundle]),
        "wget" => reads(true, &[V::SslCertFile, V::Wgetrc]),
        "apt-get" | "apt" | "aptitude" => reads(
            words(
                &[
                    "update",
                    "install",
                    "upgrade",
                    "dist-upgrade",
                    "full-upgrade",
                    "source",
                    "build-dep",
                    "download",
                    "safe-upgrade",
                ],
                &["clean", "autoremove", "remove", "purge"],
            ),
            &[V::AptConfig],
        ),
        "apk" => reads(
            words(&["add", "update", "upgrade", "fetch"], &["del", "info"]),
            &[V::SslCertFile],
        ),
        "cargo" => reads(
            !words(&["clean", "fmt", "new", "init"], &[]),
            &[V::CargoHttpCaInfo, V::SslCertFile, V::GitSslCaInfo],
        ),
        "rustup" | "rustup-init" => reads(true, &[V::SslCertFile, V::CurlCaBundle]),
        "go" => reads(
            words(
                &["get", "install", "mod", "build", "run", "test", "generate"],
                &["env", "version"],
            ),
            &[V::SslCertFile, V::GitSslCaInfo],
        ),
        "gem" | "bundle" | "composer" | "dotnet" => reads(
            words(
                &[
                    "install",
                    "update",
                    "require",
                    "restore",
                    "publish",
                    "build",
                    "create-project",
                    "fetch",
                ],
                &["config"],
            ),
            &[V::SslCertFile],
        ),
        // Written in Go.
        "skopeo" | "podman" | "buildah" | "crane" | "helm" | "kubectl" | "terraform" | "tofu"
        | "gh" => reads(!words(&["config", "version", "completion"], &[]), &[V::SslCertFile]),
        "aws" => reads(!words(&["configure"], &[]), &[V::AwsCaBundle]),
        // What stands behind `-c` is read as commands of its own.
        program if shell::is_shell(program) && has_option(invocation, 'c') => Use::None,
        "make" | "cmake" | "ninja" | "source" | "." | "eval" | "su" | "node" | "ruby" | "perl" => {
            Use::Script
        }
        program if shell::is_shell(program) || is_python(program) => match invocation.arguments {
            [only] if matches!(only.text.as_str(), "-V" | "--version" | "-VV") => Use::None,
            _ => Use::Script,
        },
        _ => Use::None,
    }
}

/// Whether pip is told to use no index, and no place elsewhere either.
fn is_offline(invocation: Invocation<'_>) -> bool {
    let has = |wanted: fn(&str) -> bool| invocation.arguments.iter().any(|word| wanted(&word.text));
    has(|text| text == "--no-index") && !has(|text| text.contains("://"))
}

/// Whether a short option is among the arguments, alone or with others, as in `-ec`.
fn has_option(invocation: Invocation<'_>, wanted: char) -> bool {
    invocation
        .arguments
        .iter()
        .map_while(|word| word.text.strip_prefix('-'))
        .any(|letters| !letters.starts_with('-') && letters.contains(wanted))
}

fn is_python(program: &str) -> bool {
    program
        .strip_prefix("python")
        .is_some_and(|version| version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

/// The subcommands of npm and its like that ask the registry.
const NODE_NETWORK: &[&str] = &[
    "install",
    "i",
    "ci",
    "add",
    "update",
    "up",
    "upgrade",
    "audit",
    "view",
    "info",
    "publish",
    "dlx",
    "fetch",
    "rebuild",
    "clean-install",
    "install-ci-test",
    "create",
    "init",
    "outdated",
    "global",
    "import",
    "x",
    "isntall",
    "in",
];

/// Whether the first plain word that is in either list is in `network`. Values of options may stand before it.
fn subcommand(invocation: Invocation<'_>, network: &[&str], local: &[&str]) -> bool {
    invocation
        .plain()
        .take(4)
        .find_map(|word| {
            let text = word.text.as_str();
            if network.contains(&text) {
                Some(true)
            } else if local.contains(&text) {
                Some(false)
            } else {
                None
            }
        })
        .unwrap_or(false)
}

/// Whether a command runs a program by its path, as `./install.sh`: a script for all that is known.
pub(super) fn runs_by_path(command: &Command) -> bool {
    const OF_THE_SYSTEM: [&str; 6] =
        ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/"];
    command.words.first().is_some_and(|word| {
        word.text.contains('/') && !OF_THE_SYSTEM.iter().any(|folder| word.text.starts_with(folder))
    })
}

/// What takes the place of a bypass that a command wrote into a configuration; none if it is no such command.
pub(super) fn configured(command: &Command) -> Option<BTreeSet<CaVariable>> {
    let invocation = command.invocation()?;
    let variables = match invocation.program {
        "echo" | "printf" | "cat" | "tee" | "sed" | "install" | "cp" => {
            CaVariable::OF_SCRIPTS.into()
        }
        "pip" => [CaVariable::PipCert].into(),
        "npm" | "pnpm" | "yarn" | "cnpm" => [CaVariable::NodeExtraCaCerts].into(),
        "git" => [CaVariable::GitSslCaInfo].into(),
        "conda" | "mamba" | "micromamba" | "poetry" | "pdm" => {
            [CaVariable::RequestsCaBundle].into()
        }
        "go" => [CaVariable::SslCertFile].into(),
        _ => return None,
    };
    let writes = !matches!(
        invocation.program,
        "pip"
            | "npm"
            | "pnpm"
            | "yarn"
            | "cnpm"
            | "git"
            | "conda"
            | "mamba"
            | "micromamba"
            | "poetry"
            | "pdm"
            | "go"
    );
    (writes
        || invocation
            .plain()
            .take(2)
            .any(|word| matches!(word.text.as_str(), "config" | "set" | "env")))
    .then_some(variables)
}

/// What takes the place of a variable that switched verification off; none if it is not known as one.
pub(super) fn in_place_of(bypass: &str) -> BTreeSet<CaVariable> {
    match bypass.to_ascii_uppercase().as_str() {
        "NODE_TLS_REJECT_UNAUTHORIZED"
        | "NPM_CONFIG_STRICT_SSL"
        | "YARN_STRICT_SSL"
        | "YARN_ENABLE_STRICT_SSL"
        | "PNPM_CONFIG_STRICT_SSL" => [CaVariable::NodeExtraCaCerts].into(),
        "GIT_SSL_NO_VERIFY" => [CaVariable::GitSslCaInfo].into(),
        "PIP_TRUSTED_HOST" => [CaVariable::PipCert].into(),
        "UV_INSECURE_HOST" | "GOINSECURE" | "GONOSUMDB" | "GONOSUMCHECK" | "GOSUMDB" => {
            [CaVariable::SslCertFile].into()
        }
        "CONDA_SSL_VERIFY" | "MAMBA_SSL_VERIFY" => [CaVariable::RequestsCaBundle].into(),
        name if name.starts_with("POETRY_CERTIFICATES_") || name.starts_with("PDM_") => {
            [CaVariable::RequestsCaBundle].into()
        }
        _ => BTreeSet::new(),
    }
}

/// Whether a variable holds options of Java.
pub(super) fn is_of_java(name: &str) -> bool {
    matches!(
        name,
        "JAVA_TOOL_OPTIONS"
            | "_JAVA_OPTIONS"
            | "JAVA_OPTS"
            | "MAVEN_OPTS"
            | "MAVEN_ARGS"
            | "GRADLE_OPTS"
            | "SBT_OPTS"
    )
}

/// What takes the place of a bypass in a file of this kind.
pub(super) fn in_place_of_file(kind: FileKind) -> BTreeSet<CaVariable> {
    match kind {
        FileKind::PipConf | FileKind::Requirements => [CaVariable::PipCert].into(),
        FileKind::Npmrc | FileKind::YarnrcClassic | FileKind::YarnrcYml => {
            [CaVariable::NodeExtraCaCerts].into()
        }
        FileKind::Condarc => [CaVariable::RequestsCaBundle].into(),
        FileKind::Gitconfig => [CaVariable::GitSslCaInfo].into(),
        FileKind::Curlrc => [CaVariable::CurlCaBundle].into(),
        FileKind::Wgetrc => [CaVariable::SslCertFile, CaVariable::Wgetrc].into(),
        FileKind::AptConf | FileKind::AptList | FileKind::AptSources => {
            [CaVariable::AptConfig].into()
        }
        FileKind::ApkRepositories | FileKind::UvToml => [CaVariable::SslCertFile].into(),
        _ => CaVariable::OF_SCRIPTS.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Home;

    fn network_uses(text: &str) -> Vec<Use> {
        let facts = shell::parse(text, 0..text.len(), &Home::Script, &shell::Known::new());
        facts.commands.iter().map(network_use).collect()
    }

    /// The names of the variables that all commands of a text read together.
    fn read_by(text: &str) -> Vec<&'static str> {
        let uses = network_uses(text);
        let read = uses.iter().filter_map(|found| match found {
            Use::Reads(variables) => Some(variables),
            _ => None,
        });
        let together: BTreeSet<CaVariable> = read.flatten().copied().collect();
        together.into_iter().map(CaVariable::name).collect()
    }

    #[test]
    fn what_downloads_reads_the_variables_of_its_tool() {
        for (text, variables) in [
            ("pip install x", &["PIP_CERT"][..]),
            ("python3.12 -m pip --no-cache-dir install -r requirements.txt", &["PIP_CERT"]),
            ("sudo -u app pip3 install x", &["PIP_CERT"]),
            ("uv sync --frozen", &["SSL_CERT_FILE", "GIT_SSL_CAINFO"]),
            ("npm --prefix web ci", &["NODE_EXTRA_CA_CERTS"]),
            ("yarn", &["NODE_EXTRA_CA_CERTS"]),
            ("yarn --frozen-lockfile", &["NODE_EXTRA_CA_CERTS"]),
            ("curl https://x.example | tar x", &["CURL_CA_BUNDLE"]),
            ("wget https://x.example", &["SSL_CERT_FILE", "WGETRC"]),
            ("apt-get update && apt-get -y install curl", &["APT_CONFIG"]),
            ("git -C /x fetch", &["GIT_SSL_CAINFO"]),
            (
                "timeout 60 npm i && git clone https://x.example/y",
                &["GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS"],
            ),
            ("bash -ec 'pip download x'", &["PIP_CERT"]),
            ("if ! apk add x; then exit 1; fi", &["SSL_CERT_FILE"]),
        ] {
            assert_eq!(read_by(text), variables, "{text}");
        }
    }

    #[test]
    fn what_stays_here_reads_none() {
        for text in [
            "pip config set global.index-url https://index.example/simple/",
            "pip install --no-index --find-links /wheels x",
            "pip --version",
            "npm config set strict-ssl false",
            "git config --global http.sslVerify false",
            "apt-get clean",
            "echo pip install",
            "rm -rf /var/lib/apt/lists",
        ] {
            let uses = network_uses(text);
            assert!(uses.iter().all(|found| *found == Use::None), "{text}: {uses:?}");
        }
    }

    #[test]
    fn a_script_may_do_anything() {
        for text in ["npm run build", "make", "sh install.sh", "python3 setup.py", "poetry run x"] {
            assert!(network_uses(text).contains(&Use::Script), "{text}");
        }
        assert!(!network_uses("sh -c 'echo x'").contains(&Use::Script));
    }
}
