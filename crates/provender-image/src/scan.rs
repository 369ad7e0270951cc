//! What an image is made of, as far as advisories speak of it: the distribution's packages, Python
//! distributions, npm packages, and the interpreters that belong to nobody's package.
//!
//! A scan reads a [`Tree`] in which the files that it [wants](wanted) have their content, and never
//! anything else: no file of this machine, no network. Everything that is read is somebody else's
//! word: it is bounded in size, what cannot be read becomes a [`Note`] with its place, and the rest
//! is taken nonetheless, so that one damaged file hides nothing besides itself.

mod apk;
mod assess;
mod attached;
mod changes;
mod collector;
mod dpkg;
mod evidence;
mod fields;
mod inventory;
mod look;
mod newer_base;
mod npm;
mod os;
mod owners;
mod purl;
mod python;
mod sbom;

pub use assess::{Assessment, HiddenPackages, NotComparedPackage, Remedy, ScanFinding, assess};
pub use attached::{AddedSbom, AttachedSbomError, add_attached_sbom};
pub use changes::{At, FindingsAt, at};
pub use inventory::{Ecosystem, Inventory, Kind, Note, Os, Package, Source};
pub(crate) use look::base_layers;
pub use look::{Look, look, remembered};
pub use newer_base::{NewerBase, NoBase, newer_base, recorded_base, stands_on};
pub use sbom::{SbomError, packages_of_cyclonedx};

use crate::tree::{Keep, Tree};

/// Which files' content a scan needs: a [`Wanted`](crate::tree::Wanted).
pub fn wanted() -> impl Fn(&str, u64) -> Keep + Sync {
    |path, size| match evidence::Evidence::of(path) {
        Some(evidence) if size <= evidence.limit() => Keep::Content,
        _ => Keep::Nothing,
    }
}

/// What an image holds. The same tree gives the same inventory, in the same order.
pub fn inventory(tree: &Tree) -> Inventory {
    let mut collector = collector::Collector::default();
    let os = os::read(tree, &mut collector);
    let found = evidence::find(tree);
    let owners = owners::Owners::read(tree, &found, &mut collector);
    dpkg::read(tree, &found, os.as_ref(), &mut collector);
    apk::read(tree, &found, os.as_ref(), &mut collector);
    python::read(tree, &found, &owners, &mut collector);
    npm::read(tree, &found, &owners, &mut collector);
    collector.finish(os)
}
