//! The distributions' trackers as sources.

use std::error::Error as _;

use provender_advisory::{CatalogError, Fix, Snapshot, Validators};
use provender_core::Severity;
use serde_json::{Value, json};

use crate::fixtures::{Ground, RECORD, hours_later, now, url};
use crate::packages::{ask, compiled};

fn debian() -> Value {
    let release = |status: &str, urgency: &str| json!({"status": status, "urgency": urgency});
    let mut fixed = release("resolved", "high");
    fixed["fixed_version"] = "1.0-1+deb12u1".into();
    let mut ignored = release("open", "low");
    ignored["nodsa"] = "Minor\nissue".into();
    ignored["nodsa_reason"] = "ignored".into();
    let mut postponed = release("open", "low");
    postponed["nodsa"] = "Minor issue".into();
    postponed["nodsa_reason"] = "postponed".into();
    json!({"demo": {
        "CVE-2024-1": {"description": "an overflow", "releases": {"bookworm": fixed}},
        "CVE-2024-2": {"releases": {"bookworm": ignored}},
        "CVE-2024-3": {"releases": {"bookworm": postponed}},
        "CVE-2024-4": {"releases": {"bookworm": release("open", "unimportant")}},
        "CVE-2024-5": {"releases": {"bookworm": release("open", "end-of-life")}},
        "CVE-2024-6": {"releases": {"bookworm": release("undetermined", "not yet assigned")}},
        "CVE-2024-7": {"releases": {"zurg": release("open", "low")}},
    }})
}

fn alpine(branch: &str, repository: &str, name: &str) -> Value {
    json!({
        "distroversion": branch, "reponame": repository,
        "packages": [{"pkg": {"name": name, "secfixes": {"1.2-r3": ["CVE-2024-1"]}}}],
    })
}

fn headlines(snapshot: &Snapshot, ecosystem: &str, name: &str, version: &str) -> Vec<String> {
    let matches = ask(snapshot, ecosystem, name, version);
    assert_eq!(matches.not_compared, []);
    matches.findings.iter().map(|found| found.headline_id().to_owned()).collect()
}

#[test]
fn fixed_not_fixed_and_never_to_be_fixed_are_told_apart() {
    let (_ground, snapshot) = compiled(&[debian()]);
    let findings = ask(&snapshot, "Debian:12", "demo", "1.0-1").findings;
    let told: Vec<_> = findings
        .iter()
        .map(|f| (f.headline_id(), f.severity, f.determined, f.fix.clone()))
        .collect();
    let wont = |reason: &str| Fix::WontFix(reason.to_owned());
    assert_eq!(
        told,
        [
            ("CVE-2024-1", Severity::High, true, Fix::In("1.0-1+deb12u1".to_owned())),
            ("CVE-2024-2", Severity::Low, true, wont("the distribution ignores it: Minor issue")),
            ("CVE-2024-3", Severity::Low, true, Fix::None),
            ("CVE-2024-4", Severity::Low, true, wont("the distribution calls it unimportant")),
            (
                "CVE-2024-5",
                Severity::Unknown,
                true,
                wont("the package is not supported any more in this release")
            ),
            ("CVE-2024-6", Severity::Unknown, false, Fix::None),
        ]
    );
    assert_eq!(findings[0].ids, ["CVE-2024-1", "DEBIAN-CVE-2024-1"]);
    assert_eq!(findings[0].summary.as_deref(), Some("an overflow"));
    assert_eq!(headlines(&snapshot, "Debian:12", "demo", "1.0-1+deb12u1").len(), 5);
}

#[test]
fn branches_and_repositories_of_alpine_stand_beside_each_other() {
    let (_ground, snapshot) = compiled(&[
        alpine("v3.18", "main", "demo"),
        alpine("v3.18", "community", "other"),
        alpine("v3.19", "main", "demo"),
    ]);
    for (branch, name) in [("v3.18", "demo"), ("v3.18", "other"), ("v3.19", "demo")] {
        let ecosystem = format!("Alpine:{branch}");
        assert_eq!(headlines(&snapshot, &ecosystem, name, "1.2-r2"), ["CVE-2024-1"]);
        assert_eq!(headlines(&snapshot, &ecosystem, name, "1.2-r3"), [""; 0]);
    }
    assert_eq!(headlines(&snapshot, "Alpine:v3.19", "other", "1.2-r2"), [""; 0]);
    let stamp = snapshot.database.covers("Alpine:v3.18").unwrap().unwrap();
    assert_eq!((stamp.records, stamp.newest), (2, None), "a tracker dates nothing");
    assert_eq!(snapshot.stamp().sources[0].records, 3);
}

