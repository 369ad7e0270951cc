//! Images whose processes run as root.

use std::ffi::OsStr;

use provender_core::Level;

use super::Rule;
use crate::dockerfile::Dockerfile;
use crate::facts::{Home, Word};
use crate::finding::Finding;
use crate::image::reference::Reference;
use crate::image::shipped::{self, Shipped, shipped};

use crate::project::Project;
use crate::source::File;

/// `lint/root-user`.
pub(crate) struct RootUser;

/// Docker's own images of systems and languages: all of them run as root and leave it at that.
const ROOT_IMAGES: [&str; 42] = [
    "almalinux",
    "alpine",
    "amazoncorretto",
    "amazonlinux",
    "archlinux",
    "bash",
    "buildpack-deps",
    "busybox",
    "caddy",
    "centos",
    "clojure",
    "composer",
    "dart",
    "debian",
    "eclipse-temurin",
    "elixir",
    "erlang",
    "fedora",
    "gcc",
    "golang",
    "haskell",
    "httpd",
    "julia",
    "maven",
    "nginx",
    "node",
    "openjdk",
    "oraclelinux",
    "perl",
    "photon",
    "php",
    "pypy",
    "python",
    "rockylinux",
    "ruby",
    "rust",
    "sapmachine",
    "swift",
    "tomcat",
    "ubuntu",
    "ubi",
    "opensuse",
];

/// Words of image names that say that a user is set.
const ROOTLESS: [&str; 5] =
    ["nonroot", "rootless", "unprivileged", "chiseled", "distroless-nonroot"];

/// Programs that give root away before they start what they are given.
const DROPPERS: [&str; 8] =
    ["gosu", "su-exec", "setpriv", "runuser", "s6-setuidgid", "chpst", "setuidgid", "fixuid"];

impl Rule for RootUser {
    fn id(&self) -> &'static str {
        "lint/root-user"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn summary(&self) -> &'static str {
        "an image's processes run as root"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/root-user.md")
    }

    fn check(&self, _file: &File, _findings: &mut Vec<Finding>) {}

    fn check_in(&self, file: &File, project: &Project<'_>, findings: &mut Vec<Finding>) {
        let Some(dockerfile) = &file.dockerfile else { return };
        if shipped::is_workplace(&file.path) {
            return;
        }
        let mut told: Vec<usize> = Vec::new();
        for shipped in shipped::lowest_first(shipped(file, dockerfile, project)) {
            // What a stage has from one that was told already is told.
            let inherited = last_user(dockerfile, shipped.stage).is_none()
                && shipped::chain(dockerfile, shipped.stage)
                    .iter()
                    .any(|stage| told.contains(stage));
            if inherited
                || !runs_something(dockerfile, shipped.stage)
                || gives_root_away(file, dockerfile, shipped.stage, project)
                || runs_as_another(file, shipped, dockerfile, project)
            {
                continue;
            }
            if let Some(finding) = self.judge(dockerfile, shipped) {
                told.push(shipped.stage);
                findings.push(finding);
            }
        }
    }
}

impl RootUser {
    fn judge(&self, dockerfile: &Dockerfile, shipped: Shipped<'_>) -> Option<Finding> {
        let image = shipped.name(dockerfile);
        let hint = "make a user and switch to it last: `RUN useradd --system --uid 10001 app` \
                    and `USER 10001`; a number lets Kubernetes prove that it is not root";
        let cause = "whoever gets into the process is root in the container: one step from the \
                     host where a mount, a capability or the kernel has a hole";
        if let Some(word) = last_user(dockerfile, shipped.stage) {
            let user = word.text.split(':').next().unwrap_or_default();
            let root = word.known && matches!(user, "root" | "0");
            return root.then(|| {
                let message = format!("{image} runs as root");
                let label = "the last `USER` is root";
                Finding::new(self.id(), self.level(), word.span.clone(), message, label)
                    .because(cause)
                    .hint(hint)
            });
        }
        let base = shipped::base(dockerfile, shipped.stage)?;
        let level = level_of_base(&base.text, base.known)?;
        let message = if level == Level::Note {
            format!(
                "{image} has no `USER`: it runs as root unless `{}` names another user",
                base.text
            )
        } else {
            format!("{image} has no `USER`, so it runs as root")
        };
        let stage = &dockerfile.stages[shipped.stage];
        Some(
            Finding::new(
                self.id(),
                level,
                stage.base.span.clone(),
                message,
                "no `USER` behind this",
            )
            .because(cause)
            .hint(hint),
        )
    }
}

