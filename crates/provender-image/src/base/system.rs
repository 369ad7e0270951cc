//! The distribution, its users, and what is there beside Python.

use std::collections::BTreeMap;
use std::fmt;

use crate::tree::Tree;

/// What `/etc/os-release` says (`os-release(5)`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OsRelease {
    /// `ID`, such as `debian`.
    pub id: String,
    /// `ID_LIKE`, such as `rhel fedora`.
    pub id_like: String,
    /// `VERSION_ID`, such as `12`.
    pub version_id: String,
    /// `VERSION_CODENAME`, such as `bookworm`.
    pub version_codename: String,
    /// `PRETTY_NAME`, for people.
    pub pretty_name: String,
}

/// A line of `/etc/passwd` (`passwd(5)`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// The number.
    pub uid: u32,
    /// The number of the first group.
    pub gid: u32,
    /// The home folder.
    pub home: String,
    /// The program that a login starts.
    pub shell: String,
}

/// A line of `/etc/group` (`group(5)`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The name.
    pub name: String,
    /// The number.
    pub gid: u32,
    /// The names of its members.
    pub members: Vec<String>,
}

/// What software of the distribution is installed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackageManager {
    /// Debian's and Ubuntu's.
    Apt,
    /// Alpine's.
    Apk,
    /// Fedora's and Red Hat's.
    Dnf,
    /// Its little sister in minimal images.
    Microdnf,
    /// Its predecessor.
    Yum,
    /// SUSE's.
    Zypper,
}

impl fmt::Display for PackageManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Apt => "apt-get",
            Self::Apk => "apk",
            Self::Dnf => "dnf",
            Self::Microdnf => "microdnf",
            Self::Yum => "yum",
            Self::Zypper => "zypper",
        })
    }
}

pub(super) fn os_release(tree: &Tree) -> OsRelease {
    let text = tree.text("etc/os-release").or_else(|| tree.text("usr/lib/os-release"));
    let text = text.unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.trim().split_once('='));
    let fields: BTreeMap<&str, String> = lines.map(|(key, value)| (key, unquoted(value))).collect();
    let get = |key| fields.get(key).cloned().unwrap_or_default();
    OsRelease {
        id: get("ID"),
        id_like: get("ID_LIKE"),
        version_id: get("VERSION_ID"),
        version_codename: get("VERSION_CODENAME"),
        pretty_name: get("PRETTY_NAME"),
    }
}

/// A value as a shell reads it: in quotes or not, with `\` before what would mean something.
fn unquoted(value: &str) -> String {
    let quoted =
        ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
    let mut text = String::new();
    let mut chars = quoted.unwrap_or(value).chars();
    while let Some(c) = chars.next() {
        text.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    text
}

/// The users; lines that are none are passed over, as the C library does.
pub(super) fn users(tree: &Tree) -> Vec<User> {
    let user = |line: &str| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, gid, _, home, shell] = fields[..] else { return None };
        Some(User {
            name: name.to_owned(),
            uid: uid.parse().ok()?,
            gid: gid.parse().ok()?,
            home: home.to_owned(),
            shell: shell.to_owned(),
        })
    };
    tree.text("etc/passwd").unwrap_or_default().lines().filter_map(user).collect()
}

/// The groups, in the same manner.
pub(super) fn groups(tree: &Tree) -> Vec<Group> {
    let group = |line: &str| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, gid, members] = fields[..] else { return None };
        let members = members.split(',').filter(|member| !member.is_empty());
        Some(Group {
            name: name.to_owned(),
            gid: gid.parse().ok()?,
            members: members.map(str::to_owned).collect(),
        })
    };
    tree.text("etc/group").unwrap_or_default().lines().filter_map(group).collect()
}

pub(super) fn has_shell(tree: &Tree) -> bool {
    // The last is where distroless images for debugging have one.
    ["bin/sh", "bin/bash", "usr/bin/sh", "usr/bin/bash", "busybox/sh"]
        .iter()
        .any(|path| is_file(tree, path))
}

pub(super) fn package_manager(tree: &Tree) -> Option<PackageManager> {
    let known = [
        ("usr/bin/apt-get", PackageManager::Apt),
        ("sbin/apk", PackageManager::Apk),
        ("usr/bin/dnf", PackageManager::Dnf),
        ("usr/bin/microdnf", PackageManager::Microdnf),
        ("usr/bin/yum", PackageManager::Yum),
        ("usr/bin/zypper", PackageManager::Zypper),
    ];
    known.iter().find(|(path, _)| is_file(tree, path)).map(|(_, manager)| *manager)
}

pub(super) fn ca_bundles(tree: &Tree) -> Vec<String> {
    // Debian and Alpine; Alpine's link; Fedora and Red Hat; their older place; SUSE.
    let known = [
        "etc/ssl/certs/ca-certificates.crt",
        "etc/ssl/cert.pem",
        "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "etc/pki/tls/certs/ca-bundle.crt",
        "etc/ssl/ca-bundle.pem",
    ];
    known.iter().filter(|path| is_file(tree, path)).map(|path| format!("/{path}")).collect()
}

fn is_file(tree: &Tree, path: &str) -> bool {
    tree.resolve(path).is_some_and(|(_, node)| node.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_as_a_shell_reads_it() {
        for (value, is) in [
            ("12", "12"),
            ("\"Debian 12\"", "Debian 12"),
            ("'a b'", "a b"),
            (r#""a\"b""#, "a\"b"),
            ("", ""),
        ] {
            assert_eq!(unquoted(value), is);
        }
    }
}
