//! `provender stock`.

mod carried;
mod list;
mod locks;
mod prune;
mod summary;
mod wheels;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use provender_core::Diagnostic;
use provender_index::stock::{self, StockError, StockRequest};
use provender_lock::{Observer, RequirementsLocker};

use super::store::{self, Opened};
use crate::cli::{GlobalArgs, StockArgs, StockCommand};
use crate::exit::{Answer, Failure};
use crate::output::Output;
use crate::progress::{FileProgress, Spinner};
use crate::settings::{Settings, indexes, network};
pub(crate) use locks::{default_lock, own_lock, parse, template};
pub(crate) use summary::{Totals, counted};

/// How old something that nothing names must be to be garbage: nobody downloads for longer.
pub(super) const GRACE: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) fn run(
    args: &StockArgs,
    global: &GlobalArgs,
    output: &Output,
) -> Result<Answer, Failure> {
    let settings = Settings::gather(global, &super::lock::project_folder(&args.locks))?;
    match &args.command {
        Some(StockCommand::List) => return list::list(&settings, output),
        Some(StockCommand::Prune(prune)) => return prune::run(prune, &settings, output),
        None => {}
    }
    let mut args = args.clone();
    args.with.extend(settings.file.values.stock.with.iter().cloned());
    args.with.sort();
    args.with.dedup();
    let paths = if args.locks.is_empty() {
        let found = default_lock(&settings);
        // Tools alone can be stocked as well.
        if found.is_none() && args.with.is_empty() {
            return Err(locks::none_here().into());
        }
        Vec::from_iter(found)
    } else {
        args.locks.clone()
    };
    let totals = work(&args, paths, &settings, output)?;
    totals.show(output)?;
    Ok(totals.answer())
}

/// Stocks these locks and what is carried along.
pub(crate) fn work(
    args: &StockArgs,
    paths: Vec<PathBuf>,
    settings: &Settings,
    output: &Output,
) -> Result<Totals, Failure> {
    let client = network::client(settings)?;
    let (indexes, notes) = indexes::gather(&args.indexes, settings)?;
    let mut read = Vec::new();
    for path in paths {
        read.push(locks::read(&path, args, settings, &client, output)?);
    }
    let template = locks::template(settings, &client, &indexes, args.refresh);
    let spinner: Arc<dyn Observer> = Arc::new(Spinner::new(output, "reading what is stocked"));
    let runtime = store::runtime()?;
    runtime.block_on(async {
        let opened = store::open(settings, client, &indexes).await?;
        let locker = RequirementsLocker::new(template, Arc::clone(&spinner));
        let carry = carried::Carry { opened: &opened, locker: &locker, args, settings };
        let target = locks::target_override(args, &read)?;
        for tool in &args.with {
            read.push(carry.tool(tool, target.as_ref(), &read).await?);
        }
        let progress = FileProgress::new(output);
        let mut request =
            StockRequest { locks: read, target, all_files: args.all_files, refresh: args.refresh };
        let mut stocked = run_once(&opened, &request, &progress).await?;
        // What builds a project without a wheel has to be there as well.
        let builders = carry.builders(&stocked.builds, &request).await?;
        if !builders.is_empty() {
            let more = StockRequest { locks: builders, ..request.clone() };
            stocked = summary::together(stocked, run_once(&opened, &more, &progress).await?);
        }
        let mut built = Vec::new();
        if args.build_wheels {
            let build = wheels::Build { opened: &opened, settings, args, observer: &spinner };
            built = build.all(&stocked.builds, &mut request, &indexes).await?;
            if !built.is_empty() {
                // The wheels are files of the locks from now on.
                let again = run_once(&opened, &request, &progress).await?;
                stocked = summary::after_builds(stocked, again);
            }
        }
        progress.finish();
        if !stocked.fetched.is_empty() {
            // What a killed run left behind; a report of it would help nobody.
            let _ = opened.store.collect_garbage(GRACE, Timestamp::now()).await;
        }
        stocked.diagnostics.extend(request.locks.iter().flat_map(locks::not_stocked));
        Ok(Totals::new(stocked, &request.locks, built, notes))
    })
}

async fn run_once(
    opened: &Opened,
    request: &StockRequest,
    progress: &FileProgress,
) -> Result<stock::Stocked, Diagnostic> {
    stock::run(&opened.store, &opened.upstreams, &opened.transfers, request, progress)
        .await
        .map_err(|error| told(&error))
}

/// What kept anything from being stocked.
fn told(error: &StockError) -> Diagnostic {
    let hint = match error {
        StockError::Scope(_) => "say what to stock for with --python-version and --platform",
        _ if error.is_full() => "make room on the disk, or keep the data elsewhere with --data-dir",
        _ => "check the data directory and its permissions, or name another one with --data-dir",
    };
    let rule = match error {
        StockError::Scope(_) => "stock/target",
        _ => "store/unusable",
    };
    store::because(Diagnostic::error(rule, error.to_string()), error).hint(hint)
}
