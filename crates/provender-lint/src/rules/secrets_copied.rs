//! Files with secrets that are copied into an image.

use std::path::Path;

use provender_core::Level;

use super::Rule;
use crate::dockerfile::Dockerfile;
use crate::facts::Word;
use crate::finding::Finding;
use crate::image::copying::{Copying, absolute, reaches};
use crate::image::ignore::{self, Context};
use crate::image::shipped::{Shipped, shipped};
use crate::project::Project;
use crate::secret::{held_by, in_urls, is_placeholder, names_secret};
use crate::source::{File, FileKind};

/// `lint/secrets-copied`.
pub(crate) struct SecretsCopied;

impl Rule for SecretsCopied {
    fn id(&self) -> &'static str {
        "lint/secrets-copied"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn summary(&self) -> &'static str {
        "files with secrets get into an image"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/secrets-copied.md")
    }

    fn check(&self, _file: &File, _findings: &mut Vec<Finding>) {}

    fn check_in(&self, file: &File, project: &Project<'_>, findings: &mut Vec<Finding>) {
        let Some(dockerfile) = &file.dockerfile else { return };
        let shipped = shipped(file, dockerfile, project);
        let context = ignore::context(&file.path, project);
        for (index, instruction) in dockerfile.instructions.iter().enumerate() {
            let Some(copying) = Copying::of(index, instruction) else { continue };
            let Some(image) = lands_in(dockerfile, &copying, &shipped) else { continue };
            for source in copying.context_sources() {
                findings.extend(self.judge(source, &image, &context, project));
            }
        }
    }
}

impl SecretsCopied {
    fn judge(
        &self,
        source: &Word,
        image: &str,
        context: &Context<'_>,
        project: &Project<'_>,
    ) -> Option<Finding> {
        let path = absolute(&source.text, || Some(String::new()))?;
        let path = path.trim_start_matches('/');
        let name = path.rsplit('/').next().unwrap_or_default();
        if let Some(holds) = held_by(name) {
            let known = project.file(&context.root.join(path));
            let harmless = match known {
                Some(known) => !tells_secrets(known),
                None => is_configuration(name),
            };
            if harmless || context.leaves_out(path) {
                return None;
            }
            return Some(self.finding(source, format!("`{name}` is copied into {image}"), holds));
        }
        let whole = path.is_empty() || path == "*";
        if whole && !context.certain {
            return None;
        }
        let folder = if whole { String::new() } else { path.trim_end_matches("/*").to_owned() };
        let below = project.below(&context.root.join(&folder));
        let seen = below.filter(|known| is_readable(known.kind)).find_map(|known| {
            let relative = context.relative(&known.path)?;
            let name = Path::new(&relative).file_name()?.to_str()?;
            let taken =
                held_by(name).is_some() && tells_secrets(known) && !context.leaves_out(&relative);
            taken.then_some(relative)
        });
        if let Some(seen) = seen {
            let message =
                format!("`{}` copies `{seen}`, which holds secrets, into {image}", source.text);
            return Some(self.finding(source, message, "nothing leaves it out"));
        }
        if whole && context.ignore.is_none() {
            let message = format!(
                "the whole build context is copied into {image}, and no `.dockerignore` leaves \
                 anything out"
            );
            return Some(self.finding(
                source,
                message,
                "takes whatever lies there: `.env`, keys, `.git`",
            ));
        }
        None
    }

    fn finding(&self, source: &Word, message: String, label: &str) -> Finding {
        Finding::new(self.id(), self.level(), source.span.clone(), message, label)
            .because(
                "whoever has the image has every file of every layer, also one that a later \
                 step deletes",
            )
            .hint(
                "list it in `.dockerignore`, or copy only what the image needs; what a step \
                 needs to know, give it with `RUN --mount=type=secret`",
            )
    }
}

