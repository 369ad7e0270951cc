//! Texts written by strangers.

use provender_core::{Diagnostic, Place};
use provender_report::changes::{Change, changes};
use provender_report::{ReportFormat, Style, diagnostics};

use crate::sample::{self, render, wide};

pub(crate) const HOSTILE: &str =
    "x\u{1b}[2J\u{1b}]0;t\u{7}\r\u{8}\u{9b}31m\u{202e}y\u{7f}\u{2066}\nz";

/// Whether only line feeds are left of what terminals obey.
pub(crate) fn is_harmless(text: &str) -> bool {
    !text.contains(|c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}

#[test]
fn no_control_character_reaches_a_report() {
    let mut audit = sample::audit();
    for found in &mut audit.findings {
        found.summary = Some(HOSTILE.to_owned());
        found.ids = vec![HOSTILE.to_owned()];
        found.component.place.file = HOSTILE.into();
        if let Some(waiver) = &mut found.waiver {
            (waiver.id, waiver.reason, waiver.owner) =
                (HOSTILE.to_owned(), HOSTILE.to_owned(), HOSTILE.to_owned());
        }
    }
    for other in &mut audit.not_audited {
        other.requirement = HOSTILE.to_owned();
        other.place.file = HOSTILE.into();
    }
    audit.advisories.sources[0].name = HOSTILE.to_owned();
    audit.diagnostics.push(hostile_diagnostic());
    for format in ReportFormat::ALL {
        for width in [40, 80, 120] {
            let report = render(&audit, format, wide(width));
            assert!(is_harmless(&report), "{format}: {report:?}");
            assert!(!report.contains("\nz"), "no line is begun by a stranger: {report}");
        }
    }
    let json = render(&audit, ReportFormat::Json, wide(80));
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["not_audited"][0]["requirement"], HOSTILE, "machines get what was there");
}

#[test]
fn no_control_character_reaches_a_diagnostic_or_a_change() {
    assert!(is_harmless(&diagnostics::terminal(&[hostile_diagnostic()], Style::PLAIN)));
    let change = Change {
        project: HOSTILE.to_owned(),
        from: Some(HOSTILE.to_owned()),
        to: Some(HOSTILE.to_owned()),
        why: HOSTILE.to_owned(),
    };
    assert!(is_harmless(&changes(&[change], &[], wide(200))));
}

fn hostile_diagnostic() -> Diagnostic {
    Diagnostic::error("a/b", HOSTILE)
        .at(Place::file(HOSTILE))
        .because(HOSTILE)
        .hint(HOSTILE)
        .decided_by(HOSTILE)
}
