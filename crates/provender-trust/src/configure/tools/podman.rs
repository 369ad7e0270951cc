//! Podman, Buildah and Skopeo: the authority in `certs.d/HOST[:PORT]/ca.crt`, and no `insecure = true` in
//! `registries.conf` (containers-certs.d(5), containers-registries.conf(5)).

use std::path::{Path, PathBuf};

use toml_edit::{Item, Table};

use super::super::draft::Draft;
use super::super::syntax::SyntaxError;
use super::super::syntax::toml::{self, Step, Way, way};
use super::super::{ConfigureError, Scope};
use super::certs_d::{copy_certificates, registry_name};
use crate::Os;

pub(super) fn plan(draft: &mut Draft<'_>) -> Result<(), ConfigureError> {
    let registry = registry_name(draft)?;
    let machine = draft.machine;
    if machine.os != Os::Linux {
        return draft.no_scope(
            "its settings are those of the virtual machine: run `podman machine ssh`, and set it up there for the system",
        );
    }
    let dir = match draft.wanted.scope {
        Scope::System => machine.system_path("/etc/containers"),
        // Not XDG_CONFIG_HOME: the library reads the home directory's alone.
        Scope::User => draft.in_home(".config/containers")?,
        Scope::Project => return draft.no_scope("set it up for the user or the system"),
    };
    if let Some(ca) = &draft.wanted.ca {
        copy_certificates(draft, ca, &dir.join("certs.d").join(&registry).join("ca.crt"))?;
    }
    let mut files = vec![dir.join("registries.conf")];
    files.extend(drop_ins(&dir.join("registries.conf.d"), "conf"));
    for file in files {
        remove_insecure(draft, &file)?;
    }
    draft.note("`--tls-verify=false` on a command line still wins over these files");
    Ok(())
}

/// The files of a folder with this ending, by name.
pub(super) fn drop_ins(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == ending) && path.is_file())
        .collect();
    files.sort();
    files
}

fn remove_insecure(draft: &mut Draft<'_>, file: &Path) -> Result<(), ConfigureError> {
    let hosts = draft.hosts.clone();
    let mut removed = Vec::new();
    draft.edit(file, |text| {
        let mut text = text.to_owned();
        // Found anew after each removal: the text has moved.
        while let Some((at, location)) = insecure(&text, |location| hosts.matches(location))? {
            let without = toml::remove(&text, &at)?;
            if without == text {
                break;
            }
            text = without;
            removed.push(format!("insecure = true` of `{location}"));
        }
        // The first version of the format.
        let old = way(&["registries", "insecure", "registries"]);
        let (text, gone) = toml::remove_strings(&text, &old, |host| hosts.matches(host))?;
        removed.extend(gone.into_iter().map(|host| format!("registries.insecure: {host}")));
        Ok(text)
    })?;
    for setting in removed {
        draft.note_removed(&setting, file);
    }
    Ok(())
}

/// The first registry or mirror that is meant and not verified.
fn insecure(
    text: &str,
    meant: impl Fn(&str) -> bool,
) -> Result<Option<(Way, String)>, SyntaxError> {
    let document = toml::parse(text)?;
    let Some(registries) = document.get("registry").and_then(Item::as_array_of_tables) else {
        return Ok(None);
    };
    let off = |table: &Table| {
        let name = ["location", "prefix"].into_iter().find_map(|key| table.get(key)?.as_str())?;
        let off = table.get("insecure").and_then(Item::as_bool) == Some(true);
        (off && meant(name)).then(|| name.to_owned())
    };
    for (index, registry) in registries.iter().enumerate() {
        let mut at = way(&["registry"]);
        at.push(Step::Index(index));
        if let Some(name) = off(registry) {
            return Ok(Some((toml::below(&at, "insecure"), name)));
        }
        let Some(mirrors) = registry.get("mirror").and_then(Item::as_array_of_tables) else {
            continue;
        };
        for (number, mirror) in mirrors.iter().enumerate() {
            if let Some(name) = off(mirror) {
                let mut at = toml::below(&at, "mirror");
                at.push(Step::Index(number));
                return Ok(Some((toml::below(&at, "insecure"), name)));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::super::ConfigurableTool;
    use super::super::testing::{CA, Desk};
    use super::*;

    #[test]
    fn the_authority_lies_in_the_folder_of_the_registry_and_the_bypass_goes() {
        let desk = Desk::new(ConfigurableTool::Podman)
            .registry("https://registry.example/")
            .file(
                "home/.config/containers/registries.conf",
                "# ours\nunqualified-search-registries = [\"registry.example\"]\n\n[[registry]]\nlocation = \"x.example\"\ninsecure = true\n[[registry.mirror]]\nlocation = \"registry.example/mirror\"\n# sorry\ninsecure = true\n",
            )
            .file(
                "home/.config/containers/registries.conf.d/a.conf",
                "[[registry]]\nprefix = \"registry.example/team\"\ninsecure = true\n",
            );
        let notes = desk.configure();
        assert!(desk.text("home/.config/containers/certs.d/registry.example/ca.crt").ends_with(CA));
        assert_eq!(
            desk.text("home/.config/containers/registries.conf"),
            "# ours\nunqualified-search-registries = [\"registry.example\"]\n\n[[registry]]\nlocation = \"x.example\"\ninsecure = true\n[[registry.mirror]]\nlocation = \"registry.example/mirror\"\n# sorry\n"
        );
        assert_eq!(
            desk.text("home/.config/containers/registries.conf.d/a.conf"),
            "[[registry]]\nprefix = \"registry.example/team\"\n"
        );
        assert_eq!(notes.matches("took out").count(), 2, "{notes}");
    }

    #[test]
    fn the_first_version_of_the_format_is_known() {
        let desk = Desk::new(ConfigurableTool::Podman)
            .scope(Scope::System)
            .registry("https://registry.example/")
            .file(
                "root/etc/containers/registries.conf",
                "[registries.insecure]\nregistries = ['registry.example', 'x.example']\n",
            );
        desk.configure();
        assert_eq!(
            desk.text("root/etc/containers/registries.conf"),
            "[registries.insecure]\nregistries = ['x.example']\n"
        );
    }
}
