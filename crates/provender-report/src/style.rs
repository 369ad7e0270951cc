//! What the place of output can show.

use std::fmt::Display;

use anstyle::{AnsiColor, Effects, Style as Paint};
use provender_core::check::Outcome;
use provender_core::{Level, Severity};

/// What the terminal, pipe or file that a text is written for can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether ANSI colours are wanted.
    pub color: bool,
    /// Columns in a line; fewer than 40 count as 40.
    pub width: usize,
    /// Whether the typography may leave ASCII. Names and messages are shown as they are.
    pub unicode: bool,
}

impl Style {
    /// Neither colours nor typography, 80 columns: for a pipe or a file.
    pub const PLAIN: Self = Self { color: false, width: 80, unicode: false };

    /// The columns that there really are.
    pub(crate) fn columns(self) -> usize {
        self.width.max(40)
    }

    /// What stands where something was left out.
    pub(crate) fn ellipsis(self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }

    /// The text in the colours of `paint`, if colours are wanted.
    pub(crate) fn paint(self, paint: Paint, text: impl Display) -> String {
        if self.color && paint != PLAIN {
            format!("{paint}{text}{paint:#}")
        } else {
            text.to_string()
        }
    }
}

/// As the terminal shows everything else.
pub(crate) const PLAIN: Paint = Paint::new();
/// Headings and messages.
pub(crate) const BOLD: Paint = Paint::new().effects(Effects::BOLD);
/// What matters less than what stands beside it.
pub(crate) const DIM: Paint = Paint::new().effects(Effects::DIMMED);
/// Marks that lead the eye, such as the arrow before a place.
pub(crate) const MARK: Paint = AnsiColor::Blue.on_default().effects(Effects::BOLD);
/// What is new.
pub(crate) const ADDED: Paint = AnsiColor::Green.on_default();
/// What is gone.
pub(crate) const REMOVED: Paint = AnsiColor::Red.on_default();
/// A clear answer of yes.
pub(crate) const GOOD: Paint = AnsiColor::Green.on_default().effects(Effects::BOLD);

/// What an answer comes to, as a mark before a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It is so.
    Yes,
    /// It is not so.
    No,
    /// There should be an answer, and there is none.
    Missing,
    /// Nothing was asked.
    Skipped,
}

impl Mark {
    /// The mark of a step of a check.
    pub(crate) fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Passed => Self::Yes,
            Outcome::Failed => Self::No,
            Outcome::NotRun => Self::Skipped,
        }
    }

    /// One character.
    pub(crate) fn unicode(self) -> &'static str {
        match self {
            Self::Yes => "✓",
            Self::No => "✗",
            Self::Missing => "?",
            Self::Skipped => "–",
        }
    }

    /// The mark where it may stand; in ASCII all marks are equally wide.
    pub(crate) fn text(self, style: Style) -> &'static str {
        match self {
            _ if style.unicode => self.unicode(),
            Self::Yes => "ok",
            Self::No => "no",
            Self::Missing => "??",
            Self::Skipped => "--",
        }
    }

    pub(crate) fn paint(self) -> Paint {
        match self {
            Self::Yes => GOOD,
            Self::No => AnsiColor::Red.on_default().effects(Effects::BOLD),
            Self::Missing | Self::Skipped => AnsiColor::Yellow.on_default().effects(Effects::BOLD),
        }
    }
}

/// The colour of a severity.
pub(crate) fn of_severity(severity: Severity) -> Paint {
    match severity {
        Severity::Critical => AnsiColor::Red.on_default().effects(Effects::BOLD),
        Severity::High => AnsiColor::Red.on_default(),
        Severity::Unknown => AnsiColor::Magenta.on_default(),
        Severity::Medium => AnsiColor::Yellow.on_default(),
        Severity::Low => AnsiColor::Cyan.on_default(),
        Severity::None => DIM,
    }
}

/// The colour of a diagnostic's level.
pub(crate) fn of_level(level: Level) -> Paint {
    let color = match level {
        Level::Error => AnsiColor::Red,
        Level::Warning => AnsiColor::Yellow,
        Level::Note => AnsiColor::Cyan,
    };
    color.on_default().effects(Effects::BOLD)
}
