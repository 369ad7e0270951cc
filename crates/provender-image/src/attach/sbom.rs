//! The bill of materials of an image.

use provender_core::audit::Audit;
use provender_core::lock::LockedSource;
use provender_core::{FileHash, Lock, LockedFile, LockedProject, Sha256};
use provender_report::sbom::{ImageSubject, SbomInput, cyclonedx_of_image};

use super::{Installed, ReleaseFile};

/// What a bill of materials is made from.
#[derive(Debug, Clone, Copy)]
pub struct SbomFacts<'a> {
    /// The lock, for the addresses of files and for who asked for what.
    pub lock: &'a Lock,
    /// What the lock's file hashes to.
    pub lock_sha256: Option<Sha256>,
    /// What got into the image.
    pub installed: &'a [Installed],
    /// The name of the project.
    pub name: &'a str,
    /// Its version, if it has one.
    pub version: Option<&'a str>,
    /// The image.
    pub image: ImageSubject<'a>,
    /// The index whose projects need no address.
    pub default_index: Option<&'a str>,
    /// What is known to be wrong, where it is to be told here, too.
    pub audit: Option<&'a Audit>,
    /// The version of provender.
    pub tool_version: &'a str,
}

/// CycloneDX 1.6 in JSON: the releases in the image, each with the one wheel that was unpacked (and
/// the sdist it was built from), the base and its Python. Without a time, so that the same image has
/// the same document.
pub fn sbom(facts: &SbomFacts<'_>) -> String {
    let lock = installed_part(facts.lock, facts.installed);
    let input = SbomInput {
        lock: &lock,
        name: facts.name,
        version: facts.version,
        tool_version: facts.tool_version,
        lock_digest: facts.lock_sha256,
        default_index: facts.default_index,
        timestamp: None,
        audit: facts.audit,
    };
    cyclonedx_of_image(&input, &facts.image)
}

/// The lock as far as it is in the image. What was only needed for a build is not.
fn installed_part(lock: &Lock, installed: &[Installed]) -> Lock {
    let mut projects = Vec::new();
    for release in installed {
        let is_it = |locked: &&LockedProject| {
            locked.name == release.project
                && locked.version.as_ref().is_none_or(|version| *version == release.version)
        };
        // Several markers may name one release; the image has it once, whatever they say.
        let mut project = match lock.projects.iter().find(is_it) {
            Some(locked) => locked.clone(),
            None => LockedProject {
                name: release.project.clone(),
                version: None,
                marker: None,
                source: LockedSource::Index(None),
                requires_python: None,
                files: Vec::new(),
                via: Vec::new(),
            },
        };
        let files = std::iter::once(&release.wheel).chain(&release.sdist);
        project.files = files.map(|file| locked_file(&project, file)).collect();
        project.version = Some(release.version.clone());
        project.marker = None;
        projects.push(project);
    }
    Lock { header: lock.header.clone(), projects, build: Vec::new() }.sorted()
}

/// A file as the lock knows it; a wheel that was built here is not in it.
fn locked_file(project: &LockedProject, file: &ReleaseFile) -> LockedFile {
    let hash = FileHash::Sha256(file.sha256);
    let known = project.files.iter().find(|known| known.hash == hash).cloned();
    let known = known.unwrap_or_else(|| LockedFile::of_hash(hash));
    LockedFile { filename: Some(file.filename.clone()), ..known }
}

#[cfg(test)]
mod tests {
    use provender_core::lock::constraints;
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_bill_lists_what_was_installed_with_the_file_it_came_from() {
        let hash = |byte: u8| Sha256::from_bytes([byte; 32]);
        let text = format!(
            "a==1.0 \\\n    --hash=sha256:{} \\\n    --hash=sha256:{}\n    # via -r requirements.txt\n\
             b==2.0 ; sys_platform == 'win32' \\\n    --hash=sha256:{}\n    # via a\n",
            hash(1),
            hash(2),
            hash(3)
        );
        let lock = constraints::parse(&text).unwrap();
        let installed = [Installed {
            project: "a".parse().unwrap(),
            version: "1.0".parse().unwrap(),
            wheel: ReleaseFile { filename: "a-1.0-py3-none-any.whl".to_owned(), sha256: hash(2) },
            sdist: None,
        }];
        let image = ImageSubject {
            repository: "app",
            digest: hash(9),
            config: hash(8),
            platform: "linux/amd64",
            base: None,
            python: None,
        };
        let facts = SbomFacts {
            lock: &lock,
            lock_sha256: None,
            installed: &installed,
            name: "app",
            version: None,
            image,
            default_index: None,
            audit: None,
            tool_version: "1",
        };
        let document: Value = serde_json::from_str(&sbom(&facts)).unwrap();
        let components = document["components"].as_array().unwrap();
        assert_eq!(components.len(), 1, "what the marker left out is not in the image");
        let references = &components[0]["externalReferences"];
        assert_eq!(references[0]["url"], "./a-1.0-py3-none-any.whl");
        assert_eq!(references[0]["hashes"][0]["content"], hash(2).to_string());
        assert_eq!(references.as_array().unwrap().len(), 1);
        assert_eq!(document["dependencies"][0]["dependsOn"][0], "pkg:pypi/a@1.0");
    }
}
