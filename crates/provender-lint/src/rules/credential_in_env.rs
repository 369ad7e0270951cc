//! Secrets in `ENV`, which every container and everybody who has the image can read.

use provender_core::Level;

use super::Rule;
use crate::facts::{Origin, Variable, Word};
use crate::finding::Finding;
use crate::image::shipped::{self, shipped};
use crate::project::Project;
use crate::secret::{is_placeholder, names_secret};
use crate::source::File;

/// `lint/credential-in-env`.
pub(crate) struct CredentialInEnv;

impl Rule for CredentialInEnv {
    fn id(&self) -> &'static str {
        "lint/credential-in-env"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn summary(&self) -> &'static str {
        "a secret is set by `ENV` and stays in the image"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/credential-in-env.md")
    }

    fn check(&self, _file: &File, _findings: &mut Vec<Finding>) {}

    fn check_in(&self, file: &File, project: &Project<'_>, findings: &mut Vec<Finding>) {
        let Some(dockerfile) = &file.dockerfile else { return };
        let shipped = shipped(file, dockerfile, project);
        for variable in &file.facts.variables {
            let (Origin::DockerEnv { stage }, Some(value)) = (&variable.origin, &variable.value)
            else {
                continue;
            };
            if !names_secret(&variable.name) {
                continue;
            }
            let name = &variable.name;
            let image = shipped
                .iter()
                .find(|shipped| shipped::chain(dockerfile, shipped.stage).contains(stage))
                .map(|shipped| shipped.name(dockerfile));
            let (level, message, label) =
                match (image, given_at_build(file, value), is_literal(file, value)) {
                    (Some(image), Some(argument), _) => (
                        Level::Warning,
                        format!("`{name}` keeps the build argument `{argument}` in {image}"),
                        "what the build is given stays",
                    ),
                    (Some(image), None, true) => (
                        self.level(),
                        format!("the secret `{name}` stays in {image}"),
                        "readable by whoever has the image",
                    ),
                    (None, None, true) => (
                        Level::Warning,
                        format!("the secret `{name}` is written in the Dockerfile"),
                        "readable by whoever has the file",
                    ),
                    _ => continue,
                };
            findings.push(
                Finding::new(self.id(), level, variable.name_span.clone(), message, label)
                    .because(
                        "`docker inspect` prints every `ENV`, every process of the container \
                         inherits it, and a later `ENV` does not take it out of the layers",
                    )
                    .hint(hint(name)),
            );
        }
    }
}

/// What to do instead.
pub(crate) fn hint(name: &str) -> String {
    let id = name.to_lowercase();
    format!(
        "while building: `RUN --mount=type=secret,id={id},env={name} ...` and `docker build \
         --secret id={id},env={name}`; when the container runs: give it by its environment or as \
         a file; and replace the secret if this was ever pushed"
    )
}

/// The build argument that a value is made of: a variable that is no literal of this file.
fn given_at_build<'f>(file: &'f File, value: &Word) -> Option<&'f str> {
    let raw = file.text.get(value.span.clone())?;
    let arguments = file.facts.variables.iter().filter(|variable| is_argument(variable));
    arguments
        .map(|variable| variable.name.as_str())
        .find(|name| raw.contains(&format!("${name}")) || raw.contains(&format!("${{{name}")))
}

fn is_argument(variable: &Variable) -> bool {
    matches!(variable.origin, Origin::DockerArg { .. })
}

/// Whether a value is a secret as it is written.
pub(crate) fn is_literal(file: &File, value: &Word) -> bool {
    let written = file.text.get(value.span.clone()).is_some_and(|raw| !raw.contains('$'));
    value.known && written && !is_placeholder(&value.text)
}

#[cfg(test)]
mod tests {
    use super::CredentialInEnv;
    use crate::rules::proof::{found, messages};
    use provender_core::Level;

    #[test]
    fn a_secret_is_found_and_not_shown() {
        let text = "FROM python:3.12\nENV NPM_TOKEN=hunter2-hunter2 DEBUG=1\n";
        let findings = found(&CredentialInEnv, &[("Dockerfile", text)]);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].message, "the secret `NPM_TOKEN` stays in the image");
        assert_eq!(&text[findings[0].span.clone()], "NPM_TOKEN");
        assert!(!format!("{findings:?}").contains("hunter2"));
    }

    #[test]
    fn a_secret_of_an_earlier_stage_is_in_the_file_only() {
        let text = "FROM python:3.12 AS build\nENV API_KEY=hunter2-hunter2\nFROM python:3.12\n";
        let findings = found(&CredentialInEnv, &[("Dockerfile", text)]);
        assert_eq!(findings[0].message, "the secret `API_KEY` is written in the Dockerfile");
        assert_eq!(findings[0].level, Level::Warning);
    }

    #[test]
    fn a_build_argument_that_is_kept_is_found_where_it_stays() {
        let text = "FROM python:3.12\nARG TOKEN\nENV GH_TOKEN=${TOKEN}\n";
        assert_eq!(
            messages(&CredentialInEnv, &[("Dockerfile", text)]),
            ["`GH_TOKEN` keeps the build argument `TOKEN` in the image"]
        );
        let text = "FROM python:3.12 AS build\nARG TOKEN\nENV GH_TOKEN=$TOKEN\nFROM python:3.12\n";
        assert_eq!(messages(&CredentialInEnv, &[("Dockerfile", text)]), [""; 0]);
    }

    #[test]
    fn names_about_secrets_and_placeholders_are_left_alone() {
        let text = "FROM python:3.12\n\
                    ENV TOKEN_URL=https://a.example GPG_KEY=A035C8C19219BA821E DB_PASSWORD= \
                    SECRET_KEY=changeme API_TOKEN=$API_TOKEN PASSWORD_FILE=/run/secrets/p\n";
        assert_eq!(messages(&CredentialInEnv, &[("Dockerfile", text)]), [""; 0]);
    }

    #[test]
    fn it_can_be_allowed_with_a_reason() {
        let text = "FROM python:3.12\n\
                    # provender: allow lint/credential-in-env -- the demo's public password\n\
                    ENV DB_PASSWORD=hunter2\n";
        assert_eq!(messages(&CredentialInEnv, &[("Dockerfile", text)]), [""; 0]);
    }
}
