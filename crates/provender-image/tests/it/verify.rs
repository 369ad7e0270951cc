//! Images that are what they say, and images that somebody changed.

mod compared;
mod sample;

use provender_core::check::{Outcome, Step};
use provender_core::lock::constraints;
use provender_core::{Level, Sha256};
use provender_image::attach::{Attached, Kind};
use provender_image::verify::{self, GivenLock, Request, Verified};
use provender_image::{Image, Location, source};

use sample::{Sample, file};

fn request<'a>(image: &'a Image, attached: &'a [Attached]) -> Request<'a> {
    Request { image, attached, key: None, lock: None }
}

fn verified(sample: &Sample) -> Verified {
    let (image, attached) = sample.opened();
    verify::verify(&request(&image, &attached))
}

#[track_caller]
fn step<'a>(verified: &'a Verified, id: &str) -> &'a Step {
    verified.steps.iter().find(|step| step.id == id).unwrap_or_else(|| panic!("{verified:#?}"))
}

/// The rules of what is wrong in a step, with the first place of each.
fn told(step: &Step) -> Vec<(&str, &str)> {
    let wrong = step.diagnostics.iter().filter(|found| found.level == Level::Error);
    wrong.map(|found| (found.rule, found.causes.first().map_or("", String::as_str))).collect()
}

#[test]
fn an_image_as_it_was_built_is_what_it_says() {
    let verified = verified(&Sample::new());
    for id in ["blobs", "configuration", "provenance", "sbom", "files", "locked"] {
        assert_eq!(step(&verified, id).outcome, Outcome::Passed, "{verified:#?}");
    }
    assert_eq!(step(&verified, "files").summary, "3 files of 1 distribution");
    let recorded = verified.recorded.unwrap();
    assert_eq!(recorded.timestamp, Some(sample::TIME));
    assert_eq!(recorded.files.len(), 1);
    let provenance = verified.steps.iter().find(|step| step.id == "provenance").unwrap();
    assert_eq!(provenance.diagnostics[0].rule, "image/unsigned", "which is told");
}

#[test]
fn a_damaged_layer_is_named_and_nothing_is_said_of_its_files() {
    let sample = Sample::new();
    let digest = sample.image().layers[1].descriptor.digest;
    let blob = sample.layout().join("blobs/sha256").join(digest.hex());
    let mut bytes = std::fs::read(&blob).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&blob, bytes).unwrap();
    let verified = verified(&sample);
    let blobs = step(&verified, "blobs");
    assert_eq!(blobs.outcome, Outcome::Failed);
    assert_eq!(blobs.diagnostics[0].rule, "image/blob-damaged");
    assert!(blobs.diagnostics[0].message.contains(&digest.hex()), "{blobs:#?}");
    assert_eq!(step(&verified, "files").outcome, Outcome::NotRun);
}

#[test]
fn a_damaged_configuration_is_a_no_and_a_missing_folder_is_no_answer() {
    let sample = Sample::new();
    let digest = sample.image().manifest.config.digest;
    std::fs::write(sample.layout().join("blobs/sha256").join(digest.hex()), b"{}").unwrap();
    let error = sample.try_open().unwrap_err();
    assert_eq!(verify::unreadable(&error).unwrap().outcome, Outcome::Failed);
    let nowhere = Location::Layout { path: sample.layout().join("none"), name: None };
    let error = source::open(&nowhere, &source::WantedImage::default()).unwrap_err();
    assert!(verify::unreadable(&error).is_none());
}

#[test]
fn a_changed_a_missing_and_an_unrecorded_file_are_named() {
    let mut sample = Sample::new();
    sample.file("a/__init__.py", "import os\n");
    sample.entries.retain(|entry| !entry.path.ends_with("/a/data.txt"));
    sample.file("evil.pth", "import os\n");
    sample.file("README.txt", "of Python itself\n");
    sample.file("a/__pycache__/x.cpython-311.pyc", "");
    let verified = verified(&sample);
    let site = format!("/{}", sample::SITE);
    let expected = [
        ("image/file-changed", format!("{site}/a/__init__.py")),
        ("image/file-missing", format!("{site}/a/data.txt")),
        ("image/file-unrecorded", format!("{site}/a/__pycache__/x.cpython-311.pyc")),
    ];
    let files = step(&verified, "files");
    assert_eq!(files.outcome, Outcome::Failed);
    let found: Vec<_> = told(files).into_iter().map(|(rule, at)| (rule, at.to_owned())).collect();
    assert_eq!(found, expected);
    let unrecorded = files.diagnostics.last().unwrap();
    assert_eq!(unrecorded.causes[1..], [format!("{site}/evil.pth")]);
}

