//! The application's layer, from folders as people have them.

use std::fs;
use std::path::{Path, PathBuf};

use provender_core::{Level, Sha256};
use provender_image::app::{AppError, AppOptions, Application, SecretFound, collect, judge};
use provender_image::attach::application_digest;
use provender_image::layer::{Content, Entry, EntryKind};
use tempfile::TempDir;

/// A folder with these files; a name that ends with a slash is a folder.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), files);
    folder
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn paths(application: &Application) -> Vec<&str> {
    application.entries.iter().map(|entry| entry.path.as_str()).collect()
}

fn collected(folder: &TempDir) -> Application {
    collect(folder.path(), &AppOptions::default()).unwrap()
}

fn ignoring(folder: &TempDir, patterns: &str) -> Result<Application, AppError> {
    let dockerignore = Some(patterns.to_owned());
    collect(folder.path(), &AppOptions { dockerignore, ..AppOptions::default() })
}

#[test]
fn files_get_into_the_image_s_folder_with_their_digests() {
    let folder = folder(&[("main.py", "print()\n"), ("pkg/__init__.py", "")]);
    let application = collected(&folder);
    assert_eq!(paths(&application), ["app", "app/main.py", "app/pkg", "app/pkg/__init__.py"]);
    let main = &application.entries[1];
    let sha256: Sha256 =
        "d8594fa1268ecabc62af7c9e2449b8c46db0f426cd9aad384c67efe59e582b3e".parse().unwrap();
    let EntryKind::File(Content::Path { path, size, sha256: found }) = &main.kind else {
        panic!("{main:?}")
    };
    assert_eq!((path, *size), (&folder.path().join("main.py"), 8));
    assert_eq!(*found, sha256);
    assert_eq!((main.mode, main.uid, main.gid), (0o644, 0, 0));
    assert_eq!(application.entries[0].mode, 0o755);
    let options = AppOptions { workdir: "/srv/./web/".to_owned(), ..AppOptions::default() };
    let elsewhere = collect(folder.path(), &options).unwrap();
    assert_eq!(paths(&elsewhere)[..2], ["srv/web", "srv/web/main.py"]);
    for workdir in ["app", "/", "", "/a/../b", "/."] {
        let options = AppOptions { workdir: workdir.to_owned(), ..AppOptions::default() };
        let error = collect(folder.path(), &options).unwrap_err();
        assert!(matches!(error, AppError::Workdir(_)), "{workdir}: {error}");
    }
}

#[cfg(unix)]
#[test]
fn two_folders_with_other_modes_times_and_leftovers_are_the_same_application() {
    use std::fs::{FileTimes, Permissions};
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::SystemTime;

    let files = [("main.py", "x"), ("bin/run", "y"), ("data/a", "z")];
    let (one, two) = (folder(&files), folder(&files));
    let chmod = |folder: &TempDir, path: &str, mode| {
        fs::set_permissions(folder.path().join(path), Permissions::from_mode(mode)).unwrap();
    };
    chmod(&one, "bin/run", 0o700);
    chmod(&two, "bin/run", 0o775);
    chmod(&one, "main.py", 0o600);
    chmod(&two, "main.py", 0o666);
    chmod(&two, "data", 0o777);
    let times = FileTimes::new().set_modified(SystemTime::UNIX_EPOCH);
    fs::File::options()
        .write(true)
        .open(two.path().join("data/a"))
        .unwrap()
        .set_times(times)
        .unwrap();
    write(
        two.path(),
        &[
            ("data/__pycache__/a.cpython-311.pyc", ""),
            ("stale/__pycache__/b.cpython-311.pyc", ""),
            (".git/HEAD", ""),
            (".env", "API_TOKEN=k8s2-49dj-wq"),
            ("env/pyvenv.cfg", ""),
            ("env/lib/python3.11/site-packages/x.py", ""),
            ("web/node_modules/x/index.js", ""),
            ("provender-reports/audit.json", "{}"),
        ],
    );
    let (one, two) = (collected(&one), collected(&two));
    assert_eq!(paths(&one), paths(&two));
    assert_eq!(application_digest(&one.entries), application_digest(&two.entries));
    let modes = |application: &Application| -> Vec<u32> {
        application.entries.iter().map(|entry| entry.mode).collect()
    };
    assert_eq!(modes(&one), modes(&two));
    let run = one.entries.iter().find(|entry| entry.path == "app/bin/run").unwrap();
    assert_eq!(run.mode, 0o755);
}

#[test]
fn another_mode_name_or_byte_is_another_application() {
    let digest = |entries: &[Entry]| application_digest(entries);
    let application = collected(&folder(&[("a", "x"), ("b", "y")]));
    let base = digest(&application.entries);
    assert_ne!(base, digest(&collected(&folder(&[("a", "x"), ("b", "z")])).entries));
    assert_ne!(base, digest(&collected(&folder(&[("a", "x"), ("c", "y")])).entries));
    let mut entries = application.entries;
    entries[1].mode = 0o755;
    assert_ne!(base, digest(&entries));
}

#[test]
fn the_ignore_file_decides_in_docker_s_order() {
    let folder = folder(&[
        ("main.py", ""),
        ("docs/a.md", ""),
        ("data/big.bin", ""),
        ("data/keep/small.csv", ""),
        ("tests/test_a.py", ""),
        (".env.example", ""),
        ("Dockerfile", ""),
    ]);
    let application =
        ignoring(&folder, "# comment\ndocs\n/data\n!data/keep\n**/test_*.py\nDockerfile\n")
            .unwrap();
    let expected = [
        "app",
        "app/.env.example",
        "app/data",
        "app/data/keep",
        "app/data/keep/small.csv",
        "app/main.py",
    ];
    assert_eq!(paths(&application), expected);
    let only = ignoring(&folder, "*\n!*.py\n").unwrap();
    assert_eq!(paths(&only), ["app", "app/main.py"]);
    assert!(matches!(ignoring(&folder, "*"), Err(AppError::Empty(_))));
    // What never belongs into an image cannot be taken back in.
    write(folder.path(), &[(".env", "x"), (".git/HEAD", "x")]);
    let application = ignoring(&folder, "*\n!.env\n!.git\n!main.py\n").unwrap();
    assert_eq!(paths(&application), ["app", "app/main.py"]);
}

