//! What an answer needs: advisories of the ecosystems that it speaks of, and of no others.

use std::collections::BTreeSet;

use crate::settings::Source;
use crate::settings::ecosystem::Ecosystem;

/// The ecosystems that an answer is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Need(BTreeSet<Ecosystem>);

impl Need {
    /// What locks are about.
    pub(crate) fn python() -> Self {
        Self(BTreeSet::from([Ecosystem::PyPI]))
    }

    /// What something is about that holds packages of these ecosystems.
    pub(crate) fn of(ecosystems: impl IntoIterator<Item = Ecosystem>) -> Self {
        Self(ecosystems.into_iter().collect())
    }

    /// Whether an answer stands on a source.
    pub(crate) fn includes(&self, source: &Source) -> bool {
        source.ecosystem.is_none_or(|given| self.0.contains(&given))
    }

    /// The ecosystems.
    pub(crate) fn ecosystems(&self) -> impl Iterator<Item = Ecosystem> + '_ {
        self.0.iter().copied()
    }

    /// The command that gets what no source gives yet.
    pub(crate) fn command(&self, sources: &[Source]) -> String {
        let given = |wanted: Ecosystem| {
            sources.iter().any(|source| source.ecosystem == Some(wanted))
                || wanted == Ecosystem::PyPI
                    && sources.iter().any(|source| source.ecosystem.is_none())
        };
        let mut command = "provender advisories update".to_owned();
        for wanted in self.ecosystems().filter(|wanted| !given(*wanted)) {
            command.push_str(&format!(" --ecosystem {wanted}"));
        }
        command
    }
}
