//! Variables that name CA certificates where the image has none.

use provender_core::Level;

use super::Rule;
use crate::dockerfile::Dockerfile;
use crate::facts::{Origin, Span, Variable};
use crate::finding::Finding;
use crate::image::anchors::written;
use crate::image::copying::{absolute, copyings, within, working_folder};
use crate::image::network::TRUST_VARIABLES;
use crate::image::shipped::{self, shipped};
use crate::project::Project;
use crate::source::File;

/// `lint/tls-variable-in-image`.
pub(crate) struct TlsVariableInImage;

/// Folders that systems fill themselves.
const SYSTEM: [&str; 8] = [
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
    "/usr/share/ca-certificates",
    "/usr/lib/ssl",
    "/usr/local/share",
    "/usr/local/lib",
    "/usr/lib",
];

impl Rule for TlsVariableInImage {
    fn id(&self) -> &'static str {
        "lint/tls-variable-in-image"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn summary(&self) -> &'static str {
        "a variable that lasts in the image names CA certificates that are not in it"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/tls-variable-in-image.md")
    }

    fn check(&self, _file: &File, _findings: &mut Vec<Finding>) {}

    fn check_in(&self, file: &File, project: &Project<'_>, findings: &mut Vec<Finding>) {
        let Some(dockerfile) = &file.dockerfile else { return };
        for shipped in shipped(file, dockerfile, project) {
            let image = shipped.name(dockerfile);
            for variable in lasting(file, &shipped::chain(dockerfile, shipped.stage)) {
                let Some(value) = variable.value.as_ref().filter(|value| value.known) else {
                    continue;
                };
                if !value.text.starts_with('/') || mounted_when_it_runs(file, project, &value.text)
                {
                    continue;
                }
                let Some(absence) = absence(file, dockerfile, shipped.stage, &value.text) else {
                    continue;
                };
                if findings.iter().any(|known| known.rule == self.id() && known.span == value.span)
                {
                    continue;
                }
                let mut finding = Finding::new(
                    self.id(),
                    if absence.sure { self.level() } else { Level::Note },
                    value.span.clone(),
                    format!(
                        "`{}` stays set in {image} and names `{}`, {}",
                        variable.name, value.text, absence.why
                    ),
                    "every container is told to read this",
                )
                .because(
                    "a tool that is told to read CA certificates that are not there trusts \
                     nothing, or stops: uv, httpx and curl then connect nowhere",
                )
                .hint(format!(
                    "set it in the step that needs it only, as in `RUN --mount=... export \
                     {}=...; ...`, or name a bundle that the image holds",
                    variable.name
                ));
                finding.also.extend(absence.place.map(|span| (span, absence.label.to_owned())));
                findings.push(finding);
            }
        }
    }
}

/// Why a path is not in an image.
struct Absence {
    sure: bool,
    why: &'static str,
    place: Option<Span>,
    label: &'static str,
}

/// Why the image of a stage does not have a path; none if it has it or may have it.
fn absence(file: &File, dockerfile: &Dockerfile, stage: usize, path: &str) -> Option<Absence> {
    let chain = shipped::chain(dockerfile, stage);
    let mut place: Option<(Span, bool)> = None;
    let mut present = false;
    for (index, instruction) in shipped::instructions(dockerfile, stage) {
        match instruction.keyword.as_str() {
            "COPY" | "ADD" => {
                let brings = copyings(dockerfile, stage)
                    .filter(|copying| copying.index == index)
                    .any(|copying| match copying.target(dockerfile) {
                        Some(target) => within(path, &target) || within(&target, path),
                        None => true,
                    });
                present |= brings;
            }
            "VOLUME" => {
                present |=
                    file.text.get(instruction.span.clone()).is_some_and(|text| text.contains(path))
            }
            "RUN" => {
                let mount =
                    instruction.flags.iter().filter(|flag| flag.name == "mount").find(|flag| {
                        flag.value
                            .as_deref()
                            .and_then(mount_target)
                            .is_some_and(|target| within(path, &target))
                    });
                if let Some(mount) = mount {
                    place = Some((mount.word.span.clone(), true));
                    continue;
                }
                let mut removed = None;
                for (_, command) in
                    shipped::build_commands(file, &chain).filter(|(at, _)| *at == index)
                {
                    let Some(invocation) = command.invocation() else { continue };
                    let names = invocation.arguments.iter().any(|word| word.text.contains(path));
                    if invocation.program == "rm"
                        && invocation.plain().any(|word| {
                            absolute(&word.text, || working_folder(dockerfile, index))
                                .is_some_and(|word| within(path, &word))
                        })
                    {
                        removed = Some(command.span.clone());
                    } else if names
                        || written(command).iter().any(|(written, _)| within(written, path))
                    {
                        removed = None;
                        present = true;
                    }
                }
                if let Some(span) = removed {
                    present = false;
                    place = Some((span, false));
                } else if file
                    .text
                    .get(instruction.span.clone())
                    .is_some_and(|text| text.contains(path))
                {
                    // A redirection or a program of its own may make it.
                    present = true;
                }
            }
            _ => {}
        }
    }
    if present {
        return None;
    }
    if let Some((span, mounted)) = place {
        let (why, label) = if mounted {
            ("which is there during one step of the build only", "mounted for this step")
        } else {
            ("which the build removes", "removed here")
        };
        return Some(Absence { sure: true, why, place: Some(span), label });
    }
    if SYSTEM.iter().any(|folder| within(path, folder))
        || path.contains("certifi")
        || path.contains("/site-packages/")
    {
        return None;
    }
    let elsewhere =
        (0..dockerfile.stages.len()).filter(|other| !chain.contains(other)).find_map(|other| {
            copyings(dockerfile, other)
                .find(|copying| {
                    copying.target(dockerfile).is_some_and(|target| within(path, &target))
                })
                .map(|copying| copying.instruction.span.clone())
        });
    Some(match elsewhere {
        Some(span) => Absence {
            sure: true,
            why: "which only another stage holds",
            place: Some(span),
            label: "copied into another stage",
        },
        None => {
            Absence { sure: false, why: "which nothing here puts there", place: None, label: "" }
        }
    })
}

