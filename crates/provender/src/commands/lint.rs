//! `provender lint`.

mod fixing;
mod left;
mod load;
mod show;
mod write;

use provender_core::excerpt::Excerpt;
use provender_core::{Diagnostic, Level};
use provender_lint::{Allowance, Linter, Options, OptionsError};

use super::explain;
use crate::cli::{GlobalArgs, LintArgs};
use crate::exit::{Answer, Failure};
use crate::output::Output;
use crate::settings::{Settings, level};

/// What was seen.
struct Seen {
    /// What is wrong, by file and place.
    excerpts: Vec<Excerpt>,
    /// What could not be looked at.
    unreadable: Vec<Diagnostic>,
    /// How many files were looked at.
    files: usize,
    /// How many findings were accepted with a reason.
    accepted: usize,
}

pub(crate) fn run(
    args: &LintArgs,
    global: &GlobalArgs,
    output: &Output,
) -> Result<Answer, Failure> {
    let settings = Settings::gather(global, std::path::Path::new("."))?;
    let linter = linter(args, &settings)?;
    let threshold = threshold(args, &settings)?;
    let mut loaded = load::load(&args.paths);
    let fixed = if args.fix || args.diff {
        let fixed = fixing::fix(&linter, &loaded, args, &settings)?;
        if fixed.done {
            loaded = load::load(&args.paths);
        }
        Some(fixed)
    } else {
        None
    };
    let seen = look(&linter, loaded);
    show::result(&seen, fixed.as_ref(), threshold, output)?;
    let wrong = seen.excerpts.iter().any(|excerpt| excerpt.diagnostic.level >= threshold);
    Ok(match (wrong, seen.unreadable.is_empty()) {
        (true, _) => Answer::No,
        (false, true) => Answer::Yes,
        (false, false) => Answer::Missing,
    })
}

fn look(linter: &Linter, loaded: load::Loaded) -> Seen {
    let findings = linter.lint(&loaded.files);
    let mut seen =
        Seen { excerpts: Vec::new(), unreadable: loaded.unreadable, files: 0, accepted: 0 };
    // Both are in the order of their paths.
    for (file, found) in loaded.files.iter().zip(&findings) {
        if loaded.asked.contains(&file.path) {
            seen.files += 1;
            seen.accepted += found.suppressed.len();
            let excerpts = provender_lint::excerpts(file, found);
            seen.excerpts.extend(excerpts.into_iter().zip(&found.findings).map(
                |(mut excerpt, finding)| {
                    if finding.fix.as_ref().is_some_and(|fix| left::is_never_made(fix, file)) {
                        excerpt.fix = None;
                    }
                    excerpt
                },
            ));
        }
    }
    seen
}

fn linter(args: &LintArgs, settings: &Settings) -> Result<Linter, Diagnostic> {
    let table = &settings.file.values.lint;
    let allow = table.allow.iter().map(|allowed| Allowance {
        rule: allowed.rule.clone(),
        path: allowed.path.clone(),
        reason: allowed.reason.clone(),
    });
    let options = Options {
        selected: args.select.clone(),
        deselected: args.ignore.iter().chain(&table.ignore).cloned().collect(),
        allow: allow.collect(),
    };
    Linter::new(&options).map_err(|error| match &error {
        OptionsError::UnknownRule(name) => {
            let diagnostic = Diagnostic::error("lint/unknown-rule", error.to_string()).hint(
                match explain::near(name).filter(|id| id.starts_with("lint/")) {
                    Some(id) => format!("did you mean `{id}`?"),
                    None => "`provender explain` lists all rules".to_owned(),
                },
            );
            diagnostic.decided_by(if args.select.contains(name) {
                "--select"
            } else if args.ignore.contains(name) {
                "--ignore"
            } else if table.ignore.contains(name) {
                "lint.ignore"
            } else {
                "lint.allow"
            })
        }
        OptionsError::NoReason { .. } | OptionsError::Glob { .. } => {
            Diagnostic::error("settings/malformed", error.to_string())
                .hint("correct `[[lint.allow]]`")
                .decided_by("lint.allow")
        }
    })
}

fn threshold(args: &LintArgs, settings: &Settings) -> Result<Level, Diagnostic> {
    let setting = settings.file.values.lint.fail_on.as_deref();
    Ok(level::of(args.fail_on, setting, "lint.fail-on")?.unwrap_or(Level::Warning))
}
