//! What `--fix` does not do, why, and what would help.

use std::path::PathBuf;

use provender_core::excerpt::position;
use provender_lint::fix::{Left, ProjectFix};
use provender_lint::{File, FileKind, Fix, Needs};

use super::load::Loaded;

/// A fix that was not made, or a step that could not be given the CA.
pub(super) struct NotFixed {
    /// The rule of the finding; none for a step.
    pub(super) rule: Option<&'static str>,
    /// The file.
    pub(super) path: PathBuf,
    /// The line, from 1.
    pub(super) line: u32,
    /// Why.
    pub(super) why: String,
    /// What would help.
    pub(super) advice: Option<&'static str>,
}

const NAME_THE_CA: &str = "name the CA that the builds need with --assume-ca FILE";
const LET_IT_VERIFY: &str = "`provender doctor https://HOST/` says why a host does not verify; --ca-bundle FILE trusts \
     its CA, --assume-ca FILE takes it that every host verifies with it";
const ASK_THE_NETWORK: &str =
    "--offline forbids handshakes: leave it out, or name the CA with --assume-ca FILE";
const WHERE_IT_RUNS: &str = "what runs on a runner or in a container is given the CA where that is set up; then delete \
     the setting by hand";
const TAKE_IT: &str =
    "where no host is named, --assume-ca FILE takes it that all verify with the CAs in it";
const SPEAK_TLS: &str =
    "a host that is spoken to in plain http may have no TLS: change its URLs to https first";

/// What was not done to the files that were asked for, by place.
pub(super) fn left(found: &ProjectFix, loaded: &Loaded, offline: bool) -> Vec<NotFixed> {
    let line = |path: &PathBuf, at: usize| {
        loaded.file(path).map_or(1, |file| position(&file.text, at).line)
    };
    let findings = found.left.iter().map(|(path, finding, why)| NotFixed {
        rule: Some(finding.rule),
        path: path.clone(),
        line: line(path, finding.span.start),
        why: why.to_string(),
        advice: advice(why, loaded.file(path).map(|file| file.kind), offline),
    });
    let steps = found.left_out.iter().map(|(path, span, why)| NotFixed {
        rule: None,
        path: path.clone(),
        line: line(path, span.start),
        why: why.clone(),
        advice: None,
    });
    let mut left: Vec<NotFixed> =
        findings.chain(steps).filter(|left| loaded.asked.contains(&left.path)).collect();
    left.sort_by(|a, b| (&a.path, a.line, a.rule).cmp(&(&b.path, b.line, b.rule)));
    left
}

/// Whether a fix is one that nothing makes: what runs on a runner or in a container gets its CA
/// elsewhere, so no bypass goes from there.
pub(super) fn is_never_made(fix: &Fix, file: &File) -> bool {
    fix.needs != Needs::Nothing && runs_elsewhere(file.kind)
}

fn runs_elsewhere(kind: FileKind) -> bool {
    use FileKind::{Compose, GithubWorkflow, GitlabCi, OtherCi};
    matches!(kind, Compose | GithubWorkflow | GitlabCi | OtherCi)
}

fn advice(why: &Left, kind: Option<FileKind>, offline: bool) -> Option<&'static str> {
    match why {
        Left::NoCa | Left::NotProvided if kind.is_some_and(runs_elsewhere) => Some(WHERE_IT_RUNS),
        Left::NoCa => Some(NAME_THE_CA),
        Left::NoHost => Some(TAKE_IT),
        Left::PlainHttp { .. } => Some(SPEAK_TLS),
        Left::Unverified { .. } if offline => Some(ASK_THE_NETWORK),
        Left::Unverified { .. } => Some(LET_IT_VERIFY),
        _ => None,
    }
}
