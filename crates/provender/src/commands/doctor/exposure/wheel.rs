//! The `RECORD` of a wheel: a CSV of paths, digests and sizes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use provender_core::Sha256;
use sha2::Digest as _;

/// The digest of each file of a wheel, by its path.
pub(super) type Record = BTreeMap<String, Option<Sha256>>;

/// Every file of a wheel with the digest of what really is in the archive: the digest of the archive
/// is promised by the index, what its own `RECORD` says is not needed for that.
pub(super) fn record(file: &Path) -> Result<Record, String> {
    let file = File::open(file).map_err(|error| error.to_string())?;
    let mut archive = zip::ZipArchive::new(file).map_err(|error| error.to_string())?;
    let mut record = Record::new();
    for nth in 0..archive.len() {
        let mut entry = archive.by_index(nth).map_err(|error| error.to_string())?;
        if entry.is_dir() {
            continue;
        }
        let name = entry.name().map_err(|error| error.to_string())?.into_owned();
        let mut hasher = sha2::Sha256::new();
        let mut buffer = [0; 64 * 1024];
        loop {
            let read = entry.read(&mut buffer).map_err(|error| error.to_string())?;
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
        }
        record.insert(name, Some(Sha256::from_bytes(hasher.finalize().into())));
    }
    Ok(record)
}

/// The paths of an installed `RECORD`: the first field of each line, in quotes where it needs them.
pub(super) fn paths(text: &str) -> BTreeSet<String> {
    let path = |line: &str| match line.strip_prefix('"') {
        None => line.split(',').next().unwrap_or_default().to_owned(),
        Some(rest) => {
            let mut path = String::new();
            let mut chars = rest.chars().peekable();
            while let Some(c) = chars.next() {
                if c != '"' {
                    path.push(c);
                } else if chars.next_if_eq(&'"').is_some() {
                    path.push('"');
                } else {
                    break;
                }
            }
            path
        }
    };
    text.lines().map(path).filter(|path| !path.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_in_quotes_may_hold_commas_and_quotes() {
        let found = paths("a/b.py,sha256=x,1\n\"c,\"\"d\"\".py\",sha256=y,2\n\n");
        assert_eq!(found, BTreeSet::from(["a/b.py".to_owned(), "c,\"d\".py".to_owned()]));
    }
}
