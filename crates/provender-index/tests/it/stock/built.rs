//! Wheels that are built here.

use provender_core::{FileHash, LockedFile};
use provender_index::stock::{self, BuiltError, StockedLock};
use provender_test::{DistFile, Release, Wheel};

use super::bench::{Bench, lock};

async fn with_sdist() -> (Bench, StockedLock) {
    let bench = Bench::with([Release::new("ta", "1")
        .no_wheel()
        .requires_python(">=3.8")
        .sdist_as(|sdist| sdist.build_requires("hatchling"))])
    .await;
    let lock = bench.lock(&["ta==1"]);
    assert!(bench.stock([lock.clone()]).await.is_complete());
    (bench, lock)
}

fn written(bench: &Bench, wheel: &DistFile) -> std::path::PathBuf {
    let path = bench.data.path().join(&wheel.filename);
    std::fs::write(&path, &wheel.bytes).unwrap();
    path
}

#[tokio::test]
async fn a_wheel_that_was_built_here_takes_the_place_of_the_sdist() {
    let (bench, locked) = with_sdist().await;
    let project = &locked.lock.projects[0];
    let version = project.version.clone().unwrap();
    let target = locked.lock.header.target.clone();
    let none = stock::built_wheel(&bench.store, &project.name, &version, target.as_ref());
    assert!(none.await.unwrap().is_none());

    let wheel = Wheel::new("ta", "1").requires_python(">=3.8").build();
    let file = stock::add_wheel(&bench.store, project, &written(&bench, &wheel)).await.unwrap();
    let sha256 = wheel.sha256().parse().unwrap();
    assert_eq!(
        file,
        LockedFile {
            filename: Some(wheel.filename.clone()),
            size: Some(wheel.bytes.len() as u64),
            ..LockedFile::of_hash(FileHash::Sha256(sha256))
        }
    );
    let again = stock::built_wheel(&bench.store, &project.name, &version, target.as_ref());
    assert_eq!(again.await.unwrap(), Some(file));
    let row = bench.store.database().file("stock", &wheel.filename).await.unwrap().unwrap();
    assert!(row.present && row.metadata_present);
    assert_eq!(row.record.requires_python.as_deref(), Some(">=3.8"));

    bench.index.http().forget_requests();
    let text = format!("{} --hash=sha256:{sha256}\n", locked.text.trim_end());
    let stocked = bench.stock([lock(&text)]).await;
    assert!(stocked.is_complete() && stocked.builds.is_empty(), "{stocked:?}");
    assert!(bench.index.http().requests().is_empty());

    // Lost, it cannot be fetched from anywhere: the sdist has to do again.
    bench.store.discard(&sha256).await.unwrap();
    let stocked = bench.stock([lock(&text)]).await;
    assert!(stocked.is_complete(), "{stocked:?}");
    assert_eq!(stocked.builds.len(), 1);
}

#[tokio::test]
async fn a_wheel_of_another_release_or_with_a_name_that_is_taken_is_refused() {
    let (bench, lock) = with_sdist().await;
    let project = &lock.lock.projects[0];
    for other in [Wheel::new("ta", "2").build(), Wheel::new("b", "1").build()] {
        let error = stock::add_wheel(&bench.store, project, &written(&bench, &other)).await;
        assert!(matches!(error, Err(BuiltError::OtherRelease { .. })), "{error:?}");
    }
    let bench = Bench::with([Release::new("a", "1")]).await;
    let lock = bench.lock(&["a==1"]);
    bench.stock([lock.clone()]).await;
    let wheel = Wheel::new("a", "1").requires("evil").build();
    let error =
        stock::add_wheel(&bench.store, &lock.lock.projects[0], &written(&bench, &wheel)).await;
    assert!(matches!(error, Err(BuiltError::NameTaken { .. })), "{error:?}");
}

#[tokio::test]
async fn an_sdist_is_taken_out_under_its_name_and_says_what_builds_it() {
    let (bench, lock) = with_sdist().await;
    let stocked = bench.stock([lock]).await;
    let build = &stocked.builds[0];
    let folder = tempfile::TempDir::new().unwrap();
    let path =
        stock::take_out(&bench.store, &build.filename, &build.sha256, folder.path()).await.unwrap();
    assert_eq!(path, folder.path().join("ta-1.tar.gz"));
    assert_eq!(stock::build_requires(&path).unwrap(), ["hatchling"]);
    let missing = "0".repeat(64).parse().unwrap();
    let error = stock::take_out(&bench.store, "x.tar.gz", &missing, folder.path()).await;
    assert!(matches!(error, Err(BuiltError::NotStocked { .. })));
}

#[tokio::test]
async fn a_damaged_sdist_is_not_taken_out_and_fetched_by_the_next_stocking() {
    let (bench, lock) = with_sdist().await;
    let (sha256, blob) = bench.blob("ta-1.tar.gz").await;
    let mut bytes = std::fs::read(&blob).unwrap();
    bytes[20] ^= 1;
    std::fs::write(&blob, bytes).unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let error = stock::take_out(&bench.store, "ta-1.tar.gz", &sha256, folder.path()).await;
    assert!(matches!(error, Err(BuiltError::NotStocked { .. })), "{error:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert!(bench.store.database().blob(&sha256).await.unwrap().unwrap().damaged);
    bench.stock([lock]).await;
    stock::take_out(&bench.store, "ta-1.tar.gz", &sha256, folder.path()).await.unwrap();
}
