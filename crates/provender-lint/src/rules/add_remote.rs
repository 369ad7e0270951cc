//! Files that `ADD` fetches without knowing what they should be.

use provender_core::Level;

use super::Rule;
use crate::dockerfile::Dockerfile;
use crate::finding::Finding;
use crate::image::copying::{Copying, is_remote};
use crate::image::shipped;
use crate::secret::in_urls;
use crate::source::File;

/// `lint/add-remote`.
pub(crate) struct AddRemote;

impl Rule for AddRemote {
    fn id(&self) -> &'static str {
        "lint/add-remote"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn summary(&self) -> &'static str {
        "`ADD` fetches something without a checksum"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/add-remote.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        let Some(dockerfile) = &file.dockerfile else { return };
        for (index, instruction) in dockerfile.instructions.iter().enumerate() {
            let Some(copying) = Copying::of(index, instruction) else { continue };
            let checked = instruction.flags.iter().any(|flag| flag.name == "checksum");
            if instruction.keyword != "ADD"
                || checked
                || is_verified_later(file, dockerfile, &copying)
            {
                continue;
            }
            for source in copying.sources.iter().filter(|source| is_remote(&source.text)) {
                let name = shown(&source.text);
                let finding = match repository(&source.text) {
                    Some(Some(revision)) if is_commit(revision) => continue,
                    Some(_) if !source.known => continue,
                    Some(revision) => Finding::new(
                        self.id(),
                        if revision.is_some_and(is_version) { Level::Note } else { self.level() },
                        source.span.clone(),
                        format!("the repository `{name}` is added at no fixed commit"),
                        "may be another tree tomorrow",
                    )
                    .hint(
                        "name the commit: `#` and its 40 digits behind the URL, or \
                         `--checksum=COMMIT`",
                    ),
                    None => Finding::new(
                        self.id(),
                        self.level(),
                        source.span.clone(),
                        format!("`{name}` is added without a checksum"),
                        "taken as it comes",
                    )
                    .hint(
                        "name what it should be: `ADD --checksum=sha256:...`, which BuildKit \
                         verifies before anything is written",
                    ),
                };
                findings.push(finding.because(
                    "TLS proves the server, not the file: whoever may change the file there \
                     changes what is in the image",
                ));
            }
        }
    }
}

/// The URL of a Git repository, and the revision that it names (Docker's "remote Git context"
/// URLs); none if it is the URL of a file.
fn repository(url: &str) -> Option<Option<&str>> {
    let (place, fragment) = match url.split_once('#') {
        Some((place, fragment)) => (place, Some(fragment)),
        None => (url, None),
    };
    let git =
        place.starts_with("git@") || place.starts_with("git://") || place.starts_with("ssh://");
    let place = place.split('?').next().unwrap_or(place);
    (git || place.ends_with(".git"))
        .then(|| fragment.map(|fragment| fragment.split(':').next().unwrap_or(fragment)))
}

fn is_commit(revision: &str) -> bool {
    matches!(revision.len(), 40 | 64) && revision.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a revision is, by its name, a release, which seldom moves.
fn is_version(revision: &str) -> bool {
    revision.strip_prefix('v').unwrap_or(revision).starts_with(|c: char| c.is_ascii_digit())
}

/// Whether a later step of the stage compares checksums or signatures.
fn is_verified_later(file: &File, dockerfile: &Dockerfile, copying: &Copying<'_>) -> bool {
    let Some(stage) = copying.instruction.stage else { return false };
    shipped::build_commands(file, &shipped::chain(dockerfile, stage)).any(|(index, command)| {
        let Some(invocation) = command.invocation() else { return false };
        let has = |options: &[&str]| {
            invocation.arguments.iter().any(|word| options.contains(&word.text.as_str()))
        };
        index > copying.index
            && match invocation.program {
                "sha256sum" | "sha512sum" | "sha384sum" | "shasum" | "b2sum" => {
                    has(&["-c", "--check", "-sc", "-cs", "--status", "-wc", "-"])
                }
                "gpg" | "gpg2" | "gpgv" => has(&["--verify"]) || invocation.program == "gpgv",
                "cosign" | "minisign" | "signify" => true,
                _ => false,
            }
    })
}

/// A URL as it may be shown.
fn shown(url: &str) -> String {
    match in_urls(url).first() {
        Some(credential) => credential.redacted(),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::AddRemote;
    use crate::rules::proof::messages;

    #[test]
    fn a_file_without_a_checksum_is_found() {
        let text = "FROM python:3.12\nADD https://files.example/a.tar.gz /opt/\n";
        assert_eq!(
            messages(&AddRemote, &[("Dockerfile", text)]),
            ["`https://files.example/a.tar.gz` is added without a checksum"]
        );
        let text = "FROM python:3.12\nADD https://git.example/a.git#v1 /opt/\n";
        assert_eq!(
            messages(&AddRemote, &[("Dockerfile", text)]),
            ["the repository `https://git.example/a.git#v1` is added at no fixed commit"]
        );
    }

    #[test]
    fn what_is_verified_or_local_is_left_alone() {
        for line in [
            "ADD --checksum=sha256:aa https://files.example/a /a",
            "ADD https://git.example/a.git#0123456789012345678901234567890123456789 /opt/",
            "ADD https://files.example/a /a\nRUN echo \"aa  /a\" | sha256sum -c -",
            "ADD a.tar.gz /opt/",
            "COPY . .",
        ] {
            let text = format!("FROM python:3.12\n{line}\n");
            assert_eq!(messages(&AddRemote, &[("Dockerfile", &text)]), [""; 0], "{line}");
        }
    }

    #[test]
    fn a_credential_is_not_shown() {
        let text = "FROM python:3.12\nADD https://bob:hunter2@files.example/a /a\n";
        assert_eq!(
            messages(&AddRemote, &[("Dockerfile", text)]),
            ["`https://bob:****@files.example` is added without a checksum"]
        );
    }
}
