//! Whatever a server answers after the handshake: the tool has verified it.

use provender_core::doctor::ToolVerdict;
use provender_test::Fault;

use crate::bench::{Bench, Subject, with};

fn whatever_is_answered(bench: &Bench, subject: &Subject<'_>) {
    let installed = Some(subject.installed);
    let remedy = subject.tool.remedy(subject.machine, installed, &bench.url(), &bench.bundle);
    for fault in [
        Fault::HtmlPage,
        Fault::Status(401),
        Fault::Status(403),
        Fault::Status(404),
        Fault::Status(500),
        Fault::Status(503),
    ] {
        bench.server.fail("/", fault.clone());
        let asked = bench.asked(subject, &remedy);
        assert_eq!(asked.verdict, ToolVerdict::Verifies, "{subject} at {fault:?}: {asked:?}");
    }
    // The connection ends after the handshake: nothing is known, and nothing is said to be.
    bench.server.fail("/", Fault::Closed);
    let asked = bench.asked(subject, &remedy);
    assert_ne!(asked.verdict, ToolVerdict::Fails, "{subject}: {asked:?}");
}

macro_rules! tests {
    ($($test:ident: $tool:literal,)*) => {
        $(
            #[test]
            fn $test() {
                with($tool, whatever_is_answered);
            }
        )*
    };
}

tests! {
    pip_has_verified_whatever_is_answered: "pip",
    uv_has_verified_whatever_is_answered: "uv",
    poetry_has_verified_whatever_is_answered: "poetry",
    pdm_has_verified_whatever_is_answered: "pdm",
    requests_has_verified_whatever_is_answered: "requests",
    httpx_has_verified_whatever_is_answered: "httpx",
    node_has_verified_whatever_is_answered: "node",
    npm_has_verified_whatever_is_answered: "npm",
    pnpm_has_verified_whatever_is_answered: "pnpm",
    yarn_has_verified_whatever_is_answered: "yarn",
    git_has_verified_whatever_is_answered: "git",
    curl_has_verified_whatever_is_answered: "curl",
    wget_has_verified_whatever_is_answered: "wget",
    apt_has_verified_whatever_is_answered: "apt",
    cargo_has_verified_whatever_is_answered: "cargo",
}
