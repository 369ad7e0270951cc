//! apk's packages: those of Alpine, Wolfi and what is made from them (apk-tools, "installed" of the
//! package database).

use super::collector::Collector;
use super::evidence::Evidence;
use super::inventory::{Kind, Os, Package, Source};
use super::{os, purl::Purl};
use crate::tree::Tree;

/// Reads the database: stanzas of lines of a letter, a colon and a value.
pub(super) fn read(
    tree: &Tree,
    found: &[(&str, Evidence)],
    os: Option<&Os>,
    collector: &mut Collector,
) {
    for (path, _) in found.iter().filter(|(_, evidence)| *evidence == Evidence::ApkInstalled) {
        let Some(text) = collector.database(tree, path) else { continue };
        let written = tree.get(path).map_or(0, |node| node.layer);
        let mut stanza = Stanza::default();
        for (line, number) in text.lines().chain([""]).zip(1..) {
            if line.trim().is_empty() {
                let stanza = std::mem::take(&mut stanza);
                let Some(start) = stanza.start else { continue };
                // Every layer that installs something rewrites the database, and the package's own
                // files are from the one that installed it.
                let layer = stanza.layer.unwrap_or(written);
                match stanza.package(os) {
                    Ok(mut package) => {
                        package.layer = layer;
                        package.locations.push((*path).to_owned());
                        collector.add(package);
                    }
                    Err(missing) => {
                        let message = format!("a package without {missing}");
                        collector.lose(path, Some(start), message);
                    }
                }
                continue;
            }
            stanza.start.get_or_insert(number);
            match line.split_once(':') {
                Some(("F", folder)) => stanza.folder = folder,
                Some(("R", file)) if stanza.layer.is_none() => {
                    let file = format!("{}/{file}", stanza.folder);
                    stanza.layer = tree.get(&file).map(|node| node.layer);
                }
                Some((letter, value)) if letter.len() == 1 => stanza.set(letter, value),
                _ => collector.note(path, Some(number), "a line that is no field"),
            }
        }
    }
}

/// The fields of a package that count.
#[derive(Default)]
struct Stanza<'a> {
    start: Option<usize>,
    name: Option<&'a str>,
    version: Option<&'a str>,
    arch: Option<&'a str>,
    origin: Option<&'a str>,
    licence: Option<&'a str>,
    /// The folder of the files that follow.
    folder: &'a str,
    /// The layer of the first of its files that is there.
    layer: Option<usize>,
}

impl<'a> Stanza<'a> {
    fn set(&mut self, letter: &str, value: &'a str) {
        let field = match letter {
            "P" => &mut self.name,
            "V" => &mut self.version,
            "A" => &mut self.arch,
            "o" => &mut self.origin,
            "L" => &mut self.licence,
            _ => return,
        };
        *field = Some(value.trim()).filter(|value| !value.is_empty());
    }

    fn package(self, os: Option<&Os>) -> Result<Package, &'static str> {
        let name = self.name.ok_or("a name (P)")?;
        let version = self.version.ok_or("a version (V)")?;
        // The source has the package's version: apk builds all packages of an origin at once.
        let origin = self.origin.unwrap_or(name);
        let source = Source { name: origin.to_owned(), version: version.to_owned() };
        let purl = Purl::of_distribution("apk", os, (name, version), self.arch, &source);
        Ok(Package {
            ecosystem: os::of_apk(os),
            name: name.to_owned(),
            version: version.to_owned(),
            source: Some(source),
            arch: self.arch.map(str::to_owned),
            locations: Vec::new(),
            layer: 0,
            kind: Kind::Installed,
            owner: None,
            direct_url: None,
            purl: purl.to_string(),
            licence: self.licence.map(str::to_owned),
        })
    }
}

/// Every package's files, as `F:` (the folder) and `R:` (a file in it) name them.
pub(super) fn files(text: &str) -> impl Iterator<Item = (&str, String)> {
    let (mut package, mut folder) = ("", "");
    text.lines().filter_map(move |line| {
        let (letter, value) = line.split_once(':')?;
        match letter {
            "P" => (package, folder) = (value, ""),
            "F" => folder = value,
            "R" if folder.is_empty() => return Some((package, value.to_owned())),
            "R" => return Some((package, format!("{folder}/{value}"))),
            _ => {}
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_belong_to_the_package_above_them() {
        let text = "P:a\nV:1\nF:\nR:top\nF:usr/bin\nR:x\nR:y\n\nP:b\nV:1\nR:z\n";
        let found: Vec<_> = files(text).collect();
        let expected = [("a", "top"), ("a", "usr/bin/x"), ("a", "usr/bin/y"), ("b", "z")];
        assert_eq!(found, expected.map(|(package, file)| (package, file.to_owned())));
    }

    #[test]
    fn a_package_without_an_origin_is_its_own() {
        let stanza = Stanza { name: Some("musl"), version: Some("1.2.4-r2"), ..Stanza::default() };
        let package = stanza.package(None).unwrap();
        assert_eq!(package.source.unwrap().name, "musl");
        assert_eq!(package.purl, "pkg:apk/alpine/musl@1.2.4-r2");
        assert!(Stanza::default().package(None).is_err());
    }
}
