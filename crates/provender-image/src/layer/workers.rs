//! Threads that work for one layer.

use std::io;
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Threads that make an `A` of each `J`. They end when this is dropped.
#[derive(Debug)]
pub(super) struct Workers<J, A> {
    jobs: Option<Sender<(J, SyncSender<A>)>>,
    threads: Vec<JoinHandle<()>>,
}

impl<J: Send + 'static, A: Send + 'static> Workers<J, A> {
    /// Starts as many threads, which `run` what they are sent.
    ///
    /// # Errors
    ///
    /// A thread that cannot be started.
    pub(super) fn start(
        count: NonZeroUsize,
        run: impl Fn(J) -> A + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (jobs, queue) = channel::<(J, SyncSender<A>)>();
        let queue = Arc::new(Mutex::new(queue));
        let run = Arc::new(run);
        let mut workers = Self { jobs: Some(jobs), threads: Vec::new() };
        for _ in 0..count.get() {
            let (queue, run) = (Arc::clone(&queue), Arc::clone(&run));
            let work = move || {
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((job, answer)) = next else { break };
                    // Nobody waits any more where writing has failed.
                    let _ = answer.send(run(job));
                }
            };
            let thread = std::thread::Builder::new().name("layer".to_owned()).spawn(work)?;
            workers.threads.push(thread);
        }
        Ok(workers)
    }

    /// Gives the first thread that is free a job, and says where its answer comes.
    ///
    /// # Errors
    ///
    /// No thread is left.
    pub(super) fn send(&self, job: J) -> io::Result<Receiver<A>> {
        let (answer, receiver) = sync_channel(1);
        let jobs = self.jobs.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        jobs.send((job, answer)).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(receiver)
    }
}

impl<J, A> Drop for Workers<J, A> {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
