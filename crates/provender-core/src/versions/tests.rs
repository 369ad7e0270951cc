//! The order of Debian's versions against dpkg's own, where dpkg is installed.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::DebianVersion;

const PAIRS: usize = 10_000;

/// What dpkg answers a comparison for each line, as its exit code: 0 yes, 1 no, 2 no versions.
const SCRIPT: &str = r#"while read -r a op b; do
    dpkg --compare-versions "$a" "$op" "$b" 2>/dev/null
    echo $?
done"#;

/// Versions as they are written in archives, and ones that look for trouble.
fn versions() -> impl Strategy<Value = String> {
    let text = |text| proptest::string::string_regex(text).unwrap();
    let written = text(
        "(1:)?[0-2]{1,2}\\.[0-9]{1,2}(\\.0[0-2])?(~rc[12]|~beta|\\+dfsg|\\+git2024)?-[0-2](\\.[01])?(\\+b[12]|\\+deb1[12]u[12]|~bpo12\\+1|ubuntu[12])?",
    );
    let troubled = text("([01]:)?[0-2a-b~+.]{1,5}(-[0-1a~+.]{0,3})?");
    let hostile = text("[0-1a:][0-1a~:.-]{0,4}");
    proptest::prop_oneof![3 => written, 5 => troubled, 1 => hostile]
}

#[test]
fn versions_are_ordered_as_dpkg_orders_them() {
    if Command::new("dpkg").arg("--version").output().is_err() {
        println!("left out: dpkg is not installed");
        return;
    }
    let (versions, mut runner) = (versions(), TestRunner::deterministic());
    let mut version = || versions.new_tree(&mut runner).unwrap().current();
    let (mut questions, mut expected) = (String::new(), Vec::new());
    for _ in 0..PAIRS {
        let (a, b) = (version(), version());
        let order = match (a.parse::<DebianVersion>(), b.parse()) {
            (Ok(a), Ok(b)) => Some(a.cmp(&b)),
            _ => None,
        };
        let relation = match order {
            Some(Ordering::Less) => "lt",
            Some(Ordering::Greater) => "gt",
            Some(Ordering::Equal) | None => "eq",
        };
        writeln!(questions, "{a} {relation} {b}").unwrap();
        expected.push(if order.is_some() { "0" } else { "2" });
    }
    let answers = ask(&questions);
    let mut compared = 0;
    for ((answer, expected), question) in answers.lines().zip(expected).zip(questions.lines()) {
        assert_eq!(answer, expected, "dpkg on {question}");
        compared += 1;
    }
    assert_eq!(compared, PAIRS);
}

fn ask(questions: &str) -> String {
    let mut shell = Command::new("sh");
    shell.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut shell = shell.spawn().unwrap();
    let mut input = shell.stdin.take().unwrap();
    let questions = questions.to_owned();
    let writer = std::thread::spawn(move || input.write_all(questions.as_bytes()));
    let output = shell.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    String::from_utf8(output.stdout).unwrap()
}