/// The image that what is copied ends in, in words.
pub(super) fn lands_in(
    dockerfile: &Dockerfile,
    copying: &Copying<'_>,
    shipped: &[Shipped<'_>],
) -> Option<String> {
    shipped
        .iter()
        .find(|shipped| reaches(dockerfile, copying, shipped.stage))
        .map(|shipped| shipped.name(dockerfile))
}

/// Whether files of this kind, which may hold secrets, are read.
fn is_readable(kind: FileKind) -> bool {
    matches!(kind, FileKind::DotEnv | FileKind::Npmrc)
}

/// Whether a file of this name is configuration at first, so that only its content tells.
fn is_configuration(name: &str) -> bool {
    name == ".npmrc"
}

/// Whether a file that was read says something secret; one whose content is not understood does by
/// its name.
fn tells_secrets(file: &File) -> bool {
    let literal = |value: &str| !is_placeholder(value);
    match file.kind {
        FileKind::Npmrc => file.facts.settings.iter().any(|setting| {
            let name = setting.name();
            let secret = ["_authToken", "_auth", "_password"].iter().any(|end| name.ends_with(end));
            secret && literal(&setting.value)
        }),
        FileKind::DotEnv => {
            file.facts.variables.iter().any(|variable| {
                let value = variable.value.as_ref().map(|value| value.text.as_str());
                names_secret(&variable.name) && value.is_some_and(literal)
            }) || !in_urls(&file.text).is_empty()
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::SecretsCopied;
    use crate::rules::proof::{found, messages};

    const ALL: &str = "FROM python:3.12\nCOPY . /app\n";

    #[test]
    fn a_whole_context_without_an_ignore_file_is_found() {
        assert_eq!(
            messages(&SecretsCopied, &[("Dockerfile", ALL)]),
            ["the whole build context is copied into the image, and no `.dockerignore` leaves \
              anything out"]
        );
        let files = [("Dockerfile", ALL), (".dockerignore", "node_modules\n")];
        assert_eq!(messages(&SecretsCopied, &files), [""; 0]);
    }

    #[test]
    fn a_secret_that_nothing_leaves_out_is_found() {
        let secret = (".env", "API_TOKEN=hunter2-hunter2\n");
        let files = [("Dockerfile", ALL), (".dockerignore", "node_modules\n"), secret];
        let findings = found(&SecretsCopied, &files);
        assert_eq!(findings[0].message, "`.` copies `.env`, which holds secrets, into the image");
        for ignore in [".env\n", ".env*\n", "*\n!src\n"] {
            let files = [("Dockerfile", ALL), (".dockerignore", ignore), secret];
            assert_eq!(messages(&SecretsCopied, &files), [""; 0], "{ignore}");
        }
        let files = [("Dockerfile", ALL), (".dockerignore", ".env\n!.env\n"), secret];
        assert_eq!(messages(&SecretsCopied, &files).len(), 1);
        let files = [("Dockerfile", ALL), (".dockerignore", "x\n"), (".env", "DEBUG=1\n")];
        assert_eq!(messages(&SecretsCopied, &files), [""; 0]);
    }

    #[test]
    fn a_secret_that_is_named_is_found() {
        for name in [".env", "id_rsa", ".netrc", "tls.key", "server-key.pem", ".ssh"] {
            let text = format!("FROM python:3.12\nCOPY conf/{name} /app/\n");
            assert_eq!(
                messages(&SecretsCopied, &[("Dockerfile", &text)]),
                [format!("`{name}` is copied into the image")]
            );
        }
        for name in
            [".env.example", "ca.pem", "id_rsa.pub", ".npmrc", "requirements.txt", "public-key.pem"]
        {
            let text = format!("FROM python:3.12\nCOPY conf/{name} /app/\n");
            assert_eq!(messages(&SecretsCopied, &[("Dockerfile", &text)]), [""; 0], "{name}");
        }
    }

    #[test]
    fn npm_s_settings_are_found_only_with_a_token() {
        let text = "FROM node:22\nCOPY .npmrc ./\n";
        let token = (".npmrc", "//npm.example/:_authToken=hunter2-hunter2\n");
        assert_eq!(messages(&SecretsCopied, &[("Dockerfile", text), token]).len(), 1);
        let variable = (".npmrc", "//npm.example/:_authToken=${NPM_TOKEN}\n");
        assert_eq!(messages(&SecretsCopied, &[("Dockerfile", text), variable]), [""; 0]);
    }

    #[test]
    fn a_stage_that_is_not_shipped_counts_only_if_its_files_are_taken_over() {
        let text = "FROM python:3.12 AS build\nWORKDIR /app\nCOPY . .\nFROM python:3.12\n\
                    COPY --from=build /app/dist /dist\n";
        assert_eq!(messages(&SecretsCopied, &[("Dockerfile", text)]), [""; 0]);
        let text = "FROM python:3.12 AS build\nWORKDIR /app\nCOPY . .\nFROM python:3.12\n\
                    COPY --from=build /app /app\n";
        assert_eq!(
            messages(&SecretsCopied, &[("Dockerfile", text)]),
            ["the whole build context is copied into the final stage, and no `.dockerignore` \
              leaves anything out"]
        );
    }

    #[test]
    fn the_ignore_file_of_the_context_counts_wherever_the_dockerfile_stands() {
        let files = [("docker/Dockerfile", ALL), (".dockerignore", ".env\n")];
        assert_eq!(messages(&SecretsCopied, &files), [""; 0]);
        let files = [("docker/Dockerfile", ALL), ("docker/Dockerfile.dockerignore", ".env\n")];
        assert_eq!(messages(&SecretsCopied, &files), [""; 0]);
        let compose = (
            "compose.yaml",
            "services:\n  a:\n    build:\n      context: web\n      dockerfile: \
             ../docker/Dockerfile\n",
        );
        let files = [("docker/Dockerfile", ALL), (".dockerignore", ".env\n"), compose];
        assert_eq!(messages(&SecretsCopied, &files).len(), 1);
    }
}
