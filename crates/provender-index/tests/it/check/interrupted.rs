//! Nothing outlives a check, however it ends.

use std::time::Duration;

use provender_core::check::Outcome;
use provender_index::check::{self, CheckObserver, CheckRequest};
use provender_test::{Fault, Release};
use tokio::sync::Notify;

use super::Bench;
use super::bench::needs_python;

async fn stocked() -> Bench {
    let bench = Bench::with([Release::new("a", "1.0")]).await;
    bench.stock(&bench.universal(&["a==1.0"])).await;
    bench
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_longer_than_allowed_is_killed_and_named() {
    needs_python!("what_takes_longer_than_allowed_is_killed_and_named");
    let bench = stocked().await;
    let request = CheckRequest { limit: Duration::from_millis(1), ..bench.request().await };
    let steps = bench.check(&request).await;
    steps.assert("venv", Outcome::Failed);
    steps.told("venv", "check/timeout");
    steps.assert("install", Outcome::NotRun);
}

/// Tells when a step begins.
struct Until(&'static str, Notify);

impl CheckObserver for Until {
    fn began(&self, id: &'static str, _: &str) {
        if id == self.0 {
            self.1.notify_one();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_is_given_up_leaves_nothing_behind() {
    needs_python!("a_check_that_is_given_up_leaves_nothing_behind");
    let bench = stocked().await;
    for step in ["blobs", "pages", "venv", "install"] {
        let until = Until(step, Notify::new());
        let request = CheckRequest {
            // pip would wait for this index for as long as it may.
            url: Some(bench.index.url().parse().unwrap()),
            ..bench.request().await
        };
        if step == "install" {
            bench.index.http().fail("/files/", Fault::Stalled);
        }
        tokio::select! {
            _ = check::run(&request, &bench.store, &until) => {}
            () = until.1.notified() => {}
        }
        bench.assert_nothing_is_left();
    }
}
