//! Waivers of findings at packages.

use provender_advisory::waiver::Waivers;
use provender_advisory::{Fix, PackageFinding};
use provender_core::Severity;
use provender_core::audit::{Waiver, WaiverEnd, WaiverScope};

fn finding(fix: Fix) -> PackageFinding {
    PackageFinding {
        query: 0,
        ids: vec!["CVE-2024-1".to_owned(), "DEBIAN-CVE-2024-1".to_owned()],
        severity: Severity::Low,
        summary: None,
        fix,
        determined: true,
    }
}

fn waiver(id: &str, name: &str, until: WaiverEnd) -> Waiver {
    Waiver {
        id: id.to_owned(),
        project: name.parse().unwrap(),
        reason: "not reachable".to_owned(),
        owner: "security@demo.example".to_owned(),
        until,
        scope: WaiverScope::Image,
    }
}

/// Whether a waiver accepts a finding at a package with names, and what is said of it.
fn ask(waiver: Waiver, names: &[&str], finding: &PackageFinding) -> (bool, Vec<&'static str>) {
    let waivers = [waiver];
    let waivers = Waivers::for_image(&waivers, "2026-11-21".parse().unwrap());
    let accepted = waivers.accepting_package(names, finding).is_some();
    (accepted, waivers.diagnostics().iter().map(|diagnostic| diagnostic.rule).collect())
}

#[test]
fn a_package_is_waived_by_any_of_its_names_and_ids() {
    let next_year = || WaiverEnd::Date("2027-01-01".parse().unwrap());
    for (id, name) in [
        ("CVE-2024-1", "g++"),
        ("debian-cve-2024-1", "g++"),
        ("CVE-2024-1", "libstdc++6"),
        ("CVE-2024-1", "gcc-12"),
    ] {
        let names = ["gcc-12", "g++", "libstdc++6"];
        let asked = ask(waiver(id, name, next_year()), &names, &finding(Fix::None));
        assert_eq!(asked, (true, vec![]), "{id} {name}");
    }
    let other = ask(waiver("CVE-2024-1", "g++", next_year()), &["cpp"], &finding(Fix::None));
    assert_eq!(other, (false, vec!["waiver/unmatched"]));
}

#[test]
fn a_waiver_until_fixed_ends_with_a_fix_and_not_with_a_refusal() {
    let asked = |fix| ask(waiver("CVE-2024-1", "demo", WaiverEnd::Fixed), &["demo"], &finding(fix));
    assert_eq!(asked(Fix::None), (true, vec![]));
    assert_eq!(asked(Fix::WontFix("unimportant".to_owned())), (true, vec![]));
    assert_eq!(asked(Fix::In("2".to_owned())), (false, vec!["waiver/fixed-available"]));
}

#[test]
fn what_is_not_compared_is_waived_by_name() {
    let waivers = [waiver("not-audited", "demo", WaiverEnd::Date("2027-01-01".parse().unwrap()))];
    let waivers = Waivers::for_image(&waivers, "2026-11-21".parse().unwrap());
    assert!(waivers.accepting_uncompared_package(&["demo"]).is_some());
    assert!(waivers.accepting_uncompared_package(&["other"]).is_none());
}

#[test]
fn what_is_accepted_everywhere_holds_in_an_image_and_need_not_be_there() {
    let everywhere = || Waiver {
        scope: WaiverScope::Everywhere,
        ..waiver("CVE-2024-1", "demo", WaiverEnd::Fixed)
    };
    assert_eq!(ask(everywhere(), &["demo"], &finding(Fix::None)), (true, vec![]));
    assert_eq!(ask(everywhere(), &["other"], &finding(Fix::None)), (false, vec![]));
    let fixed = finding(Fix::In("2".to_owned()));
    assert_eq!(ask(everywhere(), &["demo"], &fixed), (false, vec!["waiver/fixed-available"]));
}

#[test]
fn what_is_accepted_in_images_says_nothing_of_a_lock() {
    let waivers = [waiver("CVE-2024-1", "demo", WaiverEnd::Fixed)];
    let waivers = Waivers::new(&waivers, "2026-11-21".parse().unwrap());
    assert!(waivers.accepting_package(&["demo"], &finding(Fix::None)).is_none());
    assert!(waivers.diagnostics().is_empty());
}
