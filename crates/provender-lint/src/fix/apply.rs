//! Which fixes are made: those whose needs hold, one after another, each looked at before the next.
//!
//! After each fix the file is read and looked at again. A fix that does not make its finding go
//! away, brings another, or leaves a file that cannot be read, is withdrawn. So fixes that touch the same
//! lines need not know of each other, and a second run finds nothing left to do.

use std::collections::HashSet;
use std::path::Path;

use super::edits::{apply, compose, merge, original};
use super::uses::still_used;
use super::{Prover, Provide};
use crate::finding::{Edit, Finding, Needs};
use crate::lint::{FileFindings, Linter};
use crate::project::Project;
use crate::rules::host;
use crate::source::{File, FileKind};

/// What fixes may rely on.
pub struct Grounds<'a> {
    /// Tells which hosts verify.
    pub prover: &'a dyn Prover,
    /// The CA bundle that the user named, with which every host is taken to verify.
    pub assume_ca: Option<&'a Path>,
    /// Brings the CA into builds; without it no bypass goes from one.
    pub provide: Option<&'a Provide<'a>>,
}

/// Chooses the fixes of files.
pub struct Fixer<'a> {
    linter: &'a Linter,
    all: &'a [File],
    project: Project<'a>,
    grounds: Grounds<'a>,
    /// Hosts without their ports that some file speaks to in plain http: they may not speak TLS.
    plain: HashSet<String>,
}

/// What becomes of a file's findings.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The edits of the file's text, in order and without overlap.
    pub edits: Vec<Edit>,
    /// The fixes that they make.
    pub made: Vec<Made>,
    /// The fixes that are not made, with the finding in the file's text.
    pub left: Vec<(Finding, Left)>,
}

/// A fix that is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The rule whose finding goes away.
    pub rule: &'static str,
    /// Where it began in the file's text.
    pub place: usize,
    /// What the fix does, such as ``delete `trusted-host` ``.
    pub title: String,
}

/// Why a fix is not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Left {
    /// No handshake with a host was proved to verify.
    #[error("no handshake with {host} was proved to verify")]
    Unverified {
        /// The host.
        host: String,
    },
    /// Nothing tells which hosts have to verify.
    #[error("the file names no host whose verification could be proved")]
    NoHost,
    /// A host is spoken to in plain http: it may not speak TLS at all.
    #[error("{host} is spoken to in plain http")]
    PlainHttp {
        /// The host.
        host: String,
    },
    /// The build or the container would no longer work without the CA, which nobody named.
    #[error("the CA has to come into the build first, and none was named")]
    NoCa,
    /// The CA cannot be brought to every step that needs it.
    #[error("the CA cannot be brought to the steps that need it")]
    NotProvided,
    /// The rest of the file goes on using what would go.
    #[error("the file goes on using `{what}`")]
    StillUsed {
        /// The variable, file or setting.
        what: String,
    },
    /// The fix was tried and did not do what it should.
    #[error("the fix was tried and did not make the finding go away")]
    Withdrawn,
}

impl<'a> Fixer<'a> {
    /// A fixer of files among all that were looked at.
    pub fn new(linter: &'a Linter, all: &'a [File], grounds: Grounds<'a>) -> Self {
        let plain = all.iter().flat_map(|file| host::of_file(file, "http://"));
        let plain = plain.map(|host| host::without_port(&host).to_owned()).collect();
        Self { linter, all, project: Project::of(all), grounds, plain }
    }

    /// The fixes of one file.
    pub fn plan(&self, file: &File) -> Plan {
        let found = self.linter.lint_in(file, &self.project);
        if found.findings.iter().all(|finding| finding.fix.is_none()) {
            return Plan::default();
        }
        let round = self.round(file, found.clone(), true);
        if !round.takes_away || !is_build(file.kind) {
            return round.plan;
        }
        if let Some(provide) = self.grounds.provide
            && let Some(edits) = provide(file, self.all, &round.plan.edits)
        {
            let after = again(file, &apply(&file.text, &edits));
            if self.better(&found, &self.linter.lint_in(&after, &self.project), None) {
                return Plan { edits, ..round.plan };
            }
        }
        let mut plan = self.round(file, found, false).plan;
        for (_, left) in &mut plan.left {
            if *left == Left::NoCa && self.grounds.assume_ca.is_some() {
                *left = Left::NotProvided;
            }
        }
        plan
    }

