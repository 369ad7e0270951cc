//! What an image's settings say, read by the rules of `provender lint`.
//!
//! The configuration is written down as the Dockerfile that would set it. What is allowed by a
//! comment in a file of the image is told all the same: whoever made an image does not decide what
//! its scan tells.

use std::path::Path;

use provender_core::{Diagnostic, Place};
use provender_lint::{FileKind, Finding, Linter, Options, read};

use crate::ImageConfig;
use crate::tree::{Kind, Tree};

/// What is read of an image: settings of tools that fetch something.
const KINDS: [FileKind; 13] = [
    FileKind::PipConf,
    FileKind::UvToml,
    FileKind::Npmrc,
    FileKind::YarnrcClassic,
    FileKind::YarnrcYml,
    FileKind::Condarc,
    FileKind::AptConf,
    FileKind::AptList,
    FileKind::AptSources,
    FileKind::ApkRepositories,
    FileKind::Gitconfig,
    FileKind::Curlrc,
    FileKind::Wgetrc,
];

/// Folders of files that somebody else's tools would read elsewhere.
const PACKED: [&str; 5] =
    ["site-packages/", "dist-packages/", "node_modules/", "usr/share/doc/", "usr/share/git-core/"];

/// Rules that ask what an image does not tell: how it was built, and what its build was given.
const OF_BUILDS: [&str; 8] = [
    "lint/image-latest",
    "lint/image-without-digest",
    "lint/ca-missing-in-stage",
    "lint/tls-variable-in-image",
    "lint/plain-http-repository",
    "lint/suppression-unknown-rule",
    "lint/suppression-unused",
    "lint/suppression-without-reason",
];

/// Which settings a file of an image has; none where it is not looked at.
pub(super) fn kind(path: &str) -> Option<FileKind> {
    let kind = FileKind::of(Path::new(path)).filter(|kind| KINDS.contains(kind))?;
    let is_packed = |folder: &str| {
        path.match_indices(folder)
            .any(|(at, _)| at == 0 || path.as_bytes().get(at - 1) == Some(&b'/'))
    };
    (!PACKED.iter().any(|folder| is_packed(folder))).then_some(kind)
}

/// What the configuration says.
pub(super) fn of_config(config: &ImageConfig) -> Vec<Diagnostic> {
    let file = read("Dockerfile", FileKind::Dockerfile, &dockerfile(config));
    let Some(linter) = linter() else { return Vec::new() };
    let findings = linter.lint_file(&file, &[]);
    let suppressed = findings.suppressed.into_iter().map(|suppressed| suppressed.finding);
    findings.findings.into_iter().chain(suppressed).map(|finding| told(finding, None)).collect()
}

/// What the settings of tools say that the image has.
pub(super) fn of_files(tree: &Tree) -> Vec<Diagnostic> {
    let Some(linter) = linter() else { return Vec::new() };
    let mut found = Vec::new();
    for (path, node) in tree.iter() {
        let Some(kind) = kind(path) else { continue };
        let Kind::File { content: Some(content), .. } = &node.kind else { continue };
        let text = String::from_utf8_lossy(content);
        let file = read(format!("/{path}"), kind, &text);
        let findings = linter.lint_file(&file, &[]);
        let suppressed = findings.suppressed.into_iter().map(|suppressed| suppressed.finding);
        for finding in findings.findings.into_iter().chain(suppressed) {
            let before = text.get(..finding.span.start).unwrap_or_default();
            let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
            let line = u32::try_from(line).unwrap_or(u32::MAX);
            found.push(told(finding, Some(Place::line(format!("/{path}"), line))));
        }
    }
    found
}

/// Variables that name certificates which the image does not have.
pub(super) fn certificates(config: &ImageConfig, tree: &Tree) -> Vec<Diagnostic> {
    const VARIABLES: [&str; 8] = [
        "CURL_CA_BUNDLE",
        "GIT_SSL_CAINFO",
        "NODE_EXTRA_CA_CERTS",
        "NPM_CONFIG_CAFILE",
        "PIP_CERT",
        "REQUESTS_CA_BUNDLE",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
    ];
    let variables = config.config.env.iter().filter_map(|variable| variable.split_once('='));
    let missing = variables.filter(|(name, value)| {
        VARIABLES.contains(&name.to_ascii_uppercase().as_str())
            && value.starts_with('/')
            && tree.resolve(value.trim_start_matches('/')).is_none()
    });
    let told = missing.map(|(name, value)| {
        let message = format!("`{name}` names `{value}`, which is not in the image");
        Diagnostic::warning("image/ca-missing", message)
            .because("whatever verifies with it fails, or is told not to verify")
            .hint("take the variable out, or mount the certificates where it says")
    });
    told.collect()
}

fn linter() -> Option<Linter> {
    let deselected = OF_BUILDS.iter().map(|rule| (*rule).to_owned()).collect();
    // Every rule that is named is there: a test says so.
    Linter::new(&Options { deselected, ..Options::default() }).ok()
}

fn told(finding: Finding, place: Option<Place>) -> Diagnostic {
    let mut diagnostic = Diagnostic::new(finding.rule, finding.level, finding.message);
    diagnostic.place = place;
    diagnostic.causes = finding.causes;
    diagnostic.hint = finding.hint;
    diagnostic
}

/// The Dockerfile that would set what the configuration sets.
fn dockerfile(config: &ImageConfig) -> String {
    let container = &config.config;
    let mut text = String::from("FROM scratch\n");
    let mut line = |keyword: &str, arguments: &str| {
        text.push_str(&format!("{keyword} {arguments}\n"));
    };
    for (name, value) in container.env.iter().filter_map(|variable| variable.split_once('=')) {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if !name.is_empty() && name.bytes().all(is_name) {
            line("ENV", &format!("{name}={}", quoted(value)));
        }
    }
    for port in container.exposed_ports.keys() {
        let is_port = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'/';
        if !port.is_empty() && port.bytes().all(is_port) {
            line("EXPOSE", port);
        }
    }
    if !container.user.is_empty() {
        line("USER", &quoted(&container.user));
    }
    match container.healthcheck.as_ref().and_then(|check| check.test.first()).map(String::as_str) {
        Some("NONE") => line("HEALTHCHECK", "NONE"),
        Some(_) => line("HEALTHCHECK", "CMD [\"check\"]"),
        None => {}
    }
    for (keyword, words) in [("ENTRYPOINT", &container.entrypoint), ("CMD", &container.cmd)] {
        if let (false, Ok(words)) = (words.is_empty(), serde_json::to_string(words)) {
            line(keyword, &words);
        }
    }
    text
}

/// A word in double quotes, in which nothing has a meaning.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' | '$' => {
                out.push('\\');
                out.push(character);
            }
            character if character.is_control() => out.push(' '),
            character => out.push(character),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_that_is_left_out_is_there() {
        for rule in OF_BUILDS {
            assert!(provender_lint::rules::find(rule).is_some(), "{rule}");
        }
        assert!(linter().is_some());
    }

    #[test]
    fn settings_are_looked_at_where_tools_read_them() {
        assert_eq!(kind("etc/pip.conf"), Some(FileKind::PipConf));
        assert_eq!(kind("etc/apt/apt.conf.d/99x"), Some(FileKind::AptConf));
        assert_eq!(kind("usr/share/doc/x/.npmrc"), None);
        assert_eq!(kind("app/Makefile"), None);
    }
}
