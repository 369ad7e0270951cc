//! An index that runs elsewhere, such as one that lies.

use provender_core::check::Outcome;
use provender_index::check::CheckRequest;
use provender_test::{Fault, HttpServer, Release, Reply};

use super::Bench;
use super::bench::needs_python;

async fn stocked() -> Bench {
    let bench = Bench::with([Release::new("a", "1.0"), Release::new("b", "2.0")]).await;
    bench.stock(&bench.universal(&["a==1.0", "b==2.0"])).await;
    bench
}

impl Bench {
    /// A check of the index that the store was stocked from.
    async fn of_upstream(&self) -> CheckRequest {
        let url = Some(self.index.url().parse().unwrap());
        CheckRequest { url, ..self.request().await }
    }

    async fn of_upstream_without_python(&self) -> CheckRequest {
        CheckRequest { interpreters: Vec::new(), ..self.of_upstream().await }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_index_with_the_same_files_passes() {
    needs_python!("another_index_with_the_same_files_passes");
    let bench = stocked().await;
    bench.index.add(&Release::new("a", "2.0"));
    bench.index.add(&Release::new("more", "1.0"));
    let steps = bench.check(&bench.of_upstream().await).await;
    assert!(steps.0.iter().all(|step| step.outcome == Outcome::Passed), "{steps:#?}");
    assert!(steps.of("answers").summary.contains("no /health"));
}

#[tokio::test]
async fn a_page_that_disagrees_with_the_files_is_named() {
    let bench = stocked().await;
    // The same names with other bytes.
    bench.index.add(&Release::new("a", "1.0").requires_python(">=3.8"));
    let steps = bench.check(&bench.of_upstream_without_python().await).await;
    assert_eq!(steps.failed(), ["pages"]);
    let told = steps.told("pages", "check/page");
    assert!(told.message.starts_with("the page of a at http://127.0.0.1"), "{told:?}");
    for (format, what) in [("JSON", "sha256"), ("JSON", "size"), ("HTML", "requires-python")] {
        let said = |cause: &String| cause.starts_with(format) && cause.contains(what);
        assert!(told.causes.iter().any(said), "{format} {what}: {told:?}");
    }
    assert!(!told.causes.iter().any(|cause| cause.contains("b-2.0")), "{told:?}");
}

#[tokio::test]
async fn a_project_that_an_index_lost_is_named() {
    let bench = stocked().await;
    bench.index.remove("b", "2.0");
    let steps = bench.check(&bench.of_upstream_without_python().await).await;
    let step = steps.assert("pages", Outcome::Failed);
    let told: Vec<_> = step.diagnostics.iter().map(|told| told.message.as_str()).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("the list of projects"), "{told:?}");
    assert!(told[1].starts_with("the page of b"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_bytes_are_not_installed() {
    needs_python!("wrong_bytes_are_not_installed");
    let bench = stocked().await;
    bench.index.set_core_metadata(false);
    bench.index.http().fail("/files/", Fault::WrongBytes);
    let steps = bench.check(&bench.of_upstream().await).await;
    steps.assert("install", Outcome::Failed);
    steps.assert("installed", Outcome::NotRun);
}

#[tokio::test]
async fn an_index_that_does_not_answer_is_named() {
    let bench = stocked().await;
    let silent = HttpServer::start(|_| Reply::status(503));
    let url = Some(format!("{}/simple/", silent.base()).parse().unwrap());
    let client = crate::served::client();
    let request = CheckRequest { url, client, ..bench.request().await };
    let steps = bench.check(&request).await;
    assert_eq!(steps.failed(), ["answers"]);
    let told = steps.told("answers", "check/no-answer");
    assert!(told.message.contains(&silent.base()), "{told:?}");
    for id in ["pages", "venv", "install", "installed"] {
        steps.assert(id, Outcome::NotRun);
    }
}

#[tokio::test]
async fn a_web_page_in_an_indexs_place_is_named() {
    let bench = stocked().await;
    bench.index.http().fail("/", Fault::HtmlPage);
    let steps = bench.check(&bench.of_upstream_without_python().await).await;
    assert_eq!(steps.failed(), ["pages"]);
    assert_eq!(steps.of("pages").diagnostics.len(), 3, "{steps:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_with_a_login_gives_its_files_and_the_password_is_shown_nowhere() {
    needs_python!("an_index_with_a_login_gives_its_files_and_the_password_is_shown_nowhere");
    let bench = stocked().await;
    bench.index.http().require_login("ann", "s3cret");
    let url = bench.index.url().replace("http://", "http://ann:s3cret@");
    let request = CheckRequest { url: Some(url.parse().unwrap()), ..bench.request().await };
    let steps = bench.check(&request).await;
    assert!(steps.0.iter().all(|step| step.outcome == Outcome::Passed), "{steps:#?}");
    assert!(!format!("{steps:?}").contains("s3cret"), "{steps:#?}");
}