#[test]
fn a_distribution_without_a_record_or_with_a_broken_one_is_named() {
    let mut sample = Sample::new();
    sample.entries.retain(|entry| !entry.path.ends_with("/RECORD"));
    assert_eq!(told(step(&verified(&sample), "files"))[0].0, "image/no-record");
    let mut sample = Sample::new();
    sample.file("a-1.0.dist-info/RECORD", "a/__init__.py,md5=1B2M2Y8AsgTpgAmY7PhCfg,0\n");
    let verified = verified(&sample);
    assert_eq!(told(step(&verified, "files"))[0].0, "image/record-unreadable");
}

#[test]
fn a_record_leads_nowhere_out_of_the_image() {
    let mut sample = Sample::new();
    let lines = "../../../../../../../../etc/passwd,sha256=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA,1\n\
                 /etc/shadow,,\na-1.0.dist-info/RECORD,,\n";
    sample.file("a-1.0.dist-info/RECORD", lines);
    let verified = verified(&sample);
    let missing = &step(&verified, "files").diagnostics[0];
    assert_eq!(missing.rule, "image/file-missing");
    assert_eq!(missing.causes, ["/etc/passwd", "/etc/shadow"]);
}

#[test]
fn what_is_installed_is_held_against_the_bill_and_the_provenance() {
    let mut sample = Sample::new();
    for (path, text) in sample::distribution("b", "2.0") {
        sample.file(&path, &text);
    }
    let verified = verified(&sample);
    assert_eq!(told(step(&verified, "files")), [], "it is as it was recorded");
    assert_eq!(told(step(&verified, "sbom")), [("image/sbom-differs", "b 2.0")]);
    assert_eq!(told(step(&verified, "locked")), [("image/provenance-differs", "b 2.0")]);
}

#[test]
fn what_is_installed_is_held_against_a_lock() {
    let sample = Sample::new();
    let (image, attached) = sample.opened();
    let with = |text: &str, sha256: Sha256| {
        let lock = constraints::parse(text).unwrap();
        let given = GivenLock { name: "constraints.txt", lock: &lock, sha256 };
        verify::verify(&Request { lock: Some(given), ..request(&image, &attached) })
    };
    let right = format!("a==1.0 --hash=sha256:{}\n", sample::wheel());
    let verified = with(&right, sample::lock());
    assert_eq!(step(&verified, "locked").outcome, Outcome::Passed, "{verified:#?}");
    for (text, sha256, rules) in [
        (right.clone(), Sha256::from_bytes([8; 32]), vec!["image/other-lock"]),
        (right.replace("a==1.0", "a==1.1"), sample::lock(), vec!["image/other-version"]),
        (
            right.replace("a==", "b=="),
            sample::lock(),
            vec!["image/not-locked", "image/not-installed", "image/wheel-not-locked"],
        ),
        (
            right.replace(&sample::wheel().to_string(), &"0".repeat(64)),
            sample::lock(),
            vec!["image/wheel-not-locked"],
        ),
    ] {
        let verified = with(&text, sha256);
        let found: Vec<&str> =
            told(step(&verified, "locked")).into_iter().map(|(rule, _)| rule).collect();
        assert_eq!(found, rules, "{text}");
    }
}

