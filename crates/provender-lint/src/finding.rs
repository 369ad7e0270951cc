//! What a rule found, and what would fix it.

use provender_core::Level;

use crate::facts::Span;

/// Something wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id, `lint/...`.
    pub rule: &'static str,
    /// How much it matters.
    pub level: Level,
    /// What is wrong, in one line, lower case without a full stop.
    pub message: String,
    /// Where exactly.
    pub span: Span,
    /// A few words beside the span, such as `any server is believed`.
    pub label: String,
    /// Other places that belong to it, with their words.
    pub also: Vec<(Span, String)>,
    /// Why it matters here, from the outer reason to the innermost.
    pub causes: Vec<String>,
    /// What to do.
    pub hint: Option<String>,
    /// The fix, if there is one that keeps the file's meaning.
    pub fix: Option<Fix>,
}

impl Finding {
    /// A finding with nothing but what is wrong and where.
    pub fn new(
        rule: &'static str,
        level: Level,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            level,
            message: message.into(),
            span,
            label: label.into(),
            also: Vec::new(),
            causes: Vec::new(),
            hint: None,
            fix: None,
        }
    }

    /// Adds a reason.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says what would fix it.
    #[must_use]
    pub fn fixed_by(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }
}

/// Edits that make a finding go away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What they do, such as `delete --trusted-host`.
    pub title: String,
    /// The edits, which do not overlap.
    pub edits: Vec<Edit>,
    /// What has to hold before they may be made.
    pub needs: Needs,
}

/// A replacement of a range of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What goes.
    pub span: Span,
    /// What comes in its place.
    pub text: String,
}

impl Edit {
    /// Something goes.
    pub fn delete(span: Span) -> Self {
        Self { span, text: String::new() }
    }
}

/// What has to hold before a fix may be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: the file means the same afterwards, as with a setting that does nothing.
    Nothing,
    /// Verification has to succeed without the bypass: a handshake with each of these hosts was
    /// proved, or the user named the CA bundle. No host means every one that the file's tools use.
    Verified {
        /// Hosts, with a port where the file names one.
        hosts: Vec<String>,
    },
}
