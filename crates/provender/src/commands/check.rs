//! `provender check`.

mod advice;

use std::path::{Path, PathBuf};

use provender_core::check::{self as steps, Outcome, Step};
use provender_core::{Diagnostic, Severity};
use provender_index::check::{self, CheckObserver, CheckRequest, CheckedLock};
use provender_net::Client;
use provender_store::{LockFormat, LockKind, Store};
use url::Url;

use super::stock::default_lock;
use super::store;
use crate::cli::{CheckArgs, Format, GlobalArgs};
use crate::exit::{Answer, Failure};
use crate::output::{Output, shown};
use crate::progress::Spinner;
use crate::settings::{Settings, network, variable};

/// What locks that are only there to build something are called.
const BUILD: &str = "build:";

pub(crate) fn run(
    args: &CheckArgs,
    global: &GlobalArgs,
    output: &Output,
) -> Result<Answer, Failure> {
    let settings = Settings::gather(global, &super::lock::project_folder(&args.locks))?;
    let client = network::client(&settings)?;
    let locks = match &args.locks[..] {
        [] => default_lock(&settings).filter(|path| path.is_file()).into_iter().collect(),
        named => named.to_vec(),
    };
    let how = How {
        url: args.url.clone(),
        python: args.python.clone(),
        threshold: settings.fail_on(args.fail_on),
        allow_stale: args.allow_stale,
        audits: true,
        tells_each_step: false,
    };
    let done = work(&locks, &how, &settings, client, output)?;
    match output.format {
        Format::Json => output.result(&provender_report::check::json(&done, None))?,
        _ => output.result(&provender_report::check::terminal(&done, output.style()))?,
    }
    Ok(answer(&done))
}

/// How a check is made.
pub(crate) struct How {
    pub(crate) url: Option<Url>,
    pub(crate) python: Option<PathBuf>,
    pub(crate) threshold: Severity,
    pub(crate) allow_stale: bool,
    /// Whether the advisory data and what it says of the locks are steps of the check.
    pub(crate) audits: bool,
    /// Whether a line is left behind for each step as it ends.
    pub(crate) tells_each_step: bool,
}

fn answer(done: &[Step]) -> Answer {
    match steps::outcome(done) {
        Outcome::Passed => Answer::Yes,
        Outcome::Failed => Answer::No,
        Outcome::NotRun => Answer::Missing,
    }
}

/// Checks the stock of these locks, and of what is carried along; of every lock that was stocked
/// where none is named.
pub(crate) fn work(
    paths: &[PathBuf],
    how: &How,
    settings: &Settings,
    client: Client,
    output: &Output,
) -> Result<Vec<Step>, Failure> {
    if let Some(python) = how.python.as_deref().filter(|python| !python.is_file()) {
        let message = format!("{} is no file", python.display());
        return Err(Diagnostic::error("check/python", message)
            .hint("name the interpreter itself, such as /usr/bin/python3")
            .decided_by("--python")
            .into());
    }
    let spinner = Spinner::new(output, "checking");
    let runtime = store::runtime()?;
    let (mut done, locks) = runtime.block_on(async {
        let store = store::existing(settings).await?;
        let locks = locks(paths, &store).await?;
        let request = CheckRequest {
            url: how.url.clone(),
            client,
            interpreters: interpreters(how.python.as_deref(), &locks),
            path: std::env::var_os("PATH"),
            tmp: store.tmp().to_path_buf(),
            limit: CheckRequest::LIMIT,
            locks,
        };
        let watch = Watch { spinner: &spinner, tells: how.tells_each_step };
        // pip runs in a process group of its own: Ctrl-C reaches it only through this.
        let done = tokio::select! {
            done = check::run(&request, &store, &watch) => done,
            _ = tokio::signal::ctrl_c() => {
                return Err(Diagnostic::error("check/interrupted", "the check was interrupted")
                    .hint("run it again: nothing was changed"));
            }
        };
        Ok::<_, Diagnostic>((done, request.locks))
    })?;
    if how.audits {
        done.extend(advice::steps(&locks, how, settings));
    }
    spinner.finish();
    Ok(done)
}

