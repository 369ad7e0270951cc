//! pip: `index-url` and `cert` in `pip.conf` (pip's "Configuration" page).

use std::path::{Path, PathBuf};

use super::super::draft::{Draft, path_text};
use super::super::syntax::ini::{Flavour, Ini};
use super::super::{ConfigureError, Scope};
use super::is_on;
use crate::Os;

const GLOBAL: Option<&str> = Some("global");

pub(super) fn plan(draft: &mut Draft<'_>) -> Result<(), ConfigureError> {
    let wanted = draft.wanted;
    if wanted.index.is_none() && wanted.ca.is_none() && wanted.full_bundle.is_none() {
        let hint = "name an index or a CA";
        return Err(ConfigureError::NothingWanted { tool: "pip", hint });
    }
    let (file, others) = files(draft)?;
    let cert = cert(draft, &file)?;
    let hosts = draft.hosts.clone();
    let mut removed = Vec::new();
    let mut remarks = Vec::new();
    draft.edit(&file, |text| {
        let mut ini = Ini::parse(text, Flavour::Pip)?;
        removed = ini.remove_words("trusted-host", |host| hosts.matches(host));
        if let Some(index) = &wanted.index {
            set_index(&mut ini, index.as_str(), &mut remarks);
        }
        if let Some(cert) = &cert {
            ini.set(GLOBAL, "cert", cert);
        }
        for entry in ini.entries() {
            let section = entry.section.as_deref().unwrap_or_default();
            match entry.key.as_str() {
                "trusted-host" => remarks.push(format!(
                    "left `trusted-host` for other hosts in {}: nothing that comes from them is verified",
                    file.display()
                )),
                "extra-index-url" => remarks.push(format!(
                    "`extra-index-url` in [{section}] of {} has no priority: the highest version of any index wins, \
                     so a stranger can publish a name of yours there",
                    file.display()
                )),
                "index-url" | "cert" if section != "global" => remarks.push(format!(
                    "`{}` in [{section}] of {} wins over [global] for `pip {section}`",
                    entry.key,
                    file.display()
                )),
                _ => {}
            }
        }
        Ok(ini.into_text())
    })?;
    for host in removed {
        draft.note_removed(&format!("trusted-host = {host}"), &file);
    }
    remarks.into_iter().for_each(|remark| draft.note(remark));
    for other in others {
        note_other_file(draft, &other)?;
    }
    draft.note_overriding(&["PIP_CONFIG_FILE"]);
    if wanted.index.is_some() {
        draft.note_overriding(&["PIP_INDEX_URL"]);
    }
    if cert.is_some() {
        draft.note_overriding(&["PIP_CERT"]);
    }
    draft.note_bypass(&[("PIP_TRUSTED_HOST", is_on)]);
    Ok(())
}

/// Sets the index, except where it stands there with credentials: they are not ours to throw away.
fn set_index(ini: &mut Ini, index: &str, remarks: &mut Vec<String>) {
    let old = ini.get(GLOBAL, "index-url").unwrap_or_default();
    if old != index && provender_core::redact::without_userinfo(&old) == index {
        remarks.push(
            "`index-url` holds credentials in clear; it was left as it is: move them to ~/.netrc or a keyring, and \
             run this again"
                .to_owned(),
        );
        return;
    }
    ini.set(GLOBAL, "index-url", index);
}

/// What `cert` should be. From 24.2 on Python 3.10 pip adds it to the system's store and certifi; before, and with
/// `use-deprecated = legacy-certs`, it is all that pip trusts.
fn cert(draft: &Draft<'_>, file: &Path) -> Result<Option<String>, ConfigureError> {
    let legacy = |text: &str| text.contains("legacy-certs");
    let adds = draft
        .wanted
        .version
        .is_some_and(|v| v.at_least(24, 2) && v.python.is_some_and(|python| python >= (3, 10)))
        && !draft.machine.set("PIP_USE_DEPRECATED").is_some_and(legacy)
        && !draft.read(file)?.as_deref().is_some_and(legacy);
    let path = match (adds, &draft.wanted.ca) {
        (true, Some(ca)) => Some(ca.as_path()),
        _ => draft.full_bundle("`cert`", " unless pip is 24.2 or later on Python 3.10 or later")?,
    };
    path.map(|path| path_text(path).map(str::to_owned)).transpose()
}

