//! CA certificates that stay in an image though its build is what needs them.

use provender_core::Level;

use super::Rule;
use crate::finding::Finding;
use crate::image::anchors::anchors;
use crate::image::network::{rebuilds_trust, speaks_tls};
use crate::image::shipped::{self, shipped};
use crate::project::Project;
use crate::source::File;

/// `lint/ca-baked-in`.
pub(crate) struct CaBakedIn;

impl Rule for CaBakedIn {
    fn id(&self) -> &'static str {
        "lint/ca-baked-in"
    }

    fn level(&self) -> Level {
        Level::Note
    }

    fn summary(&self) -> &'static str {
        "a CA that a build needs stays in its image"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/ca-baked-in.md")
    }

    fn check(&self, _file: &File, _findings: &mut Vec<Finding>) {}

    fn check_in(&self, file: &File, project: &Project<'_>, findings: &mut Vec<Finding>) {
        let Some(dockerfile) = &file.dockerfile else { return };
        for shipped in shipped(file, dockerfile, project) {
            let chain = shipped::chain(dockerfile, shipped.stage);
            let mut rebuilt = None;
            let mut needed = None;
            for (instruction, command) in shipped::build_commands(file, &chain) {
                if rebuilt.is_none() && rebuilds_trust(command) {
                    rebuilt = Some(instruction);
                } else if rebuilt.is_some() && needed.is_none() {
                    needed = speaks_tls(command).map(|program| (program, command.span.clone()));
                }
            }
            // A CA that no later step of the build needs is there for the container.
            let (Some(rebuilt), Some((program, span))) = (rebuilt, needed) else { continue };
            let image = shipped.name(dockerfile);
            for anchor in anchors(file, dockerfile, shipped.stage) {
                let seen = findings
                    .iter()
                    .any(|known| known.rule == self.id() && known.span == anchor.span);
                if anchor.instruction > rebuilt || seen {
                    continue;
                }
                let mut finding = Finding::new(
                    self.id(),
                    self.level(),
                    anchor.span,
                    format!("the CA that `{program}` needs while building stays in {image}"),
                    "trusted by every container for everything",
                )
                .because(
                    "whoever holds the CA's key can answer for any host that a container of \
                     this image asks, wherever it runs",
                )
                .hint(
                    "if only the build is behind the inspecting proxy, mount a bundle for the \
                     steps that need it: `RUN --mount=type=bind,from=ca,target=/run/ca \
                     SSL_CERT_FILE=/run/ca/bundle.pem ...` with `--build-context ca=DIR`; if the \
                     container's own traffic is inspected, allow this with that reason",
                );
                finding.also.push((span.clone(), "this step needs it".to_owned()));
                findings.push(finding);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CaBakedIn;
    use crate::rules::proof::{found, messages};

    const CA: &str =
        "COPY corp.crt /usr/local/share/ca-certificates/\nRUN update-ca-certificates\n";

    #[test]
    fn a_ca_for_the_build_that_stays_is_found() {
        let text = format!("FROM python:3.12\n{CA}RUN pip install flask==3.0.0\n");
        let findings = found(&CaBakedIn, &[("Dockerfile", &text)]);
        assert_eq!(
            findings[0].message,
            "the CA that `pip` needs while building stays in the image"
        );
        assert_eq!(&text[findings[0].also[0].0.clone()], "pip install flask==3.0.0");
    }

    #[test]
    fn one_of_a_stage_that_is_not_shipped_or_for_the_container_is_left_alone() {
        for text in [
            format!(
                "FROM python:3.12 AS build\n{CA}RUN pip install flask==3\nFROM python:3.12\n\
                 COPY --from=build /app /app\n"
            ),
            format!("FROM python:3.12\nRUN pip install flask==3\n{CA}"),
            "FROM python:3.12\nRUN pip install flask==3\n".to_owned(),
        ] {
            assert_eq!(messages(&CaBakedIn, &[("Dockerfile", &text)]), [""; 0], "{text}");
        }
    }

    #[test]
    fn it_can_be_allowed_with_a_reason() {
        let text = format!(
            "FROM python:3.12\n\
             # provender: allow lint/ca-baked-in -- the containers' traffic is inspected too\n\
             {CA}RUN pip install flask==3\n"
        );
        assert_eq!(messages(&CaBakedIn, &[("Dockerfile", &text)]), [""; 0]);
    }
}
