//! What the tests of fixes ask: a file in, the file with its fixes out.

use std::path::Path;

use super::{Fixer, Grounds, Plan, Prover, apply};
use crate::lint::{Linter, Options};
use crate::rules::Rule;
use crate::source::{File, FileKind};

/// Takes hosts of these names to verify.
pub(crate) struct Verifying<'a>(pub(crate) &'a [&'a str]);

impl Prover for Verifying<'_> {
    fn verifies(&self, host: &str) -> bool {
        self.0.contains(&host)
    }
}

/// A file of this name and text.
pub(crate) fn file(path: &str, text: &str) -> File {
    let kind = FileKind::of(path.as_ref()).unwrap_or_else(|| panic!("{path} has no kind"));
    crate::read(path, kind, text)
}

/// What one rule's fixes would do to the first of these files where these hosts verify.
pub(crate) fn plan(rule: &dyn Rule, files: &[File], verifying: &[&str]) -> Plan {
    let options = Options { selected: vec![rule.id().to_owned()], ..Options::default() };
    let linter = Linter::new(&options).expect("a rule that there is");
    let prover = Verifying(verifying);
    let grounds = Grounds { prover: &prover, assume_ca: None, provide: None };
    Fixer::new(&linter, files, grounds).plan(&files[0])
}

/// A file's text with one rule's fixes, with a CA that makes everything verify, which is brought into builds
/// without a change. Holds that a second time changes nothing.
pub(crate) fn fixed(rule: &dyn Rule, path: &str, text: &str) -> String {
    let once = fixed_once(rule, path, text);
    assert_eq!(fixed_once(rule, path, &once), once, "a second time changed something");
    once
}

fn fixed_once(rule: &dyn Rule, path: &str, text: &str) -> String {
    let options = Options { selected: vec![rule.id().to_owned()], ..Options::default() };
    let linter = Linter::new(&options).expect("a rule that there is");
    let files = [file(path, text)];
    let provide = |_: &File, _: &[File], edits: &[crate::Edit]| Some(edits.to_vec());
    let grounds = Grounds {
        prover: &Verifying(&[]),
        assume_ca: Some(Path::new("ca.pem")),
        provide: Some(&provide),
    };
    apply(text, &Fixer::new(&linter, &files, grounds).plan(&files[0]).edits)
}
