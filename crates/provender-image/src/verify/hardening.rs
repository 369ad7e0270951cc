//! The rules of hardening.

use provender_core::Level;
use provender_core::check::Step;

use super::{Read, counted};
use crate::Image;
use crate::harden::{self, CheckOptions};

pub(super) const ID: &str = "hardening";
pub(super) const TITLE: &str = "the image is hardened";

/// Fails where something should be done; what is only worth knowing is told.
pub(super) fn verify(image: &Image, read: &Read) -> Step {
    let options = CheckOptions { base_layers: read.base_layers };
    let found = harden::check(&image.config, &read.tree, &options);
    let wrong = found.iter().filter(|found| found.level > Level::Note).count();
    let summary = if wrong == 0 { "nothing to do".to_owned() } else { counted(wrong, "finding") };
    if wrong > 0 {
        Step::failed(ID, TITLE, summary, found)
    } else {
        Step { diagnostics: found, ..Step::passed(ID, TITLE, summary) }
    }
}
