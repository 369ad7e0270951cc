//! Errors about images, as they are told.

use std::error::Error;
use std::path::Path;

use provender_core::{Diagnostic, Place};
use provender_image::ImageError;
use provender_image::app::AppError;
use provender_image::build::BuildError;
use provender_image::registry::RegistryError;
use provender_image::write::WriteError;
use provender_lock::FailureKind;

use crate::commands::store::because;
use crate::exit::Failure;
use crate::output::shown;

pub(super) fn image(error: &ImageError) -> Diagnostic {
    let hint = match error {
        ImageError::Io { .. } => "check the path and its permissions",
        ImageError::NoImage { .. } | ImageError::Several { .. } => {
            "name one of those: oci:DIR:NAME, or --platform OS/ARCH"
        }
        ImageError::Corrupt { .. } | ImageError::Missing { .. } => {
            "the image is damaged: copy or fetch it again"
        }
        _ => {
            "name an OCI layout, an OCI or docker archive, the tar of a root file system, or HOST/REPOSITORY:TAG"
        }
    };
    because(Diagnostic::error("image/unreadable", error.to_string()), error).hint(hint)
}

pub(super) fn registry(error: &RegistryError) -> Diagnostic {
    let diagnostic = because(Diagnostic::error("image/registry", error.to_string()), error);
    match error.hint() {
        Some(hint) => diagnostic.hint(hint),
        None => diagnostic.hint("`provender doctor` says what is wrong on the way to a host"),
    }
}

pub(super) fn application(error: &AppError, context: &Path) -> Diagnostic {
    let rule = match error {
        AppError::Secrets(_) => "image/secret",
        _ => "image/context",
    };
    let hint = match error {
        AppError::Secrets(_) => {
            "take the secret out of the project, and give it to the container when it runs"
        }
        AppError::Io { .. } => "check the file and its permissions",
        _ => "change the project, its .dockerignore, or [image] of provender.toml",
    };
    because(Diagnostic::error(rule, error.to_string()), error)
        .at(Place::file(shown_folder(context)))
        .hint(hint)
}

/// A folder as it is told; the current one has a name, too.
fn shown_folder(folder: &Path) -> String {
    let name = shown(folder);
    if name.is_empty() { ".".to_owned() } else { name }
}

/// What to do where releases cannot be installed.
const UNUSABLE: &str = "everything that is locked has to be stocked for the base's platform";

/// Why an image was not built: one diagnostic for each release that cannot be installed.
pub(super) fn build(error: BuildError, lock: &Path) -> Failure {
    let place = || Place::file(shown(lock));
    match error {
        BuildError::Unusable(unusable) => {
            let told = unusable
                .iter()
                .map(|one| Diagnostic::error("image/unusable", one.to_string()).at(place()));
            let mut diagnostics: Vec<Diagnostic> = told.collect();
            diagnostics.dedup_by(|a, b| a.message == b.message);
            if let Some(last) = diagnostics.last_mut() {
                last.hint = Some(UNUSABLE.to_owned());
            }
            Failure { kind: FailureKind::NoAnswer, diagnostics }
        }
        BuildError::Misfits(misfits) => {
            let mut diagnostic =
                Diagnostic::error("image/misfit", BuildError::Misfits(misfits.clone()).to_string())
                    .hint("lock and stock for the base's platform, or choose another base");
            diagnostic.causes = misfits;
            diagnostic.into()
        }
        BuildError::Builder(diagnostic) => (*diagnostic).into(),
        BuildError::Image(error) => image(&error).into(),
        other => {
            let hint = hint(&other);
            let source: &(dyn Error + 'static) = &other;
            because(Diagnostic::error("image/build", other.to_string()), source).hint(hint).into()
        }
    }
}

fn hint(error: &BuildError) -> &'static str {
    match error {
        BuildError::Base(_) => "choose a base with CPython, such as one made for Python services",
        BuildError::Fit(_) => "choose a base for Linux with glibc or musl",
        BuildError::Python { .. } => {
            "lock for the base's Python with `provender lock --python-version`, and stock that lock"
        }
        BuildError::Wheel(_) => {
            "run `provender check`, which finds damaged files, and `provender stock`, which heals them"
        }
        BuildError::Collision(_) => "only one of the two can be installed: lock without the other",
        BuildError::Passwd(_) => "say in [image] whom the service runs as: user = \"10002:10002\"",
        BuildError::Certificates(_) => {
            "give each file of certificates a name of its own, or choose another base"
        }
        BuildError::Bytecode(_) => {
            "install a Python of the base's series beside provender, or leave `bytecode` out of [image]"
        }
        BuildError::Time(_) => "set SOURCE_DATE_EPOCH to seconds since 1970",
        BuildError::Write(WriteError::SamePlatform(_)) => "name each platform once",
        _ => "check the data directory and the room there",
    }
}