/// Where a mount of a step is seen.
fn mount_target(mount: &str) -> Option<String> {
    let part = |names: &[&str]| {
        mount.split(',').find_map(|part| {
            let (name, value) = part.split_once('=')?;
            names.contains(&name).then(|| value.to_owned())
        })
    };
    part(&["target", "dst", "destination"]).or_else(|| {
        let secret = mount.split(',').any(|part| part == "type=secret");
        secret.then(|| part(&["id"]).map(|id| format!("/run/secrets/{id}"))).flatten()
    })
}

/// The trust variables that are set when a chain of stages ends.
fn lasting<'f>(file: &'f File, chain: &[usize]) -> Vec<&'f Variable> {
    let mut last: Vec<&Variable> = Vec::new();
    for stage in chain {
        for variable in &file.facts.variables {
            if variable.origin == (Origin::DockerEnv { stage: *stage })
                && TRUST_VARIABLES.contains(&variable.name.as_str())
            {
                last.retain(|known| known.name != variable.name);
                last.push(variable);
            }
        }
    }
    last
}

/// Whether a compose service that is built from the Dockerfile mounts something there.
fn mounted_when_it_runs(file: &File, project: &Project<'_>, path: &str) -> bool {
    project.services_of(&file.path).iter().any(|service| {
        let short = service.values("volumes").chain(service.values("configs")).any(|volume| {
            volume
                .text
                .split(':')
                .any(|part| part.starts_with('/') && within(path, part.trim_end_matches('/')))
        });
        let secrets =
            path.starts_with("/run/secrets/") && service.settings("secrets").next().is_some();
        short || secrets
    })
}

#[cfg(test)]
mod tests {
    use super::TlsVariableInImage;
    use crate::rules::proof::{found, messages};
    use provender_core::Level;

    #[test]
    fn a_path_that_is_mounted_for_one_step_is_found() {
        let text = "FROM python:3.12\nENV SSL_CERT_FILE=/run/ca/bundle.pem\n\
                    RUN --mount=type=bind,from=ca,target=/run/ca pip install flask==3\n";
        let findings = found(&TlsVariableInImage, &[("Dockerfile", text)]);
        assert_eq!(
            findings[0].message,
            "`SSL_CERT_FILE` stays set in the image and names `/run/ca/bundle.pem`, which is \
             there during one step of the build only"
        );
        assert_eq!(findings[0].level, Level::Warning);
        let text = "FROM python:3.12\nENV PIP_CERT=/run/secrets/ca\n\
                    RUN --mount=type=secret,id=ca pip install flask==3\n";
        assert_eq!(messages(&TlsVariableInImage, &[("Dockerfile", text)]).len(), 1);
    }

    #[test]
    fn a_path_of_another_stage_or_one_that_is_removed_is_found() {
        let text = "FROM python:3.12 AS build\nCOPY ca.pem /ca.pem\nFROM python:3.12\n\
                    ENV PIP_CERT=/ca.pem\n";
        let findings = found(&TlsVariableInImage, &[("Dockerfile", text)]);
        assert!(findings[0].message.ends_with("which only another stage holds"));
        let text = "FROM python:3.12\nCOPY ca.pem /ca.pem\nENV PIP_CERT=/ca.pem\n\
                    RUN pip install x==1 && rm /ca.pem\n";
        let findings = found(&TlsVariableInImage, &[("Dockerfile", text)]);
        assert!(findings[0].message.ends_with("which the build removes"));
    }

    #[test]
    fn a_path_from_nowhere_is_worth_a_note() {
        let text = "FROM python:3.12\nENV NODE_EXTRA_CA_CERTS=/opt/ca.pem\n";
        assert_eq!(found(&TlsVariableInImage, &[("Dockerfile", text)])[0].level, Level::Note);
    }

    #[test]
    fn what_the_image_holds_or_gets_is_left_alone() {
        for text in [
            "FROM python:3.12\nENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt\n",
            "FROM python:3.12\nCOPY ca.pem /opt/ca/\nENV SSL_CERT_FILE=/opt/ca/ca.pem\n",
            "FROM python:3.12\nRUN cat a b > /opt/ca.pem\nENV SSL_CERT_FILE=/opt/ca.pem\n",
            "FROM python:3.12\nRUN curl -o /opt/ca.pem https://ca.example\n\
             ENV SSL_CERT_FILE=/opt/ca.pem\n",
            "FROM python:3.12\nARG CA\nENV SSL_CERT_FILE=$CA\n",
            "FROM python:3.12 AS a\nENV SSL_CERT_FILE=/ca.pem\nFROM python:3.12\n",
            "FROM python:3.12\nENV SSL_CERT_FILE=/ca.pem\nENV SSL_CERT_FILE=\n",
        ] {
            assert_eq!(messages(&TlsVariableInImage, &[("Dockerfile", text)]), [""; 0], "{text}");
        }
        let files = [
            ("Dockerfile", "FROM python:3.12\nENV SSL_CERT_FILE=/ca/ca.pem\n"),
            ("compose.yaml", "services:\n  a:\n    build: .\n    volumes:\n      - ./ca:/ca:ro\n"),
        ];
        assert_eq!(messages(&TlsVariableInImage, &files), [""; 0]);
    }
}
