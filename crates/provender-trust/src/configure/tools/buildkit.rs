//! BuildKit: `[registry."HOST"] ca = [...]` in `buildkitd.toml`, without `insecure` and `http` (BuildKit's
//! `buildkitd.toml.md`).

use std::path::PathBuf;

use toml_edit::Item;

use super::super::draft::{Draft, path_text};
use super::super::syntax::toml::{self, below, way};
use super::super::{ConfigureError, Scope};
use super::certs_d::registry_name;

pub(super) fn plan(draft: &mut Draft<'_>) -> Result<(), ConfigureError> {
    let registry = registry_name(draft)?;
    let ca = draft.wanted.ca.as_deref().map(path_text).transpose()?;
    let file = file(draft)?;
    let mut removed = Vec::new();
    draft.edit(&file, |text| {
        let mut text = text.to_owned();
        for key in ["insecure", "http"] {
            let at = below(&way(&["registry", &registry]), key);
            if toml::get(toml::parse(&text)?.as_table(), &at).and_then(Item::as_bool) == Some(true)
            {
                text = toml::remove(&text, &at)?;
                removed.push(key);
            }
        }
        let Some(ca) = ca else { return Ok(text) };
        toml::edit(&text, |document| {
            let registries = toml::table(document.as_table_mut(), "registry")?;
            toml::add(toml::table(registries, &registry)?, "ca", ca)
        })
    })?;
    for key in removed {
        draft.note_removed(&format!("registry.\"{registry}\".{key} = true"), &file);
    }
    match draft.wanted.scope {
        Scope::User => draft.note(
            "buildx copies this into a builder when it makes one: make yours anew (`docker buildx rm`, `docker buildx \
             create`); the builder within the Docker daemon has the daemon's settings",
        ),
        Scope::System | Scope::Project => draft.note("buildkitd reads this when it starts: restart it"),
    }
    Ok(())
}

fn file(draft: &Draft<'_>) -> Result<PathBuf, ConfigureError> {
    let machine = draft.machine;
    match draft.wanted.scope {
        Scope::System => Ok(machine.system_path("/etc/buildkit/buildkitd.toml")),
        Scope::User => {
            const DEFAULT: &str = "buildkitd.default.toml";
            if let Some(dir) = machine.set("BUILDX_CONFIG") {
                return Ok(machine.path(dir).join(DEFAULT));
            }
            match machine.set("DOCKER_CONFIG") {
                Some(dir) => Ok(machine.path(dir).join("buildx").join(DEFAULT)),
                None => Ok(draft.in_home(".docker/buildx")?.join(DEFAULT)),
            }
        }
        Scope::Project => {
            draft.no_scope("a builder serves all projects: set it up for the user or the system")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ConfigurableTool;
    use super::super::testing::Desk;
    use super::*;

    fn desk() -> Desk {
        Desk::new(ConfigurableTool::BuildKit).registry("https://registry.example:5000")
    }

    #[test]
    fn a_fresh_file_is_written() {
        let desk = desk();
        desk.configure();
        assert_eq!(
            desk.text("home/.docker/buildx/buildkitd.default.toml"),
            "[registry.\"registry.example:5000\"]\nca = [\"$D/ca.pem\"]\n"
        );
    }

    #[test]
    fn what_is_there_stays_and_the_bypass_goes() {
        let desk = desk().scope(Scope::System).file(
            "root/etc/buildkit/buildkitd.toml",
            "debug = true\n\n# ours\n[registry.\"registry.example:5000\"]\n  http = true\n  insecure = true # sorry\n  ca = [\"/other.pem\"]\n[registry.\"x.example\"]\n  insecure = true\n",
        );
        let notes = desk.configure();
        assert_eq!(
            desk.text("root/etc/buildkit/buildkitd.toml"),
            "debug = true\n\n# ours\n[registry.\"registry.example:5000\"]\n  ca = [\"/other.pem\", \"$D/ca.pem\"]\n[registry.\"x.example\"]\n  insecure = true\n"
        );
        assert!(notes.contains(".insecure = true`") && notes.contains(".http = true`"), "{notes}");
    }
}
