//! Where an image is: in a registry, a layout, an archive.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::Digest;
use crate::digest::BadDigest;

/// Why a text names no image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadReference {
    /// No registry: a bare name would mean one company's registry, which nobody here chose.
    #[error("`{0}` names no registry; write HOST[:PORT]/REPOSITORY[:TAG][@DIGEST]")]
    NoRegistry(String),
    /// A repository with characters that none has.
    #[error(
        "`{0}` has a repository that is not made of lower-case letters, digits and `._-` between `/`"
    )]
    Repository(String),
    /// A tag that is none.
    #[error("`{0}` has a tag that is not made of at most 128 letters, digits and `._-`")]
    Tag(String),
    /// A digest that is none.
    #[error("`{text}`: {source}")]
    Digest {
        /// What was written.
        text: String,
        /// What is wrong with the digest.
        source: BadDigest,
    },
    /// `oci:` and the like with no path behind it.
    #[error("`{0}` names no path")]
    NoPath(String),
}

/// An image in a registry: `HOST[:PORT]/REPOSITORY[:TAG][@DIGEST]` (distribution-spec 1.1, "Pulling
/// manifests"; the grammar is that of the distribution project's `reference` package).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// `HOST[:PORT]`.
    pub registry: String,
    /// The repository, such as `team/app`.
    pub repository: String,
    /// The tag, where one is named.
    pub tag: Option<String>,
    /// The digest, where one is named; it decides, whatever the tag says.
    pub digest: Option<Digest>,
}

impl Reference {
    /// What is asked of the registry: the digest, else the tag, else `latest`.
    pub fn wanted(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.clone(),
            (None, None) => "latest".to_owned(),
        }
    }

    /// The same repository at this digest, without a tag.
    #[must_use]
    pub fn at(&self, digest: Digest) -> Self {
        Self { tag: None, digest: Some(digest), ..self.clone() }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        self.digest.as_ref().map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

impl FromStr for Reference {
    type Err = BadReference;

    fn from_str(text: &str) -> Result<Self, BadReference> {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => {
                let digest = digest
                    .parse()
                    .map_err(|source| BadReference::Digest { text: text.to_owned(), source })?;
                (name, Some(digest))
            }
            None => (text, None),
        };
        let (registry, rest) =
            name.split_once('/').ok_or_else(|| BadReference::NoRegistry(text.to_owned()))?;
        // The rule by which docker tells a host from the first part of a repository.
        if !(registry.contains(['.', ':']) || registry == "localhost") || registry.starts_with('.')
        {
            return Err(BadReference::NoRegistry(text.to_owned()));
        }
        let (repository, tag) = match rest.rsplit_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (rest, None),
        };
        if !repository.split('/').all(is_component) {
            return Err(BadReference::Repository(text.to_owned()));
        }
        if !tag.is_none_or(is_tag) {
            return Err(BadReference::Tag(text.to_owned()));
        }
        Ok(Self {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest,
        })
    }
}

/// Letters and digits, between which stands `.`, `_`, `__` or any number of `-`.
fn is_component(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends = [bytes.first(), bytes.last()].iter().all(|end| end.is_some_and(|b| word(*b)));
    let separators = text.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    ends && separators.into_iter().all(|separator| {
        matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|b| b == b'-')
    })
}

pub(crate) fn is_tag(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let bytes = text.as_bytes();
    bytes.first().is_some_and(|b| word(*b))
        && bytes.len() <= 128
        && bytes.iter().all(|b| word(*b) || b".-".contains(b))
}

/// Where an image is read from or written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A registry: `REF` or `registry:REF`.
    Registry(Reference),
    /// An OCI image layout in a folder: `oci:DIR[:NAME]`, or a folder that holds one.
    Layout {
        /// The folder.
        path: PathBuf,
        /// Which of its images: the annotation `org.opencontainers.image.ref.name`.
        name: Option<String>,
    },
    /// A layout in a tar archive: `oci-archive:FILE[:NAME]`.
    LayoutArchive {
        /// The file.
        path: PathBuf,
        /// Which of its images.
        name: Option<String>,
    },
    /// What `docker save` writes: `docker-archive:FILE[:NAME]`.
    DockerArchive {
        /// The file.
        path: PathBuf,
        /// Which of its images: one of its tags.
        name: Option<String>,
    },
    /// A file or folder without a prefix, whose content says what it is: a layout, an archive of
    /// either kind, or the tar of a root file system.
    Path(PathBuf),
}

impl Location {
    /// The same place, where a relative path is meant from `folder`.
    #[must_use]
    pub fn below(self, folder: &Path) -> Self {
        match self {
            Self::Registry(reference) => Self::Registry(reference),
            Self::Layout { path, name } => Self::Layout { path: folder.join(path), name },
            Self::LayoutArchive { path, name } => {
                Self::LayoutArchive { path: folder.join(path), name }
            }
            Self::DockerArchive { path, name } => {
                Self::DockerArchive { path: folder.join(path), name }
            }
            Self::Path(path) => Self::Path(folder.join(path)),
        }
    }

