//! conda: `ssl_verify` in `.condarc` (conda's "Using the .condarc conda configuration file").

use std::path::PathBuf;

use super::super::draft::{Draft, path_text};
use super::super::syntax::yaml::Yaml;
use super::super::{ConfigureError, Scope};
use super::is_off;
use crate::Os;

/// The names that conda takes for the one setting.
const NAMES: [&str; 2] = ["ssl_verify", "verify_ssl"];

pub(super) fn plan(draft: &mut Draft<'_>) -> Result<(), ConfigureError> {
    let wanted = draft.wanted;
    if wanted.index.is_some() {
        draft.note(
            "conda installs from channels; the pip within its environments has pip's own settings",
        );
    }
    // A full bundle works with every version; the system's store from 23.9.
    let truststore = wanted.version.is_some_and(|version| version.at_least(23, 9));
    let value = match (&wanted.full_bundle, &wanted.ca) {
        (None, None) => {
            let hint = "name a CA: conda does not install from a Python index";
            return Err(ConfigureError::NothingWanted { tool: "conda", hint });
        }
        (None, Some(_)) if truststore => {
            draft.note_system_store();
            "truststore"
        }
        _ => match draft.full_bundle("`ssl_verify`", " unless conda is 23.9 or later")? {
            Some(full) => path_text(full)?,
            None => return Ok(()),
        },
    };
    let file = file(draft)?;
    let mut removed = false;
    draft.edit(&file, |text| {
        let mut yaml = Yaml::parse(text)?;
        removed = yaml
            .entries()
            .iter()
            .any(|entry| NAMES.contains(&entry.key.as_str()) && entry.is_false());
        yaml.remove(|entry| entry.key == NAMES[1]);
        yaml.set(NAMES[0], value);
        Ok(yaml.into_text())
    })?;
    if removed {
        draft.note_removed("ssl_verify: false", &file);
    }
    draft.note_bypass(&[("CONDA_SSL_VERIFY", is_off)]);
    if draft.machine.set("CONDA_SSL_VERIFY").is_some_and(|value| !is_off(value)) {
        draft.note_overriding(&["CONDA_SSL_VERIFY"]);
    }
    draft.note_overriding(&["REQUESTS_CA_BUNDLE"]);
    Ok(())
}

fn file(draft: &Draft<'_>) -> Result<PathBuf, ConfigureError> {
    let machine = draft.machine;
    if let Some(file) = machine.set("CONDARC") {
        return Ok(machine.path(file));
    }
    match draft.wanted.scope {
        Scope::User => draft.in_home(".condarc"),
        Scope::System if machine.os == Os::Windows => match machine.set("PROGRAMDATA") {
            Some(dir) => Ok(PathBuf::from(dir).join("conda/.condarc")),
            None => draft.no_scope("set PROGRAMDATA"),
        },
        Scope::System => Ok(machine.system_path("/etc/conda/.condarc")),
        Scope::Project => {
            draft.no_scope("conda reads no file of a project: set it up for the user")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Desk;
    use super::super::{ConfigurableTool, ConfigureError};

    const FILE: &str = "home/.condarc";

    fn desk() -> Desk {
        Desk::new(ConfigurableTool::Conda)
    }

    #[test]
    fn a_fresh_file_is_written() {
        let desk = desk();
        desk.configure();
        assert_eq!(desk.text(FILE), "ssl_verify: $D/full.pem\n");
    }

    #[test]
    fn what_is_there_stays_and_the_bypass_goes() {
        let desk = desk().version("conda 23.9.0").without_full_bundle().file(
            FILE,
            "# ours\nchannels:\n  - conda-forge\nverify_ssl: no\nssl_verify: False  # sorry\nauto_activate_base: false\n",
        );
        let notes = desk.configure();
        assert_eq!(
            desk.text(FILE),
            "# ours\nchannels:\n  - conda-forge\nssl_verify: truststore  # sorry\nauto_activate_base: false\n"
        );
        assert!(
            notes.contains("took out `ssl_verify: false`")
                && notes.contains("update-ca-certificates"),
            "{notes}"
        );
    }

    #[test]
    fn an_older_conda_needs_a_full_bundle() {
        let desk = desk().version("conda 23.8.1").without_full_bundle();
        assert!(matches!(desk.plan(), Err(ConfigureError::FullBundle { .. })));
    }
}