    /// The fixes of one file that takes no bypass away: settings that do nothing go.
    pub(crate) fn plan_of_dead(&self, file: &File) -> Plan {
        self.round(file, self.linter.lint_in(file, &self.project), false).plan
    }

    /// Makes one fix after another, without those that take a bypass away unless they are wanted.
    fn round(&self, file: &File, mut found: FileFindings, bypasses: bool) -> Round {
        let mut plan = Plan::default();
        let mut takes_away = false;
        let mut tried: HashSet<(&'static str, usize)> = HashSet::new();
        let mut current = file.clone();
        'again: loop {
            for finding in &found.findings {
                let Some(fix) = &finding.fix else { continue };
                let place = original(&plan.edits, finding.span.start);
                if tried.contains(&(finding.rule, place)) {
                    continue;
                }
                let ground = match &fix.needs {
                    Needs::Nothing => Ok(()),
                    Needs::Verified { .. } if !bypasses => Err(Left::NoCa),
                    Needs::Verified { hosts } => self.verified(file, hosts),
                };
                if let Err(left) = ground {
                    tried.insert((finding.rule, place));
                    plan.left.push((self.as_it_stood(&plan.edits, finding), left));
                    continue;
                }
                let Some(mut edits) = merge(&fix.edits, &[]) else { continue };
                edits.iter_mut().for_each(|edit| take_line(&current, edit));
                let after = again(file, &apply(&current.text, &edits));
                let found_after = self.linter.lint_in(&after, &self.project);
                let refused = if !self.better(&found, &found_after, Some(finding.rule)) {
                    Some(Left::Withdrawn)
                } else {
                    still_used(&current, &after).map(|what| Left::StillUsed { what })
                };
                if let Some(left) = refused {
                    tried.insert((finding.rule, place));
                    plan.left.push((self.as_it_stood(&plan.edits, finding), left));
                    continue;
                }
                // What was still used may have been so by what goes now.
                plan.left.retain(|(finding, left)| {
                    let waits = matches!(left, Left::StillUsed { .. });
                    if waits {
                        tried.remove(&(finding.rule, finding.span.start));
                    }
                    !waits
                });
                takes_away |= fix.needs != Needs::Nothing;
                plan.made.push(Made { rule: finding.rule, place, title: fix.title.clone() });
                plan.edits = compose(&plan.edits, &edits);
                current = after;
                found = found_after;
                continue 'again;
            }
            return Round { plan, takes_away };
        }
    }

    /// Whether a bypass of verification of these hosts may go.
    fn verified(&self, file: &File, hosts: &[String]) -> Result<(), Left> {
        let of_file;
        let hosts = if hosts.is_empty() {
            of_file = host::of_file(file, "https://");
            &of_file
        } else {
            if let Some(host) = hosts.iter().find(|host| self.is_plain(host)) {
                return Err(Left::PlainHttp { host: host.clone() });
            }
            hosts
        };
        if is_build(file.kind)
            && (self.grounds.assume_ca.is_none() || self.grounds.provide.is_none())
        {
            return Err(Left::NoCa);
        }
        if self.grounds.assume_ca.is_some() {
            return Ok(());
        }
        if hosts.is_empty() {
            return Err(Left::NoHost);
        }
        match hosts.iter().find(|host| !self.grounds.prover.verifies(host)) {
            Some(host) => Err(Left::Unverified { host: host.clone() }),
            None => Ok(()),
        }
    }

    fn is_plain(&self, host: &str) -> bool {
        self.plain.contains(host::without_port(host))
    }

