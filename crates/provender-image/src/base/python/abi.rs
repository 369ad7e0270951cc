//! Which compiled modules and which bytecode a Python loads.

use super::find::{Found, join};
use crate::tree::Tree;

/// What the names of compiled modules say.
pub(super) struct Abi {
    pub(super) soabi: Option<String>,
    pub(super) free_threaded: bool,
    pub(super) debug: bool,
}

/// The magic numbers of the released versions, which stay as they are (`Include/internal/
/// pycore_magic_number.h`): where the image does not have the file that says it in clear.
const MAGIC: &[(u8, u16)] =
    &[(8, 3413), (9, 3425), (10, 3439), (11, 3495), (12, 3531), (13, 3571), (14, 3627)];

/// The ABI: from the names of the standard library's own modules, else from what `sysconfig` remembers
/// of the build; without either, only what the library's folder says.
pub(super) fn of(tree: &Tree, found: &Found) -> Abi {
    let modules = tree.resolve(&join(&found.stdlib, "lib-dynload")).map(|(folder, _)| folder);
    let named = modules.and_then(|folder| {
        tree.children(&folder).find_map(|(name, _)| {
            let soabi = name.strip_suffix(".so")?.split_once('.')?.1;
            soabi.starts_with("cpython-").then(|| soabi.to_owned())
        })
    });
    let soabi = named.or_else(|| remembered(tree, found));
    // `cpython-313td-x86_64-linux-gnu`
    let flags = soabi.as_deref().and_then(|soabi| soabi.split('-').nth(1)).unwrap_or_default();
    let flags = flags.trim_start_matches(|c: char| c.is_ascii_digit());
    Abi {
        free_threaded: flags.contains('t') || found.name.ends_with('t'),
        debug: flags.contains('d'),
        soabi,
    }
}

/// `'SOABI': 'cpython-311-x86_64-linux-gnu'` in `_sysconfigdata_...py`.
fn remembered(tree: &Tree, found: &Found) -> Option<String> {
    let (folder, _) = tree.resolve(&found.stdlib)?;
    let data = |(name, _): &(&str, _)| name.starts_with("_sysconfigdata_") && name.ends_with(".py");
    tree.children(&folder).filter(data).find_map(|(name, _)| {
        let text = tree.text(&format!("{folder}/{name}"))?;
        let value = text.split_once("'SOABI':")?.1.trim_start().strip_prefix('\'')?;
        let soabi = value.split_once('\'')?.0;
        soabi.starts_with("cpython-").then(|| soabi.to_owned())
    })
}

/// The first four bytes of bytecode files (PEP 552): as the importer's source says, else as is known of
/// the version.
pub(super) fn magic(tree: &Tree, found: &Found) -> Option<[u8; 4]> {
    let source = tree.text(&join(&found.stdlib, "importlib/_bootstrap_external.py"));
    let said = source.as_deref().and_then(|text| {
        let number = text.split_once("\nMAGIC_NUMBER = (")?.1;
        number.split_once(')')?.0.parse::<u16>().ok()
    });
    let known = || {
        let (major, minor) = found.version;
        let known = MAGIC.iter().find(|(known, _)| (3, *known) == (major, minor));
        known.map(|(_, number)| *number)
    };
    let [low, high] = said.or_else(known)?.to_le_bytes();
    Some([low, high, b'\r', b'\n'])
}
