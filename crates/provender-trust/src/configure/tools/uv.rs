//! uv: the default index and the system's certificates in `uv.toml`, or in `pyproject.toml` (uv's "Settings" page).

use std::path::PathBuf;

use toml_edit::{ArrayOfTables, Item, Table, TableLike};
use url::Url;

use super::super::draft::Draft;
use super::super::syntax::toml::{self, Way, below, way};
use super::super::{ConfigureError, Scope};
use super::is_on;
use crate::Os;

pub(super) fn plan(draft: &mut Draft<'_>) -> Result<(), ConfigureError> {
    let wanted = draft.wanted;
    let trust = wanted.ca.is_some() || wanted.full_bundle.is_some();
    if wanted.index.is_none() && !trust {
        return Err(ConfigureError::NothingWanted { tool: "uv", hint: "name an index or a CA" });
    }
    let (file, root) = file(draft)?;
    // From 0.11; before, and still understood, it was `native-tls`.
    let new_name = wanted.version.is_none_or(|version| version.at_least(0, 11));
    let (key, old_key) =
        if new_name { ("system-certs", "native-tls") } else { ("native-tls", "system-certs") };
    let hosts = draft.hosts.clone();
    let mut removed = Vec::new();
    let mut left = false;
    draft.edit(&file, |text| {
        let mut text = text.to_owned();
        for at in [root.clone(), below(&root, "pip")] {
            let at = below(&at, "allow-insecure-host");
            let (without, gone) = toml::remove_strings(&text, &at, |host| hosts.matches(host))?;
            removed.extend(gone);
            text = without;
            left |= toml::get(toml::parse(&text)?.as_table(), &at).is_some();
        }
        if trust {
            text = toml::remove(&text, &below(&root, old_key))?;
        }
        toml::edit(&text, |document| {
            let mut settings: &mut dyn TableLike = document.as_table_mut();
            for step in &root {
                let toml::Step::Key(key) = step else { continue };
                settings = toml::table(settings, key)?;
            }
            let mut changed = trust && toml::set(settings, key, true);
            if let Some(index) = &wanted.index {
                changed |= set_index(settings, index)?;
            }
            Ok(changed)
        })
    })?;
    for host in removed {
        draft.note_removed(&format!("allow-insecure-host = {host}"), &file);
    }
    if left {
        draft.note_left("allow-insecure-host", &file);
    }
    if trust {
        draft.note_system_store();
        draft.note_overriding(&["SSL_CERT_FILE", "SSL_CERT_DIR"]);
    }
    if wanted.index.is_some() {
        draft.note_overriding(&["UV_DEFAULT_INDEX", "UV_INDEX_URL"]);
    }
    draft.note_overriding(&["UV_CONFIG_FILE"]);
    draft.note_bypass(&[("UV_INSECURE_HOST", is_on)]);
    Ok(())
}

/// Makes the index the default: in its place where a default is named, in whichever of uv's ways.
fn set_index(settings: &mut dyn TableLike, index: &Url) -> Result<bool, &'static str> {
    let has_indexes = settings.contains_key("index");
    if !has_indexes && settings.contains_key("index-url") {
        return Ok(toml::set(settings, "index-url", index.as_str()));
    }
    if !has_indexes {
        settings.insert("index", Item::ArrayOfTables(ArrayOfTables::new()));
    }
    let is_default =
        |table: &dyn TableLike| table.get("default").and_then(Item::as_bool) == Some(true);
    match settings.get_mut("index") {
        Some(Item::ArrayOfTables(list)) => {
            if let Some(table) = list.iter_mut().find(|table| is_default(*table)) {
                return Ok(toml::set(table, "url", index.as_str()));
            }
            let mut table = Table::new();
            table.insert("url", toml_edit::value(index.as_str()));
            table.insert("default", toml_edit::value(true));
            list.push(table);
            Ok(true)
        }
        Some(Item::Value(toml_edit::Value::Array(list))) => {
            for item in list.iter_mut() {
                if let Some(table) = item.as_inline_table_mut()
                    && is_default(table)
                {
                    return Ok(toml::set(table, "url", index.as_str()));
                }
            }
            let mut table = toml_edit::InlineTable::new();
            table.insert("url", index.as_str().into());
            table.insert("default", true.into());
            list.push(table);
            Ok(true)
        }
        _ => Err("`index` is no list of tables"),
    }
}

