//! Stages that use the network without the CA that another stage had to install.

use provender_core::Level;

use super::Rule;
use crate::dockerfile::Dockerfile;
use crate::facts::{Command, Origin};
use crate::finding::Finding;
use crate::image::anchors::anchors;
use crate::image::copying::{copyings, within};
use crate::image::network::{TRUST_VARIABLES, brings_its_trust, rebuilds_trust, speaks_tls};
use crate::image::shipped;
use crate::source::File;

/// `lint/ca-missing-in-stage`.
pub(crate) struct CaMissingInStage;

impl Rule for CaMissingInStage {
    fn id(&self) -> &'static str {
        "lint/ca-missing-in-stage"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn summary(&self) -> &'static str {
        "a stage uses the network without the CA that an earlier one installs"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/ca-missing-in-stage.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        let Some(dockerfile) = &file.dockerfile else { return };
        let Some((with, anchor)) = (0..dockerfile.stages.len()).find_map(|stage| {
            let rebuilt = shipped::build_commands(file, &shipped::chain(dockerfile, stage))
                .any(|(_, command)| rebuilds_trust(command));
            let anchor = anchors(file, dockerfile, stage).into_iter().next()?;
            rebuilt.then_some((stage, anchor))
        }) else {
            return;
        };
        for stage in with + 1..dockerfile.stages.len() {
            if has_trust(file, dockerfile, stage) {
                continue;
            }
            let needs = shipped::build_commands(file, &[stage])
                .find(|(instruction, command)| {
                    speaks_tls(command).is_some()
                        && !has_own_trust(file, dockerfile, *instruction, command)
                })
                .map(|(_, command)| command);
            let Some(command) = needs else { continue };
            let program = speaks_tls(command).unwrap_or_default();
            let mut finding = Finding::new(
                self.id(),
                self.level(),
                command.span.clone(),
                format!(
                    "`{program}` uses the network in {} without the CA that {} installs",
                    name(dockerfile, stage),
                    name(dockerfile, with)
                ),
                "this stage does not have the CA",
            )
            .because(
                "a stage holds only what its base holds and what it copies: a CA of another \
                 stage is not among it, so behind the same proxy this step fails",
            )
            .hint(
                "let this stage stand on one that has the CA, install it here as well, or \
                 mount it for the step: `RUN --mount=type=bind,from=ca,target=/run/ca ...`",
            );
            finding.also.push((anchor.span.clone(), "the CA is installed here".to_owned()));
            findings.push(finding);
        }
    }
}

fn name(dockerfile: &Dockerfile, stage: usize) -> String {
    match &dockerfile.stages[stage].name {
        Some(name) => format!("stage `{name}`"),
        None if stage + 1 == dockerfile.stages.len() => "the final stage".to_owned(),
        None => format!("stage {stage}"),
    }
}

/// Whether a stage has CAs of its own: it installs some, copies a store over, or names a bundle.
fn has_trust(file: &File, dockerfile: &Dockerfile, stage: usize) -> bool {
    let chain = shipped::chain(dockerfile, stage);
    let names_bundle = file.facts.variables.iter().any(|variable| {
        TRUST_VARIABLES.contains(&variable.name.as_str())
            && match &variable.origin {
                Origin::DockerEnv { stage } | Origin::DockerArg { stage: Some(stage) } => {
                    chain.contains(stage)
                }
                _ => false,
            }
    });
    let copies_store = copyings(dockerfile, stage).any(|copying| {
        copying.target(dockerfile).is_some_and(|target| {
            [
                "/etc/ssl",
                "/etc/pki",
                "/etc/ca-certificates",
                "/usr/local/share/ca-certificates",
                "/usr/share/ca-certificates",
            ]
            .iter()
            .any(|store| within(&target, store) || within(store, &target))
        })
    });
    let installs = !anchors(file, dockerfile, stage).is_empty()
        || shipped::build_commands(file, &chain).any(|(_, command)| rebuilds_trust(command));
    names_bundle || copies_store || installs
}

/// Whether a step brings the CA with it: by a mount, a variable of its own, or an option.
fn has_own_trust(
    file: &File,
    dockerfile: &Dockerfile,
    instruction: usize,
    command: &Command,
) -> bool {
    let mounts = dockerfile.instructions.get(instruction).is_some_and(|instruction| {
        instruction.flags.iter().any(|flag| {
            flag.name == "mount"
                && flag.value.as_deref().is_some_and(|value| {
                    let value = value.to_ascii_lowercase();
                    !value.contains("type=cache")
                        && ["ca-", "/ca", "=ca", "cert", ".pem", ".crt", "ssl", "trust"]
                            .iter()
                            .any(|sign| value.contains(sign))
                })
        })
    });
    let variables = file.facts.variables.iter().any(|variable| {
        let own = match &variable.origin {
            Origin::Prefix(home) | Origin::Shell(home) => *home == command.home,
            _ => false,
        };
        own && TRUST_VARIABLES.contains(&variable.name.as_str())
    });
    mounts
        || variables
        || command.invocation().is_some_and(|invocation| brings_its_trust(&invocation))
}

#[cfg(test)]
mod tests {
    use super::CaMissingInStage;
    use crate::rules::proof::{found, messages};

    const BUILD: &str = "FROM python:3.12 AS build\n\
                         COPY corp.crt /usr/local/share/ca-certificates/\n\
                         RUN update-ca-certificates\nRUN pip install build==1\n";

    #[test]
    fn a_stage_without_the_ca_is_found() {
        let text = format!("{BUILD}FROM python:3.12\nRUN pip install flask==3\n");
        let findings = found(&CaMissingInStage, &[("Dockerfile", &text)]);
        assert_eq!(
            findings[0].message,
            "`pip` uses the network in the final stage without the CA that stage `build` installs"
        );
        assert_eq!(&text[findings[0].span.clone()], "pip install flask==3");
    }

    #[test]
    fn a_stage_that_has_it_or_needs_none_is_left_alone() {
        for rest in [
            "FROM build\nRUN pip install flask==3\n",
            "FROM python:3.12\nCOPY --from=build /etc/ssl/certs /etc/ssl/certs\n\
             RUN pip install flask==3\n",
            "FROM python:3.12\nCOPY --from=build /app /app\n",
            "FROM python:3.12\nRUN apt-get update\n",
            "FROM python:3.12\nRUN --mount=type=bind,from=ca,target=/run/ca pip install flask==3\n",
            "FROM python:3.12\nRUN PIP_CERT=/x pip install flask==3\n",
            "FROM python:3.12\nRUN pip install --cert /x flask==3\n",
            "FROM python:3.12\nENV SSL_CERT_FILE=/x\nRUN pip install flask==3\n",
        ] {
            let text = format!("{BUILD}{rest}");
            assert_eq!(messages(&CaMissingInStage, &[("Dockerfile", &text)]), [""; 0], "{rest}");
        }
    }

    #[test]
    fn where_no_stage_installs_a_ca_none_is_missing() {
        let text =
            "FROM python:3.12 AS a\nRUN pip install a==1\nFROM python:3.12\nRUN pip install b==1\n";
        assert_eq!(messages(&CaMissingInStage, &[("Dockerfile", text)]), [""; 0]);
    }
}
