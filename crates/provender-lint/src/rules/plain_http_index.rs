//! Indexes, registries and channels over plain http.

use provender_core::Level;

use super::Rule;
use super::bypass::{assignments, invocations};
use super::host;
use crate::facts::{Invocation, Setting, Span, Tool};
use crate::finding::Finding;
use crate::source::File;

/// `lint/plain-http-index`.
pub(crate) struct PlainHttpIndex;

/// Options whose value is an index, with the programs that know them.
const OPTIONS: &[(&[&str], &[&str])] = &[
    (
        &["pip", "pip-compile", "pip-sync", "pipx", "uv", "uvx"],
        &["-i", "--index-url", "--pypi-url", "--extra-index-url", "-f", "--find-links"],
    ),
    (&["uv", "uvx"], &["--index", "--default-index"]),
    (&["pipenv"], &["--pypi-mirror", "-i", "--index", "--extra-index-url"]),
    (&["conda", "mamba", "micromamba"], &["-c", "--channel"]),
    (&["npm", "npx", "pnpm", "pnpx", "yarn", "bun"], &["--registry"]),
    (&["dockerd"], &["--registry-mirror"]),
];

/// Variables whose value is one index or several.
const VARIABLES: &[&str] = &[
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIPENV_PYPI_MIRROR",
    "PDM_PYPI_URL",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_PYTHON_INSTALL_MIRROR",
    "UV_PYPY_INSTALL_MIRROR",
    "CONDA_CHANNELS",
    "CONDA_CHANNEL_ALIAS",
    "CONDA_DEFAULT_CHANNELS",
    "YARN_NPM_REGISTRY_SERVER",
    "YARN_REGISTRY",
    "GOPROXY",
];

impl Rule for PlainHttpIndex {
    fn id(&self) -> &'static str {
        "lint/plain-http-index"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn summary(&self) -> &'static str {
        "packages come over plain http"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/plain-http-index.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        for setting in file.facts.settings.iter().filter(|setting| is_index(setting)) {
            for value in &setting.values {
                found(&value.text, value.span.clone(), findings);
            }
        }
        for assignment in assignments(file) {
            let name = assignment.name.to_ascii_uppercase();
            let poetry = name.starts_with("POETRY_REPOSITORIES_") && name.ends_with("_URL");
            if poetry || VARIABLES.contains(&assignment.name) || name == "NPM_CONFIG_REGISTRY" {
                found(assignment.value, assignment.found().span, findings);
            }
        }
        for (_, invocation) in invocations(file) {
            for (_, options) in
                OPTIONS.iter().filter(|(programs, _)| programs.contains(&invocation.program))
            {
                for used in options.iter().flat_map(|option| invocation.option(option, true)) {
                    let span =
                        used.value_word.map_or_else(|| used.span(), |word| word.span.clone());
                    found(used.value.unwrap_or_default(), span, findings);
                }
            }
            of_configuration(&invocation, findings);
        }
    }
}

/// Whether a setting names where packages come from.
fn is_index(setting: &Setting) -> bool {
    let name = setting.name();
    // A list of tables counts them; a name stands before the count.
    let table = setting.path.iter().rev().nth(1).map_or("", String::as_str);
    match setting.tool {
        Tool::Pip => {
            let name = name.replace('_', "-").to_ascii_lowercase();
            ["index-url", "extra-index-url", "find-links", "pypi-url"].contains(&&*name)
        }
        Tool::Uv => {
            ["index-url", "extra-index-url", "find-links", "python-install-mirror"].contains(&name)
                || (name == "url" && setting.path.iter().any(|part| part == "index"))
        }
        Tool::Poetry | Tool::Pdm | Tool::Pipenv => name == "url",
        Tool::Conda => {
            let keys = ["channels", "default_channels", "channel_alias", "whitelist_channels"];
            keys.contains(&name)
                || setting
                    .path
                    .iter()
                    .any(|part| part.starts_with("custom_") && part.contains("channels"))
        }
        Tool::Npm | Tool::YarnClassic => name == "registry" || name.ends_with(":registry"),
        Tool::Yarn => ["npmRegistryServer", "npmPublishRegistry"].contains(&name),
        Tool::Docker => name == "registry-mirrors",
        Tool::Buildkit => name == "mirrors" && !table.is_empty(),
        _ => false,
    }
}

