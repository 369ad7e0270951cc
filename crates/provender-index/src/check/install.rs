//! The step `install`: a real pip installs each lock from the index alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use provender_core::check::{Outcome, Step};
use provender_core::{
    Diagnostic, LockedProject, Platform, Platforms, ProjectName, Sha256, Version,
};
use provender_store::StockedFile;

use super::answers::Reached;
use super::complaint::{count, names};
use super::environment::{Environment, Environments, Listing, child_failed, missing_python};
use super::interpreter::Way;
use super::needs::{LockNeeds, Needs, at};
use super::platform::pip_platforms;
use super::requirements;
use super::workshop::Workshop;
use crate::server::RequestLine;

pub(super) const ID: &str = "install";
pub(super) const TITLE: &str = "pip installs the locks from the index alone";

/// How long the log is waited for after pip has ended.
const LOG_WITHIN: Duration = Duration::from_secs(5);

/// What pip installed.
#[derive(Debug)]
pub(super) struct Installed<'a> {
    pub(super) environment: &'a Environment<'a>,
    /// What should be there, markers included.
    pub(super) expected: Vec<LockedProject>,
    /// What is there.
    pub(super) found: Listing,
    /// The platform that it is for, if that is not the one of this machine.
    pub(super) platform: Option<Platform>,
    /// Whether that is a folder of its own, with nothing in it before.
    pub(super) is_apart: bool,
}

/// Installs every lock, and says what is there then.
pub(super) async fn step<'a>(
    environments: &'a Environments<'a>,
    needs: &Needs,
    workshop: &Workshop,
    reached: &Reached,
) -> (Step, Vec<Installed<'a>>) {
    let mut installed = Vec::new();
    let mut diagnostics = Vec::new();
    let mut unproved = BTreeSet::new();
    let mut others = BTreeSet::new();
    let none = LockNeeds::default();
    for environment in &environments.made {
        let needs = needs.of(environment.lock).unwrap_or(&none);
        others.extend(missing_python(environment.lock, &environment.way));
        if let Way::Told { .. } = environment.way {
            let built = environment.lock.lock.projects.iter().map(|project| &project.name);
            let built: Vec<_> = built.filter(|name| needs.built.contains(*name)).collect();
            if !built.is_empty() {
                diagnostics.push(not_proved(environment, &built));
                unproved.extend(built.into_iter().cloned());
            }
        }
        for plan in plans(environment, needs) {
            match install(environment, plan, needs, workshop, reached).await {
                Ok(done) => {
                    let unasked = of_other_pythons(&done);
                    if !unasked.is_empty() {
                        diagnostics.push(not_asked(environment, &unasked));
                        unproved.extend(unasked.into_iter().cloned());
                    }
                    installed.push(done);
                }
                Err(diagnostic) => diagnostics.push(*diagnostic),
            }
        }
    }
    let failed = diagnostics.iter().any(|found| found.level == provender_core::Level::Error);
    let outcome = match (failed, unproved.is_empty()) {
        (true, _) => Outcome::Failed,
        // Part of the answer is missing, and that is no yes.
        (false, false) => Outcome::NotRun,
        (false, true) => Outcome::Passed,
    };
    let mut summary = match failed {
        true => "a lock does not install".to_owned(),
        false => said(&installed, reached),
    };
    if !others.is_empty() {
        let others: Vec<_> = others.into_iter().collect();
        summary = format!(
            "{summary}; without {}, its wheels were only unpacked, by the pip of another Python",
            names(&others)
        );
    }
    if !unproved.is_empty() {
        let unproved: Vec<_> = unproved.into_iter().collect();
        summary = format!("{summary}; not proved: {}", names(&unproved));
    }
    (Step { outcome, diagnostics, ..Step::passed(ID, TITLE, summary) }, installed)
}

fn said(installed: &[Installed<'_>], reached: &Reached) -> String {
    let projects: usize = installed.iter().map(Installed::added).map(|added| added.len()).sum();
    let account = match reached.is_own() {
        true => "the index's log accounts for every file",
        false => "every other way was closed",
    };
    format!("{}, {account}", count(projects, "project"))
}

impl Installed<'_> {
    /// What was not there before.
    pub(super) fn added(&self) -> Listing {
        let was_there = |name: &ProjectName, version: &String| {
            !self.is_apart && self.environment.before.get(name) == Some(version)
        };
        let new = self.found.iter().filter(|(name, version)| !was_there(name, version));
        new.map(|(name, version)| (name.clone(), version.clone())).collect()
    }
}

/// One run of pip.
pub(super) struct RunOfPip {
    text: String,
    expected: Vec<LockedProject>,
    platform: Option<Platform>,
    /// What pip is told besides, where it installs for another Python.
    apart: Option<(PathBuf, Vec<String>)>,
}

