//! cargo: OpenSSL's roots, and `http.cainfo` in the place of their file.

use std::path::PathBuf;

use provender_core::doctor::RootSource;
use url::Url;

use super::asking::told;
use super::openssl::{beside_a_file, default_roots, folders};
use super::probe::probe_name;
use super::version::first_version;
use super::{Installed, Request, Tool, ToolTrust, Words, without_credentials};
use crate::files::{Found, Toml};
use crate::process::Invocation;
use crate::{CaBundle, Machine, Setting};

/// cargo.
pub(super) struct Cargo;

impl Tool for Cargo {
    fn name(&self) -> &'static str {
        "cargo"
    }

    fn installed(&self, machine: &Machine) -> Option<Installed> {
        let program = machine.program("cargo")?;
        let asking = Invocation::new(&program, &machine.directory).args(["--version"]);
        // rustup would install a toolchain to answer.
        let said = told(machine, asking.env("RUSTUP_AUTO_INSTALL", "0"))?;
        Some(Installed::new(program, first_version(&said)))
    }

    fn trust(&self, machine: &Machine, _installed: Option<&Installed>, _url: &Url) -> ToolTrust {
        match cainfo(machine) {
            Some((found, path)) => {
                // libcurl's folder stays beside the file that is named.
                let beside = match machine.set("SSL_CERT_DIR").map(|dirs| folders(machine, dirs)) {
                    Some(dirs) if !dirs.is_empty() => dirs,
                    _ => beside_a_file(machine),
                };
                ToolTrust::file(&found, &path, beside)
            }
            None => match present(machine) {
                (sources, Some(variable)) => ToolTrust::on(sources, variable),
                (sources, None) => ToolTrust::on(sources, "its default: the system's store"),
            },
        }
    }

    fn remedy(
        &self,
        _machine: &Machine,
        _installed: Option<&Installed>,
        _url: &Url,
        bundle: &CaBundle,
    ) -> Vec<Setting> {
        vec![Setting::variable("CARGO_HTTP_CAINFO", &bundle.full)]
    }

    fn request(&self, request: &Request<'_>) -> std::io::Result<Option<Invocation>> {
        // Elsewhere, with what the project's and the user's files say about TLS: in the project a toolchain file could
        // have one installed, and in the user's home the registry's cache would be written.
        let home = request.scratch.join("cargo-home");
        std::fs::create_dir(&home)?;
        if let Some((_, path)) = from_files(request.machine) {
            let path = path.display().to_string().replace('\\', "\\\\").replace('"', "\\\"");
            std::fs::write(home.join("config.toml"), format!("[http]\ncainfo = \"{path}\"\n"))?;
        }
        let url = without_credentials(request.url);
        let index = format!("sparse+{}/", url.as_str().trim_end_matches('/'));
        let mut invocation = Invocation::new(&request.installed.program, request.scratch)
            .args(["search", "--index", &index, &probe_name(request.scratch)])
            .env("CARGO_HOME", &home)
            .env("CARGO_NET_RETRY", "0")
            .env("CARGO_HTTP_TIMEOUT", "15")
            .env("RUSTUP_AUTO_INSTALL", "0");
        if let (None, Some(home)) = (request.machine.set("RUSTUP_HOME"), &request.machine.home) {
            invocation = invocation.env("RUSTUP_HOME", home.join(".rustup"));
        }
        Ok(Some(invocation))
    }

    fn words(&self) -> Words {
        Words {
            reached: &[
                "config.json not found in registry",
                "expected value",
                "authenticated registries",
                "got 4",
                "got 5",
                "does not support API commands",
            ],
            refused: &["[77]"],
        }
    }
}

/// OpenSSL's roots, but for a variable that names what is not there: cargo sets what it finds in its place.
fn present(machine: &Machine) -> (Vec<RootSource>, Option<&'static str>) {
    let mut machine = machine.clone();
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        if machine.set(name).is_some_and(|value| !machine.path(value).exists()) {
            machine.variables.remove(name);
        }
    }
    default_roots(&machine)
}

/// `http.cainfo`: the variable, else the nearest file that has it.
fn cainfo(machine: &Machine) -> Option<(Found, PathBuf)> {
    match machine.set("CARGO_HTTP_CAINFO") {
        Some(value) => Some((Found::variable("CARGO_HTTP_CAINFO", value), machine.path(value))),
        None => from_files(machine),
    }
}

/// `http.cainfo` of the files from the working directory upwards, then of cargo's home. A relative path is relative to
/// the folder above the file's.
fn from_files(machine: &Machine) -> Option<(Found, PathBuf)> {
    let home = match machine.set("CARGO_HOME") {
        Some(home) => Some(machine.path(home)),
        None => machine.in_home(".cargo"),
    };
    let folders = machine.directories_upwards().map(|dir| dir.join(".cargo")).chain(home);
    folders.flat_map(|dir| [dir.join("config"), dir.join("config.toml")]).find_map(|file| {
        let toml = Toml::read(&file)?;
        let found = toml.scalar(&["http", "cainfo"])?;
        let base = toml.file().parent()?.parent()?.to_owned();
        let path = found.path(&base);
        Some((found, path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_file_holds_and_its_paths_begin_above_its_folder() {
        let dir = tempfile::tempdir().unwrap();
        let mut machine = Machine::new([], dir.path().join("a/b"));
        machine.home = Some(dir.path().join("home"));
        for (folder, name) in [("a", "near.pem"), ("home", "/far.pem")] {
            std::fs::create_dir_all(dir.path().join(folder).join(".cargo")).unwrap();
            let text = format!("[http]\ncainfo = \"{name}\"\n");
            std::fs::write(dir.path().join(folder).join(".cargo/config.toml"), text).unwrap();
        }
        let (found, path) = cainfo(&machine).unwrap();
        assert_eq!(path, dir.path().join("a/near.pem"));
        assert_eq!(found.place.unwrap().line, Some(2));
    }
}
