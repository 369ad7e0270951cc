//! Repositories of apt and apk over plain http.

use provender_core::Level;

use super::Rule;
use super::bypass::invocations;
use super::host;
use crate::facts::{Span, Tool};
use crate::finding::Finding;
use crate::source::File;

/// `lint/plain-http-repository`.
pub(crate) struct PlainHttpRepository;

/// What is lost, and what is not.
const BECAUSE: &str = "signatures still protect what is installed; that nothing older is served and \
                       that nobody reads along is lost";

impl Rule for PlainHttpRepository {
    fn id(&self) -> &'static str {
        "lint/plain-http-repository"
    }

    fn level(&self) -> Level {
        Level::Note
    }

    fn summary(&self) -> &'static str {
        "a repository of apt or apk is read over plain http"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/plain-http-repository.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        for setting in &file.facts.settings {
            let name = setting.name().to_ascii_lowercase();
            let names_one = match setting.tool {
                Tool::Apt => ["uri", "uris"].contains(&name.as_str()),
                Tool::Apk => true,
                _ => false,
            };
            if names_one {
                for value in &setting.values {
                    found(&value.text, value.span.clone(), findings);
                }
            }
        }
        for (_, invocation) in invocations(file) {
            if invocation.program == "apk" {
                for used in
                    ["-X", "--repository"].iter().flat_map(|one| invocation.option(one, true))
                {
                    found(used.value.unwrap_or_default(), used.span(), findings);
                }
            }
        }
    }
}

fn found(url: &str, span: Span, findings: &mut Vec<Finding>) {
    // apk's `@TAG URL`
    let url = url.rsplit(' ').next().unwrap_or(url);
    let Some(host) = host::scheme(url, "http://").and_then(|_| host::of_url(url)) else { return };
    if host::is_loopback(&host) {
        return;
    }
    let message = format!("a repository is read over plain http from `{host}`");
    let label = "not private, and perhaps not fresh";
    findings.push(
        Finding::new("lint/plain-http-repository", Level::Note, span, message, label)
            .because(BECAUSE)
            .hint("speak https to it where the mirror does"),
    );
}

#[cfg(test)]
mod tests {
    use super::PlainHttpRepository;
    use crate::fix::proof::fixed;
    use crate::rules::proof::messages;

    const OFF: &str = "a repository is read over plain http from `a.example`";

    #[test]
    fn every_way_to_switch_it_off_is_found() {
        for (path, text, message) in [
            ("sources.list", "deb http://a.example/debian stable main\n", OFF),
            (
                "etc/apt/sources.list.d/a.sources",
                "Types: deb\nURIs: http://a.example/debian\nSuites: stable\n",
                OFF,
            ),
            ("etc/apk/repositories", "http://a.example/alpine/v3.20/main\n", OFF),
            ("a.sh", "apk add -X http://a.example/alpine x\n", OFF),
            ("Dockerfile", "FROM a\nRUN apk add --repository=http://a.example/alpine x\n", OFF),
        ] {
            assert_eq!(
                messages(&PlainHttpRepository, &[(path, text)]),
                [message],
                "{path}: {text}"
            );
        }
    }

    #[test]
    fn what_verifies_is_not_found() {
        for (path, text) in [
            ("sources.list", "deb https://a.example/debian stable main\n"),
            ("sources.list", "deb http://127.0.0.1:3142/debian stable main\n"),
            ("etc/apk/repositories", "https://a.example/alpine/v3.20/main\n"),
            ("apt.conf", "Acquire::http::Proxy \"http://proxy.example:3128\";\n"),
        ] {
            assert_eq!(messages(&PlainHttpRepository, &[(path, text)]), [""; 0], "{path}: {text}");
        }
    }

    #[test]
    fn it_has_no_fix() {
        let (path, before, after) = (
            "sources.list",
            "deb http://a.example/debian stable main\n",
            "deb http://a.example/debian stable main\n",
        );
        assert_eq!(fixed(&PlainHttpRepository, path, before), after, "{path}");
    }

    #[test]
    fn it_is_allowed_by_a_comment_with_a_reason() {
        let text = "# provender: allow lint/plain-http-repository -- the mirror speaks nothing else\ndeb http://a.example/debian stable main\n";
        assert_eq!(messages(&PlainHttpRepository, &[("sources.list", text)]), [""; 0]);
    }
}
