//! apt: `Acquire::https::CAInfo`, for one host or for all (apt-transport-https(1)).
//!
//! The form for one host is `Acquire::https::HOST::CAInfo`; the manual page has host and option the other way round,
//! which apt 2.6 does not read.

use std::path::Path;

use super::super::draft::{Draft, path_text};
use super::super::syntax::apt_conf;
use super::super::{ConfigureError, Scope};
use super::podman::drop_ins;

/// The file that doctor names too.
const OURS: &str = "/etc/apt/apt.conf.d/90-provender-ca.conf";

pub(super) fn plan(draft: &mut Draft<'_>) -> Result<(), ConfigureError> {
    let wanted = draft.wanted;
    if wanted.scope != Scope::System {
        return draft.no_scope("apt is set up for the system: name that scope");
    }
    let host = wanted.registry.as_ref().and_then(|url| url.host_str());
    let bundle = match host {
        Some(_) => draft.either_bundle(),
        None => draft.full_bundle("`Acquire::https::CAInfo`", " unless one repository is named")?,
    };
    let Some(bundle) = bundle else {
        let hint = "name a CA: apt does not install from a Python index";
        return Err(ConfigureError::NothingWanted { tool: "apt", hint });
    };
    if path_text(bundle)?.contains('"') {
        return Err(ConfigureError::Path {
            path: bundle.to_owned(),
            why: "apt knows no quotes within quotes",
        });
    }
    let name = match host {
        Some(host) => format!("Acquire::https::{host}::CAInfo"),
        None => "Acquire::https::CAInfo".to_owned(),
    };
    let text = path_text(bundle)?;
    let ours = draft.machine.system_path(OURS);
    draft.edit(&ours, |conf| apt_conf::set(conf, &name, text))?;
    let dir = draft.machine.system_path("/etc/apt/apt.conf.d");
    let mut files = drop_ins_of_apt(&dir);
    files.push(draft.machine.system_path("/etc/apt/apt.conf"));
    for file in files {
        remove_bypass(draft, &file)?;
        if file != ours {
            note_other_setting(draft, &file, &name)?;
        }
    }
    draft.note(format!(
        "the user `_apt` reads {text}: it and its folders have to be readable for everybody"
    ));
    note_unsigned(draft)?;
    Ok(())
}

/// apt reads files without an ending and those that end in `.conf`.
fn drop_ins_of_apt(dir: &Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_none_or(|e| e == "conf") && path.is_file())
        .collect();
    files.sort();
    files
}

/// The host of `acquire::https::HOST::OPTION`; none where the option is for all hosts, or is another one.
fn https_option<'a>(name: &'a str, option: &str) -> Option<Option<&'a str>> {
    let rest = name.strip_prefix("acquire::https::")?;
    if rest == option {
        return Some(None);
    }
    rest.strip_suffix(option)?.strip_suffix("::").map(Some)
}

fn remove_bypass(draft: &mut Draft<'_>, file: &Path) -> Result<(), ConfigureError> {
    let hosts = draft.hosts.clone();
    let (mut removed, mut left) = (Vec::new(), Vec::new());
    draft.edit(file, |text| {
        let off = |entry: &apt_conf::Entry| {
            let host =
                ["verify-peer", "verify-host"].iter().find_map(|o| https_option(&entry.name, o))?;
            entry.is_false().then(|| host.is_none_or(|host| hosts.matches(host)))
        };
        let (text, gone) = apt_conf::remove(text, |entry| off(entry) == Some(true))?;
        removed = gone;
        left = apt_conf::entries(&text)?.into_iter().filter(|entry| off(entry).is_some()).collect();
        Ok(text)
    })?;
    for entry in removed {
        draft.note_removed(&format!("{} \"{}\"", entry.written, entry.value), file);
    }
    for entry in left {
        draft.note_left(&format!("{} \"{}\"", entry.written, entry.value), file);
    }
    Ok(())
}