/// What pip has to be run for: once for a Python like the lock's, else for every platform.
pub(super) fn plans(environment: &Environment<'_>, needs: &LockNeeds) -> Vec<RunOfPip> {
    let lock = environment.lock;
    let Way::Told { python, platforms, .. } = &environment.way else {
        let text = requirements::text(lock);
        let expected = lock.lock.projects.clone();
        return vec![RunOfPip { text, expected, platform: None, apart: None }];
    };
    let all = platforms.iter().copied().map(Some);
    let all: Vec<_> = if platforms.is_empty() { vec![None] } else { all.collect() };
    let run = |(number, platform): (usize, Option<Platform>)| {
        let pins =
            requirements::told(&lock.lock, *python, platform, |name| needs.built.contains(name));
        let mut told = vec!["--no-deps", "--only-binary", ":all:", "--implementation", "cp"];
        let version = format!("{}.{}", python.major, python.minor);
        told.extend(["--python-version", &version]);
        let mut told: Vec<_> = told.into_iter().map(str::to_owned).collect();
        for name in platform.map(pip_platforms).unwrap_or_default() {
            told.extend(["--platform".to_owned(), name]);
        }
        RunOfPip {
            text: requirements::render(pins.clone()),
            expected: pins,
            platform,
            apart: Some((format!("{}-target-{number}", environment.name).into(), told)),
        }
    };
    all.into_iter().enumerate().map(run).collect()
}

/// Runs pip once, and sees to it that every file came from the index.
pub(super) async fn install<'a>(
    environment: &'a Environment<'a>,
    plan: RunOfPip,
    needs: &LockNeeds,
    workshop: &Workshop,
    reached: &Reached,
) -> Result<Installed<'a>, Box<Diagnostic>> {
    let lock = environment.lock;
    let RunOfPip { text, expected, platform, apart } = plan;
    let requirements = workshop.path(&format!("{}.txt", environment.name));
    let failed = |diagnostic| Box::new(at(lock, diagnostic));
    tokio::fs::write(&requirements, text).await.map_err(|error| {
        let message = "the lock cannot be written for pip";
        let diagnostic = Diagnostic::error("check/install", message).because(error.to_string());
        failed(diagnostic.hint("make room in the folder for temporary files"))
    })?;
    let mut pip = workshop.pip_install(&environment.python);
    pip.arg("-r").arg(&requirements);
    let folder = apart.map(|(folder, told)| {
        pip.args(told);
        workshop.path(&folder.to_string_lossy())
    });
    if let Some(folder) = &folder {
        pip.arg("--target").arg(folder);
    }
    let before = reached.log.as_ref().map(|log| log.count());
    let on = platform.map(|platform| format!(" for {platform}")).unwrap_or_default();
    let message = format!("pip does not install {}{on} from the index alone", lock.short_name());
    match workshop.run(pip).await {
        Ok(ended) if ended.status.success() => {}
        Ok(ended) => {
            let diagnostic = Diagnostic::error("check/install", message).because(ended.said());
            return Err(failed(diagnostic.hint(HINT)));
        }
        Err(error) => {
            let diagnostic = child_failed("check/install", message, &error);
            return Err(failed(
                diagnostic.hint("see what pip waits for: the last lines that it said are above"),
            ));
        }
    }
    // pip makes no folder where there is nothing to install.
    if let Some(folder) = &folder {
        let _ = tokio::fs::create_dir_all(folder).await;
    }
    let found = environment.listing(folder.as_ref(), workshop).await.map_err(|why| {
        let message = "what pip installed cannot be read";
        let diagnostic = Diagnostic::error("check/install", message).because(why);
        failed(diagnostic.hint("check again; if it stays, look at the Python that is used"))
    })?;
    let is_apart = folder.is_some();
    let installed = Installed { environment, expected, found, platform, is_apart };
    if let (Some(log), Some(before)) = (&reached.log, before) {
        let new = installed.added();
        let enough = |lines: &[RequestLine]| unaccounted(&new, lines, &needs.listed).is_empty();
        let lines = log.since(before, LOG_WITHIN, enough).await;
        let unaccounted = unaccounted(&new, &lines, &needs.listed);
        if !unaccounted.is_empty() {
            let what = names(&unaccounted);
            let message = format!("{what} got installed, and the index served no such file");
            return Err(failed(Diagnostic::error("check/unaccounted", message).hint(
                "something on this machine gives files to pip by another way: find it before \
                 you trust an installation here",
            )));
        }
    }
    Ok(installed)
}

const HINT: &str = "pip's own words are above: a file that is missing or damaged is named by the \
                    steps before and fetched by `provender stock`; a build that fails needs what \
                    it names, or a wheel (`provender stock --build-wheels`)";

