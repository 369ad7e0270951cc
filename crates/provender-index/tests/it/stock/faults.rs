//! Downloads that fail.

use provender_test::{Fault, Release};

use super::bench::{Bench, large, rules};

#[tokio::test]
async fn a_download_that_fails_keeps_nothing_wrong_and_the_next_run_completes() {
    for fault in [
        Fault::WrongBytes,
        Fault::Truncated,
        Fault::Stalled,
        Fault::HtmlPage,
        Fault::Status(503),
        Fault::Status(404),
        Fault::Closed,
    ] {
        let bench =
            Bench::with([Release::new("a", "1").file(large("a", 200_000)), Release::new("b", "1")])
                .await;
        let lock = bench.lock(&["a==1", "b==1"]);
        bench.index.http().fail("/files/a-", fault.clone());
        let stocked = bench.stock([lock.clone()]).await;
        assert!(!stocked.is_complete(), "{fault:?}");
        assert_eq!(rules(&stocked), ["stock/download"], "{fault:?}");
        let message = &stocked.diagnostics[0].message;
        assert!(message.contains("a-1-py3-none-any.whl"), "{message}");
        assert_eq!(stocked.missing.len(), 1);
        assert_eq!(bench.stocked().await, ["b-1-py3-none-any.whl"], "{fault:?}");
        // The wheel of `b` and its metadata, and nothing half-written.
        assert_eq!(bench.store.blobs().list().await.unwrap().len(), 2);
        assert_eq!(std::fs::read_dir(bench.store.tmp()).unwrap().count(), 0, "{fault:?}");

        bench.index.http().heal();
        bench.index.http().forget_requests();
        let stocked = bench.stock([lock]).await;
        assert!(stocked.is_complete(), "{fault:?}: {stocked:?}");
        assert_eq!(stocked.fetched.len(), 1);
        assert_eq!(bench.index.http().count("/files/b-"), 0);
    }
}

#[tokio::test]
async fn a_failure_that_passes_is_got_over() {
    for fault in [Fault::Truncated, Fault::Status(503), Fault::Closed] {
        let bench = Bench::with([Release::new("a", "1").file(large("a", 200_000))]).await;
        bench.index.http().fail_times("/files/", fault.clone(), 1);
        let stocked = bench.stock([bench.lock(&["a==1"])]).await;
        assert!(stocked.is_complete(), "{fault:?}: {stocked:?}");
    }
}

#[tokio::test]
async fn without_a_network_what_is_stocked_is_still_complete() {
    let bench = Bench::with([Release::new("a", "1")]).await;
    let lock = bench.lock(&["a==1"]);
    bench.stock([lock.clone()]).await;
    bench.index.http().fail("/", Fault::Closed);
    assert!(bench.stock([lock]).await.is_complete());
}
