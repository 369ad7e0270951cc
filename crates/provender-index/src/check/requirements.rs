//! What pip is told to install.

use provender_core::lock::{LockedProject, LockedSource, constraints};
use provender_core::requirements_txt::{self, EntryKind};
use provender_core::{Lock, Platform, ProjectName, PythonVersion};
use provender_store::LockFormat;

use super::request::CheckedLock;
use provender_target::Marker;

/// The lock for pip: as it stands, if it holds requirements only. Of any other, the pins with their
/// hashes: pip reads no PEP 751 here, and an option such as `--extra-index-url` in a file would
/// overrule the command line.
pub(super) fn text(lock: &CheckedLock) -> String {
    let is_plain = lock.format == LockFormat::Constraints
        && requirements_txt::parse(&lock.text).is_ok_and(|entries| {
            entries.iter().all(|entry| matches!(entry.kind, EntryKind::Requirement(_)))
        });
    if is_plain { lock.text.clone() } else { constraints::render(&lock.lock) }
}

/// The pins that are installed with a Python on a platform, without their markers: pip reads
/// markers for the machine that it runs on, whatever it is told to install for.
pub(super) fn told(
    lock: &Lock,
    python: PythonVersion,
    platform: Option<Platform>,
    without: impl Fn(&ProjectName) -> bool,
) -> Vec<LockedProject> {
    let applies = |project: &&LockedProject| {
        let marker = Marker::parse(project.marker.as_deref());
        let applies = platform.is_none_or(|platform| marker.applies(python, platform));
        // Nothing but an index can be proved without building.
        applies && matches!(project.source, LockedSource::Index(_)) && !without(&project.name)
    };
    let chosen = lock.projects.iter().filter(applies).cloned();
    chosen
        .map(|project| LockedProject {
            marker: project.marker.filter(|_| platform.is_none()),
            ..project
        })
        .collect()
}

/// Pins as a requirements file.
pub(super) fn render(projects: Vec<LockedProject>) -> String {
    constraints::render(&Lock { projects, ..Lock::default() })
}

#[cfg(test)]
mod tests {
    use provender_store::LockKind;

    use super::*;

    fn lock(text: &str) -> CheckedLock {
        CheckedLock {
            name: "/project/requirements.lock".to_owned(),
            kind: LockKind::File,
            format: LockFormat::Constraints,
            text: text.to_owned(),
            lock: constraints::parse(text).unwrap(),
            target: None,
        }
    }

    fn pin(name: &str, marker: &str) -> String {
        format!("{name}==1{marker} --hash=sha256:{}\n", "a".repeat(64))
    }

    #[test]
    fn a_lock_is_installed_as_it_stands() {
        let plain = format!("# a comment of mine\n{}", pin("a", ""));
        assert_eq!(text(&lock(&plain)), plain);
    }

    #[test]
    fn no_option_of_a_lock_reaches_pip() {
        for option in ["--extra-index-url https://index.example/simple/", "-i https://i.example"] {
            let written = text(&lock(&format!("{option}\n{}", pin("a", ""))));
            assert!(!written.contains("example"), "{written}");
            assert!(written.contains("a==1") && written.contains("--hash=sha256:aaa"));
        }
    }

    #[test]
    fn pins_for_elsewhere_are_left_out_for_pip() {
        let lock = lock(&(pin("a", " ; sys_platform == 'win32'") + &pin("b", "") + &pin("c", "")));
        let python = "3.11".parse().unwrap();
        let names = |platform: &str| {
            let platform = Some(platform.parse().unwrap());
            let pins = told(&lock.lock, python, platform, |name| name.as_ref() == "c");
            assert!(pins.iter().all(|pin| pin.marker.is_none()));
            pins.into_iter().map(|pin| pin.name.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(names("windows"), ["a", "b"]);
        assert_eq!(names("linux"), ["b"]);
    }
}
