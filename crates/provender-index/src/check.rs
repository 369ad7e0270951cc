//! Checking: the proof that a stock is whole, and that locks install from it.
//!
//! [`run`] goes from the files to the tools: what the locks need is there, every blob has its
//! digest, the index answers and its pages say of the files what they are, and a real pip installs
//! each lock from that index alone, with every other way closed. Each is one [`Step`]; what could
//! not be tried is *not run*, which is never a yes.
//!
//! What is found damaged is marked so in the database, and metadata that are not their wheel's are
//! forgotten: neither is served any more, and the next stocking fetches it again.

mod answers;
mod blobs;
mod child;
mod complaint;
mod environment;
mod install;
mod installed;
mod interpreter;
mod listing;
mod locks;
mod needs;
mod pages;
mod platform;
mod request;
mod requirements;
mod structure;
mod tools;
mod workshop;

use provender_core::check::{Outcome, Step};
use provender_store::{LockKind, Store};

pub use locks::{UnreadableLock, locks};
pub use request::{CheckObserver, CheckRequest, CheckedLock};

use environment::Environments;
use needs::Needs;
use workshop::Workshop;

/// Runs every step and returns what they came to, in their order; each is told to the observer as
/// soon as it ended.
///
/// The steps are `structure`, `blobs`, `answers`, `pages`; `venv`, `install` and `installed` where
/// there are lock files, and `tools` where tools are carried along. A step whose ground is missing
/// is not run.
///
/// The only changes are in the database: blobs that are found missing or damaged are marked so, and
/// metadata that are not their wheel's are forgotten. If
/// the future is dropped, the server that it started ends, and so do the processes with all their
/// children; temporary folders are removed.
pub async fn run(request: &CheckRequest, store: &Store, observer: &dyn CheckObserver) -> Vec<Step> {
    let mut steps = Steps { observer, done: Vec::new() };

    steps.begin(structure::ID, structure::TITLE);
    let needs = match Needs::read(store, &request.locks).await {
        Ok(needs) => {
            steps.end(structure::step(request, store, &needs).await);
            needs
        }
        Err(error) => {
            steps.end(complaint::store_failed(structure::ID, structure::TITLE, &error));
            Needs::default()
        }
    };

    steps.begin(blobs::ID, blobs::TITLE);
    steps.end(blobs::step(store, &needs, observer).await);

    steps.begin(answers::ID, answers::TITLE);
    let (step, reached) = answers::step(request, store).await;
    steps.end(step);

    steps.begin(pages::ID, pages::TITLE);
    let Some(reached) = reached else {
        steps.not_run(pages::ID, pages::TITLE, NO_INDEX);
        steps.without_installs(request, NO_INDEX);
        return steps.done;
    };
    steps.end(pages::step(store, &reached, observer).await);

    if !request.locks.is_empty() {
        match Workshop::open(request, &reached).await {
            Ok(workshop) => steps.with_python(request, &needs, &workshop, &reached).await,
            Err(error) => {
                let why = "there is no folder to work in";
                let told = vec![complaint::no_workshop(&request.tmp, &error)];
                let (id, title) = (environment::ID, environment::TITLE);
                steps.end(Step::not_run(id, title, why, told));
                steps.without_installs(request, why);
            }
        }
    }
    steps.done
}

const NO_INDEX: &str = "no index answers";

/// The steps so far, and who is told of them.
struct Steps<'a> {
    observer: &'a dyn CheckObserver,
    done: Vec<Step>,
}

impl Steps<'_> {
    fn begin(&self, id: &'static str, title: &str) {
        self.observer.began(id, title);
    }

    fn end(&mut self, step: Step) {
        self.observer.ended(&step);
        self.done.push(step);
    }

    fn not_run(&mut self, id: &'static str, title: &str, why: &str) {
        self.end(Step::not_run(id, title, why, Vec::new()));
    }

    /// Says of the rest that it was not run.
    fn without_installs(&mut self, request: &CheckRequest, why: &str) {
        if request.has(LockKind::File) {
            for (id, title) in [
                (environment::ID, environment::TITLE),
                (install::ID, install::TITLE),
                (installed::ID, installed::TITLE),
            ] {
                if self.done.iter().all(|step| step.id != id) {
                    self.not_run(id, title, why);
                }
            }
        }
        if request.has(LockKind::Carried) {
            self.not_run(tools::ID, tools::TITLE, why);
        }
    }

    /// Everything that needs a Python.
    async fn with_python(
        &mut self,
        request: &CheckRequest,
        needs: &Needs,
        workshop: &Workshop,
        reached: &answers::Reached,
    ) {
        let interpreters = interpreter::find(&request.interpreters, workshop).await;
        if request.has(LockKind::File) {
            self.begin(environment::ID, environment::TITLE);
            let locks = request.of_kind(LockKind::File);
            let (step, environments) = Environments::make(&locks, &interpreters, workshop).await;
            self.end(step);
            self.install(environments, needs, workshop, reached).await;
        }
        if request.has(LockKind::Carried) {
            self.begin(tools::ID, tools::TITLE);
            let locks = request.of_kind(LockKind::Carried);
            self.end(tools::step(&locks, needs, &interpreters, workshop, reached).await);
        }
    }

    /// Installs the lock files and looks at what came of it.
    async fn install(
        &mut self,
        environments: Environments<'_>,
        needs: &Needs,
        workshop: &Workshop,
        reached: &answers::Reached,
    ) {
        self.begin(install::ID, install::TITLE);
        if environments.made.is_empty() {
            self.not_run(install::ID, install::TITLE, "there is no environment to install into");
            self.begin(installed::ID, installed::TITLE);
            self.not_run(installed::ID, installed::TITLE, "nothing was installed");
            return;
        }
        let (step, installed) = install::step(&environments, needs, workshop, reached).await;
        let has_failed = step.outcome == Outcome::Failed;
        self.end(step);
        self.begin(installed::ID, installed::TITLE);
        if installed.is_empty() {
            let why = if has_failed { "the installation failed" } else { "nothing was installed" };
            self.not_run(installed::ID, installed::TITLE, why);
        } else {
            self.end(installed::step(&installed, workshop).await);
        }
    }
}
