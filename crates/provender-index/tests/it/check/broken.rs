//! Whatever is wrong with the files is found and named.

use provender_core::check::Outcome;
use provender_store::FileRecord;
use provender_store::STOCK;
use provender_test::{Release, Wheel};

use super::Bench;

const WHEEL: &str = "a-1.0-py3-none-any.whl";

async fn stocked() -> (Bench, String) {
    let bench = Bench::with([Release::new("a", "1.0"), Release::new("b", "2.0")]).await;
    let lock = bench.universal(&["a==1.0", "b==2.0"]);
    bench.stock(&lock).await;
    (bench, lock)
}

impl Bench {
    async fn is_present(&self, filename: &str) -> bool {
        self.store.database().file(STOCK, filename).await.unwrap().unwrap().present
    }
}

#[tokio::test]
async fn a_flipped_byte_is_named_and_not_served_until_it_is_healed() {
    let (bench, lock) = stocked().await;
    let (sha256, blob) = bench.blob(WHEEL).await;
    let mut bytes = std::fs::read(&blob).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&blob, bytes).unwrap();

    let steps = bench.check(&bench.without_python().await).await;
    assert_eq!(steps.failed(), ["blobs"]);
    let told = steps.told("blobs", "check/blob");
    assert_eq!(told.message, format!("{WHEEL} (a 1.0) is damaged"));
    let causes = told.causes.join("\n");
    assert!(causes.contains(&sha256.to_string()), "{causes}");
    assert!(causes.contains(&*bench.lock_path().to_string_lossy()), "{causes}");
    assert!(steps.of("blobs").summary.contains(WHEEL));
    assert!(!bench.is_present(WHEEL).await);

    // From now on it is missing, until it is stocked again.
    let steps = bench.check(&bench.without_python().await).await;
    assert_eq!(steps.failed(), ["structure", "blobs"]);
    bench.stock(&lock).await;
    let steps = bench.check(&bench.without_python().await).await;
    assert_eq!(steps.failed(), Vec::<&str>::new());
    assert!(bench.is_present(WHEEL).await);
}

#[tokio::test]
async fn a_missing_file_is_named() {
    let (bench, lock) = stocked().await;
    let (_, blob) = bench.blob(WHEEL).await;
    std::fs::remove_file(blob).unwrap();
    let steps = bench.check(&bench.without_python().await).await;
    assert_eq!(steps.failed(), ["structure", "blobs"]);
    assert!(steps.told("structure", "check/missing").message.starts_with(WHEEL));
    assert!(steps.of("structure").summary.contains("1 of 2 files"), "{steps:#?}");
    assert_eq!(steps.told("blobs", "check/blob").message, format!("{WHEEL} (a 1.0) is missing"));
    assert!(!bench.is_present(WHEEL).await);
    bench.stock(&lock).await;
    let steps = bench.check(&bench.without_python().await).await;
    assert_eq!(steps.failed(), Vec::<&str>::new());
}

#[tokio::test]
async fn damaged_metadata_is_named_by_its_wheel() {
    let (bench, _) = stocked().await;
    let file = bench.store.database().file(STOCK, WHEEL).await.unwrap().unwrap();
    let metadata = file.record.metadata.unwrap();
    let blob = bench.store.blobs().local_path(&metadata).await.unwrap();
    std::fs::write(blob, "Name: evil\n").unwrap();
    let steps = bench.check(&bench.without_python().await).await;
    assert_eq!(steps.failed(), ["blobs"]);
    let told = steps.told("blobs", "check/blob");
    assert_eq!(told.message, format!("{WHEEL}.metadata is damaged"));
    assert!(bench.is_present(WHEEL).await);
}

#[tokio::test]
async fn a_blob_that_was_put_back_by_hand_is_served_again() {
    let (bench, _) = stocked().await;
    let (_, blob) = bench.blob(WHEEL).await;
    let aside = bench.project.path().join("aside");
    std::fs::rename(&blob, &aside).unwrap();
    bench.check(&bench.without_python().await).await;
    assert!(!bench.is_present(WHEEL).await);
    std::fs::rename(&aside, &blob).unwrap();
    bench.check(&bench.without_python().await).await;
    assert!(bench.is_present(WHEEL).await);
    let steps = bench.check(&bench.without_python().await).await;
    assert_eq!(steps.failed(), Vec::<&str>::new());
}

#[tokio::test]
async fn an_empty_store_proves_nothing() {
    let bench = Bench::with([]).await;
    let steps = bench.check(&bench.without_python().await).await;
    let outcomes: Vec<_> = steps.0.iter().map(|step| (step.id, step.outcome)).collect();
    let expected = [
        ("structure", Outcome::NotRun),
        ("blobs", Outcome::NotRun),
        ("answers", Outcome::Passed),
        ("pages", Outcome::NotRun),
    ];
    assert_eq!(outcomes, expected);
}

