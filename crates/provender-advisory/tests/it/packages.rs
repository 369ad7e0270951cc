//! Packages of distributions and of npm: what is found, what takes it away, what is not compared.

use provender_advisory::{
    Fix, NotComparedReason, PackageFinding, PackageMatches, PackageQuery, Snapshot, match_packages,
};
use provender_core::Severity;
use serde_json::{Value, json};

use crate::fixtures::{Ground, RECORD, now};

/// A record about one package whose affected versions are told by events.
fn record(id: &str, ecosystem: &str, name: &str, events: Value) -> Value {
    json!({
        "schema_version": "1.7.0", "id": id, "modified": "2024-01-01T00:00:00Z",
        "affected": [{
            "package": {"ecosystem": ecosystem, "name": name},
            "ranges": [{"type": "ECOSYSTEM", "events": events}],
        }],
    })
}

fn with(mut record: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().unwrap() {
        record[name] = value.clone();
    }
    record
}

fn until(fixed: &str) -> Value {
    json!([{"introduced": "0"}, {"fixed": fixed}])
}

/// Imports documents, each a file of its own.
pub(crate) fn compiled(documents: &[Value]) -> (Ground, Snapshot) {
    let ground = Ground::new();
    for (number, document) in documents.iter().enumerate() {
        ground.file(&format!("records/{number}.json"), document.to_string());
    }
    let mut update = ground.catalog.update().unwrap();
    update.import("test", &[ground.dir.path().join("records")], now()).unwrap();
    let snapshot = update.commit().unwrap();
    (ground, snapshot)
}

pub(crate) fn ask(
    snapshot: &Snapshot,
    ecosystem: &str,
    name: &str,
    version: &str,
) -> PackageMatches {
    match_packages(&snapshot.database, &[PackageQuery { ecosystem, name, version }]).unwrap()
}

fn findings(
    documents: &[Value],
    ecosystem: &str,
    name: &str,
    version: &str,
) -> Vec<PackageFinding> {
    let (_ground, snapshot) = compiled(documents);
    let matches = ask(&snapshot, ecosystem, name, version);
    assert_eq!(matches.not_compared, [], "{ecosystem} {name} {version}");
    matches.findings
}

/// The ids of each finding.
fn ids(findings: &[PackageFinding]) -> Vec<String> {
    findings.iter().map(|finding| finding.ids.join(" ")).collect()
}

fn affected(document: &Value, ecosystem: &str, versions: &[&str]) -> Vec<bool> {
    let (_ground, snapshot) = compiled(std::slice::from_ref(document));
    let found = |version: &&str| !ask(&snapshot, ecosystem, "demo", version).findings.is_empty();
    versions.iter().map(found).collect()
}

#[test]
fn versions_are_compared_as_their_ecosystem_orders_them() {
    let debian = record("DEBIAN-CVE-1", "Debian:12", "demo", until("1:2.0-1+deb12u1"));
    assert_eq!(
        affected(
            &debian,
            "Debian:12",
            &["3.0-1", "1:2.0~rc1-9", "1:2.0-1", "1:2.0-1+deb12u1", "1:2.0-1+deb12u1+b1", "1:10-1"]
        ),
        [true, true, true, false, false, false]
    );
    let alpine = record("ALPINE-CVE-1", "Alpine:v3.18", "demo", until("1.2.3-r4"));
    assert_eq!(
        affected(&alpine, "Alpine:v3.18", &["1.2.3_rc1-r9", "1.2.3-r3", "1.2.3-r4", "1.2.10-r0"]),
        [true, true, false, false]
    );
    let npm = record("GHSA-1", "npm", "demo", until("2.0.0"));
    assert_eq!(
        affected(&npm, "npm", &["1.10.0", "2.0.0-rc.1", "2.0.0", "2.0.0+build"]),
        [true, true, false, false]
    );
}

#[test]
fn every_kind_of_event_and_listed_versions_count_and_git_ranges_do_not() {
    let mut document = record(
        "GHSA-1",
        "npm",
        "demo",
        json!([{"introduced": "1.0.0"}, {"last_affected": "1.4.0"}]),
    );
    let semver = json!({"type": "SEMVER", "events": [{"introduced": "2.0.0"}, {"limit": "2.5.0"}]});
    let git =
        json!({"type": "GIT", "repo": "https://git.example/x", "events": [{"introduced": "0"}]});
    let ranges = document["affected"][0]["ranges"].as_array_mut().unwrap();
    ranges.extend([semver, git]);
    document["affected"][0]["versions"] = json!(["0.5.0", "1.2.0", "no version"]);
    assert_eq!(
        affected(&document, "npm", &["0.4.0", "0.5.0", "1.4.0", "1.4.1", "2.4.9", "2.5.0"]),
        [false, true, true, false, true, false]
    );
}