/// The file to write, and the table of uv's settings in it.
fn file(draft: &Draft<'_>) -> Result<(PathBuf, Way), ConfigureError> {
    let machine = draft.machine;
    match draft.wanted.scope {
        Scope::User => Ok((draft.config_dir()?.join("uv/uv.toml"), Way::new())),
        Scope::System => match (machine.os, machine.set("PROGRAMDATA")) {
            (Os::Windows, Some(dir)) => Ok((PathBuf::from(dir).join("uv/uv.toml"), Way::new())),
            (Os::Windows, None) => draft.no_scope("set PROGRAMDATA"),
            _ => {
                // The first that is there is the only one that uv reads.
                let xdg =
                    machine.system_config_dirs().into_iter().map(|dir| dir.join("uv/uv.toml"));
                let there =
                    (machine.os == Os::Linux).then(|| xdg.into_iter().find(|file| file.is_file()));
                let file =
                    there.flatten().unwrap_or_else(|| machine.system_path("/etc/uv/uv.toml"));
                Ok((file, Way::new()))
            }
        },
        Scope::Project => {
            let own = machine.directory.join("uv.toml");
            let project = machine.directory.join("pyproject.toml");
            // Beside a `uv.toml`, what `pyproject.toml` says to uv does not count.
            if !own.is_file() && project.is_file() {
                return Ok((project, way(&["tool", "uv"])));
            }
            Ok((own, Way::new()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ConfigurableTool;
    use super::super::testing::Desk;
    use super::*;

    const FILE: &str = "home/.config/uv/uv.toml";

    fn desk() -> Desk {
        Desk::new(ConfigurableTool::Uv)
    }

    #[test]
    fn a_fresh_file_is_written() {
        let desk = desk();
        let notes = desk.configure();
        assert_eq!(
            desk.text(FILE),
            "system-certs = true\n\n[[index]]\nurl = \"https://index.example/simple/\"\ndefault = true\n"
        );
        assert!(notes.contains("update-ca-certificates"), "{notes}");
    }

    #[test]
    fn what_is_there_stays_and_the_bypass_of_the_host_goes() {
        let desk = desk().version("uv 0.13.9").file(
            FILE,
            "# ours\nnative-tls = true # old name\n# why\nallow-insecure-host = [\"index.example:443\", \"x.example\"]\n\n[[index]]\nname = \"a\"\nurl = \"https://a.example/\"\n\n# the default\n[[index]]\nurl = \"https://old.example/\" # here\ndefault = true\n\n[pip]\nallow-insecure-host = [\"index.example\"]\nno-deps = false\n",
        );
        let notes = desk.configure();
        assert_eq!(
            desk.text(FILE),
            "# ours\n# why\nallow-insecure-host = [\"x.example\"]\nsystem-certs = true\n\n[[index]]\nname = \"a\"\nurl = \"https://a.example/\"\n\n# the default\n[[index]]\nurl = \"https://index.example/simple/\" # here\ndefault = true\n\n[pip]\nno-deps = false\n"
        );
        assert!(notes.contains("took out `allow-insecure-host = index.example:443`"), "{notes}");
        assert!(notes.contains("left `allow-insecure-host`"), "{notes}");
    }

    #[test]
    fn the_key_is_that_of_the_version() {
        let desk = desk().version("uv 0.10.4");
        desk.configure();
        assert!(desk.text(FILE).starts_with("native-tls = true\n"));
    }

    #[test]
    fn an_index_that_is_named_in_the_old_way_is_replaced_there() {
        let desk = desk().file(FILE, "index-url = 'https://old.example/'\n");
        desk.configure();
        assert_eq!(
            desk.text(FILE),
            "index-url = \"https://index.example/simple/\"\nsystem-certs = true\n"
        );
    }

    #[test]
    fn a_project_has_its_settings_in_pyproject_or_in_a_file_of_their_own() {
        let desk = desk().scope(Scope::Project).file(
            "project/pyproject.toml",
            "[project]\nname = \"a\" # mine\n\n[tool.uv]\nindex = [{ url = \"https://a.example/\", default = true }]\n",
        );
        desk.configure();
        assert_eq!(
            desk.text("project/pyproject.toml"),
            "[project]\nname = \"a\" # mine\n\n[tool.uv]\nindex = [{ url = \"https://index.example/simple/\", default = true }]\nsystem-certs = true\n"
        );
        let desk = self::desk()
            .scope(Scope::Project)
            .file("project/pyproject.toml", "[project]\nname = \"a\"\n");
        desk.configure();
        assert_eq!(
            desk.text("project/pyproject.toml"),
            "[project]\nname = \"a\"\n\n[tool.uv]\nsystem-certs = true\n\n[[tool.uv.index]]\nurl = \"https://index.example/simple/\"\ndefault = true\n"
        );
        let desk = self::desk()
            .scope(Scope::Project)
            .file("project/uv.toml", "")
            .file("project/pyproject.toml", "");
        desk.configure();
        assert!(desk.text("project/uv.toml").starts_with("system-certs"));
    }
}
