//! The step `installed`: what pip installed is what the lock says.

use std::collections::BTreeMap;

use provender_core::check::Step;
use provender_core::{Diagnostic, LockedProject, ProjectName, Version};

use super::complaint::count;
use super::install::Installed;
use super::needs::at;
use super::workshop::Workshop;

pub(super) const ID: &str = "installed";
pub(super) const TITLE: &str = "what was installed is what the lock says";

/// Markers as the pip that installed reads them.
const WHICH_APPLY: &str = "
import json, sys
from pip._vendor.packaging.markers import Marker
markers = json.load(sys.stdin)
print(json.dumps([not each or Marker(each).evaluate({'extra': ''}) for each in markers]))
";

pub(super) async fn step(installed: &[Installed<'_>], workshop: &Workshop) -> Step {
    let mut diagnostics = Vec::new();
    let mut agreed = 0;
    for one in installed {
        let lock = one.environment.lock;
        let on = one.platform.map(|platform| format!(" for {platform}")).unwrap_or_default();
        let wrong = match expected(one, workshop).await {
            Ok(expected) => {
                agreed += expected.len();
                differences(one, &expected)
            }
            Err(why) => vec![format!("the markers of the lock cannot be read: {why}")],
        };
        if wrong.is_empty() {
            continue;
        }
        let message = format!("what pip installed{on} is not what the lock says");
        let mut diagnostic = at(lock, Diagnostic::error("check/installed", message));
        for wrong in wrong {
            diagnostic = diagnostic.because(wrong);
        }
        diagnostics.push(diagnostic.hint(
            "a lock that was made for another target, or changed by hand, does this: make it anew \
             with `provender lock`",
        ));
    }
    if diagnostics.is_empty() {
        let summary =
            format!("{} at the locked versions, nothing besides", count(agreed, "project"));
        return Step::passed(ID, TITLE, summary);
    }
    let summary = format!("{} differ", count(diagnostics.len(), "installation"));
    Step::failed(ID, TITLE, summary, diagnostics)
}

/// The versions that have to be there: those whose markers hold.
async fn expected(
    installed: &Installed<'_>,
    workshop: &Workshop,
) -> Result<BTreeMap<ProjectName, Vec<Version>>, String> {
    let pins: Vec<&LockedProject> = installed.expected.iter().collect();
    let applies: Vec<bool> = if pins.iter().all(|pin| pin.marker.is_none()) {
        vec![true; pins.len()]
    } else {
        let markers: Vec<_> = pins.iter().map(|pin| pin.marker.as_deref()).collect();
        installed.environment.ask(WHICH_APPLY, &markers, workshop).await?
    };
    let mut expected: BTreeMap<ProjectName, Vec<Version>> = BTreeMap::new();
    for (pin, _) in pins.iter().zip(applies).filter(|(_, applies)| *applies) {
        expected.entry(pin.name.clone()).or_default().extend(pin.version.clone());
    }
    Ok(expected)
}

fn differences(
    installed: &Installed<'_>,
    expected: &BTreeMap<ProjectName, Vec<Version>>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, versions) in expected {
        let locked: Vec<_> = versions.iter().map(ToString::to_string).collect();
        let locked = locked.join(" or ");
        match installed.found.get(name) {
            None => wrong.push(format!("{name} {locked} is locked and not installed")),
            Some(found) => {
                let is_locked = found.parse().is_ok_and(|found: Version| versions.contains(&found));
                // What comes from a location has no version in the lock.
                if !is_locked && !versions.is_empty() {
                    wrong.push(format!("{name} is locked at {locked}, and {found} is installed"));
                }
            }
        }
    }
    for (name, version) in installed.added() {
        if !expected.contains_key(&name) {
            wrong.push(format!("{name} {version} is installed and not locked"));
        }
    }
    wrong
}
