//! What a lock changed and what it left, one line each.

use crate::Style;
use crate::style::{ADDED, DIM, PLAIN, REMOVED};
use crate::table::{self, Cell, Column};

/// A pin that moved, came or went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The project.
    pub project: String,
    /// The version before; none if the project is new.
    pub from: Option<String>,
    /// The version now; none if the project is gone.
    pub to: Option<String>,
    /// Why, such as `fixes CVE-2024-0001`; may be empty.
    pub why: String,
}

/// A pin that stayed although something speaks against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The project.
    pub project: String,
    /// The version.
    pub version: String,
    /// Why it stayed, such as `no fix is published`.
    pub why: String,
}

/// Changes and then what was kept, in the given order and aligned with one another: `+` marks what
/// is new, `-` what is gone, `=` what stayed, a blank what moved. Nothing for none.
///
/// ```text
///   starlette  0.35.1 -> 0.36.3  fixes CVE-2024-24762
/// + colorama   0.4.6             needed by click
/// = ecdsa      0.19.1            no fix is published
/// ```
pub fn changes(changes: &[Change], kept: &[Kept], style: Style) -> String {
    const COLUMNS: [Column; 3] = [Column::new("", 24), Column::new("", 24), Column::new("", 16)];
    let moved = changes.iter().map(|Change { project, from, to, why }| {
        let (mark, paint, versions) = match (from, to) {
            (Some(from), Some(to)) => (' ', PLAIN, format!("{from} -> {to}")),
            (None, Some(to)) => ('+', ADDED, to.clone()),
            (Some(from), None) => ('-', REMOVED, from.clone()),
            (None, None) => (' ', PLAIN, String::new()),
        };
        [
            Cell::painted(format_args!("{mark} {project}"), paint),
            Cell::new(versions),
            Cell::new(why),
        ]
    });
    let stayed = kept.iter().map(|Kept { project, version, why }| {
        [Cell::painted(format_args!("= {project}"), DIM), Cell::new(version), Cell::new(why)]
    });
    let rows: Vec<_> = moved.chain(stayed).collect();
    table::render(&COLUMNS, &rows, style)
}
