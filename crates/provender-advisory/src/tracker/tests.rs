use super::*;
use crate::ecosystem::Ecosystem;
use crate::packages::PackageAdvisory;

fn read(json: &str) -> Tracker {
    Tracker::from_json(json.as_bytes()).unwrap().unwrap()
}

/// Each record as `ID: ecosystem name <fixed [words], ...`.
fn told(tracker: Tracker) -> Vec<String> {
    let affection = |affected: &Affected| {
        let package = affected.package.as_ref().unwrap();
        let fixed = affected.ranges[0].events.iter().find_map(|event| match event {
            Event::Fixed(version) => Some(version.as_str()),
            _ => None,
        });
        let specific = &affected.ecosystem_specific;
        let words: Vec<_> = [&specific.status, &specific.urgency, &specific.nodsa_reason]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        let (ecosystem, name) = (&package.ecosystem, &package.name);
        format!("{ecosystem} {name} <{} {words:?}", fixed.unwrap_or("never"))
    };
    let line = |(record, _): (Record, _)| {
        let affected: Vec<_> = record.affected.iter().map(affection).collect();
        format!("{} of {}: {}", record.id, record.upstream.join(" "), affected.join(", "))
    };
    tracker.into_records().map(line).collect()
}

const DEBIAN: &str = r#"{
    "demo": {
        "CVE-2024-1": {
            "scope": "remote", "debianbug": 1, "description": "an overflow in demo",
            "releases": {
                "bookworm": {
                    "status": "resolved", "repositories": {"bookworm": "1.0-1+deb12u1"},
                    "fixed_version": "1.0-1+deb12u1", "urgency": "medium"},
                "trixie": {"status": "resolved", "fixed_version": "0", "urgency": "unimportant"},
                "sid": {"status": "open", "urgency": "not yet assigned"}}},
        "CVE-2024-2": {
            "releases": {
                "bookworm": {
                    "status": "open", "urgency": "low", "nodsa": "Minor issue",
                    "nodsa_reason": "ignored"},
                "zurg": {"status": "open", "urgency": "low"}}}},
    "other": {
        "CVE-2024-1": {
            "releases": {"bookworm": {"status": "undetermined", "urgency": "not yet assigned"}}}}
}"#;

const ALPINE: &str = r#"{
    "apkurl": "{{urlprefix}}/{{distroversion}}/{{reponame}}/{{arch}}/{{pkg.name}}-{{pkg.ver}}.apk",
    "archs": ["x86_64"], "distroversion": "v3.18", "reponame": "main",
    "packages": [
        {"pkg": {"name": "demo", "secfixes": {
            "1.2-r1": ["CVE-2024-1", "CVE-2024-2 XSA-1"],
            "1.2-r3": ["CVE-2024-1 (+ regression fix)", "DEMO-SA-2024-1 and more"],
            "0": ["CVE-2024-9"]}}},
        {"pkg": {"name": "none", "secfixes": []}},
        {"pkg": {"name": "absent"}}
    ]}"#;

#[test]
fn debians_tracker_is_told_by_vulnerability_with_numbered_releases() {
    let tracker = read(DEBIAN);
    assert_eq!(tracker.name(), "debian-security-tracker");
    assert_eq!(tracker.unknown_releases().iter().collect::<Vec<_>>(), ["zurg"]);
    assert_eq!(
        told(tracker),
        [
            "DEBIAN-CVE-2024-1 of CVE-2024-1: \
             Debian:12 demo <1.0-1+deb12u1 [\"resolved\", \"medium\"], \
             Debian:sid demo <never [\"open\", \"not yet assigned\"], \
             Debian:12 other <never [\"undetermined\", \"not yet assigned\"]",
            "DEBIAN-CVE-2024-2 of CVE-2024-2: Debian:12 demo <never [\"open\", \"low\", \"ignored\"]",
        ]
    );
}

#[test]
fn alpines_secdb_is_told_by_vulnerability_without_what_never_affected() {
    let tracker = read(ALPINE);
    assert_eq!(tracker.name(), "alpine-v3.18-main");
    assert_eq!(
        told(tracker),
        [
            "ALPINE-CVE-2024-1 of CVE-2024-1: Alpine:v3.18 demo <1.2-r1 [], Alpine:v3.18 demo <1.2-r3 []",
            "ALPINE-CVE-2024-2 of CVE-2024-2: Alpine:v3.18 demo <1.2-r1 []",
            "ALPINE-DEMO-SA-2024-1 of DEMO-SA-2024-1: Alpine:v3.18 demo <1.2-r3 []",
        ]
    );
}

#[test]
fn the_json_of_a_trackers_record_says_what_the_record_says() {
    for document in [DEBIAN, ALPINE] {
        for (record, json) in read(document).into_records() {
            let mut value: Value = serde_json::from_slice(&json).unwrap();
            assert!(value.get("modified").is_none(), "a tracker dates nothing");
            value["modified"] = "1970-01-01T00:00:00Z".into();
            let again = Record::from_json(value.to_string().as_bytes()).unwrap();
            assert_eq!(Record { schema_version: None, ..again }, record);
        }
    }
}

#[test]
fn every_release_of_the_table_is_an_ecosystem() {
    for codename in ["sarge", "bookworm", "duke", "sid"] {
        let document = DEBIAN.replace("zurg", codename);
        let tracker = read(&document);
        assert!(tracker.unknown_releases().is_empty());
        for (record, _) in tracker.into_records() {
            assert!(!PackageAdvisory::of(&record).is_empty());
            for affected in &record.affected {
                assert!(Ecosystem::parse(&affected.package.as_ref().unwrap().ecosystem).is_some());
            }
        }
    }
}

#[test]
fn other_json_is_no_tracker() {
    for json in [
        "{}",
        r#"{"name": "odd"}"#,
        r#"{"a": {}}"#,
        r#"{"a": {"CVE-1": {"description": "x"}}}"#,
        r#"{"packages": [], "distroversion": "v3.18"}"#,
        r#"{"id": "X-1", "modified": "2024-01-01T00:00:00Z"}"#,
        "[]",
    ] {
        assert!(Tracker::from_json(json.as_bytes()).is_none(), "{json}");
    }
}

#[test]
fn a_tracker_in_which_something_is_odd_is_refused_as_one() {
    let refused =
        |json: &str| Tracker::from_json(json.as_bytes()).unwrap().unwrap_err().to_string();
    let odd = refused(&DEBIAN.replace("undetermined", "pondered"));
    assert!(
        odd.starts_with("not a document of Debian's security tracker: unknown variant"),
        "{odd}"
    );
    let cut = refused(DEBIAN.get(..DEBIAN.len() - 3).unwrap());
    assert!(cut.contains("EOF"), "{cut}");
    let list = refused(&ALPINE.replace("\"CVE-2024-1\"", "1"));
    assert!(list.starts_with("not a document of Alpine's secdb: "), "{list}");
    let name = refused(&ALPINE.replace("\"main\"", "\"../main\""));
    assert!(name.ends_with("`../main` cannot be the name of a release or repository"), "{name}");
}