/// The file to write, and the others that pip reads.
fn files(draft: &Draft<'_>) -> Result<(PathBuf, Vec<PathBuf>), ConfigureError> {
    let machine = draft.machine;
    let name = if machine.os == Os::Windows { "pip.ini" } else { "pip.conf" };
    let user = match machine.os {
        Os::MacOs => {
            machine.application_support().map(|dir| dir.join("pip")).filter(|dir| dir.is_dir())
        }
        Os::Linux | Os::Windows => None,
    };
    let user =
        user.or_else(|| machine.config_dir().map(|dir| dir.join("pip"))).map(|dir| dir.join(name));
    let legacy = match machine.os {
        Os::Windows => machine.in_home("pip/pip.ini"),
        Os::Linux | Os::MacOs => machine.in_home(".pip/pip.conf"),
    };
    let system = match machine.os {
        Os::Linux => Some(machine.system_path("/etc/pip.conf")),
        Os::MacOs => Some(machine.system_path("/Library/Application Support/pip/pip.conf")),
        Os::Windows => machine.set("PROGRAMDATA").map(|dir| PathBuf::from(dir).join("pip/pip.ini")),
    };
    // The environment of the Python that is meant, the one that is active, the project's own.
    let of_python = machine.python.as_deref().and_then(|python| python.parent()?.parent());
    let environments = [
        of_python.map(Path::to_owned),
        machine.set("VIRTUAL_ENV").map(PathBuf::from),
        Some(machine.directory.join(".venv")),
    ];
    let site = environments.into_iter().flatten().find(|dir| dir.join("pyvenv.cfg").is_file());
    let site = site.map(|dir| dir.join(name));
    let chosen = match draft.wanted.scope {
        Scope::User => {
            user.clone().ok_or(ConfigureError::NoFolder { what: "the home directory" })?
        }
        Scope::System => match system.clone() {
            Some(system) => system,
            None => return draft.no_scope("set PROGRAMDATA"),
        },
        Scope::Project => match site.clone() {
            Some(site) => site,
            None => {
                return draft.no_scope(
                    "pip has settings for an environment, not for a project: activate the project's environment first",
                );
            }
        },
    };
    let others =
        [user, legacy, system, site].into_iter().flatten().filter(|file| *file != chosen).collect();
    Ok((chosen, others))
}

