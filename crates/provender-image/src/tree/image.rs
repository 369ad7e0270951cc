//! From an image to its tree.

use std::collections::BTreeSet;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::limits::Budget;
use super::read::read;
use super::{Contents, Keep, Limits, Tree, TreeError, Wanted};
use crate::Image;
use crate::blobs::{NotPromised, blob_error};

/// Reads every layer of an image, several at a time, and lays them over one another. Every layer is
/// read to its end and verified; the limits hold for the image as a whole.
///
/// # Errors
///
/// As [`layer_contents`].
pub fn of_image(image: &Image, wanted: Wanted<'_>, limits: &Limits) -> Result<Tree, TreeError> {
    let budget = Budget::new(limits);
    let numbers = 0..image.layers.len();
    let read = numbers.into_par_iter().map(|index| layer(image, index, wanted, limits, &budget));
    let mut layers = read.collect::<Result<Vec<_>, _>>()?;
    let missed = missed(&layers, wanted);
    for (contents, missed) in layers.iter_mut().zip(&missed) {
        if !missed.is_empty() {
            *contents = again(image, contents.layer, missed, wanted, limits)?;
        }
    }
    Ok(Tree::lay(layers))
}

/// Reads one layer of an image, counted from 0, to its end and verifies it. The limits hold for this
/// layer.
///
/// # Errors
///
/// A blob that is missing, damaged or no archive; more than the limits allow.
pub fn layer_contents(
    image: &Image,
    index: usize,
    wanted: Wanted<'_>,
    limits: &Limits,
) -> Result<Contents, TreeError> {
    let contents = layer(image, index, wanted, limits, &Budget::new(limits))?;
    if contents.missed.is_empty() {
        return Ok(contents);
    }
    again(image, index, &contents.missed, wanted, limits)
}

/// Reads a layer a second time, for what was known to be wanted only after it had gone by.
fn again(
    image: &Image,
    index: usize,
    missed: &BTreeSet<String>,
    wanted: Wanted<'_>,
    limits: &Limits,
) -> Result<Contents, TreeError> {
    let also = |path: &str, size| {
        if missed.contains(path) { Keep::Content } else { wanted(path, size) }
    };
    layer(image, index, &also, limits, &Budget::new(limits))
}

fn layer(
    image: &Image,
    index: usize,
    wanted: Wanted<'_>,
    limits: &Limits,
    budget: &Budget,
) -> Result<Contents, TreeError> {
    let layers = image.layers.len();
    let layer = image.layers.get(index).ok_or(TreeError::NoLayer { index, layers })?;
    let place = || image.blobs.place();
    let digest = layer.descriptor.digest;
    let reader = image.layer(layer)?;
    let most = limits.unpacked(layer.descriptor.size);
    read(reader, index, wanted, budget, most).map_err(|error| match error {
        TreeError::Read(error)
            if error.get_ref().is_some_and(|inner| inner.is::<NotPromised>()) =>
        {
            TreeError::Image(blob_error(error, &digest, place()))
        }
        error => TreeError::Layer { digest, place: place(), source: Box::new(error) },
    })
}

/// For each layer, the files whose bytes only a hard link wanted: of its own, or of a layer above.
fn missed(layers: &[Contents], wanted: Wanted<'_>) -> Vec<BTreeSet<String>> {
    let mut missed: Vec<BTreeSet<String>> =
        layers.iter().map(|layer| layer.missed.clone()).collect();
    for (index, contents) in layers.iter().enumerate() {
        for (link, target) in &contents.links {
            let below = layers.iter().zip(&mut missed).take(index).rev();
            let holder =
                below.filter_map(|(layer, missed)| Some((layer.nodes.get(target)?, missed))).next();
            if let Some((node, missed)) = holder
                && node.is_file()
                && wanted(link, node.size()) > node.kept()
            {
                missed.insert(target.clone());
            }
        }
    }
    missed
}
