//! PDM: `pypi.url`, `pypi.ca_certs` and `pypi.verify_ssl` (PDM's "Configurations" page).

use std::path::{Path, PathBuf};

use toml_edit::Item;

use super::super::draft::{Draft, path_text};
use super::super::syntax::toml::{self, Step, way};
use super::super::{ConfigureError, Scope};
use super::is_off;
use crate::Os;

pub(super) fn plan(draft: &mut Draft<'_>) -> Result<(), ConfigureError> {
    let wanted = draft.wanted;
    // PDM's first source lends its roots to every host that is no source.
    let bundle = match &wanted.index {
        Some(_) => draft.either_bundle(),
        None => draft.full_bundle("`pypi.ca_certs`", "")?,
    };
    let bundle = bundle.map(path_text).transpose()?;
    if wanted.index.is_none() && bundle.is_none() {
        return Err(ConfigureError::NothingWanted { tool: "pdm", hint: "name an index or a CA" });
    }
    let file = file(draft)?;
    let mut removed = false;
    draft.edit(&file, |text| {
        let verify = way(&["pypi", "verify_ssl"]);
        let off = toml::get(toml::parse(text)?.as_table(), &verify).and_then(Item::as_bool)
            == Some(false);
        removed = off;
        let text = if off { toml::remove(text, &verify)? } else { text.to_owned() };
        toml::edit(&text, |document| {
            let pypi = toml::table(document.as_table_mut(), "pypi")?;
            let mut changed = false;
            if let Some(index) = &wanted.index {
                changed |= toml::set(pypi, "url", index.as_str());
            }
            if let Some(bundle) = bundle {
                changed |= toml::set(pypi, "ca_certs", bundle);
            }
            Ok(changed)
        })
    })?;
    if removed {
        draft.note_removed("pypi.verify_ssl = false", &file);
    }
    if bundle.is_some() && wanted.full_bundle.is_none() {
        draft.note(
            "PDM now trusts the private authority alone, also for hosts that are no source: give a full bundle where \
             dependencies come from such",
        );
    }
    sources(draft)?;
    if wanted.index.is_some() {
        draft.note_overriding(&["PDM_PYPI_URL"]);
    }
    draft.note_bypass(&[("PDM_PYPI_VERIFY_SSL", is_off)]);
    Ok(())
}

/// Sources of the project that are not verified: they are set right with the project, and named otherwise.
fn sources(draft: &mut Draft<'_>) -> Result<(), ConfigureError> {
    let project = draft.machine.directory.join("pyproject.toml");
    let Some(text) = draft.read(&project)? else { return Ok(()) };
    let list = way(&["tool", "pdm", "source"]);
    let mut off = Vec::new();
    if let Ok(document) = toml::parse(&text)
        && let Some(sources) =
            toml::get(document.as_table(), &list).and_then(Item::as_array_of_tables)
    {
        for (index, source) in sources.iter().enumerate() {
            let text = |key| source.get(key).and_then(Item::as_str).unwrap_or_default();
            if source.get("verify_ssl").and_then(Item::as_bool) == Some(false) {
                off.push((index, draft.hosts.matches(text("url")), text("name").to_owned()));
            }
            if text("name") == "pypi" && draft.wanted.index.is_some() {
                draft.note(format!(
                    "the source `pypi` in {} wins over `pypi.url`: set its url there",
                    project.display()
                ));
            }
        }
    }
    for (index, ours, name) in off {
        let setting = format!("verify_ssl = false` of the source `{name}");
        if ours && draft.wanted.scope == Scope::Project {
            remove_from_source(draft, &project, index)?;
            draft.note_removed(&setting, &project);
        } else if ours {
            draft.note(format!(
                "`{setting}` in {} still switches verification off: set up the project too",
                project.display()
            ));
        } else {
            draft.note_left(&setting, &project);
        }
    }
    Ok(())
}

fn remove_from_source(
    draft: &mut Draft<'_>,
    project: &Path,
    index: usize,
) -> Result<(), ConfigureError> {
    let mut at = way(&["tool", "pdm", "source"]);
    at.extend([Step::Index(index), Step::Key("verify_ssl".to_owned())]);
    draft.edit(project, |text| toml::remove(text, &at))
}

fn file(draft: &Draft<'_>) -> Result<PathBuf, ConfigureError> {
    let machine = draft.machine;
    match draft.wanted.scope {
        Scope::Project => Ok(machine.directory.join("pdm.toml")),
        Scope::System => match machine.system_config_dirs().first() {
            Some(dir) if machine.os == Os::Windows => Ok(dir.join("pdm/pdm/config.toml")),
            Some(dir) => Ok(dir.join("pdm/config.toml")),
            None => draft.no_scope("set PROGRAMDATA"),
        },
        Scope::User => match (machine.os, machine.set("LOCALAPPDATA")) {
            (Os::Windows, Some(dir)) => Ok(PathBuf::from(dir).join("pdm/pdm/config.toml")),
            (Os::Windows, None) => Err(ConfigureError::NoFolder { what: "LOCALAPPDATA" }),
            (Os::MacOs, _) => draft.in_home("Library/Application Support/pdm/config.toml"),
            (Os::Linux, _) => Ok(draft.config_dir()?.join("pdm/config.toml")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::ConfigurableTool;
    use super::super::testing::Desk;
    use super::*;

    const FILE: &str = "home/.config/pdm/config.toml";

    fn desk() -> Desk {
        Desk::new(ConfigurableTool::Pdm)
    }

    #[test]
    fn a_fresh_file_is_written() {
        let desk = desk();
        desk.configure();
        assert_eq!(
            desk.text(FILE),
            "[pypi]\nurl = \"https://index.example/simple/\"\nca_certs = \"$D/full.pem\"\n"
        );
    }

    #[test]
    fn what_is_there_stays_and_the_bypass_goes() {
        let desk = desk().without_full_bundle().file(
            FILE,
            "check_update = false\n\n[pypi]\n# sorry\nverify_ssl = false\nurl = \"https://old.example/\" # old\n",
        );
        let notes = desk.configure();
        assert_eq!(
            desk.text(FILE),
            "check_update = false\n\n[pypi]\n# sorry\nurl = \"https://index.example/simple/\" # old\nca_certs = \"$D/ca.pem\"\n"
        );
        assert!(notes.contains("took out `pypi.verify_ssl = false`"), "{notes}");
        assert!(notes.contains("trusts the private authority alone"), "{notes}");
    }

    #[test]
    fn the_sources_of_a_project_are_set_right_with_it() {
        let text = "[[tool.pdm.source]]\nname = \"x\"\nurl = \"https://x.example/\"\nverify_ssl = false\n\n[[tool.pdm.source]]\nname = \"pypi\"\nurl = \"https://index.example/other/\"\nverify_ssl = false # sorry\n";
        let notes = desk().file("project/pyproject.toml", text).configure();
        assert!(notes.contains("still switches verification off: set up the project"), "{notes}");
        let desk = desk().scope(Scope::Project).file("project/pyproject.toml", text);
        let notes = desk.configure();
        assert_eq!(
            desk.text("project/pyproject.toml"),
            text.replace("verify_ssl = false # sorry\n", "")
        );
        assert!(desk.text("project/pdm.toml").starts_with("[pypi]\n"));
        assert!(
            notes.contains("the source `pypi`")
                && notes.contains("left `verify_ssl = false` of the source `x`"),
            "{notes}"
        );
    }
}
