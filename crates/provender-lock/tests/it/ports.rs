//! Requirements locked and wheels built for those who know no resolver.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use flate2::Compression;
use flate2::write::GzEncoder;
use provender_core::lock::{LockedSource, Via};
use provender_core::ports::{BuildWheel as _, LockRequirements as _};
use provender_core::{Diagnostic, LockedFile, LockedProject, Target};
use provender_lock::{LockRequest, Observer, Progress, RequirementsLocker, WheelBuilder};
use provender_net::{Client, ClientSettings};
use provender_test::{DistFile, Fault, Release, Sdist, Wheel};

use crate::project::{Project, pins};

const TOOLS: &str = r#"
[tool]
"1.0" = { requires = ["part"] }
"2.0" = {}
[part]
"1.0" = {}
"#;

/// Writes the newest time a build may show and the version of the tool it was built with.
const BACKEND: &str = r#"
import os, time, zipfile
import tool


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    now = time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time())))[:6]
    name = "s-1.0-TAG.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as archive:
        archive.writestr(zipfile.ZipInfo("built-with", now), tool.__version__)
    return name
"#;

/// Keeps what it is told.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Observer for Told {
    fn on(&self, progress: Progress) {
        if let Progress::Building { what } = progress {
            self.0.lock().unwrap().push(what);
        }
    }
}

fn target() -> Target {
    Target { python: "3.11".parse().unwrap(), platforms: "x86_64-manylinux_2_28".parse().unwrap() }
}

/// Awaits in a runtime like that of the binary.
fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn locked(project: &Project, requirements: &[&str]) -> Result<Vec<LockedProject>, Box<Diagnostic>> {
    let mut template = project.request();
    template.inputs = Vec::new();
    let locker = RequirementsLocker::new(template, Arc::new(Told::default()));
    let requirements: Vec<String> = requirements.iter().map(ToString::to_string).collect();
    within(locker.lock(&requirements, &target())).map(|lock| lock.projects)
}

/// A project with an index of tools, and an sdist in its folder.
struct Workplace {
    project: Project,
    sdist: PathBuf,
    locked: LockedProject,
}

impl Workplace {
    /// None where no Python is here; the test is told to be left out.
    fn new(test: &str, sdist: &DistFile) -> Option<Self> {
        let project = Project::new(TOOLS, "");
        if provender_test::python(project.folder.path()).is_none() {
            provender_test::left_out(test, "no python3");
            return None;
        }
        let path = project.path(&sdist.filename);
        std::fs::write(&path, &sdist.bytes).unwrap();
        let hash = format!("sha256:{}", sdist.sha256()).parse().unwrap();
        let locked = LockedProject {
            name: "s".parse().unwrap(),
            version: Some("1.0".parse().unwrap()),
            marker: None,
            source: LockedSource::Index(None),
            requires_python: None,
            files: vec![LockedFile::of_hash(hash)],
            via: Vec::new(),
        };
        Some(Self { project, sdist: path, locked })
    }

    fn template(&self) -> LockRequest {
        let mut template = self.project.request();
        template.inputs = Vec::new();
        template.builds = true;
        template
    }

    fn build(&self, requirements: &[LockedProject]) -> Result<PathBuf, Box<Diagnostic>> {
        self.build_as(self.template(), requirements, "wheels")
    }

    fn build_as(
        &self,
        template: LockRequest,
        requirements: &[LockedProject],
        into: &str,
    ) -> Result<PathBuf, Box<Diagnostic>> {
        let told = Arc::new(Told::default());
        let builder = WheelBuilder::new(template, target(), told.clone());
        let into = self.project.path(into);
        let built = within(builder.build(&self.locked, &self.sdist, requirements, &into));
        if built.is_ok() {
            assert_eq!(told.0.lock().unwrap().first().map(String::as_str), Some("s==1.0"));
        }
        built
    }
}

