//! Whether the compiled files of wheels can be loaded on a base.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use super::BuildError;
use crate::base::{self, Base, BaseError, Loader};
use crate::{Image, fit, wheel};

/// What a base holds, read when that is asked first: hardly a wheel names a path outside of itself.
pub(super) struct Holdings<'a> {
    image: &'a Image,
    base: OnceLock<Result<Base, BaseError>>,
}

impl<'a> Holdings<'a> {
    pub(super) fn of(image: &'a Image, inspected: Option<Base>) -> Self {
        let base = OnceLock::new();
        if let Some(inspected) = inspected {
            // Nobody else has set it.
            let _ = base.set(Ok(inspected));
        }
        Self { image, base }
    }

    fn has(&self, path: &str) -> Result<bool, &BaseError> {
        let base = self.base.get_or_init(|| base::inspect(self.image)).as_ref()?;
        Ok(base.tree.resolve(path).is_some())
    }

    /// Fails where the base had to be read and could not be.
    fn read(self) -> Result<(), BaseError> {
        self.base.into_inner().map_or(Ok(()), |read| read.map(drop))
    }
}

/// Refuses wheels whose compiled files cannot be loaded on the base, all of them by name.
pub(super) fn fits(
    wheels: &[wheel::Wheel],
    loader: &Loader,
    holdings: Holdings<'_>,
) -> Result<(), BuildError> {
    use rayon::prelude::*;
    let names = |wheel: &wheel::Wheel| {
        let files =
            wheel.files().map(|(path, _)| path.rsplit('/').next().unwrap_or(path).to_owned());
        files.filter(|name| name.contains(".so")).collect::<Vec<_>>()
    };
    let brought: BTreeSet<String> = wheels.iter().flat_map(names).collect();
    let misfits = wheels.par_iter().map(|wheel| {
        let mut misfits = Vec::new();
        for library in wheel::libraries(wheel) {
            let library = library?;
            let Some(bytes) = &library.bytes else { continue };
            let holds = |path: &str| holdings.has(path).unwrap_or(false);
            let name = &library.name;
            let found = fit::check_shared_object(name, bytes, loader, &holds, &brought);
            misfits.extend(found.iter().map(|misfit| format!("{}: {misfit}", wheel.filename())));
        }
        Ok::<_, wheel::WheelError>(misfits)
    });
    let misfits: Vec<Vec<String>> = misfits.collect::<Result<_, _>>()?;
    holdings.read()?;
    let misfits: Vec<String> = misfits.into_iter().flatten().collect();
    if misfits.is_empty() { Ok(()) } else { Err(BuildError::Misfits(misfits)) }
}
