//! Where findings are gathered, bounded.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::inventory::{Ecosystem, Inventory, Kind, Note, Os, Package};
use crate::tree::{Kind as NodeKind, Tree};

/// How many packages an image may hold; the largest known have a few thousand.
const PACKAGES: usize = 200_000;
/// How many notes are kept.
const NOTES: usize = 1_000;
/// How many places of one package are kept.
const LOCATIONS: usize = 100;
/// How long the message of a note may be, in characters.
const MESSAGE: usize = 300;
/// How long a name, a version or an architecture may be, in bytes.
const WORD: usize = 512;

/// What makes two finds one package.
type Key = (Ecosystem, String, String, Option<String>, usize, Kind, Option<String>);

/// Packages and notes while an image is read.
#[derive(Default)]
pub(super) struct Collector {
    packages: BTreeMap<Key, Package>,
    notes: Vec<Note>,
    further_packages: usize,
    further_notes: usize,
    /// Whether a package is there of which it is not known which.
    lost: bool,
}

impl Collector {
    /// Adds a package, or its place where it is known already.
    pub(super) fn add(&mut self, package: Package) {
        let Some(place) = package.locations.first().cloned() else { return };
        let words = [Some(&package.name), Some(&package.version), package.arch.as_ref()];
        if let Some(word) = words.into_iter().flatten().find(|word| !is_word(word)) {
            let message = format!("`{}` is no name or version", plain(word, 60));
            return match package.ecosystem {
                // What comes with tests of packages is no package of the image.
                Ecosystem::Npm => self.note(&place, None, message),
                _ => self.lose(&place, None, message),
            };
        }
        let key = (
            package.ecosystem,
            package.name.clone(),
            package.version.clone(),
            package.arch.clone(),
            package.layer,
            package.kind.clone(),
            package.owner.clone(),
        );
        if let Some(known) = self.packages.get_mut(&key) {
            if known.locations.len() < LOCATIONS && !known.locations.contains(&place) {
                known.locations.push(place);
            }
        } else if self.packages.len() < PACKAGES {
            self.packages.insert(key, package);
        } else {
            self.further_packages += 1;
        }
    }

    /// Says that something could not be read.
    pub(super) fn note(&mut self, place: &str, line: Option<usize>, message: impl AsRef<str>) {
        self.say(place, line, message.as_ref(), false);
    }

    /// Says that a package is there of which it is not known which.
    pub(super) fn lose(&mut self, place: &str, line: Option<usize>, message: impl AsRef<str>) {
        self.say(place, line, message.as_ref(), true);
    }

    fn say(&mut self, place: &str, line: Option<usize>, message: &str, hides: bool) {
        self.lost |= hides;
        if self.notes.len() < NOTES {
            let message = plain(message, MESSAGE);
            let note = Note { place: place.to_owned(), line, message, hides };
            // Some files are read more than once.
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        } else {
            self.further_notes += 1;
        }
    }

    /// The text of a file, links followed. A file whose content was not kept is noted.
    pub(super) fn text<'a>(&mut self, tree: &'a Tree, path: &str) -> Option<Cow<'a, str>> {
        self.text_or(tree, path, false)
    }

    /// The same of a file in which packages stand, which are lost where it is not read.
    pub(super) fn database<'a>(&mut self, tree: &'a Tree, path: &str) -> Option<Cow<'a, str>> {
        self.text_or(tree, path, true)
    }

    fn text_or<'a>(&mut self, tree: &'a Tree, path: &str, hides: bool) -> Option<Cow<'a, str>> {
        if let Some(content) = tree.content(path) {
            return Some(String::from_utf8_lossy(content));
        }
        if let Some((_, node)) = tree.resolve(path)
            && let NodeKind::File { size, .. } = node.kind
        {
            self.say(path, None, &format!("not read: it has {size} bytes"), hides);
        }
        None
    }

    pub(super) fn finish(mut self, os: Option<Os>) -> Inventory {
        // Among the notes that are left out may be some that matter.
        let lost = self.lost && !self.notes.iter().any(|note| note.hides);
        for (count, what, hides) in
            [(self.further_packages, "packages", true), (self.further_notes, "notes", lost)]
        {
            if count > 0 {
                let message = format!("{count} further {what} are left out");
                self.notes.push(Note { place: String::new(), line: None, message, hides });
            }
        }
        let mut packages: Vec<_> = self.packages.into_values().collect();
        packages.sort_by(Package::order);
        Inventory { os, packages, notes: self.notes }
    }
}

/// Whether a text can be a name, a version or an architecture.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= WORD
        && !text.contains(|c: char| c.is_control() || c.is_whitespace())
}

/// The beginning of a text, without characters that would steer a terminal.
fn plain(text: &str, characters: usize) -> String {
    let plain = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().take(characters).map(plain).collect()
}
