//! Which variables, with which values.

use std::path::{Path, PathBuf};

use provender_core::Diagnostic;
use url::Url;

use crate::configure::ConfigureError;
use crate::configure::{check_url, path_text};

/// What the variables should point at.
#[derive(Debug, Clone, Default)]
pub struct WantedVariables {
    /// The Python index: the URL that ends in `/simple/`.
    pub index: Option<Url>,
    /// The npm registry.
    pub npm_registry: Option<Url>,
    /// A PEM file with the private authority alone. An absolute path.
    pub ca: Option<PathBuf>,
    /// A PEM file with the public roots and the private authority. An absolute path.
    pub full_bundle: Option<PathBuf>,
}

/// What a variable does to the roots of its tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Roots {
    /// Nothing: it names an index or a registry.
    Untouched,
    /// It adds to them.
    Adds,
    /// It replaces them.
    Replaces,
}

/// A variable with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Its value: one line without control characters.
    pub value: String,
    /// What it does to the roots of its tools.
    pub roots: Roots,
    /// Which tools read it.
    pub tools: &'static str,
}

/// A variable that is not set, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name.
    pub name: &'static str,
    /// Why.
    pub why: &'static str,
}

/// Why there are no variables, or none in a syntax.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// What is wanted cannot stand in a variable.
    #[error(transparent)]
    Wanted(#[from] ConfigureError),
    /// A syntax has no way to write a value.
    #[error("the value of {name} holds {what}, which {syntax} cannot write")]
    Unwritable {
        /// The variable.
        name: &'static str,
        /// What stands in the way.
        what: &'static str,
        /// The syntax.
        syntax: &'static str,
    },
}

impl EnvironmentError {
    /// The same as a diagnostic, with its hint.
    pub fn diagnostic(&self) -> Diagnostic {
        match self {
            Self::Wanted(error) => error.diagnostic(),
            Self::Unwritable { .. } => Diagnostic::error("env/unwritable", self.to_string())
                .hint("move the file to a path of letters, digits, `.`, `-` and `_`"),
        }
    }
}

/// The variables in the order in which they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variables {
    variables: Vec<Variable>,
    left_out: Vec<LeftOut>,
}

/// Those that name the Python index.
const OF_INDEX: [(&str, &str); 3] =
    [("PIP_INDEX_URL", "pip"), ("UV_DEFAULT_INDEX", "uv"), ("PDM_PYPI_URL", "pdm")];

/// Those that name the npm registry.
const OF_REGISTRY: [(&str, &str); 2] =
    [("npm_config_registry", "npm, pnpm, yarn 1"), ("YARN_NPM_REGISTRY_SERVER", "yarn from 2")];

/// Those that replace the roots of their tools.
const REPLACING: [(&str, &str); 7] = [
    // Before 24.2, and on Python before 3.10, pip has no other roots.
    ("PIP_CERT", "pip"),
    ("SSL_CERT_FILE", "uv, httpx, curl, cargo, Go, and what is built on OpenSSL"),
    ("REQUESTS_CA_BUNDLE", "requests, poetry, pdm, conda"),
    ("CURL_CA_BUNDLE", "curl, requests"),
    ("GIT_SSL_CAINFO", "git"),
    ("CARGO_HTTP_CAINFO", "cargo"),
    ("CONDA_SSL_VERIFY", "conda"),
];

/// Those that add to the roots of their tools.
const ADDING: [(&str, &str); 1] = [("NODE_EXTRA_CA_CERTS", "node, npm, pnpm, yarn")];

/// Names that would undo what is set: roots in the place of Node's, and switches against verification.
const CONTRADICTING: [&str; 9] = [
    "npm_config_cafile",
    "NPM_CONFIG_CAFILE",
    "PIP_TRUSTED_HOST",
    "UV_INSECURE_HOST",
    "NODE_TLS_REJECT_UNAUTHORIZED",
    "npm_config_strict_ssl",
    "YARN_ENABLE_STRICT_SSL",
    "GIT_SSL_NO_VERIFY",
    "PDM_PYPI_VERIFY_SSL",
];

