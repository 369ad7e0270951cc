//! Which steps of a Dockerfile need the CA once bypasses are gone, and for which tools.

use std::collections::BTreeSet;
use std::path::Path;

use super::compose::Build;
use super::tools::{self, CaVariable, Use};
use super::{CaPlan, Needs, Places, folder, relative, step};
use crate::dockerfile::{Body, Dockerfile, Instruction};
use crate::facts::{Command, Home, Origin, Span};
use crate::finding::Edit;
use crate::source::File;

/// What a Dockerfile loses.
pub(super) struct Concern<'a> {
    file: &'a File,
    before: &'a Dockerfile,
    deletions: &'a [Edit],
    /// What held for all later steps of each stage, and goes: for scripts, all that is known has to take its place.
    lasting: Vec<bool>,
    /// What takes the place of variables that held for everything that a stage's tools start.
    instead: Vec<BTreeSet<CaVariable>>,
}

impl<'a> Concern<'a> {
    pub(super) fn new(
        file: &'a File,
        before: &'a Dockerfile,
        deletions: &'a [Edit],
        builds: &[Build<'_>],
        ca: &CaPlan,
    ) -> Self {
        let count = before.stages.len();
        let mut concern = Self {
            file,
            before,
            deletions,
            lasting: vec![false; count],
            instead: vec![BTreeSet::new(); count],
        };
        for deletion in deletions {
            if let Some((stage, lasting)) = concern.stage_of(&deletion.span)
                && lasting
            {
                concern.lasting[stage] = true;
            }
        }
        for variable in &file.facts.variables {
            if let Origin::DockerEnv { stage } = variable.origin
                && deletions.iter().any(|edit| touch(&edit.span, &variable.whole))
                && let Some(set) = concern.instead.get_mut(stage)
            {
                set.extend(in_place_of(&variable.name));
            }
        }
        for instruction in &before.instructions {
            if let Some(stage) = instruction.stage
                && copies_any(file, instruction, builds, &ca.losing)
            {
                concern.lasting[stage] = true;
            }
        }
        // What holds in a stage holds in those that stand on it, which come later.
        for stage in 0..count {
            if let Some(base) = before.stages[stage].base_stage.filter(|&base| base < stage) {
                concern.lasting[stage] |= concern.lasting[base];
                let inherited = concern.instead[base].clone();
                concern.instead[stage].extend(inherited);
            }
        }
        concern
    }

    /// Whether anything goes that builds may have relied on.
    pub(super) fn any(&self) -> bool {
        !self.deletions.is_empty() || self.lasting.contains(&true)
    }

    /// The stage in which something goes, and whether it held for later steps too: whatever is no option or variable of
    /// a single command.
    fn stage_of(&self, span: &Span) -> Option<(usize, bool)> {
        let (index, instruction) = self
            .before
            .instructions
            .iter()
            .enumerate()
            .find(|(_, instruction)| touch(&instruction.lines, span))?;
        let stage = instruction.stage?;
        let lasting = match instruction.keyword.as_str() {
            "RUN" => !commands(self.file, index).any(|command| {
                command.span.start <= span.end
                    && span.end <= command.span.end
                    && tools::network_use(command) != Use::None
            }),
            "CMD" | "ENTRYPOINT" | "HEALTHCHECK" => false,
            _ => true,
        };
        Some((stage, lasting))
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
            let loses = self.deletions.iter().any(|edit| touch(&edit.span, &stood));
            let variables = self.variables(after, index, stage, loses);
            if !variables.is_empty() {
                needs.insert(index, variables);
            }
        }
        needs
    }

    fn variables(
        &self,
        after: &File,
        index: usize,
        stage: usize,
        loses: bool,
    ) -> BTreeSet<CaVariable> {
        let mut variables = BTreeSet::new();
        let mut script = false;
        for command in commands(after, index) {
            let downloads = !variables.is_empty();
            match tools::network_use(command) {
                Use::Reads(read) => variables.extend(read),
                Use::Script if downloads && tools::reads_input(command) => {
                    return CaVariable::OF_SCRIPTS.into();
                }
                Use::Script => script = true,
                Use::None => script |= tools::runs_by_path(command),
            }
        }
        if script && (loses || self.lasting[stage]) {
            return CaVariable::OF_SCRIPTS.into();
        }
        if !variables.is_empty() {
            variables.extend(&self.instead[stage]);
        }
        variables
    }

