//! Opening a wheel: its digest first, then everything that it says of itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use provender_core::{ProjectName, Sha256, Version};
use rayon::prelude::*;
use sha2::Digest as _;

use super::archive::{Archive, Stored};
use super::entry_points::{EntryPoint, entry_points};
use super::headers::Headers;
use super::record::{self, Line, RecordedHash, Rehash};
use super::{Expected, Member, Wheel, WheelError, WheelFilename};
use crate::layer::Content;

/// The longest document that is read, in bytes. The largest wheels have a `RECORD` of 3 MB.
const MAX_DOCUMENT: u64 = 16 << 20;

/// Opens the wheel `expected` in the file `path`, whose own name does not matter.
///
/// # Errors
///
/// A file with another digest; an archive with members that are refused (absolute, `..`, links,
/// encrypted, named twice, larger than any should be) or that can be read in several ways; more than
/// one `.dist-info` folder; a `WHEEL` of another major version than 1; names and versions that are
/// not the expected ones; a `RECORD` that does not name every file, with its size and a hash of
/// sha256 or stronger, and nothing else.
pub fn open(path: &Path, expected: &Expected) -> Result<Wheel, WheelError> {
    let filename: WheelFilename = expected.filename.parse()?;
    let wheel = expected.filename.as_str();
    same_name(wheel, "its file name", filename.name(), expected)?;
    same_version(wheel, "its file name", filename.version(), expected)?;
    let (file, length) = hashed(path, expected)?;
    let mut archive = Archive::open(wheel, file, length)?;
    let files = std::mem::take(&mut archive.files);

    let dist_info = own_folder(wheel, &files, ".dist-info", expected)?;
    let dist_info = dist_info.ok_or_else(|| WheelError::Archive {
        wheel: wheel.to_owned(),
        reason: "it has no .dist-info folder".to_owned(),
    })?;
    let data = own_folder(wheel, &files, ".data", expected)?;
    if let Some(data) = &data {
        no_other_distribution(wheel, &files, data)?;
    }

    let by_name: BTreeMap<&str, &Stored> =
        files.iter().map(|file| (file.name.as_str(), file)).collect();
    let mut document = |name: &str| {
        let name = format!("{dist_info}/{name}");
        by_name.get(name.as_str()).map(|file| archive.document(file, MAX_DOCUMENT)).transpose()
    };
    let missing = |document: &str| WheelError::Document {
        wheel: wheel.to_owned(),
        document: document.to_owned(),
        reason: "is missing".to_owned(),
    };
    let metadata = document("METADATA")?.ok_or_else(|| missing("METADATA"))?;
    let wheel_text = document("WHEEL")?.ok_or_else(|| missing("WHEEL"))?;
    let record_text = document("RECORD")?.ok_or_else(|| missing("RECORD"))?;
    let points = document("entry_points.txt")?.unwrap_or_default();

    let written_name = metadata_names(wheel, &metadata, expected)?;
    let (root_is_purelib, tags) = wheel_headers(wheel, &wheel_text)?;
    let of_group = |group| -> Result<Vec<EntryPoint>, WheelError> {
        entry_points(&points, group).map_err(|(script, reason)| WheelError::Script {
            wheel: wheel.to_owned(),
            script,
            reason,
        })
    };
    let console_scripts = of_group("console_scripts")?;
    let gui_scripts = of_group("gui_scripts")?;
    let lines = record::parse(&record_text).map_err(|(file, reason)| WheelError::Record {
        wheel: wheel.to_owned(),
        file,
        reason,
    })?;
    drop(by_name);
    let members = recorded(expected, path, &dist_info, &mut archive, files, lines)?;
    Ok(Wheel {
        path: path.to_owned(),
        expected: expected.clone(),
        filename,
        written_name,
        dist_info,
        data,
        root_is_purelib,
        tags,
        console_scripts,
        gui_scripts,
        members,
    })
}

