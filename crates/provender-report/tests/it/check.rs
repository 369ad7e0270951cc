//! What a check came to.

use provender_core::check::Step;
use provender_core::{Diagnostic, Place};
use provender_report::check::{json, markdown, terminal};
use provender_report::{Style, diagnostics};
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::sample::{time, wide};

pub(crate) fn steps() -> Vec<Step> {
    let page = Diagnostic::error("check/page", "the page of flask names a file that is not there")
        .at(Place::file("flask-3.0.0.tar.gz"))
        .hint("`provender stock` fetches it again");
    let python = Diagnostic::note("check/no-python", "there is no Python 3.11 on this machine");
    vec![
        Step::passed("blobs", "every file has its hash", "312 files, 214 MB"),
        Step::failed("pages", "pages agree with the files", "1 of 43 does not", vec![page]),
        Step::not_run("pip_install", "pip installs the lock", "no Python 3.11", vec![python]),
    ]
}

#[test]
fn every_step_is_a_line_with_what_is_wrong_below_it() {
    assert_eq!(
        terminal(&steps(), Style { unicode: true, ..wide(80) }),
        "\
✓ every file has its hash     312 files, 214 MB
✗ pages agree with the files  1 of 43 does not
    error[check/page]: the page of flask names a file that is not there
      --> flask-3.0.0.tar.gz
      = hint: `provender stock` fetches it again
– pip installs the lock       no Python 3.11
    note[check/no-python]: there is no Python 3.11 on this machine

no: 1 of 3 steps passed, 1 failed, 1 could not be run
"
    );
}

#[test]
fn marks_are_words_where_only_ascii_may_be_shown() {
    let shown = terminal(&steps(), wide(80));
    assert!(shown.is_ascii(), "{shown}");
    let marks: Vec<&str> = shown.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(marks, ["ok", "no", "", "", "", "--", "", "", "no:"]);
}

#[test]
fn the_last_line_is_the_answer() {
    let steps = steps();
    let last = |steps: &[Step]| terminal(steps, Style::PLAIN).lines().last().unwrap().to_owned();
    assert_eq!(last(&steps[..1]), "yes: 1 of 1 step passed");
    assert_eq!(last(&steps[..2]), "no: 1 of 2 steps passed, 1 failed");
    let missing = [steps[0].clone(), steps[2].clone()];
    assert_eq!(last(&missing), "no answer: 1 of 2 steps passed, 1 could not be run");
    assert_eq!(terminal(&[], Style::PLAIN), "there was no step to run\n");
}

#[test]
fn steps_fit_the_terminal() {
    let mut steps = steps();
    for step in &mut steps {
        step.diagnostics.clear();
        step.summary = "a long summary of what was seen, with a/path/and/another ".repeat(3);
    }
    for width in [0, 40, 57, 80, 120] {
        for unicode in [true, false] {
            let shown = terminal(&steps, Style { unicode, ..wide(width) });
            for line in shown.lines() {
                assert!(line.width() <= width.max(40), "{width}: {line}");
            }
        }
    }
}

#[test]
fn markdown_has_the_steps_and_what_is_wrong() {
    assert_eq!(
        markdown(&steps()),
        r"## Check

no: 1 of 3 steps passed, 1 failed, 1 could not be run

|  | step | what was seen |
| --- | --- | --- |
| ✓ | every file has its hash | 312 files, 214 MB |
| ✗ | pages agree with the files | 1 of 43 does not |
| – | pip installs the lock | no Python 3.11 |

### Diagnostics

| level | rule | message | where | hint | decided by |
| --- | --- | --- | --- | --- | --- |
| error | check/page | the page of flask names a file that is not there | flask-3.0.0.tar.gz | \`provender stock\` fetches it again |  |
| note | check/no-python | there is no Python 3.11 on this machine |  |  |  |
"
    );
}

#[test]
fn machines_get_every_part() {
    let steps = steps();
    let document: Value = serde_json::from_str(&json(&steps, None)).unwrap();
    assert_eq!(document["schema"], "provender.check/1");
    assert_eq!(document["outcome"], "failed");
    assert!(document.get("generated_at").is_none(), "nothing changes between two runs");
    assert_eq!(document["steps"][2]["id"], "pip_install");
    assert_eq!(document["steps"][2]["outcome"], "not_run");
    let told = serde_json::to_value(diagnostics::json(&steps[1].diagnostics)).unwrap();
    assert_eq!(document["steps"][1]["diagnostics"], told);
    let timed = json(&steps, Some(time("2024-10-14T12:00:00Z")));
    let timed: Value = serde_json::from_str(&timed).unwrap();
    assert_eq!(timed["generated_at"], "2024-10-14T12:00:00Z");
}
