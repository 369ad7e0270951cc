//! The answer of an audit: a table for a terminal, text, Markdown and JSON.

pub(crate) mod json;
pub(crate) mod markdown;
pub(crate) mod sections;
pub(crate) mod summary;
pub(crate) mod table;
pub(crate) mod text;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use provender_core::Severity;
use provender_core::audit::Audit;

use crate::Style;
use sections::Sections;

/// A form in which an audit is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportFormat {
    /// Aligned columns that fit a terminal. The audit's diagnostics are not among them: they go
    /// where the command's other diagnostics go ([`crate::diagnostics::terminal`]).
    Table,
    /// A block of lines for each finding, with everything that is known. It depends on no width and
    /// no clock.
    Text,
    /// GitHub-flavoured Markdown. It depends on no width and no clock.
    Markdown,
    /// A document of the schema `provender.audit/1`.
    Json,
}

impl ReportFormat {
    /// Every format, in the order in which a list of them reads best.
    pub const ALL: [Self; 4] = [Self::Table, Self::Text, Self::Markdown, Self::Json];

    /// The word for it on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Text => "text",
            Self::Markdown => "markdown",
            Self::Json => "json",
        }
    }
}

impl fmt::Display for ReportFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why a text is not a report format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a report format: table, text, markdown or json")]
pub struct ReportFormatError(String);

impl FromStr for ReportFormat {
    type Err = ReportFormatError;

    fn from_str(text: &str) -> Result<Self, ReportFormatError> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == text)
            .ok_or_else(|| ReportFormatError(text.to_owned()))
    }
}

/// An audit and what is needed to show it.
#[derive(Debug, Clone, Copy)]
pub struct AuditReport<'a> {
    /// The answer that is shown.
    pub audit: &'a Audit,
    /// The severity from which on a finding counts; findings below it are shown apart.
    pub threshold: Severity,
    /// The time from which ages are told; only [`ReportFormat::Table`] tells them.
    pub now: Timestamp,
}

impl<'a> AuditReport<'a> {
    /// The audit in a format; every line ends with a line feed. Only [`ReportFormat::Table`]
    /// looks at the style.
    pub fn render(&self, format: ReportFormat, style: Style) -> String {
        match format {
            ReportFormat::Table => table::render(self, style),
            ReportFormat::Text => text::render(self),
            ReportFormat::Markdown => markdown::render(self),
            ReportFormat::Json => json::render(self.audit),
        }
    }

    pub(crate) fn sections(&self) -> Sections<'a> {
        Sections::new(self.audit, self.threshold)
    }
}
