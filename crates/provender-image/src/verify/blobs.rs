//! Every blob against its digest, and every layer's archive against the configuration.

use std::error::Error;
use std::io;

use provender_core::Diagnostic;
use provender_core::check::Step;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::{about, counted};
use crate::tree::{self, Keep, Limits, Tree, TreeError};
use crate::{Image, ImageError, base, harden, scan};

const ID: &str = "blobs";
const TITLE: &str = "every blob has its digest";

/// Reads every layer to its end: the step, and the files where all of them can be read.
pub(super) fn verify(image: &Image) -> (Step, Option<Tree>) {
    let scans = scan::wanted();
    let wanted = |path: &str, size: u64| -> Keep {
        let kept = scans(path, size).max(harden::wanted(path, size));
        // The digest of every file is held against what is recorded of it.
        kept.max(base::wanted(path, size)).max(Keep::Digest)
    };
    let first = match tree::of_image(image, &wanted, &Limits::default()) {
        Ok(tree) => {
            let bytes: u64 = image.layers.iter().map(|layer| layer.descriptor.size).sum();
            let layers = counted(image.layers.len(), "layer");
            let summary = format!("{layers}, {}", provender_report::size(bytes));
            return (Step::passed(ID, TITLE, summary), Some(tree));
        }
        Err(error) => error,
    };
    // Which others are damaged is worth knowing at once.
    let every = (0..image.layers.len()).into_par_iter().filter_map(|index| {
        tree::layer_contents(image, index, &|_, _| Keep::Nothing, &Limits::default()).err()
    });
    let mut errors: Vec<TreeError> = every.collect();
    if errors.is_empty() {
        errors.push(first);
    }
    let is_told = errors.iter().any(|error| !is_of_the_system(error));
    let number = errors.len();
    let diagnostics: Vec<Diagnostic> = errors.iter().map(told).collect();
    let summary = format!("{number} of {} cannot be read", counted(image.layers.len(), "layer"));
    let step = if is_told {
        Step::failed(ID, TITLE, summary, diagnostics)
    } else {
        Step::not_run(ID, TITLE, summary, diagnostics)
    };
    (step, None)
}

/// The step about an image whose documents cannot be read: failed where they are not what was
/// promised; none where something else is in the way, which says nothing about the image.
pub fn unreadable(error: &ImageError) -> Option<Step> {
    match error {
        ImageError::Corrupt { .. } | ImageError::Missing { .. } => {
            let diagnostic = Diagnostic::error("image/blob-damaged", error.to_string())
                .hint("copy or fetch the image again, from where it is known to be right");
            Some(Step::failed(ID, TITLE, "its documents cannot be read", vec![diagnostic]))
        }
        _ => None,
    }
}

fn told(error: &TreeError) -> Diagnostic {
    let mut causes = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    // What the message ends with anyway.
    causes.retain(|cause| !error.to_string().contains(cause.as_str()));
    about(Diagnostic::error("image/blob-damaged", error.to_string()), &causes)
        .hint("copy or fetch the image again, from where it is known to be right")
}

/// Whether the system could not read, which says nothing about the bytes.
fn is_of_the_system(error: &TreeError) -> bool {
    let is_systems = |error: &io::Error| error.raw_os_error().is_some();
    match error {
        TreeError::Read(error) | TreeError::Image(ImageError::Io { source: error, .. }) => {
            is_systems(error)
        }
        TreeError::Layer { source, .. } => is_of_the_system(source),
        _ => false,
    }
}
