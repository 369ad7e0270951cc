//! What the files that were laid over a base are, and what nobody should find among them.

use provender_core::{Diagnostic, Level};
use provender_lint::secret;

use super::{about, count};
use crate::ImageConfig;
use crate::build::asked_for_certificates;
use crate::tree::{Kind, Node, Tree};

/// Projects that install others, by their names in site-packages.
const INSTALLERS: [&str; 6] = ["pip", "setuptools", "wheel", "uv", "ensurepip", "virtualenv"];

/// Programs that install or build something.
const PROGRAMS: [&str; 20] = [
    "apk", "apt", "apt-get", "aptitude", "cargo", "cc", "dnf", "dpkg", "g++", "gcc", "go", "make",
    "microdnf", "npm", "pip", "pip3", "rpm", "uv", "yarn", "yum",
];

/// Folders from which an image's own certificates are made, and the bundles made of them.
const ANCHORS: [&str; 4] = [
    "usr/local/share/ca-certificates/",
    "etc/pki/ca-trust/source/anchors/",
    "etc/ca-certificates/trust-source/anchors/",
    "usr/share/pki/trust/anchors/",
];
const BUNDLES: [&str; 5] = [
    "etc/ssl/certs/ca-certificates.crt",
    "etc/ssl/cert.pem",
    "etc/pki/tls/certs/ca-bundle.crt",
    "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "etc/ssl/ca-bundle.pem",
];

/// Looks at the files of every layer above the base.
pub(super) fn check(config: &ImageConfig, tree: &Tree, base_layers: usize) -> Vec<Diagnostic> {
    let mut found = Found { asked: asked_for_certificates(config), ..Found::default() };
    for (path, node) in tree.iter().filter(|(_, node)| node.layer >= base_layers) {
        found.look_at(path, node);
    }
    found.told()
}

/// The paths that each rule found.
#[derive(Default)]
struct Found<'t> {
    set_id: Vec<&'t str>,
    world_writable: Vec<&'t str>,
    tools: Vec<&'t str>,
    certificates: Vec<&'t str>,
    /// Whether the image was built with certificates that somebody asked for.
    asked: bool,
    secrets: Vec<&'t str>,
}

impl<'t> Found<'t> {
    fn look_at(&mut self, path: &'t str, node: &Node) {
        let is_file = matches!(node.kind, Kind::File { .. });
        let is_folder = matches!(node.kind, Kind::Folder);
        if is_file && node.mode & 0o6000 != 0 {
            self.set_id.push(path);
        }
        // In a folder with the sticky bit everybody changes only what is his own.
        let is_shared = is_folder && node.mode & 0o1000 != 0;
        if (is_file || is_folder) && node.mode & 0o002 != 0 && !is_shared {
            self.world_writable.push(path);
        }
        if is_file && is_tool(path) {
            self.tools.push(path);
        }
        let anchors = ANCHORS.iter().any(|folder| path.starts_with(folder));
        if is_file && (anchors || BUNDLES.contains(&path)) {
            self.certificates.push(path);
        }
        if is_file && is_secret(path, node) {
            self.secrets.push(path);
        }
    }

    fn told(self) -> Vec<Diagnostic> {
        let mut told = Vec::new();
        let mut tell = |places: &[&str], diagnostic: Diagnostic| {
            if !places.is_empty() {
                told.push(about(diagnostic, places));
            }
        };
        let paths = &self.set_id;
        let message =
            format!("{} above the base", count(paths, "set-id program", "set-id programs"));
        let hint = "take the bits away: `chmod u-s,g-s`";
        tell(paths, Diagnostic::error("image/setuid", message).hint(hint));
        let paths = &self.world_writable;
        let message = format!("everybody may write to {}", count(paths, "path", "paths"));
        let hint = "give them the modes 0644 and 0755; what has to be written belongs into a volume or a tmpfs";
        tell(paths, Diagnostic::warning("image/world-writable", message).hint(hint));
        let paths = &self.tools;
        let message = "the image has tools that install or build something";
        let hint = "build in a stage of its own, and copy what was built";
        tell(paths, Diagnostic::warning("image/package-tools", message).hint(hint));
        let paths = &self.certificates;
        let message = "certificates are added to those that the image trusts";
        let hint = "where only the build is behind an inspecting proxy, mount its CA for the steps that need it";
        // Who asked for it by name need not be warned.
        let level = if self.asked { Level::Note } else { Level::Warning };
        tell(paths, Diagnostic::new("image/ca-added", level, message).hint(hint));
        let paths = &self.secrets;
        let message =
            format!("{} a secret", if paths.len() == 1 { "a file holds" } else { "files hold" });
        let hint = "list them in .dockerignore, build again, and replace what was in them";
        tell(paths, Diagnostic::error("image/secret-file", message).hint(hint));
        told
    }
}

/// Whether a file makes an installer or a builder: one path stands for the whole of it.
fn is_tool(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or_default();
    let (above, inner) = folder.rsplit_once('/').unwrap_or_default();
    let in_packages = above.ends_with("site-packages") || above.ends_with("dist-packages");
    let is_package = in_packages && name == "__init__.py" && INSTALLERS.contains(&inner);
    let is_program = matches!(folder, "bin" | "usr/bin" | "usr/local/bin" | "sbin" | "usr/sbin")
        && PROGRAMS.contains(&name);
    is_package || is_program
}

/// Whether a file is one that may hold a private key, so that its content has to be looked at.
pub(super) fn may_hold_key(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    [".pem", ".key", ".crt"].iter().any(|end| name.ends_with(end))
        || secret::held_by(&name).is_some()
}

/// Whether a file is a secret: by a name that only secrets have, or by a key in it.
fn is_secret(path: &str, node: &Node) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    // Releases bring keys for their tests, which everybody has.
    if path.contains("/site-packages/") || path.contains("/dist-packages/") {
        return false;
    }
    let by_content = [".pem", ".key", ".npmrc"].iter().any(|end| name.ends_with(end));
    if !by_content && secret::held_by(&name).is_some() {
        return true;
    }
    match &node.kind {
        Kind::File { content: Some(content), .. } => !secret::tokens(content).is_empty(),
        _ => false,
    }
}
