//! Locked releases as components.

use std::collections::{BTreeMap, BTreeSet};

use provender_core::lock::LockedSource;
use provender_core::redact::without_userinfo;
use provender_core::{FileHash, Lock, LockedFile, LockedProject, ProjectName, Version};

use super::document::{Component, ExternalReference, Hash, Property};
use super::purl;

/// Every release that a lock names, by its `bom-ref`. The same release may stand in a lock
/// several times: with several markers, and as a build requirement besides.
pub(super) struct Components<'a> {
    entries: BTreeMap<String, Entry<'a>>,
    default_index: Option<&'a str>,
}

/// What all mentions of a release say together.
struct Entry<'a> {
    project: &'a LockedProject,
    origin: Origin,
    /// Its mentions as something to install.
    installed: Vec<&'a LockedProject>,
    /// Its mentions as a build requirement.
    build: Vec<&'a LockedProject>,
}

/// Where a release comes from, as far as a purl can say it.
#[derive(Clone)]
enum Origin {
    Index,
    /// An index that is not the default one.
    OtherIndex(String),
    /// An address of version control, such as `git+https://git.example/a.git@COMMIT`.
    Vcs(String),
    /// The address of one file.
    Download(String),
    /// A path, which means something on one machine only.
    Local {
        location: String,
        editable: bool,
    },
}

impl<'a> Components<'a> {
    pub(super) fn of(lock: &'a Lock, default_index: Option<&'a str>) -> Self {
        let mut components = Self { entries: BTreeMap::new(), default_index };
        for (list, build) in [(&lock.projects, false), (&lock.build, true)] {
            for project in list {
                components.add(project, build);
            }
        }
        components
    }

    fn add(&mut self, project: &'a LockedProject, build: bool) {
        let origin = self.origin(project);
        let entry = self.entries.entry(origin.bom_ref(project)).or_insert(Entry {
            project,
            origin,
            installed: Vec::new(),
            build: Vec::new(),
        });
        let mentions = if build { &mut entry.build } else { &mut entry.installed };
        mentions.push(project);
    }

    fn origin(&self, project: &LockedProject) -> Origin {
        match &project.source {
            LockedSource::Index(index) => {
                let same = |a: &str, b: &str| a.trim_end_matches('/') == b.trim_end_matches('/');
                match (index, self.default_index) {
                    (Some(index), Some(default)) if !same(index.as_str(), default) => {
                        Origin::OtherIndex(without_userinfo(index.as_str()))
                    }
                    _ => Origin::Index,
                }
            }
            LockedSource::Editable(path) => {
                Origin::Local { location: without_userinfo(path), editable: true }
            }
            LockedSource::Direct(location) => {
                let location = without_userinfo(location);
                let scheme = location.split_once('+').map_or("", |(scheme, _)| scheme);
                if ["git", "hg", "svn", "bzr"].contains(&scheme) {
                    Origin::Vcs(location)
                } else if location.contains("://") && !location.starts_with("file:") {
                    Origin::Download(location)
                } else {
                    Origin::Local { location, editable: false }
                }
            }
        }
    }

    /// The `bom-ref` of a locked project.
    pub(super) fn bom_ref(&self, project: &LockedProject) -> String {
        self.origin(project).bom_ref(project)
    }

    /// Every `bom-ref`, ascending.
    pub(super) fn bom_refs(&self) -> impl Iterator<Item = &String> {
        self.entries.keys()
    }

    /// The `bom-ref`s of a release.
    pub(super) fn release<'s>(
        &'s self,
        project: &'s ProjectName,
        version: &'s Version,
    ) -> impl Iterator<Item = &'s String> {
        let is_it = move |entry: &Entry<'_>| {
            entry.project.name == *project && entry.project.version.as_ref() == Some(version)
        };
        self.entries.iter().filter(move |(_, entry)| is_it(entry)).map(|(bom_ref, _)| bom_ref)
    }

    pub(super) fn into_documents(self) -> Vec<Component> {
        self.entries.into_iter().map(|(bom_ref, entry)| entry.into_document(bom_ref)).collect()
    }
}

