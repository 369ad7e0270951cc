//! Whether an image is what it says it is.
//!
//! [`verify`] reads everything once and comes to one [`Step`] for each question: the blobs against their
//! digests, the configuration against the manifest, what is attached, every installed file against
//! its `RECORD`, the distributions against the lock, the rules of hardening. [`rebuilt`] holds an
//! image against one that was built again, and names the first difference.
//!
//! A step that failed says that something is wrong; one that was not run, that nobody can tell. What
//! was not asked for is in the [notes](Verified::notes).

mod audit;
mod bill;
mod blobs;
mod configuration;
mod difference;
mod files;
mod hardening;
mod installed;
mod locked;
mod provenance;
mod rebuilt;

use provender_core::check::Step;
use provender_core::{Diagnostic, Lock, Sha256};

use crate::attach::{Attached, Kind};
use crate::scan::{self, Inventory};
use crate::tree::Tree;
use crate::{Image, Layer, MediaType};

pub use audit::AuditSummary;
pub use blobs::unreadable;
pub use provenance::{Recorded, RecordedFile};
pub use rebuilt::{not_rebuilt, rebuilt};

/// How many places one diagnostic names.
const NAMED: usize = 10;

/// What is verified, and against what.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The image.
    pub image: &'a Image,
    /// What is attached to it.
    pub attached: &'a [Attached],
    /// The public key, in PEM, that has to have signed its provenance; none where nobody named one.
    pub key: Option<&'a str>,
    /// What should be installed; none where only the provenance tells.
    pub lock: Option<GivenLock<'a>>,
}

/// A lock that an image is held against.
#[derive(Debug, Clone, Copy)]
pub struct GivenLock<'a> {
    /// How its file is named to people.
    pub name: &'a str,
    /// What is in it.
    pub lock: &'a Lock,
    /// What its file hashes to.
    pub sha256: Sha256,
}

/// What a verification came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// One step for each question, in the order in which they were asked.
    pub steps: Vec<Step>,
    /// What was not asked, and what would have it asked.
    pub notes: Vec<Diagnostic>,
    /// What the provenance says that the image was built from.
    pub recorded: Option<Recorded>,
}

/// The files of an image, and what they are.
struct Read {
    tree: Tree,
    inventory: Inventory,
    /// How many of the layers are the base's.
    base_layers: usize,
}

/// Verifies an image. The same image and the same attachments give the same answer.
pub fn verify(request: &Request<'_>) -> Verified {
    let image = request.image;
    let mut notes = Vec::new();
    let (step, tree) = blobs::verify(image);
    let mut steps = vec![step, configuration::verify(image)];
    let of = |kind| {
        let attached = request.attached.iter();
        attached.filter(move |attached| attached.kind() == Some(kind)).collect::<Vec<_>>()
    };
    let provenance = provenance::verify(image, &of(Kind::Provenance), request.key, &mut notes);
    let recorded = provenance.recorded;
    steps.extend(provenance.step);
    steps.extend(audit::verify(&of(Kind::Audit), &mut notes));
    if let Some(tree) = tree {
        let inventory = scan::inventory(&tree);
        let read = Read { tree, inventory, base_layers: scan::base_layers(image) };
        let installed = installed::find(&read);
        steps.extend(bill::verify(&of(Kind::Sbom), &installed, &mut notes));
        steps.push(files::verify(&read, &installed));
        steps.extend(locked::verify(
            image,
            &read,
            &installed,
            request.lock,
            recorded.as_ref(),
            &mut notes,
        ));
        steps.push(hardening::verify(image, &read));
    } else {
        let titles = [(files::ID, files::TITLE), (hardening::ID, hardening::TITLE)];
        steps
            .extend(titles.map(|(id, title)| {
                Step::not_run(id, title, "not every layer can be read", vec![])
            }));
    }
    Verified { steps, notes, recorded }
}

/// Whether docker saved it: its archives have layers as they are, and no manifest, so that one was
/// made up when the image was read. What names such an image is its configuration, which names every
/// layer.
fn is_saved(image: &Image) -> bool {
    let as_they_are = |layer: &Layer| layer.descriptor.digest == layer.diff_id;
    image.descriptor.media_type.as_str() == MediaType::DOCKER_MANIFEST
        && image.manifest.annotations.is_empty()
        && image.layers.iter().all(as_they_are)
}

/// A step that passed where nothing that was found is an error.
fn judged(id: &'static str, title: &str, summary: String, found: Vec<Diagnostic>) -> Step {
    let wrong = found.iter().any(|found| found.level == provender_core::Level::Error);
    if wrong {
        Step::failed(id, title, summary, found)
    } else {
        Step { diagnostics: found, ..Step::passed(id, title, summary) }
    }
}

/// A diagnostic about several places, the first of which it names.
fn about<T: std::fmt::Display>(diagnostic: Diagnostic, places: &[T]) -> Diagnostic {
    let named = places.iter().take(NAMED).map(ToString::to_string);
    let diagnostic = named.fold(diagnostic, Diagnostic::because);
    match places.len().checked_sub(NAMED) {
        Some(more @ 1..) => diagnostic.because(format!("and {more} more")),
        _ => diagnostic,
    }
}

/// `1 file`, `3 files`.
fn counted(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}
