//! Choices among the file names of real releases' shapes.

use super::*;

fn chosen<'a>(
    project: &str,
    files: &[&'a str],
    python: &str,
    platforms: &str,
) -> (Vec<&'a str>, Choice) {
    let target = Target { python: python.parse().unwrap(), platforms: platforms.parse().unwrap() };
    let candidates: Vec<_> =
        files.iter().map(|filename| Candidate { filename, requires_python: None }).collect();
    let scope = Scope::of(Some(&target)).unwrap();
    let choice = choose(&project.parse().unwrap(), &candidates, &scope, &Marker::always());
    (choice.chosen.iter().map(|place| files[*place]).collect(), choice)
}

const NUMPY: [&str; 9] = [
    "numpy-2.1.0.tar.gz",
    "numpy-2.1.0-cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "numpy-2.1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "numpy-2.1.0-cp311-cp311-manylinux_2_28_x86_64.whl",
    "numpy-2.1.0-cp311-cp311-manylinux_2_34_x86_64.whl",
    "numpy-2.1.0-cp311-cp311-musllinux_1_2_x86_64.whl",
    "numpy-2.1.0-cp311-cp311-win_amd64.whl",
    "numpy-2.1.0-cp311-cp311-macosx_11_0_arm64.whl",
    "numpy-2.1.0-pp310-pypy310_pp73-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
];

#[test]
fn the_best_wheel_of_each_platform_is_chosen() {
    let (files, choice) = chosen("numpy", &NUMPY, "3.11", "linux");
    assert_eq!(files, ["numpy-2.1.0-cp311-cp311-manylinux_2_28_x86_64.whl"]);
    assert!(choice.is_complete() && !choice.needs_build);
    let (files, _) = chosen("numpy", &NUMPY, "3.11", "linux, windows, macos");
    assert_eq!(files, [NUMPY[3], NUMPY[6], NUMPY[7]]);
    let (files, _) = chosen("numpy", &NUMPY, "3.11", "x86_64-manylinux_2_17");
    assert_eq!(files, [NUMPY[2]]);
}

#[test]
fn without_a_wheel_the_sdist_is_chosen() {
    let (files, choice) = chosen("numpy", &NUMPY, "3.13", "linux");
    assert_eq!(files, ["numpy-2.1.0.tar.gz"]);
    assert!(choice.needs_build);
    let (files, _) = chosen("a", &["a-1.zip", "a-1.tar.gz"], "3.11", "linux");
    assert_eq!(files, ["a-1.tar.gz"]);
}

#[test]
fn a_platform_without_any_file_is_named() {
    let (files, choice) = chosen("numpy", &NUMPY[1..], "3.11", "linux, aarch64-manylinux_2_28");
    assert_eq!(files, [NUMPY[3]]);
    assert_eq!(choice.nothing_for, ["aarch64-manylinux_2_28".parse().unwrap()]);
    assert!(!choice.is_complete());
}

#[test]
fn a_specific_wheel_is_better_than_a_pure_one_and_a_later_build_than_an_earlier() {
    let files = ["a-1-py3-none-any.whl", "a-1-cp39-abi3-manylinux_2_17_x86_64.whl"];
    assert_eq!(chosen("a", &files, "3.11", "linux").0, [files[1]]);
    let files = ["a-1-py3-none-any.whl", "a-1-2-py3-none-any.whl", "a-1-10-py3-none-any.whl"];
    assert_eq!(chosen("a", &files, "3.11", "linux").0, [files[2]]);
}

#[test]
fn a_file_for_another_python_is_not_chosen() {
    let candidates = [
        Candidate { filename: "a-1-py3-none-any.whl", requires_python: Some(">=3.12") },
        Candidate { filename: "a-1.tar.gz", requires_python: Some(">=3.11.4") },
        Candidate { filename: "a-1.zip", requires_python: Some("nonsense") },
    ];
    let target = |python: &str| Target {
        python: python.parse().unwrap(),
        platforms: "linux".parse().unwrap(),
    };
    let places = |python: &str| {
        let scope = Scope::of(Some(&target(python))).unwrap();
        let choice = choose(&"a".parse().unwrap(), &candidates, &scope, &Marker::always());
        choice.chosen.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(places("3.12"), [0]);
    assert_eq!(places("3.11"), [1]);
    assert_eq!(places("3.11.2"), [2]);
}

#[test]
fn a_universal_target_gets_every_wheel_that_some_python_can_use() {
    let (files, _) = chosen("numpy", &NUMPY, "3.11", "universal");
    let mut expected: Vec<_> = NUMPY[2..8].to_vec();
    expected.insert(0, NUMPY[0]);
    assert_eq!(files, expected);
}

#[test]
fn a_universal_wheel_makes_the_sdist_superfluous() {
    let (files, choice) =
        chosen("a", &["a-1.tar.gz", "a-1-py2.py3-none-any.whl"], "3.11", "universal");
    assert_eq!(files, ["a-1-py2.py3-none-any.whl"]);
    assert!(!choice.needs_build);
    let (files, _) = chosen("a", &["a-1.tar.gz", "a-1-py312-none-any.whl"], "3.11", "universal");
    assert_eq!(files.len(), 2);
    let (files, choice) =
        chosen("a", &["a-1.tar.gz", "a-1-py27-none-any.whl"], "3.11", "universal");
    assert_eq!(files, ["a-1.tar.gz"]);
    assert!(choice.needs_build);
}

#[test]
fn the_stable_abi_of_an_earlier_python_is_usable() {
    let files = ["a-1-cp38-abi3-win_amd64.whl", "a-1-cp38-cp38-win_amd64.whl"];
    assert_eq!(chosen("a", &files, "3.11", "universal").0, [files[0]]);
    assert_eq!(chosen("a", &files, "3.11", "windows").0, [files[0]]);
}

#[test]
fn a_pin_that_is_installed_nowhere_needs_no_file() {
    let target = Target { python: "3.11".parse().unwrap(), platforms: "linux".parse().unwrap() };
    let scope = Scope::of(Some(&target)).unwrap();
    let marker = Marker::parse(Some("sys_platform == 'win32'"));
    let candidates = [Candidate { filename: "a-1-py3-none-any.whl", requires_python: None }];
    let choice = choose(&"a".parse().unwrap(), &candidates, &scope, &marker);
    assert!(choice.chosen.is_empty() && choice.is_complete());
}

#[test]
fn a_name_that_cannot_be_read_is_never_chosen() {
    let (files, choice) =
        chosen("a", &["a-1.exe", "b-1-py3-none-any.whl", "a-1.egg"], "3.11", "linux");
    assert!(files.is_empty() && !choice.is_complete());
}
