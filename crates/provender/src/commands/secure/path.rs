//! The steps of the path, each on what the one before gave.

use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::Timestamp;
use provender_core::{Diagnostic, Severity};
use provender_net::Client;
use provender_report::secure::{Locked, Part, Reports, SecureReport, State, Stocked};

use super::left_out;
use crate::cli::{LockArgs, SecureArgs, StockArgs};
use crate::commands::check::{self, How};
use crate::commands::lock::{self, Made, Plan, shown_changes};
use crate::commands::stock;
use crate::exit::{Answer, Failure};
use crate::output::{Output, counted, shown};
use crate::settings::Settings;

/// The path of a project.
pub(super) struct Path<'a> {
    pub(super) args: &'a SecureArgs,
    pub(super) settings: &'a Settings,
    pub(super) client: Client,
    pub(super) output: &'a Output,
}

/// What the steps came to.
pub(super) struct Walked {
    pub(super) project: String,
    pub(super) made: Made,
    changed: bool,
    left_out: Vec<String>,
    stock: Part<Stocked>,
    check: Part<Vec<provender_core::check::Step>>,
    skipped_update: Option<&'static str>,
    is_own_lock: bool,
    folder: PathBuf,
    serves: bool,
    listen: SocketAddr,
}

impl Path<'_> {
    /// Walks the path. Once there is a validated lock, no later step takes it away.
    pub(super) fn walk(self) -> Result<Walked, Failure> {
        let args = self.args;
        let output = self.output;
        let made = self.lock()?;
        let changed = made.changed();
        made.write()?;
        let path = made.plan.output.clone().unwrap_or_default();
        output.say(&format!(
            "locked {} in {}{}",
            counted(made.outcome.lock.projects.len(), "project"),
            shown(&path),
            if changed { "" } else { " (unchanged)" }
        ));
        let left_out = left_out::requirement_files(&args.project, &made.plan.request.inputs, &path);
        let stock = match args.no_stock {
            true => Part::skipped("--no-stock"),
            false => self.stock(&path),
        };
        let check = if args.no_stock {
            Part::skipped("--no-stock")
        } else if args.no_check {
            Part::skipped("--no-check")
        } else if stock.result.is_none() {
            Part::missing("nothing was stocked")
        } else if !matches!(stock.state, State::Done) {
            // It would only fail on what is known to be missing.
            Part::missing("the stock is not complete")
        } else {
            self.check(&path)
        };
        Ok(Walked {
            project: self.project_name(),
            made,
            changed,
            left_out,
            stock,
            check,
            skipped_update: match (args.no_update, self.settings.offline) {
                (true, _) => Some("--no-update"),
                (false, true) => Some("--offline"),
                (false, false) => None,
            },
            is_own_lock: self.settings.file.values.secure.output.is_none(),
            folder: args.project.canonicalize().unwrap_or_else(|_| args.project.clone()),
            serves: args.serve,
            listen: args.listen,
        })
    }

    fn lock(&self) -> Result<Made, Failure> {
        let args = self.args;
        let output = self.settings.file.values.secure.output.as_ref();
        let output = output.map(|path| self.settings.file.folder.join(path));
        let lock_args = LockArgs {
            output: output.clone(),
            fix: args.fix,
            fail_on: args.fail_on,
            allow_stale: args.allow_stale,
            no_update: args.no_update,
            no_build: args.no_build,
            upgrade: args.upgrade,
            refresh: args.refresh,
            indexes: args.indexes.clone(),
            ..LockArgs::default()
        };
        if let Some(folder) = output.as_deref().and_then(std::path::Path::parent) {
            std::fs::create_dir_all(folder).map_err(|error| {
                let message = format!("cannot make {}: {error}", shown(folder));
                Diagnostic::error("file/cannot-write", message)
                    .hint("grant access, or change the setting")
                    .decided_by("secure.output")
            })?;
        }
        // Where the lock goes elsewhere, the project's own one tells the present pins.
        let own = output.is_some().then(|| stock::own_lock(self.settings)).flatten();
        let plan = Plan::make(
            &lock_args,
            self.settings,
            &args.project,
            self.client.clone(),
            own.as_deref(),
        )?;
        lock::make(plan, &lock_args, self.settings, &self.client, self.output)
    }

    fn stock(&self, lock: &std::path::Path) -> Part<Stocked> {
        let args = self.args;
        let mut with = self.settings.file.values.stock.with.clone();
        with.extend(args.with.iter().cloned());
        let stock_args = StockArgs {
            with,
            build_wheels: args.build_wheels,
            refresh: args.refresh,
            indexes: args.indexes.clone(),
            ..StockArgs::default()
        };
        let lock = vec![PathBuf::from(lock)];
        match stock::work(&stock_args, lock, self.settings, self.output) {
            Ok(totals) => {
                self.output.say(&totals.last_line());
                let stocked = Stocked {
                    files: totals.files,
                    bytes: totals.bytes,
                    fetched_files: totals.fetched_files,
                    fetched_bytes: totals.fetched_bytes,
                    incomplete: totals.incomplete.clone(),
                };
                let part = match totals.answer() {
                    Answer::Yes => Part::done(stocked),
                    _ => Part::missing("not all that is needed could be had").with(stocked),
                };
                part.told(totals.diagnostics)
            }
            Err(failure) => failed(failure),
        }
    }

    fn check(&self, lock: &std::path::Path) -> Part<Vec<provender_core::check::Step>> {
        let how = How {
            url: None,
            python: None,
            threshold: self.settings.fail_on(self.args.fail_on),
            allow_stale: self.args.allow_stale,
            // The path has an audit of its own.
            audits: false,
            tells_each_step: true,
        };
        let locks = [PathBuf::from(lock)];
        match check::work(&locks, &how, self.settings, self.client.clone(), self.output) {
            Ok(steps) => Part::checked(steps),
            Err(failure) => failed(failure),
        }
    }

    fn project_name(&self) -> String {
        let folder = std::path::absolute(&self.args.project);
        let folder = folder.unwrap_or_else(|_| self.args.project.clone());
        let folder = folder.canonicalize().unwrap_or(folder);
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        name.unwrap_or_else(|| "project".to_owned())
    }
}

