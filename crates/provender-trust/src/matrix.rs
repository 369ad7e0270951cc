//! The trust matrix: one row a tool, by asking it where it is installed and by its rules elsewhere.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use provender_core::doctor::{EffectiveRoots, Known, Remedy, ToolReport, ToolVerdict};
use provender_core::redact::redacted;
use url::Url;

use crate::tools::{Asked, Installed, Tool, ToolTrust, Verification, ask, judged};
use crate::{CaBundle, Machine, Setting};

/// Says whether roots lead to the chain that the host presented, or why not.
pub type Judge<'a> = dyn Fn(&EffectiveRoots) -> Result<(), String> + Sync + 'a;

/// What is wanted to be known of the tools.
pub struct Question<'a> {
    /// The URL they shall reach.
    pub url: &'a Url,
    /// Judges the chain of that URL's host, which was recorded before.
    pub judge: &'a Judge<'a>,
    /// Whether installed tools make a request. Otherwise their rules are applied to the version that they tell.
    pub ask: bool,
    /// The certificates that a remedy may name; without them only what switches verification off has a remedy.
    pub bundle: Option<&'a CaBundle>,
}

/// How many tools are asked at a time: each is a process or two that mostly waits.
const AT_A_TIME: usize = 4;

/// One row for each of `tools`, in their order.
pub fn matrix(
    tools: &[&'static dyn Tool],
    machine: &Machine,
    question: &Question<'_>,
) -> Vec<ToolReport> {
    let next = AtomicUsize::new(0);
    let rows = Mutex::new(Vec::with_capacity(tools.len()));
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME.min(tools.len()) {
            scope.spawn(|| {
                while let Some((index, tool)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    tools.get(index).map(|tool| (index, *tool))
                } {
                    let row = row(tool, machine, question);
                    let mut rows = rows.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                    rows.push((index, row));
                }
            });
        }
    });
    let mut rows = rows.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    rows.sort_by_key(|(index, _)| *index);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn row(tool: &'static dyn Tool, machine: &Machine, question: &Question<'_>) -> ToolReport {
    let url = redacted(question.url);
    if question.url.scheme() != "https" {
        return ToolReport {
            tool: tool.name(),
            version: None,
            url,
            verdict: ToolVerdict::NotVerified,
            known: Known::ByRules,
            decided_by: format!("the URL's scheme is {}", question.url.scheme()),
            place: None,
            detail: None,
            remedy: Some(Remedy { text: "name the host with https".to_owned(), proved: false }),
        };
    }
    let installed = tool.installed(machine);
    let trust = tool.trust(machine, installed.as_ref(), question.url);
    let (ruled, why) = judged(&trust, question.judge);
    let asked = installed
        .as_ref()
        // One that does not look would hand its credentials to whoever answers, and prove nothing.
        .filter(|_| question.ask && trust.verification != Verification::Off)
        .and_then(|installed| ask(tool, machine, installed, question.url, &[]));
    let (verdict, detail, known) = match asked {
        Some(asked) => settled(ruled, why, asked),
        None if installed.is_some() => (ruled, why, Known::ByRules),
        None => (ruled, why, Known::NotInstalled),
    };
    let remedy = remedy(tool, machine, installed.as_ref(), &trust, verdict, question);
    ToolReport {
        tool: tool.name(),
        version: installed.and_then(|installed| installed.version),
        url,
        verdict,
        known,
        decided_by: trust.decided_by,
        place: trust.place,
        detail,
        remedy,
    }
}

