//! The pins of all locks together: each release once, with the hashes that any lock lists for it.

use std::collections::{BTreeMap, BTreeSet};

use provender_core::{
    Diagnostic, LockedProject, ProjectName, Sha256, Version, lock::LockedSource, redact,
};

use super::choose::{Scope, ScopeError};
use super::diagnostics;
use super::request::{StockRequest, StockedLock};
use provender_target::Marker;

/// One release that locks need.
#[derive(Debug, Clone)]
pub(super) struct Pin {
    pub(super) project: ProjectName,
    pub(super) version: Version,
    /// Who needs it, and which files would do.
    pub(super) wants: Vec<Want>,
}

/// What one lock wants of a release.
#[derive(Debug, Clone)]
pub(super) struct Want {
    /// The lock, by its place in the request.
    pub(super) lock: usize,
    /// The digests that the lock lists.
    pub(super) hashes: BTreeSet<Sha256>,
    /// When it is installed.
    pub(super) marker: Marker,
    /// Whether it is installed only while something is built.
    pub(super) build: bool,
}

impl Pin {
    /// Every digest that some lock lists.
    pub(super) fn hashes(&self) -> BTreeSet<Sha256> {
        self.wants.iter().flat_map(|want| want.hashes.iter().copied()).collect()
    }
}

/// All pins, and what no index can give.
#[derive(Debug)]
pub(super) struct Pins {
    /// Sorted by project and version.
    pub(super) pins: Vec<Pin>,
    /// What the files of each lock are chosen for, in the order of the locks.
    pub(super) scopes: Vec<Scope>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Gathers the pins of a request.
pub(super) fn pins(request: &StockRequest) -> Result<Pins, ScopeError> {
    let mut releases: BTreeMap<(ProjectName, Version), Vec<Want>> = BTreeMap::new();
    let mut diagnostics = Vec::new();
    let mut scopes = Vec::with_capacity(request.locks.len());
    for (index, stocked) in request.locks.iter().enumerate() {
        let target = request.target.as_ref().or(stocked.lock.header.target.as_ref());
        scopes.push(if request.all_files { Scope::AllFiles } else { Scope::of(target)? });
        let pinned = stocked.lock.projects.iter().map(|project| (project, false));
        let builds = stocked.lock.build.iter().map(|project| (project, true));
        for (project, build) in pinned.chain(builds) {
            match want(stocked, project) {
                Ok((version, hashes)) => {
                    let marker = Marker::parse(project.marker.as_deref());
                    let wants = releases.entry((project.name.clone(), version)).or_default();
                    add(wants, Want { lock: index, hashes, marker, build });
                }
                Err(diagnostic) => diagnostics.push(*diagnostic),
            }
        }
    }
    let pins = releases
        .into_iter()
        .map(|((project, version), wants)| Pin { project, version, wants })
        .collect();
    Ok(Pins { pins, scopes, diagnostics })
}

/// A lock may pin a release twice, under two markers, or to install and to build with.
fn add(wants: &mut Vec<Want>, want: Want) {
    match wants.iter_mut().find(|known| known.lock == want.lock) {
        Some(known) => {
            known.hashes.extend(want.hashes);
            known.marker = std::mem::take(&mut known.marker).or(want.marker);
            known.build &= want.build;
        }
        None => wants.push(want),
    }
}

fn want(
    lock: &StockedLock,
    project: &LockedProject,
) -> Result<(Version, BTreeSet<Sha256>), Box<Diagnostic>> {
    match &project.source {
        LockedSource::Index(_) => {}
        LockedSource::Direct(location) => {
            let location = redact::without_credentials(location);
            return Err(Box::new(diagnostics::direct(lock, project, &location)));
        }
        LockedSource::Editable(location) => {
            return Err(Box::new(diagnostics::editable(lock, project, location)));
        }
    }
    let Some(version) = &project.version else {
        return Err(Box::new(diagnostics::unpinned(lock, project)));
    };
    let hashes: BTreeSet<_> = project.files.iter().filter_map(|file| file.hash.sha256()).collect();
    if hashes.is_empty() {
        return Err(Box::new(diagnostics::unhashed(lock, project)));
    }
    Ok((version.clone(), hashes))
}

#[cfg(test)]
mod tests {
    use provender_core::lock::constraints;
    use provender_store::{LockFormat, LockKind};

    use super::*;

    fn request(texts: &[&str]) -> StockRequest {
        let locks = texts.iter().enumerate().map(|(number, text)| StockedLock {
            name: format!("/project/{number}.lock"),
            kind: LockKind::File,
            format: LockFormat::Constraints,
            text: (*text).to_owned(),
            lock: constraints::parse(text).unwrap(),
        });
        StockRequest { locks: locks.collect(), ..StockRequest::default() }
    }

    fn hash(digit: char) -> String {
        format!("--hash=sha256:{}", String::from(digit).repeat(64))
    }

    #[test]
    fn locks_that_pin_the_same_release_share_it() {
        let one = format!("a==1.0 {}\nb==1 {}\n", hash('1'), hash('2'));
        let two = format!("a==1 {} {}\n", hash('1'), hash('3'));
        let pins = pins(&request(&[&one, &two])).unwrap();
        assert_eq!(pins.pins.len(), 2);
        assert_eq!(pins.pins[0].wants.len(), 2);
        assert_eq!(pins.pins[0].hashes().len(), 2);
    }

    #[test]
    fn what_builds_and_is_installed_too_is_needed_for_both() {
        let text = format!(
            "a==1 ; sys_platform == 'win32' {0}\na==1 ; sys_platform == 'darwin' {0}\n# build: a==1 {0}  # via b\n",
            hash('1')
        );
        let pins = pins(&request(&[&text])).unwrap();
        let [want] = &pins.pins[0].wants[..] else { panic!("{:?}", pins.pins) };
        assert!(!want.build);
        assert!(want.marker.applies("3.11".parse().unwrap(), "linux".parse().unwrap()));
    }

    #[test]
    fn what_no_index_can_give_is_told() {
        let text = "a @ https://ann:s3cret@files.example/a-1.tar.gz\nb==1\n";
        let pins = pins(&request(&[text])).unwrap();
        let rules: Vec<_> = pins.diagnostics.iter().map(|diagnostic| diagnostic.rule).collect();
        assert_eq!(rules, ["stock/direct", "stock/no-hash"]);
        assert!(!format!("{:?}", pins.diagnostics).contains("s3cret"));
    }
}
