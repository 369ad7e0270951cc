//! What is in stock, and for which lock.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::Style;
use crate::style::{BOLD, DIM};
use crate::table::{self, Cell, Column};
use crate::wording::{counted, size};
use crate::wrap;

/// A release of which files are in stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StockedRelease {
    /// The project.
    pub project: String,
    /// The version.
    pub version: String,
    /// How many of its files are in stock.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// The known locks that need it, as they are shown; none means that it can be pruned.
    pub needed_by: Vec<String>,
}

/// A table of releases in the given order, and a last line with their sums.
///
/// ```text
/// project  version  files    size  needed by
/// flask    3.0.0        2  774 kB  constraints.txt
/// idna     3.6          2  238 kB  no lock
///
/// 2 projects, 2 releases, 4 files, 1.0 MB; 2 files (238 kB) are needed by no lock
/// ```
pub fn terminal(releases: &[StockedRelease], style: Style) -> String {
    const COLUMNS: [Column; 5] = [
        Column::new("project", 10),
        Column::new("version", 7),
        Column::number("files"),
        Column::number("size"),
        Column::new("needed by", 12),
    ];
    if releases.is_empty() {
        return "nothing is in stock\n".to_owned();
    }
    let rows: Vec<_> = releases
        .iter()
        .map(|release| {
            let needed_by = match &release.needed_by[..] {
                [] => Cell::painted("no lock", DIM),
                locks => Cell::new(locks.join(", ")),
            };
            [
                Cell::new(&release.project),
                Cell::new(&release.version),
                Cell::new(release.files),
                Cell::new(size(release.bytes)),
                needed_by,
            ]
        })
        .collect();
    let mut out = table::render(&COLUMNS, &rows, style);
    out.push('\n');
    out.push_str(&wrap::painted(&sums(releases), BOLD, style));
    out
}

fn sums(releases: &[StockedRelease]) -> String {
    let all = Totals::of(releases);
    let mut text = format!(
        "{}, {}, {}, {}",
        counted(all.projects as u64, "project"),
        counted(all.releases as u64, "release"),
        counted(all.files, "file"),
        size(all.bytes),
    );
    let needless = Totals::of(releases.iter().filter(|release| release.needed_by.is_empty()));
    if needless.files > 0 {
        let verb = if needless.files == 1 { "is" } else { "are" };
        text.push_str(&format!(
            "; {} ({}) {verb} needed by no lock",
            counted(needless.files, "file"),
            size(needless.bytes)
        ));
    }
    text
}

#[derive(Serialize)]
struct Totals {
    projects: usize,
    releases: usize,
    files: u64,
    bytes: u64,
}

impl Totals {
    fn of<'a>(releases: impl IntoIterator<Item = &'a StockedRelease>) -> Self {
        let mut projects = BTreeSet::new();
        let mut totals = Self { projects: 0, releases: 0, files: 0, bytes: 0 };
        for release in releases {
            projects.insert(&release.project);
            totals.releases += 1;
            totals.files += release.files;
            totals.bytes += release.bytes;
        }
        Self { projects: projects.len(), ..totals }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    totals: Totals,
    releases: &'a [StockedRelease],
}

/// A document of the schema `provender.stock-list/1`: `totals` (`projects`, `releases`, `files`, `bytes`)
/// and `releases`, each with the fields of [`StockedRelease`].
#[expect(clippy::expect_used, reason = "strings, numbers and lists always have a form in JSON")]
pub fn json(releases: &[StockedRelease]) -> String {
    let totals = Totals::of(releases);
    crate::json::document(&Document { schema: "provender.stock-list/1", totals, releases })
        .expect("the document has a form in JSON")
}
