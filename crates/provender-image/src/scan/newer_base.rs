//! What a newer base would take away from an image, and what it would bring.

use std::collections::BTreeSet;

use super::changes::{At, FindingsAt, at};
use super::{Assessment, Kind, Look, Package, ScanFinding};
use crate::reference::BadReference;
use crate::{Image, Reference};

/// The name of the base (image-spec 1.1, "Annotations"), as annotation and as label.
const BASE_NAME: &str = "org.opencontainers.image.base.name";

/// How much of a name that is none is told, in characters.
const TOLD: usize = 100;

/// Why nobody can be asked for a newer base.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoBase {
    /// The image names none.
    #[error("the image does not say the name of its base ({BASE_NAME})")]
    Unsaid,
    /// What it says names no image in a registry.
    #[error("the image says that its base is {said}, which names no image in a registry")]
    Unreadable {
        /// What it says, escaped.
        said: String,
        /// What is wrong with it.
        source: BadReference,
    },
    /// It names a digest, which is this base and never a newer one.
    #[error("the image says that its base is {0}: a digest without a tag is never a newer one")]
    NoTag(Reference),
}

/// The tag that an image says it was built on. Its manifest is asked before its labels, which images
/// inherit from their bases.
///
/// # Errors
///
/// No name, one that names no image in a registry, and a digest without a tag.
pub fn recorded_base(image: &Image) -> Result<Reference, NoBase> {
    let annotations = &image.manifest.annotations;
    let said = annotations.get(BASE_NAME).or_else(|| image.config.config.labels.get(BASE_NAME));
    let said = said.filter(|said| !said.is_empty()).ok_or(NoBase::Unsaid)?;
    let reference: Reference = said.parse().map_err(|source| {
        let said = said.chars().take(TOLD).collect::<String>();
        NoBase::Unreadable { said: format!("{said:?}"), source }
    })?;
    if reference.tag.is_none() && reference.digest.is_some() {
        return Err(NoBase::NoTag(reference));
    }
    Ok(Reference { digest: None, ..reference })
}

/// Whether an image stands on this very base: its lowest layers are the base's.
pub fn stands_on(image: &Image, base: &Image) -> bool {
    let lowest = image.layers.iter().take(base.layers.len()).map(|layer| layer.diff_id);
    !base.layers.is_empty() && lowest.eq(base.layers.iter().map(|layer| layer.diff_id))
}

/// What becomes of an image's findings on another base.
#[derive(Debug, Clone, Default)]
pub struct NewerBase<'a> {
    /// Findings of the image that go.
    pub removes: Vec<&'a ScanFinding>,
    /// Findings of the base that the image does not have.
    pub brings: Vec<&'a ScanFinding>,
    /// Findings of the image that stay, and those of which nobody knows.
    pub leaves: Vec<&'a ScanFinding>,
}

/// Compares the findings of an image that its base brings with those of a newer base. A package that
/// the newer base has and that could not be compared takes nothing away; neither does one that it
/// lacks, unless it is the present base's for certain, for a layer over the base may have brought it, and
/// all that the newer one has is known.
pub fn newer_base<'a>(
    (image, of_image): (&'a Look, &'a Assessment),
    (base, of_base): (&'a Look, &'a Assessment),
) -> NewerBase<'a> {
    let there: BTreeSet<At<'_>> = base.inventory.packages.iter().map(at).collect();
    let unknown = of_base.not_compared.iter();
    let unknown = unknown.filter_map(|one| base.inventory.packages.get(one.package));
    let unknown: BTreeSet<At<'_>> = unknown.map(at).collect();
    let (before, after) =
        (FindingsAt::of(&image.inventory, of_image), FindingsAt::of(&base.inventory, of_base));
    let is_known = base.inventory.notes.iter().all(|note| !note.hides);
    let goes = |package: &Package, one: &ScanFinding| {
        let at = at(package);
        if there.contains(&at) {
            !unknown.contains(&at) && !after.has(package, one)
        } else {
            is_known && image.is_in_base(package)
        }
    };
    let mut change = NewerBase::default();
    for one in &of_image.findings {
        let Some(package) = image.inventory.packages.get(one.package) else { continue };
        if !image.is_of_base(package) {
            continue;
        }
        let list = if goes(package, one) { &mut change.removes } else { &mut change.leaves };
        list.push(one);
    }
    change.brings = of_base
        .findings
        .iter()
        .filter(|one| {
            let package = base.inventory.packages.get(one.package);
            package.is_some_and(|package| !before.has(package, one))
        })
        .collect();
    change
}

