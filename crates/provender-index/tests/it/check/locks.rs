//! Whatever is wrong with a lock is found and named.

use provender_core::Level;
use provender_core::check::Outcome;
use provender_core::lock::constraints;
use provender_test::Release;

use super::Bench;

const WHEEL: &str = "a-1.0-py3-none-any.whl";

async fn bench() -> Bench {
    let releases =
        [Release::new("a", "1.0").wheel("py3-none-any").sdist(), Release::new("b", "2.0")];
    Bench::with(releases).await
}

/// The hash of the wheel of `a` as it stands in a lock.
fn wheels_hash(bench: &Bench) -> String {
    let hashes = bench.index.hashes("a", "1.0");
    let (_, sha256) = hashes.iter().find(|(name, _)| name == WHEEL).unwrap();
    format!(" --hash=sha256:{sha256}")
}

#[tokio::test]
async fn a_lock_that_lost_a_hash_is_named_with_the_file() {
    let bench = bench().await;
    let whole = bench.universal(&["a==1.0", "b==2.0"]);
    bench.stock(&whole).await;
    let lost = whole.replace(&wheels_hash(&bench), "");
    std::fs::write(bench.lock_path(), &lost).unwrap();
    let mut request = bench.without_python().await;
    request.locks[0].text = lost.clone();
    request.locks[0].lock = constraints::parse(&lost).unwrap();
    let steps = bench.check(&request).await;
    assert_eq!(steps.failed(), ["structure"]);
    let told = steps.told("structure", "check/hash");
    assert!(told.message.contains(WHEEL), "{told:?}");
    assert_eq!(told.place.as_ref().unwrap().file, bench.lock_path());
    // What is there is not what was stocked, and the sdist alone is not.
    steps.told("structure", "check/lock-changed");
    assert!(steps.told("structure", "check/missing").message.starts_with("a-1.0.tar.gz"));
}

#[tokio::test]
async fn a_pin_without_any_hash_is_named() {
    let bench = bench().await;
    bench.stock(&bench.universal(&["a==1.0", "b==2.0"])).await;
    let mut request = bench.without_python().await;
    request.locks[0].lock.projects[1].files.clear();
    let steps = bench.check(&request).await;
    let told = steps.told("structure", "check/no-hash");
    assert_eq!(told.message, "b 2.0 has no SHA-256 in the lock");
}

#[tokio::test]
async fn hashes_that_no_file_has_are_named() {
    let bench = bench().await;
    let whole = bench.universal(&["b==2.0"]);
    bench.stock(&whole).await;
    let (_, sha256) = bench.index.hashes("b", "2.0").remove(0);
    let text = whole.replace(&sha256, &"0".repeat(64));
    let mut request = bench.without_python().await;
    request.locks[0].lock = constraints::parse(&text).unwrap();
    let steps = bench.check(&request).await;
    let told = steps.told("structure", "check/hash");
    assert!(told.message.contains("b 2.0"), "{told:?}");
}

#[tokio::test]
async fn a_lock_file_that_changed_since_it_was_stocked_is_named() {
    let bench = bench().await;
    bench.stock(&bench.universal(&["b==2.0"])).await;
    std::fs::write(bench.lock_path(), bench.universal(&["a==1.0"])).unwrap();
    let steps = bench.check(&bench.without_python().await).await;
    assert_eq!(steps.failed(), ["structure"]);
    let told = steps.told("structure", "check/lock-changed");
    assert!(told.message.contains("requirements.lock"));
    assert!(told.hint.as_ref().unwrap().contains("provender stock"));
}

#[tokio::test]
async fn a_lock_file_that_is_gone_is_proved_as_it_was_stocked() {
    let bench = bench().await;
    bench.stock(&bench.universal(&["b==2.0"])).await;
    std::fs::remove_file(bench.lock_path()).unwrap();
    let steps = bench.check(&bench.without_python().await).await;
    steps.assert("structure", Outcome::Passed);
    assert_eq!(steps.told("structure", "check/lock-gone").level, Level::Warning);
}

#[tokio::test]
async fn what_was_never_stocked_is_named() {
    let bench = bench().await;
    bench.stock(&bench.universal(&["b==2.0"])).await;
    let mut request = bench.without_python().await;
    let other = bench.universal(&["a==1.0", "b==2.0"]);
    request.locks[0].lock = constraints::parse(&other).unwrap();
    let steps = bench.check(&request).await;
    assert_eq!(steps.told("structure", "check/missing").message, "a 1.0 is not stocked");
}

#[tokio::test]
async fn what_no_index_can_serve_is_named_without_its_password() {
    let bench = bench().await;
    bench.stock(&bench.universal(&["b==2.0"])).await;
    let mut request = bench.without_python().await;
    let text = "c @ https://ann:s3cret@files.example/c-1.tar.gz\n";
    request.locks[0].lock = constraints::parse(text).unwrap();
    let steps = bench.check(&request).await;
    steps.told("structure", "check/direct");
    assert!(!format!("{steps:?}").contains("s3cret"));
}
