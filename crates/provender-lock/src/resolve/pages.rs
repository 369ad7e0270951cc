//! Reading index pages on threads beside the resolver's.
//!
//! uv's client parses a page on the thread that asks for it, and puts what it read into its cache.
//! Where nothing is remembered, that is a good part of a lock's work, and a build that goes on at
//! the same time waits for it. So a page is read into the cache on another thread first, and the
//! resolver then finds it there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, available_parallelism};

use provender_core::ProjectName;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::LocalSet;
use uv_client::{Error, ErrorKind, RegistryClient};
use uv_distribution_types::{IndexCapabilities, IndexMetadata, IndexMetadataRef};

/// The most threads: beyond them the index is what one waits for.
const MOST_THREADS: usize = 3;

/// Threads that read pages into uv's cache. They end when this is dropped.
pub(crate) struct PageReaders {
    threads: Vec<mpsc::UnboundedSender<Job>>,
    /// Set once the index sent a page that must not be taken from the cache: reading it ahead
    /// would only ask twice.
    uncacheable: Arc<AtomicBool>,
}

struct Job {
    project: ProjectName,
    index: Option<IndexMetadata>,
    read: oneshot::Sender<Result<(), Error>>,
}

impl PageReaders {
    /// Threads for all cores but the resolver's; none where there is one core only.
    pub(crate) fn start(
        client: &RegistryClient,
        capabilities: &IndexCapabilities,
        slots: &Arc<Semaphore>,
        uncacheable: Arc<AtomicBool>,
    ) -> Self {
        let count = available_parallelism().map_or(1, usize::from) - 1;
        let threads = (0..count.min(MOST_THREADS)).filter_map(|_| {
            let (sender, jobs) = mpsc::unbounded_channel();
            let client = client.clone();
            let (capabilities, slots) = (capabilities.clone(), Arc::clone(slots));
            let thread = Builder::new()
                .name("pages".to_owned())
                .stack_size(uv_configuration::min_stack_size())
                .spawn(move || run(client, &capabilities, &slots, jobs));
            // Without the thread the resolver reads its pages by itself.
            thread.is_ok().then_some(sender)
        });
        Self { threads: threads.collect(), uncacheable }
    }

    /// No threads: every page is read where it is asked for.
    pub(crate) fn none() -> Self {
        Self { threads: Vec::new(), uncacheable: Arc::default() }
    }

    /// Reads the project's pages into the cache, as far as that helps.
    ///
    /// # Errors
    ///
    /// When the index gives no answer; that it has no such project is for the resolver to find.
    pub(crate) async fn read(
        &self,
        project: &ProjectName,
        index: Option<&IndexMetadata>,
    ) -> Result<(), Error> {
        if self.threads.is_empty() || self.uncacheable.load(Ordering::Relaxed) {
            return Ok(());
        }
        let (read, done) = oneshot::channel();
        // By name, so that each thread has its share without a count being kept.
        let sum = project.as_ref().bytes().map(usize::from).sum::<usize>();
        let job = Job { project: project.clone(), index: index.cloned(), read };
        if self.threads[sum % self.threads.len()].send(job).is_err() {
            return Ok(());
        }
        done.await.unwrap_or(Ok(()))
    }
}

fn run(
    client: RegistryClient,
    capabilities: &IndexCapabilities,
    slots: &Arc<Semaphore>,
    mut jobs: mpsc::UnboundedReceiver<Job>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return };
    let client = Arc::new(client);
    let tasks = LocalSet::new();
    runtime.block_on(tasks.run_until(async {
        while let Some(Job { project, index, read }) = jobs.recv().await {
            let (client, capabilities) = (Arc::clone(&client), capabilities.clone());
            let slots = Arc::clone(slots);
            tokio::task::spawn_local(async move {
                let index = index.as_ref().map(IndexMetadataRef::from);
                let pages = client.simple_detail(&project, index, &capabilities, &slots);
                let answer = match Box::pin(pages).await {
                    Ok(_) => Ok(()),
                    Err(error) => match error.kind() {
                        ErrorKind::RemotePackageNotFound(_)
                        | ErrorKind::NoIndex(_)
                        | ErrorKind::Offline(_) => Ok(()),
                        _ => Err(error),
                    },
                };
                // Nobody waits any more where the solve has ended.
                let _ = read.send(answer);
            });
        }
    }));
    drop(tasks);
    runtime.shutdown_background();
}
