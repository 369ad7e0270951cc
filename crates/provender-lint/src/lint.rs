//! Running the rules over files: choosing rules, one pass a file, suppressions, a stable order.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::facts::SyntaxError;
use crate::finding::Finding;
use crate::project::Project;
use crate::rules::{self, Rule};
use crate::source::File;
use crate::suppress;

/// Which rules run, and what was accepted.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The rules that run, with or without `lint/`; none means all.
    pub selected: Vec<String>,
    /// The rules that do not run, with or without `lint/`.
    pub deselected: Vec<String>,
    /// Findings accepted outside the files, for those without comments.
    pub allow: Vec<Allowance>,
}

/// Findings of a rule that are accepted in some files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// The rule, with or without `lint/`.
    pub rule: String,
    /// Which files, as a glob over their paths; without a slash it names files in any folder.
    pub path: String,
    /// Why; never empty.
    pub reason: String,
}

/// Why options make no sense.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// A rule that there is not.
    #[error("there is no rule `{0}`")]
    UnknownRule(String),
    /// An accepted finding has to say why.
    #[error("`{rule}` is allowed in `{path}` without a reason")]
    NoReason {
        /// The rule that is allowed.
        rule: String,
        /// Where it is allowed.
        path: String,
    },
    /// A path that is no glob.
    #[error("`{path}` is no glob")]
    Glob {
        /// The path as it was given.
        path: String,
        /// What is wrong with it.
        source: globset::Error,
    },
}

/// What was found in one file.
#[derive(Debug, Clone)]
pub struct FileFindings {
    /// The file.
    pub path: PathBuf,
    /// Its text, which all spans count bytes of.
    pub text: Arc<str>,
    /// What is wrong, by place; no two alike.
    pub findings: Vec<Finding>,
    /// What would be wrong had it not been accepted, by place.
    pub suppressed: Vec<Suppressed>,
    /// Where the file could not be understood; `lint/unreadable` tells the same as findings.
    pub errors: Vec<SyntaxError>,
}

/// A finding that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    /// What would be wrong.
    pub finding: Finding,
    /// Why it is accepted.
    pub reason: String,
}

/// The rules that were chosen, ready to run.
pub struct Linter {
    rules: Vec<&'static dyn Rule>,
    allowed: Vec<Allowed>,
}

struct Allowed {
    rule: &'static str,
    paths: GlobSet,
    reason: String,
}

/// Runs the rules over files, on as many threads as the machine has processors.
///
/// The answer holds every file, by path.
///
/// # Errors
/// When the options name a rule that there is not, or cannot be read.
pub fn lint(files: &[File], options: &Options) -> Result<Vec<FileFindings>, OptionsError> {
    Ok(Linter::new(options)?.lint(files))
}

impl Linter {
    /// Chooses the rules.
    ///
    /// # Errors
    /// When the options name a rule that there is not, or cannot be read.
    pub fn new(options: &Options) -> Result<Self, OptionsError> {
        let ids = |names: &[String]| -> Result<Vec<_>, _> {
            names.iter().map(|name| known(name)).collect()
        };
        let selected = ids(&options.selected)?;
        let deselected = ids(&options.deselected)?;
        let rules = rules::all()
            .iter()
            .copied()
            .filter(|rule| selected.is_empty() || selected.contains(&rule.id()))
            .filter(|rule| !deselected.contains(&rule.id()))
            .collect();
        let allowed = options.allow.iter().map(Allowed::new).collect::<Result<_, _>>()?;
        Ok(Self { rules, allowed })
    }

    /// Runs the rules over files. The answer holds every file, by path.
    pub fn lint(&self, files: &[File]) -> Vec<FileFindings> {
        let threads = thread::available_parallelism().map_or(1, usize::from).min(files.len());
        let project = Project::of(files);
        let next = AtomicUsize::new(0);
        // Files are taken one after another, so that a large one holds up one thread only.
        let work = || {
            let mut done = Vec::new();
            while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                done.push(self.lint_in(file, &project));
            }
            done
        };
        let mut all = thread::scope(|scope| {
            let helpers: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut all = work();
            for helper in helpers {
                match helper.join() {
                    Ok(done) => all.extend(done),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            all
        });
        all.sort_by(|a, b| a.path.cmp(&b.path));
        all
    }

    /// Runs the rules over one file among all that were given.
    pub fn lint_file(&self, file: &File, all: &[File]) -> FileFindings {
        self.lint_in(file, &Project::of(all))
    }

    /// Runs the rules over one file of a project, whose index serves many files.
    pub fn lint_in(&self, file: &File, project: &Project<'_>) -> FileFindings {
        let mut found = Vec::new();
        for rule in &self.rules {
            rule.check(file, &mut found);
            rule.check_in(file, project, &mut found);
        }
        let (mut findings, mut suppressed) = suppress::apply(file, found, |id| self.runs(id));
        for allowed in self.allowed.iter().filter(|allowed| allowed.holds(&file.path)) {
            let accepted = findings.extract_if(.., |finding| finding.rule == allowed.rule);
            suppressed.extend(
                accepted.map(|finding| Suppressed { finding, reason: allowed.reason.clone() }),
            );
        }
        in_order(&mut findings, |finding| finding);
        in_order(&mut suppressed, |suppressed| &suppressed.finding);
        FileFindings {
            path: file.path.clone(),
            text: Arc::clone(&file.text),
            findings,
            suppressed,
            errors: file.facts.errors.clone(),
        }
    }

    /// Whether a rule was chosen.
    fn runs(&self, id: &str) -> bool {
        self.rules.iter().any(|rule| rule.id() == id)
    }
}

impl Allowed {
    fn new(allowance: &Allowance) -> Result<Self, OptionsError> {
        let Allowance { rule, path, reason } = allowance;
        if reason.trim().is_empty() {
            return Err(OptionsError::NoReason { rule: rule.clone(), path: path.clone() });
        }
        let relative = path.trim_start_matches("./").trim_start_matches('/');
        let glob = |pattern: &str| {
            Glob::new(pattern).map_err(|source| OptionsError::Glob { path: path.clone(), source })
        };
        // Files come as the user named them: below the project, or from the root of the disk.
        let paths = GlobSetBuilder::new()
            .add(glob(relative)?)
            .add(glob(&format!("**/{relative}"))?)
            .build()
            .map_err(|source| OptionsError::Glob { path: path.clone(), source })?;
        Ok(Self { rule: known(rule)?, paths, reason: reason.clone() })
    }