/// What holds when the tool was asked: what it did, unless it accepted what its rules refuse. The rules hold where its
/// request came to nothing.
fn settled(
    ruled: ToolVerdict,
    why: Option<String>,
    asked: Asked,
) -> (ToolVerdict, Option<String>, Known) {
    match asked.verdict {
        // It may be that its rules are known badly, or that it does not look: one request does not tell which.
        ToolVerdict::Verifies if ruled == ToolVerdict::Fails => {
            let mut detail =
                "it accepted the server, though its roots do not lead to it: it may not verify"
                    .to_owned();
            if let Some(why) = why {
                detail.push_str(&format!(" ({why})"));
            }
            (ToolVerdict::Unknown, Some(detail), Known::Asked)
        }
        ToolVerdict::Verifies | ToolVerdict::Fails if asked.verdict != ruled => {
            let expected = match why {
                Some(why) => format!("its rules let expect that it {}: {why}", expected(ruled)),
                None => format!("its rules let expect that it {}", expected(ruled)),
            };
            let detail = match asked.detail {
                Some(line) => format!("{line} ({expected})"),
                None => expected,
            };
            (asked.verdict, Some(detail), Known::Asked)
        }
        ToolVerdict::Verifies | ToolVerdict::Fails => (asked.verdict, asked.detail, Known::Asked),
        ToolVerdict::NotVerified | ToolVerdict::Unknown => {
            let detail = match (asked.detail, why) {
                (Some(asked), Some(why)) => Some(format!("{why}; asked, {asked}")),
                (Some(asked), None) => Some(format!("asked, {asked}")),
                (None, why) => why,
            };
            (ruled, detail, Known::ByRules)
        }
    }
}

fn expected(verdict: ToolVerdict) -> &'static str {
    match verdict {
        ToolVerdict::NotVerified => "does not verify",
        verdict => verdict.word(),
    }
}

/// What would make it verify, tried where that needs no file to be changed.
fn remedy(
    tool: &dyn Tool,
    machine: &Machine,
    installed: Option<&Installed>,
    trust: &ToolTrust,
    verdict: ToolVerdict,
    question: &Question<'_>,
) -> Option<Remedy> {
    let mut settings = match verdict {
        ToolVerdict::NotVerified => trust.undo.clone(),
        ToolVerdict::Fails => Vec::new(),
        ToolVerdict::Verifies | ToolVerdict::Unknown => return None,
    };
    if let Some(bundle) = question.bundle {
        settings.extend(tool.remedy(machine, installed, question.url, bundle));
    }
    if settings.is_empty() {
        return None;
    }
    let proved = question.ask
        && installed.is_some_and(|installed| {
            let remedied = machine.with(&settings);
            let trust = tool.trust(&remedied, Some(installed), question.url);
            trust.verification != Verification::Off
                && ask(tool, machine, installed, question.url, &settings)
                    .is_some_and(|asked| asked.verdict == ToolVerdict::Verifies)
        });
    Some(Remedy { text: told(&settings, question.bundle), proved })
}

/// The settings in words, and what a bundle must hold that replaces a tool's own roots.
fn told(settings: &[Setting], bundle: Option<&CaBundle>) -> String {
    let mut text = settings.iter().map(Setting::to_string).collect::<Vec<_>>().join("; ");
    if let Some(bundle) = bundle {
        let full = bundle.full.display().to_string();
        if text.contains(&full) && bundle.full != bundle.authority {
            text.push_str(
                " (a full bundle, the public authorities and yours: it takes the place of the tool's own)",
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(verdict: ToolVerdict) -> Asked {
        Asked { verdict, detail: None }
    }

    #[test]
    fn a_tool_that_accepts_what_its_rules_refuse_is_not_said_to_verify() {
        let why = Some("no root leads to the chain".to_owned());
        let (verdict, detail, known) =
            settled(ToolVerdict::Fails, why, asked(ToolVerdict::Verifies));
        assert_eq!((verdict, known), (ToolVerdict::Unknown, Known::Asked));
        let expected = "it accepted the server, though its roots do not lead to it: it may not \
                        verify (no root leads to the chain)";
        assert_eq!(detail.as_deref(), Some(expected));
    }

    #[test]
    fn a_tool_that_refuses_what_its_rules_accept_fails() {
        let (verdict, detail, known) =
            settled(ToolVerdict::Verifies, None, asked(ToolVerdict::Fails));
        assert_eq!((verdict, known), (ToolVerdict::Fails, Known::Asked));
        assert_eq!(detail.as_deref(), Some("its rules let expect that it verifies"));
    }
}
