//! Who pulls in whom.

use std::collections::{BTreeMap, BTreeSet};

use provender_core::lock::Via;
use provender_core::{Lock, LockedProject, ProjectName};

use super::ROOT;
use super::component::Components;
use super::document::{Composition, Dependency};

/// The graph of a lock, the project itself first, and how complete it is.
pub(super) fn of(lock: &Lock, components: &Components<'_>) -> (Vec<Dependency>, [Composition; 1]) {
    let mut edges: BTreeMap<String, BTreeSet<String>> =
        components.bom_refs().map(|bom_ref| (bom_ref.clone(), BTreeSet::new())).collect();
    let mut direct = BTreeSet::new();
    let mut aggregate = "complete";
    for project in lock.projects.iter().chain(&lock.build) {
        let pulled_in = components.bom_ref(project);
        let mut reached = false;
        for via in &project.via {
            match via {
                Via::Input(_) => {
                    direct.insert(pulled_in.clone());
                    reached = true;
                }
                // It limits a version and asks for nothing.
                Via::Constraint(_) => {}
                Via::Project(name) => {
                    for by in named(lock, name).map(|by| components.bom_ref(by)) {
                        reached = true;
                        // A release that names itself, as for an extra, pulls in nothing.
                        if by != pulled_in {
                            edges.entry(by).or_default().insert(pulled_in.clone());
                        }
                    }
                }
            }
        }
        if !reached {
            aggregate = "incomplete";
            direct.insert(pulled_in);
        }
    }
    let dependencies = std::iter::once((ROOT.to_owned(), direct))
        .chain(edges)
        .map(|(r#ref, on)| Dependency { r#ref, depends_on: on.into_iter().collect() })
        .collect();
    (dependencies, [Composition { aggregate, dependencies: [ROOT] }])
}

/// The locked projects of a name; build requirements only where nothing of that name is installed,
/// because they are asked for by what is built.
fn named<'a>(lock: &'a Lock, name: &'a ProjectName) -> impl Iterator<Item = &'a LockedProject> {
    let installed = lock.named(name).next().is_some();
    let list = if installed { &lock.projects } else { &lock.build };
    list.iter().filter(move |project| project.name == *name)
}
