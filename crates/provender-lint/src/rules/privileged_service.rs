//! Compose services that hold the host.

use provender_core::Level;

use super::Rule;
use super::value::yes;
use crate::facts::{Span, Value};
use crate::finding::Finding;
use crate::image::compose::{Service, services};
use crate::source::File;

/// `lint/privileged-service`.
pub(crate) struct PrivilegedService;

/// Sockets through which a container gives orders to what runs containers.
const SOCKETS: [&str; 5] =
    ["docker.sock", "podman.sock", "containerd.sock", "crio.sock", "docker.raw.sock"];

impl Rule for PrivilegedService {
    fn id(&self) -> &'static str {
        "lint/privileged-service"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn summary(&self) -> &'static str {
        "a compose service holds the host: it is privileged, or has Docker's socket"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/privileged-service.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        for service in services(file) {
            let name = service.name();
            if let Some(privileged) = &service.model.privileged
                && yes(&privileged.text)
            {
                let key = service.settings("privileged").next().map(|setting| setting.key.start);
                let start = key.filter(|key| *key < privileged.span.start);
                findings.push(
                    Finding::new(
                        self.id(),
                        self.level(),
                        start.unwrap_or(privileged.span.start)..privileged.span.end,
                        format!("the service `{name}` is privileged"),
                        "may do all that the host's root may",
                    )
                    .because(
                        "a privileged container sees every device and has every capability: \
                         what gets into it has the host",
                    )
                    .hint(
                        "delete it and name what is needed: `cap_add`, `devices`, \
                         `security_opt`; to build images, use rootless BuildKit or buildah",
                    ),
                );
            }
            for (span, socket) in sockets(&service) {
                findings.push(
                    Finding::new(
                        self.id(),
                        self.level(),
                        span,
                        format!("the service `{name}` has the socket `{socket}`"),
                        "gives orders to the host",
                    )
                    .because(
                        "whoever may speak to the socket may start a privileged container; \
                         mounting it read-only forbids none of that",
                    )
                    .hint(
                        "leave it out, or put a proxy between that passes on only the requests \
                         that are needed",
                    ),
                );
            }
        }
    }
}

/// The sockets that a service mounts, in short and in long form.
fn sockets<'a>(service: &Service<'a>) -> Vec<(Span, &'a str)> {
    let socket = |value: &'a Value| {
        let source = value.text.split(':').next().unwrap_or_default();
        let name = source.rsplit('/').next().unwrap_or_default();
        SOCKETS.contains(&name).then(|| (value.span.clone(), name))
    };
    service
        .settings("volumes")
        .filter(|setting| {
            matches!(setting.name(), "volumes" | "source")
                || setting.name().parse::<usize>().is_ok()
        })
        .flat_map(|setting| &setting.values)
        .filter_map(socket)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::PrivilegedService;
    use crate::rules::proof::{found, messages};

    #[test]
    fn privileges_and_sockets_are_found() {
        let text = "services:\n  ci:\n    image: a\n    privileged: true\n    volumes:\n      - \
                    /var/run/docker.sock:/var/run/docker.sock:ro\n      - data:/data\n  b:\n    \
                    image: a\n    volumes:\n      - type: bind\n        source: \
                    /run/podman/podman.sock\n        target: /s\n";
        assert_eq!(
            messages(&PrivilegedService, &[("compose.yaml", text)]),
            [
                "the service `ci` is privileged",
                "the service `ci` has the socket `docker.sock`",
                "the service `b` has the socket `podman.sock`",
            ]
        );
        let findings = found(&PrivilegedService, &[("compose.yaml", text)]);
        assert_eq!(&text[findings[0].span.clone()], "privileged: true");
    }

    #[test]
    fn other_services_are_left_alone() {
        let text = "services:\n  a:\n    image: a\n    privileged: false\n    volumes:\n      - \
                    ./docker.sock.d:/x\n";
        assert_eq!(messages(&PrivilegedService, &[("compose.yaml", text)]), [""; 0]);
    }

    #[test]
    fn it_can_be_allowed_with_a_reason() {
        let text = "services:\n  a:\n    image: a\n    # provender: allow \
                    lint/privileged-service -- a throwaway runner\n    privileged: true\n";
        assert_eq!(messages(&PrivilegedService, &[("compose.yaml", text)]), [""; 0]);
    }
}
