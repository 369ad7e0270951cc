use proptest::prelude::*;
use provender_core::Version;

use super::*;

/// The affected versions of one range as Python orders them.
fn intervals(events: &[Event]) -> Vec<Interval<Version>> {
    super::intervals(events, |text| text.parse().ok())
}

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

fn introduced(text: &str) -> Event {
    Event::Introduced(text.to_owned())
}

fn fixed(text: &str) -> Event {
    Event::Fixed(text.to_owned())
}

fn last_affected(text: &str) -> Event {
    Event::LastAffected(text.to_owned())
}

fn limit_at(text: &str) -> Event {
    Event::Limit(text.to_owned())
}

fn affects(events: &[Event], text: &str) -> bool {
    let version = version(text);
    intervals(events).iter().any(|interval| interval.contains(|bound| version.cmp(bound)))
}

/// The evaluation algorithm as the OSV schema writes it, for events at distinct versions.
fn as_the_schema_says(events: &[Event], version: &Version) -> bool {
    let parse = |text: &str| text.parse::<Version>().unwrap();
    let mut limits = events.iter().filter_map(|event| match event {
        Event::Limit(text) => Some(text),
        _ => None,
    });
    let limited = limits.clone().next().is_some();
    if limited && !limits.any(|text| *version < parse(text)) {
        return false;
    }
    let mut sorted: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Introduced(text) if text == "0" => Some((None, event)),
            Event::Introduced(text) | Event::Fixed(text) | Event::LastAffected(text) => {
                Some((Some(parse(text)), event))
            }
            Event::Limit(_) => None,
        })
        .collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    let mut vulnerable = false;
    for (at, event) in &sorted {
        match event {
            Event::Introduced(_) if at.as_ref().is_none_or(|at| version >= at) => vulnerable = true,
            Event::Fixed(_) if at.as_ref().is_some_and(|at| version >= at) => vulnerable = false,
            Event::LastAffected(_) if at.as_ref().is_some_and(|at| version > at) => {
                vulnerable = false;
            }
            _ => {}
        }
    }
    vulnerable
}

#[test]
fn a_range_begins_with_its_first_version_and_ends_before_the_fix() {
    let events = [introduced("1.0"), fixed("2.0")];
    assert!(!affects(&events, "0.9") && affects(&events, "1.0.0"));
    assert!(affects(&events, "2.0rc1") && !affects(&events, "2.0"));
}

#[test]
fn zero_is_before_every_version() {
    let events = [introduced("0"), fixed("1.0")];
    assert!(affects(&events, "0.dev1") && affects(&events, "0"));
    assert!(!affects(&events, "1!0"), "a later epoch is above");
}

#[test]
fn the_last_affected_version_is_affected() {
    let events = [introduced("0"), last_affected("1.5")];
    assert!(affects(&events, "1.5") && !affects(&events, "1.5.post1"));
    assert!(affects(&[introduced("1.5"), last_affected("1.5")], "1.5"));
    assert!(!affects(&[introduced("1.5"), last_affected("1.5")], "1.6"));
}

#[test]
fn a_fix_at_which_the_next_range_begins_does_not_hide_it() {
    let events = [introduced("3.1.1"), fixed("3.1.3"), introduced("0"), fixed("3.1.1")];
    assert!(affects(&events, "3.1.0") && affects(&events, "3.1.1") && affects(&events, "3.1.2"));
    assert!(!affects(&events, "3.1.3"));
}

#[test]
fn a_range_that_is_fixed_where_it_begins_is_empty() {
    assert_eq!(intervals(&[fixed("1.0"), introduced("1.0")]), []);
}

#[test]
fn nothing_is_said_at_or_above_the_highest_limit() {
    let events = [introduced("1.0"), limit_at("2.0"), limit_at("3.0")];
    assert!(affects(&events, "2.5") && !affects(&events, "3.0"));
    assert!(affects(&[introduced("0"), limit_at("*")], "9"));
    assert_eq!(intervals(&[introduced("4.0"), limit_at("3.0")]), []);
    assert!(affects(&[introduced("0"), last_affected("1.0"), limit_at("3.0")], "1.0"));
    assert!(!affects(&[introduced("0"), last_affected("3.0"), limit_at("3.0")], "3.0"));
}

#[test]
fn what_cannot_be_compared_counts_as_affected() {
    assert!(affects(&[introduced("0"), fixed("2019-09-12")], "9.0"));
    assert!(affects(&[introduced("trunk"), fixed("2.0")], "0.1"));
    assert!(affects(&[introduced("0"), limit_at("trunk")], "9.0"));
}

#[test]
fn a_range_without_a_beginning_affects_nothing() {
    assert_eq!(intervals(&[fixed("1.0")]), []);
    assert_eq!(intervals(&[]), []);
}

fn any_version() -> impl Strategy<Value = String> {
    let release = proptest::collection::vec(0u8..4, 1..4)
        .prop_map(|parts| parts.iter().map(u8::to_string).collect::<Vec<_>>().join("."));
    let suffix = prop_oneof![
        4 => Just(""), 1 => Just("a1"), 1 => Just("rc2"), 1 => Just(".dev3"), 1 => Just(".post1"),
    ];
    (prop_oneof![5 => Just(""), 1 => Just("1!")], release, suffix)
        .prop_map(|(epoch, release, suffix)| format!("{epoch}{release}{suffix}"))
}

/// Events at distinct versions, in any order.
fn any_events() -> impl Strategy<Value = Vec<Event>> {
    let event = (0..9u8, any_version()).prop_map(|(kind, text)| match kind {
        0..=3 => Event::Introduced(text),
        4..=6 => Event::Fixed(text),
        7 => Event::LastAffected(text),
        _ => Event::Limit(text),
    });
    (any::<bool>(), proptest::collection::vec(event, 0..7)).prop_map(|(beginning, events)| {
        let mut seen = std::collections::BTreeSet::new();
        let mut events: Vec<_> = events
            .into_iter()
            .filter(|event| match event {
                Event::Introduced(text) | Event::Fixed(text) | Event::LastAffected(text) => {
                    // The text `0` is special as an introduction, so it is not drawn as a version.
                    text != "0" && seen.insert(version(text))
                }
                Event::Limit(_) => true,
            })
            .collect();
        if beginning {
            events.push(introduced("0"));
        }
        events
    })
}

proptest! {
    #[test]
    fn intervals_contain_what_the_schema_calls_affected(
        events in any_events(),
        text in any_version(),
    ) {
        let at = version(&text);
        let ours = affects(&events, &text);
        prop_assert_eq!(ours, as_the_schema_says(&events, &at));
    }

    #[test]
    fn the_order_of_events_does_not_matter(
        (events, shuffled) in proptest::collection::vec(
            (0..4u8, any_version()).prop_map(|(kind, text)| match kind {
                0 => Event::Introduced(text),
                1 => Event::Fixed(text),
                2 => Event::LastAffected(text),
                _ => Event::Limit(text),
            }),
            0..8,
        ).prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
        text in any_version(),
    ) {
        prop_assert_eq!(affects(&events, &text), affects(&shuffled, &text));
    }

    #[test]
    fn one_more_range_never_makes_a_version_safe(
        first in any_events(),
        second in any_events(),
        text in any_version(),
    ) {
        let version = version(&text);
        let both: Vec<_> = [&first, &second].iter().flat_map(|events| intervals(events)).collect();
        let in_both = both.iter().any(|interval| interval.contains(|bound| version.cmp(bound)));
        prop_assert_eq!(in_both, affects(&first, &text) || affects(&second, &text));
    }
}
