//! Projects before and after the fix, as they stand in `tests/it/images`: of each case all files before it, the files
//! that differ after it, and the notes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::shapes;
use provender_lint::fix::image::{CaPlan, Provider, Provision};
use provender_lint::fix::{Fixer, Grounds, Prover, apply};
use provender_lint::{Edit, File, FileKind, Linter, Options, read};

/// What a fix made of a project.
pub(crate) struct Fixed {
    /// The texts of all files, by path.
    pub(crate) texts: BTreeMap<PathBuf, String>,
    pub(crate) notes: Vec<String>,
    pub(crate) provision: Option<Provision>,
}

struct NoProof;

impl Prover for NoProof {
    fn verifies(&self, _host: &str) -> bool {
        false
    }
}

/// The files of a folder, by their path in it.
pub(crate) fn project(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut texts = BTreeMap::new();
    collect(folder, folder, &mut texts);
    texts
}

fn collect(root: &Path, folder: &Path, texts: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(root, &path, texts);
        } else {
            let name = path.strip_prefix(root).unwrap().to_owned();
            texts.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}

fn files(texts: &BTreeMap<PathBuf, String>) -> Vec<File> {
    texts.iter().filter_map(|(path, text)| Some(read(path, FileKind::of(path)?, text))).collect()
}

/// What `lint --fix --assume-ca` makes of a project.
pub(crate) fn fix(texts: BTreeMap<PathBuf, String>) -> Fixed {
    let all = files(&texts);
    let linter = Linter::new(&Options::default()).unwrap();
    let assume_ca = Some(Path::new("corporate.pem"));
    let grounds = |provide| Grounds { prover: &NoProof, assume_ca, provide };
    // Files that are no builds come first: a Dockerfile may copy them.
    let plain = Fixer::new(&linter, &all, grounds(None));
    let is_image = |file: &&File| matches!(file.kind, FileKind::Dockerfile | FileKind::Compose);
    let losing = all.iter().filter(|file| !is_image(file) && !plain.plan(file).edits.is_empty());
    let losing = losing.map(|file| file.path.clone()).collect();
    let provider = Provider::new(CaPlan { folder: PathBuf::from("provender-ca"), losing });
    let provide =
        |file: &File, all: &[File], deletions: &[Edit]| provider.provide(file, all, deletions);
    let fixer = Fixer::new(&linter, &all, grounds(Some(&provide)));
    let mut fixed = Fixed { texts, notes: Vec::new(), provision: None };
    let mut edits: BTreeMap<PathBuf, Vec<Edit>> = BTreeMap::new();
    for file in &all {
        let mut made = fixer.plan(file).edits;
        if made.is_empty() && file.kind == FileKind::Dockerfile {
            made = provider.provide(file, &all, &[]).unwrap_or_default();
        }
        if let Some(besides) = provider.besides(&file.path, &made) {
            fixed.notes.extend(besides.notes);
            fixed.provision = fixed.provision.or(besides.provision);
            for (path, more) in besides.edits {
                edits.entry(path).or_default().extend(more);
            }
        }
        for (span, reason) in provider.left_out(&file.path) {
            fixed.notes.push(format!("left out: {}: {reason}", &file.text[span]));
        }
        edits.entry(file.path.clone()).or_default().extend(made);
    }
    for (path, edits) in edits {
        let text = fixed.texts.get_mut(&path).unwrap();
        *text = apply(text, &edits);
    }
    fixed
}

/// What the same fix makes of a Dockerfile if nothing brings the CA.
pub(crate) fn merely_deleted(path: &str, text: &str) -> String {
    let file = read(path, FileKind::Dockerfile, text);
    let linter = Linter::new(&Options::default()).unwrap();
    let provide = |_: &File, _: &[File], deletions: &[Edit]| Some(deletions.to_vec());
    let grounds = Grounds {
        prover: &NoProof,
        assume_ca: Some(Path::new("corporate.pem")),
        provide: Some(&provide),
    };
    let all = [file];
    let plan = Fixer::new(&linter, &all, grounds).plan(&all[0]);
    apply(text, &plan.edits)
}

/// A Dockerfile alone in its project.
fn alone(text: &str) -> BTreeMap<PathBuf, String> {
    BTreeMap::from([(PathBuf::from("Dockerfile"), text.to_owned())])
}

pub(crate) fn cases() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/images")
}

