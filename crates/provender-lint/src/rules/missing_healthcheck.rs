//! Servers in images that say no way to ask whether they still serve.

use provender_core::Level;

use super::Rule;
use crate::dockerfile::Dockerfile;
use crate::facts::{Command, Home, Span};
use crate::finding::Finding;
use crate::image::compose::Service;
use crate::image::shipped::{self, shipped};
use crate::project::Project;
use crate::source::File;

/// `lint/missing-healthcheck`.
pub(crate) struct MissingHealthcheck;

/// Programs that serve.
const SERVERS: [&str; 16] = [
    "uvicorn",
    "gunicorn",
    "hypercorn",
    "daphne",
    "granian",
    "waitress-serve",
    "uwsgi",
    "nginx",
    "caddy",
    "httpd",
    "apache2",
    "apache2-foreground",
    "traefik",
    "haproxy",
    "envoy",
    "http.server",
];

impl Rule for MissingHealthcheck {
    fn id(&self) -> &'static str {
        "lint/missing-healthcheck"
    }

    fn level(&self) -> Level {
        Level::Note
    }

    fn summary(&self) -> &'static str {
        "a server's image has no health check"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/missing-healthcheck.md")
    }

    fn check(&self, _file: &File, _findings: &mut Vec<Finding>) {}

    fn check_in(&self, file: &File, project: &Project<'_>, findings: &mut Vec<Finding>) {
        let Some(dockerfile) = &file.dockerfile else { return };
        // Only an image that is built by itself; a compose service may check what it builds.
        let checked = project.services_of(&file.path).iter().any(Service::is_checked);
        if checked || shipped::is_workplace(&file.path) {
            return;
        }
        let mut told: Vec<usize> = Vec::new();
        for shipped in shipped::lowest_first(shipped(file, dockerfile, project)) {
            let chain = shipped::chain(dockerfile, shipped.stage);
            if chain.iter().any(|stage| told.contains(stage)) {
                continue;
            }
            let has_check = shipped::instructions(dockerfile, shipped.stage)
                .any(|(_, instruction)| instruction.keyword == "HEALTHCHECK");
            if has_check {
                continue;
            }
            let Some((span, label)) = serves(file, dockerfile, shipped.stage) else { continue };
            told.push(shipped.stage);
            let image = shipped.name(dockerfile);
            findings.push(
                Finding::new(
                    self.id(),
                    self.level(),
                    span,
                    format!("{image} is a server's and has no `HEALTHCHECK`"),
                    label,
                )
                .because(
                    "a process that hangs counts as running: nothing restarts it or sends \
                     requests elsewhere",
                )
                .hint(
                    "add `HEALTHCHECK CMD [...]` with a program that the image has, or \
                     `healthcheck` in compose; where Kubernetes probes it, say so with \
                     `HEALTHCHECK NONE`",
                ),
            );
        }
    }
}

/// What shows that an image serves: an open port, or a server as its command.
fn serves(file: &File, dockerfile: &Dockerfile, stage: usize) -> Option<(Span, &'static str)> {
    let exposed = shipped::instructions(dockerfile, stage)
        .rfind(|(_, instruction)| instruction.keyword == "EXPOSE");
    if let Some((_, instruction)) = exposed {
        return Some((instruction.span.clone(), "a port is served"));
    }
    let chain = shipped::chain(dockerfile, stage);
    let server = file.facts.commands.iter().rev().find(|command| {
        matches!(command.home, Home::Container { stage: Some(stage) } if chain.contains(&stage))
            && is_server(command)
    })?;
    Some((server.span.clone(), "this serves"))
}

fn is_server(command: &Command) -> bool {
    let Some(invocation) = command.invocation() else { return false };
    let runs = |program: &str, verb: &str| invocation.program == program && invocation.is(&[verb]);
    SERVERS.contains(&invocation.program)
        || runs("flask", "run")
        || runs("fastapi", "run")
        || invocation.arguments.iter().any(|word| word.text == "runserver")
}

#[cfg(test)]
mod tests {
    use super::MissingHealthcheck;
    use crate::rules::proof::{found, messages};

    #[test]
    fn a_server_without_a_check_is_found() {
        let text = "FROM python:3.12\nEXPOSE 8000\nCMD [\"python\", \"app.py\"]\n";
        let findings = found(&MissingHealthcheck, &[("Dockerfile", text)]);
        assert_eq!(findings[0].message, "the image is a server's and has no `HEALTHCHECK`");
        assert_eq!(&text[findings[0].span.clone()], "EXPOSE 8000");
        let text = "FROM python:3.12\nCMD [\"uvicorn\", \"app:app\"]\n";
        assert_eq!(messages(&MissingHealthcheck, &[("Dockerfile", text)]).len(), 1);
    }

    #[test]
    fn a_check_of_its_own_of_its_base_or_of_compose_is_enough() {
        for text in [
            "FROM python:3.12\nEXPOSE 80\nHEALTHCHECK CMD true\n",
            "FROM python:3.12 AS a\nHEALTHCHECK NONE\nFROM a\nEXPOSE 80\n",
            "FROM python:3.12\nCMD [\"worker\"]\n",
            "FROM python:3.12 AS a\nEXPOSE 80\nFROM debian:12\nCMD [\"worker\"]\n",
        ] {
            assert_eq!(messages(&MissingHealthcheck, &[("Dockerfile", text)]), [""; 0], "{text}");
        }
        let files = [
            ("web/Dockerfile", "FROM python:3.12\nEXPOSE 80\n"),
            (
                "compose.yaml",
                "services:\n  web:\n    build: ./web\n    healthcheck:\n      test: [CMD, \
                 \"true\"]\n",
            ),
        ];
        assert_eq!(messages(&MissingHealthcheck, &files), [""; 0]);
    }
}
