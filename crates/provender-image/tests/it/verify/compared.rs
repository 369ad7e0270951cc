//! Images held against what came of building them again.

use provender_core::check::{Outcome, Step};
use provender_image::Compression;
use provender_image::layer::LayerOptions;
use provender_image::verify::rebuilt;

use super::sample::{SITE, Sample, TIME};

/// What is said where the image was built as `one` says, and again as `other` does.
fn said(change: impl Fn(&mut Sample)) -> Step {
    let mut changed = Sample::new();
    change(&mut changed);
    let again = Sample::new();
    rebuilt(&changed.image(), &again.platform(), Vec::new())
}

/// The first message, and its causes.
#[track_caller]
fn first(step: &Step) -> (&str, Vec<&str>) {
    assert_eq!(step.outcome, Outcome::Failed, "{step:#?}");
    let found = &step.diagnostics[0];
    assert_eq!(found.rule, "image/rebuild-differs");
    (&found.message, found.causes.iter().map(String::as_str).collect())
}

#[test]
fn the_same_inputs_are_the_same_image() {
    let step = said(|_| {});
    assert_eq!(step.outcome, Outcome::Passed, "{step:#?}");
    assert!(step.summary.starts_with("sha256:"));
}

#[test]
fn the_first_entry_that_differs_is_named_with_the_byte_and_the_reason() {
    let place = format!("layer 2 of 2 differs from /{SITE}/a/__init__.py on");
    let init = |entry: &&mut provender_image::layer::Entry| entry.path.ends_with("/a/__init__.py");

    let step = said(|sample| sample.file("a/__init__.py", "name = 'b'\n"));
    let (message, causes) = first(&step);
    assert_eq!(message, place);
    assert_eq!(causes[0], "its content differs from byte 8 on");
    assert!(causes[1].ends_with("0x62 instead of 0x61"), "{causes:?}");

    let step = said(|sample| sample.file("a/__init__.py", "name = 'a'\nimport os\n"));
    assert_eq!(first(&step).1[0], "its content has 21 bytes instead of 11");

    let step = said(|sample| sample.entries.iter_mut().find(init).unwrap().mode = 0o755);
    assert_eq!(first(&step).1[0], "its mode is 0755 instead of 0644");

    let step = said(|sample| sample.entries.iter_mut().find(init).unwrap().uid = 10001);
    assert_eq!(first(&step).1[0], "its owner is 10001:0 instead of 0:0");
}

#[test]
fn another_time_an_entry_more_and_one_less_are_told() {
    let later = LayerOptions::new(TIME + 1, Compression::Gzip);
    let step = said(|sample| sample.options = later.clone());
    let (message, causes) = first(&step);
    assert!(message.starts_with("layer 1 of 2 differs from /etc"), "{message}");
    assert_eq!(causes[0], format!("its time is {} instead of {TIME}", TIME + 1));

    let step = said(|sample| sample.file("a/evil.py", ""));
    let (message, causes) = first(&step);
    assert_eq!(message, format!("layer 2 of 2 differs from /{SITE}/a/evil.py on"));
    assert_eq!(causes[0], "it is not in the one that was built again");

    let step = said(|sample| sample.entries.retain(|entry| !entry.path.ends_with("data.txt")));
    let (message, causes) = first(&step);
    assert_eq!(message, format!("layer 2 of 2 differs from /{SITE}/a/data.txt on"));
    assert_eq!(causes[0], "the image does not have it");

    let step = said(|sample| sample.file("zz.py", ""));
    assert_eq!(first(&step).0, format!("layer 2 of 2 differs from /{SITE}/zz.py on"));
}

#[test]
fn another_compression_and_other_settings_are_told() {
    let step = said(|sample| sample.options.level = Some(1));
    assert_eq!(
        first(&step).0,
        "layer 1 of 2 holds the same archive, compressed in another way",
        "{step:#?}"
    );
    let step = said(|sample| {
        sample.labels.insert("x".to_owned(), "1".to_owned());
        sample.annotations.insert("y".to_owned(), "2".to_owned());
    });
    let (message, causes) = first(&step);
    assert_eq!(message, "2 settings of the image differ");
    let expected = [
        r#"config.Labels is {"x":"1"} instead of not there"#,
        r#"annotations.y is "2" instead of not there"#,
    ];
    assert_eq!(causes, expected);
}