#[test]
fn only_what_is_asked_for_is_taken() {
    let folder =
        folder(&[("app/main.py", ""), ("app/x.pyc", ""), ("scripts/run.sh", ""), ("b", "")]);
    let including = |paths: &[&str]| {
        let include = paths.iter().map(|path| (*path).to_owned()).collect();
        collect(folder.path(), &AppOptions { include, ..AppOptions::default() })
    };
    let application = including(&["app/", "scripts/run.sh"]).unwrap();
    let expected = ["app", "app/app", "app/app/main.py", "app/scripts", "app/scripts/run.sh"];
    assert_eq!(paths(&application), expected);
    assert!(
        matches!(including(&["app", "missing"]), Err(AppError::Missing(path)) if path.ends_with("missing"))
    );
}

#[test]
fn tests_are_copied_and_told() {
    let application = collected(&folder(&[("main.py", ""), ("tests/test_a.py", "")]));
    let rules: Vec<&str> = application.notes.iter().map(|note| note.rule).collect();
    assert_eq!(rules, ["image/tests-copied"]);
    assert_eq!(application.notes[0].level, Level::Note);
    assert!(paths(&application).contains(&"app/tests/test_a.py"));
}

#[cfg(unix)]
#[test]
fn a_link_is_kept_inside_and_refused_by_name_where_it_leads_out() {
    use std::os::unix::fs::symlink;

    let inside = folder(&[("a/file", "x")]);
    symlink("a/file", inside.path().join("link")).unwrap();
    symlink("../a", inside.path().join("a/self")).unwrap();
    let application = collected(&inside);
    let link = application.entries.iter().find(|entry| entry.path == "app/link").unwrap();
    assert_eq!(link.kind, EntryKind::Link("a/file".to_owned()));
    assert!(application.notes.is_empty(), "{:?}", application.notes);

    for target in ["/etc/passwd", "../outside", "a/../../outside"] {
        let folder = folder(&[("a/file", "x")]);
        symlink(target, folder.path().join("bad")).unwrap();
        let error = collect(folder.path(), &AppOptions::default()).unwrap_err();
        assert!(matches!(&error, AppError::Link { path, .. } if path.ends_with("bad")), "{target}");
        assert!(ignoring(&folder, "bad").is_ok(), "what is left out may lead anywhere");
    }
    // Each step stays inside when read, and the whole leads out.
    let folder = folder(&[("a/b/file", "x")]);
    symlink("../..", folder.path().join("a/b/top")).unwrap();
    symlink("a/b/top/..", folder.path().join("out")).unwrap();
    let error = collect(folder.path(), &AppOptions::default()).unwrap_err();
    assert!(matches!(&error, AppError::Link { path, .. } if path.ends_with("out")), "{error}");
}

#[cfg(unix)]
#[test]
fn a_link_to_what_is_left_out_is_told() {
    let folder = folder(&[("main.py", ""), ("data/x", "")]);
    std::os::unix::fs::symlink("data/x", folder.path().join("link")).unwrap();
    let application = ignoring(&folder, "data\n").unwrap();
    let rules: Vec<&str> = application.notes.iter().map(|note| note.rule).collect();
    assert_eq!(rules, ["image/dangling-link"]);
}

#[cfg(unix)]
#[test]
fn sockets_and_names_that_are_no_utf_8_are_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::net::UnixListener;

    let special = folder(&[("main.py", "")]);
    let _socket = UnixListener::bind(special.path().join("s")).unwrap();
    let refused = collect(special.path(), &AppOptions::default());
    assert!(matches!(refused, Err(AppError::Special(path)) if path.ends_with("s")));
    assert!(ignoring(&special, "s").is_ok());

    let named = folder(&[("main.py", "")]);
    fs::write(named.path().join(OsStr::from_bytes(b"caf\xe9.py")), "").unwrap();
    assert!(matches!(collect(named.path(), &AppOptions::default()), Err(AppError::Name(_))));
    assert!(ignoring(&named, "caf*").is_ok());
}

#[test]
fn the_example_is_taken_with_a_warning_about_its_default_password() {
    let example: PathBuf =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/trading-backend");
    let options = AppOptions {
        dockerignore: Some("advisories\ntests\n".to_owned()),
        ..AppOptions::default()
    };
    let application = collect(&example, &options).unwrap();
    let paths = paths(&application);
    assert!(paths.contains(&"app/app/main.py") && paths.contains(&"app/constraints.txt"));
    assert!(!paths.contains(&"app/provender.toml"));
    let found = application.secrets().unwrap();
    let settings: Vec<&SecretFound> =
        found.iter().filter(|found| found.path == "app/settings.py").collect();
    assert_eq!(settings.len(), 1);
    assert_eq!(settings[0].level, Level::Warning);
    assert_eq!(settings[0].what, "a password for `postgresql://trader:****@db:5432`");
    assert!(found.iter().all(|found| found.level == Level::Warning), "{found:?}");
    let told = judge(&found, &[]).unwrap();
    assert!(told.iter().all(|told| told.rule == "image/secret-literal"));
    assert!(!format!("{told:?}").contains("traderpass"));
}
