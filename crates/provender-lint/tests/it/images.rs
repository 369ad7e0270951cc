//! Projects before and after the fix, as they stand in `tests/it/images`: of each case all files before it, the files
//! that differ after it, and the notes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

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
pub(crate) fn fix(mut texts: BTreeMap<PathBuf, String>) -> Fixed {
    let all = files(&texts);
    let linter = Linter::new(&Options::default()).unwrap();
    let provider =
        Provider::new(CaPlan { folder: PathBuf::from("provender-ca"), losing: Vec::new() });
    let provide =
        |file: &File, all: &[File], deletions: &[Edit]| provider.provide(file, all, deletions);
    let fixer = Fixer::new(
        &linter,
        &all,
        Grounds {
            prover: &NoProof,
            assume_ca: Some(Path::new("corporate.pem")),
            provide: Some(&provide),
        },
    );
    let mut edits: BTreeMap<PathBuf, Vec<Edit>> = BTreeMap::new();
    let (mut notes, mut provision) = (Vec::new(), None);
    for file in &all {
        let plan = fixer.plan(file);
        if let Some(besides) = provider.besides(&file.path, &plan.edits) {
            notes.extend(besides.notes);
            provision = provision.or(besides.provision);
            for (path, more) in besides.edits {
                edits.entry(path).or_default().extend(more);
            }
        }
        for (span, reason) in provider.left_out(&file.path) {
            notes.push(format!("left out: {}: {reason}", &file.text[span]));
        }
        edits.entry(file.path.clone()).or_default().extend(plan.edits);
    }
    for (path, edits) in edits {
        let text = texts.get_mut(&path).unwrap();
        *text = apply(text, &edits);
    }
    Fixed { texts, notes, provision }
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
