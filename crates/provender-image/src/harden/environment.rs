//! Which of a base's variables an image takes over.

use std::collections::BTreeMap;

use provender_core::Diagnostic;
use provender_lint::secret::{is_placeholder, names_secret};

/// What every Python service is run with: its output is seen at once, and it writes no bytecode
/// beside code that it may not change.
pub const PYTHON: [(&str, &str); 2] = [("PYTHONDONTWRITEBYTECODE", "1"), ("PYTHONUNBUFFERED", "1")];

/// Something of the base that the image does not take over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dropped {
    /// What it is, such as `HTTP_PROXY` or `the health check`.
    pub what: String,
    /// Why, as a sentence's end: `it is for ...`.
    pub why: &'static str,
}

impl Dropped {
    /// As it is told to whoever builds.
    pub fn note(&self) -> Diagnostic {
        let message = format!("{} of the base is not taken over: {}", self.what, self.why);
        Diagnostic::note("image/not-inherited", message)
    }
}

/// Variables by which programs are told not to verify with whom they speak.
const UNVERIFIED: [&str; 10] = [
    "CONDA_SSL_VERIFY",
    "GIT_SSL_NO_VERIFY",
    "GOINSECURE",
    "NODE_TLS_REJECT_UNAUTHORIZED",
    "NPM_CONFIG_STRICT_SSL",
    "PDM_PYPI_VERIFY_SSL",
    "PIPENV_VERIFY_SSL",
    "POETRY_CERTIFICATES_VERIFY",
    "PYTHONHTTPSVERIFY",
    "YARN_ENABLE_STRICT_SSL",
];

/// Why a variable of the base is not taken over; none where it is.
fn reason(name: &str, value: &str) -> Option<&'static str> {
    let upper = name.to_ascii_uppercase();
    if matches!(
        upper.as_str(),
        "HTTP_PROXY" | "HTTPS_PROXY" | "FTP_PROXY" | "ALL_PROXY" | "NO_PROXY"
    ) {
        return Some(
            "a proxy of the place where the base was built is none of where this one runs",
        );
    }
    if UNVERIFIED.contains(&upper.as_str()) {
        return Some("verification of TLS is never switched off");
    }
    if upper.starts_with("PIP_") || upper.starts_with("UV_") {
        return Some("it tells installers whom to trust, and nothing is installed in a container");
    }
    if names_secret(name) && !is_placeholder(value) {
        return Some("it looks like a secret");
    }
    None
}

/// The base's variables that are taken over, in their order, with `own` in the place of those of the
/// same name and behind them.
pub(super) fn merged(
    base: &[String],
    own: &BTreeMap<String, String>,
    dropped: &mut Vec<Dropped>,
) -> Vec<String> {
    let mut merged: Vec<(&str, &str)> = Vec::new();
    for (name, value) in base.iter().filter_map(|variable| variable.split_once('=')) {
        if own.contains_key(name) || name.is_empty() {
            if !merged.iter().any(|(known, _)| *known == name) && !name.is_empty() {
                merged.push((name, value));
            }
            continue;
        }
        if let Some(why) = reason(name, value) {
            dropped.push(Dropped { what: name.to_owned(), why });
            continue;
        }
        // Of two values the last one counts.
        match merged.iter_mut().find(|(known, _)| *known == name) {
            Some(known) => known.1 = value,
            None => merged.push((name, value)),
        }
    }
    for (name, value) in own {
        match merged.iter_mut().find(|(known, _)| known == name) {
            Some(known) => known.1 = value,
            None => merged.push((name, value)),
        }
    }
    merged.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merge(base: &[&str], own: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let base: Vec<String> = base.iter().map(|variable| (*variable).to_owned()).collect();
        let own =
            own.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut dropped = Vec::new();
        let merged = merged(&base, &own, &mut dropped);
        (merged, dropped.into_iter().map(|dropped| dropped.what).collect())
    }

    #[test]
    fn the_base_s_variables_are_taken_over_in_their_order() {
        let base = ["PATH=/usr/local/bin:/usr/bin", "LANG=C.UTF-8", "PYTHON_VERSION=3.11.9"];
        let (merged, dropped) = merge(&base, &[("PYTHONUNBUFFERED", "1"), ("LANG", "C")]);
        let expected = [
            "PATH=/usr/local/bin:/usr/bin",
            "LANG=C",
            "PYTHON_VERSION=3.11.9",
            "PYTHONUNBUFFERED=1",
        ];
        assert_eq!(merged, expected);
        assert!(dropped.is_empty());
    }

    #[test]
    fn what_belongs_to_the_base_s_build_is_dropped() {
        let base = [
            "http_proxy=http://proxy.example:3128",
            "NO_PROXY=.example",
            "PIP_TRUSTED_HOST=index.example",
            "NODE_TLS_REJECT_UNAUTHORIZED=0",
            "API_TOKEN=k8s2-49dj-wq",
            "GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D",
        ];
        let (merged, dropped) = merge(&base, &[]);
        assert_eq!(merged, [base[5]]);
        let names: Vec<&str> = base[..5].iter().map(|v| v.split_once('=').unwrap().0).collect();
        assert_eq!(dropped, names);
    }

    #[test]
    fn what_is_asked_for_is_set_whatever_its_name() {
        let (merged, dropped) = merge(&["HTTPS_PROXY=a"], &[("HTTPS_PROXY", "b")]);
        assert_eq!((merged, dropped.len()), (vec!["HTTPS_PROXY=b".to_owned()], 0));
    }
}
