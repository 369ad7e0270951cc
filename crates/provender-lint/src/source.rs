//! A file as the rules see it.

use std::path::PathBuf;
use std::sync::Arc;

use crate::dockerfile::Dockerfile;
use crate::facts::Facts;
use crate::settings::compose::Compose;

/// What a file is, by its name and place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// `Dockerfile`, `Containerfile`, `*.dockerfile`, `Dockerfile.*`.
    Dockerfile,
    /// `compose.yaml`, `docker-compose*.yml` and their like.
    Compose,
    /// A shell script: `*.sh`, `*.bash`, or an executable with a shell in its first line.
    Shell,
    /// A workflow of GitHub Actions or `action.yml`.
    GithubWorkflow,
    /// `.gitlab-ci.yml` and what it includes by name.
    GitlabCi,
    /// Any other CI file in YAML: CircleCI, Azure Pipelines, Bitbucket, Drone, Travis.
    OtherCi,
    /// `pip.conf` or `pip.ini`.
    PipConf,
    /// A requirement or constraint file.
    Requirements,
    /// `pyproject.toml`: uv's, poetry's and pdm's tables.
    Pyproject,
    /// `uv.toml`.
    UvToml,
    /// `Pipfile`.
    Pipfile,
    /// `poetry.toml`.
    PoetryToml,
    /// `.pdm.toml` or `pdm.toml`.
    PdmToml,
    /// `.npmrc`, also pnpm's.
    Npmrc,
    /// `.yarnrc` of yarn 1.
    YarnrcClassic,
    /// `.yarnrc.yml` of yarn 2 and later.
    YarnrcYml,
    /// `.condarc`.
    Condarc,
    /// `sources.list` and `*.list` in a folder of apt's.
    AptList,
    /// `*.sources` in deb822 form.
    AptSources,
    /// `apt.conf` and files of `apt.conf.d`.
    AptConf,
    /// apk's `repositories`.
    ApkRepositories,
    /// `daemon.json` of docker.
    DockerDaemon,
    /// `buildkitd.toml`.
    Buildkitd,
    /// `registries.conf` of podman, buildah and skopeo.
    RegistriesConf,
    /// `.gitconfig`, `.gitmodules` and their like.
    Gitconfig,
    /// `.curlrc` or `.wgetrc`.
    Curlrc,
    /// As above, of wget.
    Wgetrc,
    /// `.env` and `*.env`.
    DotEnv,
    /// `Makefile` and `*.mk`: its recipes are commands.
    Makefile,
    /// `.dockerignore`.
    Dockerignore,
}

/// A file whose text was read and reduced to facts.
#[derive(Debug, Clone)]
pub struct File {
    /// The file as the user named it or as it was found.
    pub path: PathBuf,
    /// What it is.
    pub kind: FileKind,
    /// Its text; all spans count bytes in it.
    pub text: Arc<str>,
    /// What it says.
    pub facts: Facts,
    /// Its stages and instructions, if it is a Dockerfile.
    pub dockerfile: Option<Dockerfile>,
    /// Its services, if it is a compose file.
    pub compose: Option<Compose>,
}
