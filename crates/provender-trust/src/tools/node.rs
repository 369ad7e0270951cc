//! node: its bundled roots, and what `NODE_EXTRA_CA_CERTS` adds.

use provender_core::doctor::RootSource;
use url::Url;

use super::asking::told;
use super::openssl::default_roots;
use super::version::{Numbers, first_version, numbers};
use super::{Installed, Request, Tool, ToolTrust};
use crate::files::Found;
use crate::process::Invocation;
use crate::{CaBundle, Machine, Setting};

/// Programs that run on node and make requests by its `https`.
pub(super) struct Node;

impl Tool for Node {
    fn name(&self) -> &'static str {
        "node"
    }

    fn installed(&self, machine: &Machine) -> Option<Installed> {
        let program = machine.program("node")?;
        let said =
            told(machine, Invocation::new(&program, &machine.directory).args(["--version"]))?;
        Some(Installed::new(program, first_version(&said)))
    }

    fn trust(&self, machine: &Machine, installed: Option<&Installed>, _url: &Url) -> ToolTrust {
        // Nothing but `0` counts.
        if let Some(value @ "0") = machine.set("NODE_TLS_REJECT_UNAUTHORIZED") {
            return ToolTrust::off(&Found::variable("NODE_TLS_REJECT_UNAUTHORIZED", value));
        }
        let version = installed.and_then(|installed| numbers(installed.version.as_deref()?));
        let (sources, decided) = roots(machine, version);
        ToolTrust::on(sources, decided)
    }

    fn remedy(
        &self,
        _machine: &Machine,
        _installed: Option<&Installed>,
        _url: &Url,
        bundle: &CaBundle,
    ) -> Vec<Setting> {
        vec![Setting::variable("NODE_EXTRA_CA_CERTS", &bundle.authority)]
    }

    fn request(&self, request: &Request<'_>) -> std::io::Result<Option<Invocation>> {
        let code = "\
            const request = require('https').get(process.argv[1], { timeout: 15000 }, (response) => {\
              console.log(response.statusCode); process.exit(0); });\
            request.on('timeout', () => request.destroy(new Error('timeout')));\
            request.on('error', (error) => {\
              console.error(error.code + ' ' + error.message); process.exit(1); });";
        let url = super::without_credentials(request.url);
        let invocation = Invocation::new(&request.installed.program, request.scratch).args([
            "-e",
            code,
            url.as_str(),
        ]);
        Ok(Some(invocation))
    }
}

/// The roots of node's TLS where a program names none, and what decided them. The version is that of node; without it
/// the newest's rules hold.
pub(super) fn roots(machine: &Machine, version: Option<Numbers>) -> (Vec<RootSource>, String) {
    let options = machine.set("NODE_OPTIONS").unwrap_or_default();
    let option = |name: &str| options.split_whitespace().any(|word| word == name);
    let mut decided = Vec::new();
    let mut sources = if option("--use-openssl-ca") {
        decided.push("--use-openssl-ca in NODE_OPTIONS");
        default_roots(machine).0
    } else {
        vec![RootSource::Mozilla]
    };
    // `--use-system-ca` may stand in NODE_OPTIONS since it is there; the variable came later.
    let variable = machine.set("NODE_USE_SYSTEM_CA") == Some("1")
        && version.is_none_or(|v| v >= (24, 6, 0) || ((22, 19, 0)..(23, 0, 0)).contains(&v));
    if option("--use-system-ca") {
        decided.push("--use-system-ca in NODE_OPTIONS");
        sources.push(RootSource::System);
    } else if variable {
        decided.push("NODE_USE_SYSTEM_CA");
        sources.push(RootSource::System);
    }
    if let Some(file) = machine.set("NODE_EXTRA_CA_CERTS") {
        let file = machine.path(file);
        // One that is not there only warns.
        if file.is_file() {
            decided.push("NODE_EXTRA_CA_CERTS");
            sources.push(RootSource::File(file));
        }
    }
    let decided = match decided.as_slice() {
        [] => "its default: the roots it brings".to_owned(),
        names => names.join(", "),
    };
    (sources, decided)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extra_certificates_are_added_if_they_are_there() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("corp.pem");
        let variable = ("NODE_EXTRA_CA_CERTS".to_owned(), file.display().to_string());
        let machine = Machine::new([variable], dir.path());
        assert_eq!(roots(&machine, None).0, [RootSource::Mozilla]);
        std::fs::write(&file, "").unwrap();
        assert_eq!(roots(&machine, None).0, [RootSource::Mozilla, RootSource::File(file)]);
    }

    #[test]
    fn the_variable_for_the_systems_store_came_with_24_6_and_22_19() {
        let machine = Machine::new([("NODE_USE_SYSTEM_CA".to_owned(), "1".to_owned())], "/");
        let system = |v| roots(&machine, Some(v)).0.contains(&RootSource::System);
        assert!(system((24, 6, 0)) && system((22, 19, 0)));
        assert!(!system((24, 5, 0)) && !system((23, 9, 0)) && !system((20, 20, 2)));
    }
}
