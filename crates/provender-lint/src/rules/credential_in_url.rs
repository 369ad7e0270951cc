//! Passwords and tokens in URLs.

use std::collections::BTreeSet;

use provender_core::Level;

use super::{Rule, host};
use crate::facts::Span;
use crate::finding::Finding;
use crate::secret::{InUrl, in_urls};
use crate::source::{File, FileKind};

/// `lint/credential-in-url`.
pub(crate) struct CredentialInUrl;

impl Rule for CredentialInUrl {
    fn id(&self) -> &'static str {
        "lint/credential-in-url"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn summary(&self) -> &'static str {
        "a password or token is written in a URL"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/credential-in-url.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        // A `.env` file is where secrets belong; that it stays out of images is
        // `lint/secrets-copied`'s.
        if file.kind == FileKind::DotEnv {
            return;
        }
        let mut seen = BTreeSet::new();
        for span in spoken(file) {
            let Some(written) = file.text.get(span.clone()) else { continue };
            for url in in_urls(written) {
                let secret = span.start + url.secret.start..span.start + url.secret.end;
                if is_toy(&url, &written[url.secret.clone()])
                    || !seen.insert((secret.start, secret.end))
                {
                    continue;
                }
                findings.push(
                    Finding::new(
                        self.id(),
                        if is_web(url.scheme) { self.level() } else { Level::Warning },
                        secret,
                        format!("a credential is written in `{}`", url.redacted()),
                        "readable by whoever has the file",
                    )
                    .because(
                        "it gets into version control, logs, process lists, caches and \
                         images with the URL",
                    )
                    .hint(hint(file.kind, url.scheme)),
                );
            }
        }
    }
}

/// Where what the file says is written: values, words and variables. Text that is put in from
/// elsewhere is not written there, so it is told once.
fn spoken(file: &File) -> impl Iterator<Item = Span> + '_ {
    let settings = file
        .facts
        .settings
        .iter()
        .flat_map(|setting| &setting.values)
        .map(|value| value.span.clone());
    let variables = file
        .facts
        .variables
        .iter()
        .filter_map(|variable| variable.value.as_ref())
        .map(|word| word.span.clone());
    let words =
        file.facts.commands.iter().flat_map(|command| &command.words).map(|word| word.span.clone());
    let instructions = file.dockerfile.iter().flat_map(|dockerfile| &dockerfile.instructions);
    let sources = instructions
        .filter(|instruction| {
            matches!(instruction.keyword.as_str(), "ADD" | "COPY" | "FROM" | "LABEL")
        })
        .map(|instruction| instruction.span.clone());
    settings.chain(variables).chain(words).chain(sources)
}

/// The password of a database that no other machine reaches, or that is its user's name: what
/// examples for developers have.
fn is_toy(url: &InUrl<'_>, secret: &str) -> bool {
    let user_s_name = url.user.is_some_and(|user| user.eq_ignore_ascii_case(secret));
    !is_web(url.scheme) && (host::is_loopback(url.host) || user_s_name)
}

fn is_web(scheme: &str) -> bool {
    let web = ["http", "https", "git+https", "git+http", "ftp", "ftps"];
    web.iter().any(|known| scheme.eq_ignore_ascii_case(known))
}

fn hint(kind: FileKind, scheme: &str) -> &'static str {
    match kind {
        FileKind::Dockerfile => {
            "mount it for the step that needs it, as a netrc: `RUN \
             --mount=type=secret,id=netrc,target=/root/.netrc ...`; and replace the credential"
        }
        FileKind::Npmrc => {
            "write `${NPM_TOKEN}` in its place: npm puts the variable in; and replace the \
             credential"
        }
        FileKind::Requirements | FileKind::PipConf => {
            "keep it in netrc or in pip's keyring (`keyring-provider`), or write `${NAME}` in a \
             requirement file; and replace the credential"
        }
        FileKind::Pyproject
        | FileKind::UvToml
        | FileKind::Pipfile
        | FileKind::PoetryToml
        | FileKind::PdmToml => {
            "keep it in netrc, or in the tool's own variables (`UV_INDEX_NAME_PASSWORD`, \
             `POETRY_HTTP_BASIC_NAME_PASSWORD`); and replace the credential"
        }
        FileKind::GithubWorkflow | FileKind::GitlabCi | FileKind::OtherCi => {
            "keep it among the CI's secrets and write the variable in its place; and replace the \
             credential"
        }
        _ if scheme.starts_with("git") => {
            "let git's credential helper or an SSH key answer; and replace the credential"
        }
        _ => "write a variable in its place, or keep it in netrc; and replace the credential",
    }
}

#[cfg(test)]
mod tests {
    use super::CredentialInUrl;
    use crate::rules::proof::{found, messages};

    #[test]
    fn a_credential_is_found_where_it_is_written_and_never_shown() {
        for (path, text) in [
            ("pip.conf", "[global]\nindex-url = https://bob:hunter2@index.example/simple\n"),
            ("requirements.txt", "--index-url https://bob:hunter2@index.example/simple\nflask\n"),
            ("requirements.txt", "flask @ https://bob:hunter2@index.example/flask.whl\n"),
            (
                "Dockerfile",
                "FROM python:3.12\n\
                 RUN pip install -i https://bob:hunter2@index.example/simple flask\n",
            ),
            (
                "Dockerfile",
                "FROM python:3.12\n\
                 ENV PIP_INDEX_URL=\"https://bob:hunter2@index.example/simple\"\n",
            ),
            ("Dockerfile", "FROM python:3.12\nADD https://bob:hunter2@index.example/a /a\n"),
            ("build.sh", "curl -O 'https://bob:hunter2@index.example/a'\n"),
        ] {
            let findings = found(&CredentialInUrl, &[(path, text)]);
            assert_eq!(findings.len(), 1, "{text}");
            assert_eq!(
                findings[0].message,
                "a credential is written in `https://bob:****@index.example`"
            );
            assert_eq!(&text[findings[0].span.clone()], "hunter2");
            assert!(!format!("{findings:?}").contains("hunter2"));
        }
    }

    #[test]
    fn what_a_variable_puts_in_is_told_where_it_is_written() {
        let text = "FROM python:3.12\nENV URL=https://bob:hunter2@index.example/\nRUN curl $URL\n";
        assert_eq!(messages(&CredentialInUrl, &[("Dockerfile", text)]).len(), 1);
    }

    #[test]
    fn placeholders_and_toys_are_left_alone() {
        for (path, text) in [
            (
                "pip.conf",
                "[global]\nindex-url = https://${USER}:${PASSWORD}@index.example/simple\n",
            ),
            (
                "build.sh",
                "curl https://$USER:$PASSWORD@index.example/\ngit clone ssh://git@git.example/a\n",
            ),
            ("build.sh", "export DATABASE_URL=postgres://app:app@db:5432/app\n"),
            ("build.sh", "export DATABASE_URL=postgres://app:hunter2@localhost/app\n"),
            (".env", "INDEX=https://bob:hunter2@index.example/\n"),
        ] {
            assert_eq!(messages(&CredentialInUrl, &[(path, text)]), [""; 0], "{text}");
        }
    }
}
