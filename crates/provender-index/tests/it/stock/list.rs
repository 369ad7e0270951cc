//! What is listed and pruned.

use provender_index::stock::{self, StockRequest, StockedLock};
use provender_store::LockKind;
use provender_test::Release;

use super::bench::{Bench, LINUX, named_lock, request};

async fn bench() -> Bench {
    Bench::with([Release::new("a", "1").sdist(), Release::new("a", "2"), Release::new("tool", "1")])
        .await
}

/// A lock file that is really there.
fn on_disk(bench: &Bench, name: &str, pins: &[&str]) -> StockedLock {
    let text = format!("{LINUX}{}", bench.pins(pins));
    let path = bench.data.path().join(name);
    std::fs::write(&path, &text).unwrap();
    named_lock(path.to_str().unwrap(), &text)
}

fn carried(bench: &Bench, pins: &[&str]) -> StockedLock {
    let text = format!("{LINUX}{}", bench.pins(pins));
    StockedLock { kind: LockKind::Carried, ..named_lock("with:tool", &text) }
}

#[tokio::test]
async fn projects_are_listed_with_the_locks_that_need_them() {
    let bench = bench().await;
    let one = on_disk(&bench, "one.lock", &["a==1"]);
    let two = on_disk(&bench, "two.lock", &["a==1", "a==2"]);
    let names = [one.name.clone(), two.name.clone()];
    bench.stock([one, two, carried(&bench, &["tool==1"])]).await;

    let listed = stock::list(&bench.store).await.unwrap();
    let [a, tool] = &listed[..] else { panic!("{listed:?}") };
    assert_eq!(a.name.as_str(), "a");
    let versions: Vec<_> = a.releases.iter().map(|release| release.version.to_string()).collect();
    assert_eq!(versions, ["1", "2"]);
    assert_eq!(a.releases[0].files[0].locks, names);
    assert_eq!(a.releases[1].files[0].locks, names[1..]);
    assert!(a.bytes() > 0);
    assert_eq!(tool.locks().into_iter().collect::<Vec<_>>(), ["with:tool"]);
}

#[tokio::test]
async fn what_no_lock_needs_any_more_is_pruned_and_nothing_else() {
    let bench = bench().await;
    let all = StockRequest {
        all_files: true,
        ..request([on_disk(&bench, "one.lock", &["a==1", "a==2"])])
    };
    bench.run(&all).await.unwrap();
    bench.stock([carried(&bench, &["tool==1"])]).await;
    assert!(stock::prune_plan(&bench.store).await.unwrap().is_empty());

    let only = on_disk(&bench, "one.lock", &["a==1"]);
    bench.stock([only.clone()]).await;
    let plan = stock::prune_plan(&bench.store).await.unwrap();
    let names: Vec<_> = plan.files.iter().map(|file| file.filename.as_str()).collect();
    assert_eq!(names, ["a-1.tar.gz", "a-2-py3-none-any.whl"]);
    assert!(plan.bytes() > 0 && plan.gone.is_empty());

    let pruned = stock::prune(&bench.store, &plan).await.unwrap();
    assert_eq!((pruned.files, pruned.bytes), (2, plan.bytes()));
    assert_eq!(bench.stocked().await, ["a-1-py3-none-any.whl", "tool-1-py3-none-any.whl"]);
    // Two wheels with their metadata are left.
    assert_eq!(bench.store.blobs().list().await.unwrap().len(), 4);
    assert!(stock::prune_plan(&bench.store).await.unwrap().is_empty());
    // What is known of the release that is still needed stays; the other is forgotten.
    let rows = bench.store.database().project_files("stock", &"a".parse().unwrap()).await.unwrap();
    let names: Vec<_> = rows.iter().map(|row| row.record.filename.as_str()).collect();
    assert_eq!(names, ["a-1-py3-none-any.whl", "a-1.tar.gz"]);
    bench.index.http().forget_requests();
    assert!(bench.stock([only]).await.is_complete());
    assert!(bench.index.http().requests().is_empty());
}

#[tokio::test]
async fn a_lock_whose_file_is_gone_needs_nothing() {
    let bench = bench().await;
    let lock = on_disk(&bench, "one.lock", &["a==1"]);
    bench.stock([lock.clone()]).await;
    std::fs::remove_file(&lock.name).unwrap();
    let plan = stock::prune_plan(&bench.store).await.unwrap();
    assert_eq!(plan.gone, [lock.name]);
    stock::prune(&bench.store, &plan).await.unwrap();
    assert!(bench.stocked().await.is_empty());
    assert!(bench.store.database().locks().await.unwrap().is_empty());
    assert!(bench.store.blobs().list().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_a_lock_came_to_need_after_the_plan_is_not_pruned() {
    let bench = bench().await;
    bench.stock([on_disk(&bench, "one.lock", &["a==1", "a==2"])]).await;
    bench.stock([on_disk(&bench, "one.lock", &["a==1"])]).await;
    let plan = stock::prune_plan(&bench.store).await.unwrap();
    assert_eq!(plan.files.len(), 1);
    bench.stock([on_disk(&bench, "two.lock", &["a==2"])]).await;
    assert_eq!(stock::prune(&bench.store, &plan).await.unwrap().files, 0);
    assert_eq!(bench.stocked().await.len(), 2);
}
