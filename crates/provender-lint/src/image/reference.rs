//! Names of images (the `reference` grammar of the distribution project).

/// An image's name, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reference<'a> {
    /// Registry and repository, without tag and digest.
    pub(crate) repository: &'a str,
    /// What stands behind the colon.
    pub(crate) tag: Option<&'a str>,
    /// What stands behind the `@`.
    pub(crate) digest: Option<&'a str>,
}

impl<'a> Reference<'a> {
    /// Takes a name apart; none where it is no name of an image in a registry: a variable,
    /// `scratch`, an image of this machine alone (`localhost/`), or another transport than a
    /// registry.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let text = text
            .strip_prefix("docker-image://")
            .or_else(|| text.strip_prefix("docker://"))
            .unwrap_or(text);
        let foreign = text.is_empty()
            || text.contains("://")
            || text.contains(['$', '{', '}', ' ', '\\', '"', '\''])
            || text.starts_with(['.', '/'])
            || text.starts_with("localhost/")
            || ["dir:", "oci:", "oci-archive:", "docker-archive:", "containers-storage:"]
                .iter()
                .any(|transport| text.starts_with(transport));
        if foreign || text == "scratch" {
            return None;
        }
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        let last = name.rfind('/').map_or(0, |slash| slash + 1);
        let (repository, tag) = match name[last..].split_once(':') {
            Some((last_name, tag)) => (&name[..last + last_name.len()], Some(tag)),
            None => (name, None),
        };
        (!repository.is_empty()).then_some(Self { repository, tag, digest })
    }

    /// The last part of the repository: `python` of `registry.example/library/python`.
    pub(crate) fn short(&self) -> &'a str {
        self.repository.rsplit('/').next().unwrap_or(self.repository)
    }

    /// Whether it is one of Docker's own images, which have no folder but `library`, or a mirror's copy of one: `python`,
    /// `library/python`, `registry.example/library/python`.
    pub(crate) fn is_library(&self) -> bool {
        let mut parts = self.repository.rsplit('/').skip(1);
        match (parts.next(), parts.next(), parts.next()) {
            (None | Some("library"), None, None) => true,
            (Some("library"), Some(host), None) => host.contains(['.', ':']),
            _ => false,
        }
    }

    /// Whether it moves with every release: tag `latest`, or none and no digest.
    pub(crate) fn floats(&self) -> bool {
        self.digest.is_none() && matches!(self.tag, None | Some("latest"))
    }

    /// Whether something of its name says so: a part of the short name or the tag between `-`, `.`
    /// and `_`.
    pub(crate) fn mentions(&self, what: &str) -> bool {
        [Some(self.short()), self.tag].into_iter().flatten().any(|text| {
            text.split(['-', '_', '.']).any(|part| {
                part.strip_prefix(what)
                    .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_no_tag() {
        let reference = Reference::parse("registry.example:5000/team/app").unwrap();
        assert_eq!(reference.repository, "registry.example:5000/team/app");
        assert_eq!(reference.tag, None);
        assert_eq!(reference.short(), "app");
        assert!(reference.floats());
    }

    #[test]
    fn a_tag_and_a_digest_stand_together() {
        let reference = Reference::parse("python:3.12-slim@sha256:abc").unwrap();
        assert_eq!(reference.tag, Some("3.12-slim"));
        assert_eq!(reference.digest, Some("sha256:abc"));
        assert!(!reference.floats());
        assert!(!Reference::parse("python:latest@sha256:abc").unwrap().floats());
    }

    #[test]
    fn scratch_and_variables_and_paths_are_no_images() {
        for text in
            ["scratch", "$BASE", "python:${TAG}", "./dir", "", "oci-layout://x", "localhost/app:1"]
        {
            assert_eq!(Reference::parse(text), None, "{text}");
        }
    }

    #[test]
    fn library_images_have_no_folder() {
        assert!(Reference::parse("registry.example/library/python:3").unwrap().is_library());
        assert!(Reference::parse("python").unwrap().is_library());
        assert!(!Reference::parse("registry.example/python").unwrap().is_library());
        assert!(!Reference::parse("team/python").unwrap().is_library());
    }

    #[test]
    fn a_word_in_name_or_tag_is_found_whole() {
        assert!(Reference::parse("python:3.12-alpine3.20").unwrap().mentions("alpine"));
        assert!(Reference::parse("registry.example/alpine:3").unwrap().mentions("alpine"));
        assert!(!Reference::parse("registry.example/alpineur:3").unwrap().mentions("alpine"));
    }
}
