//! The TOML files of Python's project tools: `pyproject.toml`, `uv.toml`, `Pipfile`, `poetry.toml`, `pdm.toml`.

use super::toml;
use crate::facts::{Facts, Tool};

/// Reads `pyproject.toml`: the tables of uv, poetry, pdm and pipenv, and the requirements, which are pip's.
pub(crate) fn pyproject(text: &str) -> Facts {
    toml::parse(text, |path| {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["tool", "uv", ..] => Some(Tool::Uv),
            ["tool", "poetry", ..] => Some(Tool::Poetry),
            ["tool", "pdm", ..] => Some(Tool::Pdm),
            ["tool", "pip-tools" | "pip", ..]
            | ["project", "dependencies" | "optional-dependencies", ..]
            | ["build-system", "requires"]
            | ["dependency-groups", ..] => Some(Tool::Pip),
            _ => None,
        }
    })
}

/// Reads `uv.toml`; the paths lack the `tool` and `uv` that `pyproject.toml` has.
pub(crate) fn uv(text: &str) -> Facts {
    toml::parse(text, |_| Some(Tool::Uv))
}

/// Reads a `Pipfile`.
pub(crate) fn pipfile(text: &str) -> Facts {
    toml::parse(text, |_| Some(Tool::Pipenv))
}

/// Reads `poetry.toml`.
pub(crate) fn poetry(text: &str) -> Facts {
    toml::parse(text, |_| Some(Tool::Poetry))
}

/// Reads `pdm.toml` or `.pdm.toml`.
pub(crate) fn pdm(text: &str) -> Facts {
    toml::parse(text, |_| Some(Tool::Pdm))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::proof::{check, setting, without, without_value};

    const TEXT: &str = r#"# ours: ü
[project]
name = "x"
dependencies = ["flask>=3", "y @ http://a.example/y.whl"]

[tool.uv]
allow-insecure-host = [
    "a.example", # why
    "b.example",
]
system-certs = true  # good
pip.index-url = 'https://a.example/simple'

[[tool.uv.index]]
name = "corp"
url = "https://a.example/simple"

[[tool.uv.index]]
name = "other"
url = "http://b.example/simple"

[tool.poetry.source]
x = { url = "https://c.example", certs = { cert = false }, k = 1 }

[[tool.pdm.source]]
verify_ssl = false
url = "https://d.example"
"#;

    #[test]
    fn settings_stand_where_they_are_said_to_stand() {
        let facts = check(TEXT, pyproject);
        assert!(facts.errors.is_empty(), "{:?}", facts.errors);
        let hosts = setting(&facts, &["tool", "uv", "allow-insecure-host"]);
        assert_eq!(hosts.tool, Tool::Uv);
        assert_eq!(&TEXT[hosts.values[1].span.clone()], "\"b.example\"");
        assert_eq!(hosts.values[1].text, "b.example");
        let second = setting(&facts, &["tool", "uv", "index", "1", "url"]);
        assert_eq!(second.value, "http://b.example/simple");
        assert_eq!(&TEXT[second.key.clone()], "url");
        assert_eq!(setting(&facts, &["tool", "uv", "system-certs"]).value, "true");
        let dotted = setting(&facts, &["tool", "uv", "pip", "index-url"]);
        assert_eq!(&TEXT[dotted.key.clone()], "pip.index-url");
        let cert = setting(&facts, &["tool", "poetry", "source", "x", "certs", "cert"]);
        assert_eq!((cert.tool, cert.value.as_str()), (Tool::Poetry, "false"));
        assert_eq!(setting(&facts, &["tool", "pdm", "source", "0", "verify_ssl"]).value, "false");
        assert_eq!(setting(&facts, &["project", "dependencies"]).values.len(), 2);
        assert_eq!(facts.comments.len(), 3);
    }

    #[test]
    fn a_setting_goes_and_leaves_toml() {
        let uv = ["tool", "uv", "allow-insecure-host"];
        assert!(without(TEXT, pyproject, &uv).contains("[tool.uv]\nsystem-certs"));
        let url = ["tool", "poetry", "source", "x", "url"];
        assert!(without(TEXT, pyproject, &url).contains("x = { certs = { cert = false }, k = 1 }"));
        let last = ["tool", "poetry", "source", "x", "k"];
        assert!(without(TEXT, pyproject, &last).contains("{ cert = false } }"));
        without(TEXT, pyproject, &["tool", "pdm", "source", "0", "verify_ssl"]);
    }

    #[test]
    fn one_of_several_values_goes() {
        let uv = ["tool", "uv", "allow-insecure-host"];
        assert!(without_value(TEXT, pyproject, &uv, 0).contains("[\n    \"b.example\",\n]"));
        assert!(without_value(TEXT, pyproject, &uv, 1).contains("\"a.example\", # why\n]"));
        let dependencies = ["project", "dependencies"];
        assert!(without_value(TEXT, pyproject, &dependencies, 1).contains("[\"flask>=3\"]"));
    }

    #[test]
    fn carriage_returns_do_no_harm() {
        let text = TEXT.replace('\n', "\r\n");
        let rest = without(&text, pyproject, &["tool", "uv", "allow-insecure-host"]);
        assert!(rest.contains("[tool.uv]\r\nsystem-certs"));
    }

    #[test]
    fn what_stands_behind_an_error_is_read() {
        let facts = check("[a]\nx = = 3\ny = [\n  1,\n\n[b]\nverify_ssl = false\n", pipfile);
        assert!(!facts.errors.is_empty());
        let facts = check("x == 3\n[source]\nverify_ssl = false\n", pipfile);
        assert!(!facts.errors.is_empty());
        assert_eq!(setting(&facts, &["source", "verify_ssl"]).value, "false");
    }

    #[test]
    fn deep_nesting_ends() {
        let text = format!("x = {}", "[".repeat(100_000));
        assert!(!check(&text, uv).errors.is_empty());
    }
}
