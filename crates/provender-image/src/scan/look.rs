//! Looking at an image once: what it holds, and what hardening says of it, remembered by its digest.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use provender_core::diagnostic::{Diagnostic, Level};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::{Inventory, inventory, wanted};
use crate::harden::{self, CheckOptions};
use crate::tree::{self, Keep, Limits, TreeError};
use crate::{Digest, Image};

/// Raised whenever an image is looked at with other eyes: what was remembered before is looked at
/// again.
const FORM: u32 = 2;

/// The longest file that is read, in bytes.
const MAX_FILE: u64 = 64 << 20;

/// How a layer of an application begins in the history that provender writes.
const OURS: &str = "provender image build:";

/// What an image holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// Its packages.
    pub inventory: Inventory,
    /// What a hardened image would do otherwise.
    pub hardening: Vec<Diagnostic>,
    /// How many of its layers are its base's.
    pub base_layers: usize,
}

#[derive(Serialize, Deserialize)]
struct Remembered {
    form: u32,
    image: Digest,
    inventory: Inventory,
    hardening: Vec<Told>,
    base_layers: usize,
}

/// A diagnostic in a file.
#[derive(Serialize, Deserialize)]
struct Told {
    rule: String,
    level: u8,
    message: String,
    hint: Option<String>,
    causes: Vec<String>,
}

/// Looks at an image, or remembers what was seen in it. `folder` is where looks are kept.
///
/// # Errors
///
/// An image that cannot be read. That nothing can be remembered is no error.
pub fn look(image: &Image, folder: &Path) -> Result<Look, TreeError> {
    if let Some(look) = remembered(image, folder) {
        return Ok(look);
    }
    let scans = wanted();
    let both =
        |path: &str, size: u64| -> Keep { scans(path, size).max(harden::wanted(path, size)) };
    let tree = tree::of_image(image, &both, &Limits::default())?;
    let base_layers = base_layers(image);
    let look = Look {
        inventory: inventory(&tree),
        hardening: harden::check(&image.config, &tree, &CheckOptions { base_layers }),
        base_layers,
    };
    // Another look costs time, and nothing else.
    let _ = remember(&look, image.digest(), folder);
    Ok(look)
}

/// What was seen in an image before, none of whose layers is read for it; none where it is not
/// remembered in `folder`.
pub fn remembered(image: &Image, folder: &Path) -> Option<Look> {
    read(&path(folder, image.digest()), image.digest())
}

fn path(folder: &Path, image: Digest) -> PathBuf {
    folder.join(format!("{}.json", image.hex()))
}

/// How many layers come before those that provender laid over the base; the lowest alone where it
/// built nothing here.
pub(crate) fn base_layers(image: &Image) -> usize {
    let laid = image.config.history.iter().filter(|entry| !entry.empty_layer);
    let ours = laid.clone().position(|entry| {
        entry.created_by.as_deref().is_some_and(|command| command.starts_with(OURS))
    });
    ours.unwrap_or(1).min(image.layers.len())
}

fn read(path: &Path, image: Digest) -> Option<Look> {
    if fs::metadata(path).ok()?.len() > MAX_FILE {
        return None;
    }
    let read: Remembered = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    if read.form != FORM || read.image != image {
        return None;
    }
    let hardening: Option<Vec<Diagnostic>> = read.hardening.into_iter().map(diagnostic).collect();
    crate::kept::used(path);
    Some(Look { inventory: read.inventory, hardening: hardening?, base_layers: read.base_layers })
}

fn remember(look: &Look, image: Digest, folder: &Path) -> std::io::Result<()> {
    let hardening = look.hardening.iter().map(|diagnostic| Told {
        rule: diagnostic.rule.to_owned(),
        level: diagnostic.level as u8,
        message: diagnostic.message.clone(),
        hint: diagnostic.hint.clone(),
        causes: diagnostic.causes.clone(),
    });
    let document = Remembered {
        form: FORM,
        image,
        inventory: look.inventory.clone(),
        hardening: hardening.collect(),
        base_layers: look.base_layers,
    };
    fs::create_dir_all(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(&serde_json::to_vec(&document)?)?;
    file.persist(path(folder, image)).map_err(|error| error.error)?;
    Ok(())
}

/// A diagnostic as it was; none where its rule is no longer known.
fn diagnostic(told: Told) -> Option<Diagnostic> {
    let rule = harden::rule(&told.rule)?;
    let level = [Level::Note, Level::Warning, Level::Error].into_iter().nth(told.level.into())?;
    let mut diagnostic = Diagnostic::new(rule, level, told.message);
    diagnostic.hint = told.hint;
    diagnostic.causes = told.causes;
    Some(diagnostic)
}
