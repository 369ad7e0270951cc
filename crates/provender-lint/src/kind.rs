//! What a file is, by its name and the folders it lies in.

use std::path::Path;

use crate::source::FileKind;

impl FileKind {
    /// What a file of this path is; none if it is nothing that can be read. Case does not matter. A script
    /// without an extension is told by its first line instead: [`FileKind::of_script`].
    pub fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let folders = Folders::of(path);
        let (stem, extension) = match name.rsplit_once('.') {
            Some((stem, extension)) => (stem, extension),
            None => (name.as_str(), ""),
        };
        by_name(&name)
            .or_else(|| by_folder(&name, extension, &folders))
            .or_else(|| by_shape(&name, stem, extension))
    }

    /// A shell script, if its first line says so.
    pub fn of_script(text: &str) -> Option<Self> {
        (text.starts_with("#!") && crate::shell::is_shell_script(text)).then_some(Self::Shell)
    }
}

/// Files that have one name everywhere.
fn by_name(name: &str) -> Option<FileKind> {
    Some(match name {
        "dockerfile" | "containerfile" => FileKind::Dockerfile,
        ".dockerignore" | ".containerignore" => FileKind::Dockerignore,
        "action.yml" | "action.yaml" => FileKind::GithubWorkflow,
        ".gitlab-ci.yml" | ".gitlab-ci.yaml" => FileKind::GitlabCi,
        "bitbucket-pipelines.yml"
        | ".drone.yml"
        | ".drone.yaml"
        | ".travis.yml"
        | ".travis.yaml"
        | ".woodpecker.yml"
        | ".woodpecker.yaml"
        | ".cirrus.yml"
        | "buildspec.yml"
        | "buildspec.yaml"
        | "codefresh.yml" => FileKind::OtherCi,
        "pip.conf" | "pip.ini" => FileKind::PipConf,
        "pyproject.toml" => FileKind::Pyproject,
        "uv.toml" => FileKind::UvToml,
        "pipfile" => FileKind::Pipfile,
        "poetry.toml" => FileKind::PoetryToml,
        "pdm.toml" | ".pdm.toml" => FileKind::PdmToml,
        ".npmrc" | "npmrc" => FileKind::Npmrc,
        ".yarnrc" => FileKind::YarnrcClassic,
        ".yarnrc.yml" | ".yarnrc.yaml" => FileKind::YarnrcYml,
        ".condarc" | "condarc" | ".mambarc" => FileKind::Condarc,
        "sources.list" => FileKind::AptList,
        "apt.conf" => FileKind::AptConf,
        "daemon.json" => FileKind::DockerDaemon,
        "registries.conf" => FileKind::RegistriesConf,
        ".gitconfig" | "gitconfig" | ".gitmodules" => FileKind::Gitconfig,
        ".curlrc" | "_curlrc" | "curlrc" => FileKind::Curlrc,
        ".wgetrc" | "_wgetrc" | "wgetrc" => FileKind::Wgetrc,
        ".env" => FileKind::DotEnv,
        ".envrc" | ".profile" | ".bashrc" | ".bash_profile" | ".bash_login" | ".bash_aliases" => {
            FileKind::Shell
        }
        "makefile" | "gnumakefile" => FileKind::Makefile,
        _ => return None,
    })
}

