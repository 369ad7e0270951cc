//! apk: `/etc/apk/ca.pem` if it is there, else OpenSSL's roots. It is judged by its rules alone.

use provender_core::doctor::RootSource;
use url::Url;

use super::asking::told;
use super::openssl::default_roots;
use super::version::first_version;
use super::{Installed, Tool, ToolTrust};
use crate::files::Found;
use crate::process::Invocation;
use crate::{CaBundle, Machine, Setting};

/// apk-tools.
pub(super) struct Apk;

/// The file that takes the place of all roots.
const OWN_FILE: &str = "/etc/apk/ca.pem";

impl Tool for Apk {
    fn name(&self) -> &'static str {
        "apk"
    }

    fn installed(&self, machine: &Machine) -> Option<Installed> {
        let program = machine.program("apk")?;
        let said =
            told(machine, Invocation::new(&program, &machine.directory).args(["--version"]))?;
        Some(Installed::new(program, first_version(&said.replace("apk-tools", ""))))
    }

    fn trust(&self, machine: &Machine, _installed: Option<&Installed>, _url: &Url) -> ToolTrust {
        let own = machine.system_path(OWN_FILE);
        if own.is_file() {
            let place = provender_core::Place::file(&own);
            let found = Found {
                value: own.display().to_string(),
                name: OWN_FILE.to_owned(),
                place: Some(place),
            };
            return ToolTrust::by(&found, vec![RootSource::File(own)]);
        }
        match default_roots(machine) {
            (sources, Some(variable)) => ToolTrust::on(sources, variable),
            (sources, None) => ToolTrust::on(sources, "its default: the system's store"),
        }
    }

    fn remedy(
        &self,
        machine: &Machine,
        _installed: Option<&Installed>,
        _url: &Url,
        bundle: &CaBundle,
    ) -> Vec<Setting> {
        vec![Setting::Copy { from: bundle.full.clone(), to: machine.system_path(OWN_FILE) }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_own_file_takes_the_place_of_the_systems_store() {
        let root = tempfile::tempdir().unwrap();
        let mut machine = Machine::new([], root.path());
        machine.root = root.path().to_owned();
        let url = Url::parse("https://apk.example/").unwrap();
        assert_eq!(Apk.trust(&machine, None, &url).roots.sources, [RootSource::System]);
        std::fs::create_dir_all(root.path().join("etc/apk")).unwrap();
        std::fs::write(root.path().join("etc/apk/ca.pem"), "").unwrap();
        let own = RootSource::File(root.path().join("etc/apk/ca.pem"));
        assert_eq!(Apk.trust(&machine, None, &url).roots.sources, [own]);
    }
}
