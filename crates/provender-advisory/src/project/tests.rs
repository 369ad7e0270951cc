use super::*;

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

fn record(id: &str, aliases: &[&str], affected: &str) -> Record {
    let aliases = serde_json::to_string(aliases).unwrap();
    let json = format!(
        r#"{{"id": "{id}", "modified": "2024-01-01T00:00:00Z", "aliases": {aliases},
            "affected": [{{"package": {{"ecosystem": "PyPI", "name": "Demo_App"}}, {affected}}}]}}"#
    );
    Record::from_json(json.as_bytes()).unwrap()
}

fn range(events: &str) -> String {
    format!(r#""ranges": [{{"type": "ECOSYSTEM", "events": [{events}]}}]"#)
}

/// Compiles records and asks them about a version of the one project they name.
fn ask<T>(records: &[Record], ask: impl Fn(&ProjectAdvisories<'_>) -> T) -> T {
    let project: ProjectName = "demo-app".parse().unwrap();
    let advisories: Vec<_> =
        records.iter().filter_map(|record| Advisory::of(record).remove(&project)).collect();
    let block = encode(&advisories.iter().collect::<Vec<_>>()).unwrap();
    ask(&ProjectAdvisories::decode(&block).unwrap())
}

fn affected(record: &Record, versions: &[&str]) -> Vec<bool> {
    ask(std::slice::from_ref(record), |project| {
        versions.iter().map(|text| project.affect(&version(text))).collect()
    })
}

#[test]
fn versions_are_compared_as_versions() {
    let listed = record("X-1", &[], r#""versions": ["1.0", "1!2.0.0", "3.0RC1"]"#);
    assert_eq!(
        affected(&listed, &["1.0.0", "1", "2.0", "1!2", "3.0c1", "3.0"]),
        [true, true, false, true, true, false]
    );
}

#[test]
fn a_version_that_is_no_python_version_matches_nothing_and_harms_nothing() {
    let listed = record("X-1", &[], r#""versions": ["2.0.0-final", "0.3.2d", "1.0"]"#);
    assert_eq!(affected(&listed, &["2.0.0", "0.3.2", "1.0"]), [false, false, true]);
}

#[test]
fn every_ecosystem_range_counts_and_a_git_range_does_not() {
    let ranges = record(
        "X-1",
        &[],
        r#""ranges": [
            {"type": "GIT", "repo": "https://git.example/x", "events": [{"introduced": "0"}]},
            {"type": "ECOSYSTEM", "events": [{"introduced": "1"}, {"fixed": "1.5"}]},
            {"type": "SEMVER", "events": [{"introduced": "2"}, {"fixed": "2.5"}]}]"#,
    );
    assert_eq!(
        affected(&ranges, &["0.5", "1.4", "1.5", "2.4", "2.5"]),
        [false, true, false, true, false]
    );
}

#[test]
fn a_local_version_is_compared_by_its_public_part() {
    let ranged = record("X-1", &[], &range(r#"{"introduced": "1.0"}, {"last_affected": "2.0"}"#));
    assert_eq!(affected(&ranged, &["1.0+cu118", "2.0+cu118", "2.0.post1"]), [true, true, false]);
    let listed = record("X-1", &[], r#""versions": ["2.0"]"#);
    assert_eq!(affected(&listed, &["2.0+cu118", "2.1+cu118"]), [true, false]);
    let fixed = record("X-1", &[], &range(r#"{"introduced": "0"}, {"fixed": "2.0"}"#));
    assert_eq!(affected(&fixed, &["2.0+cu118", "1.9+cu118"]), [false, true]);
}

#[test]
fn a_local_label_counts_where_the_advisory_has_one() {
    let listed = record("X-1", &[], r#""versions": ["2.0+b"]"#);
    assert_eq!(affected(&listed, &["2.0", "2.0+a", "2.0+b", "2.0+c"]), [false, false, true, false]);
    let fixed = record("X-1", &[], &range(r#"{"introduced": "0"}, {"fixed": "2.0+b"}"#));
    assert_eq!(affected(&fixed, &["2.0", "2.0+a", "2.0+b", "2.0+c"]), [true, true, false, false]);
}

#[test]
fn a_withdrawn_record_affects_nothing() {
    let mut withdrawn = record("X-1", &[], r#""versions": ["1.0"]"#);
    withdrawn.withdrawn = Some(withdrawn.modified);
    assert!(Advisory::of(&withdrawn).is_empty());
}

#[test]
fn entries_of_other_ecosystems_and_impossible_names_are_passed_over() {
    let json = r#"{"id": "X-1", "modified": "2024-01-01T00:00:00Z", "affected": [
        {"package": {"ecosystem": "npm", "name": "demo-app"}, "versions": ["1.0"]},
        {"package": {"ecosystem": "PyPI", "name": "no such name"}, "versions": ["1.0"]},
        {"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]},
        {"package": {"ecosystem": "PyPI:https://index.example/", "name": "other"}, "versions": ["1.0"]}
    ]}"#;
    let advisories = Advisory::of(&Record::from_json(json.as_bytes()).unwrap());
    let names: Vec<_> = advisories.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["other"]);
}

#[test]
fn records_with_a_shared_alias_are_one_vulnerability() {
    let to = |fix: &str| range(&format!(r#"{{"introduced": "0"}}, {{"fixed": "{fix}"}}"#));
    let records = [
        record("GHSA-1", &["CVE-1"], &to("2.0")),
        record("GHSA-9", &[], &to("2.1")),
        record("PYSEC-1", &["CVE-1", "CVE-2"], &to("2.2")),
    ];
    let found = ask(&records, |project| project.vulnerabilities(&version("1.0")));
    let ids: Vec<_> = found.iter().map(|vulnerability| vulnerability.ids.join(" ")).collect();
    assert_eq!(ids, ["CVE-1 CVE-2 GHSA-1 PYSEC-1", "GHSA-9"]);
    assert_eq!(found[0].fixed_in, [version("2.2")], "2.0 is still affected by the other record");
}

#[test]
fn fixes_are_those_above_the_version_once_each_and_ascending() {
    let branches = record(
        "X-1",
        &[],
        &range(
            r#"{"introduced": "0"}, {"fixed": "1.5"}, {"introduced": "2.0"}, {"fixed": "2.3.0"},
                {"introduced": "3.0"}, {"fixed": "10.0"}"#,
        ),
    );
    let again = record("X-2", &["X-1"], &range(r#"{"introduced": "0"}, {"fixed": "2.3"}"#));
    let found = ask(&[branches, again], |project| project.vulnerabilities(&version("2.1")));
    assert_eq!(found[0].fixed_in, [version("2.3"), version("10.0")]);
}

#[test]
fn a_block_that_was_cut_or_extended_is_not_read() {
    let advisories = Advisory::of(&record("X-1", &["Y-1"], r#""versions": ["1.0", "2.0"]"#));
    let block = encode(&advisories.values().collect::<Vec<_>>()).unwrap();
    assert!(ProjectAdvisories::decode(&block).is_some());
    for length in 0..block.len() {
        assert!(ProjectAdvisories::decode(&block[..length]).is_none(), "{length}");
    }
    assert!(ProjectAdvisories::decode(&[block, vec![0]].concat()).is_none());
}
