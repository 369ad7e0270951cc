//! Waivers at work: which of them accepts a finding, and which do nothing any more.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use jiff::civil::Date;
use provender_core::audit::{Waiver, WaiverEnd, WaiverScope};
use provender_core::{Diagnostic, ProjectName};

use crate::packages::{Fix, PackageFinding};
use crate::vulnerability::Vulnerability;

/// The id of a waiver that accepts that a project cannot be audited.
pub const NOT_AUDITED: &str = "not-audited";

/// Waivers on a day, which remember what they were asked for.
#[derive(Debug)]
pub struct Waivers<'w> {
    asked: Vec<Asked<'w>>,
    today: Date,
    /// Whether an image is looked at, and not a lock.
    image: bool,
}

#[derive(Debug)]
struct Asked<'w> {
    waiver: &'w Waiver,
    matched: AtomicBool,
    fix: AtomicBool,
}

impl<'w> Waivers<'w> {
    /// The waivers that hold for a lock on a day (UTC): those that are not for images only.
    pub fn new(waivers: &'w [Waiver], today: Date) -> Self {
        let everywhere = |waiver: &&Waiver| waiver.scope == WaiverScope::Everywhere;
        Self { asked: asked(waivers.iter().filter(everywhere)), today, image: false }
    }

    /// The waivers that hold for an image on a day (UTC), which are all of them. Of those that are not
    /// for images only, an image need not hold what they are about.
    pub fn for_image(waivers: &'w [Waiver], today: Date) -> Self {
        Self { asked: asked(waivers.iter()), today, image: true }
    }

    /// The first waiver that accepts a vulnerability of a project.
    pub(crate) fn accepting(
        &self,
        project: &ProjectName,
        vulnerability: &Vulnerability,
    ) -> Option<&'w Waiver> {
        let fixed = !vulnerability.fixed_in.is_empty();
        self.first(|waiver| waiver.project == *project && vulnerability.has_id(&waiver.id), fixed)
    }

    /// The first waiver that accepts a finding at a package. `names` are those it is known by: of a
    /// distribution's package that of the source and those of what was built from it.
    pub fn accepting_package(
        &self,
        names: &[&str],
        finding: &PackageFinding,
    ) -> Option<&'w Waiver> {
        let is_meant = |waiver: &Waiver| {
            finding.has_id(&waiver.id) && names.iter().any(|name| waiver.project.names(name))
        };
        self.first(is_meant, matches!(finding.fix, Fix::In(_)))
    }

    /// The first waiver that accepts that a package cannot be compared; its id is [`NOT_AUDITED`].
    pub fn accepting_uncompared_package(&self, names: &[&str]) -> Option<&'w Waiver> {
        let is_meant = |waiver: &Waiver| {
            waiver.id.eq_ignore_ascii_case(NOT_AUDITED)
                && names.iter().any(|name| waiver.project.names(name))
        };
        self.first(is_meant, false)
    }

    /// The first waiver that accepts that a project cannot be audited.
    pub(crate) fn accepting_unaudited(&self, project: &ProjectName) -> Option<&'w Waiver> {
        let is_meant = |waiver: &Waiver| {
            waiver.project == *project && waiver.id.eq_ignore_ascii_case(NOT_AUDITED)
        };
        self.first(is_meant, false)
    }

    fn first(&self, is_meant: impl Fn(&Waiver) -> bool, fixed: bool) -> Option<&'w Waiver> {
        let mut first = None;
        for asked in &self.asked {
            if !is_meant(asked.waiver) {
                continue;
            }
            asked.matched.store(true, Relaxed);
            let holds = match asked.waiver.until {
                WaiverEnd::Date(last) => self.today <= last,
                WaiverEnd::Fixed => !fixed,
            };
            if holds {
                first = first.or(Some(asked.waiver));
            } else if asked.waiver.until == WaiverEnd::Fixed {
                asked.fix.store(true, Relaxed);
            }
        }
        first
    }

    /// What is to be said about waivers that accept nothing, once everything has been asked.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let meant = |asked: &&Asked<'_>| {
            !self.image || asked.waiver.scope == WaiverScope::Image || asked.matched.load(Relaxed)
        };
        self.asked.iter().filter(meant).filter_map(|asked| asked.diagnostic(self.today)).collect()
    }
}

fn asked<'w>(waivers: impl Iterator<Item = &'w Waiver>) -> Vec<Asked<'w>> {
    let asked = waivers.map(|waiver| Asked {
        waiver,
        matched: AtomicBool::new(false),
        fix: AtomicBool::new(false),
    });
    asked.collect()
}

impl Asked<'_> {
    fn diagnostic(&self, today: Date) -> Option<Diagnostic> {
        let Waiver { id, project, .. } = self.waiver;
        let diagnostic = match self.waiver.until {
            WaiverEnd::Date(last) if last < today => {
                let message = format!(
                    "the waiver of {id} for {project} expired on {last} and waives nothing"
                );
                let hint = if self.matched.load(Relaxed) {
                    "fix the vulnerability, or decide again and write a later date"
                } else {
                    "it matches nothing any more: remove it"
                };
                Diagnostic::warning("waiver/expired", message).hint(hint)
            }
            _ if self.fix.load(Relaxed) => Diagnostic::warning(
                "waiver/fixed-available",
                format!("the waiver of {id} for {project} has ended: a fixed version exists"),
            )
            .hint("move to the fixed version and remove the waiver"),
            _ if !self.matched.load(Relaxed) => Diagnostic::warning(
                "waiver/unmatched",
                format!("the waiver of {id} for {project} matches nothing that was found"),
            )
            .hint(match self.waiver.scope {
                WaiverScope::Everywhere => {
                    "remove it, or correct its id or project; one for what a base image brings \
                     has `scope = \"image\"`"
                }
                WaiverScope::Image => "remove it, or correct its id or project",
            }),
            _ => return None,
        };
        Some(diagnostic.decided_by("waivers"))
    }
}
