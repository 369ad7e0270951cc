//! Tools that are carried along.

use provender_core::check::Outcome;
use provender_test::{Release, Wheel};

use super::Bench;
use super::bench::needs_python;

/// A release of a tool whose command does this.
fn tool(name: &str, body: &str) -> Release {
    let wheel = Wheel::new(name, "1.0")
        .entry_point(name, &format!("{name}_main:main"))
        .file(&format!("{name}_main.py"), &format!("def main():\n    {body}\n"));
    Release::new(name, "1.0").file(wheel.build())
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_run_and_one_that_does_not_is_named() {
    needs_python!("tools_run_and_one_that_does_not_is_named");
    let module = Wheel::new("module", "1.0").file("module/__main__.py", "print('module 1.0')\n");
    let bench = Bench::with([
        tool("works", "print('works 1.0')"),
        tool("crashes", "raise SystemExit('no such library')"),
        Release::new("module", "1.0").file(module.build()),
        Release::new("library", "1.0"),
    ])
    .await;
    for name in ["works", "module", "library"] {
        bench.carry(name, &bench.universal(&[&format!("{name}==1.0")])).await;
    }
    let steps = bench.check(&bench.request().await).await;
    let ids: Vec<_> = steps.0.iter().map(|step| step.id).collect();
    assert_eq!(ids, ["structure", "blobs", "answers", "pages", "tools"]);
    let step = steps.assert("tools", Outcome::Passed);
    let summary = "library 1.0 (no command of its own), module 1.0, works 1.0";
    assert_eq!(step.summary, summary);

    bench.carry("crashes", &bench.universal(&["crashes==1.0"])).await;
    let mut request = bench.request().await;
    request.locks.retain(|lock| lock.name == "with:crashes");
    let steps = bench.check(&request).await;
    let step = steps.assert("tools", Outcome::Failed);
    assert_eq!(step.summary, "not: crashes");
    let told = steps.told("tools", "check/tool");
    assert!(told.message.starts_with("crashes does not run"), "{told:?}");
    assert!(told.causes[0].contains("no such library"), "{told:?}");
}

#[tokio::test]
async fn without_a_python_no_tool_is_tried() {
    let bench = Bench::with([Release::new("a", "1.0")]).await;
    bench.carry("a", &bench.universal(&["a==1.0"])).await;
    let steps = bench.check(&bench.without_python().await).await;
    steps.assert("tools", Outcome::NotRun);
    steps.told("tools", "check/no-python");
}