/// What was installed without that the index served a file of it that the lock lists.
fn unaccounted(
    new: &Listing,
    lines: &[RequestLine],
    listed: &BTreeMap<Sha256, StockedFile>,
) -> Vec<String> {
    let served: BTreeSet<(&ProjectName, &Version)> = lines
        .iter()
        .filter(|line| line.method == "GET" && line.status == 200 && line.complete)
        .filter_map(|line| listed.get(&digest(&line.path)?))
        .map(|file| (&file.record.project, &file.record.version))
        .collect();
    let is_served = |name: &ProjectName, version: &str| {
        version.parse().is_ok_and(|version: Version| served.contains(&(name, &version)))
    };
    let new = new.iter().filter(|(name, version)| !is_served(name, version));
    new.map(|(name, version)| format!("{name} {version}")).collect()
}

/// The digest in the path of a file; none for its metadata.
fn digest(path: &str) -> Option<Sha256> {
    let parts: Vec<_> = path.split('/').collect();
    match parts[..] {
        ["", "packages", _, _, sha256, filename] if !filename.ends_with(".metadata") => {
            sha256.parse().ok()
        }
        _ => None,
    }
}

fn not_proved(environment: &Environment<'_>, built: &[&ProjectName]) -> Diagnostic {
    let missing = missing_python(environment.lock, &environment.way).unwrap_or_default();
    let (is, an) = if built.len() == 1 { ("is", "an sdist") } else { ("are", "sdists") };
    let message = format!(
        "{} {is} not proved: there is only {an}, and no {missing} here to build with",
        names(built)
    );
    at(environment.lock, Diagnostic::warning("check/not-proved", message)).hint(
        "check where there is such a Python, or stock a wheel with `provender stock --build-wheels`",
    )
}

/// The pins of a universal lock that were not installed, and may be with the lock's own Python: pip
/// reads the version in a marker as that of the Python that it runs with, which is another one here.
fn of_other_pythons<'a>(installed: &'a Installed<'_>) -> Vec<&'a ProjectName> {
    let Environment { lock, way, .. } = installed.environment;
    let Some(target) = lock.target() else { return Vec::new() };
    let is_universal = matches!(target.platforms, Platforms::Universal);
    if !is_universal || way.interpreter().is_minor(target.python) {
        return Vec::new();
    }
    let asks = |pin: &&LockedProject| {
        let marker = pin.marker.as_deref().unwrap_or_default();
        marker.contains("python_version") || marker.contains("python_full_version")
    };
    let pins = installed.expected.iter().filter(asks).map(|pin| &pin.name);
    let mut missing: Vec<_> = pins.filter(|name| !installed.found.contains_key(*name)).collect();
    missing.sort_unstable();
    missing.dedup();
    missing
}

fn not_asked(environment: &Environment<'_>, pins: &[&ProjectName]) -> Diagnostic {
    let (is, marker) =
        if pins.len() == 1 { ("is", "its marker") } else { ("are", "their markers") };
    let python = environment.lock.target().map(|target| target.python);
    let python = python.map(|python| format!("Python {python}")).unwrap_or_default();
    let here = environment.way.interpreter().version();
    let message = format!(
        "{} {is} not proved: {marker} asked Python {here}, and there is no {python} here",
        names(pins)
    );
    at(environment.lock, Diagnostic::warning("check/not-proved", message))
        .hint(format!("check where there is {python}"))
}

#[cfg(test)]
mod tests {
    use provender_store::{FileRecord, STOCK};

    use super::*;
    use crate::server::Source;
    use crate::simple::render::file_path;

    fn line(path: &str, status: u16) -> RequestLine {
        RequestLine {
            client: None,
            method: "GET".to_owned(),
            path: path.to_owned(),
            status,
            bytes: 5,
            complete: status == 200,
            duration: Duration::ZERO,
            source: Source::Store,
        }
    }

    #[test]
    fn an_installed_project_needs_a_file_that_was_served_whole() {
        let sha256 = Sha256::from_bytes([7; 32]);
        let filename = "a-1.0-py3-none-any.whl";
        let record = FileRecord {
            index: STOCK.to_owned(),
            project: "a".parse().unwrap(),
            version: "1.0".parse().unwrap(),
            filename: filename.to_owned(),
            sha256,
            size: None,
            upload_time: None,
            requires_python: None,
            yanked: None,
            metadata: None,
            url: None,
        };
        let file = StockedFile { record, present: true, metadata_present: false };
        let listed = BTreeMap::from([(sha256, file)]);
        let path = format!("/{}", file_path(&sha256, filename));
        let left = |version: &str, lines: &[RequestLine]| {
            let new = Listing::from([("a".parse().unwrap(), version.to_owned())]);
            unaccounted(&new, lines, &listed)
        };
        assert!(left("1.0", &[line("/simple/a/", 200), line(&path, 200)]).is_empty());
        assert!(left("1", &[line(&path, 200)]).is_empty());
        assert_eq!(left("1.0", &[]), ["a 1.0"]);
        assert_eq!(left("2.0", &[line(&path, 200)]), ["a 2.0"]);
        assert_eq!(left("1.0", &[line(&path, 404)]), ["a 1.0"]);
        assert_eq!(left("1.0", &[line(&format!("{path}.metadata"), 200)]), ["a 1.0"]);
    }
}