/// `pip config set global.index-url`, `npm config set registry`, `poetry source add` and their like.
fn of_configuration(invocation: &Invocation<'_>, findings: &mut Vec<Finding>) {
    let words: Vec<_> = invocation.plain().collect();
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    let configures = match (invocation.program, texts.as_slice()) {
        (
            "pip" | "uv" | "npm" | "pnpm" | "yarn" | "poetry" | "pdm" | "conda" | "mamba"
            | "micromamba",
            words,
        ) => words.iter().any(|word| ["config", "set", "source"].contains(word)),
        ("go", words) => words.first() == Some(&"env"),
        _ => false,
    };
    if !configures {
        return;
    }
    for (at, word) in words.iter().enumerate() {
        let (key, value) = match word.text.split_once('=') {
            Some(pair) => pair,
            None => (at.checked_sub(1).map_or("", |before| texts[before]), word.text.as_str()),
        };
        // A forward proxy is mostly named as plain http, which is how one speaks to it.
        if !key.to_ascii_lowercase().contains("proxy") || key == "GOPROXY" {
            found(value, word.span.clone(), findings);
        }
    }
}

/// Tells every plain-http URL in a value, lists with blanks, commas or bars between included.
fn found(value: &str, span: Span, findings: &mut Vec<Finding>) {
    for url in value.split([' ', '\t', '\n', ',', '|']) {
        // uv's `NAME=URL`
        let url = url.split_once("=http").map_or(url, |(name, _)| &url[name.len() + 1..]);
        let Some(rest) = host::scheme(url, "http://") else { continue };
        let whom = match host::of_url(url) {
            Some(host) if host::is_loopback(&host) => continue,
            Some(host) => format!("`{host}`"),
            None if rest.is_empty() => continue,
            None => "a host that is known only when it is used".to_owned(),
        };
        let message = format!("packages come over plain http from {whom}");
        let label = "anybody on the way can replace what is installed";
        findings.push(
            Finding::new("lint/plain-http-index", Level::Error, span.clone(), message, label)
                .because("the hashes of an index page come over the same channel as the files")
                .hint("speak https to it; where its CA is private, name that CA to the tool"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::PlainHttpIndex;
    use crate::fix::proof::fixed;
    use crate::rules::proof::messages;

    const OFF: &str = "packages come over plain http from `a.example`";

    #[test]
    fn every_way_to_switch_it_off_is_found() {
        for (path, text, message) in [
            ("pip.conf", "[global]\nindex-url = http://a.example/simple\n", OFF),
            ("pip.conf", "[global]\nextra_index_url = http://u:p@a.example/simple\n", OFF),
            ("requirements.txt", "--extra-index-url http://a.example/simple\n", OFF),
            ("requirements.txt", "-f http://a.example/links\n", OFF),
            ("uv.toml", "[[index]]\nurl = \"http://a.example/simple\"\n", OFF),
            ("pyproject.toml", "[tool.uv]\nindex-url = \"http://a.example/simple\"\n", OFF),
            (
                "pyproject.toml",
                "[[tool.poetry.source]]\nname = \"a\"\nurl = \"http://a.example/simple\"\n",
                OFF,
            ),
            ("pyproject.toml", "[[tool.pdm.source]]\nurl = \"http://a.example/simple\"\n", OFF),
            ("Pipfile", "[[source]]\nurl = \"http://a.example/simple\"\n", OFF),
            (".npmrc", "@corp:registry=http://a.example/npm\n", OFF),
            (".yarnrc", "registry \"http://a.example/npm\"\n", OFF),
            (".yarnrc.yml", "npmRegistryServer: http://a.example/npm\n", OFF),
            (".condarc", "channels:\n  - http://a.example/conda\n", OFF),
            ("daemon.json", "{\"registry-mirrors\": [\"http://a.example\"]}\n", OFF),
            ("a.sh", "pip install -i http://a.example/simple x\n", OFF),
            ("a.sh", "uv pip install --default-index http://a.example/simple x\n", OFF),
            ("a.sh", "uv add --index corp=http://a.example/simple x\n", OFF),
            ("a.sh", "npm ci --registry=http://a.example\n", OFF),
            ("a.sh", "npm config set registry http://a.example\n", OFF),
            ("a.sh", "npm config set registry=http://a.example\n", OFF),
            ("a.sh", "pip config set global.index-url http://a.example/simple\n", OFF),
            ("a.sh", "poetry source add a http://a.example/simple\n", OFF),
            ("a.sh", "yarn config set npmRegistryServer http://a.example\n", OFF),
            ("a.sh", "conda install -c http://a.example/conda x\n", OFF),
            ("a.sh", "conda config --add channels http://a.example/conda\n", OFF),
            ("a.sh", "go env -w GOPROXY=http://a.example,direct\n", OFF),
            ("Dockerfile", "FROM a\nENV PIP_INDEX_URL=http://a.example/simple\n", OFF),
            (
                "Dockerfile",
                "FROM a\nARG H=a.example\nENV PIP_EXTRA_INDEX_URL=http://$H/simple\n",
                OFF,
            ),
            (
                "compose.yaml",
                "services:\n  a:\n    build:\n      args:\n        NPM_CONFIG_REGISTRY: http://a.example\n",
                OFF,
            ),
            (
                "a.sh",
                "export UV_DEFAULT_INDEX=http://a.example/simple GOPROXY=https://b.example\n",
                OFF,
            ),
            ("a.sh", "GOPROXY='http://a.example|direct' go build\n", OFF),
            (
                "a.sh",
                "pip install -i http://$INDEX/simple x\n",
                "packages come over plain http from a host that is known only when it is used",
            ),
        ] {
            assert_eq!(messages(&PlainHttpIndex, &[(path, text)]), [message], "{path}: {text}");
        }
    }

    #[test]
    fn what_verifies_is_not_found() {
        for (path, text) in [
            (
                "pip.conf",
                "[global]\nindex-url = https://a.example/simple\nproxy = http://proxy.example:3128\n",
            ),
            ("pip.conf", "[global]\nindex-url = http://localhost:3141/simple\n"),
            (".npmrc", "proxy=http://proxy.example:3128\nhttps-proxy=http://proxy.example:3128\n"),
            ("a.sh", "npm config set proxy http://proxy.example:3128\n"),
            ("a.sh", "pip --proxy http://proxy.example:3128 install x\n"),
            ("a.sh", "conda config --set proxy_servers.http http://proxy.example:3128\n"),
            ("a.sh", "curl http://a.example/simple\n"),
            ("Dockerfile", "FROM a\nENV HTTP_PROXY=http://proxy.example:3128\n"),
            (".condarc", "proxy_servers:\n  http: http://proxy.example:3128\n"),
            ("pyproject.toml", "[project.urls]\nHomepage = \"http://a.example\"\n"),
        ] {
            assert_eq!(messages(&PlainHttpIndex, &[(path, text)]), [""; 0], "{path}: {text}");
        }
    }

    #[test]
    fn it_has_no_fix() {
        let (path, before, after) = (
            "pip.conf",
            "[global]\nindex-url = http://a.example/simple\n",
            "[global]\nindex-url = http://a.example/simple\n",
        );
        assert_eq!(fixed(&PlainHttpIndex, path, before), after, "{path}");
    }

    #[test]
    fn it_is_allowed_by_a_comment_with_a_reason() {
        let text = "--index-url http://a.example/simple # provender: allow lint/plain-http-index -- every requirement has its hash\n";
        assert_eq!(messages(&PlainHttpIndex, &[("requirements.txt", text)]), [""; 0]);
    }
}
