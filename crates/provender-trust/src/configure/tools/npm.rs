//! npm and pnpm: `registry` in `.npmrc`, and no `strict-ssl=false` (npm's "config", pnpm's "Auth & Registry Settings").
//!
//! Their one setting for authorities, `cafile`, takes the place of Node's own roots and cancels `NODE_EXTRA_CA_CERTS`;
//! with pnpm it is not reliable. So npm gets it only as a full bundle, and pnpm never.

use std::path::{Path, PathBuf};

use super::super::draft::{Draft, path_text};
use super::super::syntax::ini::{Flavour, Ini};
use super::super::{ConfigurableTool, ConfigureError, Scope};
use super::is_off;

pub(super) fn plan(draft: &mut Draft<'_>) -> Result<(), ConfigureError> {
    let wanted = draft.wanted;
    let tool = draft.tool.name();
    if wanted.registry.is_none() && wanted.ca.is_none() && wanted.full_bundle.is_none() {
        let hint = "name a registry or a CA";
        return Err(ConfigureError::NothingWanted { tool, hint });
    }
    let file = file(draft)?;
    let full = match draft.tool {
        ConfigurableTool::Npm => wanted.full_bundle.as_deref().map(path_text).transpose()?,
        _ => None,
    };
    let mut without_cafile = false;
    let mut credentials = false;
    draft.edit(&file, |text| {
        let mut ini = Ini::parse(text, Flavour::Npm)?;
        if let Some(registry) = &wanted.registry {
            ini.set(None, "registry", registry.as_str());
        }
        match full {
            Some(full) => ini.set(None, "cafile", full),
            None if wanted.ca.is_some() => {
                without_cafile = !ini.remove(|entry| entry.key == "cafile").is_empty();
            }
            None => {}
        }
        credentials = ini.entries().iter().any(|entry| {
            (entry.key.ends_with(":_authToken") || entry.key.ends_with(":_password"))
                && !entry.value.starts_with("${")
        });
        Ok(ini.into_text())
    })?;
    remove_bypass(draft, &file)?;
    if without_cafile {
        draft.note(format!(
            "took `cafile` out of {}: it replaces Node's roots and cancels NODE_EXTRA_CA_CERTS",
            file.display()
        ));
    }
    if full.is_none() {
        note_extra(draft);
    }
    if credentials {
        draft.note(format!(
            "{} holds a token in clear: `${{NPM_TOKEN}}` in its place takes it from the environment",
            file.display()
        ));
    }
    if wanted.registry.is_some() {
        draft.note_overriding(&["npm_config_registry", "NPM_CONFIG_REGISTRY"]);
    }
    draft.note_overriding(&["npm_config_cafile", "NPM_CONFIG_CAFILE"]);
    note_node_bypass(draft);
    Ok(())
}

/// Takes `strict-ssl=false` out of a `.npmrc`.
pub(super) fn remove_bypass(draft: &mut Draft<'_>, file: &Path) -> Result<(), ConfigureError> {
    let mut removed = false;
    draft.edit(file, |text| {
        let mut ini = Ini::parse(text, Flavour::Npm)?;
        removed =
            !ini.remove(|entry| entry.key == "strict-ssl" && entry.value == "false").is_empty();
        Ok(ini.into_text())
    })?;
    if removed {
        draft.note_removed("strict-ssl=false", file);
    }
    Ok(())
}

/// Says that the authority comes by a variable.
pub(super) fn note_extra(draft: &mut Draft<'_>) {
    if let Some(ca) = &draft.wanted.ca
        && draft.machine.set("NODE_EXTRA_CA_CERTS").map(Path::new) != Some(ca)
    {
        draft.note(format!(
            "Node takes a further authority from the environment: set NODE_EXTRA_CA_CERTS={} (`provender env` does)",
            ca.display()
        ));
    }
}

/// Says which variables switch verification off for Node and what runs on it.
pub(super) fn note_node_bypass(draft: &mut Draft<'_>) {
    draft.note_bypass(&[
        ("NODE_TLS_REJECT_UNAUTHORIZED", |value| value == "0"),
        ("npm_config_strict_ssl", is_off),
        ("NPM_CONFIG_STRICT_SSL", is_off),
        ("YARN_ENABLE_STRICT_SSL", is_off),
    ]);
}

fn file(draft: &Draft<'_>) -> Result<PathBuf, ConfigureError> {
    let machine = draft.machine;
    match draft.wanted.scope {
        Scope::Project => Ok(machine.directory.join(".npmrc")),
        Scope::User => match machine.first_set(&["npm_config_userconfig", "NPM_CONFIG_USERCONFIG"]) {
            Some((_, file)) => Ok(machine.path(file)),
            None => draft.in_home(".npmrc"),
        },
        Scope::System => match machine.first_set(&["npm_config_globalconfig", "NPM_CONFIG_GLOBALCONFIG"]) {
            Some((_, file)) => Ok(machine.path(file)),
            None => draft.no_scope(
                "its place depends on how npm was installed: set npm_config_globalconfig to what `npm config get \
                 globalconfig` prints",
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Desk;
    use super::*;

    const FILE: &str = "home/.npmrc";

    fn desk(tool: ConfigurableTool) -> Desk {
        Desk::new(tool).registry("https://npm.example/")
    }

    #[test]
    fn npm_gets_a_full_bundle_and_pnpm_none() {
        let npm = desk(ConfigurableTool::Npm);
        npm.configure();
        assert_eq!(npm.text(FILE), "registry=https://npm.example/\ncafile=$D/full.pem\n");
        let pnpm = desk(ConfigurableTool::Pnpm);
        let notes = pnpm.configure();
        assert_eq!(pnpm.text(FILE), "registry=https://npm.example/\n");
        assert!(notes.contains("NODE_EXTRA_CA_CERTS=$D/ca.pem"), "{notes}");
    }

    #[test]
    fn without_a_full_bundle_the_variable_adds_and_no_cafile_cancels_it() {
        let desk = desk(ConfigurableTool::Npm).without_full_bundle().file(
            FILE,
            "; ours\n//npm.example/:_authToken=t0ps3cret\nstrict-ssl = false\ncafile=/old.pem\nfund=false\n",
        );
        assert!(!desk.plan().unwrap().diff().contains("t0ps3cret"));
        let notes = desk.configure();
        assert_eq!(
            desk.text(FILE),
            "; ours\n//npm.example/:_authToken=t0ps3cret\nfund=false\nregistry=https://npm.example/\n"
        );
        for part in [
            "took out `strict-ssl=false`",
            "took `cafile` out",
            "NODE_EXTRA_CA_CERTS=",
            "token in clear",
        ] {
            assert!(notes.contains(part), "{part}: {notes}");
        }
    }

    #[test]
    fn variables_that_win_are_named() {
        let notes = desk(ConfigurableTool::Npm)
            .variable("NODE_TLS_REJECT_UNAUTHORIZED", "0")
            .variable("npm_config_registry", "https://x.example/")
            .configure();
        assert!(
            notes.contains("NODE_TLS_REJECT_UNAUTHORIZED in")
                && notes.contains("npm_config_registry is"),
            "{notes}"
        );
    }

    #[test]
    fn the_systems_file_is_the_one_that_npm_names() {
        let desk = desk(ConfigurableTool::Npm).scope(Scope::System);
        assert!(matches!(desk.plan(), Err(ConfigureError::Scope { .. })));
        let file = desk.path("root/etc/npmrc");
        let desk = desk.variable("npm_config_globalconfig", file.to_str().unwrap());
        desk.configure();
        assert!(desk.text("root/etc/npmrc").starts_with("registry="));
    }
}