    /// Says what becomes of a container that relied on a bypass.
    pub(super) fn note(&self, before: &Dockerfile, notes: &mut Vec<String>) {
        let Some(last) = before.stages.len().checked_sub(1) else { return };
        let runs: Vec<usize> = step::chain(before, last).collect();
        let mut names: Vec<&str> = self
            .file
            .facts
            .variables
            .iter()
            .filter(|variable| {
                matches!(variable.origin, Origin::DockerEnv { stage } if runs.contains(&stage))
                    && self.deletions.iter().any(|edit| touch(&edit.span, &variable.whole))
                    && !in_place_of(&variable.name).is_empty()
            })
            .map(|variable| variable.name.as_str())
            .collect();
        names.dedup();
        if !names.is_empty() {
            notes.push(format!(
                "the container itself ran with {} as well: where its own traffic is inspected, give it the CA when it runs",
                names.join(", ")
            ));
        }
    }
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

/// The variables whose tools listened to a variable that switched verification off.
fn in_place_of(bypass: &str) -> BTreeSet<CaVariable> {
    match bypass.to_ascii_uppercase().as_str() {
        "NODE_TLS_REJECT_UNAUTHORIZED"
        | "NPM_CONFIG_STRICT_SSL"
        | "YARN_STRICT_SSL"
        | "YARN_ENABLE_STRICT_SSL"
        | "PNPM_CONFIG_STRICT_SSL" => [CaVariable::NodeExtraCaCerts].into(),
        "GIT_SSL_NO_VERIFY" => [CaVariable::GitSslCaInfo].into(),
        "PIP_TRUSTED_HOST" => [CaVariable::PipCert].into(),
        "UV_INSECURE_HOST" => [CaVariable::SslCertFile].into(),
        "CONDA_SSL_VERIFY" | "MAMBA_SSL_VERIFY" => [CaVariable::RequestsCaBundle].into(),
        _ => BTreeSet::new(),
    }
}

/// Whether an instruction copies one of the files out of a build context.
fn copies_any(
    file: &File,
    instruction: &Instruction,
    builds: &[Build<'_>],
    losing: &[std::path::PathBuf],
) -> bool {
    losing.iter().any(|path| copies(file, instruction, builds, path))
}

/// Whether an instruction copies a file, or the folder that it stands in, out of a build context.
pub(super) fn copies(
    file: &File,
    instruction: &Instruction,
    builds: &[Build<'_>],
    path: &Path,
) -> bool {
    if !matches!(instruction.keyword.as_str(), "COPY" | "ADD")
        || instruction.flags.iter().any(|flag| flag.name == "from")
    {
        return false;
    }
    let (Body::Words(words) | Body::Exec { words, .. }) = &instruction.body else { return false };
    let Some((_, sources)) = words.split_last() else { return false };
    let contexts =
        builds.iter().map(|build| build.context.clone()).chain([folder(file).to_owned()]);
    contexts.into_iter().any(|context| {
        let path = relative(&context, path);
        let path = path.to_string_lossy().replace('\\', "/");
        !path.starts_with("..") && sources.iter().any(|source| covers(&source.text, &path))
    })
}

/// Whether a source of a `COPY` takes a file in: it, a folder above it, or a pattern that fits.
fn covers(source: &str, path: &str) -> bool {
    let source = source.trim_start_matches("./").trim_start_matches('/').trim_end_matches('/');
    if source.is_empty() || source == "." || source == "*" {
        return true;
    }
    let mut parts = path.split('/');
    source.split('/').all(|wanted| parts.next().is_some_and(|part| fits(wanted, part)))
}

/// Whether a name fits a pattern with `*` (Go's `filepath.Match`; classes and `?` are taken to fit).
fn fits(pattern: &str, name: &str) -> bool {
    if pattern.contains(['?', '[', '$']) {
        return true;
    }
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let pieces: Vec<&str> = pieces.collect();
    for (index, piece) in pieces.iter().enumerate() {
        if index + 1 == pieces.len() {
            return rest.ends_with(piece);
        }
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.is_empty()
}
