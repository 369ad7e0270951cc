//! The trust matrix: the tools of this machine, each for what was looked at.

use provender_core::Diagnostic;
use provender_core::doctor::{EffectiveRoots, ToolReport};
use provender_core::redact::redacted;
use provender_net::CertificateFacts;
use provender_net::doctor::{ChainFault, HostProbe, Prober};
use provender_trust::{CaBundle, Machine, Question, Tool, matrix as ask, tools};
use tempfile::TempDir;
use url::Url;

use super::Looked;
use super::targets::without_query;
use crate::commands::trust::{self, Authorities};
use crate::settings::Settings;

/// The rows of all tools, for each URL that was looked at and answers over TLS.
pub(super) fn matrix(
    looked: &Looked,
    machine: &Machine,
    settings: &Settings,
) -> Result<Vec<ToolReport>, Diagnostic> {
    let mut rows = Vec::new();
    for (url, at) in &looked.targets.for_tools {
        let Some(probe) = looked.probes.get(*at).filter(|probe| !probe.chain.is_empty()) else {
            continue;
        };
        let remedies = Remedies::of(probe, settings)?;
        let question = Asking { prober: &looked.prober, probe, url };
        let bundle = remedies.as_ref().map(|remedies| &remedies.staged);
        let mut answered = question.ask(&tools(), machine, bundle);
        if let Some(remedies) = &remedies {
            for remedy in answered.iter_mut().filter_map(|row| row.remedy.as_mut()) {
                remedy.text = remedies.told(&remedy.text);
            }
        }
        rows.extend(answered);
    }
    Ok(rows)
}

/// How rows name what tools were asked for.
pub(super) fn about(url: &Url) -> String {
    redacted(&without_query(url))
}

/// A URL that tools are asked for.
pub(super) struct Asking<'a> {
    pub(super) prober: &'a Prober,
    pub(super) probe: &'a HostProbe,
    pub(super) url: &'a Url,
}

impl Asking<'_> {
    /// One row for each of these tools; those that are installed are run.
    pub(super) fn ask(
        &self,
        tools: &[&'static dyn Tool],
        machine: &Machine,
        bundle: Option<&CaBundle>,
    ) -> Vec<ToolReport> {
        let judge = |roots: &EffectiveRoots| self.judge(roots);
        // Rows show what they were asked for, as do the command lines of the tools.
        let url = without_query(self.url);
        ask(tools, machine, &Question { url: &url, judge: &judge, ask: true, bundle })
    }

    /// Whether these roots lead to the chain that was presented, or why not.
    pub(super) fn judge(&self, roots: &EffectiveRoots) -> Result<(), String> {
        let host = self.url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        match self.prober.judge(&self.probe.chain, host, roots) {
            Ok(()) => Ok(()),
            // OpenSSL takes a certificate that signs itself, and any other one where it takes
            // partial chains, as the strict Pythons do.
            Err(ChainFault::TrustedItself) if roots.strict || self.signs_itself() => Ok(()),
            Err(fault) => Err(fault.to_string()),
        }
    }

    fn signs_itself(&self) -> bool {
        let own = self.probe.chain.first().and_then(CertificateFacts::from_der);
        own.is_some_and(|own| own.is_self_signed())
    }
}

/// The certificates that remedies name: they are tried from a folder that goes, and told where
/// `--fix`, `configure` and `env` put them.
struct Remedies {
    staged: CaBundle,
    kept: CaBundle,
    _folder: Option<TempDir>,
}

impl Remedies {
    fn of(probe: &HostProbe, settings: &Settings) -> Result<Option<Self>, Diagnostic> {
        let Some(authorities) = authorities(probe, settings)? else { return Ok(None) };
        let folder = trust::folder(settings);
        let kept = Authorities::files(&folder);
        if authorities.lie_in(&folder) {
            return Ok(Some(Self { staged: kept.clone(), kept, _folder: None }));
        }
        let folder = tempfile::tempdir().map_err(|error| {
            Diagnostic::error("file/cannot-write", format!("cannot make a folder: {error}"))
                .hint("make room in the folder for temporary files, or name another with TMPDIR")
        })?;
        let staged = authorities.write(folder.path())?.files;
        Ok(Some(Self { staged, kept, _folder: Some(folder) }))
    }

    fn told(&self, text: &str) -> String {
        let shown = |path: &std::path::Path| path.display().to_string();
        text.replace(&shown(&self.staged.authority), &shown(&self.kept.authority))
            .replace(&shown(&self.staged.full), &shown(&self.kept.full))
    }
}

/// The authorities that tools may be told of: the named ones, and the one that the machine trusts
/// for this host.
pub(super) fn authorities(
    probe: &HostProbe,
    settings: &Settings,
) -> Result<Option<Authorities>, Diagnostic> {
    let trusted = Authorities::trusted_by_the_machine(probe);
    Ok(match Authorities::named(None, settings)? {
        Some(named) => Some(named.and(trusted)),
        None => trusted,
    })
}
