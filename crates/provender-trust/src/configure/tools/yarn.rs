//! Yarn. Version 1 has `.yarnrc` and reads `.npmrc`; later ones have `.yarnrc.yml`, in which the key for authorities
//! is `caFilePath` up to 3 and `httpsCaFilePath` from 4 (Yarn's "Yarnrc files"). An unknown key is an error to them.

use std::path::PathBuf;

use super::super::draft::{Draft, path_text};
use super::super::syntax::yaml::Yaml;
use super::super::syntax::yarnrc::YarnRc;
use super::super::{ConfigureError, Scope};
use super::npm;

pub(super) fn plan(draft: &mut Draft<'_>) -> Result<(), ConfigureError> {
    let wanted = draft.wanted;
    if wanted.registry.is_none() && wanted.ca.is_none() && wanted.full_bundle.is_none() {
        let hint = "name a registry or a CA";
        return Err(ConfigureError::NothingWanted { tool: "yarn", hint });
    }
    let Some(version) = wanted.version else {
        return Err(ConfigureError::Version { tool: "yarn" });
    };
    // A file of authorities takes the place of Node's own roots in every version.
    let full = wanted.full_bundle.as_deref().map(path_text).transpose()?;
    match version.major {
        0 | 1 => classic(draft, full)?,
        2 | 3 => berry(draft, full, "caFilePath", "httpsCaFilePath")?,
        _ => berry(draft, full, "httpsCaFilePath", "caFilePath")?,
    }
    if full.is_none() {
        npm::note_extra(draft);
    }
    npm::note_node_bypass(draft);
    Ok(())
}

fn classic(draft: &mut Draft<'_>, full: Option<&str>) -> Result<(), ConfigureError> {
    let wanted = draft.wanted;
    let file = file(draft, ".yarnrc")?;
    let mut removed = false;
    let mut without_cafile = false;
    draft.edit(&file, |text| {
        let mut rc = YarnRc::parse(text)?;
        removed =
            !rc.remove(|key, value| key.ends_with("strict-ssl") && value == "false").is_empty();
        if let Some(registry) = &wanted.registry {
            rc.set("registry", registry.as_str());
        }
        match full {
            Some(full) => rc.set("cafile", full),
            None if wanted.ca.is_some() => {
                without_cafile = !rc.remove(|key, _| key == "cafile").is_empty()
            }
            None => {}
        }
        Ok(rc.into_text())
    })?;
    if removed {
        draft.note_removed("strict-ssl false", &file);
    }
    if without_cafile {
        draft.note(format!("took `cafile` out of {}: it replaces Node's roots", file.display()));
    }
    let npmrc = file.with_file_name(".npmrc");
    npm::remove_bypass(draft, &npmrc)
}

fn berry(
    draft: &mut Draft<'_>,
    full: Option<&str>,
    key: &str,
    other_key: &str,
) -> Result<(), ConfigureError> {
    let wanted = draft.wanted;
    let file = file(draft, ".yarnrc.yml")?;
    let mut removed = false;
    let mut without = Vec::new();
    draft.edit(&file, |text| {
        let mut yaml = Yaml::parse(text)?;
        removed =
            !yaml.remove(|entry| entry.key == "enableStrictSsl" && entry.is_false()).is_empty();
        if let Some(registry) = &wanted.registry {
            yaml.set("npmRegistryServer", registry.as_str());
        }
        if wanted.ca.is_some() || full.is_some() {
            let gone = |name: &str| name == other_key || (name == key && full.is_none());
            without = yaml.remove(|entry| gone(&entry.key));
        }
        if let Some(full) = full {
            yaml.set(key, full);
        }
        Ok(yaml.into_text())
    })?;
    if removed {
        draft.note_removed("enableStrictSsl: false", &file);
    }
    for entry in without {
        draft.note(format!(
            "took `{}` out of {}: another version's key, or roots in the place of Node's own",
            entry.key,
            file.display()
        ));
    }
    if wanted.registry.is_some() {
        draft.note_overriding(&["YARN_NPM_REGISTRY_SERVER"]);
    }
    Ok(())
}

fn file(draft: &Draft<'_>, name: &str) -> Result<PathBuf, ConfigureError> {
    match draft.wanted.scope {
        Scope::User => draft.in_home(name),
        Scope::Project => Ok(draft.machine.directory.join(name)),
        Scope::System => draft.no_scope("set it up for the user or the project"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::ConfigurableTool;
    use super::super::testing::Desk;
    use super::*;

    fn desk(version: &str) -> Desk {
        Desk::new(ConfigurableTool::Yarn).registry("https://npm.example/").version(version)
    }

    #[test]
    fn the_key_is_that_of_the_version() {
        for (version, file, text) in [
            (
                "1.22.22",
                "home/.yarnrc",
                "registry \"https://npm.example/\"\ncafile \"$D/full.pem\"\n",
            ),
            (
                "3.8.7",
                "home/.yarnrc.yml",
                "npmRegistryServer: \"https://npm.example/\"\ncaFilePath: $D/full.pem\n",
            ),
            (
                "4.0.0",
                "home/.yarnrc.yml",
                "npmRegistryServer: \"https://npm.example/\"\nhttpsCaFilePath: $D/full.pem\n",
            ),
        ] {
            let desk = desk(version);
            desk.configure();
            assert_eq!(desk.text(file), text);
        }
        assert!(matches!(desk("unknown").plan(), Err(ConfigureError::Version { .. })));
    }

    #[test]
    fn what_is_there_stays_and_the_bypass_goes() {
        let desk = desk("4.5.0").scope(Scope::Project).file(
            "project/.yarnrc.yml",
            "# ours\nenableStrictSsl: false # sorry\n\ncaFilePath: /old.pem\nnpmScopes:\n  ours:\n    npmRegistryServer: https://x.example/\nnodeLinker: node-modules\n",
        );
        let notes = desk.configure();
        assert_eq!(
            desk.text("project/.yarnrc.yml"),
            "# ours\n\nnpmScopes:\n  ours:\n    npmRegistryServer: https://x.example/\nnodeLinker: node-modules\nnpmRegistryServer: \"https://npm.example/\"\nhttpsCaFilePath: $D/full.pem\n"
        );
        assert!(
            notes.contains("took out `enableStrictSsl: false`")
                && notes.contains("took `caFilePath` out"),
            "{notes}"
        );
    }

    #[test]
    fn the_first_version_reads_npms_file_too() {
        let desk = desk("1.22.22")
            .without_full_bundle()
            .file("home/.yarnrc", "# yarn lockfile v1\n\n\nstrict-ssl false\ncafile \"/old.pem\"\nlastUpdateCheck 1\n")
            .file("home/.npmrc", "strict-ssl=false\nfund=false\n");
        let notes = desk.configure();
        assert_eq!(
            desk.text("home/.yarnrc"),
            "# yarn lockfile v1\n\n\nlastUpdateCheck 1\nregistry \"https://npm.example/\"\n"
        );
        assert_eq!(desk.text("home/.npmrc"), "fund=false\n");
        assert!(notes.contains("NODE_EXTRA_CA_CERTS"), "{notes}");
    }
}
