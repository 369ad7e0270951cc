//! Real lock files against real advisories.

use std::fs;
use std::path::Path;

use provender_advisory::audit;
use provender_core::audit::{Audit, Component};
use provender_core::{Place, Severity};

use crate::fixtures::{now, shared, shared_catalog};

fn pins(path: &Path) -> Vec<Component> {
    let text = fs::read_to_string(path).unwrap();
    let pin = |(line, number): (&str, u32)| {
        let (name, rest) = line.split_once("==")?;
        let version = rest.split([' ', ';', '\\']).next()?;
        let place = Place::line(path, number);
        Some(Component { project: name.parse().ok()?, version: version.parse().ok()?, place })
    };
    text.lines().zip(1..).filter_map(pin).collect()
}

fn audit_shared(shared: &Path, file: &str) -> Audit {
    let (_ground, snapshot) = shared_catalog(shared);
    let components = pins(&shared.join("projects").join(file));
    audit(&snapshot, components, Vec::new(), &[], now()).unwrap()
}

#[test]
fn the_lock_of_2025_has_one_vulnerability_and_no_fix_for_it() {
    let Some(shared) = shared("the_lock_of_2025_has_one_vulnerability_and_no_fix_for_it") else {
        return;
    };
    let audit = audit_shared(&shared, "paiid/constraints-2025-10-24.txt");
    assert_eq!(audit.components, 99);
    let [finding] = audit.findings.as_slice() else { panic!("{:#?}", audit.findings) };
    let at = &finding.component;
    assert_eq!((at.project.as_ref(), at.version.to_string().as_str()), ("ecdsa", "0.19.1"));
    assert_eq!(finding.ids, ["CVE-2024-23342", "GHSA-wj6h-64fc-37mp"]);
    assert_eq!((finding.severity, finding.fixed_in.as_slice()), (Severity::High, &[][..]));
    let text = fs::read_to_string(&at.place.file).unwrap();
    let line = usize::try_from(at.place.line.unwrap()).unwrap();
    assert!(text.lines().nth(line - 1).unwrap().starts_with("ecdsa==0.19.1"));
}

#[test]
fn the_lock_of_2024_has_fourteen_findings_on_ten_projects() {
    let Some(shared) = shared("the_lock_of_2024_has_fourteen_findings_on_ten_projects") else {
        return;
    };
    let audit = audit_shared(&shared, "trading-backend/constraints.txt");
    assert_eq!(audit.components, 43);
    let told: Vec<_> = audit
        .findings
        .iter()
        .map(|f| format!("{} {} {:?}", f.component.project, f.ids.join(" "), f.fixed_in))
        .collect();
    assert_eq!(told.len(), 14, "{told:#?}");
    let projects: std::collections::BTreeSet<_> =
        audit.findings.iter().map(|finding| &finding.component.project).collect();
    assert_eq!(projects.len(), 10, "{told:#?}");
}
