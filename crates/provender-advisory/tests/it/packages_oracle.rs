//! The matcher for packages against a second, independent implementation, over records made up from the
//! shapes that real versions have.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use provender_advisory::{PackageQuery, match_packages};
use serde_json::{Value, json};

use crate::packages::compiled;

const TEST: &str = "the_matcher_for_packages_agrees_with_a_second_implementation";

/// Versions of each ecosystem, by what their orders have rules for.
const WORLDS: [(&str, &[&str]); 5] = [
    ("Debian:12", DEBIAN),
    ("Debian:11", DEBIAN),
    ("Ubuntu:22.04", DEBIAN),
    (
        "Alpine:v3.18",
        &[
            "0.9-r0",
            "1.0-r0",
            "1.0_alpha-r0",
            "1.0_beta2-r1",
            "1.0_rc1-r0",
            "1.0_p1-r0",
            "1.0a-r0",
            "1.0b-r3",
            "1.0-r10",
            "1.0-r9",
            "1.0.1-r0",
            "1.0.05-r0",
            "1.0.10-r0",
            "1.1-r0",
            "1.2.3-r4",
            "1.2.3_git20230101-r0",
            "1.10-r0",
            "2.0.0_pre1-r0",
            "2.0.0-r0",
            "2.0-r1",
            "20230506-r0",
            "3.1.4-r5",
            "3.1.4-r6",
            "9",
            "10",
        ],
    ),
    (
        "npm",
        &[
            "0.0.1",
            "0.1.0",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.0+build.5",
            "1.0.1",
            "1.2.0",
            "1.10.0",
            "2.0.0-0",
            "2.0.0",
            "2.5.7",
            "10.0.0",
            "11.0.0-next.1",
            "11.0.0",
        ],
    ),
];

const DEBIAN: &[&str] = &[
    "0.9-1",
    "1.0-1",
    "1.0~rc1-1",
    "1.0-1~deb12u1",
    "1.0-1+deb12u1",
    "1.0-1+deb12u2",
    "1.0-1+b1",
    "1.0-1ubuntu1",
    "1.0-1ubuntu1.10",
    "1.0-1ubuntu1.9",
    "1.0-1.1",
    "1.0-2",
    "1.0-10",
    "1.0",
    "1.0+dfsg-1",
    "1.0a-1",
    "1.0.1-1",
    "1.00-1",
    "1.10-1",
    "1.9-1",
    "1:0.1-1",
    "1:1.0-1",
    "2:0-1",
    "3.0.11-1~deb12u2",
    "3.0.13-1",
    "0-0",
];

/// A sequence that is the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        // Knuth's MMIX; the high bits are the better ones.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn of<'a>(&mut self, versions: &[&'a str]) -> &'a str {
        if self.below(40) == 0 { "no version" } else { versions[self.below(versions.len())] }
    }

    fn event(&mut self, versions: &[&str]) -> Value {
        match self.below(10) {
            0 => json!({"introduced": "0"}),
            1..=3 => json!({"introduced": self.of(versions)}),
            4..=6 => json!({"fixed": self.of(versions)}),
            7 | 8 => json!({"last_affected": self.of(versions)}),
            _ => json!({"limit": self.of(versions)}),
        }
    }
}

fn documents() -> Vec<Value> {
    let mut numbers = Numbers(5);
    let mut documents = Vec::new();
    for (ecosystem, versions) in WORLDS {
        for number in 0..80 {
            let ranges: Vec<Value> = (0..1 + numbers.below(2))
                .map(|_| {
                    let events: Vec<_> =
                        (0..1 + numbers.below(5)).map(|_| numbers.event(versions)).collect();
                    json!({"type": "ECOSYSTEM", "events": events})
                })
                .collect();
            let listed: Vec<_> = (0..numbers.below(3)).map(|_| numbers.of(versions)).collect();
            let written =
                if number % 2 == 0 { format!("{ecosystem}:LTS") } else { ecosystem.to_owned() };
            let written =
                if ecosystem.starts_with("Ubuntu") { written } else { ecosystem.to_owned() };
            documents.push(json!({
                "id": format!("X-{ecosystem}-{number}"), "modified": "2024-01-01T00:00:00Z",
                "affected": [{
                    "package": {"ecosystem": written, "name": format!("demo-{}", number % 8)},
                    "ranges": ranges, "versions": listed,
                }],
            }));
        }
    }
    documents.push(tracker(&mut numbers));
    documents.push(secdb(&mut numbers));
    documents
}

