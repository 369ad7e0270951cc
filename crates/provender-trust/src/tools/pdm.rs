//! pdm: a source's `ca_certs`, the variables of requests, then truststore where pdm can import it.

use std::path::PathBuf;

use provender_core::doctor::RootSource;
use url::Url;

use super::asking::told;
use super::openssl::default_roots;
use super::probe::probe_requirement;
use super::python::{certifi, default_context_is_strict, interpreter, library};
use super::requests::VARIABLES;
use super::version::first_version;
use super::{Installed, Request, Tool, ToolTrust, Words, without_credentials};
use crate::files::{Found, Toml};
use crate::process::Invocation;
use crate::{CaBundle, Machine, Setting};

/// pdm.
pub(super) struct Pdm;

impl Tool for Pdm {
    fn name(&self) -> &'static str {
        "pdm"
    }

    fn installed(&self, machine: &Machine) -> Option<Installed> {
        let program = machine.program("pdm")?;
        let asking = Invocation::new(&program, &machine.directory)
            .args(["--version"])
            .env("PDM_CHECK_UPDATE", "0");
        let version = first_version(&told(machine, asking)?);
        let library = interpreter(&program).and_then(|p| library(machine, &p, "httpx"));
        let facts = library.map(|library| library.facts).unwrap_or_default();
        Some(Installed { program, version, facts })
    }

    fn trust(&self, machine: &Machine, installed: Option<&Installed>, url: &Url) -> ToolTrust {
        let strict = default_context_is_strict(installed);
        let source = Source::of(machine, url);
        if let Some(found) = source.setting(machine, "verify_ssl").filter(|f| f.value == "false") {
            return ToolTrust::off(&found);
        }
        let named = source.setting(machine, "ca_certs").or_else(|| {
            let (name, value) = machine.first_set(&VARIABLES)?;
            Some(Found::variable(name, value))
        });
        if let Some(found) = named {
            return ToolTrust::file(&found, &machine.path(&found.value), Vec::new()).strict(strict);
        }
        let truststore = installed.is_none_or(|i| i.facts.contains_key("truststore"));
        if truststore {
            let (mut roots, by) = default_roots(machine);
            roots.push(certifi(installed));
            let by = by.unwrap_or("its default: truststore and certifi");
            return ToolTrust::on(roots, by);
        }
        // httpx without anything said.
        let roots = match machine.set("SSL_CERT_FILE") {
            Some(file) => vec![RootSource::File(machine.path(file))],
            None => vec![certifi(installed)],
        };
        ToolTrust::on(roots, "its default: certifi, since truststore is not installed beside it")
            .strict(strict)
    }

    fn remedy(
        &self,
        machine: &Machine,
        _installed: Option<&Installed>,
        url: &Url,
        bundle: &CaBundle,
    ) -> Vec<Setting> {
        match Source::of(machine, url).setting(machine, "ca_certs").and_then(|found| found.place) {
            Some(place) => vec![Setting::Line {
                file: place.file,
                text: format!("ca_certs = \"{}\"", bundle.full.display()),
                arguments: Vec::new(),
            }],
            None => vec![Setting::variable("REQUESTS_CA_BUNDLE", &bundle.full)],
        }
    }

    fn request(&self, request: &Request<'_>) -> std::io::Result<Option<Invocation>> {
        let source = Source::of(request.machine, request.url);
        let project = request.scratch.join("project");
        std::fs::create_dir(&project)?;
        let text = project_text(
            &probe_requirement(request.scratch),
            &source.name,
            &without_credentials(request.url),
            source.verify_line(request.machine),
        );
        std::fs::write(project.join("pyproject.toml"), text)?;
        let mut invocation = Invocation::new(&request.installed.program, &project)
            .args(["lock", "-v", "-p"])
            .args([project.display().to_string()])
            .env("PDM_CACHE_DIR", request.scratch.join("cache"))
            .env("PDM_CHECK_UPDATE", "0")
            .env("PDM_ONLY_BINARY", ":all:")
            .env("PDM_LOG_DIR", request.scratch.join("log"))
            .env("PYTHONDONTWRITEBYTECODE", "1");
        if let Some(python) = request.machine.python() {
            invocation = invocation.env("PDM_PYTHON", python);
        }
        Ok(Some(invocation))
    }

    fn words(&self) -> Words {
        Words {
            reached: &["Unable to find candidates", "404 Client Error", "ResolutionImpossible"],
            refused: &[],
        }
    }
}

