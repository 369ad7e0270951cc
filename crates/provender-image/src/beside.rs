//! Where a relative link leads.

/// What a symbolic link at `link` leads to, both relative to one folder; none if `target` is absolute
/// or leads out of that folder.
pub(crate) fn beside(link: &str, target: &str) -> Option<String> {
    if target.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = link.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::beside;

    #[test]
    fn a_link_leads_from_where_it_stands_and_never_out() {
        assert_eq!(beside("a/layer.tar", "../b/layer.tar").as_deref(), Some("b/layer.tar"));
        assert_eq!(beside("link", "./blobs//x").as_deref(), Some("blobs/x"));
        assert_eq!(beside("a/layer.tar", "../../b"), None);
        assert_eq!(beside("a/layer.tar", "/etc/passwd"), None);
    }
}
