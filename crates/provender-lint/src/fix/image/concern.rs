//! Which steps of a Dockerfile need the CA once bypasses are gone, and for which tools.

use std::collections::{BTreeMap, BTreeSet};

use super::compose::Build;
use super::copied::copies;
use super::tools::{self, CaVariable, Use};
use super::{CaPlan, Places, step};
use crate::dockerfile::Dockerfile;
use crate::facts::{Command, Home, Origin, Span, Variable};
use crate::finding::Edit;
use crate::source::{File, FileKind};

/// The variables of each step that needs the CA, by the instruction's index.
pub(super) type Needs = BTreeMap<usize, BTreeSet<CaVariable>>;

/// What a Dockerfile loses.
pub(super) struct Concern<'a> {
    file: &'a File,
    before: &'a Dockerfile,
    deletions: &'a [Edit],
    /// What takes the place of the bypasses that hold for all that later steps of a stage start, stage by stage.
    lasting: Vec<BTreeSet<CaVariable>>,
    /// As above, for all that one step starts.
    within: BTreeMap<usize, BTreeSet<CaVariable>>,
    /// Where a program loses a bypass that cannot be told where to find a CA.
    unknown: Vec<(Span, String)>,
    /// Whether a file that loses a bypass is copied into an image.
    copied: bool,
}