fn of_two_platforms() -> Release {
    Release::new("a", "1.0")
        .wheel("cp311-cp311-win_amd64")
        .wheel("cp311-cp311-manylinux_2_17_x86_64")
}

#[tokio::test]
async fn a_stocked_file_that_the_index_lost_is_missed() {
    let bench = Bench::with([of_two_platforms()]).await;
    let lock = bench.lock("3.11", "universal", &["a==1.0"]);
    bench.stock(&lock).await;
    let lost = ["a-1.0-cp311-cp311-win_amd64.whl".to_owned()];
    bench.store.database().remove_files(STOCK, &lost).await.unwrap();
    let steps = bench.check(&bench.without_python().await).await;
    assert_eq!(steps.failed(), ["structure"]);
    steps.told("structure", "check/missing");
    bench.stock(&lock).await;
    let steps = bench.check(&bench.without_python().await).await;
    assert_eq!(steps.failed(), Vec::<&str>::new());
}

#[tokio::test]
async fn a_file_that_the_upstream_replaced_stays_as_long_as_another_lock_has_it() {
    let bench = Bench::with([of_two_platforms()]).await;
    bench.stock(&bench.lock("3.11", "universal", &["a==1.0"])).await;
    let windows = "a-1.0-cp311-cp311-win_amd64.whl";
    let (before, _) = bench.blob(windows).await;
    let mut files = of_two_platforms().files();
    let place = files.iter().position(|file| file.filename == windows).unwrap();
    files[place].bytes = Wheel::new("a", "1.0").file("other.py", "").build().bytes;
    bench.index.remove("a", "1.0");
    let replaced = files.into_iter().fold(Release::new("a", "1.0").no_wheel(), Release::file);
    bench.index.add(&replaced);
    bench.carry("tool", &bench.lock("3.11", "universal", &["a==1.0"])).await;
    assert_eq!(bench.blob(windows).await.0, before);
    let mut request = bench.without_python().await;
    request.locks.retain(|lock| !lock.name.starts_with("with:"));
    assert_eq!(bench.check(&request).await.failed(), Vec::<&str>::new());
}

#[tokio::test]
async fn metadata_that_are_not_those_of_their_wheel_are_named_and_read_anew() {
    let (bench, lock) = stocked().await;
    let row = bench.store.database().file(STOCK, WHEEL).await.unwrap().unwrap().record;
    let mut spool = bench.store.spool().await.unwrap();
    spool.write(b"Name: a\nRequires-Dist: evil\n").await.unwrap();
    let lie = bench.store.keep(spool.finish(None).await.unwrap()).await.unwrap().sha256;
    let lying = FileRecord { metadata: Some(lie), ..row.clone() };
    bench.store.database().put_files(&[lying]).await.unwrap();

    let steps = bench.check(&bench.without_python().await).await;
    assert_eq!(steps.failed(), ["blobs"]);
    let told = steps.told("blobs", "check/metadata");
    assert!(told.message.contains(WHEEL), "{told:?}");
    assert!(told.causes.iter().any(|cause| cause.contains(&lie.to_string())), "{told:?}");
    bench.stock(&lock).await;
    let healed = bench.store.database().file(STOCK, WHEEL).await.unwrap().unwrap();
    assert_eq!(healed.record.metadata, row.metadata);
    assert!(healed.metadata_present);
}

#[tokio::test]
async fn metadata_of_a_wheel_that_was_not_stocked_are_not_believed_by_stocking() {
    let (bench, lock) = stocked().await;
    let row = bench.store.database().file(STOCK, WHEEL).await.unwrap().unwrap().record;
    let other = bench.store.database().file(STOCK, "b-2.0-py3-none-any.whl").await.unwrap();
    let lying = FileRecord { metadata: other.unwrap().record.metadata, ..row.clone() };
    bench.store.database().put_files(&[lying]).await.unwrap();
    // As if it had come otherwise.
    bench.store.database().remove_lock(&bench.lock_path().to_string_lossy()).await.unwrap();
    bench.stock(&lock).await;
    let now = bench.store.database().file(STOCK, WHEEL).await.unwrap().unwrap();
    assert_eq!(now.record.metadata, row.metadata);
}

#[tokio::test]
async fn what_an_interrupted_pruning_left_is_collected() {
    let (bench, _) = stocked().await;
    for lock in bench.store.database().locks().await.unwrap() {
        bench.store.database().remove_lock(&lock.name).await.unwrap();
    }
    // What a pruning does first, and then it is killed.
    bench.store.database().remove_files(STOCK, &[WHEEL.to_owned()]).await.unwrap();
    let plan = provender_index::stock::prune_plan(&bench.store).await.unwrap();
    provender_index::stock::prune(&bench.store, &plan).await.unwrap();
    let later = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1000);
    bench.store.collect_garbage(std::time::Duration::ZERO, later).await.unwrap();
    assert_eq!(bench.store.blobs().list().await.unwrap(), []);
    assert_eq!(bench.store.database().blobs().await.unwrap(), []);
}