impl Variables {
    /// The variables for what is wanted.
    ///
    /// # Errors
    ///
    /// URLs with credentials or, from another machine, without TLS; paths that are not absolute or hold control
    /// characters.
    pub fn new(wanted: &WantedVariables) -> Result<Self, EnvironmentError> {
        let mut variables = Vec::new();
        let mut left_out = Vec::new();
        let mut add = |names: &[(&'static str, &'static str)], value: &str, roots| {
            variables.extend(names.iter().map(|&(name, tools)| Variable {
                name,
                value: value.to_owned(),
                roots,
                tools,
            }));
        };
        if let Some(index) = &wanted.index {
            check_url(index, "index URL", None)?;
            add(&OF_INDEX, index.as_str(), Roots::Untouched);
        }
        if let Some(registry) = &wanted.npm_registry {
            check_url(registry, "URL of the npm registry", None)?;
            add(&OF_REGISTRY, registry.as_str(), Roots::Untouched);
        }
        if let Some(full) = &wanted.full_bundle {
            add(&REPLACING, path_text(full)?, Roots::Replaces);
        } else if wanted.ca.is_some() {
            let why =
                "it replaces the tool's roots, and there is no full bundle to put in their place";
            left_out.extend(REPLACING.iter().map(|&(name, _)| LeftOut { name, why }));
        }
        if let Some(ca) = &wanted.ca {
            add(&ADDING, path_text(ca)?, Roots::Adds);
        } else if let Some(full) = &wanted.full_bundle {
            // What is there already does no harm.
            add(&ADDING, path_text(full)?, Roots::Adds);
        }
        Ok(Self { variables, left_out })
    }

    /// The variables.
    pub fn iter(&self) -> impl Iterator<Item = &Variable> {
        self.variables.iter()
    }

    /// Those that are not set although an authority is given.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// Which of the variables of this environment would undo them, and should be unset: switches against
    /// verification, and roots in the place of those that are set.
    pub fn contradicted_by<'a>(
        &self,
        environment: impl IntoIterator<Item = &'a str>,
    ) -> Vec<&'static str> {
        let there: Vec<_> = environment.into_iter().collect();
        CONTRADICTING.into_iter().filter(|name| there.contains(name)).collect()
    }

    /// The files that the variables name, each once.
    pub(super) fn files(&self) -> Vec<&Path> {
        let mut files: Vec<&Path> = Vec::new();
        for variable in self.variables.iter().filter(|v| v.roots != Roots::Untouched) {
            let file = Path::new(&variable.value);
            if !files.contains(&file) {
                files.push(file);
            }
        }
        files
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Option<Url> {
        Some(Url::parse(text).unwrap())
    }

    #[test]
    fn what_replaces_roots_gets_the_full_bundle_and_what_adds_the_authority_alone() {
        let variables = Variables::new(&WantedVariables {
            ca: Some("/etc/ca.pem".into()),
            full_bundle: Some("/etc/full.pem".into()),
            ..WantedVariables::default()
        })
        .unwrap();
        for variable in variables.iter() {
            let expected = if variable.name == "NODE_EXTRA_CA_CERTS" {
                "/etc/ca.pem"
            } else {
                "/etc/full.pem"
            };
            assert_eq!(variable.value, expected, "{}", variable.name);
        }
        assert!(variables.left_out().is_empty());
    }

    #[test]
    fn without_a_full_bundle_nothing_replaces_roots() {
        let wanted =
            WantedVariables { ca: Some("/etc/ca.pem".into()), ..WantedVariables::default() };
        let variables = Variables::new(&wanted).unwrap();
        assert_eq!(variables.iter().map(|v| v.name).collect::<Vec<_>>(), ["NODE_EXTRA_CA_CERTS"]);
        assert!(variables.left_out().iter().any(|left| left.name == "SSL_CERT_FILE"));
    }

    #[test]
    fn credentials_plain_http_and_odd_paths_are_refused() {
        let of = |index: &str, ca: &str| {
            let wanted = WantedVariables {
                index: url(index),
                ca: Some(ca.into()),
                ..WantedVariables::default()
            };
            Variables::new(&wanted)
        };
        let secret = of("https://ann:s3cret@index.example/simple/", "/ca.pem").unwrap_err();
        assert!(!secret.to_string().contains("s3cret"));
        assert!(secret.diagnostic().hint.unwrap().contains("netrc"));
        assert!(of("http://index.example/simple/", "/ca.pem").is_err());
        assert!(of("http://127.0.0.1:8080/simple/", "/ca.pem").is_ok());
        assert!(of("https://index.example/simple/", "ca.pem").is_err());
        assert!(of("https://index.example/simple/", "/a\nb.pem").is_err());
    }

    #[test]
    fn switches_against_verification_are_named() {
        let variables = Variables::new(&WantedVariables::default()).unwrap();
        assert_eq!(variables.contradicted_by(["HOME", "PIP_TRUSTED_HOST"]), ["PIP_TRUSTED_HOST"]);
    }
}