#[test]
fn releases_do_not_answer_for_each_other_and_a_record_without_one_means_all() {
    let twelve = record("DEBIAN-CVE-1", "Debian:12", "demo", until("2"));
    let eleven = record("DEBIAN-CVE-2", "Debian:11", "demo", until("2"));
    let every = record("DEBIAN-CVE-3", "Debian", "demo", until("2"));
    let documents = [twelve, eleven, every];
    assert_eq!(
        ids(&findings(&documents, "Debian:12", "demo", "1")),
        ["DEBIAN-CVE-1", "DEBIAN-CVE-3"]
    );
    assert_eq!(
        ids(&findings(&documents, "Debian:11.9", "demo", "1")),
        ["DEBIAN-CVE-2", "DEBIAN-CVE-3"]
    );
}

#[test]
fn what_there_is_no_data_for_is_told_and_not_called_clean() {
    let (_ground, snapshot) = compiled(&[record("DEBIAN-CVE-1", "Debian:12", "demo", until("2"))]);
    let reason = |ecosystem, name, version| {
        let matches = ask(&snapshot, ecosystem, name, version);
        assert_eq!(matches.findings, []);
        matches.not_compared.first().map(|skipped| skipped.reason)
    };
    assert_eq!(reason("Debian:12", "clean", "1"), None);
    assert_eq!(reason("Debian:14", "demo", "1"), Some(NotComparedReason::NoData));
    assert_eq!(reason("Debian", "demo", "1"), Some(NotComparedReason::NoData));
    assert_eq!(reason("PyPI", "demo", "1"), Some(NotComparedReason::NoData));
    assert_eq!(reason("Wolfi", "demo", "1"), Some(NotComparedReason::Ecosystem));
    assert_eq!(reason("Debian:12", "demo", "1 2"), Some(NotComparedReason::Version));
    assert!(snapshot.database.covers("Debian:14").unwrap().is_none());
    let stamp = snapshot.database.covers("Debian:12.5").unwrap().unwrap();
    assert_eq!((stamp.records, stamp.newest), (1, Some("2024-01-01T00:00:00Z".parse().unwrap())));
}

