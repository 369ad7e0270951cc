//! How bad a vulnerability is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The qualitative severity of CVSS (v3.1 section 5, v4.0 section 6), and *unknown* where the
/// record tells none.
///
/// There is deliberately no order between `Unknown` and the others: ask [`Severity::meets`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A score of 0.0.
    None,
    /// 0.1 to 3.9.
    Low,
    /// 4.0 to 6.9; what databases also call MODERATE.
    Medium,
    /// 7.0 to 8.9.
    High,
    /// 9.0 to 10.0.
    Critical,
    /// The record says nothing usable.
    Unknown,
}

/// Why a text is not a severity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a severity: none, low, medium, high, critical or unknown")]
pub struct SeverityError(String);

impl Severity {
    /// Whether a finding of this severity counts at `threshold`. *Unknown* meets every threshold:
    /// a missing answer is never a yes.
    pub fn meets(self, threshold: Self) -> bool {
        self == Self::Unknown || (threshold != Self::Unknown && self.rank() >= threshold.rank())
    }

    /// The severity of a CVSS base score between 0.0 and 10.0.
    pub fn from_score(score: f64) -> Self {
        match score {
            s if s >= 9.0 => Self::Critical,
            s if s >= 7.0 => Self::High,
            s if s >= 4.0 => Self::Medium,
            s if s > 0.0 => Self::Low,
            _ => Self::None,
        }
    }

    /// A place in a list that shows the worst first: critical, high, unknown, medium, low, none.
    pub fn urgency(self) -> u8 {
        match self {
            Self::Critical => 5,
            Self::High => 4,
            Self::Unknown => 3,
            Self::Medium => 2,
            Self::Low => 1,
            Self::None => 0,
        }
    }

    fn rank(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Low => 1,
            Self::Medium => 2,
            Self::High => 3,
            Self::Critical | Self::Unknown => 4,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
            Self::Unknown => "unknown",
        })
    }
}

impl FromStr for Severity {
    type Err = SeverityError;

    /// Reads any letter case, and MODERATE as medium.
    fn from_str(text: &str) -> Result<Self, SeverityError> {
        Ok(match text.to_ascii_lowercase().as_str() {
            "none" => Self::None,
            "low" => Self::Low,
            "medium" | "moderate" => Self::Medium,
            "high" => Self::High,
            "critical" => Self::Critical,
            "unknown" => Self::Unknown,
            _ => return Err(SeverityError(text.to_owned())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Severity::*;
    use super::*;

    #[test]
    fn unknown_meets_every_threshold() {
        for threshold in [None, Low, Medium, High, Critical, Unknown] {
            assert!(Unknown.meets(threshold));
        }
    }

    #[test]
    fn a_known_severity_meets_what_it_reaches() {
        assert!(High.meets(Low) && High.meets(High) && !High.meets(Critical));
        assert!(!None.meets(Low) && None.meets(None));
        assert!(!Critical.meets(Unknown), "only unknown ones are asked for");
    }

    #[test]
    fn scores_fall_into_the_bands_of_cvss() {
        let bands = [0.0, 0.1, 3.9, 4.0, 6.9, 7.0, 8.9, 9.0, 10.0].map(Severity::from_score);
        assert_eq!(bands, [None, Low, Low, Medium, Medium, High, High, Critical, Critical]);
    }

    #[test]
    fn the_databases_word_moderate_is_medium() {
        assert_eq!("MODERATE".parse(), Ok(Medium));
    }
}
