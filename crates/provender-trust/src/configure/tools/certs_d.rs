//! Folders `certs.d/HOST[:PORT]/`, in which container engines look for the authorities of one registry, and other
//! files that hold the certificates themselves.

use std::path::Path;

use url::Url;

use super::super::bundle::{block, certificates};
use super::super::draft::Draft;
use super::super::{BundleError, ConfigureError};

/// The registry that is meant, as `HOST` or `HOST:PORT`: as it stands in the names of images.
pub(super) fn registry_name(draft: &Draft<'_>) -> Result<String, ConfigureError> {
    let none = || ConfigureError::NoServer { tool: draft.tool.name() };
    let registry = draft.wanted.registry.as_ref().ok_or_else(none)?;
    name_of(registry).ok_or_else(none)
}

fn name_of(registry: &Url) -> Option<String> {
    let host = registry.host_str()?;
    Some(match registry.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// Has a file hold the certificates of another, besides those that it has.
pub(super) fn copy_certificates(
    draft: &mut Draft<'_>,
    from: &Path,
    to: &Path,
) -> Result<(), ConfigureError> {
    let refuse =
        |path: &Path, source| ConfigureError::Certificates { path: path.to_owned(), source };
    let text = draft.read(from)?.ok_or_else(|| ConfigureError::Read {
        path: from.to_owned(),
        source: std::io::Error::from(std::io::ErrorKind::NotFound),
    })?;
    let wanted = certificates(&text).map_err(|source| refuse(from, source))?;
    let there = match draft.read(to)? {
        Some(text) => match certificates(&text) {
            Ok(there) => there,
            Err(BundleError::Empty) => Vec::new(),
            Err(source) => return Err(refuse(to, source)),
        },
        None => Vec::new(),
    };
    draft.edit(to, |text| {
        let mut out = text.to_owned();
        for der in wanted.iter().filter(|der| !there.contains(der)) {
            if !out.is_empty() && !out.ends_with('\n') {
                out.push('\n');
            }
            out.push_str(&block("certificate authority", der));
        }
        Ok(out)
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::Scope;
    use super::super::testing::{CA, Desk};
    use super::super::{ConfigurableTool, ConfigureError};

    const COPY: &str = "root/etc/docker/certs.d/registry.example:5000/ca.crt";

    fn desk() -> Desk {
        Desk::new(ConfigurableTool::Docker)
            .scope(Scope::System)
            .registry("https://registry.example:5000")
    }

    #[test]
    fn certificates_are_added_to_those_that_are_there() {
        let theirs = CA.replace("b3Vycw==", "dGhlaXJz");
        let desk = desk().file(COPY, theirs.trim_end());
        desk.configure();
        let text = desk.text(COPY);
        assert!(text.starts_with(&theirs) && text.ends_with(CA), "{text}");
    }

    #[test]
    fn a_private_key_is_never_copied() {
        let desk = desk();
        let key = CA.replace("CERTIFICATE", "PRIVATE KEY");
        let desk = desk.file("ca.pem", &format!("{CA}{key}"));
        assert!(matches!(desk.plan(), Err(ConfigureError::Certificates { .. })));
        let missing = desk.path("missing.pem");
        let mut desk = desk;
        desk.wanted.ca = Some(missing);
        assert!(matches!(desk.plan(), Err(ConfigureError::Read { .. })));
    }

    #[test]
    fn without_a_registry_there_is_nothing_to_name_the_folder_after() {
        let desk = Desk::new(ConfigurableTool::Podman);
        assert!(matches!(desk.plan(), Err(ConfigureError::NoServer { .. })));
    }
}
