//! What an SBOM says of an image besides the lock that was installed into it.

use provender_core::{FileHash, Sha256};

use super::ROOT;
use super::document::{Bom, Component, Dependency, Hash, Property};
use super::purl;

/// The image that an SBOM is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageSubject<'a> {
    /// `HOST/REPOSITORY` where it goes, or a name only.
    pub repository: &'a str,
    /// What its manifest hashes to.
    pub digest: Sha256,
    /// What its configuration hashes to, which is all that names it in a docker archive.
    pub config: Sha256,
    /// What it runs on, as `OS/ARCHITECTURE[/VARIANT]`.
    pub platform: &'a str,
    /// What it stands on.
    pub base: Option<BaseImage<'a>>,
    /// The version of the base's Python.
    pub python: Option<&'a str>,
}

/// The image that another one stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaseImage<'a> {
    /// `HOST/REPOSITORY`, or a name only where it came from no registry.
    pub repository: &'a str,
    /// The tag that was asked for.
    pub tag: Option<&'a str>,
    /// What its manifest hashes to.
    pub digest: Sha256,
}

impl<'a> ImageSubject<'a> {
    /// Makes a document one about the image.
    pub(super) fn describe(&self, bom: &mut Bom<'a>) {
        let architecture = self.platform.split('/').nth(1);
        bom.metadata.lifecycles[0].phase = "build";
        let purl = purl::oci(self.repository, self.digest, architecture);
        bom.metadata.component.become_image(self.digest, purl);
        let config = format!("sha256:{}", self.config);
        bom.metadata.properties.push(Property::new("image:config", config));
        bom.metadata.properties.push(Property::new("image:platform", self.platform));
        if let Some(base) = self.base {
            add(bom, base.component(architecture));
        }
        if let Some(version) = self.python {
            add(bom, python(version));
        }
        bom.components.sort_by(|a, b| a.bom_ref.cmp(&b.bom_ref));
        // The image itself stays first, as in every document.
        bom.dependencies
            .sort_by(|a, b| (a.r#ref != ROOT, &a.r#ref).cmp(&(b.r#ref != ROOT, &b.r#ref)));
    }
}

impl BaseImage<'_> {
    fn component(&self, architecture: Option<&str>) -> Component {
        let purl = purl::oci(self.repository, self.digest, architecture);
        let properties = vec![Property::new("image:role", "base")];
        Component {
            hashes: vec![Hash::from(&FileHash::Sha256(self.digest))],
            purl: Some(purl.clone()),
            properties,
            ..component("container", purl, self.repository, self.tag)
        }
    }
}

/// The interpreter of the base.
fn python(version: &str) -> Component {
    component("platform", format!("python@{version}"), "python", Some(version))
}

fn component(
    r#type: &'static str,
    bom_ref: String,
    name: &str,
    version: Option<&str>,
) -> Component {
    Component {
        r#type,
        bom_ref,
        name: name.to_owned(),
        version: version.map(str::to_owned),
        scope: "required",
        hashes: Vec::new(),
        purl: None,
        external_references: Vec::new(),
        properties: Vec::new(),
    }
}

/// Adds what the image itself depends on.
fn add(bom: &mut Bom<'_>, component: Component) {
    let r#ref = component.bom_ref.clone();
    if let Some(root) = bom.dependencies.iter_mut().find(|dependency| dependency.r#ref == ROOT) {
        root.depends_on.push(r#ref.clone());
        root.depends_on.sort();
    }
    bom.dependencies.push(Dependency { r#ref, depends_on: Vec::new() });
    bom.components.push(component);
}
