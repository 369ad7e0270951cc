//! Whatever is wrong with the files is found and named.

use provender_core::check::Outcome;
use provender_store::STOCK;
use provender_test::Release;

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
