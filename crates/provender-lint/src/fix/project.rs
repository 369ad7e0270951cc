//! The fixes of all files together: a Dockerfile's bring edits to its compose file with them, and a
//! configuration file that an image copies may not lose its bypass before the image has the CA.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::edits::merge;
use super::image::{CaPlan, Images, Provider, Provision};
use super::{Fixer, Grounds, Left, Made, Prover};
use crate::facts::Span;
use crate::finding::{Edit, Finding};
use crate::lint::Linter;
use crate::source::{File, FileKind};

/// What fixes of a project may rely on.
pub struct Trust<'a> {
    /// Tells which hosts verify.
    pub prover: &'a dyn Prover,
    /// The CA bundle that the user named.
    pub assume_ca: Option<&'a Path>,
    /// The folder that will hold the CA for builds of images, relative to what the files' paths are
    /// relative to.
    pub ca_folder: PathBuf,
}

/// The fixes of a project's files.
#[derive(Debug, Default)]
pub struct ProjectFix {
    /// The edits of each file that changes, in its text, in order and without overlap.
    pub edits: BTreeMap<PathBuf, Vec<Edit>>,
    /// The fixes that they make, with their file.
    pub made: Vec<(PathBuf, Made)>,
    /// The fixes that are not made, with their file, the finding in its text, and why.
    pub left: Vec<(PathBuf, Finding, Left)>,
    /// The steps of Dockerfiles that need the CA and cannot be given it, with the reason.
    pub left_out: Vec<(PathBuf, Span, String)>,
    /// What the user should know, one sentence each, each once.
    pub notes: Vec<String>,
    /// What has to be there for builds of images.
    pub provisions: Vec<Provision>,
}

/// Chooses the fixes of files.
pub fn project(linter: &Linter, all: &[File], trust: &Trust<'_>) -> ProjectFix {
    let mut fix = ProjectFix::default();
    let (dockerfiles, others): (Vec<&File>, Vec<&File>) =
        all.iter().partition(|file| file.kind == FileKind::Dockerfile);

    let plain = Provider::new(CaPlan { folder: trust.ca_folder.clone(), losing: Vec::new() });
    let provide =
        |file: &File, all: &[File], deletions: &[Edit]| plain.provide(file, all, deletions);
    let grounds = |provide| Grounds {
        prover: trust.prover,
        assume_ca: trust.assume_ca,
        provide: trust.assume_ca.is_some().then_some(provide),
    };
    let fixer = Fixer::new(linter, all, grounds(&provide));
    let images = OnceCell::new();
    let images = || images.get_or_init(|| Images::of(&dockerfiles, all));
    let mut losing = Vec::new();
    for file in others {
        let mut plan = fixer.plan(file);
        let takes_away = !plan.edits.is_empty();
        if takes_away && trust.assume_ca.is_none() && images().take_in(&file.path) {
            // That it verifies on this machine says nothing of an image, which has a trust of its own.
            plan = fixer.plan_of_dead(file);
        }
        if !plan.edits.is_empty() {
            losing.push(file.path.clone());
        }
        fix.take(file, plan);
    }

    let provider = Provider::new(CaPlan { folder: trust.ca_folder.clone(), losing });
    let provide =
        |file: &File, all: &[File], deletions: &[Edit]| provider.provide(file, all, deletions);
    let fixer = Fixer::new(linter, all, grounds(&provide));
    for file in dockerfiles {
        let mut plan = fixer.plan(file);
        if plan.edits.is_empty() && trust.assume_ca.is_some() {
            // No bypass of its own, yet it may copy a file that lost one.
            plan.edits = provider.provide(file, all, &[]).unwrap_or_default();
        }
        if let Some(besides) = provider.besides(&file.path, &plan.edits) {
            fix.besides(besides);
        }
        let left_out = provider.left_out(&file.path).into_iter();
        fix.left_out.extend(left_out.map(|(span, why)| (file.path.clone(), span, why)));
        fix.take(file, plan);
    }
    fix.edits.retain(|_, edits| !edits.is_empty());
    fix
}

impl ProjectFix {
    fn take(&mut self, file: &File, plan: super::Plan) {
        let own = self.edits.entry(file.path.clone()).or_default();
        match merge(own, &plan.edits) {
            Some(edits) => *own = edits,
            // What a Dockerfile brought stands in the same place; a second run finds the rest.
            None => return,
        }
        self.made.extend(plan.made.into_iter().map(|made| (file.path.clone(), made)));
        let left = plan.left.into_iter();
        self.left.extend(left.map(|(finding, why)| (file.path.clone(), finding, why)));
    }

    fn besides(&mut self, besides: super::image::ImageEdits) {
        for (path, more) in besides.edits {
            let own = self.edits.entry(path).or_default();
            // Two Dockerfiles of one compose file bring the same edits for a service that both build.
            let more: Vec<Edit> = more.into_iter().filter(|edit| !own.contains(edit)).collect();
            *own = merge(own, &more).unwrap_or(more);
        }
        for note in besides.notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
        if let Some(provision) = besides.provision
            && !self.provisions.contains(&provision)
        {
            self.provisions.push(provision);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fix::proof::{Verifying, file};
    use crate::lint::Options;

    #[test]
    fn what_an_image_copies_keeps_its_bypass_where_no_ca_is_named() {
        let files = [
            file("Dockerfile", "FROM a\nCOPY pip.conf /etc/\nRUN pip install x\n"),
            file("pip.conf", "[global]\ntrusted-host = a.example\n"),
            file("local/pip.conf", "[global]\ntrusted-host = a.example\n"),
        ];
        let linter = Linter::new(&Options::default()).unwrap();
        let prover = Verifying(&["a.example"]);
        let mut trust =
            Trust { prover: &prover, assume_ca: None, ca_folder: PathBuf::from("provender-ca") };
        let fix = project(&linter, &files, &trust);
        assert_eq!(fix.edits.keys().collect::<Vec<_>>(), [Path::new("local/pip.conf")]);
        assert!(
            fix.left.iter().any(|(path, _, why)| path.ends_with("pip.conf") && *why == Left::NoCa)
        );
        trust.assume_ca = Some(Path::new("ca.pem"));
        let fix = project(&linter, &files, &trust);
        assert_eq!(fix.edits.len(), 3);
    }
}