    fn holds(&self, path: &Path) -> bool {
        self.paths.is_match(path.strip_prefix("./").unwrap_or(path))
    }
}

/// The id of a rule that a user named.
fn known(name: &str) -> Result<&'static str, OptionsError> {
    rules::find(name)
        .map(|rule| rule.id())
        .ok_or_else(|| OptionsError::UnknownRule(name.to_owned()))
}

/// By place, then by rule; what is the same in place, rule and message is told once.
fn in_order<T>(items: &mut Vec<T>, finding: impl Fn(&T) -> &Finding) {
    items.sort_by(|a, b| {
        let (a, b) = (finding(a), finding(b));
        (a.span.start, a.span.end, a.rule, &a.message).cmp(&(
            b.span.start,
            b.span.end,
            b.rule,
            &b.message,
        ))
    });
    let mut seen = HashSet::new();
    items.retain(|item| {
        let finding = finding(item);
        seen.insert((finding.span.clone(), finding.rule, finding.message.clone()))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileKind;

    fn npmrc(path: &str, text: &str) -> File {
        crate::read(path, FileKind::Npmrc, text)
    }

    fn only(rule: &str) -> Options {
        Options { selected: vec![rule.to_owned()], ..Options::default() }
    }

    #[test]
    fn every_file_is_answered_for_by_path_whatever_the_threads_do() {
        let files: Vec<File> = (0..100)
            .rev()
            .map(|number| npmrc(&format!("{number:03}/.npmrc"), "strict-ssl=false\n"))
            .collect();
        let found = lint(&files, &only("npm-strict-ssl")).unwrap();
        assert_eq!(found.len(), 100);
        assert!(found.is_sorted_by(|a, b| a.path < b.path));
        assert!(found.iter().all(|file| file.findings.len() == 1));
        assert!(lint(&[], &Options::default()).unwrap().is_empty());
    }

    #[test]
    fn findings_stand_by_place_and_none_twice() {
        let text = "registry=http://a.example\nstrict-ssl=false\n";
        let options = Options {
            selected: vec!["npm-strict-ssl".into(), "lint/plain-http-index".into()],
            ..Options::default()
        };
        let mut file = npmrc(".npmrc", text);
        let twice = file.facts.settings.clone();
        file.facts.settings.extend(twice);
        let found = lint(&[file], &options).unwrap();
        let rules: Vec<_> = found[0].findings.iter().map(|finding| finding.rule).collect();
        assert_eq!(rules, ["lint/plain-http-index", "lint/npm-strict-ssl"]);
    }

    #[test]
    fn a_rule_that_is_deselected_finds_nothing() {
        let file = npmrc(".npmrc", "strict-ssl=false\n");
        let options =
            Options { deselected: vec!["lint/npm-strict-ssl".into()], ..Options::default() };
        assert!(lint(&[file], &options).unwrap()[0].findings.is_empty());
    }

    #[test]
    fn options_name_rules_that_there_are() {
        let error = lint(&[], &only("npm-strict")).unwrap_err();
        assert_eq!(error.to_string(), "there is no rule `npm-strict`");
    }

    #[test]
    fn findings_are_allowed_by_path_with_a_reason() {
        let allow = |path: &str, reason: &str| Options {
            allow: vec![Allowance {
                rule: "npm-strict-ssl".into(),
                path: path.into(),
                reason: reason.into(),
            }],
            ..only("npm-strict-ssl")
        };
        let files = ["tests/.npmrc", "./web/.npmrc", "/srv/x/tests/.npmrc"]
            .map(|path| npmrc(path, "strict-ssl=false\n"));
        let left = |path: &str| -> Vec<usize> {
            let found = lint(&files, &allow(path, "a test")).unwrap();
            found.iter().map(|file| file.findings.len()).collect()
        };
        // In order: /srv/x/tests, ./web, tests.
        assert_eq!(left("tests/**"), [0, 1, 0]);
        assert_eq!(left(".npmrc"), [0, 0, 0]);
        assert_eq!(left("web/.npmrc"), [1, 0, 1]);
        assert_eq!(left("*.toml"), [1, 1, 1]);
        let found = lint(&files, &allow("web/*", "a test")).unwrap();
        assert_eq!(found[1].suppressed[0].reason, "a test");
        assert!(matches!(lint(&files, &allow("*", " ")), Err(OptionsError::NoReason { .. })));
        assert!(matches!(lint(&files, &allow("a[", "x")), Err(OptionsError::Glob { .. })));
    }
}
