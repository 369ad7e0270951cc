//! Errors of the catalog.

use provender_advisory::CatalogError;
use provender_core::Diagnostic;

/// An error of the catalog as it is told.
pub(crate) fn told(error: &CatalogError) -> Diagnostic {
    let (rule, hint) = match error {
        CatalogError::Write { .. } => (
            "advisories/cannot-write",
            "make room or grant access, or keep the data elsewhere with --data-dir",
        ),
        CatalogError::Source { .. } => {
            ("advisories/bad-source", "check what the source gives; its earlier data was kept")
        }
        CatalogError::NoSource => {
            ("advisories/none", "run `provender advisories update`, or import a file")
        }
        _ => (
            "advisories/damaged",
            "run `provender advisories update` or import again; if that fails, remove the \
             advisories folder of the data directory",
        ),
    };
    let mut diagnostic = Diagnostic::error(rule, error.to_string()).hint(hint);
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        diagnostic = diagnostic.because(cause.to_string());
        source = cause.source();
    }
    diagnostic
}
