//! What SBOMs that are attached to an image add to what was seen in it.

use provender_core::Diagnostic;
use provender_image::Image;
use provender_image::attach::Attached;
use provender_image::scan::{self, AddedSbom, AttachedSbomError, Look};

use crate::output::counted;

/// How many packages of one are named.
const NAMED: usize = 5;

/// Adds what an attached SBOM names besides, and says what is to be said of it. One that is of no use
/// takes nothing away: an attachment is not the image.
pub(super) fn add(
    look: &mut Look,
    image: &Image,
    sbom: Result<Attached, Diagnostic>,
) -> Vec<Diagnostic> {
    let unused = "nothing is taken from an SBOM that is attached to the image";
    let attached = match sbom {
        Ok(attached) => attached,
        Err(error) => {
            let told = Diagnostic::warning("image/attachment-unreadable", unused);
            return vec![told.because(error.message).hint("attach it again")];
        }
    };
    match scan::add_attached_sbom(&mut look.inventory, image, &attached) {
        Ok(added) => told(&attached, &added),
        Err(error) => {
            let (rule, hint) = match error {
                AttachedSbomError::OtherImage { .. } | AttachedSbomError::Unsaid(_) => {
                    ("image/other-subject", "keep beside an image what was written with it")
                }
                _ => ("image/attachment-unreadable", "attach it again"),
            };
            vec![Diagnostic::warning(rule, unused).because(error.to_string()).hint(hint)]
        }
    }
}

fn told(attached: &Attached, AddedSbom { added, left_out }: &AddedSbom) -> Vec<Diagnostic> {
    let mut notes = Vec::new();
    if !added.is_empty() {
        let packages = counted(added.len(), "package");
        let message = format!("only its SBOM names {packages} of the image");
        let mut note = Diagnostic::note("image/sbom-only", message);
        note.causes.extend(added.iter().take(NAMED).cloned());
        if let Some(more) = added.len().checked_sub(NAMED).filter(|more| *more > 0) {
            note = note.because(format!("and {more} more"));
        }
        let hint = "their metadata is not in the image: find out who removed it";
        notes.push(note.hint(hint));
    }
    if *left_out > 0 {
        let components = match left_out {
            1 => "1 component is".to_owned(),
            more => format!("{more} components are"),
        };
        let name = &attached.name;
        let message = format!("{components} not compared that the SBOM {name} names");
        notes.push(Diagnostic::note("image/sbom-partly", message).because(
            "of no ecosystem whose advisories are looked for in this image, or without a version",
        ));
    }
    notes
}
