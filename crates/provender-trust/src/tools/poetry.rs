//! poetry: certifi, the variables of requests, or a certificate of its own for a source.

use std::path::PathBuf;

use url::Url;

use super::asking::told;
use super::probe::probe_requirement;
use super::python::{certifi, interpreter, library};
use super::requests::{VARIABLES, is_strict};
use super::version::first_version;
use super::{Installed, Request, Tool, ToolTrust, Words, without_credentials};
use crate::files::{Found, Toml};
use crate::process::Invocation;
use crate::{CaBundle, Machine, Os, Setting};

/// poetry.
pub(super) struct Poetry;

/// The name of the source where the project names none for the URL.
const SOURCE: &str = "provender-probe";

impl Tool for Poetry {
    fn name(&self) -> &'static str {
        "poetry"
    }

    fn installed(&self, machine: &Machine) -> Option<Installed> {
        let program = machine.program("poetry")?;
        let asking = Invocation::new(&program, &machine.directory).args(["--version", "--no-ansi"]);
        let version = first_version(&told(machine, asking)?);
        // Poetry's own environment, which is seldom the project's.
        let library = interpreter(&program).and_then(|p| library(machine, &p, "requests"));
        let facts = library.map(|library| library.facts).unwrap_or_default();
        Some(Installed { program, version, facts })
    }

    fn trust(&self, machine: &Machine, installed: Option<&Installed>, url: &Url) -> ToolTrust {
        let strict = is_strict(installed);
        if let Some(found) = certificate(machine, &source_name(machine, url)) {
            let off = found.value == "false" && found.place.is_some();
            return match found.value.as_str() {
                _ if off => ToolTrust::off(&found),
                "true" if found.place.is_some() => {
                    ToolTrust::by(&found, vec![certifi(installed)]).strict(strict)
                }
                value => ToolTrust::file(&found, &machine.path(value), Vec::new()).strict(strict),
            };
        }
        match machine.first_set(&VARIABLES) {
            Some((name, value)) => {
                let found = Found::variable(name, value);
                ToolTrust::file(&found, &machine.path(value), Vec::new()).strict(strict)
            }
            None => ToolTrust::on(vec![certifi(installed)], "its default: certifi").strict(strict),
        }
    }

    fn remedy(
        &self,
        machine: &Machine,
        _installed: Option<&Installed>,
        url: &Url,
        bundle: &CaBundle,
    ) -> Vec<Setting> {
        let source = source_name(machine, url);
        let name = match certificate(machine, &source) {
            Some(_) => variable(&source),
            None => "REQUESTS_CA_BUNDLE".to_owned(),
        };
        vec![Setting::variable(&name, &bundle.full)]
    }

    fn request(&self, request: &Request<'_>) -> std::io::Result<Option<Invocation>> {
        let project = request.scratch.join("project");
        std::fs::create_dir(&project)?;
        let source = source_name(request.machine, request.url);
        let url = without_credentials(request.url);
        std::fs::write(
            project.join("pyproject.toml"),
            project_text(&probe_requirement(request.scratch), &source, &url),
        )?;
        // The project's own settings of poetry, which stand beside its pyproject.toml.
        let own = request.machine.directory.join("poetry.toml");
        if own.is_file() {
            std::fs::copy(own, project.join("poetry.toml"))?;
        }
        let invocation = Invocation::new(&request.installed.program, &project)
            .args(["lock", "--no-cache", "--no-interaction", "--no-ansi", "--no-plugins", "-vvv"])
            .env("POETRY_CACHE_DIR", request.scratch.join("cache"))
            .env("POETRY_VIRTUALENVS_CREATE", "false")
            .env("POETRY_REQUESTS_MAX_RETRIES", "0")
            .env("PYTHONDONTWRITEBYTECODE", "1");
        Ok(Some(invocation))
    }

    fn words(&self) -> Words {
        Words {
            reached: &["which doesn't match any versions", "Client Error", "Server Error"],
            refused: &[],
        }
    }
}

/// A project that needs one thing of one index, which is asked and no other.
fn project_text(requirement: &str, source: &str, url: &Url) -> String {
    let quoted = |text: &str| toml_edit::Value::from(text).to_string();
    let (requirement, source, url) = (quoted(requirement), quoted(source), quoted(url.as_str()));
    format!(
        "[project]\nname = \"probe\"\nversion = \"0\"\nrequires-python = \">=3.9\"\n\
         dependencies = [{requirement}]\n\n\
         [tool.poetry]\npackage-mode = false\n\n\
         [[tool.poetry.source]]\nname = {source}\nurl = {url}\npriority = \"primary\"\n"
    )
}

/// The name that the project gives the source at this host; certificates are configured by it.
fn source_name(machine: &Machine, url: &Url) -> String {
    let project = machine
        .directories_upwards()
        .find_map(|dir| Toml::read(&dir.join("pyproject.toml")))
        .filter(|toml| toml.item(&["tool", "poetry", "source"]).is_some());
    let named = project.and_then(|toml| {
        toml.tables(&["tool", "poetry", "source"]).into_iter().find_map(|table| {
            let source = Url::parse(&toml.of_table(table, "url")?.value).ok()?;
            (source.host_str() == url.host_str()
                && source.port_or_known_default() == url.port_or_known_default())
            .then(|| toml.of_table(table, "name").map(|found| found.value))?
        })
    });
    named.unwrap_or_else(|| SOURCE.to_owned())
}

fn variable(source: &str) -> String {
    let source: String =
        source.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("POETRY_CERTIFICATES_{}_CERT", source.to_uppercase())
}

/// `certificates.NAME.cert`: the variable, the project's `poetry.toml`, the user's `config.toml`. A variable is always
/// taken as a path.
fn certificate(machine: &Machine, source: &str) -> Option<Found> {
    let variable = variable(source);
    if let Some(value) = machine.set(&variable) {
        return Some(Found::variable(&variable, value));
    }
    let keys = ["certificates", source, "cert"];
    let local = machine.directories_upwards().map(|dir| dir.join("poetry.toml"));
    local
        .chain(config_dir(machine).into_iter().flat_map(|dir| {
            // `auth.toml` holds what belongs to sources.
            [dir.join("auth.toml"), dir.join("config.toml")]
        }))
        .find_map(|file| Toml::read(&file)?.scalar(&keys))
}

fn config_dir(machine: &Machine) -> Option<PathBuf> {
    if let Some(dir) = machine.set("POETRY_CONFIG_DIR") {
        return Some(machine.path(dir));
    }
    Some(match machine.os {
        Os::Linux | Os::Windows => machine.config_dir()?.join("pypoetry"),
        Os::MacOs => machine.application_support()?.join("pypoetry"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sources_name_stays_a_name() {
        let name = "a\"\n[tool.poetry.build]\nscript = \"x.py";
        let url = Url::parse("https://index.example/simple/").unwrap();
        let document: toml_edit::DocumentMut = project_text("a==1", name, &url).parse().unwrap();
        let poetry = &document["tool"]["poetry"];
        assert!(poetry.get("build").is_none());
        assert_eq!(poetry["source"][0]["name"].as_str(), Some(name));
        assert_eq!(poetry["source"][0]["url"].as_str(), Some(url.as_str()));
    }
}