#[test]
fn a_key_believes_only_what_it_signed() {
    let sample = Sample::new();
    let (image, attached) = sample.opened();
    let with = |attached: &[Attached], key: &str| {
        let request = request(&image, attached);
        verify::verify(&Request { key: Some(key), ..request })
    };
    let unsigned = with(&attached, &sample::public(1));
    assert_eq!(told(step(&unsigned, "provenance"))[0].0, "image/signature");
    assert!(unsigned.recorded.is_none(), "nothing unsigned is believed");
    assert_eq!(step(&with(&[], &sample::public(1)), "provenance").outcome, Outcome::Failed);

    let sample = Sample::signed();
    let (image, attached) = sample.opened();
    let with =
        |key: &str| verify::verify(&Request { key: Some(key), ..request(&image, &attached) });
    let right = with(&sample::public(1));
    assert_eq!(step(&right, "provenance").outcome, Outcome::Passed, "{right:#?}");
    assert!(right.recorded.unwrap().is_signed);
    assert_eq!(step(&with(&sample::public(2)), "provenance").outcome, Outcome::Failed);
    let unasked = verified(&sample);
    assert_eq!(step(&unasked, "provenance").diagnostics[0].rule, "image/signature-unverified");
}

#[test]
fn a_provenance_about_another_image_is_an_error() {
    let sample = Sample::about_another();
    let verified = verified(&sample);
    assert_eq!(told(step(&verified, "provenance"))[0].0, "image/other-subject");
    assert!(verified.recorded.is_none());
}

#[test]
fn what_nobody_asked_for_is_noted() {
    let sample = Sample::new();
    let image = sample.image();
    let verified = verify::verify(&request(&image, &[]));
    let rules: Vec<&str> = verified.notes.iter().map(|note| note.rule).collect();
    let expected = ["image/no-provenance", "image/no-audit", "image/no-sbom", "image/not-compared"];
    assert_eq!(rules, expected);
    assert!(verified.steps.iter().all(|step| !["provenance", "locked"].contains(&step.id)));
}

#[test]
fn an_archive_has_the_same_attachments_as_a_layout() {
    let sample = Sample::new();
    let path = sample.layout().with_extension("tar");
    sample.write_archive(&path);
    let location = Location::Path(path);
    let wanted = source::WantedImage::default();
    let (image, attached) = source::open_attached(&location, &wanted, &Kind::ALL).unwrap();
    let attached: Vec<Attached> = attached.into_iter().map(Result::unwrap).collect();
    assert_eq!(attached.len(), 2);
    assert!(attached.iter().all(|one| one.document().is_ok() && one.is_about(&image.digest())));
    let (_, bills) = source::open_attached(&location, &wanted, &[Kind::Sbom]).unwrap();
    assert_eq!(bills.len(), 1);
}

#[test]
fn a_configuration_that_says_other_things_than_the_manifest_is_named() {
    let mut sample = Sample::new();
    sample.history.pop();
    sample.labels.insert("org.opencontainers.image.version".to_owned(), "2".to_owned());
    sample.annotations.insert("org.opencontainers.image.version".to_owned(), "1".to_owned());
    let verified = verified(&sample);
    let found = step(&verified, "configuration");
    assert_eq!(found.diagnostics.len(), 2, "{found:#?}");
    assert!(found.diagnostics[0].message.contains("history tells of 1 layer"), "{found:#?}");
    assert!(found.diagnostics[1].message.contains("image.version"), "{found:#?}");
}

#[test]
fn a_file_of_the_base_that_a_layer_above_changed_is_named() {
    let mut sample = Sample::new();
    for (path, text) in sample::distribution("c", "3.0") {
        sample.base.push(file(&format!("{}/{path}", sample::SITE), &text));
    }
    sample.file("c/__init__.py", "import os\n");
    let verified = verified(&sample);
    let changed = format!("/{}/c/__init__.py, by layer 2", sample::SITE);
    assert_eq!(told(step(&verified, "files")), [("image/file-changed", changed.as_str())]);
    // Bases leave out what they do not need.
    let mut sample = Sample::new();
    for (path, text) in sample::distribution("c", "3.0") {
        if path != "c/data.txt" {
            sample.base.push(file(&format!("{}/{path}", sample::SITE), &text));
        }
    }
    let files = verified_files(&sample);
    assert_eq!(files.outcome, Outcome::Passed, "{files:#?}");
    assert_eq!(files.diagnostics[0].rule, "image/file-missing");
}

fn verified_files(sample: &Sample) -> Step {
    step(&verified(sample), "files").clone()
}