/// A step that could not be done, with the reason.
fn failed<T>(failure: Failure) -> Part<T> {
    let why = failure.diagnostics.last().map(|found| found.message.clone());
    Part::missing(why.unwrap_or_default()).told(failure.diagnostics)
}

impl Walked {
    /// The report, without the place where it is kept.
    pub(super) fn report(&self, now: Timestamp) -> SecureReport {
        let made = &self.made;
        let audit = match &made.audit {
            Some(audit) if counts(made) => Part::no(audit.clone()),
            Some(audit) if audit.not_audited.iter().any(|entry| entry.waiver.is_none()) => {
                Part::missing("not everything could be audited").with(audit.clone())
            }
            Some(audit) => Part::done(audit.clone()),
            None => Part::skipped(made.plan.fix_setting),
        };
        let stamp = made.audit.as_ref().map(|audit| audit.advisories.clone());
        let advisories = match (self.skipped_update, stamp) {
            (None, Some(stamp)) => Part::done(stamp),
            (Some(by), Some(stamp)) => Part::skipped(by).with(stamp),
            (_, None) => Part::skipped(made.plan.fix_setting),
        };
        SecureReport {
            project: self.project.clone(),
            generated_at: now,
            threshold: made.threshold,
            advisories,
            lock: Part::done(self.locked()).told(made.notes.iter().cloned()),
            audit,
            stock: self.stock.clone(),
            check: self.check.clone(),
            report: Part {
                state: State::Done,
                why: None,
                result: None::<Reports>,
                diagnostics: Vec::new(),
            },
            serving: None,
            next: self.next(),
        }
    }

    fn locked(&self) -> Locked {
        let made = &self.made;
        let (moves, kept) = shown_changes(&made.outcome);
        let mut left_out: Vec<String> =
            made.outcome.left_out.iter().map(|what| self.named_from_project(what)).collect();
        left_out.extend(self.left_out.iter().cloned());
        left_out.sort();
        left_out.dedup();
        Locked {
            path: made.plan.output.as_deref().map(shown).unwrap_or_default(),
            target: Some(made.outcome.target.clone()),
            projects: made.outcome.lock.projects.len(),
            files: made.outcome.lock.projects.iter().map(|project| project.files.len()).sum(),
            changed: self.changed,
            moves,
            kept,
            left_out,
            built: made.outcome.built.clone(),
        }
    }

    /// A file that the lock names from its own folder, named from the project's.
    fn named_from_project(&self, what: &str) -> String {
        let folder = self.made.plan.output.as_deref().and_then(std::path::Path::parent);
        let found = folder.and_then(|folder| folder.join(what).canonicalize().ok());
        let named = found
            .and_then(|path| Some(path.strip_prefix(&self.folder).ok()?.display().to_string()));
        named.unwrap_or_else(|| what.to_owned())
    }

    /// What to do next, the most urgent first.
    fn next(&self) -> Vec<String> {
        let made = &self.made;
        let path = made.plan.output.as_deref().map(shown).unwrap_or_default();
        let mut next = Vec::new();
        if counts(made) {
            next.push(
                "look at the findings: raise what blocks their fixes, or accept them with \
                 `provender waiver add`"
                    .to_owned(),
            );
        }
        if matches!(self.check.state, State::No) {
            next.push("mend the stock with `provender stock`, then run this again".to_owned());
        }
        if matches!(self.stock.state, State::Missing) {
            next.push("run this again where the index can be reached".to_owned());
        }
        // A lock that goes elsewhere is not the one that the project commits.
        if self.changed && self.is_own_lock {
            next.push(format!("commit `{path}`"));
        }
        if matches!(self.stock.state, State::Done) {
            if !self.serves {
                next.push("serve the stock with `provender serve`".to_owned());
            }
            next.push(format!(
                "install with `pip install --require-hashes --index-url http://{}/simple/ -r \
                 {path}`",
                self.listen
            ));
        }
        next
    }
}

/// Whether a finding makes the answer a no.
fn counts(made: &Made) -> bool {
    let threshold: Severity = made.threshold;
    let audit = made.audit.as_ref();
    audit.is_some_and(|audit| audit.findings.iter().any(|found| found.counts_at(threshold)))
}