/// Reads every file of a wheel and checks it against `RECORD`, on several threads.
///
/// # Errors
///
/// The first file, in the order of the archive, that is not what it should be.
pub fn verify(wheel: &Wheel) -> Result<(), WheelError> {
    let checked = wheel.members.par_iter().map(|member| {
        member.content.read(&member.name, |_| Ok(())).map_err(|source| wheel.content_error(source))
    });
    checked.collect::<Vec<_>>().into_iter().collect()
}

/// The file, at its beginning, and its length, if it has the right digest.
fn hashed(path: &Path, expected: &Expected) -> Result<(File, u64), WheelError> {
    let failed = |source| WheelError::Io { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    let mut hasher = sha2::Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut length = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                hasher.update(buffer.get(..count).unwrap_or_default());
                length += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
    let found = Sha256::from_bytes(hasher.finalize().into());
    if found != expected.sha256 {
        let (wheel, path) = (expected.filename.clone(), path.to_owned());
        return Err(WheelError::Digest { wheel, path, expected: expected.sha256, found });
    }
    file.rewind().map_err(failed)?;
    Ok((file, length))
}

/// The one folder at the top whose name ends like this, which must be `NAME-VERSION` otherwise.
fn own_folder(
    wheel: &str,
    files: &[Stored],
    ending: &str,
    expected: &Expected,
) -> Result<Option<String>, WheelError> {
    let tops = files.iter().filter_map(|file| Some(file.name.split_once('/')?.0));
    let folders: BTreeSet<&str> = tops.filter(|top| top.ends_with(ending)).collect();
    let mut folders = folders.into_iter();
    let Some(folder) = folders.next() else { return Ok(None) };
    if let Some(other) = folders.next() {
        let reason = format!("there is another such folder, `{folder}`");
        return Err(member(wheel, other, reason));
    }
    let stem = folder.strip_suffix(ending).unwrap_or(folder);
    let ours = stem.match_indices('-').any(|(at, _)| {
        let (name, version) = (stem.get(..at), stem.get(at + 1..));
        let name = name.and_then(|name| name.parse::<ProjectName>().ok());
        let version = version.and_then(|version| version.replace('_', "-").parse::<Version>().ok());
        name.as_ref() == Some(&expected.name) && version.as_ref() == Some(&expected.version)
    });
    if ours {
        return Ok(Some(folder.to_owned()));
    }
    let (name, version) = (&expected.name, &expected.version);
    Err(member(wheel, folder, format!("the folder of {name} {version} has another name")))
}

/// A second distribution would be installed unseen by way of the data folder.
fn no_other_distribution(wheel: &str, files: &[Stored], data: &str) -> Result<(), WheelError> {
    for file in files {
        let parts: Vec<&str> = file.name.splitn(4, '/').collect();
        if let [top, "purelib" | "platlib", folder, _] = parts[..]
            && top == data
            && (folder.ends_with(".dist-info") || folder.ends_with(".egg-info"))
        {
            let reason = "it would install a second distribution".to_owned();
            return Err(member(wheel, &file.name, reason));
        }
    }
    Ok(())
}

fn member(wheel: &str, member: &str, reason: String) -> WheelError {
    WheelError::Member { wheel: wheel.to_owned(), member: member.to_owned(), reason }
}

/// The name as `METADATA` writes it.
fn metadata_names(wheel: &str, text: &str, expected: &Expected) -> Result<String, WheelError> {
    let refused = |reason: String| WheelError::Document {
        wheel: wheel.to_owned(),
        document: "METADATA".to_owned(),
        reason,
    };
    let headers = Headers::parse(text);
    let written = headers.one("name").map_err(refused)?;
    let name: ProjectName =
        written.parse().map_err(|_| refused(format!("has the name `{written}`")))?;
    same_name(wheel, "METADATA", &name, expected)?;
    let version = headers.one("version").map_err(refused)?;
    let version: Version =
        version.parse().map_err(|_| refused(format!("has the version `{version}`")))?;
    same_version(wheel, "METADATA", &version, expected)?;
    Ok(written.to_owned())
}

/// `Root-Is-Purelib` and the tags.
fn wheel_headers(wheel: &str, text: &str) -> Result<(bool, Vec<String>), WheelError> {
    let refused = |reason: String| WheelError::Document {
        wheel: wheel.to_owned(),
        document: "WHEEL".to_owned(),
        reason,
    };
    let headers = Headers::parse(text);
    let version = headers.one("wheel-version").map_err(refused)?;
    let major = version.split('.').next().unwrap_or_default();
    if major != "1" {
        return Err(refused(format!("is of version {version}, and known are versions 1.x")));
    }
    let purelib = match headers.one("root-is-purelib").map_err(refused)? {
        text if text.eq_ignore_ascii_case("true") => true,
        text if text.eq_ignore_ascii_case("false") => false,
        text => return Err(refused(format!("has `{text}` as root-is-purelib"))),
    };
    let tags: Vec<String> = headers.all("tag").map(str::to_owned).collect();
    if tags.is_empty() {
        return Err(refused("has no tag".to_owned()));
    }
    Ok((purelib, tags))
}

/// The members with the hashes that `RECORD` has for them.
fn recorded(
    expected: &Expected,
    path: &Path,
    dist_info: &str,
    archive: &mut Archive,
    files: Vec<Stored>,
    mut lines: BTreeMap<String, Line>,
) -> Result<Vec<Member>, WheelError> {
    let wrong = |file: &str, reason: String| WheelError::Record {
        wheel: expected.filename.clone(),
        file: file.to_owned(),
        reason,
    };
    let unrecorded =
        ["RECORD", "RECORD.jws", "RECORD.p7s"].map(|name| format!("{dist_info}/{name}"));
    let mut members = Vec::with_capacity(files.len());
    for file in files {
        let line = lines.remove(&file.name);
        let hash = if unrecorded.contains(&file.name) {
            line.and_then(|line| line.hash)
        } else {
            let line = line.ok_or_else(|| wrong(&file.name, "is not in RECORD".to_owned()))?;
            if let Some(size) = line.size.filter(|size| *size != file.size) {
                let found = file.size;
                return Err(wrong(&file.name, format!("has {found} bytes, and {size} in RECORD")));
            }
            let none = || wrong(&file.name, "is in RECORD without a hash".to_owned());
            Some(line.hash.ok_or_else(none)?)
        };
        let sha256 = match hash {
            Some(RecordedHash::Sha256(sha256)) => sha256,
            other => {
                let mut hasher = Rehash::default();
                archive.read(&file, |piece| hasher.update(piece))?;
                let wrong = || wrong(&file.name, "has another hash than in RECORD".to_owned());
                hasher.finish(other.as_ref()).ok_or_else(wrong)?
            }
        };
        let content = Content::Member {
            archive: path.to_owned(),
            archive_sha256: Some(expected.sha256),
            name: file.name.clone(),
            offset: file.offset,
            stored: file.stored,
            deflated: file.deflated,
            size: file.size,
            sha256,
        };
        members.push(Member { name: file.name, content, executable: file.executable });
    }
    match lines.into_keys().find(|name| !unrecorded.contains(name)) {
        Some(file) => Err(wrong(&file, "is in RECORD and not in the wheel".to_owned())),
        None => Ok(members),
    }
}

fn same_name(
    wheel: &str,
    place: &str,
    found: &ProjectName,
    expected: &Expected,
) -> Result<(), WheelError> {
    if *found == expected.name {
        return Ok(());
    }
    Err(disagrees(wheel, place, found.to_string(), expected.name.to_string()))
}

fn same_version(
    wheel: &str,
    place: &str,
    found: &Version,
    expected: &Expected,
) -> Result<(), WheelError> {
    if *found == expected.version {
        return Ok(());
    }
    Err(disagrees(wheel, place, found.to_string(), expected.version.to_string()))
}

fn disagrees(wheel: &str, place: &str, found: String, expected: String) -> WheelError {
    WheelError::Disagrees { wheel: wheel.to_owned(), place: place.to_owned(), found, expected }
}