#[test]
fn findings_and_what_is_not_compared_name_their_query() {
    let (_ground, snapshot) = compiled(&[record("DEBIAN-CVE-1", "Debian:12", "demo", until("2"))]);
    let query = |ecosystem, version| PackageQuery { ecosystem, name: "demo", version };
    let queries = [
        query("Debian:12", "3"),
        query("Go", "1"),
        query("Debian:12", "1"),
        query("Debian:12", "1"),
    ];
    let matches = match_packages(&snapshot.database, &queries).unwrap();
    assert_eq!(matches.findings.iter().map(|found| found.query).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(matches.not_compared.iter().map(|skipped| skipped.query).collect::<Vec<_>>(), [1]);
}

#[test]
fn a_record_its_cve_and_a_notice_about_it_are_one_finding() {
    let of_cve = with(
        record("DEBIAN-CVE-2024-1", "Debian:12", "demo", until("2")),
        json!({"upstream": ["CVE-2024-1"], "summary": "an overflow"}),
    );
    let notice = with(
        record("DSA-1-1", "Debian:12", "demo", until("2")),
        json!({"related": ["CVE-2024-1"]}),
    );
    let found = findings(&[of_cve, notice], "Debian:12", "demo", "1");
    assert_eq!(ids(&found), ["CVE-2024-1 DEBIAN-CVE-2024-1 DSA-1-1"]);
    assert_eq!(found[0].headline_id(), "CVE-2024-1");
    assert_eq!(found[0].summary.as_deref(), Some("an overflow"));
}

#[test]
fn an_old_notice_has_its_vulnerabilities_among_its_aliases_and_is_about_each() {
    let notice = with(
        record("DSA-1-1", "Debian:12", "demo", until("2")),
        json!({"aliases": ["CVE-1", "CVE-2"]}),
    );
    let found = findings(&[notice], "Debian:12", "demo", "1");
    assert_eq!(ids(&found), ["CVE-1 DSA-1-1", "CVE-2 DSA-1-1"]);
}

#[test]
fn a_distributions_id_of_a_cve_is_that_cve() {
    let of_cve = with(
        record("UBUNTU-CVE-1", "Ubuntu:22.04:LTS", "demo", until("2")),
        json!({"upstream": ["CVE-1"]}),
    );
    let notice = with(
        record("USN-1-1", "Ubuntu:22.04:LTS", "demo", until("2")),
        json!({"upstream": ["CVE-1", "UBUNTU-CVE-1"]}),
    );
    let alone = findings(std::slice::from_ref(&notice), "Ubuntu:22.04", "demo", "1");
    assert_eq!(ids(&alone), ["CVE-1 USN-1-1"]);
    let both = findings(&[of_cve, notice], "Ubuntu:22.04", "demo", "1");
    assert_eq!(ids(&both), ["CVE-1 UBUNTU-CVE-1 USN-1-1"]);
}

#[test]
fn a_notice_about_several_vulnerabilities_does_not_make_them_one() {
    let of_cve = |id: &str| {
        with(
            record(&format!("DEBIAN-{id}"), "Debian:12", "demo", until("2")),
            json!({"upstream": [id]}),
        )
    };
    let notice = |id, upstream: &[&str]| {
        with(record(id, "Debian:12", "demo", until("2")), json!({"upstream": upstream}))
    };
    let documents = [
        of_cve("CVE-1"),
        of_cve("CVE-2"),
        notice("DSA-1-1", &["CVE-1", "CVE-2", "CVE-3"]),
        notice("DLA-2-1", &["CVE-3", "CVE-4"]),
    ];
    assert_eq!(
        ids(&findings(&documents, "Debian:12", "demo", "1")),
        [
            "CVE-1 DEBIAN-CVE-1 DSA-1-1",
            "CVE-2 DEBIAN-CVE-2 DSA-1-1",
            "CVE-3 DLA-2-1 DSA-1-1",
            "CVE-4 DLA-2-1"
        ]
    );
}

#[test]
fn related_vulnerabilities_of_other_records_stay_apart() {
    let first =
        with(record("GHSA-1", "npm", "demo", until("2.0.0")), json!({"aliases": ["CVE-1"]}));
    let second = with(
        record("GHSA-2", "npm", "demo", until("2.0.0")),
        json!({"aliases": ["CVE-2"], "related": ["CVE-1"]}),
    );
    let same = with(record("MAL-1", "npm", "demo", until("2.0.0")), json!({"aliases": ["CVE-2"]}));
    assert_eq!(
        ids(&findings(&[first, second, same], "npm", "demo", "1.0.0")),
        ["CVE-1 GHSA-1", "CVE-2 GHSA-2 MAL-1"]
    );
}

#[test]
fn the_fix_is_the_lowest_above_that_no_merged_record_affects() {
    let branches = json!([
        {"introduced": "0"}, {"fixed": "1.5.0"}, {"introduced": "2.0.0"}, {"fixed": "2.3.0"},
        {"introduced": "3.0.0"}, {"fixed": "3.1.0"}]);
    let first = with(record("GHSA-1", "npm", "demo", branches), json!({"aliases": ["CVE-1"]}));
    let fix =
        |documents: &[Value], version| findings(documents, "npm", "demo", version)[0].fix.clone();
    let alone = std::slice::from_ref(&first);
    assert_eq!(fix(alone, "1.0.0"), Fix::In("1.5.0".to_owned()));
    assert_eq!(fix(alone, "2.1.0"), Fix::In("2.3.0".to_owned()));
    let stricter = json!([{"introduced": "2.0.0"}, {"last_affected": "2.9.0"}]);
    let stricter = with(record("X-1", "npm", "demo", stricter), json!({"aliases": ["CVE-1"]}));
    assert_eq!(fix(&[first, stricter], "2.1.0"), Fix::In("3.1.0".to_owned()));
    let open = record("MAL-1", "npm", "demo", json!([{"introduced": "0"}]));
    assert_eq!(fix(&[open], "1.0.0"), Fix::None);
}

#[test]
fn a_score_comes_before_the_distributions_word() {
    let severity = |fields: Value, specific: Value| {
        let mut document = with(record("X-1", "Debian:12", "demo", until("2")), fields);
        document["affected"][0]["ecosystem_specific"] = specific;
        findings(&[document], "Debian:12", "demo", "1")[0].severity
    };
    let scored = json!({"severity": [
        {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]});
    assert_eq!(severity(json!({}), json!({"urgency": "medium"})), Severity::Medium);
    assert_eq!(severity(scored, json!({"urgency": "low"})), Severity::Critical);
    assert_eq!(severity(json!({}), json!({"urgency": "not yet assigned"})), Severity::Unknown);
    assert_eq!(severity(json!({}), json!(["odd"])), Severity::Unknown);
    let priority = json!({"severity": [{"type": "Ubuntu", "score": "negligible"}]});
    assert_eq!(severity(priority, Value::Null), Severity::Low);
}

#[test]
fn a_release_of_ubuntu_is_one_with_or_without_its_suffix() {
    let document = record("UBUNTU-CVE-1", "Ubuntu:22.04:LTS", "demo", until("1.0-1ubuntu2"));
    for ecosystem in ["Ubuntu:22.04", "Ubuntu:22.04:LTS"] {
        assert_eq!(
            affected(&document, ecosystem, &["1.0-1ubuntu1", "1.0-1ubuntu2"]),
            [true, false]
        );
    }
}

#[test]
fn what_only_subscribers_of_ubuntu_get_is_no_fix_for_others() {
    let open = |id| record(id, "Ubuntu:20.04:LTS", "demo", json!([{"introduced": "0"}]));
    let pro = |id| record(id, "Ubuntu:Pro:20.04:LTS", "demo", until("1.0-1ubuntu1+esm2"));
    let both = {
        let mut both = open("UBUNTU-CVE-1");
        both["affected"].as_array_mut().unwrap().push(pro("x")["affected"][0].clone());
        both
    };
    let fix = |document: Value, version| {
        let found = findings(&[document], "Ubuntu:20.04", "demo", version);
        found.first().map(|finding| finding.fix.clone())
    };
    let needs = Fix::WontFix("fixed in 1.0-1ubuntu1+esm2, which needs Ubuntu Pro".to_owned());
    assert_eq!(fix(pro("UBUNTU-CVE-1"), "1.0-1ubuntu1"), Some(needs));
    let in_pro = Fix::In("1.0-1ubuntu1+esm2".to_owned());
    assert_eq!(fix(pro("UBUNTU-CVE-1"), "1.0-1ubuntu1+esm1"), Some(in_pro));
    assert_eq!(fix(both.clone(), "1.0-1ubuntu1"), Some(Fix::None), "the free entry speaks");
    assert_eq!(fix(both, "1.0-1ubuntu1+esm2"), None, "the subscriber's entry speaks");
}

#[test]
fn pythons_projects_are_found_as_an_audit_finds_them() {
    let (_ground, snapshot) = Ground::with(&[RECORD]);
    let matches = ask(&snapshot, "PyPI", "Demo", "1.0");
    assert_eq!(ids(&matches.findings), ["CVE-2024-1 GHSA-1111-2222-3333"]);
    assert_eq!(matches.findings[0].fix, Fix::In("2.0".to_owned()));
    assert_eq!(matches.findings[0].severity, Severity::High);
    let reasons = [("no such name", "1.0"), ("demo", "one")]
        .map(|(name, version)| ask(&snapshot, "PyPI", name, version).not_compared[0].reason);
    assert_eq!(reasons, [NotComparedReason::Name, NotComparedReason::Version]);
}

#[test]
fn a_withdrawn_record_affects_no_package() {
    let other = record("DEBIAN-CVE-2", "Debian:12", "other", until("2"));
    let withdrawn = with(
        record("DEBIAN-CVE-1", "Debian:12", "demo", until("2")),
        json!({"withdrawn": "2024-02-01T00:00:00Z"}),
    );
    assert_eq!(findings(&[other, withdrawn], "Debian:12", "demo", "1"), []);
}

#[test]
fn a_version_that_cannot_be_compared_counts_as_affected() {
    let odd = json!([{"introduced": "trunk"}, {"fixed": "not yet"}]);
    assert_eq!(affected(&record("X-1", "npm", "demo", odd.clone()), "npm", &["9.0.0"]), [true]);
    assert_eq!(affected(&record("X-1", "Debian:12", "demo", odd), "Debian:12", &["9-1"]), [true]);
    let unlimited = json!([{"introduced": "0"}, {"limit": "*"}]);
    let unlimited = record("X-1", "Debian:12", "demo", unlimited);
    assert_eq!(affected(&unlimited, "Debian:12", &["9-1", "odd"]), [true, true]);
}
