//! Images named by a tag, which may be moved.

use provender_core::Level;

use super::Rule;
use crate::finding::Finding;
use crate::image::used::used;
use crate::source::File;

/// `lint/image-without-digest`.
pub(crate) struct ImageWithoutDigest;

impl Rule for ImageWithoutDigest {
    fn id(&self) -> &'static str {
        "lint/image-without-digest"
    }

    fn level(&self) -> Level {
        Level::Note
    }

    fn summary(&self) -> &'static str {
        "an image is named by a tag, which may be moved to another one"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/image-without-digest.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        // One that does not even have a version is `lint/image-latest`'s.
        let tagged = |image: &crate::image::used::Used<'_>| {
            image.reference.digest.is_none() && !image.reference.floats()
        };
        for image in used(file).into_iter().filter(tagged) {
            let name = image.text;
            let message = format!("the {} is named without a digest", image.named);
            let mut finding =
                Finding::new(self.id(), self.level(), image.span, message, "the tag may be moved")
                    .because(
                        "a tag names whatever its owner last pushed; a digest names one \
                         image for ever",
                    )
                    .hint(format!(
                        "put the digest behind the tag: `{name}@sha256:...`; `docker buildx \
                         imagetools inspect {name}` prints it"
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
    use super::ImageWithoutDigest;
    use crate::rules::proof::messages;

    #[test]
    fn a_tag_alone_is_found_wherever_an_image_is_named() {
        let text = "FROM registry.example:5000/python:3.12\n\
                    COPY --from=busybox:1.36 /bin/sh /bin/sh\n\
                    RUN --mount=type=bind,from=tools.example/uv:0.5,target=/uv /uv/uv sync\n";
        assert_eq!(
            messages(&ImageWithoutDigest, &[("Dockerfile", text)]),
            [
                "the base image `registry.example:5000/python:3.12` is named without a digest",
                "the image `busybox:1.36` that is copied from is named without a digest",
                "the image `tools.example/uv:0.5` that is mounted is named without a digest",
            ]
        );
    }

    #[test]
    fn a_digest_a_stage_and_a_context_are_enough() {
        let text = "FROM python:3.12@sha256:aa AS build\nFROM build\nCOPY --from=0 /a /a\n\
                    COPY --from=build /a /a\nRUN --mount=type=bind,from=corp-ca,target=/ca true\n\
                    FROM python:${VERSION}\nFROM python\n";
        assert_eq!(messages(&ImageWithoutDigest, &[("Dockerfile", text)]), [""; 0]);
    }

    #[test]
    fn a_service_is_found_and_may_be_allowed() {
        let text = "services:\n  db:\n    image: postgres:16\n  old:\n    # provender: allow \
                    lint/image-without-digest -- test only\n    image: postgres:15\n";
        assert_eq!(
            messages(&ImageWithoutDigest, &[("compose.yaml", text)]),
            ["the image `postgres:16` of service `db` is named without a digest"]
        );
    }
}
