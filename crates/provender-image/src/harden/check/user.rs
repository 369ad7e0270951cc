//! Whom a container runs as.

use crate::ImageConfig;
use crate::tree::Tree;

/// The numbers of a user and its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct User {
    pub(super) uid: u64,
    /// None where nobody tells.
    pub(super) gid: Option<u64>,
}

/// The user that the configuration names, by number or by a name of the image's `etc/passwd`
/// (image-spec 1.1, "OCI Image Configuration", `User`); none where the name is unknown.
pub(super) fn of(config: &ImageConfig, tree: &Tree) -> Option<User> {
    let (name, group) = match config.config.user.split_once(':') {
        Some((name, group)) => (name, Some(group)),
        None => (config.config.user.as_str(), None),
    };
    if name.is_empty() {
        return Some(User { uid: 0, gid: Some(0) });
    }
    let passwd = lines(tree, "etc/passwd");
    let known = passwd.iter().find(|fields| {
        fields.first().is_some_and(|known| known == name)
            || fields.get(2).is_some_and(|number| number == name)
    });
    let field = |index: usize| known?.get(index)?.parse::<u64>().ok();
    let uid = name.parse().ok().or_else(|| field(2))?;
    let gid = match group {
        Some(group) => group.parse().ok().or_else(|| {
            let groups = lines(tree, "etc/group");
            groups
                .iter()
                .find(|fields| fields.first().is_some_and(|known| known == group))?
                .get(2)?
                .parse()
                .ok()
        }),
        None => field(3),
    };
    Some(User { uid, gid })
}

fn lines(tree: &Tree, path: &str) -> Vec<Vec<String>> {
    let text = String::from_utf8_lossy(tree.content(path).unwrap_or_default()).into_owned();
    text.lines().map(|line| line.split(':').map(str::to_owned).collect()).collect()
}
