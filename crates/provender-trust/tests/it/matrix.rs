//! The matrix as `doctor` has it.

use provender_core::doctor::{Known, ToolVerdict};
use provender_test::left_out;
use provender_trust::{Machine, Question, matrix, tools};
use url::Url;

use crate::bench::{Bench, tool, variable};

#[test]
fn a_row_says_what_happened_and_offers_a_remedy_that_was_proved() {
    let bench = Bench::new();
    let names = ["curl", "git", "wget"];
    let chosen = names.map(tool);
    let Some((machine, _)) = bench.machines(tool("curl")).into_iter().next() else {
        return left_out("the rows of the matrix", "no curl is installed");
    };
    let url = bench.url();
    let judge = bench.judge();
    let question = Question { url: &url, judge: &judge, ask: true, bundle: Some(&bench.bundle) };
    let rows = matrix(&chosen, &machine, &question);
    assert_eq!(rows.iter().map(|row| row.tool).collect::<Vec<_>>(), names);
    for row in rows.iter().filter(|row| row.known != Known::NotInstalled) {
        assert_eq!((row.verdict, row.known), (ToolVerdict::Fails, Known::Asked), "{row:?}");
        assert!(row.version.is_some() && row.detail.is_some(), "{row:?}");
        let remedy = row.remedy.as_ref().unwrap();
        assert!(remedy.proved, "{row:?}");
    }
    let curl = &rows[0];
    let remedy = &curl.remedy.as_ref().unwrap().text;
    assert!(remedy.contains("set CURL_CA_BUNDLE="), "{remedy}");
    assert!(remedy.contains("a full bundle"), "{remedy}");
}

#[test]
fn a_tool_that_does_not_look_is_never_said_to_verify() {
    let bench = Bench::new();
    let Some((machine, _)) = bench.machines(tool("git")).into_iter().next() else {
        return left_out("the row of a tool that does not look", "no git is installed");
    };
    let machine = machine.with(&[variable("GIT_SSL_NO_VERIFY", "1")]);
    let url = bench.url();
    let judge = bench.judge();
    let ask = |bundle| {
        let question = Question { url: &url, judge: &judge, ask: true, bundle };
        matrix(&[tool("git")], &machine, &question).remove(0)
    };
    let row = ask(None);
    assert_eq!((row.verdict, row.known), (ToolVerdict::NotVerified, Known::ByRules));
    assert_eq!(row.decided_by, "GIT_SSL_NO_VERIFY=1");
    assert!(bench.server.requests().is_empty(), "whoever answers has been told something");
    // Without the authority there is a remedy as well, and looking again fails.
    let remedy = row.remedy.unwrap();
    assert_eq!((remedy.text.as_str(), remedy.proved), ("unset GIT_SSL_NO_VERIFY", false));
    let remedy = ask(Some(&bench.bundle)).remedy.unwrap();
    assert!(remedy.text.starts_with("unset GIT_SSL_NO_VERIFY; set GIT_SSL_CAINFO="), "{remedy:?}");
    assert!(remedy.proved);
}

#[test]
fn tools_that_are_not_there_have_their_rules() {
    let bench = Bench::new();
    let machine = Machine::new([], bench.path("project"));
    let url = bench.url();
    let judge = bench.judge();
    let question = Question { url: &url, judge: &judge, ask: true, bundle: Some(&bench.bundle) };
    let rows = matrix(&tools(), &machine, &question);
    assert_eq!(rows.len(), tools().len());
    for row in &rows {
        assert_eq!(row.known, Known::NotInstalled, "{row:?}");
        let expected = match row.tool {
            // It takes every registry on its own machine for an insecure one.
            "docker" => ToolVerdict::NotVerified,
            _ => ToolVerdict::Fails,
        };
        assert_eq!(row.verdict, expected, "{row:?}");
        assert!(row.remedy.as_ref().is_none_or(|remedy| !remedy.proved), "{row:?}");
    }
}

#[test]
fn a_host_that_is_not_there_leaves_the_rules() {
    let bench = Bench::new();
    let Some((machine, _)) = bench.machines(tool("curl")).into_iter().next() else {
        return left_out("the row of a host that is not there", "no curl is installed");
    };
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = Url::parse(&format!("https://ann:s3cret@{closed}/")).unwrap();
    let judge = bench.judge();
    let question = Question { url: &url, judge: &judge, ask: true, bundle: None };
    let row = matrix(&[tool("curl")], &machine, &question).remove(0);
    assert_eq!((row.verdict, row.known), (ToolVerdict::Fails, Known::ByRules));
    assert!(row.detail.as_ref().unwrap().contains("the request failed"), "{row:?}");
    assert!(!format!("{row:?}").contains("s3cret"), "{row:?}");
}

#[test]
fn over_plain_http_nothing_is_verified() {
    let bench = Bench::new();
    let machine = Machine::new([], bench.path("project"));
    let url = Url::parse("http://index.example/simple/").unwrap();
    let judge = bench.judge();
    let question = Question { url: &url, judge: &judge, ask: true, bundle: None };
    let row = matrix(&[tool("pip")], &machine, &question).remove(0);
    assert_eq!((row.verdict, row.known), (ToolVerdict::NotVerified, Known::ByRules));
}
