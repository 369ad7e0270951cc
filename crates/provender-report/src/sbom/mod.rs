//! What a lock installs, as a software bill of materials (SBOM).

mod component;
mod document;
mod graph;
mod image;
mod purl;
mod serial;
mod vulnerability;

use jiff::Timestamp;
use provender_core::audit::Audit;
use provender_core::{Lock, Sha256};

use component::Components;
use document::{Application, Bom, Lifecycle, Metadata, Property, Tools};

pub use image::{BaseImage, ImageSubject};
pub use purl::{oci as oci_purl, pypi as pypi_purl};

/// The `bom-ref` of the project that the lock belongs to.
const ROOT: &str = "root";

/// A lock and what is told about it in its SBOM.
#[derive(Debug, Clone, Copy)]
pub struct SbomInput<'a> {
    /// What gets installed, and what is installed only while something is built.
    pub lock: &'a Lock,
    /// The name of the project that the lock belongs to.
    pub name: &'a str,
    /// Its version, if it has one.
    pub version: Option<&'a str>,
    /// The version of provender.
    pub tool_version: &'a str,
    /// The digest of the lock file's bytes, by which a reader finds the lock that this SBOM tells of.
    pub lock_digest: Option<Sha256>,
    /// The index whose projects a purl names without saying where they come from. A project of
    /// another index gets the qualifier `repository_url`; without a default index, none does.
    pub default_index: Option<&'a str>,
    /// When the SBOM was made; left out where the same lock must give the same bytes.
    pub timestamp: Option<Timestamp>,
    /// What is known to be wrong with the components; left out where it is told elsewhere.
    pub audit: Option<&'a Audit>,
}

/// The SBOM as JSON of CycloneDX 1.6 (ECMA-424).
///
/// - Every locked release is a component of the scope `required`. A build requirement that is not
///   installed otherwise has the scope `excluded` and the property `provender:build-requirement`.
/// - Each file is an external reference of the type `distribution` with its hash, for a release has
///   several. Where the lock holds nothing but hashes, one reference has all of them. A release with
///   a single hash has it as the component's, too.
/// - The graph leads from the project over its requirements to whatever they pull in. A release of
///   which the lock does not say who asked for it counts as a requirement of the project, and the
///   composition then says that the graph is incomplete.
/// - A finding is a vulnerability; a waiver is its analysis. A waiver accepts a risk and does not
///   say that there is none, so its state is never `not_affected`.
///
/// The same input gives the same bytes. The serial number follows from everything else but the
/// time, so two SBOMs have the same one only if they say the same.
pub fn cyclonedx(input: &SbomInput<'_>) -> String {
    document(input, None)
}

/// The SBOM of an image that a lock was installed into, as [`cyclonedx`] writes it: of the releases
/// and files in `input.lock` that got into the image.
///
/// The document is about the image (`container`, with its digest and purl). The base is a component
/// of its own on which the image depends, and so is the base's Python; what else is in the base is
/// for a scan to tell.
pub fn cyclonedx_of_image(input: &SbomInput<'_>, image: &ImageSubject<'_>) -> String {
    document(input, Some(image))
}

#[expect(clippy::expect_used, reason = "strings, numbers and lists always have a form in JSON")]
fn document(input: &SbomInput<'_>, image: Option<&ImageSubject<'_>>) -> String {
    let components = Components::of(input.lock, input.default_index);
    let (dependencies, compositions) = graph::of(input.lock, &components);
    let mut bom = Bom {
        schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: None,
        version: 1,
        metadata: metadata(input),
        dependencies,
        compositions,
        vulnerabilities: input
            .audit
            .map_or_else(Vec::new, |audit| vulnerability::of(&audit.findings, &components)),
        components: components.into_documents(),
    };
    if let Some(image) = image {
        image.describe(&mut bom);
    }
    bom.serial_number = Some(serial::of(&bom).expect("the document has a form in JSON"));
    bom.metadata.timestamp = input.timestamp;
    crate::json::document(&bom).expect("the document has a form in JSON")
}

fn metadata<'a>(input: &SbomInput<'a>) -> Metadata<'a> {
    let header = &input.lock.header;
    let mut properties = Vec::new();
    if let Some(digest) = input.lock_digest {
        properties.push(Property::new("lock:sha256", digest));
    }
    properties.extend(header.inputs.iter().map(|file| Property::new("lock:input", file)));
    if let Some(target) = &header.target {
        properties.push(Property::new("lock:python", target.python));
        properties.push(Property::new("lock:platforms", &target.platforms));
    }
    if let Some(instant) = header.exclude_newer {
        properties.push(Property::new("lock:exclude-newer", instant));
    }
    if header.exclude_dev {
        properties.push(Property::new("lock:exclude-dev", true));
    }
    if let Some(audit) = input.audit {
        properties.push(Property::new("advisories:sha256", audit.advisories.digest));
    }
    Metadata {
        timestamp: None,
        // What is told of manifests and locks, before anything is built of them.
        lifecycles: [Lifecycle { phase: "pre-build" }],
        tools: Tools {
            components: [Application::new(None, "provender", Some(input.tool_version))],
        },
        component: Application::new(Some(ROOT), input.name, input.version),
        properties,
    }
}