impl<'a> Concern<'a> {
    pub(super) fn new(
        file: &'a File,
        before: &'a Dockerfile,
        deletions: &'a [Edit],
        builds: &[Build<'_>],
        ca: &CaPlan,
    ) -> Self {
        let mut concern = Self {
            file,
            before,
            deletions,
            lasting: vec![BTreeSet::new(); before.stages.len()],
            within: BTreeMap::new(),
            unknown: Vec::new(),
            copied: false,
        };
        for (index, command) in file.facts.commands.iter().enumerate() {
            concern.look_at(index, command);
        }
        for variable in concern.lost(&file.facts.variables) {
            let instead = tools::in_place_of(&variable.name);
            if tools::is_of_java(&variable.name) {
                concern.unknown.push((
                    variable.whole.clone(),
                    format!("{} is for Java, which reads a truststore of its own", variable.name),
                ));
            }
            match &variable.origin {
                Origin::DockerEnv { stage } | Origin::DockerArg { stage: Some(stage) } => {
                    concern.lasting[*stage].extend(instead);
                }
                Origin::Shell(Home::Run { instruction, .. })
                | Origin::Prefix(Home::Run { instruction, .. }) => {
                    concern.within.entry(*instruction).or_default().extend(instead);
                }
                _ => {}
            }
        }
        for instruction in &before.instructions {
            let Some(stage) = instruction.stage else { continue };
            for path in ca.losing.iter().filter(|path| copies(file, instruction, builds, path)) {
                let instead = FileKind::of(path).map(tools::in_place_of_file);
                concern.lasting[stage].extend(instead.unwrap_or(CaVariable::OF_SCRIPTS.into()));
                concern.copied = true;
            }
        }
        // What holds in a stage holds in those that stand on it, which come later.
        for stage in 0..before.stages.len() {
            if let Some(base) = before.stages[stage].base_stage.filter(|&base| base < stage) {
                let inherited = concern.lasting[base].clone();
                concern.lasting[stage].extend(inherited);
            }
        }
        concern
    }

    /// Whether anything goes that builds may have relied on.
    pub(super) fn any(&self) -> bool {
        !self.deletions.is_empty() || self.copied
    }

    /// The programs that lose a bypass and cannot be given the CA by what is known here.
    pub(super) fn unknown(&self) -> &[(Span, String)] {
        &self.unknown
    }

    /// The variables of which something goes.
    fn lost(&self, variables: &'a [Variable]) -> Vec<&'a Variable> {
        variables.iter().filter(|variable| self.touched(&variable.whole)).collect()
    }

    fn touched(&self, span: &Span) -> bool {
        self.deletions.iter().any(|edit| touch(&edit.span, span))
    }

    /// What a command of a step loses in its words.
    fn look_at(&mut self, index: usize, command: &Command) {
        let Home::Run { stage, .. } = command.home else { return };
        // A command around another one holds its text as a word.
        let inner = |other: &Command| {
            command.span.start <= other.span.start && other.span.end <= command.span.end
        };
        let commands = &self.file.facts.commands;
        let holds_others =
            commands.iter().enumerate().any(|(at, other)| at != index && inner(other));
        let loses = command.words.iter().any(|word| self.touched(&word.span));
        if !loses || holds_others {
            return;
        }
        if let Some(instead) = tools::configured(command) {
            self.lasting[stage].extend(instead);
        } else if !matches!(tools::network_use(command), Use::Reads(_)) {
            let program = command.invocation().map_or("", |invocation| invocation.program);
            self.unknown.push((
                command.span.clone(),
                format!("nothing is known of how `{program}` is told where to find a CA"),
            ));
        }
    }

    /// The steps of the file without the bypasses that need the CA.
    pub(super) fn steps(
        &self,
        after: &File,
        dockerfile: &Dockerfile,
        places: &Places<'_>,
    ) -> Needs {
        let mut needs = Needs::new();
        for (index, instruction) in dockerfile.instructions.iter().enumerate() {
            let Some(stage) = instruction.stage else { continue };
            if instruction.keyword != "RUN"
                || step::mounts_ca(instruction)
                || step::has_no_network(instruction)
            {
                continue;
            }
            let stood = places.before(instruction.span.clone());
            let mut instead = self.lasting[stage].clone();
            for (&index, variables) in &self.within {
                if touch(&self.before.instructions[index].span, &stood) {
                    instead.extend(variables);
                }
            }
            let variables = variables(after, index, instead);
            if !variables.is_empty() {
                needs.insert(index, variables);
            }
        }
        needs
    }

    /// Says what becomes of a container that relied on a bypass.
    pub(super) fn note(&self, notes: &mut Vec<String>) {
        let Some(last) = self.before.stages.len().checked_sub(1) else { return };
        let runs: Vec<usize> = step::chain(self.before, last).collect();
        let of_image = |variable: &&Variable| {
            matches!(variable.origin, Origin::DockerEnv { stage } if runs.contains(&stage))
                && !tools::in_place_of(&variable.name).is_empty()
        };
        let lost = self.lost(&self.file.facts.variables);
        let names: BTreeSet<&str> =
            lost.into_iter().filter(of_image).map(|variable| variable.name.as_str()).collect();
        if !names.is_empty() {
            let names: Vec<&str> = names.into_iter().collect();
            notes.push(format!(
                "the container itself ran with {} as well: where its own traffic is inspected, give it the CA when it runs",
                names.join(", ")
            ));
        }
    }
}

/// What a step's tools read, and where it uses the network or runs scripts, `instead`.
fn variables(after: &File, index: usize, instead: BTreeSet<CaVariable>) -> BTreeSet<CaVariable> {
    let mut variables = BTreeSet::new();
    let mut script = false;
    for command in commands(after, index) {
        match tools::network_use(command) {
            Use::Reads(read) => variables.extend(read),
            Use::Script => script = true,
            Use::None => script |= tools::runs_by_path(command),
        }
    }
    if script || !variables.is_empty() {
        variables.extend(instead);
    }
    variables
}

/// The commands of a `RUN`.
fn commands(file: &File, index: usize) -> impl Iterator<Item = &Command> {
    file.facts.commands.iter().filter(move |command| {
        matches!(command.home, Home::Run { instruction, .. } if instruction == index)
    })
}

/// Whether two spans share a byte.
fn touch(one: &Span, other: &Span) -> bool {
    one.start < other.end && other.start < one.end
}