/// Whom the last `USER` of a stage names.
fn last_user(dockerfile: &Dockerfile, stage: usize) -> Option<&Word> {
    shipped::instructions(dockerfile, stage)
        .rfind(|(_, instruction)| instruction.keyword == "USER")
        .and_then(|(_, instruction)| instruction.words().first())
}

/// How sure it is that an image without a `USER` runs as root; none where its base says otherwise.
fn level_of_base(base: &str, known: bool) -> Option<Level> {
    if base == "scratch" {
        return Some(Level::Warning);
    }
    if !known {
        return None;
    }
    let reference = Reference::parse(base)?;
    let windows = ["windows", "nanoserver", "servercore"];
    let rootless = |word: &&str| reference.repository.contains(*word) || reference.mentions(word);
    if ROOTLESS
        .iter()
        .any(|word| rootless(word) || reference.tag.is_some_and(|tag| tag.contains(word)))
        || windows.iter().any(|word| reference.repository.contains(word))
        || ["chainguard/", "bitnami/"].iter().any(|folder| reference.repository.contains(folder))
    {
        return None;
    }
    let certain = reference.is_library() && ROOT_IMAGES.contains(&reference.short())
        || reference.repository.contains("/distroless/");
    Some(if certain { Level::Warning } else { Level::Note })
}

/// Whether the image is one that is run: it says what to start or which port is open. One that does
/// not is a base or holds files only.
fn runs_something(dockerfile: &Dockerfile, stage: usize) -> bool {
    shipped::instructions(dockerfile, stage).any(|(_, instruction)| {
        matches!(instruction.keyword.as_str(), "CMD" | "ENTRYPOINT" | "EXPOSE" | "HEALTHCHECK")
    })
}

/// Whether the image gives root away as it starts: it installs or calls a program for that, or a
/// script that is its entry point does.
fn gives_root_away(
    file: &File,
    dockerfile: &Dockerfile,
    stage: usize,
    project: &Project<'_>,
) -> bool {
    let chain = shipped::chain(dockerfile, stage);
    let of_image = file.facts.commands.iter().filter(|command| match command.home {
        Home::Run { stage, .. } | Home::Container { stage: Some(stage) } => chain.contains(&stage),
        _ => false,
    });
    let mut entries: Vec<&str> = Vec::new();
    for command in of_image {
        for word in &command.words {
            let name = word.text.rsplit('/').next().unwrap_or_default();
            if DROPPERS.contains(&name) {
                return true;
            }
            if matches!(command.home, Home::Container { .. }) && name.ends_with(".sh") {
                entries.push(name);
            }
        }
    }
    entries
        .iter()
        .flat_map(|name| project.named(OsStr::new(name)))
        .flat_map(|script| &script.facts.commands)
        .flat_map(|command| &command.words)
        .any(|word| DROPPERS.contains(&word.text.rsplit('/').next().unwrap_or_default()))
}

/// Whether compose services build it and all of them name a user.
fn runs_as_another(
    file: &File,
    shipped: Shipped<'_>,
    dockerfile: &Dockerfile,
    project: &Project<'_>,
) -> bool {
    let name = dockerfile.stages[shipped.stage].name.as_deref();
    let mut services = project
        .services_of(&file.path)
        .iter()
        .filter(|service| {
            service.target().map(str::to_lowercase).as_deref()
                == if shipped.by.is_some() { name } else { None }
        })
        .peekable();
    services.peek().is_some()
        && services.all(|service| {
            service.model.user.as_ref().is_some_and(|user| {
                !matches!(user.text.split(':').next().unwrap_or_default(), "root" | "0" | "")
            })
        })
}

