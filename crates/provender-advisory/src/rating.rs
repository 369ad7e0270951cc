//! How bad a record says it is.

use std::str::FromStr;

use cvss::Cvss;
use provender_core::Severity;

use crate::osv::{Affected, Record, Score};

/// What a record says about its severity, with the source of the word kept apart: a score outweighs
/// the database's own word, also when another record of the same group has the score.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Rating {
    /// The worst of the CVSS vectors that can be read.
    pub(crate) scored: Option<Severity>,
    /// The worst of the database's words that can be read.
    pub(crate) said: Option<Severity>,
}

impl Rating {
    /// The rating of a record for one of its projects.
    pub(crate) fn of(record: &Record, affected: &Affected) -> Self {
        let scores = record.severity.iter().chain(&affected.severity);
        let words = [&record.database_specific.severity, &affected.database_specific.severity];
        Self {
            scored: worst(scores.filter_map(scored)),
            said: worst(words.into_iter().flatten().filter_map(|word| said(word))),
        }
    }

    /// The rating of a record for one of a distribution's packages: its scores, else the
    /// distribution's own word.
    pub(crate) fn of_package(record: &Record, affected: &Affected) -> Self {
        let of_project = Self::of(record, affected);
        let scores = record.severity.iter().chain(&affected.severity);
        let priorities = scores.filter(|score| score.kind == "Ubuntu").map(|score| &score.score);
        let words = priorities.chain(&affected.ecosystem_specific.urgency);
        let urgency = worst(words.filter_map(|word| urgency(word)));
        Self { scored: of_project.scored, said: urgency.or(of_project.said) }
    }

    /// The worse of both, score with score and word with word.
    pub(crate) fn merge(self, other: Self) -> Self {
        Self {
            scored: worst(self.scored.into_iter().chain(other.scored)),
            said: worst(self.said.into_iter().chain(other.said)),
        }
    }

    /// The severity that it amounts to.
    pub(crate) fn severity(self) -> Severity {
        self.scored.or(self.said).unwrap_or(Severity::Unknown)
    }
}

/// The severity of a CVSS vector of version 2.0, 3.0, 3.1 or 4.0. Version 2.0 has no bands of its own, so
/// the bands of 3.1 are used for it. A vector that cannot be read, or another kind of score, is none.
fn scored(score: &Score) -> Option<Severity> {
    score.kind.starts_with("CVSS_").then_some(())?;
    let text = score.score.trim();
    let vector = Cvss::from_str(text).ok()?;
    let mandatory: &[&str] = match vector {
        Cvss::CvssV20(_) => &["AV", "AC", "Au", "C", "I", "A"],
        Cvss::CvssV30(_) | Cvss::CvssV31(_) => &["AV", "AC", "PR", "UI", "S", "C", "I", "A"],
        Cvss::CvssV40(_) => &["AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA"],
        _ => return None,
    };
    // The parser lets metrics be missing and scores such a vector as harmless.
    let has = |metric: &&str| {
        text.split('/').filter_map(|part| part.split_once(':')).any(|(name, _)| name == *metric)
    };
    mandatory.iter().all(has).then(|| Severity::from_score(vector.score()))
}

/// A database's word; *unknown* as a word says nothing.
fn said(word: &str) -> Option<Severity> {
    word.trim().parse().ok().filter(|severity| *severity != Severity::Unknown)
}

/// A distribution's word: the urgencies of Debian's tracker, the priorities of Ubuntu's. Debian's
/// *unimportant* (nothing that is built or run is affected) and Ubuntu's *negligible* are low. What
/// is not assigned yet, and *end-of-life*, say nothing.
fn urgency(word: &str) -> Option<Severity> {
    // Debian marks urgencies that somebody has looked at again with stars.
    match word.trim().trim_end_matches('*') {
        "unimportant" | "negligible" => Some(Severity::Low),
        word => said(word),
    }
}

fn worst(severities: impl Iterator<Item = Severity>) -> Option<Severity> {
    severities.max_by_key(|severity| severity.urgency())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(kind: &str, score: &str) -> Option<Severity> {
        scored(&Score { kind: kind.to_owned(), score: score.to_owned() })
    }

    #[test]
    fn vectors_of_every_cvss_version_are_scored() {
        let v2 = vector("CVSS_V2", "AV:N/AC:L/Au:N/C:N/I:N/A:C");
        let v30 = vector("CVSS_V3", "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H");
        let v31 = vector("CVSS_V3", "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:N");
        let v4 =
            vector("CVSS_V4", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H");
        assert_eq!(
            [v2, v30, v31, v4],
            [Severity::High, Severity::Critical, Severity::High, Severity::Critical].map(Some)
        );
    }

    #[test]
    fn a_vector_that_cannot_be_read_says_nothing() {
        assert_eq!(vector("CVSS_V3", "CVSS:3.1/AV:N"), None);
        assert_eq!(vector("CVSS_V3", "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H"), None);
        assert_eq!(vector("CVSS_V2", "AV:N/AC:L/Au:N"), None);
        assert_eq!(vector("CVSS_V4", "CVSS:4.0/AV:N/AC:L"), None);
        assert_eq!(vector("CVSS_V3", "nonsense"), None);
        assert_eq!(vector("Ubuntu", "medium"), None);
    }

    #[test]
    fn distributions_words_are_severities() {
        let words = ["unimportant", "negligible", "low**", "medium", "high*", "critical"];
        assert_eq!(
            words.map(urgency),
            [
                Severity::Low,
                Severity::Low,
                Severity::Low,
                Severity::Medium,
                Severity::High,
                Severity::Critical
            ]
            .map(Some)
        );
        for word in ["not yet assigned", "end-of-life", "untriaged", ""] {
            assert_eq!(urgency(word), None, "{word}");
        }
    }

    #[test]
    fn a_score_outweighs_a_word_and_without_both_it_is_unknown() {
        let word = Rating { scored: None, said: said("MODERATE") };
        let score = Rating { scored: Some(Severity::Low), said: None };
        assert_eq!(word.severity(), Severity::Medium);
        assert_eq!(word.merge(score).severity(), Severity::Low);
        assert_eq!(Rating::default().severity(), Severity::Unknown);
        assert_eq!(said("unknown"), None);
    }
}
