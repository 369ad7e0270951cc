//! Code that the user it runs as may change, so that whoever gets into the process stays in it.

use provender_core::Diagnostic;

use super::user::{self, User};
use super::{about, count};
use crate::ImageConfig;
use crate::tree::{Kind, Node, Tree};

pub(super) fn check(config: &ImageConfig, tree: &Tree, base_layers: usize) -> Vec<Diagnostic> {
    let Some(user) = user::of(config, tree) else { return Vec::new() };
    if user.uid == 0 {
        return by_name(config).into_iter().collect();
    }
    let workdir = config.config.working_dir.trim_matches('/');
    let writable: Vec<&str> = tree
        .iter()
        .filter(|(path, node)| {
            node.layer >= base_layers && is_code(path, workdir) && may_write(user, node)
        })
        .map(|(path, _)| path)
        .collect();
    if writable.is_empty() {
        return Vec::new();
    }
    let message = format!(
        "the user that the image runs as may change {} of its code",
        count(&writable, "file", "files")
    );
    let diagnostic = Diagnostic::warning("image/writable-code", message)
        .hint("let root own the code: `COPY` without `--chown`, and data in a folder of its own");
    vec![about(diagnostic, &writable)]
}

/// Root by another name, which the configuration alone does not tell.
fn by_name(config: &ImageConfig) -> Option<Diagnostic> {
    let name = config.config.user.split(':').next().unwrap_or_default();
    let is_plain = matches!(name, "" | "root") || name.bytes().all(|byte| byte == b'0');
    (!is_plain).then(|| {
        let message = format!("the image runs as `{name}`, which is user 0");
        Diagnostic::warning("image/root-by-name", message)
            .because("whoever gets into the process is root in the container")
            .hint("run it as a user with a number of its own, such as 10001")
    })
}

/// Whether a path is one of code: below the folder that the program starts in, or where Python and
/// programs are.
fn is_code(path: &str, workdir: &str) -> bool {
    let in_workdir =
        !workdir.is_empty() && path.strip_prefix(workdir).is_some_and(|rest| rest.starts_with('/'));
    in_workdir
        || path.contains("/site-packages/")
        || path.contains("/dist-packages/")
        || [
            "bin/",
            "sbin/",
            "usr/bin/",
            "usr/sbin/",
            "usr/local/bin/",
            "usr/lib/",
            "usr/local/lib/",
        ]
        .iter()
        .any(|folder| path.starts_with(folder))
}

fn may_write(user: User, node: &Node) -> bool {
    if !matches!(node.kind, Kind::File { .. }) {
        return false;
    }
    // What everybody may write to is told by another rule.
    // The owner of a file may give himself the right to write.
    node.uid == user.uid || (user.gid == Some(node.gid) && node.mode & 0o020 != 0)
}