/// Compares a case with its files; with `PROVENDER_TEST_BLESS` set, writes them.
fn check(case: &Path) {
    let before = project(&case.join("before"));
    let fixed = fix(before.clone());
    let changed: BTreeMap<PathBuf, String> = fixed
        .texts
        .iter()
        .filter(|(path, text)| before[*path] != **text)
        .map(|(path, text)| (path.clone(), text.clone()))
        .collect();
    let notes: String = fixed.notes.iter().map(|note| format!("{note}\n")).collect();
    if std::env::var_os("PROVENDER_TEST_BLESS").is_some() {
        let _ = fs::remove_dir_all(case.join("after"));
        for (path, text) in &changed {
            let path = case.join("after").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        fs::write(case.join("notes.txt"), &notes).unwrap();
    }
    let wanted = project(&case.join("after"));
    assert_eq!(changed, wanted, "{}", case.display());
    assert_eq!(notes, fs::read_to_string(case.join("notes.txt")).unwrap(), "{}", case.display());
    let again = fix(fixed.texts.clone());
    assert_eq!(again.texts, fixed.texts, "{}: a second fix changes something", case.display());
}

#[test]
fn every_case_becomes_what_it_should() {
    let mut cases: Vec<PathBuf> =
        fs::read_dir(cases()).unwrap().flatten().map(|entry| entry.path()).collect();
    cases.sort();
    assert!(!cases.is_empty());
    for case in cases {
        check(&case);
    }
}

/// A Dockerfile without all that brings the CA.
fn without_ca(text: &str) -> String {
    const MOUNT: &str = "--mount=type=bind,from=provender-ca,target=/run/provender-ca ";
    let mut rest = text;
    let mut out = String::new();
    if let Some(at) = rest.find("# Stays empty unless a build is given a CA") {
        out.push_str(&rest[..at]);
        let lines = rest[at..].split_inclusive('\n').take(3).map(str::len).sum::<usize>();
        rest = &rest[at + lines..];
    }
    while let Some(at) = rest.find(MOUNT) {
        out.push_str(&rest[..at]);
        rest = &rest[at + MOUNT.len()..];
        let (from, to) = if rest.starts_with('[') {
            ("\"/bin/sh\", ", "exec \\\"$@\\\"\", \"sh\", ")
        } else if rest.starts_with("<<") {
            ("if [ -e /run/provender-ca/", "\nfi")
        } else {
            ("", ";")
        };
        let start = rest.find(from).unwrap();
        out.push_str(&rest[..start]);
        let end = start + rest[start..].find(to).unwrap() + to.len();
        // Up to the next line, and in shell form behind its indentation.
        rest = match (to, rest[end..].find('\n')) {
            (";", Some(line)) => rest[end + line + 1..].trim_start_matches([' ', '\t']),
            ("\nfi", Some(line)) => &rest[end + line + 1..],
            _ => &rest[end..],
        };
    }
    out + rest
}

#[test]
fn of_generated_dockerfiles_nothing_but_the_edits_changes_and_a_second_fix_changes_nothing() {
    let mut mounted = 0;
    for shape in shapes::all(600) {
        let once = fix(alone(&shape.text));
        let text = &once.texts[Path::new("Dockerfile")];
        if *text != shape.text {
            let twice = fix(once.texts.clone());
            let again = &twice.texts[Path::new("Dockerfile")];
            assert_eq!(again, text, "shape {}:\n{}", shape.seed, shape.text);
        }
        if !text.contains("from=provender-ca") {
            continue;
        }
        mounted += 1;
        let deleted = merely_deleted("Dockerfile", &shape.text);
        assert_eq!(without_ca(text), deleted, "shape {}:\n{text}", shape.seed);
        let errors = |text: &str| read("Dockerfile", FileKind::Dockerfile, text).facts.errors.len();
        assert!(errors(text) <= errors(&shape.text), "shape {}:\n{text}", shape.seed);
        // What the steps do is what they did.
        let words = |text: &str| -> Vec<Vec<String>> {
            let file = read("Dockerfile", FileKind::Dockerfile, text);
            let words = file.facts.commands.iter().map(|command| {
                command.words.iter().map(|word| word.text.clone()).collect::<Vec<_>>()
            });
            words
                .filter(|words| !words.iter().any(|word| word.contains("/run/provender-ca/")))
                .collect()
        };
        let exec = |text: &str| text.contains("exec \\\"$@\\\"");
        if !exec(text) {
            assert_eq!(words(text), words(&deleted), "shape {}:\n{text}", shape.seed);
        }
    }
    assert!(mounted > 100, "{mounted} of 600 shapes gain the CA");
}
