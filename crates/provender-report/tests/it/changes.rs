//! What a lock changed.

use provender_report::Style;
use provender_report::changes::{Change, Kept, changes};

use crate::sample::wide;

fn change(project: &str, from: Option<&str>, to: Option<&str>, why: &str) -> Change {
    Change {
        project: project.to_owned(),
        from: from.map(str::to_owned),
        to: to.map(str::to_owned),
        why: why.to_owned(),
    }
}

pub(crate) fn sample() -> (Vec<Change>, Vec<Kept>) {
    let moved = vec![
        change("starlette", Some("0.35.1"), Some("0.36.3"), "fixes CVE-2024-24762, CVE-2024-47874"),
        change("colorama", None, Some("0.4.6"), "needed by click"),
        change("six", Some("1.16.0"), None, ""),
    ];
    let kept = vec![Kept {
        project: "ecdsa".to_owned(),
        version: "0.19.1".to_owned(),
        why: "no fix is published".to_owned(),
    }];
    (moved, kept)
}

#[test]
fn moves_arrivals_and_departures_are_aligned() {
    let (moved, kept) = sample();
    assert_eq!(
        changes(&moved, &kept, wide(80)),
        "\
\x20 starlette  0.35.1 -> 0.36.3  fixes CVE-2024-24762, CVE-2024-47874
+ colorama   0.4.6             needed by click
- six        1.16.0
= ecdsa      0.19.1            no fix is published
"
    );
}

#[test]
fn long_reasons_are_wrapped_under_themselves() {
    let (moved, kept) = sample();
    assert_eq!(
        changes(&moved, &kept, wide(50)),
        "\
\x20 starlette  0.35.1 -> 0.36.3  fixes
                               CVE-2024-24762,
                               CVE-2024-47874
+ colorama   0.4.6             needed by click
- six        1.16.0
= ecdsa      0.19.1            no fix is published
"
    );
}

#[test]
fn at_40_columns_the_cells_stand_below_one_another() {
    let (moved, kept) = sample();
    assert_eq!(
        changes(&moved, &kept, wide(40)),
        "\
\x20 starlette
    0.35.1 -> 0.36.3
    fixes CVE-2024-24762, CVE-2024-47874
+ colorama
    0.4.6
    needed by click
- six
    1.16.0
= ecdsa
    0.19.1
    no fix is published
"
    );
}

#[test]
fn nothing_changed_is_nothing_shown() {
    assert_eq!(changes(&[], &[], Style::PLAIN), "");
}