/// Says what a file that is not written does to the settings. One that is no INI is pip's to complain about.
fn note_other_file(draft: &mut Draft<'_>, file: &Path) -> Result<(), ConfigureError> {
    let Some(text) = draft.read(file)? else { return Ok(()) };
    let Ok(ini) = Ini::parse(&text, Flavour::Pip) else { return Ok(()) };
    let entries = ini.entries();
    let bypass = entries
        .iter()
        .filter(|entry| entry.key == "trusted-host")
        .flat_map(|entry| entry.value.split_whitespace())
        .any(|host| draft.hosts.matches(host));
    if bypass {
        draft.note(format!(
            "`trusted-host` in {} still switches verification off: run this again for its scope, or take it out",
            file.display()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::Desk;
    use super::super::{ConfigurableTool, ConfigureError};
    use super::*;

    const CONF: &str = "home/.config/pip/pip.conf";

    fn desk() -> Desk {
        Desk::new(ConfigurableTool::Pip)
    }

    #[test]
    fn a_fresh_file_is_written() {
        let desk = desk();
        assert_eq!(desk.configure(), "");
        assert_eq!(
            desk.text(CONF),
            "[global]\nindex-url = https://index.example/simple/\ncert = $D/full.pem\n"
        );
    }

    #[test]
    fn what_is_there_stays_and_the_bypass_of_the_host_goes() {
        let desk = desk().file(
            CONF,
            "# ours\n[global]\ntimeout = 60\ntrusted-host =\n    index.example\n    other.example\n[install]\n; why\nextra-index-url = https://x.example/\n",
        );
        let notes = desk.configure();
        assert_eq!(
            desk.text(CONF),
            "# ours\n[global]\ntimeout = 60\ntrusted-host =\n    other.example\nindex-url = https://index.example/simple/\ncert = $D/full.pem\n[install]\n; why\nextra-index-url = https://x.example/\n"
        );
        assert!(notes.contains("took out `trusted-host = index.example`"), "{notes}");
        assert!(notes.contains("left `trusted-host` for other hosts"), "{notes}");
        assert!(notes.contains("`extra-index-url` in [install]"), "{notes}");
    }

    #[test]
    fn for_an_authority_alone_every_bypass_goes() {
        let mut desk = desk().file(CONF, "[global]\ntrusted-host = a.example b.example\n");
        desk.wanted.index = None;
        desk.configure();
        assert_eq!(desk.text(CONF), "[global]\ncert = $D/full.pem\n");
    }

    #[test]
    fn the_authority_alone_is_enough_from_24_2_on_python_3_10() {
        let of = |printed| desk().version(printed).without_full_bundle();
        let new = of("pip 24.2 from /x (python 3.10)");
        new.configure();
        assert!(new.text(CONF).ends_with("cert = $D/ca.pem\n"));
        let legacy = of("pip 26.0 (python 3.12)").variable("PIP_USE_DEPRECATED", "legacy-certs");
        assert!(matches!(legacy.plan(), Err(ConfigureError::FullBundle { .. })));
        for old in ["pip 24.1 from /x (python 3.12)", "pip 24.2 from /x (python 3.9)", "pip 26.0"] {
            assert!(matches!(of(old).plan(), Err(ConfigureError::FullBundle { .. })), "{old}");
        }
    }

    #[test]
    fn a_project_has_the_file_of_its_environment() {
        let desk = desk().scope(Scope::Project);
        assert!(matches!(desk.plan(), Err(ConfigureError::Scope { .. })));
        let desk = desk.file("project/.venv/pyvenv.cfg", "");
        desk.configure();
        assert!(desk.text("project/.venv/pip.conf").starts_with("[global]\n"));
    }

    #[test]
    fn other_files_and_variables_that_win_are_named() {
        let desk = desk()
            .file("root/etc/pip.conf", "[global]\ntrusted-host = index.example\n")
            .variable("PIP_TRUSTED_HOST", "index.example")
            .variable("PIP_INDEX_URL", "https://x.example/");
        let notes = desk.configure();
        for part in [
            "$D/root/etc/pip.conf still",
            "PIP_TRUSTED_HOST in the environment",
            "PIP_INDEX_URL is set",
        ] {
            assert!(notes.contains(part), "{part}: {notes}");
        }
    }

    #[test]
    fn credentials_are_neither_written_nor_thrown_away() {
        let desk =
            desk().file(CONF, "[global]\nindex-url = https://ann:s3cret@index.example/simple/\n");
        let diff = desk.plan().unwrap().diff();
        assert!(!diff.contains("s3cret"), "{diff}");
        assert!(desk.configure().contains("holds credentials in clear"));
        assert!(desk.text(CONF).contains("ann:s3cret@"));
        let mut desk = self::desk();
        desk.wanted.index =
            Some(url::Url::parse("https://ann:s3cret@index.example/simple/").unwrap());
        let error = desk.plan().unwrap_err();
        assert!(!error.to_string().contains("s3cret") && error.hint().contains("netrc"), "{error}");
    }

    #[test]
    fn a_malformed_file_is_an_error_with_its_line() {
        let desk = desk().file(CONF, "[global]\nnonsense\n");
        let diagnostic = desk.plan().unwrap_err().diagnostic();
        assert_eq!(diagnostic.place.and_then(|place| place.line), Some(2));
    }

    #[test]
    fn an_index_without_tls_is_refused_except_on_this_machine() {
        let mut desk = desk();
        desk.wanted.index = Some(url::Url::parse("http://index.example/simple/").unwrap());
        assert!(matches!(desk.plan(), Err(ConfigureError::PlainHttp { .. })));
        desk.wanted.index = Some(url::Url::parse("http://127.0.0.1:8080/simple/").unwrap());
        desk.configure();
    }
}
