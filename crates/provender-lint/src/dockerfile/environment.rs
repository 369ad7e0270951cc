//! What `ARG` and `ENV` set, where it is in force, and what wins (Dockerfile reference, "Environment
//! replacement", "Scope" and "Using ARG variables").

use std::collections::BTreeMap;

use super::Dockerfile;
use super::substitution::Lookup;

/// The variables in force at an instruction, by name.
pub type Environment = BTreeMap<String, Binding>;

/// A variable that an instruction set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Its name.
    pub name: String,
    /// Its value; none if it was declared without one, or the value is not all known.
    pub value: Option<String>,
    /// What set it.
    pub source: Source,
    /// The instruction within [`Dockerfile::instructions`].
    pub instruction: usize,
    /// Whether it was declared without a value, which only `ARG` can do.
    pub declared_only: bool,
}

/// What set a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// `ARG`.
    Arg,
    /// `ENV`.
    Env,
}

/// Arguments that the builder itself gives a value to.
const AUTOMATIC: &[&str] = &[
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDARCH",
    "BUILDVARIANT",
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETARCH",
    "TARGETVARIANT",
    "TARGETOSVERSION",
    "TARGETSTAGE",
];

impl Dockerfile {
    /// The variables in force at an instruction: those before it in its stage and in the stages that its
    /// stage stands on. Before the first `FROM`, and at a `FROM` itself, they are the arguments before it.
    pub fn environment_at(&self, instruction: usize) -> Environment {
        let mut environment = Environment::new();
        let Some(at) = self.instructions.get(instruction) else { return environment };
        let stage = at.stage.filter(|_| at.keyword != "FROM");
        let bindings = |stage: Option<usize>| {
            self.bindings.iter().filter(move |binding| {
                self.instructions.get(binding.instruction).is_some_and(|by| by.stage == stage)
            })
        };
        let mut chain = Vec::new();
        let mut next = stage;
        while let Some(stage) = next {
            chain.push(stage);
            // A stage stands on an earlier one only, so that this ends.
            next = self.stages.get(stage).and_then(|one| one.base_stage);
        }
        if stage.is_none() {
            bindings(None)
                .filter(|binding| binding.instruction < instruction)
                .for_each(|binding| bind(&mut environment, binding.clone()));
        }
        for &one in chain.iter().rev() {
            bindings(Some(one))
                .filter(|binding| Some(one) != stage || binding.instruction < instruction)
                .for_each(|binding| bind(&mut environment, binding.clone()));
        }
        environment
    }
}

/// Sets a variable, unless `ENV` set it already and `ARG` would set it now.
pub(super) fn bind(environment: &mut Environment, binding: Binding) {
    let env_stands = binding.source == Source::Arg
        && environment.get(&binding.name).is_some_and(|now| now.source == Source::Env);
    if !env_stands {
        environment.insert(binding.name.clone(), binding);
    }
}

/// What is known of a variable: before the first `FROM` nothing but arguments can have set it.
pub(super) fn look_up<'e>(environment: &'e Environment, name: &str, in_stage: bool) -> Lookup<'e> {
    match environment.get(name) {
        Some(Binding { value: Some(value), .. }) => Lookup::Value(value),
        _ if AUTOMATIC.contains(&name) => Lookup::Unknown,
        Some(Binding { declared_only: true, .. }) => Lookup::Unset,
        Some(_) => Lookup::Unknown,
        None if in_stage => Lookup::Unknown,
        None => Lookup::Unset,
    }
}