fn tracker(numbers: &mut Numbers) -> Value {
    let mut document = json!({});
    for number in 0..60 {
        let fixed = if numbers.below(5) == 0 { "0" } else { DEBIAN[numbers.below(DEBIAN.len())] };
        let bookworm = json!({"status": "resolved", "fixed_version": fixed, "urgency": "low"});
        let status = ["open", "undetermined"][numbers.below(2)];
        let bullseye = json!({"status": status, "urgency": "not yet assigned"});
        document[format!("demo-{}", number % 8)][format!("CVE-2024-{number}")] =
            json!({"releases": {"bookworm": bookworm, "bullseye": bullseye}});
    }
    document
}

fn secdb(numbers: &mut Numbers) -> Value {
    let versions = WORLDS[3].1;
    let packages: Vec<Value> = (0..8)
        .map(|package| {
            let fixes: Vec<(String, Value)> = (0..6)
                .map(|number| {
                    let id = format!("CVE-2023-{package}{}", number % 4);
                    (versions[numbers.below(versions.len())].to_owned(), json!([id]))
                })
                .chain([("0".to_owned(), json!(["CVE-2023-99"]))])
                .collect();
            let fixes: serde_json::Map<String, Value> = fixes.into_iter().collect();
            json!({"pkg": {"name": format!("demo-{package}"), "secfixes": fixes}})
        })
        .collect();
    json!({"distroversion": "v3.18", "reponame": "main", "packages": packages})
}

/// What the second implementation says of every question, or why it cannot be asked.
fn ask_oracle(records: &Path, questions: &Path) -> Result<String, String> {
    let python =
        provender_test::venv_dir().map_or_else(|| "python3".into(), |venv| venv.join("bin/python"));
    let output = Command::new(&python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/packages_oracle.py"))
        .args([records, questions])
        .output()
        .map_err(|error| format!("python3 cannot be started: {error}"))?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_matcher_for_packages_agrees_with_a_second_implementation() {
    let (ground, snapshot) = compiled(&documents());
    let names: Vec<String> = (0..9).map(|number| format!("demo-{number}")).collect();
    let mut queries = Vec::new();
    for (ecosystem, versions) in WORLDS {
        for name in &names {
            queries.extend(versions.iter().map(|version| PackageQuery {
                ecosystem,
                name,
                version,
            }));
        }
    }
    let lines: Vec<_> =
        queries.iter().map(|q| format!("{}\t{}\t{}", q.ecosystem, q.name, q.version)).collect();
    let questions = ground.file("questions", lines.join("\n"));
    let answers = match ask_oracle(&ground.dir.path().join("records"), &questions) {
        Ok(answers) => answers,
        Err(reason) => return provender_test::left_out(TEST, &reason),
    };
    let matches = match_packages(&snapshot.database, &queries).unwrap();
    assert_eq!(matches.not_compared, []);
    let mut found = vec![BTreeSet::new(); queries.len()];
    for finding in &matches.findings {
        // A vulnerability that a tracker's record is about is no record.
        let records = finding.ids.iter().filter(|id| !id.starts_with("CVE-"));
        found[finding.query].extend(records.map(String::as_str));
    }
    let answers: Vec<&str> = answers.lines().collect();
    assert_eq!(answers.len(), queries.len());
    let mut affected = 0;
    for ((question, answer), found) in lines.iter().zip(&answers).zip(&found) {
        let expected: BTreeSet<&str> = answer.split_whitespace().collect();
        assert_eq!(*found, expected, "{question}");
        affected += expected.len();
    }
    assert!(
        queries.len() > 900 && affected > 3_000,
        "{} questions, {affected} answers",
        queries.len()
    );
}
