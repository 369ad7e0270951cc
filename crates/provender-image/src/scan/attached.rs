//! What an SBOM adds to an image that it is attached to.

use super::sbom::{self, SbomError};
use super::{Inventory, Kind};
use crate::attach::Attached;
use crate::{Image, ImageError};

/// How much of a digest that is none is told, in characters.
const TOLD: usize = 100;

/// Why nothing is taken from an attached SBOM.
#[derive(Debug, thiserror::Error)]
pub enum AttachedSbomError {
    /// Its document is missing or damaged.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// It is no text.
    #[error("{0} is no UTF-8 text")]
    Text(String),
    /// It is no SBOM that can be read.
    #[error(transparent)]
    Sbom(#[from] SbomError),
    /// It is about something else.
    #[error("{place} is about another image: {subject}")]
    OtherImage {
        /// Where it stands.
        place: String,
        /// What it is about, escaped.
        subject: String,
    },
    /// A file beside an image that does not say what it is about.
    #[error("{0} does not say which image it is about")]
    Unsaid(String),
}

/// What an attached SBOM came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddedSbom {
    /// `NAME VERSION` of each package that it names and the files of the image do not show.
    pub added: Vec<String>,
    /// How many of its components are of no ecosystem that is looked at in this image.
    pub left_out: usize,
}

/// Adds what an attached SBOM names and the files of the image do not show. What was found in the
/// image stays as it was found.
///
/// An artifact says with its subject which image it is about, and a file beside an archive in its
/// document; a document that names another image's digest is about that one, wherever it is attached.
///
/// # Errors
///
/// An SBOM that cannot be read or is not about this image; nothing is added then.
pub fn add_attached_sbom(
    inventory: &mut Inventory,
    image: &Image,
    attached: &Attached,
) -> Result<AddedSbom, AttachedSbomError> {
    let place = || attached.name.clone();
    let bytes = attached.document()?;
    let text = String::from_utf8(bytes).map_err(|_| AttachedSbomError::Text(place()))?;
    let sbom = sbom::read(&text, &attached.name)?;
    // A docker archive has no manifest of its own; its configuration names it.
    let own = [image.digest(), image.manifest.config.digest].map(|digest| digest.to_string());
    match sbom.subjects.first() {
        None if attached.is_file => return Err(AttachedSbomError::Unsaid(place())),
        Some(first) if !sbom.subjects.iter().any(|subject| own.contains(subject)) => {
            let subject = first.chars().take(TOLD).collect::<String>();
            let subject = subject.escape_debug().to_string();
            return Err(AttachedSbomError::OtherImage { place: place(), subject });
        }
        _ => {}
    }
    let left_out = inventory.add_from_sbom(sbom.packages) + sbom.left_out;
    let from_sbom = inventory.packages.iter().filter(|it| it.kind == Kind::FromSbom);
    let added = from_sbom.filter(|it| it.locations == [attached.name.as_str()]);
    let added: Vec<_> = added.map(|it| format!("{} {}", it.name, it.version)).collect();
    Ok(AddedSbom { added, left_out })
}
