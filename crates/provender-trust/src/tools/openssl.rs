//! Where OpenSSL looks for roots, and what of that is the system's store.

use provender_core::doctor::RootSource;

use super::trust::source;
use crate::{Machine, Os};

/// Folders in which systems keep their roots under hashed names.
const FOLDERS: [&str; 3] = ["/etc/ssl/certs", "/etc/pki/tls/certs", "/usr/lib/ssl/certs"];

/// Files that OpenSSL builds of systems read by default.
const FILES: [&str; 3] = ["/etc/ssl/cert.pem", "/etc/pki/tls/cert.pem", "/usr/lib/ssl/cert.pem"];

/// Whether the system's store is a folder of hashed names, which stays trusted when a file is named in the place of the
/// default file.
pub(super) fn system_is_hashed_folder(machine: &Machine) -> bool {
    let hashed = |folder: &&str| {
        let Ok(entries) = std::fs::read_dir(machine.system_path(folder)) else { return false };
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().ends_with(".0"))
    };
    machine.os == Os::Linux && FOLDERS.iter().any(hashed)
}

/// The system's store where it stays trusted beside a file that is named, else nothing.
pub(super) fn beside_a_file(machine: &Machine) -> Vec<RootSource> {
    if system_is_hashed_folder(machine) { vec![RootSource::System] } else { Vec::new() }
}

/// OpenSSL's default roots and what decided them: `SSL_CERT_FILE` takes the place of its file and `SSL_CERT_DIR` of its
/// folder, each without regard to the other. What is not there is passed over.
pub(super) fn default_roots(machine: &Machine) -> (Vec<RootSource>, Option<&'static str>) {
    let file = machine.set("SSL_CERT_FILE").map(|value| machine.path(value));
    let folders = machine.set("SSL_CERT_DIR").map(|value| folders(machine, value));
    let decided = match (&file, &folders) {
        (Some(_), _) => Some("SSL_CERT_FILE"),
        (None, Some(_)) => Some("SSL_CERT_DIR"),
        (None, None) => None,
    };
    let mut sources = Vec::new();
    let system = match (&file, &folders) {
        (None, None) => true,
        (Some(_), None) => system_is_hashed_folder(machine),
        (None, Some(_)) => FILES.iter().any(|file| machine.system_path(file).is_file()),
        (Some(_), Some(_)) => false,
    };
    sources.extend(file.filter(|file| file.is_file()).map(RootSource::File));
    sources.extend(folders.unwrap_or_default());
    if system {
        sources.push(RootSource::System);
    }
    (sources, decided)
}

/// The folders of a `SSL_CERT_DIR` that are there.
pub(super) fn folders(machine: &Machine, value: &str) -> Vec<RootSource> {
    let separator = if machine.os == Os::Windows { ';' } else { ':' };
    value
        .split(separator)
        .filter(|part| !part.is_empty())
        .map(|part| machine.path(part))
        .filter(|path| path.is_dir())
        .map(|path| source(&path))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hashed_folder_stays_trusted_beside_a_file() {
        let root = tempfile::tempdir().unwrap();
        let certs = root.path().join("etc/ssl/certs");
        std::fs::create_dir_all(&certs).unwrap();
        let file = root.path().join("corp.pem");
        std::fs::write(&file, "").unwrap();
        let variable = ("SSL_CERT_FILE".to_owned(), file.display().to_string());
        let mut machine = Machine::new([variable], root.path());
        machine.os = Os::Linux;
        machine.root = root.path().to_owned();
        let alone = vec![RootSource::File(file.clone())];
        assert_eq!(default_roots(&machine), (alone, Some("SSL_CERT_FILE")));
        std::fs::write(certs.join("0a4b67e5.0"), "").unwrap();
        let both = vec![RootSource::File(file.clone()), RootSource::System];
        assert_eq!(default_roots(&machine), (both, Some("SSL_CERT_FILE")));
        machine.variables.insert("SSL_CERT_DIR".to_owned(), "/nowhere".to_owned());
        assert_eq!(default_roots(&machine).0, [RootSource::File(file)]);
    }
}
