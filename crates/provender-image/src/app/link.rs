//! Whether a symbolic link stays inside a folder.

use std::fs;
use std::path::Path;

use crate::beside::beside;

/// Where a link leads, relative to the folder that it must stay in; none where it leads out.
///
/// `link` is the link's path relative to that folder, `target` what it says. An absolute target
/// leads out even where it names something inside: in the image the folder lies elsewhere.
pub(super) fn leads_to(link: &str, target: &str) -> Option<String> {
    if target.contains('\\') { None } else { beside(link, target) }
}

/// Whether a link that seems to stay inside does so when it is followed over other links. A link
/// that leads to nothing leads nowhere else either.
pub(super) fn stays(root: &Path, link: &Path) -> bool {
    fs::canonicalize(link).map_or(true, |end| end.starts_with(root))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_what_it_says_from_where_it_lies() {
        assert_eq!(leads_to("a/b/link", "../c/./d").as_deref(), Some("a/c/d"));
        assert_eq!(leads_to("link", "a//b").as_deref(), Some("a/b"));
        assert_eq!(leads_to("a/link", "..").as_deref(), Some(""));
    }

    #[test]
    fn a_link_does_not_lead_out() {
        for (link, target) in [
            ("link", ".."),
            ("a/link", "../../x"),
            ("link", "/etc/passwd"),
            ("a/link", "x/../../../y"),
        ] {
            assert_eq!(leads_to(link, target), None, "{link} -> {target}");
        }
    }
}