/// An sdist whose newest member is from 2001-09-09.
fn sdist(backend: &str, requires: &str) -> DistFile {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    let pyproject = format!(
        "[build-system]\nrequires = {requires}\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n"
    );
    for (path, text, time) in
        [("pyproject.toml", pyproject.as_str(), 1_000_000_000), ("backend.py", backend, 5)]
    {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(time);
        archive.append_data(&mut header, format!("s-1.0/{path}"), text.as_bytes()).unwrap();
    }
    let bytes = archive.into_inner().unwrap().finish().unwrap();
    DistFile { filename: "s-1.0.tar.gz".to_owned(), bytes, core_metadata: None }
}

fn pure() -> DistFile {
    sdist(&BACKEND.replace("TAG", "py3-none-any"), "[\"tool\"]")
}

fn contains(file: &Path, needle: &[u8]) -> bool {
    std::fs::read(file).unwrap().windows(needle.len()).any(|window| window == needle)
}

#[test]
fn requirement_lines_are_locked_from_inside_a_runtime() {
    let project = Project::new(TOOLS, "");
    let locked = locked(&project, &["tool<2", "part ; python_version < '4'"]).unwrap();
    let names: Vec<&str> = locked.iter().map(|project| project.name.as_str()).collect();
    assert_eq!(names, ["part", "tool"]);
    assert_eq!(locked[0].via, [Via::Project("tool".parse().unwrap())]);
    assert_eq!(locked[1].via, []);
    let (filename, hash) = project.index.hashes("tool", "1.0").remove(0);
    assert_eq!(locked[1].files[0].hash.to_string(), format!("sha256:{hash}"));
    assert_eq!(locked[1].files[0].filename.as_deref(), Some(&*filename));
}

#[test]
fn the_locks_header_names_the_target_and_no_file() {
    let project = Project::new(TOOLS, "");
    let locker = RequirementsLocker::new(project.request(), Arc::new(Told::default()));
    let lock = within(locker.lock(&["part".to_owned()], &target())).unwrap();
    assert_eq!(lock.header.target, Some(target()));
    assert!(lock.header.inputs.is_empty());
    assert_eq!(pins(&lock), ["part==1.0"]);
}

#[test]
fn lines_that_cannot_be_met_or_are_no_requirements_are_told() {
    let project = Project::new(TOOLS, "");
    let failure = locked(&project, &["part", "tool>=3"]).unwrap_err();
    assert_eq!(failure.rule, "lock/no-solution");
    assert_eq!(failure.place, None);
    assert_eq!(failure.causes[0], "asked for as `tool>=3`");
    for line in ["-r other.txt", "--index-url http://x.example/", "-e .", "", "a\nb", "a=1"] {
        assert_eq!(locked(&project, &[line]).unwrap_err().rule, "lock/input-malformed", "{line}");
    }
}