/// Files that their folder tells.
fn by_folder(name: &str, extension: &str, folders: &Folders) -> Option<FileKind> {
    let yaml = matches!(extension, "yml" | "yaml");
    let [outer, inner] = [folders.0[1].as_str(), folders.0[0].as_str()];
    match (outer, inner) {
        (".github" | ".gitea" | ".forgejo", "workflows") if yaml => Some(FileKind::GithubWorkflow),
        (".gitlab", _) | (_, ".gitlab" | ".gitlab-ci") if yaml => Some(FileKind::GitlabCi),
        (".circleci" | ".azure-pipelines" | ".azuredevops" | ".buildkite" | ".woodpecker", _)
        | (
            _,
            ".circleci" | ".azure-pipelines" | ".azuredevops" | ".buildkite" | ".woodpecker"
            | ".semaphore",
        ) if yaml => Some(FileKind::OtherCi),
        (_, "requirements" | "constraints") if matches!(extension, "txt" | "in") => {
            Some(FileKind::Requirements)
        }
        (_, "pypoetry") if name == "config.toml" => Some(FileKind::PoetryToml),
        (_, "pdm") if name == "config.toml" => Some(FileKind::PdmToml),
        (_, "pnpm") if name == "rc" => Some(FileKind::Npmrc),
        (_, "sources.list.d" | "apt") if extension == "list" => Some(FileKind::AptList),
        (_, "sources.list.d" | "apt") if extension == "sources" => Some(FileKind::AptSources),
        // apt reads what has no extension, or `conf` (apt.conf(5)).
        (_, "apt.conf.d") if !name.contains('.') || extension == "conf" => Some(FileKind::AptConf),
        (_, "apk") if name == "repositories" => Some(FileKind::ApkRepositories),
        ("apk", "repositories.d") if extension == "list" => Some(FileKind::ApkRepositories),
        (_, "registries.conf.d") if extension == "conf" => Some(FileKind::RegistriesConf),
        (_, "git" | ".git") if name == "config" => Some(FileKind::Gitconfig),
        _ => None,
    }
}

/// Files that a part of their name tells.
fn by_shape(name: &str, stem: &str, extension: &str) -> Option<FileKind> {
    let begins = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
    let dockerfile = begins(&["dockerfile.", "dockerfile-", "containerfile.", "containerfile-"]);
    Some(match extension {
        "dockerignore" => FileKind::Dockerignore,
        "dockerfile" | "containerfile" => FileKind::Dockerfile,
        "sh" | "bash" | "ksh" | "dash" => FileKind::Shell,
        "gitconfig" => FileKind::Gitconfig,
        "env" if !dockerfile => FileKind::DotEnv,
        "mk" | "mak" => FileKind::Makefile,
        "toml" if stem.starts_with("buildkitd") => FileKind::Buildkitd,
        "txt" | "in"
            if begins(&["requirements", "constraints"])
                || stem.ends_with("requirements")
                || stem.ends_with("constraints") =>
        {
            FileKind::Requirements
        }
        "yml" | "yaml" if is_compose(stem) => FileKind::Compose,
        "yml" | "yaml" if stem.ends_with(".gitlab-ci") => FileKind::GitlabCi,
        "yml" | "yaml"
            if begins(&["azure-pipelines", ".azure-pipelines", "cloudbuild", "buildspec"]) =>
        {
            FileKind::OtherCi
        }
        _ if is_text_or_template(extension) => return None,
        _ if dockerfile && !is_code(extension) => FileKind::Dockerfile,
        _ if begins(&["makefile."]) => FileKind::Makefile,
        _ if begins(&[".env."]) && !is_code(extension) => FileKind::DotEnv,
        _ => return None,
    })
}

fn is_compose(stem: &str) -> bool {
    ["compose", "docker-compose", "podman-compose", "container-compose"].iter().any(|name| {
        stem.strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
            || stem.strip_suffix(name).is_some_and(|rest| rest.ends_with(['.', '-', '_']))
    })
}

/// A `Dockerfile.md` is no Dockerfile, and a template becomes one only once it is filled in.
fn is_text_or_template(extension: &str) -> bool {
    matches!(
        extension,
        "md" | "rst"
            | "txt"
            | "html"
            | "adoc"
            | "j2"
            | "jinja"
            | "jinja2"
            | "tmpl"
            | "tpl"
            | "template"
            | "erb"
            | "mustache"
            | "ejs"
            | "orig"
            | "rej"
            | "bak"
            | "diff"
            | "patch"
            | "swp"
    )
}

fn is_code(extension: &str) -> bool {
    matches!(
        extension,
        "js" | "mjs"
            | "cjs"
            | "ts"
            | "tsx"
            | "c"
            | "cpp"
            | "cs"
            | "dart"
            | "go"
            | "h"
            | "java"
            | "kt"
            | "lua"
            | "rs"
            | "scala"
            | "swift"
            | "vim"
            | "json"
            | "py"
            | "rb"
            | "php"
            | "yml"
            | "yaml"
            | "toml"
            | "gpg"
            | "age"
            | "vault"
            | "enc"
            | "sops"
    )
}