/// The locks to prove: those that were named, as they stand on the disk, and the tools.
async fn locks(paths: &[PathBuf], store: &Store) -> Result<Vec<CheckedLock>, Diagnostic> {
    let (mut stocked, unreadable) = check::locks(store).await.map_err(|error| {
        store::because(Diagnostic::error("store/unusable", error.to_string()), &error)
            .hint("check the data directory, or name another one with --data-dir")
    })?;
    if let Some(lock) = unreadable.first() {
        return Err(lock.diagnostic());
    }
    // They are proved by what is built with them.
    stocked.retain(|lock| !lock.name.starts_with(BUILD));
    if paths.is_empty() {
        if stocked.is_empty() {
            return Err(Diagnostic::error("check/no-lock", "no lock was stocked here")
                .hint("run `provender stock` first, or name the right folder with --data-dir"));
        }
        return Ok(stocked);
    }
    let mut wanted = Vec::new();
    for path in paths {
        let name = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let name = name.display().to_string();
        // What is proved is the lock as it stands now, for what it was stocked for.
        let known = stocked.iter().position(|lock| lock.name == name);
        let known = known.map(|at| stocked.swap_remove(at));
        let target = known.and_then(|lock| lock.target);
        wanted.push(CheckedLock { target, ..from_disk(path, name)? });
    }
    wanted.extend(stocked.into_iter().filter(|lock| lock.kind == LockKind::Carried));
    Ok(wanted)
}

/// A lock that was not stocked under this name; what it needs may be there all the same.
fn from_disk(path: &Path, name: String) -> Result<CheckedLock, Diagnostic> {
    let bad = |message: String| {
        Diagnostic::error("check/lock-unreadable", message)
            .at(provender_core::Place::file(shown(path)))
            .hint("name a lock that `provender lock` wrote")
    };
    let text = std::fs::read_to_string(path)
        .map_err(|error| bad(format!("cannot read the lock: {error}")))?;
    let file_name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_pylock = file_name.starts_with("pylock.") && file_name.ends_with(".toml");
    let format = if is_pylock { LockFormat::Pylock } else { LockFormat::Constraints };
    let lock = super::stock::parse(&text, format).map_err(|error| bad(error.message))?;
    Ok(CheckedLock { name, kind: LockKind::File, format, text, lock, target: None })
}

/// What may be Python here, those that fit the locks first.
fn interpreters(named: Option<&Path>, locks: &[CheckedLock]) -> Vec<PathBuf> {
    if let Some(python) = named {
        return vec![python.to_path_buf()];
    }
    let mut names: Vec<String> = Vec::new();
    for lock in locks {
        if let Some(target) = lock.target.as_ref().or(lock.lock.header.target.as_ref()) {
            names.push(format!("python{}.{}", target.python.major, target.python.minor));
        }
    }
    names.extend(["python3".to_owned(), "python".to_owned()]);
    names.dedup();
    let path = variable("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let found = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    let mut found: Vec<PathBuf> = found.filter(|file| file.is_file()).collect();
    found.dedup();
    found
}

/// Says on the spinner what is being tried.
struct Watch<'a> {
    spinner: &'a Spinner,
    tells: bool,
}

impl CheckObserver for Watch<'_> {
    fn began(&self, _: &'static str, title: &str) {
        self.spinner.say(&format!("checking: {title}"));
    }

    fn ended(&self, step: &Step) {
        if self.tells {
            let outcome = match step.outcome {
                Outcome::Passed => "checked",
                Outcome::Failed => "failed",
                Outcome::NotRun => "not run",
            };
            self.spinner.leave(&format!("{outcome}: {}: {}", step.title, step.summary));
        }
    }
}