    /// Whether a fix did what it should: what it is for became less, nothing became more.
    fn better(&self, before: &FileFindings, after: &FileFindings, rule: Option<&str>) -> bool {
        let count = |found: &FileFindings, rule: &str| {
            found.findings.iter().filter(|finding| finding.rule == rule).count()
        };
        after.errors.len() <= before.errors.len()
            && after.findings.iter().all(|f| count(after, f.rule) <= count(before, f.rule))
            && rule.is_none_or(|rule| count(after, rule) < count(before, rule))
    }

    /// A finding with its place in the text before the edits.
    fn as_it_stood(&self, edits: &[Edit], finding: &Finding) -> Finding {
        let place = |place| original(edits, place);
        let mut finding = finding.clone();
        finding.span = place(finding.span.start)..place(finding.span.end);
        for (span, _) in &mut finding.also {
            *span = place(span.start)..place(span.end);
        }
        finding
    }
}

/// The file with another text.
fn again(file: &File, text: &str) -> File {
    crate::read(&file.path, file.kind, text)
}

/// Lets a deletion that leaves nothing of a line but its continuation take the line: between comments of a `RUN`
/// no other lines can be joined.
fn take_line(file: &File, edit: &mut Edit) {
    let Some(dockerfile) = file.dockerfile.as_ref().filter(|_| edit.text.is_empty()) else {
        return;
    };
    let start = file.text[..edit.span.start].rfind('\n').map_or(0, |end| end + 1);
    let rest = &file.text[edit.span.end..];
    let Some(length) = rest.find('\n') else { return };
    let continues = rest[..length].trim().strip_prefix(dockerfile.escape) == Some("");
    if continues && file.text[start..edit.span.start].trim().is_empty() {
        edit.span = start..edit.span.end + length + 1;
    }
}

struct Round {
    plan: Plan,
    /// Whether a bypass goes.
    takes_away: bool,
}

