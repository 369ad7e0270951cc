//! Earlier reports of `provender secure`.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::Style;
use crate::style::BOLD;
use crate::table::{self, Cell, Column};
use crate::wording::age;

pub use crate::secure::Answer;

/// What a list of reports tells of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportEntry {
    /// The folder it is in, as it is shown.
    pub folder: String,
    /// When it was made.
    pub generated_at: Timestamp,
    /// The project it is about.
    pub project: String,
    /// What it says.
    pub answer: Answer,
    /// The answer in one line.
    pub conclusion: String,
}

/// Why a text is not a report that provender wrote.
#[derive(Debug, thiserror::Error)]
pub enum ReportEntryError {
    /// Not JSON, or a field is missing.
    #[error("not a report of provender: {0}")]
    Json(#[from] serde_json::Error),
    /// Another document, or one of a newer format.
    #[error("a document of the schema `{0}`, not of `provender.secure/1`")]
    Schema(String),
}

impl ReportEntry {
    /// Reads what a document of the schema `provender.secure/1` tells of itself; `folder` is where
    /// it was found.
    ///
    /// # Errors
    ///
    /// When the text is no such document.
    pub fn read(folder: &str, text: &str) -> Result<Self, ReportEntryError> {
        #[derive(Deserialize)]
        struct Schema {
            schema: String,
        }
        #[derive(Deserialize)]
        struct Head {
            generated_at: Timestamp,
            project: String,
            answer: Answer,
            conclusion: String,
        }
        let Schema { schema } = serde_json::from_str(text)?;
        if schema != "provender.secure/1" {
            return Err(ReportEntryError::Schema(schema));
        }
        let Head { generated_at, project, answer, conclusion } = serde_json::from_str(text)?;
        Ok(Self { folder: folder.to_owned(), generated_at, project, answer, conclusion })
    }
}

/// A table of reports in the given order; `now` is the time from which ages are told.
///
/// ```text
/// made (UTC)        age      project          answer  folder
/// 2024-10-14 12:00  3 hours  trading-backend  no      provender-reports/2024-10-14T120000Z
/// ```
pub fn terminal(reports: &[ReportEntry], now: Timestamp, style: Style) -> String {
    const COLUMNS: [Column; 5] = [
        Column::new("made (UTC)", 16),
        Column::new("age", 7),
        Column::new("project", 10),
        Column::new("answer", 9),
        Column::new("folder", 12),
    ];
    if reports.is_empty() {
        return "there are no reports\n".to_owned();
    }
    let rows: Vec<_> = reports
        .iter()
        .map(|report| {
            let made = report.generated_at.to_zoned(TimeZone::UTC);
            [
                Cell::new(made.strftime("%Y-%m-%d %H:%M")),
                Cell::new(age(report.generated_at, now).unwrap_or_default()),
                Cell::painted(&report.project, BOLD),
                Cell::painted(report.answer, report.answer.mark().paint()),
                Cell::new(&report.folder),
            ]
        })
        .collect();
    table::render(&COLUMNS, &rows, style)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    reports: &'a [ReportEntry],
}

/// A document of the schema `provender.report/1`: `reports`, each with the fields of
/// [`ReportEntry`].
#[expect(clippy::expect_used, reason = "strings and lists always have a form in JSON")]
pub fn json(reports: &[ReportEntry]) -> String {
    crate::json::document(&Document { schema: "provender.report/1", reports })
        .expect("the document has a form in JSON")
}
