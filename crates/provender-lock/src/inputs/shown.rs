//! Paths as they are told in a lock and in messages.

use std::path::{Component, Path, PathBuf};

/// The path from `base`, with `/` between parts; the path as it is where there is none.
pub(crate) fn shown_path(path: &Path, base: &Path) -> String {
    let (path, base) = (normalized(path), normalized(base));
    let mut up = 0;
    let mut ancestor = base.as_path();
    let relative = loop {
        if let Ok(rest) = path.strip_prefix(ancestor) {
            break Some(rest.to_path_buf());
        }
        match ancestor.parent() {
            Some(parent) if parent.parent().is_some() => {
                ancestor = parent;
                up += 1;
            }
            _ => break None,
        }
    };
    let shown = relative
        .map_or(path.clone(), |rest| std::iter::repeat_n("..", up).collect::<PathBuf>().join(rest));
    shown.to_string_lossy().replace('\\', "/")
}

/// The path without `.` and `..`, made absolute where it can be; links are not followed.
pub(super) fn normalized(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut parts = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_from_the_locks_folder() {
        let base = Path::new("/srv/shop/app");
        let shown = |path: &str| shown_path(Path::new(path), base);
        assert_eq!(shown("/srv/shop/app/requirements.txt"), "requirements.txt");
        assert_eq!(shown("/srv/shop/app/./dev/../a.txt"), "a.txt");
        assert_eq!(shown("/srv/shop/shared/c.txt"), "../shared/c.txt");
        assert_eq!(shown("/etc/pip/c.txt"), "/etc/pip/c.txt");
    }
}
