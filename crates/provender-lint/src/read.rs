//! From a file's text to its facts.

use std::path::PathBuf;
use std::sync::Arc;

use crate::dockerfile;
use crate::facts::{Facts, Home};
use crate::settings::{
    apt_conf, ci, compose, condarc, container_tools, dotenv, download_tools, gitconfig, makefile,
    npmrc, pip_conf, python_projects, repositories, requirements, yarnrc,
};
use crate::shell::{self, Known};
use crate::source::{File, FileKind};

/// Reduces a file to its facts. What cannot be understood is among its errors.
pub fn read(path: impl Into<PathBuf>, kind: FileKind, text: &str) -> File {
    let mut file = File {
        path: path.into(),
        kind,
        text: Arc::from(text),
        facts: Facts::default(),
        dockerfile: None,
        compose: None,
    };
    file.facts = match kind {
        FileKind::Dockerfile => {
            let (dockerfile, facts) = dockerfile::parse(text);
            file.dockerfile = Some(dockerfile);
            facts
        }
        FileKind::Compose => {
            let (compose, facts) = compose::parse(text);
            file.compose = Some(compose);
            facts
        }
        // A script for another interpreter may be called `x.sh`.
        FileKind::Shell if !shell::is_shell_script(text) => Facts::default(),
        FileKind::Shell => shell::parse(text, 0..text.len(), &Home::Script, &Known::new()),
        FileKind::GithubWorkflow => ci::github(text),
        FileKind::GitlabCi => ci::gitlab(text),
        FileKind::OtherCi => ci::other(text),
        FileKind::PipConf => pip_conf::parse(text),
        FileKind::Requirements => requirements::parse(text),
        FileKind::Pyproject => python_projects::pyproject(text),
        FileKind::UvToml => python_projects::uv(text),
        FileKind::Pipfile => python_projects::pipfile(text),
        FileKind::PoetryToml => python_projects::poetry(text),
        FileKind::PdmToml => python_projects::pdm(text),
        FileKind::Npmrc => npmrc::parse(text),
        FileKind::YarnrcClassic => yarnrc::classic(text),
        FileKind::YarnrcYml => yarnrc::berry(text),
        FileKind::Condarc => condarc::parse(text),
        FileKind::AptList => repositories::apt_list(text),
        FileKind::AptSources => repositories::apt_sources(text),
        FileKind::AptConf => apt_conf::parse(text),
        FileKind::ApkRepositories => repositories::apk(text),
        FileKind::DockerDaemon => container_tools::daemon(text),
        FileKind::Buildkitd => container_tools::buildkitd(text),
        FileKind::RegistriesConf => container_tools::registries(text),
        FileKind::Gitconfig => gitconfig::parse(text),
        FileKind::Curlrc => download_tools::curl(text),
        FileKind::Wgetrc => download_tools::wget(text),
        FileKind::DotEnv => dotenv::parse(text),
        FileKind::Makefile => makefile::parse(text),
        FileKind::Dockerignore => container_tools::dockerignore(text),
    };
    file
}
