//! A repository's history copied into an image.

use provender_core::Level;

use super::Rule;
use super::secrets_copied::lands_in;
use crate::finding::Finding;
use crate::image::copying::{Copying, absolute};
use crate::image::ignore;
use crate::image::shipped::shipped;
use crate::project::Project;
use crate::source::File;

/// `lint/git-copied`.
pub(crate) struct GitCopied;

impl Rule for GitCopied {
    fn id(&self) -> &'static str {
        "lint/git-copied"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn summary(&self) -> &'static str {
        "a repository's history gets into an image"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/git-copied.md")
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
                let Some(path) = absolute(&source.text, || Some(String::new())) else { continue };
                let named = path == "/.git" || path.starts_with("/.git/");
                // Without any ignore file it is `lint/secrets-copied` that speaks.
                let taken = matches!(path.as_str(), "/" | "/*")
                    && context.ignore.is_some()
                    && context.certain
                    && project.is_root(&context.root);
                if !(named || taken) || context.leaves_out(".git") {
                    continue;
                }
                let message = format!("the repository's history is copied into {image}");
                let label = if named { "this is the history" } else { "takes `.git` as well" };
                let mut finding =
                    Finding::new(self.id(), self.level(), source.span.clone(), message, label)
                        .because(
                            "whoever has the image reads every commit: deleted files, authors, and \
                             secrets that were taken out later",
                        );
                finding.hint = Some(match context.ignore {
                    Some(ignore) => format!(
                        "add `.git` to {}; where the build needs the revision, give it as a \
                         build argument",
                        ignore.path.display()
                    ),
                    None => "leave it out; where the build needs the revision, give it as a \
                             build argument"
                        .to_owned(),
                });
                findings.push(finding);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::GitCopied;
    use crate::rules::proof::messages;

    const ALL: &str = "FROM python:3.12\nCOPY . /app\n";

    #[test]
    fn a_history_that_nothing_leaves_out_is_found() {
        let files = [("Dockerfile", ALL), (".dockerignore", ".env\n")];
        assert_eq!(
            messages(&GitCopied, &files),
            ["the repository's history is copied into the image"]
        );
        assert_eq!(
            messages(&GitCopied, &[("Dockerfile", "FROM python:3.12\nCOPY .git /app/.git\n")])
                .len(),
            1
        );
    }

    #[test]
    fn one_that_is_left_out_or_not_shipped_is_no_finding() {
        for ignore in [".git\n", ".git/\n", "**/.git\n", "*\n!src\n", ".*\n"] {
            let files = [("Dockerfile", ALL), (".dockerignore", ignore)];
            assert_eq!(messages(&GitCopied, &files), [""; 0], "{ignore}");
        }
        let text = "FROM python:3.12 AS build\nCOPY . /src\nFROM python:3.12\n\
                    COPY --from=build /src/dist /app\n";
        let files = [("Dockerfile", text), (".dockerignore", ".env\n")];
        assert_eq!(messages(&GitCopied, &files), [""; 0]);
    }

    #[test]
    fn a_part_of_a_repository_has_no_history_of_its_own() {
        let files = [
            ("web/Dockerfile", ALL),
            ("web/.dockerignore", ".env\n"),
            ("api/Dockerfile", ALL),
            (".github/workflows/ci.yml", "on: push\njobs: {}\n"),
        ];
        assert_eq!(messages(&GitCopied, &files), [""; 0]);
        let root = (".dockerignore", ".env\n");
        assert_eq!(messages(&GitCopied, &[files[0], root, files[3]]), [""; 0]);
        let compose = "services:\n  a:\n    build: {context: ., dockerfile: web/Dockerfile}\n";
        let files = [files[0], root, files[3], ("compose.yaml", compose)];
        assert_eq!(messages(&GitCopied, &files).len(), 1);
    }
}
