//! git: `http.sslCAInfo`, for one server or for all (git-config(1)). It takes the place of the roots that git's TLS
//! library has.

use std::path::{Path, PathBuf};

use super::super::draft::{Draft, path_text};
use super::super::syntax::git_config::GitConfig;
use super::super::{ConfigureError, Scope};
use super::is_on;
use crate::Os;

pub(super) fn plan(draft: &mut Draft<'_>) -> Result<(), ConfigureError> {
    let wanted = draft.wanted;
    let server =
        wanted.registry.as_ref().map(|url| format!("{}/", url.origin().ascii_serialization()));
    let bundle = match server {
        Some(_) => draft.either_bundle(),
        None => draft.full_bundle("`http.sslCAInfo`", " unless one git server is named")?,
    };
    let Some(bundle) = bundle.map(path_text).transpose()? else {
        let hint = "name a CA: git does not install from an index";
        return Err(ConfigureError::NothingWanted { tool: "git", hint });
    };
    let file = file(draft)?;
    let hosts = draft.hosts.clone();
    let (mut removed, mut left) = (Vec::new(), Vec::new());
    draft.edit(&file, |text| {
        let mut config = GitConfig::parse(text)?;
        let off = |entry: &super::super::syntax::git_config::Entry| {
            entry.section == "http" && entry.key == "sslverify" && entry.is_false()
        };
        let name = |subsection: Option<&str>| match subsection {
            Some(url) => format!("http.{url}.sslVerify = false"),
            None => "http.sslVerify = false".to_owned(),
        };
        let ours = |subsection: Option<&str>| subsection.is_none_or(|url| hosts.matches(url));
        removed = config
            .remove(|entry| off(entry) && ours(entry.subsection.as_deref()))
            .iter()
            .map(|entry| name(entry.subsection.as_deref()))
            .collect();
        left = config
            .entries()
            .iter()
            .filter(|e| off(e))
            .map(|e| name(e.subsection.as_deref()))
            .collect();
        config.set("http", server.as_deref(), "sslCAInfo", bundle);
        Ok(config.into_text())
    })?;
    for setting in removed {
        draft.note_removed(&setting, &file);
    }
    for setting in left {
        draft.note_left(&setting, &file);
    }
    if draft.machine.os == Os::Windows {
        draft.note(
            "git for Windows may ask the system's store instead (`http.sslBackend = schannel`), and then does not read \
             this setting: put the authority there",
        );
    }
    draft.note_overriding(&["GIT_SSL_CAINFO"]);
    draft.note_bypass(&[("GIT_SSL_NO_VERIFY", is_on)]);
    Ok(())
}

fn file(draft: &Draft<'_>) -> Result<PathBuf, ConfigureError> {
    let machine = draft.machine;
    match draft.wanted.scope {
        Scope::User => {
            if let Some(file) = machine.set("GIT_CONFIG_GLOBAL") {
                return Ok(machine.path(file));
            }
            let own = draft.in_home(".gitconfig")?;
            // As `git config --global` does: the XDG file where it is there and the other is not.
            let xdg = match machine.os {
                Os::Windows => machine.in_home(".config/git/config"),
                Os::Linux | Os::MacOs => machine.config_dir().map(|dir| dir.join("git/config")),
            };
            Ok(xdg.filter(|xdg| xdg.is_file() && !own.is_file()).unwrap_or(own))
        }
        Scope::System => match machine.set("GIT_CONFIG_SYSTEM") {
            Some(file) => Ok(machine.path(file)),
            None if machine.os == Os::Linux => Ok(machine.system_path("/etc/gitconfig")),
            None => draft.no_scope(
                "its place depends on how git was installed: set GIT_CONFIG_SYSTEM to what `git config --system \
                 --show-origin --list` prints",
            ),
        },
        Scope::Project => {
            let found = machine.directories_upwards().find_map(|dir| git_dir(&dir.join(".git")));
            match found {
                Some(dir) => Ok(dir.join("config")),
                None => draft.no_scope("the working directory is in no git repository"),
            }
        }
    }
}

/// The folder with a repository's `config`: `.git`, or what the file of that name in a linked work tree leads to.
fn git_dir(dot_git: &Path) -> Option<PathBuf> {
    if dot_git.is_dir() {
        return Some(dot_git.to_owned());
    }
    let text = std::fs::read_to_string(dot_git).ok()?;
    let dir = dot_git.parent()?.join(text.strip_prefix("gitdir:")?.trim());
    match std::fs::read_to_string(dir.join("commondir")) {
        Ok(common) => Some(dir.join(common.trim())),
        Err(_) => Some(dir),
    }
}

#[cfg(test)]
mod tests {
    use super::super::ConfigurableTool;
    use super::super::testing::Desk;
    use super::*;

    fn desk() -> Desk {
        Desk::new(ConfigurableTool::Git)
    }

    #[test]
    fn a_fresh_file_is_written() {
        let desk = desk();
        desk.configure();
        assert_eq!(desk.text("home/.gitconfig"), "[http]\n\tsslCAInfo = $D/full.pem\n");
    }

    #[test]
    fn for_one_server_the_authority_alone_is_enough() {
        let desk = desk().without_full_bundle();
        assert!(matches!(desk.plan(), Err(ConfigureError::FullBundle { .. })));
        let desk = desk.registry("https://git.example:8443/team/repo.git");
        desk.configure();
        assert_eq!(
            desk.text("home/.gitconfig"),
            "[http \"https://git.example:8443/\"]\n\tsslCAInfo = $D/ca.pem\n"
        );
    }

    #[test]
    fn what_is_there_stays_and_the_bypass_of_the_host_goes() {
        let desk = desk().registry("https://git.example/").file(
            "home/.config/git/config",
            "# ours\n[user]\n\tname = Ann\n[http]\n\tsslVerify = false ; sorry\n\tproxy = x\n[http \"https://git.example\"]\n\tsslverify = 0\n[http \"https://x.example\"]\n\tsslVerify = no\n",
        );
        let notes = desk.configure();
        assert_eq!(
            desk.text("home/.config/git/config"),
            "# ours\n[user]\n\tname = Ann\n[http]\n\tproxy = x\n[http \"https://git.example\"]\n[http \"https://x.example\"]\n\tsslVerify = no\n[http \"https://git.example/\"]\n\tsslCAInfo = $D/full.pem\n"
        );
        assert!(notes.contains("took out `http.sslVerify = false`"), "{notes}");
        assert!(notes.contains("took out `http.https://git.example.sslVerify = false`"), "{notes}");
        assert!(notes.contains("left `http.https://x.example.sslVerify"), "{notes}");
    }

    #[test]
    fn a_project_has_the_file_of_its_repository_from_a_linked_work_tree_too() {
        let desk = desk().scope(Scope::Project);
        let desk = desk
            .file("main/.git/config", "[core]\n\tbare = false\n")
            .file("main/.git/worktrees/w/commondir", "../..\n");
        let dir = desk.path("main/.git/worktrees/w");
        let desk = desk.file("project/.git", &format!("gitdir: {}\n", dir.display()));
        desk.configure();
        assert_eq!(
            desk.text("main/.git/config"),
            "[core]\n\tbare = false\n[http]\n\tsslCAInfo = $D/full.pem\n"
        );
    }
}
