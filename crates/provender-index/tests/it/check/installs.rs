//! Real installations from the index.

use provender_core::check::Outcome;
use provender_index::check::CheckRequest;
use provender_test::Release;

use super::Bench;
use super::bench::needs_python;

/// `app` needs `lib`, `built` has no wheel and needs `backend` to be built, `other` is for Windows.
fn releases() -> [Release; 5] {
    [
        Release::new("app", "1.0").requires("lib>=1").requires_python(">=3.6"),
        Release::new("lib", "1.5").wheel("py3-none-any").sdist(),
        Release::new("built", "2.0")
            .no_wheel()
            .sdist_as(|sdist| sdist.dynamic().build_requires("backend>=1")),
        Release::new("backend", "1.0"),
        Release::new("other", "3.0"),
    ]
}

const PINS: [&str; 4] =
    ["app==1.0", "built==2.0", "lib==1.5", "other==3.0 ; sys_platform == 'win32'"];

impl Bench {
    /// The lock of [`PINS`] with what builds `built`.
    fn whole_lock(&self, python: &str, platforms: &str) -> String {
        let (_, sha256) = self.index.hashes("backend", "1.0").remove(0);
        let build = format!("# build: backend==1.0 --hash=sha256:{sha256}  # via built\n");
        self.lock(python, platforms, &PINS) + &build
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_passes_on_a_stocked_lock() {
    let python = needs_python!("every_step_passes_on_a_stocked_lock");
    let bench = Bench::with(releases()).await;
    bench.stock(&bench.whole_lock(&python, "universal")).await;
    let upstream_asked = bench.index.http().requests().len();
    let steps = bench.check(&bench.request().await).await;
    let ids: Vec<_> = steps.0.iter().map(|step| step.id).collect();
    let all = ["structure", "blobs", "answers", "pages", "venv", "install", "installed"];
    assert_eq!(ids, all);
    for id in all {
        let step = steps.assert(id, Outcome::Passed);
        assert!(step.diagnostics.is_empty(), "{step:#?}");
        assert!(!step.summary.is_empty() && !step.summary.contains('\n'), "{step:#?}");
    }
    assert_eq!(bench.index.http().requests().len(), upstream_asked, "nobody else was asked");
    let summary = &steps.of("install").summary;
    assert!(summary.starts_with("3 projects, the index's log accounts"), "{summary}");
    assert!(steps.of("installed").summary.starts_with("3 projects"), "{steps:#?}");
}

#[tokio::test]
async fn without_a_python_nothing_is_said_of_installing() {
    let bench = Bench::with(releases()).await;
    bench.stock(&bench.universal(&PINS)).await;
    let steps = bench.check(&bench.without_python().await).await;
    assert_eq!(steps.failed(), Vec::<&str>::new());
    for id in ["venv", "install", "installed"] {
        steps.assert(id, Outcome::NotRun);
    }
    steps.told("venv", "check/no-python");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pip_of_another_python_stands_in_and_the_step_says_so() {
    let python = needs_python!("the_pip_of_another_python_stands_in_and_the_step_says_so");
    let (major, minor) = python.split_once('.').unwrap();
    let other = format!("{major}.{}", minor.parse::<u8>().unwrap() + 1);
    let bench = Bench::with(releases()).await;
    let pins = ["app==1.0", "lib==1.5", "other==3.0 ; sys_platform == 'win32'"];
    bench.stock(&bench.lock(&other, "linux, windows", &pins)).await;
    let steps = bench.check(&bench.request().await).await;
    for id in ["venv", "install", "installed"] {
        steps.assert(id, Outcome::Passed);
    }
    steps.told("venv", "check/other-python");
    let summary = &steps.of("install").summary;
    assert!(
        summary.contains(&format!("Python {other}")) && summary.contains("another"),
        "{summary}"
    );
    // app and lib for both, other for Windows.
    assert!(summary.starts_with("5 projects"), "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_python_would_have_to_build_is_not_proved() {
    let python = needs_python!("what_another_python_would_have_to_build_is_not_proved");
    let (major, minor) = python.split_once('.').unwrap();
    let other = format!("{major}.{}", minor.parse::<u8>().unwrap() + 1);
    let bench = Bench::with(releases()).await;
    bench.stock(&bench.whole_lock(&other, "linux")).await;
    let steps = bench.check(&bench.request().await).await;
    let install = steps.assert("install", Outcome::NotRun);
    assert!(install.summary.contains("not proved: built"), "{install:#?}");
    assert!(steps.told("install", "check/not-proved").message.starts_with("built is not proved"));
    steps.assert("installed", Outcome::Passed);
}

#[tokio::test(flavor = "multi_thread")]
async fn pip_has_no_other_way_than_the_index() {
    needs_python!("pip_has_no_other_way_than_the_index");
    let bench = Bench::with(releases()).await;
    bench.stock(&bench.universal(&["app==1.0", "lib==1.5"])).await;
    // The upstream has what was lost, and the lock names it.
    let (_, blob) = bench.blob("lib-1.5-py3-none-any.whl").await;
    std::fs::remove_file(blob).unwrap();
    let mut request = bench.request().await;
    request.locks[0].text.insert_str(0, &format!("--extra-index-url {}\n", bench.index.url()));
    bench.index.http().forget_requests();
    let steps = bench.check(&request).await;
    steps.assert("install", Outcome::Failed);
    assert!(steps.told("install", "check/install").causes[0].contains("lib"), "{steps:#?}");
    steps.assert("installed", Outcome::NotRun);
    assert!(bench.index.http().requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_depends_on_something_that_is_not_locked_does_not_install() {
    needs_python!("what_depends_on_something_that_is_not_locked_does_not_install");
    let bench = Bench::with(releases()).await;
    bench.stock(&bench.universal(&["app==1.0"])).await;
    let request: CheckRequest = bench.request().await;
    let steps = bench.check(&request).await;
    assert_eq!(steps.failed(), ["install"]);
    assert!(steps.told("install", "check/install").place.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn pins_that_ask_for_the_version_of_a_python_that_is_not_here_are_not_proved() {
    let python =
        needs_python!("pins_that_ask_for_the_version_of_a_python_that_is_not_here_are_not_proved");
    let (major, minor) = python.split_once('.').unwrap();
    let later = format!("{major}.{}", minor.parse::<u8>().unwrap() + 1);
    let bench = Bench::with([Release::new("a", "1.0"), Release::new("b", "2.0")]).await;
    let asks = format!("b==2.0 ; python_version >= '{later}'");
    bench.stock(&bench.lock(&later, "universal", &["a==1.0", &asks])).await;
    let steps = bench.check(&bench.request().await).await;
    let step = steps.assert("install", Outcome::NotRun);
    assert!(step.summary.ends_with("; not proved: b"), "{step:#?}");
    let told = steps.told("install", "check/not-proved");
    assert!(told.message.contains(&format!("there is no Python {later} here")), "{told:?}");
}
