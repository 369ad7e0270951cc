//! Poetry: a source in `pyproject.toml`, and its certificate in `auth.toml` or `poetry.toml` (Poetry's "Repositories"
//! page). A certificate belongs to a source by the source's name, and takes the place of certifi for it.

use std::path::{Path, PathBuf};

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table};
use url::Url;

use super::super::draft::{Draft, path_text};
use super::super::syntax::toml::{self, below, way};
use super::super::{ConfigureError, Scope};
use crate::Os;

/// What our source is called where none has our URL yet.
const NAME: &str = "provender";

pub(super) fn plan(draft: &mut Draft<'_>) -> Result<(), ConfigureError> {
    let Some(index) = &draft.wanted.index else {
        let hint = "name an index: Poetry's certificates belong to a source; for every host, `provender env` sets \
                    REQUESTS_CA_BUNDLE";
        return Err(ConfigureError::NothingWanted { tool: "poetry", hint });
    };
    let project = draft.machine.directory.join("pyproject.toml");
    let known =
        draft.read(&project)?.map(|text| toml::parse(&text)).transpose().map_err(|error| {
            ConfigureError::Malformed { path: project.clone(), line: error.line, what: error.what }
        })?;
    let name = known
        .as_ref()
        .and_then(|project| name_of(project, index))
        .unwrap_or_else(|| NAME.to_owned());
    match draft.wanted.scope {
        Scope::System => return draft.no_scope("set it up for the user or the project"),
        Scope::Project => write_source(draft, &project, &name, index)?,
        Scope::User => draft.note(format!(
            "Poetry knows indexes by project only: run `poetry source add --priority=primary {name} {index}` in each, \
             or set up the project"
        )),
    }
    let file = match draft.wanted.scope {
        Scope::Project => draft.machine.directory.join("poetry.toml"),
        Scope::User | Scope::System => config_dir(draft)?.join("auth.toml"),
    };
    write_certificate(draft, &file, &name)?;
    note_other_sources(draft, &file, &name)
}

/// The name of the source that has this URL.
fn name_of(project: &DocumentMut, index: &Url) -> Option<String> {
    let sources = toml::get(project.as_table(), &way(&["tool", "poetry", "source"]))?;
    let url = |table: &Table| table.get("url").and_then(Item::as_str).map(str::to_owned);
    let same = |table: &&Table| {
        url(table)
            .is_some_and(|url| url.trim_end_matches('/') == index.as_str().trim_end_matches('/'))
    };
    let table = sources.as_array_of_tables()?.iter().find(same)?;
    table.get("name").and_then(Item::as_str).map(str::to_owned)
}

fn write_source(
    draft: &mut Draft<'_>,
    file: &Path,
    name: &str,
    index: &Url,
) -> Result<(), ConfigureError> {
    draft.edit(file, |text| {
        toml::edit(text, |document| {
            let tool = toml::table(document.as_table_mut(), "tool")?;
            let poetry = toml::table(tool, "poetry")?;
            if !poetry.contains_key("source") {
                poetry.insert("source", Item::ArrayOfTables(ArrayOfTables::new()));
            }
            let list = poetry
                .get_mut("source")
                .and_then(Item::as_array_of_tables_mut)
                .ok_or("`source` of Poetry is no list of tables")?;
            let named = |table: &&mut Table| table.get("name").and_then(Item::as_str) == Some(name);
            if let Some(table) = list.iter_mut().find(named) {
                let changed = toml::set(table, "url", index.as_str());
                return Ok(toml::set(table, "priority", "primary") || changed);
            }
            let mut table = Table::new();
            table.insert("name", toml_edit::value(name));
            table.insert("url", toml_edit::value(index.as_str()));
            table.insert("priority", toml_edit::value("primary"));
            list.push(table);
            Ok(true)
        })
    })
}