#[cfg(test)]
mod tests {
    use super::RootUser;
    use crate::rules::proof::{found, messages};
    use provender_core::Level;

    #[test]
    fn an_image_without_a_user_is_found() {
        assert_eq!(
            messages(&RootUser, &[("Dockerfile", "FROM python:3.12\nCMD [\"python\"]\n")]),
            ["the image has no `USER`, so it runs as root"]
        );
    }

    #[test]
    fn only_what_is_shipped_counts() {
        let text = "FROM python:3.12 AS build\nUSER root\nRUN make\nFROM debian:12\n\
                    USER 10001:10001\nCMD [\"/app\"]\n";
        assert_eq!(messages(&RootUser, &[("Dockerfile", text)]), [""; 0]);
        let text = "FROM python:3.12\nUSER app\nRUN true\nUSER 0:0\nCMD [\"/app\"]\n";
        let findings = found(&RootUser, &[("Dockerfile", text)]);
        assert_eq!(findings[0].message, "the image runs as root");
        assert_eq!(&text[findings[0].span.clone()], "0:0");
    }

    #[test]
    fn a_user_is_inherited_from_the_stage_below() {
        let text = "FROM python:3.12 AS base\nUSER app\nFROM base\nCMD [\"/app\"]\n";
        assert_eq!(messages(&RootUser, &[("Dockerfile", text)]), [""; 0]);
    }

    #[test]
    fn a_base_that_sets_a_user_is_believed() {
        for base in
            ["images.example/distroless/static:nonroot", "team/nginx-unprivileged:1", "$BASE"]
        {
            let text = format!("FROM {base}\nENTRYPOINT [\"/app\"]\n");
            assert_eq!(messages(&RootUser, &[("Dockerfile", &text)]), [""; 0], "{base}");
        }
        let findings = found(&RootUser, &[("Dockerfile", "FROM team/base:1\nCMD [\"/app\"]\n")]);
        assert_eq!(findings[0].level, Level::Note);
    }

    #[test]
    fn an_image_that_starts_nothing_or_gives_root_away_is_left_alone() {
        for text in [
            "FROM scratch\nCOPY --from=x:1 /dist /\n",
            "FROM debian:12\nRUN apt-get install -y gosu\nENTRYPOINT [\"/entry.sh\"]\n",
        ] {
            assert_eq!(messages(&RootUser, &[("Dockerfile", text)]), [""; 0], "{text}");
        }
        let files = [
            ("Dockerfile", "FROM debian:12\nCOPY entry.sh /\nENTRYPOINT [\"/entry.sh\"]\n"),
            ("entry.sh", "#!/bin/sh\nexec su-exec app \"$@\"\n"),
        ];
        assert_eq!(messages(&RootUser, &files), [""; 0]);
    }

    #[test]
    fn a_target_of_a_compose_file_is_an_image_too() {
        let files = [
            ("Dockerfile", "FROM python:3.12 AS dev\nCMD [\"a\"]\nFROM dev AS prod\nUSER app\n"),
            (
                "compose.yaml",
                "services:\n  web:\n    build:\n      context: .\n      target: dev\n",
            ),
        ];
        assert_eq!(
            messages(&RootUser, &files),
            ["stage `dev` (built by compose.yaml) has no `USER`, so it runs as root"]
        );
        let files = [
            files[0],
            (
                "compose.yaml",
                "services:\n  web:\n    user: \"1000\"\n    build:\n      context: .\n      \
                 target: dev\n",
            ),
        ];
        assert_eq!(messages(&RootUser, &files), [""; 0]);
    }
}
