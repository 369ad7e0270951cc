//! Proxies set by `ENV`, which every container of the image then uses.

use provender_core::Level;

use super::Rule;
use crate::facts::{Origin, Variable};
use crate::finding::Finding;
use crate::image::shipped::{self, shipped};
use crate::project::Project;
use crate::source::File;

/// `lint/proxy-in-image`.
pub(crate) struct ProxyInImage;

const VARIABLES: [&str; 4] = ["http_proxy", "https_proxy", "ftp_proxy", "all_proxy"];

impl Rule for ProxyInImage {
    fn id(&self) -> &'static str {
        "lint/proxy-in-image"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn summary(&self) -> &'static str {
        "a proxy of the build is set for every container of the image"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/proxy-in-image.md")
    }

    fn check(&self, _file: &File, _findings: &mut Vec<Finding>) {}

    fn check_in(&self, file: &File, project: &Project<'_>, findings: &mut Vec<Finding>) {
        let Some(dockerfile) = &file.dockerfile else { return };
        let shipped = shipped(file, dockerfile, project);
        let lasting = shipped::lasting(dockerfile, &shipped);
        for shipped in &shipped {
            let image = shipped.name(dockerfile);
            for variable in last_values(file, &shipped::chain(dockerfile, shipped.stage)) {
                let Origin::DockerEnv { stage } = variable.origin else { continue };
                if !lasting.contains(&stage) {
                    continue;
                }
                let finding = Finding::new(
                    self.id(),
                    self.level(),
                    variable.name_span.clone(),
                    format!("`{}` stays set in {image}", variable.name),
                    "every container uses this proxy",
                )
                .because(
                    "where the proxy is not there, the container reaches nothing; where it \
                     is, it sees what the container does",
                )
                .hint(
                    "delete the ENV and give it to the build: `docker build --build-arg \
                     HTTPS_PROXY`; proxy variables are known to every build without an ARG line, \
                     and the image's history does not keep them",
                );
                if findings
                    .iter()
                    .all(|known| known.rule != self.id() || known.span != finding.span)
                {
                    findings.push(finding);
                }
            }
        }
    }
}

/// The proxy variables that are set when a chain of stages ends: the last `ENV` of each name,
/// unless it unsets it.
fn last_values<'f>(file: &'f File, chain: &[usize]) -> Vec<&'f Variable> {
    let mut last: Vec<&Variable> = Vec::new();
    for stage in chain {
        for variable in &file.facts.variables {
            if variable.origin != (Origin::DockerEnv { stage: *stage })
                || !VARIABLES.contains(&variable.name.to_ascii_lowercase().as_str())
            {
                continue;
            }
            last.retain(|known| known.name != variable.name);
            if variable.value.as_ref().is_some_and(|value| !value.text.is_empty()) {
                last.push(variable);
            }
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::ProxyInImage;
    use crate::rules::proof::{found, messages};

    #[test]
    fn a_proxy_that_stays_is_found() {
        let text = "FROM python:3.12\nARG HTTPS_PROXY\n\
                    ENV https_proxy=http://proxy.example:3128 \\\n    HTTPS_PROXY=$HTTPS_PROXY\n";
        assert_eq!(
            messages(&ProxyInImage, &[("Dockerfile", text)]),
            ["`https_proxy` stays set in the image", "`HTTPS_PROXY` stays set in the image"]
        );
    }

    #[test]
    fn only_what_is_shipped_counts() {
        let text =
            "FROM python:3.12 AS build\nENV HTTPS_PROXY=http://proxy.example\nFROM python:3.12\n";
        assert_eq!(messages(&ProxyInImage, &[("Dockerfile", text)]), [""; 0]);
        let text = "FROM python:3.12 AS build\nENV HTTPS_PROXY=http://proxy.example\nFROM build\n";
        let findings = found(&ProxyInImage, &[("Dockerfile", text)]);
        assert_eq!(findings[0].message, "`HTTPS_PROXY` stays set in the final stage");
    }

    #[test]
    fn one_that_is_unset_or_lasts_a_step_is_left_alone() {
        let text = "FROM python:3.12\nENV HTTPS_PROXY=http://proxy.example\nRUN pip install x\n\
                    ENV HTTPS_PROXY=\nARG HTTP_PROXY\n\
                    RUN HTTP_PROXY=http://proxy.example pip install x\n";
        assert_eq!(messages(&ProxyInImage, &[("Dockerfile", text)]), [""; 0]);
    }
}
