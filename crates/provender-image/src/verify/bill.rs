//! The attached bill of materials against what is installed.

use std::collections::BTreeSet;

use provender_core::check::Step;
use provender_core::{Diagnostic, Level};

use super::installed::Distribution;
use super::{about, counted, judged};
use crate::attach::Attached;
use crate::scan::{Ecosystem, packages_of_cyclonedx};

const ID: &str = "sbom";
const TITLE: &str = "the bill of materials lists what is installed";

/// Holds each bill against the distributions above the base; none where there is no bill, which is
/// noted.
pub(super) fn verify(
    attached: &[&Attached],
    installed: &[Distribution],
    notes: &mut Vec<Diagnostic>,
) -> Option<Step> {
    if attached.is_empty() {
        notes.push(Diagnostic::note("image/no-sbom", "no bill of materials is attached").hint(
            "build it with provender, without --no-attach, and keep with it what is attached",
        ));
        return None;
    }
    let there: BTreeSet<String> = installed.iter().filter(|one| one.is_ours).map(normal).collect();
    let mut found = Vec::new();
    let mut listed = 0;
    for attached in attached {
        match releases(attached) {
            Ok(releases) => {
                listed = listed.max(releases.len());
                let only = |these: &BTreeSet<String>, those: &BTreeSet<String>| {
                    these.difference(those).cloned().collect::<Vec<_>>()
                };
                for (places, said) in [
                    (only(&releases, &there), "listed and not installed"),
                    (only(&there, &releases), "installed and not listed"),
                ] {
                    if !places.is_empty() {
                        let what = counted(places.len(), "release");
                        let message = format!("the bill of materials is wrong: {what} {said}");
                        let diagnostic = Diagnostic::error("image/sbom-differs", message)
                            .hint("build the image again, or find out who changed it");
                        found.push(about(diagnostic, &places));
                    }
                }
            }
            Err(reason) => {
                let name = &attached.name;
                let message = format!("the attached bill of materials {name} cannot be read");
                found.push(
                    Diagnostic::new("image/attachment-unreadable", Level::Error, message)
                        .because(reason),
                );
            }
        }
    }
    Some(judged(ID, TITLE, counted(listed, "release"), found))
}

/// `NAME VERSION` in one spelling.
fn normal(one: &Distribution) -> String {
    let version = one.version.parse::<provender_core::Version>();
    let version = version.map_or_else(|_| one.version.clone(), |version| version.to_string());
    format!("{} {version}", one.name)
}

fn releases(attached: &Attached) -> Result<BTreeSet<String>, String> {
    let bytes = attached.document().map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes).map_err(|error| error.to_string())?;
    let packages = packages_of_cyclonedx(&text, "the bill").map_err(|error| error.to_string())?;
    let python = packages.into_iter().filter(|package| package.ecosystem == Ecosystem::PyPI);
    let named = python.map(|package| {
        let version = package.version.parse::<provender_core::Version>();
        let version = version.map_or(package.version, |version| version.to_string());
        format!("{} {version}", package.name)
    });
    Ok(named.collect())
}
