//! Secrets as build arguments, which the image's history keeps.

use provender_core::Level;

use super::Rule;
use super::credential_in_env::{hint, is_literal};
use crate::facts::Origin;
use crate::finding::Finding;
use crate::image::shipped::{self, shipped};
use crate::project::Project;
use crate::secret::{is_placeholder, names_secret};
use crate::source::File;

/// `lint/credential-in-arg`.
pub(crate) struct CredentialInArg;

impl Rule for CredentialInArg {
    fn id(&self) -> &'static str {
        "lint/credential-in-arg"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn summary(&self) -> &'static str {
        "a secret is a build argument, which the image's history keeps"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/credential-in-arg.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        // `build.args` of a compose file: a literal is in the file and in the history.
        for variable in &file.facts.variables {
            let (Origin::ComposeBuildArg, Some(value)) = (&variable.origin, &variable.value) else {
                continue;
            };
            let written = value.known && !is_placeholder(&value.text);
            if written && names_secret(&variable.name) {
                let message =
                    format!("the secret `{}` is given to a build as an argument", variable.name);
                findings.push(
                    Finding::new(
                        self.id(),
                        Level::Error,
                        variable.name_span.clone(),
                        message,
                        "readable in this file and in the image's history",
                    )
                    .hint(
                        "give it as `build.secrets`, with a `secrets` entry that names a file \
                         or a variable",
                    ),
                );
            }
        }
    }

    fn check_in(&self, file: &File, project: &Project<'_>, findings: &mut Vec<Finding>) {
        let Some(dockerfile) = &file.dockerfile else { return };
        let shipped = shipped(file, dockerfile, project);
        for variable in &file.facts.variables {
            let Origin::DockerArg { stage } = &variable.origin else { continue };
            if !names_secret(&variable.name) {
                continue;
            }
            let name = &variable.name;
            let literal = variable.value.as_ref().is_some_and(|value| is_literal(file, value));
            let image = shipped
                .iter()
                .find(|shipped| {
                    stage.is_some_and(|stage| {
                        shipped::chain(dockerfile, shipped.stage).contains(&stage)
                    })
                })
                .map(|shipped| shipped.name(dockerfile));
            let (level, message, label) = match (image, literal) {
                (_, true) => (
                    Level::Error,
                    format!("the secret `{name}` is written as the default of a build argument"),
                    "readable by whoever has the file",
                ),
                (Some(image), false) => (
                    self.level(),
                    format!("the secret `{name}` is a build argument of {image}"),
                    "its value stays in the image's history",
                ),
                (None, false) if stage.is_some() => (
                    Level::Note,
                    format!(
                        "the secret `{name}` is a build argument of a stage that is not shipped"
                    ),
                    "its value stays in the build cache and in provenance attestations",
                ),
                // Before the first FROM it is seen by FROM lines only.
                (None, false) => continue,
            };
            findings.push(
                Finding::new(self.id(), level, variable.name_span.clone(), message, label)
                    .because("`docker history --no-trunc` prints the build arguments of every RUN")
                    .hint(hint(name)),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CredentialInArg;
    use crate::rules::proof::{found, messages};
    use provender_core::Level;

    #[test]
    fn a_secret_argument_is_found() {
        let text = "FROM python:3.12\nARG NPM_TOKEN\nRUN npm ci\n";
        let findings = found(&CredentialInArg, &[("Dockerfile", text)]);
        assert_eq!(findings[0].message, "the secret `NPM_TOKEN` is a build argument of the image");
        assert!(
            findings[0]
                .hint
                .as_ref()
                .unwrap()
                .contains("--mount=type=secret,id=npm_token,env=NPM_TOKEN")
        );
    }

    #[test]
    fn one_of_an_earlier_stage_matters_less_and_a_default_matters_more() {
        let text = "FROM python:3.12 AS build\nARG NPM_TOKEN\nFROM python:3.12\n";
        assert_eq!(found(&CredentialInArg, &[("Dockerfile", text)])[0].level, Level::Note);
        let text = "FROM python:3.12 AS build\nARG NPM_TOKEN=hunter2-hunter2\nFROM python:3.12\n";
        let findings = found(&CredentialInArg, &[("Dockerfile", text)]);
        assert_eq!(findings[0].level, Level::Error);
        assert!(!format!("{findings:?}").contains("hunter2"));
    }

    #[test]
    fn other_arguments_are_left_alone() {
        let text = "ARG TOKEN\nFROM python:3.12\nARG VERSION=1\nARG TOKEN_FILE\nARG HTTP_PROXY\n";
        assert_eq!(messages(&CredentialInArg, &[("Dockerfile", text)]), [""; 0]);
    }

    #[test]
    fn a_literal_of_a_compose_file_is_found_and_a_variable_is_not() {
        let text = "services:\n  a:\n    build:\n      context: .\n      args:\n        \
                    API_TOKEN: hunter2-hunter2\n        NPM_TOKEN: ${NPM_TOKEN}\n";
        assert_eq!(
            messages(&CredentialInArg, &[("compose.yaml", text)]),
            ["the secret `API_TOKEN` is given to a build as an argument"]
        );
    }
}
