//! pnpm: npm's settings and rules, in a program of its own.

use url::Url;

use super::npm::on_node;
use super::npm_config::{files, node_version, project_lines, remedy, trust};
use super::probe::{probe_name, probe_version};
use super::{Installed, Request, Tool, ToolTrust, Words, without_credentials};
use crate::process::Invocation;
use crate::{CaBundle, Machine, Setting};

/// pnpm.
pub(super) struct Pnpm;

impl Tool for Pnpm {
    fn name(&self) -> &'static str {
        "pnpm"
    }

    fn installed(&self, machine: &Machine) -> Option<Installed> {
        on_node(machine, "pnpm", &["--version"])
    }

    fn trust(&self, machine: &Machine, installed: Option<&Installed>, _url: &Url) -> ToolTrust {
        trust(machine, &files(machine, None), node_version(installed))
    }

    fn remedy(
        &self,
        machine: &Machine,
        _installed: Option<&Installed>,
        _url: &Url,
        bundle: &CaBundle,
    ) -> Vec<Setting> {
        remedy(machine, &files(machine, None), bundle)
    }

    fn request(&self, request: &Request<'_>) -> std::io::Result<Option<Invocation>> {
        // Elsewhere with the project's TLS settings: in the project it would run the project's hooks.
        let (name, version) = (probe_name(request.scratch), probe_version());
        std::fs::write(
            request.scratch.join("package.json"),
            format!(
                "{{\"name\":\"probe\",\"version\":\"0.0.0\",\"dependencies\":{{\"{name}\":\"{version}\"}}}}"
            ),
        )?;
        std::fs::write(request.scratch.join(".npmrc"), project_lines(request.machine))?;
        let invocation = Invocation::new(&request.installed.program, request.scratch)
            .args(["install", "--lockfile-only", "--ignore-scripts", "--ignore-pnpmfile"])
            .args(["--ignore-workspace"])
            .env("npm_config_registry", without_credentials(request.url).as_str())
            .env("npm_config_fetch_retries", "0")
            .env("npm_config_fetch_timeout", "15000")
            .env("npm_config_manage_package_manager_versions", "false")
            .env("npm_config_cache_dir", request.scratch.join("cache"))
            .env("npm_config_store_dir", request.scratch.join("store"))
            .env("npm_config_state_dir", request.scratch.join("state"))
            .env("XDG_CACHE_HOME", request.scratch.join("xdg"));
        Ok(Some(invocation))
    }

    fn words(&self) -> Words {
        Words {
            reached: &[
                "ERR_PNPM_FETCH_4",
                "ERR_PNPM_FETCH_5",
                "ERR_PNPM_BROKEN_METADATA_JSON",
                "ERR_PNPM_NO_MATCHING_VERSION",
                "ERR_PNPM_NO_VERSIONS",
            ],
            refused: &[],
        }
    }
}
