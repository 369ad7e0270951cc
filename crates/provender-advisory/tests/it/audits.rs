//! Findings, waivers and their order.

use provender_advisory::{Auditor, audit};
use provender_core::audit::{Audit, NotAudited, NotAuditedReason, Waiver, WaiverEnd, WaiverScope};
use provender_core::{Place, Severity};

use crate::fixtures::{Ground, RECORD, RecordText, component, now, project, version};

fn waiver(id: &str, name: &str, until: &str) -> Waiver {
    let until = match until {
        "fixed" => WaiverEnd::Fixed,
        date => WaiverEnd::Date(date.parse().unwrap()),
    };
    let (reason, owner) = ("not reachable".to_owned(), "security@demo.example".to_owned());
    let (project, scope) = (project(name).into(), WaiverScope::Everywhere);
    Waiver { id: id.to_owned(), project, reason, owner, until, scope }
}

fn audit_demo(record: &RecordText, waivers: &[Waiver]) -> Audit {
    let (_ground, snapshot) = Ground::with(std::slice::from_ref(record));
    audit(&snapshot, vec![component("demo", "1.0", 3)], Vec::new(), waivers, now()).unwrap()
}

fn rules(audit: &Audit) -> Vec<&'static str> {
    audit.diagnostics.iter().map(|diagnostic| diagnostic.rule).collect()
}

#[test]
fn a_finding_tells_what_where_and_what_to_do() {
    let audit = audit_demo(&RECORD, &[]);
    let [finding] = audit.findings.as_slice() else { panic!("{:?}", audit.findings) };
    assert_eq!(finding.component, component("demo", "1.0", 3));
    assert_eq!(finding.ids, ["CVE-2024-1", "GHSA-1111-2222-3333"]);
    assert_eq!(finding.severity, Severity::High);
    assert_eq!(finding.fixed_in, [version("2.0")]);
    assert_eq!(finding.summary.as_deref(), Some("GHSA-1111-2222-3333 in demo"));
    assert_eq!((audit.components, audit.advisories.records), (1, 1));
}

#[test]
fn the_worst_comes_first_then_project_version_and_ids() {
    let record =
        |id, name, severity| RecordText { id, aliases: &[], project: name, severity, ..RECORD };
    let (_ground, snapshot) = Ground::with(&[
        record("X-1", "b", "LOW"),
        record("X-2", "a", "odd word"),
        record("X-3", "a", "CRITICAL"),
        record("X-4", "b", "CRITICAL"),
        record("X-5", "a", "CRITICAL"),
    ]);
    let components =
        vec![component("b", "1.0", 1), component("a", "1.5", 3), component("a", "1.0", 2)];
    let audit = audit(&snapshot, components, Vec::new(), &[], now()).unwrap();
    let order: Vec<_> = audit
        .findings
        .iter()
        .map(|f| format!("{} {} {}", f.component.project, f.component.version, f.ids[0]))
        .collect();
    assert_eq!(
        order,
        [
            "a 1.0 X-3",
            "a 1.0 X-5",
            "a 1.5 X-3",
            "a 1.5 X-5",
            "b 1.0 X-4",
            "a 1.0 X-2",
            "a 1.5 X-2",
            "b 1.0 X-1"
        ]
    );
}

#[test]
fn a_waiver_is_found_by_id_or_alias() {
    for id in ["GHSA-1111-2222-3333", "CVE-2024-1", "cve-2024-1"] {
        let audit = audit_demo(&RECORD, &[waiver(id, "demo", "2026-11-21")]);
        assert_eq!(audit.findings[0].waiver.as_ref().unwrap().id, id);
        assert!(!audit.findings[0].counts_at(Severity::Low));
        assert_eq!(rules(&audit), [""; 0]);
    }
}

#[test]
fn an_expired_waiver_waives_nothing() {
    let audit = audit_demo(&RECORD, &[waiver("CVE-2024-1", "demo", "2026-11-20")]);
    assert_eq!(audit.findings[0].waiver, None);
    assert_eq!(rules(&audit), ["waiver/expired"]);
}

#[test]
fn a_waiver_that_matches_nothing_is_named() {
    let audit = audit_demo(
        &RECORD,
        &[waiver("CVE-2024-1", "other", "2027-01-01"), waiver("CVE-2024-2", "demo", "fixed")],
    );
    assert_eq!(audit.findings[0].waiver, None);
    assert_eq!(rules(&audit), ["waiver/unmatched", "waiver/unmatched"]);
}

#[test]
fn a_waiver_until_fixed_ends_with_the_first_fix() {
    let until_fixed = [waiver("CVE-2024-1", "demo", "fixed")];
    let open = audit_demo(&RecordText { events: "introduced 0", ..RECORD }, &until_fixed);
    assert!(open.findings[0].waiver.is_some() && open.diagnostics.is_empty());
    let fixed = audit_demo(&RECORD, &until_fixed);
    assert_eq!(fixed.findings[0].waiver, None);
    assert_eq!(rules(&fixed), ["waiver/fixed-available"]);
}

#[test]
fn what_cannot_be_audited_is_accepted_by_a_waiver_for_its_project() {
    let (_ground, snapshot) = Ground::with(&[RECORD]);
    let skipped = |name: Option<&str>| NotAudited {
        requirement: "./demo".to_owned(),
        project: name.map(project),
        reason: NotAuditedReason::Url,
        place: Place::line("requirements.txt", 1),
        waiver: None,
    };
    let waivers = [waiver("not-audited", "demo", "2027-01-01")];
    let not_audited = vec![skipped(Some("demo")), skipped(Some("other")), skipped(None)];
    let audit = audit(&snapshot, Vec::new(), not_audited, &waivers, now()).unwrap();
    let waived: Vec<_> = audit.not_audited.iter().map(|s| s.waiver.is_some()).collect();
    assert_eq!(waived, [true, false, false]);
    assert!(audit.diagnostics.is_empty());
}

#[test]
fn the_auditor_objects_to_what_an_audit_would_count() {
    let (_ground, snapshot) = Ground::with(&[RECORD]);
    let demo = project("demo");
    let versions = ["1.0", "1.9", "2.0", "3.0"].map(version);
    let auditor = |waivers: &'static [Waiver], threshold| {
        let auditor = Auditor::new(&snapshot.database, waivers, threshold, now());
        let acceptable = auditor.acceptable(&demo, &versions).unwrap();
        for version in &versions {
            let objects = auditor.objects_to(&demo, version).unwrap();
            assert_eq!(objects, !acceptable.contains(&version));
        }
        acceptable.into_iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(auditor(&[], Severity::Low), ["2.0", "3.0"]);
    assert_eq!(auditor(&[], Severity::Critical), ["1.0", "1.9", "2.0", "3.0"]);
    let waivers = Box::leak(Box::new([waiver("CVE-2024-1", "demo", "2026-12-31")]));
    assert_eq!(auditor(waivers, Severity::Low), ["1.0", "1.9", "2.0", "3.0"]);
}
