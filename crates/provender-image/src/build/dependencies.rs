//! The layers of what is locked.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use provender_core::Sha256;
use sha2::Digest as _;

use super::{BaseFacts, BuildError, BuiltLayerReport, Chosen, HEAVY, MAX_HEAVY, Request, Step};
use crate::base::{Base, BaseError, Loader};
use crate::layer::{LayerOptions, WrittenLayer};
use crate::wheel::{self, Expected, Installed, Requested, Scheme};
use crate::{Image, base, fit};

/// What decides the bytes of these layers besides the wheels: raised whenever wheels are unpacked
/// otherwise.
const FORM: &str = "provender wheels 1";

/// One layer: what it is called, and what is in it.
struct Group<'a> {
    what: String,
    wheels: Vec<&'a Chosen>,
}

/// Heavy wheels apart, the heaviest first to be apart, and all the others together; the order of the
/// layers is that of names.
fn groups(chosen: &[Chosen]) -> Vec<Group<'_>> {
    let mut heavy: Vec<&Chosen> =
        chosen.iter().filter(|chosen| chosen.wheel.size >= HEAVY).collect();
    heavy.sort_by(|a, b| b.wheel.size.cmp(&a.wheel.size).then(a.project.cmp(&b.project)));
    heavy.truncate(MAX_HEAVY);
    heavy.sort_by(|a, b| a.project.cmp(&b.project));
    let light = chosen.iter().filter(|one| !heavy.iter().any(|other| other.project == one.project));
    let light: Vec<&Chosen> = light.collect();
    let mut groups: Vec<Group<'_>> = heavy
        .into_iter()
        .map(|chosen| Group { what: chosen.project.to_string(), wheels: vec![chosen] })
        .collect();
    if !light.is_empty() {
        groups.push(Group { what: "dependencies".to_owned(), wheels: light });
    }
    groups
}

/// Makes the layers, or finds them where the same wheels were unpacked for the same base before.
pub(super) fn layers(
    request: &Request<'_>,
    chosen: &[Chosen],
    facts: &BaseFacts,
    inspected: Option<Base>,
    options: &LayerOptions,
) -> Result<Vec<(WrittenLayer, BuiltLayerReport)>, BuildError> {
    let groups = groups(chosen);
    let keys: Vec<Sha256> =
        groups.iter().map(|group| key(group, request, facts, options)).collect();
    let all = key(
        &Group { what: String::new(), wheels: chosen.iter().collect() },
        request,
        facts,
        options,
    );
    let found: Option<Vec<WrittenLayer>> =
        keys.iter().map(|key| request.cache.find(combined(*key, all))).collect();
    if let Some(layers) = found {
        return Ok(groups
            .iter()
            .zip(layers)
            .map(|(group, layer)| report(group, layer, true))
            .collect());
    }
    // Every wheel is looked at, whichever layers are there: two may claim one file.
    let wheels = opened(chosen)?;
    fits(&wheels, &facts.loader, Holdings::of(&request.base.image, inspected))?;
    let scheme = Scheme {
        purelib: facts.site_packages.clone(),
        platlib: facts.platlib.clone(),
        scripts: facts.scripts.clone(),
        data: facts.data.clone(),
        headers: facts.headers.clone(),
        python: facts.executable.clone(),
    };
    let mut installed = Vec::new();
    for (wheel, chosen) in wheels.iter().zip(chosen) {
        let requested = if chosen.requested { Requested::ByName } else { Requested::AsDependency };
        installed.push(wheel::install(wheel, &scheme, requested)?);
    }
    wheel::merge(installed.clone())?;
    let mut layers = Vec::new();
    for (group, key) in groups.iter().zip(keys) {
        (request.observer)(Step::Layer(&group.what));
        let of_group = |installed: &&Installed| {
            group.wheels.iter().any(|chosen| chosen.project == installed.name)
        };
        let entries = wheel::merge(installed.iter().filter(of_group).cloned().collect())?;
        let (layer, found) = request.cache.layer(&entries, options)?;
        request.cache.remember(combined(key, all), &layer)?;
        layers.push(report(group, layer, found == crate::layer::Found::Reused));
    }
    Ok(layers)
}

fn report(
    group: &Group<'_>,
    layer: WrittenLayer,
    reused: bool,
) -> (WrittenLayer, BuiltLayerReport) {
    let report = BuiltLayerReport {
        what: group.what.clone(),
        digest: layer.digest,
        size: layer.size,
        reused,
    };
    (layer, report)
}

/// What decides a layer: its wheels, where they go, and how it is written. What the base has of
/// libraries decides whether they are refused, so its digest is part of it.
fn key(
    group: &Group<'_>,
    request: &Request<'_>,
    facts: &BaseFacts,
    options: &LayerOptions,
) -> Sha256 {
    let mut hasher = sha2::Sha256::new();
    let mut add = |text: &str| {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text);
    };
    add(FORM);
    add(&request.base.image.digest().to_string());
    add(&facts.scheme_key());
    add(&format!("{:?}", (options.timestamp, options.compression, options.level)));
    for chosen in &group.wheels {
        add(&chosen.wheel.filename);
        add(&chosen.wheel.sha256.to_string());
        add(if chosen.requested { "requested" } else { "required" });
    }
    crate::Digest::from_hasher(hasher).sha256()
}

/// A layer counts as made only beside the very wheels that it was checked against.
fn combined(key: Sha256, all: Sha256) -> Sha256 {
    let mut both = key.as_bytes().to_vec();
    both.extend(all.as_bytes());
    crate::Digest::of(&both).sha256()
}

fn opened(chosen: &[Chosen]) -> Result<Vec<wheel::Wheel>, BuildError> {
    use rayon::prelude::*;
    let opened = chosen.par_iter().map(|chosen| {
        wheel::open(
            &chosen.wheel.path,
            &Expected {
                filename: chosen.wheel.filename.clone(),
                name: chosen.project.clone(),
                version: chosen.version.clone(),
                sha256: chosen.wheel.sha256,
            },
        )
    });
    Ok(opened.collect::<Result<_, _>>()?)
}

/// What a base holds, read when that is asked first: hardly a wheel names a path outside of itself.
struct Holdings<'a> {
    image: &'a Image,
    base: OnceLock<Result<Base, BaseError>>,
}

impl<'a> Holdings<'a> {
    fn of(image: &'a Image, inspected: Option<Base>) -> Self {
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
fn fits(
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
