//! Whether this machine's clock is wrong.

use jiff::{SignedDuration, Timestamp};

use super::judge::ChainFault;
use super::observe::{HeardDate, Observation};

/// How far clocks may be apart: what ends on a day may well have ended on that day.
const TOLERATED: SignedDuration = SignedDuration::from_hours(24);

/// Why the clock is held to be wrong.
#[derive(Debug, Clone)]
pub(super) struct WrongClock {
    /// What shows it, one line each.
    pub(super) evidence: Vec<String>,
    /// The time that somebody else tells, a verified host if one does; none where only the chains
    /// speak.
    pub(super) reference: Option<HeardDate>,
}

/// Whether what all the hosts showed says that the clock is wrong: somebody tells a time that is
/// more than a day away, or at least two hosts with different certificates present chains, and all
/// of them are outside their time in the same direction.
///
/// The times come unprotected, but for those of verified hosts. They serve to say why something is
/// refused, and accept nothing.
pub(super) fn wrong_clock(all: &[Observation], now: Timestamp) -> Option<WrongClock> {
    let told = all.iter().flat_map(|observation| &observation.dates);
    let off: Vec<_> =
        told.clone().filter(|heard| heard.said.duration_since(now).abs() > TOLERATED).collect();
    // Where some agree with the clock, the others are wrong.
    let heard = off.iter().find(|heard| heard.verified).or(off.first());
    if let Some(heard) = heard.filter(|_| off.len() == told.count()) {
        let evidence = off.iter().map(|heard| {
            format!("{} says that it is {}, and the clock says {now}", heard.who, heard.said)
        });
        return Some(WrongClock {
            evidence: evidence.collect(),
            reference: Some((*heard).clone()),
        });
    }
    if !off.is_empty() {
        return None;
    }
    // A host that told the right time has acquitted the clock.
    if all.iter().any(|observation| !observation.dates.is_empty()) {
        return None;
    }
    let mut directions = Vec::new();
    let mut leaves = Vec::new();
    for presented in all.iter().filter_map(Observation::presented) {
        directions.push(direction(&presented.verdicts)?);
        let leaf = presented.chain.first()?;
        if !leaves.contains(&leaf) {
            leaves.push(leaf);
        }
    }
    let same = directions.windows(2).all(|pair| pair[0] == pair[1]);
    if leaves.len() < 2 || !same {
        return None;
    }
    let how = match directions.first()? {
        Direction::Past => "are past their end",
        Direction::Future => "are not valid yet",
    };
    let line = format!("the chains of all {} hosts {how} by the clock, {now}", directions.len());
    Some(WrongClock { evidence: vec![line], reference: None })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Past,
    Future,
}

fn direction(verdicts: &[Result<(), ChainFault>]) -> Option<Direction> {
    if verdicts.iter().any(Result::is_ok) {
        return None;
    }
    verdicts.iter().find_map(|verdict| match verdict {
        Err(ChainFault::Expired { .. }) => Some(Direction::Past),
        Err(ChainFault::NotYetValid { .. }) => Some(Direction::Future),
        _ => None,
    })
}