impl<'a> NewerBase<'a> {
    /// All findings that the base brings stay: it is the same.
    pub fn unchanged((image, of_image): (&'a Look, &'a Assessment)) -> Self {
        let stays = of_image.findings.iter().filter(|one| {
            let package = image.inventory.packages.get(one.package);
            package.is_some_and(|package| image.is_of_base(package))
        });
        Self { leaves: stays.collect(), ..Self::default() }
    }
}

impl Look {
    /// Whether a package is the base's business: it is in one of its layers, or a distribution's.
    pub fn is_of_base(&self, package: &Package) -> bool {
        package.ecosystem.is_distribution() || self.is_in_base(package)
    }

    /// Whether a layer of the base has it for certain.
    fn is_in_base(&self, package: &Package) -> bool {
        package.layer < self.base_layers && package.kind != Kind::FromSbom
    }
}

#[cfg(test)]
mod tests {
    use provender_advisory::packages::{Fix, NotComparedReason, PackageFinding};
    use provender_core::Severity;

    use super::*;
    use crate::scan::{Ecosystem, Inventory, NotComparedPackage, Note, Remedy};

    fn package(name: &str, layer: usize, ecosystem: Ecosystem) -> Package {
        Package {
            ecosystem,
            name: name.to_owned(),
            version: "1".to_owned(),
            source: None,
            arch: None,
            locations: Vec::new(),
            layer,
            kind: Kind::Installed,
            owner: None,
            direct_url: None,
            purl: String::new(),
            licence: None,
        }
    }

    fn look(packages: Vec<Package>) -> Look {
        let inventory = Inventory { packages, ..Inventory::default() };
        Look { inventory, hardening: Vec::new(), base_layers: 1 }
    }

    /// One finding at each of these packages, with this id.
    fn found(at: &[(usize, &str)]) -> Assessment {
        let finding = |(package, id): &(usize, &str)| ScanFinding {
            package: *package,
            finding: PackageFinding {
                query: 0,
                ids: vec![(*id).to_owned()],
                severity: Severity::High,
                summary: None,
                fix: Fix::None,
                determined: true,
            },
            remedy: Remedy::NoFix,
            waiver: None,
        };
        Assessment { findings: at.iter().map(finding).collect(), ..Assessment::default() }
    }

    fn ids(found: &[&ScanFinding]) -> Vec<String> {
        found.iter().map(|one| one.finding.headline_id().to_owned()).collect()
    }

    #[test]
    fn only_a_finding_of_the_base_at_a_package_that_is_known_to_be_well_goes() {
        use Ecosystem::{Debian, PyPI};
        let image = look(vec![
            package("fixed", 0, Debian),
            package("stays", 0, Debian),
            package("gone", 0, Debian),
            package("over", 1, Debian),
            package("unknown", 0, Debian),
            package("app", 1, PyPI),
            package("pip", 0, PyPI),
        ]);
        let all = [(0, "A"), (1, "B"), (2, "C"), (3, "D"), (4, "E"), (5, "F"), (6, "G")];
        let base = look(vec![
            package("fixed", 0, Debian),
            package("stays", 0, Debian),
            package("unknown", 0, Debian),
            package("pip", 0, PyPI),
        ]);
        // The same id at another package is another finding.
        let mut of_base = found(&[(1, "B"), (0, "B"), (3, "H")]);
        of_base.not_compared.push(NotComparedPackage {
            package: 2,
            reason: NotComparedReason::Version,
            waiver: None,
        });
        let of_image = found(&all);
        let change = newer_base((&image, &of_image), (&base, &of_base));
        assert_eq!(ids(&change.removes), ["A", "C", "G"]);
        assert_eq!(ids(&change.leaves), ["B", "D", "E"]);
        assert_eq!(ids(&change.brings), ["B", "H"]);
        let mut hiding = base.clone();
        let (place, message) = ("var/lib/dpkg/status".to_owned(), "a package without Version");
        let note = Note { place, line: Some(7), message: message.to_owned(), hides: true };
        hiding.inventory.notes.push(note);
        let change = newer_base((&image, &of_image), (&hiding, &of_base));
        assert_eq!(ids(&change.removes), ["A", "G"], "what is gone may be what is hidden");
        let same = NewerBase::unchanged((&image, &of_image));
        assert_eq!(ids(&same.leaves), ["A", "B", "C", "D", "E", "G"]);
    }
}