#[test]
fn a_wheel_is_built_with_what_is_locked_and_nothing_newer() {
    let name = "a_wheel_is_built_with_what_is_locked_and_nothing_newer";
    let Some(place) = Workplace::new(name, &pure()) else { return };
    let tools = locked(&place.project, &["tool<2"]).unwrap();
    let wheel = place.build(&tools).unwrap();
    assert_eq!(wheel, place.project.path("wheels/s-1.0-py3-none-any.whl"));
    assert!(contains(&wheel, b"1.0"));
    let left: Vec<_> = std::fs::read_dir(place.project.path("wheels")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn without_a_lock_a_build_gets_what_the_sdist_asks_for() {
    let name = "without_a_lock_a_build_gets_what_the_sdist_asks_for";
    let Some(place) = Workplace::new(name, &pure()) else { return };
    assert!(contains(&place.build(&[]).unwrap(), b"2.0"));
}

#[test]
fn a_build_requirement_with_other_bytes_is_refused() {
    let name = "a_build_requirement_with_other_bytes_is_refused";
    let Some(place) = Workplace::new(name, &pure()) else { return };
    let mut tools = locked(&place.project, &["tool"]).unwrap();
    tools[0].files[0].hash = format!("sha256:{}", "0".repeat(64)).parse().unwrap();
    let failure = place.build(&tools).unwrap_err();
    assert_eq!(failure.rule, "build/hash-mismatch", "{failure:?}");
    assert!(failure.message.starts_with("tool==2.0, which the build of s==1.0"), "{failure:?}");
}

#[test]
fn without_a_lock_the_indexs_promise_holds() {
    let name = "without_a_lock_the_indexs_promise_holds";
    let Some(place) = Workplace::new(name, &pure()) else { return };
    locked(&place.project, &["tool"]).unwrap();
    // The page is still fresh; the file behind it changes.
    let other = Wheel::new("tool", "2.0").file("tool/more.py", "").build();
    place.project.index.add(&Release::new("tool", "2.0").file(other));
    let failure = place.build(&[]).unwrap_err();
    assert_eq!(failure.rule, "build/hash-mismatch", "{failure:?}");
}

#[test]
fn a_build_requirement_that_is_not_locked_is_refused() {
    let name = "a_build_requirement_that_is_not_locked_is_refused";
    let Some(place) = Workplace::new(name, &pure()) else { return };
    let tools = locked(&place.project, &["part"]).unwrap();
    let failure = place.build(&tools).unwrap_err();
    assert_eq!(failure.rule, "build/not-locked", "{failure:?}");
    assert!(failure.message.contains("needs tool"), "{failure:?}");
}

#[test]
fn locked_requirements_that_do_not_fit_the_build_are_told() {
    let name = "locked_requirements_that_do_not_fit_the_build_are_told";
    let backend = BACKEND.replace("TAG", "py3-none-any");
    let Some(place) = Workplace::new(name, &sdist(&backend, "[\"tool>=2\"]")) else { return };
    let tools = locked(&place.project, &["tool<2"]).unwrap();
    let failure = place.build(&tools).unwrap_err();
    assert_eq!(failure.rule, "build/requirements", "{failure:?}");
    assert!(failure.causes.join("\n").contains("tool>=2"), "{failure:?}");
}

#[test]
fn a_failing_build_is_told_with_the_end_of_its_output() {
    let name = "a_failing_build_is_told_with_the_end_of_its_output";
    let broken = Sdist::new("s", "1.0").build_fails("the compiler is missing").build();
    let Some(place) = Workplace::new(name, &broken) else { return };
    let failure = place.build(&[]).unwrap_err();
    assert_eq!(failure.rule, "build/failed", "{failure:?}");
    assert_eq!(failure.message, "the build of s==1.0 failed");
    assert!(failure.causes.join("\n").contains("the compiler is missing"), "{failure:?}");
    assert!(failure.hint.is_some());
}

#[test]
fn a_build_gives_the_same_bytes_twice_dated_by_its_newest_member() {
    let name = "a_build_gives_the_same_bytes_twice_dated_by_its_newest_member";
    let Some(place) = Workplace::new(name, &pure()) else { return };
    let first = place.build_as(place.template(), &[], "first").unwrap();
    let second = place.build_as(place.template(), &[], "second").unwrap();
    assert_eq!(std::fs::read(&first).unwrap(), std::fs::read(&second).unwrap());
    // 2001-09-09 01:46:40 as ZIP writes it (APPNOTE 4.4.6): time, then date.
    let time = ((1_u16 << 11) | (46 << 5) | (40 / 2)).to_le_bytes();
    let date = ((21_u16 << 9) | (9 << 5) | 9).to_le_bytes();
    assert!(contains(&first, &[time, date].concat()));
}

#[test]
fn offline_a_build_asks_nobody_and_needs_everything_here() {
    let name = "offline_a_build_asks_nobody_and_needs_everything_here";
    let Some(place) = Workplace::new(name, &pure()) else { return };
    let tools = locked(&place.project, &["tool"]).unwrap();
    let offline = || {
        let settings = ClientSettings { offline: true, ..ClientSettings::default() };
        LockRequest { client: Client::new(settings).unwrap(), ..place.template() }
    };
    place.build(&tools).unwrap();
    place.project.index.http().forget_requests();
    place.build_as(offline(), &tools, "again").unwrap();
    let elsewhere = place.project.path("another-cache");
    let empty = LockRequest { cache_dir: elsewhere, ..offline() };
    let failure = place.build_as(empty, &tools, "never").unwrap_err();
    assert_eq!(failure.rule, "build/offline", "{failure:?}");
    assert_eq!(place.project.index.http().count("/"), 0);
}

#[test]
fn an_index_that_fails_is_told_as_elsewhere() {
    let name = "an_index_that_fails_is_told_as_elsewhere";
    let Some(place) = Workplace::new(name, &pure()) else { return };
    place.project.index.http().fail("/simple/", Fault::Status(403));
    let failure = place.build(&[]).unwrap_err();
    assert_eq!(failure.rule, "lock/index-status", "{failure:?}");
}

#[test]
fn an_sdist_with_other_bytes_is_not_unpacked() {
    let name = "an_sdist_with_other_bytes_is_not_unpacked";
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let sdist = Sdist::new("s", "1.0").trace(&trace).build();
    let Some(mut place) = Workplace::new(name, &sdist) else { return };
    place.locked.files[0].hash = format!("sha256:{}", "0".repeat(64)).parse().unwrap();
    let failure = place.build(&[]).unwrap_err();
    assert_eq!(failure.rule, "build/hash-mismatch", "{failure:?}");
    assert!(failure.message.contains(&sdist.sha256()), "{failure:?}");
    place.locked.files.clear();
    assert_eq!(place.build(&[]).unwrap_err().rule, "build/hash-mismatch");
    assert!(!trace.exists());
}

#[test]
fn a_file_that_is_no_sdist_is_told() {
    let name = "a_file_that_is_no_sdist_is_told";
    let bytes = b"not an archive".to_vec();
    let text = DistFile { filename: "s-1.0.tar.gz".to_owned(), bytes, core_metadata: None };
    let Some(mut place) = Workplace::new(name, &text) else { return };
    assert_eq!(place.build(&[]).unwrap_err().rule, "build/bad-sdist");
    place.sdist = place.project.path("missing.tar.gz");
    assert_eq!(place.build(&[]).unwrap_err().rule, "build/bad-sdist");
}

#[test]
fn nothing_is_built_where_builds_are_forbidden() {
    let name = "nothing_is_built_where_builds_are_forbidden";
    let Some(place) = Workplace::new(name, &pure()) else { return };
    let template = LockRequest { builds: false, ..place.template() };
    let failure = place.build_as(template, &[], "wheels").unwrap_err();
    assert_eq!(failure.rule, "build/forbidden", "{failure:?}");
    // Without a Python on the path nothing can be built.
    let template = LockRequest { variables: Default::default(), ..place.template() };
    let failure = place.build_as(template, &[], "wheels").unwrap_err();
    assert_eq!(failure.rule, "build/no-python", "{failure:?}");
}

#[test]
fn a_wheel_for_another_machine_or_of_another_release_is_refused() {
    let name = "a_wheel_for_another_machine_or_of_another_release_is_refused";
    for (stem, rule) in [
        ("s-1.0-cp38-cp38-win_amd64", "build/wrong-target"),
        ("s-2.0-py3-none-any", "build/wrong-wheel"),
        ("other-1.0-py3-none-any", "build/wrong-wheel"),
    ] {
        let sdist = sdist(&BACKEND.replace("s-1.0-TAG", stem), "[\"tool\"]");
        let Some(place) = Workplace::new(name, &sdist) else { return };
        let failure = place.build(&[]).unwrap_err();
        assert_eq!(failure.rule, rule, "{failure:?}");
        assert!(!place.project.path("wheels").join(format!("{stem}.whl")).exists());
    }
}
