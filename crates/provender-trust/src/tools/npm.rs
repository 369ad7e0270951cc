//! npm: node's roots, unless `cafile` or `ca` takes their place.

use url::Url;

use super::asking::told;
use super::npm_config::{files, node_version, project_lines, remedy, trust};
use super::version::first_version;
use super::{Installed, Request, Tool, ToolTrust, Words, without_credentials};
use crate::process::Invocation;
use crate::{CaBundle, Machine, Setting};

/// npm.
pub(super) struct Npm;

impl Tool for Npm {
    fn name(&self) -> &'static str {
        "npm"
    }

    fn installed(&self, machine: &Machine) -> Option<Installed> {
        on_node(machine, "npm", &["--version"])
    }

    fn trust(&self, machine: &Machine, installed: Option<&Installed>, _url: &Url) -> ToolTrust {
        let program = installed.map(|installed| installed.program.as_path());
        trust(machine, &files(machine, program), node_version(installed))
    }

    fn remedy(
        &self,
        machine: &Machine,
        installed: Option<&Installed>,
        _url: &Url,
        bundle: &CaBundle,
    ) -> Vec<Setting> {
        let program = installed.map(|installed| installed.program.as_path());
        remedy(machine, &files(machine, program), bundle)
    }

    fn request(&self, request: &Request<'_>) -> std::io::Result<Option<Invocation>> {
        let url = without_credentials(request.url);
        // Elsewhere with the project's TLS settings: its other settings could send what variables hold, or by a proxy.
        std::fs::write(
            request.scratch.join("package.json"),
            "{\"name\":\"probe\",\"version\":\"0.0.0\"}",
        )?;
        std::fs::write(request.scratch.join(".npmrc"), project_lines(request.machine))?;
        let invocation = Invocation::new(&request.installed.program, request.scratch)
            .args(["ping", "--fetch-retries=0", "--fetch-timeout=15000", "--no-update-notifier"])
            .args([format!("--registry={url}")])
            .args([format!("--cache={}", request.scratch.join("cache").display())])
            .args([format!("--logs-dir={}", request.scratch.join("logs").display())]);
        Ok(Some(invocation))
    }

    fn words(&self) -> Words {
        Words {
            reached: &[
                "npm error code E4",
                "npm error code E5",
                "npm ERR! code E4",
                "npm ERR! code E5",
            ],
            refused: &[],
        }
    }
}

/// A script on `PATH` that runs on the node there, whose version is the fact `node`.
pub(super) fn on_node(machine: &Machine, name: &str, version: &[&str]) -> Option<Installed> {
    let program = machine.program(name)?;
    let asking = Invocation::new(&program, &machine.directory)
        .args(version.iter().copied())
        .env("COREPACK_ENABLE_NETWORK", "0")
        .env("COREPACK_ENABLE_PROJECT_SPEC", "0")
        .env("YARN_IGNORE_PATH", "1");
    let said = told(machine, asking)?;
    let mut installed = Installed::new(program, first_version(&said));
    let node = machine.program("node");
    let node = node
        .and_then(|n| told(machine, Invocation::new(n, &machine.directory).args(["--version"])));
    if let Some(version) = node.and_then(|said| first_version(&said)) {
        installed.facts.insert("node".to_owned(), version);
    }
    Some(installed)
}