#[test]
fn a_tracker_stands_beside_the_osv_record_of_the_same_id() {
    let osv = json!({
        "id": "DEBIAN-CVE-2024-2", "modified": "2024-01-01T00:00:00Z", "upstream": ["CVE-2024-2"],
        "affected": [{
            "package": {"ecosystem": "Debian:12", "name": "demo"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
            "severity": [
                {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        }],
    });
    let (_ground, snapshot) = compiled(&[debian(), osv]);
    let findings = ask(&snapshot, "Debian:12", "demo", "2.0-1").findings;
    let finding = findings.iter().find(|finding| finding.has_id("cve-2024-2")).unwrap();
    assert_eq!(finding.ids, ["CVE-2024-2", "DEBIAN-CVE-2024-2"]);
    assert_eq!(finding.severity, Severity::Critical, "the record's score");
    assert!(matches!(&finding.fix, Fix::WontFix(_)), "the tracker's decision");
    assert_eq!(snapshot.database.records_named("CVE-2024-2").unwrap().len(), 2);
}

#[test]
fn unknown_releases_are_told() {
    let ground = Ground::new();
    let file = ground.file("tracker.json", debian().to_string());
    let mut update = ground.catalog.update().unwrap();
    update.import("debian", &[file], now()).unwrap();
    let [note] = update.notes() else { panic!("{:?}", update.notes()) };
    assert_eq!(note.rule, "advisories/unknown-release");
    assert!(note.message.contains("tracker.json") && note.message.ends_with("`zurg`"), "{note:?}");
}

#[test]
fn a_tracker_is_kept_and_compiled_again_with_what_comes_later() {
    let ground = Ground::new();
    let file = ground.file("tracker.json", debian().to_string());
    let mut update = ground.catalog.update().unwrap();
    update.import("imported", std::slice::from_ref(&file), now()).unwrap();
    update.commit().unwrap();
    let secdb = ground.file("secdb", alpine("v3.18", "main", "demo").to_string());
    let mut update = ground.catalog.update().unwrap();
    update.accept("fetched", &url(), &secdb, Validators::default(), now()).unwrap();
    update.commit().unwrap();
    let zip = ground.zip("a.zip", &[RECORD]);
    let mut update = ground.catalog.update().unwrap();
    update.import("python", &[zip], hours_later(1)).unwrap();
    let snapshot = update.commit().unwrap();
    assert_eq!(headlines(&snapshot, "Debian:12", "demo", "1.0-1").len(), 6);
    assert_eq!(headlines(&snapshot, "Alpine:v3.18", "demo", "1.2-r2"), ["CVE-2024-1"]);
    let names: Vec<_> =
        snapshot.database.ecosystems().unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["Alpine:v3.18", "Debian:12", "PyPI"]);
}

#[test]
fn the_same_tracker_gives_the_same_digest_whatever_way_it_came() {
    let (_ground, imported) = compiled(&[debian()]);
    let ground = Ground::new();
    let file = ground.file("download", debian().to_string());
    let mut update = ground.catalog.update().unwrap();
    update.accept("debian", &url(), &file, Validators::default(), hours_later(9)).unwrap();
    assert_eq!(update.commit().unwrap().database.digest(), imported.database.digest());
}

#[test]
fn two_states_of_one_tracker_are_refused() {
    let ground = Ground::new();
    let [old, new] = ["old.json", "new.json"].map(|name| ground.file(name, debian().to_string()));
    let mut update = ground.catalog.update().unwrap();
    let error = update.import("debian", &[old, new], now()).unwrap_err();
    assert!(matches!(error, CatalogError::Source { .. }));
    let told = error.source().unwrap().to_string();
    assert!(told.contains("new.json` is a second document of `debian-security-tracker`"), "{told}");
}

#[test]
fn a_tracker_with_something_odd_in_it_is_refused_with_its_place() {
    let ground = Ground::new();
    let mut odd = debian();
    odd["other"]["CVE-2024-1"] = json!({"releases": {"bookworm": {"status": "pondered"}}});
    let file = ground.file("odd.json", odd.to_string());
    let mut update = ground.catalog.update().unwrap();
    let error = update.import("debian", &[file], now()).unwrap_err();
    let told = error.source().unwrap();
    assert!(told.to_string().ends_with("odd.json` cannot be used"), "{told}");
    let cause = told.source().unwrap().to_string();
    assert!(cause.contains("Debian's security tracker: unknown variant `pondered`"), "{cause}");
}

#[test]
fn what_a_tracker_says_is_shown_as_a_record() {
    let (_ground, snapshot) = compiled(&[alpine("v3.18", "main", "demo")]);
    let records = snapshot.database.records_named("cve-2024-1").unwrap();
    let [record] = records.as_slice() else { panic!("{}", records.len()) };
    let value: Value = serde_json::from_slice(record).unwrap();
    assert_eq!(value["id"], "ALPINE-CVE-2024-1");
    assert_eq!(value["affected"][0]["ranges"][0]["events"][1]["fixed"], "1.2-r3");
}