/// Whether what the file describes runs elsewhere, where the user's CA is not: in a build, a
/// container, or on a runner.
fn is_build(kind: FileKind) -> bool {
    matches!(
        kind,
        FileKind::Dockerfile
            | FileKind::Compose
            | FileKind::GithubWorkflow
            | FileKind::GitlabCi
            | FileKind::OtherCi
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fix::proof::{Verifying, file, plan};
    use crate::lint::Options;
    use crate::rules;

    fn left(plan: &Plan) -> Vec<&Left> {
        plan.left.iter().map(|(_, left)| left).collect()
    }

    #[test]
    fn a_bypass_goes_where_its_host_was_proved_to_verify() {
        let rule = rules::find("pip-trusted-host").unwrap();
        let files = [file("pip.conf", "[global]\ntrusted-host =\n    a.example\n    b.example\n")];
        let found = plan(rule, &files, &["b.example"]);
        assert_eq!(
            apply(&files[0].text, &found.edits),
            "[global]\ntrusted-host =\n    a.example\n"
        );
        assert_eq!(left(&found), [&Left::Unverified { host: "a.example".into() }]);
        assert_eq!(found.made[0].title, "delete `b.example` from `trusted-host`");
        assert_eq!(&files[0].text[found.made[0].place..][..9], "b.example");
    }

    #[test]
    fn a_switch_for_all_hosts_goes_where_all_that_the_file_names_verify() {
        let rule = rules::find("npm-strict-ssl").unwrap();
        let text =
            "registry=https://a.example/\n@x:registry=https://b.example/\nstrict-ssl=false\n";
        let files = [file(".npmrc", text)];
        assert!(plan(rule, &files, &["a.example"]).edits.is_empty());
        assert_eq!(plan(rule, &files, &["a.example", "b.example"]).edits.len(), 1);
        let files = [file(".npmrc", "strict-ssl=false\n")];
        assert_eq!(left(&plan(rule, &files, &["a.example"])), [&Left::NoHost]);
    }

    #[test]
    fn a_host_that_is_spoken_to_in_plain_http_keeps_its_bypass() {
        let rule = rules::find("pip-trusted-host").unwrap();
        let files = [
            file("requirements.txt", "--trusted-host a.example\n"),
            file("pip.conf", "[global]\nindex-url = http://a.example:8080/simple\n"),
        ];
        let found = plan(rule, &files, &["a.example"]);
        assert_eq!(left(&found), [&Left::PlainHttp { host: "a.example".into() }]);
    }

    #[test]
    fn nothing_goes_from_a_build_without_a_ca() {
        let rule = rules::find("pip-trusted-host").unwrap();
        for (path, text) in [
            ("Dockerfile", "FROM a\nRUN pip install --trusted-host a.example x\n"),
            (
                "compose.yaml",
                "services:\n  a:\n    environment:\n      PIP_TRUSTED_HOST: a.example\n",
            ),
            (".gitlab-ci.yml", "a:\n  script:\n    - pip install --trusted-host a.example x\n"),
        ] {
            let found = plan(rule, &[file(path, text)], &["a.example"]);
            assert!(found.edits.is_empty(), "{path}");
            assert_eq!(left(&found), [&Left::NoCa], "{path}");
        }
    }

    /// A Dockerfile's fixes with a CA, brought by `provide`.
    fn with_ca(text: &str, provide: &Provide<'_>) -> (String, Plan) {
        let selected = ["pip-trusted-host", "python-https-verify"].map(str::to_owned).to_vec();
        let linter = Linter::new(&Options { selected, ..Options::default() }).unwrap();
        let files = [file("Dockerfile", text)];
        let ca = Some(Path::new("ca.pem"));
        let grounds = Grounds { prover: &Verifying(&[]), assume_ca: ca, provide: Some(provide) };
        let plan = Fixer::new(&linter, &files, grounds).plan(&files[0]);
        (apply(text, &plan.edits), plan)
    }

    const BUILD: &str =
        "FROM a\nENV PYTHONHTTPSVERIFY=0\nRUN pip install --trusted-host a.example x\n";

    #[test]
    fn a_bypass_goes_from_a_build_together_with_what_brings_the_ca() {
        let provide = |file: &File, _: &[File], edits: &[Edit]| {
            let run = file.text.find("RUN")? + 3;
            let mount = Edit { span: run..run, text: " --mount=type=bind,target=/ca".to_owned() };
            merge(edits, &[mount])
        };
        let (after, plan) = with_ca(BUILD, &provide);
        assert_eq!(after, "FROM a\nRUN --mount=type=bind,target=/ca pip install x\n");
        assert_eq!(plan.made.len(), 2);
    }

    #[test]
    fn where_the_ca_cannot_be_brought_only_dead_settings_go() {
        let (after, plan) = with_ca(BUILD, &|_, _, _| None);
        assert_eq!(after, "FROM a\nRUN pip install --trusted-host a.example x\n");
        assert_eq!(left(&plan), [&Left::NotProvided]);
    }

    #[test]
    fn what_brings_the_ca_may_not_break_the_file() {
        let provide = |_: &File, _: &[File], edits: &[Edit]| {
            let broken = Edit { span: 0..0, text: "RUN if\n".to_owned() };
            merge(&[broken], edits)
        };
        let (after, _) = with_ca(BUILD, &provide);
        assert_eq!(after, "FROM a\nRUN pip install --trusted-host a.example x\n");
    }

    #[test]
    fn a_fix_that_leaves_its_finding_is_withdrawn() {
        // No statement may go from here, and git reads the variable whatever its value.
        let rule = rules::find("git-ssl-verify").unwrap();
        let files =
            [file("a.sh", "f() {\n  GIT_SSL_NO_VERIFY=1\n}\ngit clone https://a.example/x\n")];
        let found = plan(rule, &files, &["a.example"]);
        assert!(found.edits.is_empty(), "{found:?}");
        assert_eq!(left(&found), [&Left::Withdrawn]);
    }
}