/// The two innermost folders, the inner one first, in lower case.
struct Folders([String; 2]);

impl Folders {
    fn of(path: &Path) -> Self {
        let mut names = path
            .ancestors()
            .skip(1)
            .map(|folder| folder.file_name().and_then(|name| name.to_str()).unwrap_or_default());
        let mut next = || names.next().unwrap_or_default().to_ascii_lowercase();
        Self([next(), next()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_folders_tell_what_a_file_is() {
        let expected = [
            ("Dockerfile", Some(FileKind::Dockerfile)),
            ("docker/Dockerfile.web", Some(FileKind::Dockerfile)),
            ("web.Dockerfile", Some(FileKind::Dockerfile)),
            ("Containerfile", Some(FileKind::Dockerfile)),
            ("Dockerfile.md", None),
            ("Dockerfile.j2", None),
            ("dockerfile.go", None),
            ("Dockerfile.env", Some(FileKind::Dockerfile)),
            (".env.patch", None),
            ("Dockerfile.dockerignore", Some(FileKind::Dockerignore)),
            ("compose.yaml", Some(FileKind::Compose)),
            ("docker-compose.override.yml", Some(FileKind::Compose)),
            ("dev.compose.yml", Some(FileKind::Compose)),
            ("composer.yml", None),
            ("x/.github/workflows/ci.yml", Some(FileKind::GithubWorkflow)),
            ("action.yml", Some(FileKind::GithubWorkflow)),
            (".github/dependabot.yml", None),
            (".gitlab-ci.yml", Some(FileKind::GitlabCi)),
            (".gitlab/ci/build.yml", Some(FileKind::GitlabCi)),
            ("ci/build.gitlab-ci.yml", Some(FileKind::GitlabCi)),
            (".circleci/config.yml", Some(FileKind::OtherCi)),
            ("azure-pipelines.yml", Some(FileKind::OtherCi)),
            (".config/pip/pip.conf", Some(FileKind::PipConf)),
            ("requirements-dev.txt", Some(FileKind::Requirements)),
            ("dev-requirements.in", Some(FileKind::Requirements)),
            ("requirements/base.txt", Some(FileKind::Requirements)),
            ("constraints.txt", Some(FileKind::Requirements)),
            ("notes.txt", None),
            (".config/pypoetry/config.toml", Some(FileKind::PoetryToml)),
            (".config/pnpm/rc", Some(FileKind::Npmrc)),
            (".yarnrc", Some(FileKind::YarnrcClassic)),
            (".yarnrc.yml", Some(FileKind::YarnrcYml)),
            ("etc/apt/sources.list", Some(FileKind::AptList)),
            ("etc/apt/sources.list.d/corp.list", Some(FileKind::AptList)),
            ("sources.list.d/corp.sources", Some(FileKind::AptSources)),
            ("apt.conf.d/99proxy", Some(FileKind::AptConf)),
            ("apt.conf.d/99proxy.disabled", None),
            ("etc/apk/repositories", Some(FileKind::ApkRepositories)),
            ("repositories", None),
            ("etc/docker/daemon.json", Some(FileKind::DockerDaemon)),
            ("buildkitd.toml", Some(FileKind::Buildkitd)),
            ("registries.conf.d/corp.conf", Some(FileKind::RegistriesConf)),
            (".config/git/config", Some(FileKind::Gitconfig)),
            (".env.production", Some(FileKind::DotEnv)),
            ("web.env", Some(FileKind::DotEnv)),
            (".env.js", None),
            ("rules.mk", Some(FileKind::Makefile)),
            ("build.sh", Some(FileKind::Shell)),
            ("src/main.rs", None),
            ("Pipfile.lock", None),
        ];
        for (path, kind) in expected {
            assert_eq!(FileKind::of(Path::new(path)), kind, "{path}");
        }
    }

    #[test]
    fn a_first_line_tells_a_script() {
        assert_eq!(FileKind::of_script("#!/usr/bin/env bash\n"), Some(FileKind::Shell));
        assert_eq!(FileKind::of_script("#!/usr/bin/python3\n"), None);
        assert_eq!(FileKind::of_script("echo\n"), None);
    }
}
