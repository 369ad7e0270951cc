//! Attachments as files beside an archive, which has no place for them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Attached, Attachment, Kind};
use crate::blobs::MAX_DOCUMENT;
use crate::{BlobRead, Blobs, Descriptor, Digest, ImageError, Platform};

/// The file beside an archive: `app.sbom.cdx.json` for `app.tar`, `app.tar.gz` and `app`. Where an
/// archive holds images for several platforms, each has files of its own, which begin with its
/// platform: `linux-arm64-app.sbom.cdx.json`.
pub fn beside(archive: &Path, kind: Kind, platform: Option<&Platform>) -> PathBuf {
    let name = archive.file_name().unwrap_or_default().to_string_lossy();
    let ends = [".tar.gz", ".tar.zst", ".tgz", ".tar"];
    let stem = ends.iter().find_map(|end| name.strip_suffix(end)).filter(|stem| !stem.is_empty());
    let platform = platform.map(|platform| format!("{platform}-").replace('/', "-"));
    let (platform, stem) = (platform.unwrap_or_default(), stem.unwrap_or(&name));
    archive.with_file_name(format!("{platform}{stem}{}", kind.suffix()))
}

/// What lies beside an archive about its image, of these kinds and in their order; `platform` as for
/// [`beside`]. Each file is what it would be if it were attached to the image in a registry. Whether
/// it is really about the image has to be asked of its document. A file that cannot be read, or is
/// larger than any honest document, is an error in its place.
pub fn files_beside(
    archive: &Path,
    image: &Descriptor,
    platform: Option<&Platform>,
    kinds: &[Kind],
) -> Vec<Result<Attached, ImageError>> {
    let found = kinds.iter().filter_map(|kind| file(*kind, archive, image, platform).transpose());
    found.collect()
}

/// The file of one kind; none where there is none.
fn file(
    kind: Kind,
    archive: &Path,
    image: &Descriptor,
    platform: Option<&Platform>,
) -> Result<Option<Attached>, ImageError> {
    let path = beside(archive, kind, platform);
    let Some(document) = read(&path)? else { return Ok(None) };
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let malformed = |error: serde_json::Error| ImageError::Malformed {
        what: "attachment",
        reason: error.to_string(),
        place: path.display().to_string(),
    };
    // Reading it does not depend on whether it is signed: its bytes tell.
    let attachment = kind.attach(image, document, false, "image").map_err(malformed)?;
    let descriptor = attachment.descriptor.clone();
    let blobs = Arc::new(Documents::of(attachment, path));
    Ok(Some(Attached { name, is_file: true, ..Attached::read(descriptor, blobs)? }))
}

/// The bytes of a file; none where there is none.
fn read(path: &Path) -> Result<Option<Vec<u8>>, ImageError> {
    let io = |error| ImageError::io(path, error);
    match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
        // A pipe would never end.
        Ok(metadata) if !metadata.is_file() => {
            let (what, reason) = ("attachment", "is no file".to_owned());
            return Err(ImageError::Malformed { what, reason, place: path.display().to_string() });
        }
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(io)?;
    file.take(MAX_DOCUMENT + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > MAX_DOCUMENT {
        let place = path.display().to_string();
        return Err(ImageError::TooLarge { what: "attachment", limit: MAX_DOCUMENT, place });
    }
    Ok(Some(bytes))
}

/// The documents of one attachment.
#[derive(Debug)]
struct Documents {
    documents: BTreeMap<Digest, Vec<u8>>,
    path: PathBuf,
}

impl Documents {
    fn of(attachment: Attachment, path: PathBuf) -> Self {
        let Attachment { descriptor, manifest, blobs } = attachment;
        let blobs = blobs.into_iter().map(|(descriptor, bytes)| (descriptor.digest, bytes));
        let documents = blobs.chain([(descriptor.digest, manifest)]).collect();
        Self { documents, path }
    }
}

impl Blobs for Documents {
    fn open(&self, digest: &Digest) -> Result<BlobRead<'_>, ImageError> {
        match self.documents.get(digest) {
            Some(bytes) => Ok(Box::new(bytes.as_slice())),
            None => {
                let place = self.place();
                Err(ImageError::Missing { what: "document", digest: *digest, place })
            }
        }
    }

    fn holds(&self, digest: &Digest) -> bool {
        self.documents.contains_key(digest)
    }

    fn place(&self) -> String {
        self.path.display().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MediaType;

    #[test]
    fn an_attachment_lies_beside_its_image() {
        let arm = Platform::linux("arm64");
        for (image, platform, file) in [
            ("out/app.tar", None, "out/app.sbom.cdx.json"),
            ("app.tar.gz", None, "app.sbom.cdx.json"),
            ("out/app-1.2", None, "out/app-1.2.sbom.cdx.json"),
            ("out/.tar", None, "out/.tar.sbom.cdx.json"),
            ("out/app.tar", Some(&arm), "out/linux-arm64-app.sbom.cdx.json"),
        ] {
            assert_eq!(beside(Path::new(image), Kind::Sbom, platform), Path::new(file));
        }
    }

    #[test]
    fn files_beside_an_archive_are_read_and_what_is_no_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("app.tar");
        let image = Descriptor::of(MediaType::new(MediaType::OCI_MANIFEST), b"manifest");
        let files = |archive: &Path| files_beside(archive, &image, None, &Kind::ALL);
        assert!(files(&archive).is_empty());
        std::fs::write(folder.path().join("app.audit.json"), "{}").unwrap();
        let found: Vec<Attached> = files(&archive).into_iter().map(Result::unwrap).collect();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].kind(), &*found[0].name), (Some(Kind::Audit), "app.audit.json"));
        assert_eq!(found[0].document().unwrap(), b"{}");
        assert!(found[0].is_about(&image.digest) && found[0].is_file);
        assert!(files_beside(&archive, &image, None, &[Kind::Sbom]).is_empty());
        // One that cannot be read keeps no other from being found.
        std::fs::create_dir(folder.path().join("app.sbom.cdx.json")).unwrap();
        let found = files(&archive);
        let error = found[0].as_ref().unwrap_err();
        assert!(error.to_string().contains("app.sbom.cdx.json"), "{error}");
        assert!(found[1].is_ok());
        // A sparse file costs nothing.
        let large = File::create(folder.path().join("large.audit.json")).unwrap();
        large.set_len(MAX_DOCUMENT + 1).unwrap();
        let found = files(&folder.path().join("large.tar"));
        assert!(matches!(found[..], [Err(ImageError::TooLarge { .. })]), "{found:?}");
    }
}