impl Origin {
    /// The purl; none for what comes from a path, because a purl would name somebody else's release.
    fn purl(&self, project: &LockedProject) -> Option<String> {
        let qualifier = match self {
            Self::Index => None,
            Self::OtherIndex(url) => Some(("repository_url", url.as_str())),
            Self::Vcs(url) => Some(("vcs_url", url.as_str())),
            Self::Download(url) => Some(("download_url", url.as_str())),
            Self::Local { .. } => return None,
        };
        Some(purl::pypi(&project.name, project.version.as_ref(), qualifier))
    }

    fn bom_ref(&self, project: &LockedProject) -> String {
        self.purl(project).unwrap_or_else(|| match &project.version {
            Some(version) => format!("local:{}@{version}", project.name),
            None => format!("local:{}", project.name),
        })
    }
}

impl<'a> Entry<'a> {
    fn mentions(&self) -> impl Iterator<Item = &'a LockedProject> {
        self.installed.iter().chain(&self.build).copied()
    }

    fn into_document(self, bom_ref: String) -> Component {
        let project = self.project;
        let external_references = self.external_references();
        let hashes = match &external_references[..] {
            // Several hashes may be those of several files.
            [only] if only.hashes.len() == 1 => only.hashes.clone(),
            _ => Vec::new(),
        };
        Component {
            r#type: "library",
            bom_ref,
            name: project.name.to_string(),
            version: project.version.as_ref().map(Version::to_string),
            scope: if self.installed.is_empty() { "excluded" } else { "required" },
            hashes,
            purl: self.origin.purl(project),
            external_references,
            properties: self.properties(),
        }
    }

    /// The addresses of its files, each with what the file must hash to.
    fn external_references(&self) -> Vec<ExternalReference> {
        let mut files: BTreeMap<String, BTreeSet<&FileHash>> = BTreeMap::new();
        for file in self.mentions().flat_map(|project| &project.files) {
            files.entry(self.address(file)).or_default().insert(&file.hash);
        }
        let mut references = Vec::new();
        match &self.origin {
            Origin::Vcs(url) => {
                let url = iri(url);
                references.push(ExternalReference { r#type: "vcs", url, hashes: Vec::new() });
            }
            Origin::Download(url) => {
                files.entry(iri(url)).or_default();
            }
            Origin::Index | Origin::OtherIndex(_) | Origin::Local { .. } => {}
        }
        references.extend(files.into_iter().map(|(url, hashes)| {
            let hashes = hashes.into_iter().map(Hash::from).collect();
            ExternalReference { r#type: "distribution", url, hashes }
        }));
        references
    }

    /// Where a file can be fetched; failing that its name, which is a relative reference (RFC 3986
    /// section 4.2); failing that the release, so that all hashes that a file of it may have stand
    /// together.
    fn address(&self, file: &LockedFile) -> String {
        match (&file.url, &self.origin, &file.filename) {
            (Some(url), ..) => without_userinfo(url.as_str()),
            (None, Origin::Download(location) | Origin::Local { location, .. }, _) => iri(location),
            (None, _, Some(name)) => {
                let mut reference = String::from("./");
                purl::push_encoded(&mut reference, name, "");
                reference
            }
            (None, _, None) => self.origin.bom_ref(self.project),
        }
    }

    fn properties(&self) -> Vec<Property> {
        let mut properties = Vec::new();
        if !self.build.is_empty() {
            properties.push(Property::new("build-requirement", true));
        }
        // One mention without a marker means always.
        let markers: Option<BTreeSet<&str>> =
            self.installed.iter().map(|project| project.marker.as_deref()).collect();
        properties.extend(markers.into_iter().flatten().map(|m| Property::new("marker", m)));
        let pythons: BTreeSet<&str> =
            self.mentions().filter_map(|p| p.requires_python.as_deref()).collect();
        properties.extend(pythons.into_iter().map(|p| Property::new("requires-python", p)));
        if let Origin::Local { location, editable } = &self.origin {
            properties.push(Property::new("location", location));
            if *editable {
                properties.push(Property::new("editable", true));
            }
        }
        properties
    }
}

/// An address in which whatever an IRI reference must not hold is percent-encoded (RFC 3987
/// section 2.2).
fn iri(address: &str) -> String {
    let mut out = String::with_capacity(address.len());
    for c in address.chars() {
        if c.is_control() || c.is_whitespace() || "<>\"{}|\\^`".contains(c) {
            purl::push_encoded(&mut out, c.encode_utf8(&mut [0; 4]), "");
        } else {
            out.push(c);
        }
    }
    out
}
