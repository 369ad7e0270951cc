//! Which stages of a Dockerfile become images.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use crate::dockerfile::{Dockerfile, Instruction};
use crate::facts::{Command, Home, Word};
use crate::project::Project;
use crate::source::File;

/// A stage that becomes an image.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shipped<'a> {
    /// The stage, counted from 0.
    pub(crate) stage: usize,
    /// The compose file that names it with `target`; none for the last stage, which is built unless
    /// somebody names another.
    pub(crate) by: Option<&'a Path>,
}

impl Shipped<'_> {
    /// The image in words: `the image` where there is one stage only, else which stage it is.
    pub(crate) fn name(&self, dockerfile: &Dockerfile) -> String {
        if dockerfile.stages.len() == 1 {
            return "the image".to_owned();
        }
        let name = dockerfile.stages.get(self.stage).and_then(|stage| stage.name.as_deref());
        match (name, self.by) {
            (Some(name), Some(by)) => {
                format!("stage `{name}` (built by {})", by.display())
            }
            (Some(name), None) => format!("the final stage `{name}`"),
            (None, _) => "the final stage".to_owned(),
        }
    }
}

/// The stages of a Dockerfile that become images: the last one, and every one that a service of a
/// compose file names as its `target`.
pub(crate) fn shipped<'a>(
    file: &File,
    dockerfile: &Dockerfile,
    project: &Project<'a>,
) -> Vec<Shipped<'a>> {
    let Some(last) = dockerfile.stages.len().checked_sub(1) else { return Vec::new() };
    let mut found = vec![Shipped { stage: last, by: None }];
    for service in project.services_of(&file.path) {
        let Some(target) = service.target() else { continue };
        let target = target.to_lowercase();
        let stage = dockerfile
            .stages
            .iter()
            .position(|stage| stage.name.as_deref() == Some(target.as_str()));
        if let Some(stage) = stage
            && found.iter().all(|known| known.stage != stage)
        {
            found.push(Shipped { stage, by: Some(&service.file.path) });
        }
    }
    found
}

/// Shipped stages in the file's order, so that what a stage stands on comes before it.
pub(crate) fn lowest_first(mut shipped: Vec<Shipped<'_>>) -> Vec<Shipped<'_>> {
    shipped.sort_by_key(|shipped| shipped.stage);
    shipped
}

/// A stage with all that it stands on, the outermost first.
pub(crate) fn chain(dockerfile: &Dockerfile, stage: usize) -> Vec<usize> {
    let mut chain = vec![stage];
    let mut at = stage;
    while let Some(base) = dockerfile.stages.get(at).and_then(|stage| stage.base_stage) {
        // A stage stands on an earlier one only; anything else would have no end.
        if base >= at {
            break;
        }
        chain.push(base);
        at = base;
    }
    chain.reverse();
    chain
}

/// Every stage whose settings and files are in an image: those shipped and all that they stand on.
pub(crate) fn lasting(dockerfile: &Dockerfile, shipped: &[Shipped<'_>]) -> BTreeSet<usize> {
    shipped.iter().flat_map(|shipped| chain(dockerfile, shipped.stage)).collect()
}

/// The image that a stage stands on in the end.
pub(crate) fn base(dockerfile: &Dockerfile, stage: usize) -> Option<&Word> {
    let outermost = *chain(dockerfile, stage).first()?;
    dockerfile.stages.get(outermost).map(|stage| &stage.base)
}

/// The instructions of a stage and of all that it stands on, in the order in which they are made.
/// Those behind `ONBUILD` are left out: they belong to another image.
pub(crate) fn instructions<'d>(
    dockerfile: &'d Dockerfile,
    stage: usize,
) -> impl DoubleEndedIterator<Item = (usize, &'d Instruction)> + use<'d> {
    let ranges: Vec<Range<usize>> = chain(dockerfile, stage)
        .into_iter()
        .filter_map(|stage| dockerfile.stages.get(stage))
        .map(|stage| stage.instructions.clone())
        .collect();
    ranges.into_iter().flatten().filter_map(|index| {
        let instruction = dockerfile.instructions.get(index)?;
        (!instruction.onbuild).then_some((index, instruction))
    })
}

/// The commands that a build runs in one of these stages.
pub(crate) fn build_commands<'f>(
    file: &'f File,
    stages: &[usize],
) -> impl Iterator<Item = (usize, &'f Command)> + use<'f> {
    let stages = stages.to_vec();
    file.facts.commands.iter().filter_map(move |command| match command.home {
        Home::Run { stage, instruction } if stages.contains(&stage) => Some((instruction, command)),
        _ => None,
    })
}

/// Whether the Dockerfile describes somebody's workplace (a development container) and no image
/// that is deployed.
pub(crate) fn is_workplace(path: &Path) -> bool {
    path.components()
        .any(|part| part.as_os_str() == ".devcontainer" || part.as_os_str() == ".gitpod")
}
