//! What an image is built again from, held against what its provenance records.

use std::collections::BTreeSet;

use provender_core::{Diagnostic, Sha256};
use provender_image::certificates::Certificates;
use provender_image::verify::RecordedFile;

/// Why the image cannot be the same: its certificates are not those that are given.
pub(super) fn certificates(
    recorded: &[RecordedFile],
    given: &[Certificates],
) -> Option<Diagnostic> {
    type File<'a> = (&'a str, Sha256);
    let recorded: Vec<File<'_>> =
        recorded.iter().map(|file| (file.name.as_str(), file.sha256)).collect();
    let given: Vec<File<'_>> = given.iter().map(|file| (file.name(), file.sha256())).collect();
    if recorded == given {
        return None;
    }
    let (recorded_set, given_set): (BTreeSet<_>, BTreeSet<_>) =
        (recorded.iter().collect(), given.iter().collect());
    let missing = recorded_set.difference(&given_set);
    let missing =
        missing.map(|(name, sha256)| format!("the provenance names {name}, sha256:{sha256}"));
    let added = given_set.difference(&recorded_set);
    let added = added.map(|(name, sha256)| format!("given is {name}, sha256:{sha256}"));
    let mut causes: Vec<String> = missing.chain(added).collect();
    if causes.is_empty() {
        let order: Vec<&str> = recorded.iter().map(|(name, _)| *name).collect();
        causes.push(format!("they were given in this order: {}", order.join(", ")));
    }
    let message = "the certificates are not those that the image was built with";
    let diagnostic = Diagnostic::warning("image/other-certificates", message).hint(
        "give the files of that build with --ca-certificate, or `ca-certificates` in [image], in the same order and with the same names",
    );
    Some(causes.into_iter().fold(diagnostic, Diagnostic::because))
}

/// Why the image cannot be the same: its modules were compiled by another Python, or only one of the
/// two has bytecode. Each is the version of the Python that compiled.
pub(super) fn bytecode(recorded: Option<&str>, made: Option<&str>) -> Option<Diagnostic> {
    let (message, hint) = match (recorded, made) {
        (recorded, made) if recorded == made => return None,
        (Some(recorded), Some(made)) => (
            format!("Python {recorded} compiled the image's modules, and {made} does here"),
            "put a Python of that version first on PATH",
        ),
        (Some(recorded), None) => (
            format!("the image holds bytecode, compiled by Python {recorded}"),
            "have it compiled with --bytecode unchecked-hash",
        ),
        (None, _) => {
            ("the image was built without bytecode".to_owned(), "leave it out with --bytecode none")
        }
    };
    Some(Diagnostic::warning("image/other-bytecode", message).hint(hint))
}