/// A project that needs one thing of one index. `verify` is a further line of the source's.
fn project_text(requirement: &str, source: &str, url: &Url, verify: &str) -> String {
    let quoted = |text: &str| toml_edit::Value::from(text).to_string();
    let (requirement, source, url) = (quoted(requirement), quoted(source), quoted(url.as_str()));
    format!(
        "[project]\nname = \"probe\"\nversion = \"0\"\nrequires-python = \">=3.9\"\n\
         dependencies = [{requirement}]\n\n\
         [[tool.pdm.source]]\nname = {source}\nurl = {url}\n{verify}"
    )
}

/// The name of the source that stands for the default index, whose settings pdm's own configuration holds.
const DEFAULT: &str = "pypi";

/// The project's source at a host.
struct Source {
    name: String,
    project: Option<(Toml, usize)>,
}

impl Source {
    fn of(machine: &Machine, url: &Url) -> Self {
        let toml = machine
            .directories_upwards()
            .find_map(|dir| Toml::read(&dir.join("pyproject.toml")))
            .filter(|toml| toml.item(&["tool", "pdm", "source"]).is_some());
        let found = toml.as_ref().and_then(|toml| {
            toml.tables(&["tool", "pdm", "source"]).into_iter().enumerate().find_map(
                |(at, table)| {
                    let source = Url::parse(&toml.of_table(table, "url")?.value).ok()?;
                    let same = source.host_str() == url.host_str()
                        && source.port_or_known_default() == url.port_or_known_default();
                    same.then(|| Some((at, toml.of_table(table, "name")?.value)))?
                },
            )
        });
        match (toml, found) {
            (Some(toml), Some((at, name))) => Self { name, project: Some((toml, at)) },
            _ => Self { name: DEFAULT.to_owned(), project: None },
        }
    }

    /// A setting of this source: the project's own, then what pdm's configuration says for a source of this name. For
    /// the default source `verify_ssl` may be a variable; `ca_certs` has none, and no project's configuration sets it.
    fn setting(&self, machine: &Machine, key: &str) -> Option<Found> {
        let project = self.project.as_ref().and_then(|(toml, at)| {
            toml.of_table(toml.tables(&["tool", "pdm", "source"]).get(*at)?, key)
        });
        let default = self.name == DEFAULT;
        let verify = key == "verify_ssl";
        let variable = || {
            let name = "PDM_PYPI_VERIFY_SSL";
            let value = machine.set(name).filter(|_| default && verify)?;
            let is_true =
                matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on");
            Some(Found::variable(name, if is_true { "true" } else { "false" }))
        };
        let keys = if default { vec!["pypi", key] } else { vec!["pypi", &self.name, key] };
        let files = || {
            let local = machine.directory.join("pdm.toml");
            let site = machine.system_config_dirs().first().map(|dir| dir.join("pdm/config.toml"));
            [Some(local).filter(|_| verify), config_file(machine), site]
                .into_iter()
                .flatten()
                .find_map(|file| Toml::read(&file)?.scalar(&keys))
        };
        project.or_else(variable).or_else(files)
    }

    fn verify_line(&self, machine: &Machine) -> &'static str {
        match self.project.as_ref().and_then(|_| self.setting(machine, "verify_ssl")) {
            Some(found) if found.value == "false" => "verify_ssl = false\n",
            _ => "",
        }
    }
}

fn config_file(machine: &Machine) -> Option<PathBuf> {
    match machine.set("PDM_CONFIG_FILE") {
        Some(file) => Some(machine.path(file)),
        None => Some(machine.application_support()?.join("pdm/config.toml")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sources_name_stays_a_name() {
        let name = "a\"\n[tool.pdm.scripts]\npre_lock = \"x";
        let url = Url::parse("https://index.example/simple/").unwrap();
        let document: toml_edit::DocumentMut =
            project_text("a==1", name, &url, "verify_ssl = false\n").parse().unwrap();
        let pdm = &document["tool"]["pdm"];
        assert!(pdm.get("scripts").is_none());
        assert_eq!(pdm["source"][0]["name"].as_str(), Some(name));
        assert_eq!(pdm["source"][0]["verify_ssl"].as_bool(), Some(false));
    }
}
