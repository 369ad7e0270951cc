//! `provender lock`.

mod plan;
mod summary;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use provender_advisory::Snapshot;
use provender_core::audit::Audit;
use provender_core::lock::{constraints, pylock};
use provender_core::{Diagnostic, Lock, Severity, Version};
use provender_lock::{Advisories, LockOutcome, Observer};

use super::audit::inventory_of;
use super::audited::{self, Questions};
use super::data::{AdvisoryData, Answered, Need, Updated};
use crate::cli::{GlobalArgs, LockArgs, LockFormat};
use crate::exit::{Answer, Failure};
use crate::file;
use crate::output::Output;
use crate::progress::Spinner;
use crate::settings::{Settings, network};
pub(crate) use plan::Plan;
pub(super) use plan::{INPUTS, project_folder, says_what_to_lock};
pub(crate) use summary::{Summary, shown_changes};

pub(crate) fn run(
    args: &LockArgs,
    global: &GlobalArgs,
    output: &Output,
) -> Result<Answer, Failure> {
    let project = project_folder(&args.inputs);
    let settings = Settings::gather(global, &project)?;
    let client = network::client(&settings)?;
    let plan = Plan::make(args, &settings, &project, client.clone(), None)?;
    let made = make(plan, args, &settings, &client, output)?;
    output.diagnostics(&made.notes);
    let summary = made.summary();
    if args.check {
        return summary.check(output);
    }
    if made.plan.output.is_some() {
        made.write()?;
    } else {
        output.result(&made.text)?;
    }
    summary.show(output)?;
    Ok(answer(made.audit.as_ref(), made.threshold))
}

/// A lock that was made, and is not written yet.
pub(crate) struct Made {
    pub(crate) plan: Plan,
    pub(crate) outcome: LockOutcome,
    /// The lock as it is written.
    pub(crate) text: String,
    /// What is left of findings; none where nothing was audited.
    pub(crate) audit: Option<Audit>,
    /// What deserves to be known of how it was made.
    pub(crate) notes: Vec<Diagnostic>,
    pub(crate) threshold: Severity,
    pub(crate) now: Timestamp,
}

impl Made {
    /// Whether the file holds something else now.
    pub(crate) fn changed(&self) -> bool {
        self.plan.present_text.as_deref() != Some(self.text.as_str())
    }

    /// Writes the lock to its file, if it has one. Writing what stands there already would only
    /// touch its time.
    pub(crate) fn write(&self) -> Result<(), Diagnostic> {
        match &self.plan.output {
            Some(path) if self.changed() => file::replace(path, &self.text),
            _ => Ok(()),
        }
    }

    pub(crate) fn summary(&self) -> Summary<'_> {
        Summary {
            outcome: &self.outcome,
            audit: self.audit.as_ref(),
            plan: &self.plan,
            notes: &self.notes,
            threshold: self.threshold,
            now: self.now,
            changed: self.changed(),
        }
    }
}

/// Resolves, audits and repairs, and writes nothing.
pub(crate) fn make(
    plan: Plan,
    args: &LockArgs,
    settings: &Settings,
    client: &provender_net::Client,
    output: &Output,
) -> Result<Made, Failure> {
    provender_lock::check_inputs(&plan.request)?;
    let now = Timestamp::now();
    let threshold = settings.fail_on(args.fail_on);
    let waivers = &settings.file.values.waivers;

    let mut notes = plan.notes.clone();
    let snapshot = match &plan.request.fix {
        Some(_) => {
            let data = AdvisoryData::of(settings)?;
            notes.extend(refresh(&data, args, settings, client, now, output)?);
            let usable = data.usable(&Need::python(), now, args.allow_stale);
            let (snapshot, warnings) = usable.map_err(|failure| failure.after(&notes))?;
            notes.extend(warnings);
            Some(snapshot)
        }
        None => None,
    };

    let spinner = Arc::new(Spinner::new(output, "resolving"));
    let observer: Arc<dyn Observer> = spinner.clone();
    let outcome = match &snapshot {
        Some(snapshot) => {
            let questions = Questions::new(snapshot, waivers, threshold, now);
            let outcome = provender_lock::lock(&plan.request, &questions, &observer);
            questions.check()?;
            outcome
        }
        None => provender_lock::lock(&plan.request, &Nothing, &observer),
    };
    spinner.finish();
    let outcome = outcome.map_err(|failure| Failure::from(failure).after(&notes))?;

    let text = render(&outcome.lock, plan.format);
    let audit = match &snapshot {
        Some(snapshot) => Some(audit(snapshot, &text, &plan, settings, now)?),
        None => None,
    };
    Ok(Made { plan, outcome, text, audit, notes, threshold, now })
}