/// Says that another file sets the same option.
fn note_other_setting(
    draft: &mut Draft<'_>,
    file: &Path,
    name: &str,
) -> Result<(), ConfigureError> {
    let Some(text) = draft.read(file)? else { return Ok(()) };
    let entries = apt_conf::entries(&text).unwrap_or_default();
    if entries.iter().any(|entry| entry.name.eq_ignore_ascii_case(name)) {
        draft.note(format!(
            "{} sets {name} too: the file that comes last by name wins, and apt.conf over all",
            file.display()
        ));
    }
    Ok(())
}

/// Says which sources are taken unsigned, which is worse than unverified TLS.
fn note_unsigned(draft: &mut Draft<'_>) -> Result<(), ConfigureError> {
    let dir = draft.machine.system_path("/etc/apt/sources.list.d");
    let mut files = vec![draft.machine.system_path("/etc/apt/sources.list")];
    files.extend(drop_ins(&dir, "list"));
    files.extend(drop_ins(&dir, "sources"));
    for file in files {
        let Some(text) = draft.read(&file)? else { continue };
        for (index, line) in
            text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with('#'))
        {
            let line = line.to_lowercase().replace(' ', "");
            if line.contains("trusted=yes") || line.starts_with("trusted:yes") {
                draft.note(format!(
                    "{}:{} takes packages without a signature (trusted=yes), which no TLS setting mends: name the \
                     repository's key with signed-by",
                    file.display(),
                    index + 1
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::ConfigurableTool;
    use super::super::testing::Desk;
    use super::*;

    const FILE: &str = "root/etc/apt/apt.conf.d/90-provender-ca.conf";

    fn desk() -> Desk {
        Desk::new(ConfigurableTool::Apt).scope(Scope::System)
    }

    #[test]
    fn a_fresh_file_is_written_for_one_host_or_for_all() {
        let all = desk();
        all.configure();
        assert_eq!(all.text(FILE), "Acquire::https::CAInfo \"$D/full.pem\";\n");
        let one = desk().without_full_bundle().registry("https://apt.example:8443/debian");
        one.configure();
        assert_eq!(one.text(FILE), "Acquire::https::apt.example::CAInfo \"$D/ca.pem\";\n");
    }

    #[test]
    fn what_is_there_stays_and_the_bypass_of_the_host_goes() {
        let desk = desk()
            .registry("https://apt.example/")
            .file(FILE, "// ours\nAcquire::https::apt.example::CAInfo \"/old.pem\"; // here\n")
            .file(
                "root/etc/apt/apt.conf.d/10proxy",
                "Acquire {\n  https {\n    Verify-Peer \"false\"; // sorry\n    Proxy \"http://p.example:3128\";\n    x.example { Verify-Peer \"false\"; };\n  };\n};\n",
            )
            .file("root/etc/apt/apt.conf", "Acquire::https::apt.example::Verify-Host \"no\";\nAPT::Install-Recommends \"0\";\n")
            .file("root/etc/apt/sources.list", "deb [trusted=yes] https://apt.example/ ./\n");
        let notes = desk.configure();
        assert_eq!(
            desk.text(FILE),
            "// ours\nAcquire::https::apt.example::CAInfo \"$D/full.pem\"; // here\n"
        );
        assert_eq!(
            desk.text("root/etc/apt/apt.conf.d/10proxy"),
            "Acquire {\n  https {\n    Proxy \"http://p.example:3128\";\n    x.example { Verify-Peer \"false\"; };\n  };\n};\n"
        );
        assert_eq!(desk.text("root/etc/apt/apt.conf"), "APT::Install-Recommends \"0\";\n");
        assert_eq!(notes.matches("took out").count(), 2, "{notes}");
        assert!(
            notes.contains("left `Verify-Peer \"false\"`")
                && notes.contains("sources.list:1 takes"),
            "{notes}"
        );
    }

    #[test]
    fn apt_is_set_up_for_the_system_only() {
        assert!(matches!(
            Desk::new(ConfigurableTool::Apt).plan(),
            Err(ConfigureError::Scope { .. })
        ));
    }
}
