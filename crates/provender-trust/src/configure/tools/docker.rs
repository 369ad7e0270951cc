//! The Docker daemon: the authority of a registry in `certs.d/HOST[:PORT]/ca.crt`, beside the system's store, and no
//! `insecure-registries` in `daemon.json` (Docker's "Verify repository client with certificates" and "dockerd").

use std::path::PathBuf;

use super::super::draft::Draft;
use super::super::syntax::json;
use super::super::{ConfigureError, Scope};
use super::certs_d::{copy_certificates, registry_name};
use crate::Os;

pub(super) fn plan(draft: &mut Draft<'_>) -> Result<(), ConfigureError> {
    let registry = registry_name(draft)?;
    let (daemon_json, certs_d) = files(draft)?;
    if let Some(ca) = &draft.wanted.ca {
        copy_certificates(draft, ca, &certs_d.join(&registry).join("ca.crt"))?;
        draft.note(
            "base images of other registries are pulled with the system's store: put the authority there too where \
             they are intercepted, and restart the daemon",
        );
    }
    let hosts = draft.hosts.clone();
    let mut removed = Vec::new();
    draft.edit(&daemon_json, |text| {
        let (text, gone) =
            json::remove_strings(text, "insecure-registries", |host| hosts.matches(host))?;
        removed = gone;
        Ok(text)
    })?;
    let restart = !removed.is_empty();
    for host in removed {
        draft.note_removed(&format!("insecure-registries: {host}"), &daemon_json);
    }
    if let Some(text) = draft.read(&daemon_json)?
        && let Ok(serde_json::Value::Object(settings)) = serde_json::from_str(&text)
        && let Some(list) = settings.get("insecure-registries").and_then(|list| list.as_array())
    {
        for entry in list.iter().filter_map(|entry| entry.as_str()) {
            if draft.hosts.within(entry) {
                draft.note(format!(
                    "the network {entry} in `insecure-registries` of {} holds the registry's address and still \
                     switches verification off: name the registries that need it one by one",
                    daemon_json.display()
                ));
            }
        }
    }
    if restart {
        draft.note("the daemon reads daemon.json when it starts: restart it");
    }
    Ok(())
}

/// `daemon.json` and the folder `certs.d`: the system's daemon has them in `/etc/docker`, a rootless one in the user's
/// configuration.
fn files(draft: &Draft<'_>) -> Result<(PathBuf, PathBuf), ConfigureError> {
    let machine = draft.machine;
    let dir = match (draft.wanted.scope, machine.os) {
        (Scope::System, Os::Linux) => machine.system_path("/etc/docker"),
        (Scope::System, Os::Windows) => match machine.set("PROGRAMDATA") {
            Some(dir) => {
                return Ok((
                    PathBuf::from(dir).join("docker/config/daemon.json"),
                    PathBuf::from(dir).join("docker/certs.d"),
                ));
            }
            None => return draft.no_scope("set PROGRAMDATA"),
        },
        (Scope::User, Os::Linux) => draft.config_dir()?.join("docker"),
        // Docker Desktop.
        (Scope::User, Os::MacOs | Os::Windows) => draft.in_home(".docker")?,
        (Scope::System, Os::MacOs) => {
            return draft.no_scope("Docker Desktop is set up for the user");
        }
        (Scope::Project, _) => {
            return draft.no_scope("a daemon serves all projects: set it up for the system, or for the user where it runs rootless");
        }
    };
    Ok((dir.join("daemon.json"), dir.join("certs.d")))
}

#[cfg(test)]
mod tests {
    use super::super::ConfigurableTool;
    use super::super::testing::{CA, Desk};
    use super::*;

    fn desk() -> Desk {
        Desk::new(ConfigurableTool::Docker)
            .scope(Scope::System)
            .registry("https://registry.example:5000")
    }

    #[test]
    fn the_authority_lies_in_the_folder_of_the_registry() {
        let desk = desk();
        desk.configure();
        assert!(desk.text("root/etc/docker/certs.d/registry.example:5000/ca.crt").ends_with(CA));
        assert!(!desk.path("root/etc/docker/daemon.json").exists());
    }

    #[test]
    fn the_bypass_of_the_registry_goes_and_unknown_keys_stay() {
        let desk = desk().file(
            "root/etc/docker/daemon.json",
            "{\n    \"log-driver\": \"journald\",\n    \"insecure-registries\": [\"registry.example:5000\", \"x.example\"],\n    \"mtu\": 1400\n}",
        );
        let notes = desk.configure();
        assert_eq!(
            desk.text("root/etc/docker/daemon.json"),
            "{\n    \"log-driver\": \"journald\",\n    \"insecure-registries\": [\"x.example\"],\n    \"mtu\": 1400\n}"
        );
        assert!(notes.contains("took out `insecure-registries: registry.example:5000`"), "{notes}");
    }

    #[test]
    fn a_network_that_holds_the_registry_is_named() {
        let desk = Desk::new(ConfigurableTool::Docker)
            .registry("https://10.1.2.3/")
            .file("home/.config/docker/daemon.json", "{\"insecure-registries\": [\"10.0.0.0/8\"]}");
        let notes = desk.configure();
        assert!(notes.contains("the network 10.0.0.0/8"), "{notes}");
        assert!(desk.path("home/.config/docker/certs.d/10.1.2.3/ca.crt").is_file());
    }
}