fn write_certificate(draft: &mut Draft<'_>, file: &Path, name: &str) -> Result<(), ConfigureError> {
    let path = draft.either_bundle().map(path_text).transpose()?;
    let mut removed = Vec::new();
    draft.edit(file, |text| {
        let mut text = text.to_owned();
        for key in ["cert", "verify"] {
            let at = below(&way(&["certificates", name]), key);
            let value = toml::get(toml::parse(&text)?.as_table(), &at).and_then(Item::as_bool);
            if value == Some(false) {
                removed.push(key);
                // What is given below takes its place.
                if key == "verify" || path.is_none() {
                    text = toml::remove(&text, &at)?;
                }
            }
        }
        let Some(path) = path else { return Ok(text) };
        toml::edit(&text, |document| {
            let certificates = toml::table(document.as_table_mut(), "certificates")?;
            Ok(toml::set(toml::table(certificates, name)?, "cert", path))
        })
    })?;
    for key in removed {
        draft.note_removed(&format!("certificates.{name}.{key} = false"), file);
    }
    Ok(())
}

/// Says which sources of other names are not verified.
fn note_other_sources(
    draft: &mut Draft<'_>,
    file: &Path,
    name: &str,
) -> Result<(), ConfigureError> {
    let Some(text) = draft.read(file)? else { return Ok(()) };
    let Ok(document) = toml::parse(&text) else { return Ok(()) };
    let Some(certificates) = toml::table_at(document.as_table(), &way(&["certificates"])) else {
        return Ok(());
    };
    for (other, item) in certificates.iter().filter(|(other, _)| *other != name) {
        let off = |key| item.get(key).and_then(Item::as_bool) == Some(false);
        if off("cert") || off("verify") {
            draft.note_left(&format!("certificates.{other}.cert = false"), file);
        }
    }
    Ok(())
}

fn config_dir(draft: &Draft<'_>) -> Result<PathBuf, ConfigureError> {
    let machine = draft.machine;
    if let Some(dir) = machine.set("POETRY_CONFIG_DIR") {
        return Ok(machine.path(dir));
    }
    match machine.os {
        Os::MacOs => draft.in_home("Library/Application Support/pypoetry"),
        Os::Linux | Os::Windows => Ok(draft.config_dir()?.join("pypoetry")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::ConfigurableTool;
    use super::super::testing::Desk;
    use super::*;

    const AUTH: &str = "home/.config/pypoetry/auth.toml";

    fn desk() -> Desk {
        Desk::new(ConfigurableTool::Poetry)
    }

    #[test]
    fn the_user_gets_the_certificate_and_is_told_about_the_source() {
        let desk = desk();
        let notes = desk.configure();
        assert_eq!(desk.text(AUTH), "[certificates.provender]\ncert = \"$D/full.pem\"\n");
        assert!(
            notes.contains(
                "poetry source add --priority=primary provender https://index.example/simple/"
            ),
            "{notes}"
        );
    }

    #[test]
    fn a_project_gets_the_source_too() {
        let desk = desk().without_full_bundle().scope(Scope::Project).file(
            "project/pyproject.toml",
            "[tool.poetry]\nname = \"a\" # mine\n\n[build-system]\nrequires = []\n",
        );
        desk.configure();
        assert_eq!(
            desk.text("project/pyproject.toml"),
            "[tool.poetry]\nname = \"a\" # mine\n\n[[tool.poetry.source]]\nname = \"provender\"\nurl = \"https://index.example/simple/\"\npriority = \"primary\"\n\n[build-system]\nrequires = []\n"
        );
        assert_eq!(
            desk.text("project/poetry.toml"),
            "[certificates.provender]\ncert = \"$D/ca.pem\"\n"
        );
    }

    #[test]
    fn a_source_of_that_url_keeps_its_name_and_its_bypass_goes() {
        let desk = desk()
            .file(
                "project/pyproject.toml",
                "[[tool.poetry.source]]\nname = \"ours\"\nurl = \"https://index.example/simple\"\n",
            )
            .file(
                AUTH,
                "# secrets\n[http-basic.ours]\nusername = \"ann\"\npassword = \"s3cret\"\n\n[certificates.ours]\n# sorry\ncert = false # for now\n[certificates.other]\ncert = false\n",
            );
        assert!(!desk.plan().unwrap().diff().contains("s3cret"));
        let notes = desk.configure();
        assert_eq!(
            desk.text(AUTH),
            "# secrets\n[http-basic.ours]\nusername = \"ann\"\npassword = \"s3cret\"\n\n[certificates.ours]\n# sorry\ncert = \"$D/full.pem\" # for now\n[certificates.other]\ncert = false\n"
        );
        assert!(notes.contains("took out `certificates.ours.cert = false`"), "{notes}");
        assert!(notes.contains("left `certificates.other.cert = false`"), "{notes}");
    }
}
