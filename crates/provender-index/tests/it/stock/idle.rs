//! Stocking what is stocked.

use std::sync::Mutex;

use provender_index::stock::{StockObserver, StockProgress, StockRequest};
use provender_test::{Fault, Release, Wheel};

use super::bench::{Bench, LINUX, large, lock, request, run};

#[tokio::test]
async fn what_is_stocked_is_whole_and_has_its_metadata() {
    let bench = Bench::with([Release::new("a", "1").requires("b"), Release::new("b", "2")]).await;
    let stocked = bench.stock([bench.lock(&["a==1", "b==2"])]).await;
    assert!(stocked.is_complete() && stocked.diagnostics.is_empty(), "{stocked:?}");
    assert_eq!((stocked.files, stocked.present, stocked.fetched.len()), (2, 2, 2));
    assert_eq!(bench.stocked().await, ["a-1-py3-none-any.whl", "b-2-py3-none-any.whl"]);

    let file = bench.store.database().file("stock", "a-1-py3-none-any.whl").await.unwrap().unwrap();
    assert!(file.metadata_present);
    let metadata = bench.store.blobs().local_path(&file.record.metadata.unwrap()).await.unwrap();
    let expected = Wheel::new("a", "1").requires("b").build().core_metadata.unwrap();
    assert_eq!(std::fs::read(metadata).unwrap(), expected);
}

/// The last progress, and how often there was one.
#[derive(Default)]
struct Watch(Mutex<(StockProgress, usize)>);

impl StockObserver for Watch {
    fn progress(&self, progress: &StockProgress) {
        let mut seen = self.0.lock().unwrap();
        *seen = (progress.clone(), seen.1 + 1);
    }
}

#[tokio::test]
async fn the_progress_ends_where_it_said_it_would() {
    let bench = Bench::with([
        Release::new("a", "1").file(large("a", 300_000)),
        Release::new("b", "1"),
        Release::new("c", "1"),
    ])
    .await;
    bench.index.http().fail("/files/c-", Fault::Status(404));
    let watch = Watch::default();
    let request = request([bench.lock(&["a==1", "b==1", "c==1"])]);
    run(&bench.store, &bench.index.url(), &request, &watch).await.unwrap();
    let (last, times) = watch.0.into_inner().unwrap();
    assert_eq!((last.files, last.files_total), (3, 3));
    assert!(last.bytes > 300_000 && last.bytes < last.bytes_total, "{last:?}");
    assert!(last.fetching.is_empty());
    assert!(times > 6, "{times}");
}

#[tokio::test]
async fn a_second_run_asks_the_network_for_nothing_and_changes_nothing() {
    let bench = Bench::with([
        Release::new("a", "1")
            .wheel("cp311-cp311-manylinux_2_28_x86_64")
            .wheel("cp311-cp311-win_amd64")
            .sdist(),
        Release::new("b", "2").no_wheel().sdist(),
    ])
    .await;
    let locks = [bench.lock(&["a==1", "b==2"])];
    assert!(bench.stock(locks.clone()).await.is_complete());
    let generation = bench.store.database().generation().await.unwrap();
    bench.index.http().forget_requests();

    let again = bench.stock(locks.clone()).await;
    assert!(again.is_complete());
    assert_eq!((again.files, again.fetched.len(), again.pages), (2, 0, 0));
    assert!(bench.index.http().requests().is_empty());
    assert_eq!(bench.store.database().generation().await.unwrap(), generation);

    // Another target finds what it needs to know in the store.
    let windows = StockRequest {
        target: Some(provender_core::Target {
            python: "3.11".parse().unwrap(),
            platforms: "windows".parse().unwrap(),
        }),
        ..request(locks)
    };
    let stocked = bench.run(&windows).await.unwrap();
    assert_eq!(stocked.fetched[0].filename, "a-1-cp311-cp311-win_amd64.whl");
    assert_eq!(bench.index.http().count("/simple/"), 0);
}

#[tokio::test]
async fn a_lock_with_a_hash_that_nobody_offers_any_more_is_idle_too() {
    let bench = Bench::with([Release::new("a", "1").sdist()]).await;
    let gone = format!("--hash=sha256:{}", "9".repeat(64));
    let text = format!("{LINUX}{} {gone}\n", bench.pins(&["a==1"]).trim_end());
    let stocked = bench.stock([lock(&text)]).await;
    assert!(stocked.is_complete(), "{stocked:?}");
    assert_eq!(super::bench::rules(&stocked), ["stock/hash"]);
    bench.index.http().forget_requests();

    let again = bench.stock([lock(&text)]).await;
    assert_eq!(again.diagnostics, stocked.diagnostics);
    assert!(bench.index.http().requests().is_empty());
}

#[tokio::test]
async fn refreshing_asks_for_every_page_and_for_no_file() {
    let bench = Bench::with([Release::new("a", "1")]).await;
    let locks = [bench.lock(&["a==1"])];
    bench.stock(locks.clone()).await;
    bench.index.http().forget_requests();
    let refresh = StockRequest { refresh: true, ..request(locks) };
    let stocked = bench.run(&refresh).await.unwrap();
    assert!(stocked.is_complete() && stocked.fetched.is_empty());
    assert_eq!(bench.index.http().count("/simple/a/"), 1);
    assert_eq!(bench.index.http().count("/files/"), 0);
}

#[tokio::test]
async fn what_the_upstream_took_away_stays_stocked() {
    let bench = Bench::with([Release::new("a", "1"), Release::new("a", "2")]).await;
    let locks = [bench.lock(&["a==1"])];
    bench.stock(locks.clone()).await;
    bench.index.remove("a", "1");
    let refresh = StockRequest { refresh: true, ..request(locks) };
    let stocked = bench.run(&refresh).await.unwrap();
    assert!(stocked.is_complete(), "{stocked:?}");
    assert_eq!(bench.stocked().await, ["a-1-py3-none-any.whl"]);
}