/// The lock is written either way; findings that are left make it a no.
fn answer(audit: Option<&Audit>, threshold: Severity) -> Answer {
    let left = audit
        .is_some_and(|audit| audit.findings.iter().any(|finding| finding.counts_at(threshold)));
    if left { Answer::No } else { Answer::Yes }
}

fn render(lock: &Lock, format: LockFormat) -> String {
    match format {
        LockFormat::Constraints => constraints::render(lock),
        LockFormat::Pylock => pylock::render(lock),
    }
}

fn audit(
    snapshot: &Snapshot,
    text: &str,
    plan: &Plan,
    settings: &Settings,
    now: Timestamp,
) -> Result<Audit, Failure> {
    let stdout = match plan.format {
        LockFormat::Constraints => Path::new("constraints.txt"),
        LockFormat::Pylock => Path::new("pylock.toml"),
    };
    let inventory = inventory_of(text, plan.format, plan.output.as_deref().unwrap_or(stdout))?;
    audited::audit(snapshot, inventory, settings, now)
}

/// Fetches data that is older than a day, where a source answers; what it gave before serves
/// otherwise.
fn refresh(
    data: &AdvisoryData,
    args: &LockArgs,
    settings: &Settings,
    client: &provender_net::Client,
    now: Timestamp,
    output: &Output,
) -> Result<Vec<Diagnostic>, Failure> {
    let need = Need::python();
    let mut notes = data.take_in_local(&need, now)?;
    let state = data.catalog.state().map_err(|error| super::data::told(&error))?;
    let due =
        data.freshness(&need, &state, now).needs_refresh || data.has_due_source(&need, &state, now);
    if !due || args.no_update || settings.offline {
        return Ok(notes);
    }
    let spinner = Spinner::new(output, "fetching advisory data");
    let Updated { answers, notes: told } = data.update_needed(&need, client, now)?;
    spinner.finish();
    notes.extend(told);
    for (source, answered) in answers {
        // A source that never answered and is optional is told of by its absence.
        if let Answered::Failed(diagnostic) = answered
            && !(source.optional && state.source(&source.name).is_none())
        {
            let mut diagnostic = *diagnostic;
            diagnostic.level = provender_core::Level::Warning;
            diagnostic.message =
                format!("the source `{}` gave nothing new: {}", source.name, diagnostic.message);
            notes.push(diagnostic);
        }
    }
    Ok(notes)
}

/// Nothing is vulnerable where nobody asks.
struct Nothing;

impl Advisories for Nothing {
    fn is_vulnerable(&self, _: &provender_core::ProjectName, _: &Version) -> bool {
        false
    }
}

/// Why a lock that is checked is not what it should be.
pub(super) fn out_of_date(path: &Path) -> Diagnostic {
    let name = crate::output::shown(path);
    Diagnostic::error("lock/out-of-date", format!("{name} is not what its inputs give"))
        .hint("run `provender lock` and commit the result")
        .decided_by("--check")
}

/// The folder that a file stands in.
pub(super) fn folder_of(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new(".")).to_path_buf()
}
