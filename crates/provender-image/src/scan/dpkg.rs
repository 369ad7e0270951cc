//! dpkg's packages: those of Debian, Ubuntu and what is made from them.

use super::collector::Collector;
use super::evidence::Evidence;
use super::fields::{self, Stanza};
use super::inventory::{Kind, Os, Package, Source};
use super::{os, purl::Purl};
use crate::tree::Tree;

/// Reads `status`, and the files of `status.d` that images without dpkg have.
pub(super) fn read(
    tree: &Tree,
    found: &[(&str, Evidence)],
    os: Option<&Os>,
    collector: &mut Collector,
) {
    for (path, _) in found.iter().filter(|(_, evidence)| *evidence == Evidence::DpkgStatus) {
        let Some(text) = collector.database(tree, path) else { continue };
        for stanza in fields::stanzas(&text) {
            if let Some(line) = stanza.malformed {
                collector.note(path, Some(line), "a line that is no field");
            }
            match package(&stanza, os) {
                Ok(Some((mut package, state))) => {
                    if let Some(state) = state {
                        let message = format!("{} is {state}", package.name);
                        collector.note(path, Some(stanza.line), message);
                    }
                    package.layer = layer(tree, path, &package);
                    package.locations.push((*path).to_owned());
                    collector.add(package);
                }
                Ok(None) => {}
                Err(missing) => {
                    let message = format!("a package without {missing}");
                    collector.lose(path, Some(stanza.line), message);
                }
            }
        }
    }
}

/// The layer that brought a package: that of its list of files, since every layer that installs
/// something rewrites the one file in which all of them stand.
fn layer(tree: &Tree, path: &str, package: &Package) -> usize {
    let name = &package.name;
    let arch = package.arch.as_deref().unwrap_or_default();
    let lists = [format!("{name}.list"), format!("{name}:{arch}.list")];
    let list = lists.iter().find_map(|list| tree.get(&format!("var/lib/dpkg/info/{list}")));
    list.or_else(|| tree.get(path)).map_or(0, |node| node.layer)
}

/// The package of a stanza, with its state where that is half of one. None for what is not there
/// any more.
///
/// # Errors
///
/// The field that is missing.
fn package<'a>(
    stanza: &Stanza<'a>,
    os: Option<&Os>,
) -> Result<Option<(Package, Option<&'a str>)>, &'static str> {
    // `install ok installed`: what is wanted, whether there is an error, what is the case. A file of
    // `status.d` does not say: it is there.
    let state = stanza.get("Status").map(|status| status.split_whitespace().last().unwrap_or(""));
    let half = match state {
        Some("not-installed" | "config-files") => return Ok(None),
        None | Some("installed" | "triggers-awaited" | "triggers-pending") => None,
        Some(state) => Some(state),
    };
    let name = stanza.word("Package").ok_or("Package")?.to_owned();
    let version = stanza.word("Version").ok_or("Version")?.to_owned();
    let arch = stanza.word("Architecture").map(str::to_owned);
    let source = source(stanza.word("Source"), &name, &version);
    let words = (name.as_str(), version.as_str());
    let purl = Purl::of_distribution("deb", os, words, arch.as_deref(), &source).to_string();
    let package = Package {
        ecosystem: os::of_dpkg(os),
        name,
        version,
        source: Some(source),
        arch,
        locations: Vec::new(),
        layer: 0,
        kind: Kind::Installed,
        owner: None,
        direct_url: None,
        purl,
        licence: None,
    };
    Ok(Some((package, half)))
}

/// `NAME [(VERSION)]`; what is absent is the package's own.
fn source(field: Option<&str>, name: &str, version: &str) -> Source {
    let (source, rest) =
        field.and_then(|field| field.split_once(' ')).unwrap_or((field.unwrap_or(name), ""));
    let written = rest.trim().strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    Source { name: source.to_owned(), version: written.unwrap_or(version).trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(text: &str) -> Result<Option<(Package, Option<&str>)>, &'static str> {
        package(&fields::stanzas(text).next().unwrap(), None)
    }

    #[test]
    fn a_package_that_was_built_once_more_has_the_version_of_its_source() {
        let text = "Package: libx1\nStatus: install ok installed\nArchitecture: amd64\nSource: x (1.0-1)\nVersion: 1.0-1+b1\n";
        let (package, state) = only(text).unwrap().unwrap();
        let source = package.source.unwrap();
        assert_eq!((source.name.as_str(), source.version.as_str(), state), ("x", "1.0-1", None));
        assert_eq!(package.version, "1.0-1+b1");
        assert_eq!(package.purl, "pkg:deb/debian/libx1@1.0-1%2Bb1?arch=amd64&upstream=x%401.0-1");
    }

    #[test]
    fn what_is_removed_is_not_there_and_what_is_half_there_is() {
        let with = |status: &str| format!("Package: a\nStatus: {status}\nVersion: 1\n");
        assert_eq!(only(&with("deinstall ok config-files")), Ok(None));
        assert_eq!(only(&with("purge ok not-installed")), Ok(None));
        assert_eq!(only(&with("hold ok installed")).unwrap().unwrap().1, None);
        let half = with("install reinstreq half-installed");
        assert_eq!(only(&half).unwrap().unwrap().1, Some("half-installed"));
    }

    #[test]
    fn a_stanza_without_a_version_is_told() {
        assert_eq!(only("Package: a\nStatus: install ok installed\n"), Err("Version"));
        assert_eq!(only("Version: 1\n"), Err("Package"));
    }
}
