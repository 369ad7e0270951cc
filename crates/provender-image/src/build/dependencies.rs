//! The layers of what is locked.

use provender_core::Sha256;

use super::laid::{Laid, LayerKey, laid};
use super::loadable::{Holdings, fits};
use super::{BaseFacts, BuildError, Chosen, HEAVY, MAX_HEAVY, Origin, Request, Step};
use crate::base::Base;
use crate::bytecode::Compiler;
use crate::layer::{LayerOptions, WrittenLayer};
use crate::wheel::{self, Expected, Installed, Requested, Scheme};

/// What decides the bytes of these layers besides the wheels: raised whenever wheels are unpacked
/// otherwise.
const FORM: &str = "provender wheels 3";

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
    compiler: Option<&Compiler>,
    options: &LayerOptions,
) -> Result<Vec<Laid>, BuildError> {
    let groups = groups(chosen);
    let keys: Vec<Sha256> =
        groups.iter().map(|group| key(group, request, facts, compiler, options)).collect();
    let all = key(
        &Group { what: String::new(), wheels: chosen.iter().collect() },
        request,
        facts,
        compiler,
        options,
    );
    let found: Option<Vec<WrittenLayer>> =
        keys.iter().map(|key| request.cache.find(combined(*key, all))).collect();
    if let Some(layers) = found {
        return Ok(groups
            .iter()
            .zip(layers)
            .map(|(group, layer)| laid(&group.what, layer, true))
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
    let installed = installed(&wheels, chosen, &scheme, compiler)?;
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
        layers.push(laid(&group.what, layer, found == crate::layer::Found::Reused));
    }
    Ok(layers)
}

/// What decides a layer: its wheels, where they go, and how it is written. What the base has of
/// libraries decides whether they are refused, so its digest is part of it.
fn key(
    group: &Group<'_>,
    request: &Request<'_>,
    facts: &BaseFacts,
    compiler: Option<&Compiler>,
    options: &LayerOptions,
) -> Sha256 {
    let mut key = LayerKey::new(FORM, request.base.image.digest())
        .with(&facts.scheme_key())
        .with_options(options);
    if let Some(compiler) = compiler {
        key = key.with("bytecode").with(compiler.version());
    }
    for chosen in &group.wheels {
        let why = if chosen.requested { "requested" } else { "required" };
        let wheel = &chosen.wheel;
        key = key.with(&wheel.filename).with(&wheel.sha256.to_string()).with(why);
    }
    key.finish()
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
        let wheel = wheel::open(
            &chosen.wheel.path,
            &Expected {
                filename: chosen.wheel.filename.clone(),
                name: chosen.project.clone(),
                version: chosen.version.clone(),
                sha256: chosen.wheel.sha256,
            },
        )?;
        Ok(match chosen.origin {
            Origin::Locked => wheel,
            Origin::Built { .. } => wheel.built_here(),
        })
    });
    opened.collect()
}

/// What each wheel becomes; compilers take their time, and work side by side.
fn installed(
    wheels: &[wheel::Wheel],
    chosen: &[Chosen],
    scheme: &Scheme,
    compiler: Option<&Compiler>,
) -> Result<Vec<Installed>, BuildError> {
    use rayon::prelude::*;
    let installed = wheels.par_iter().zip(chosen).map(|(wheel, chosen)| {
        let requested = if chosen.requested { Requested::ByName } else { Requested::AsDependency };
        wheel::install_compiled(wheel, scheme, requested, compiler)
    });
    Ok(installed.collect::<Result<_, _>>()?)
}
