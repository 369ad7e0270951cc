//! Images whose tag is `latest`, or that have none.

use provender_core::Level;

use super::Rule;
use crate::finding::Finding;
use crate::image::used::used;
use crate::source::File;

/// `lint/image-latest`.
pub(crate) struct ImageLatest;

impl Rule for ImageLatest {
    fn id(&self) -> &'static str {
        "lint/image-latest"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn summary(&self) -> &'static str {
        "an image is taken whichever version it has today"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/image-latest.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        for image in used(file).into_iter().filter(|image| image.reference.floats()) {
            let repository = image.reference.repository;
            let (message, label) = match image.reference.tag {
                Some(_) => (
                    format!("the {} is whichever version there is today", image.named),
                    "moves with every release",
                ),
                None => (
                    format!("the {} has no tag, so it is `latest`", image.named),
                    "no version is named",
                ),
            };
            let mut finding = Finding::new(self.id(), self.level(), image.span, message, label)
                .because(
                    "two builds of the same commit may stand on different images, and \
                     nothing tells which",
                )
                .hint(format!(
                    "name a version and its digest: `{repository}:VERSION@sha256:...`; `docker \
                     buildx imagetools inspect {repository}:VERSION` prints it"
                ));
            finding
                .also
                .extend(image.default.map(|span| (span, "its value comes from here".to_owned())));
            findings.push(finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ImageLatest;
    use crate::rules::proof::{found, messages};

    #[test]
    fn an_image_without_a_version_is_found() {
        let files = [("Dockerfile", "FROM python\nFROM debian:latest\n")];
        assert_eq!(
            messages(&ImageLatest, &files),
            [
                "the base image `python` has no tag, so it is `latest`",
                "the base image `debian:latest` is whichever version there is today",
            ]
        );
    }

    #[test]
    fn the_default_of_a_build_argument_counts_and_is_shown() {
        let text = "ARG BASE=python\nFROM ${BASE}\n";
        let findings = found(&ImageLatest, &[("Dockerfile", text)]);
        assert_eq!(findings.len(), 1);
        assert_eq!(&text[findings[0].span.clone()], "${BASE}");
        assert_eq!(&text[findings[0].also[0].0.clone()], "python");
    }

    #[test]
    fn versions_stages_and_unknown_images_are_left_alone() {
        let text = "ARG BASE\nFROM python:3.12 AS build\nFROM build AS test\nFROM scratch\n\
                    FROM $BASE\nFROM app@sha256:aa\nCOPY --from=build /a /a\n\
                    COPY --from=assets /a /a\n";
        assert_eq!(messages(&ImageLatest, &[("Dockerfile", text)]), [""; 0]);
    }

    #[test]
    fn what_a_compose_file_builds_has_the_name_that_it_is_given() {
        let text = "services:\n  web:\n    build: .\n    image: team/web\n  worker:\n    image: \
                    team/web\n  cache:\n    image: redis\n  db:\n    image: ${DB_IMAGE}\n";
        assert_eq!(
            messages(&ImageLatest, &[("compose.yaml", text)]),
            ["the image `redis` of service `cache` has no tag, so it is `latest`"]
        );
    }
}