    /// The file or folder, where it is one of this machine's.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Registry(_) => None,
            Self::Layout { path, .. }
            | Self::LayoutArchive { path, .. }
            | Self::DockerArchive { path, .. }
            | Self::Path(path) => Some(path),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut named = |prefix: &str, path: &PathBuf, name: &Option<String>| {
            write!(f, "{prefix}{}", path.display())?;
            name.as_ref().map_or(Ok(()), |name| write!(f, ":{name}"))
        };
        match self {
            Self::Registry(reference) => write!(f, "{reference}"),
            Self::Layout { path, name } => named("oci:", path, name),
            Self::LayoutArchive { path, name } => named("oci-archive:", path, name),
            Self::DockerArchive { path, name } => named("docker-archive:", path, name),
            Self::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

impl FromStr for Location {
    type Err = BadReference;

    /// Reads skopeo's prefixes (`oci:`, `oci-archive:`, `docker-archive:`, and `registry:` or
    /// `docker://` for a registry). Without one, a text that begins with `.`, `/` or `~`, or that ends
    /// in `.tar`, with or without a compression's ending, is a path; any other is a reference.
    fn from_str(text: &str) -> Result<Self, BadReference> {
        let named = |rest: &str| {
            let (path, name) = match rest.split_once(':') {
                Some((path, name)) => (path, Some(name.to_owned())),
                None => (rest, None),
            };
            if path.is_empty() {
                return Err(BadReference::NoPath(text.to_owned()));
            }
            Ok((PathBuf::from(path), name.filter(|name| !name.is_empty())))
        };
        if let Some(rest) = text.strip_prefix("oci:") {
            return named(rest).map(|(path, name)| Self::Layout { path, name });
        }
        if let Some(rest) = text.strip_prefix("oci-archive:") {
            return named(rest).map(|(path, name)| Self::LayoutArchive { path, name });
        }
        if let Some(rest) = text.strip_prefix("docker-archive:") {
            return named(rest).map(|(path, name)| Self::DockerArchive { path, name });
        }
        for prefix in ["registry:", "docker://"] {
            if let Some(rest) = text.strip_prefix(prefix) {
                return rest.parse().map(Self::Registry);
            }
        }
        let endings = [".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.xz"];
        if text.starts_with(['.', '/', '~']) || endings.iter().any(|ending| text.ends_with(ending))
        {
            return Ok(Self::Path(PathBuf::from(text)));
        }
        text.parse().map(Self::Registry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_read_as_it_is_written() {
        let digest = Digest::of(b"x");
        for text in [
            "registry.example/app",
            "registry.example:5000/team/app:1.0",
            "localhost/app:latest",
            &format!("registry.example/app:1@{digest}"),
            &format!("registry.example/a__b/c--d.e@{digest}"),
        ] {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_digest_decides_over_a_tag_and_latest_stands_for_neither() {
        let digest = Digest::of(b"x");
        let both: Reference = format!("registry.example/app:1@{digest}").parse().unwrap();
        assert_eq!(both.wanted(), digest.to_string());
        assert_eq!("registry.example/app".parse::<Reference>().unwrap().wanted(), "latest");
    }

    #[test]
    fn what_is_no_reference_is_refused_with_the_reason() {
        let error = |text: &str| text.parse::<Reference>().unwrap_err();
        assert!(matches!(error("python:3.12"), BadReference::NoRegistry(_)));
        assert!(matches!(error("team/app"), BadReference::NoRegistry(_)));
        assert!(matches!(error("registry.example/App"), BadReference::Repository(_)));
        assert!(matches!(error("registry.example/a//b"), BadReference::Repository(_)));
        assert!(matches!(error("registry.example/../b"), BadReference::Repository(_)));
        assert!(matches!(error("registry.example/app:a b"), BadReference::Tag(_)));
        assert!(matches!(error("registry.example/app@sha256:1"), BadReference::Digest { .. }));
    }

    #[test]
    fn a_location_is_told_by_its_prefix_or_its_look() {
        let read = |text: &str| text.parse::<Location>().unwrap();
        let layout = Location::Layout { path: "out".into(), name: Some("app:1".into()) };
        assert_eq!(read("oci:out:app:1"), layout);
        assert_eq!(read("./out"), Location::Path("./out".into()));
        assert_eq!(read("base.tar.gz"), Location::Path("base.tar.gz".into()));
        assert!(matches!(read("docker://registry.example/app"), Location::Registry(_)));
        assert!(matches!(read("docker-archive:a.tar"), Location::DockerArchive { name: None, .. }));
        assert!("oci:".parse::<Location>().is_err());
    }
}
