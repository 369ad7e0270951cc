//! The Dockerfile of the example and the files that go with it, as people and other programs read
//! them.

mod tools;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use provender_core::lock::constraints;
use provender_image::certificates::Certificates;
use provender_image::dockerfile::{CertificatesFile, EmitError, EmittedFile, emit};
use provender_image::service::{DefaultValue, Interface, LockFacts, Service, inspect};
use provender_image::settings::{Bytecode, ImageSettings};
use provender_lint::FileKind;
use provender_test::Authority;

/// The folder of what the emitted texts are compared with; they are written to it where
/// `PROVENDER_TEST_BLESS` is set.
fn expected(case: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/dockerfile").join(case)
}

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/trading-backend")
}

fn settings() -> ImageSettings {
    let digest = "0123456789abcdef".repeat(4);
    toml::from_str(&format!(
        "base = 'registry.example/python:3.11-slim@sha256:{digest}'\n\
         tags = ['registry.example/trading-backend:1.0']\n\
         labels = {{ 'org.opencontainers.image.title' = 'Trading backend' }}\n"
    ))
    .unwrap()
}

fn locked(project: &Path) -> LockFacts {
    let text = fs::read_to_string(project.join("constraints.txt")).unwrap();
    LockFacts::of("constraints.txt", &constraints::parse(&text).unwrap())
}

fn of_example() -> Vec<EmittedFile> {
    let service = inspect(&example()).unwrap();
    emit(&service, &settings(), &locked(&example()), &[]).unwrap()
}

/// A file of the project with this many certificates, each of another authority.
fn certificates(path: &str, number: usize) -> CertificatesFile {
    let of = |number: usize| Authority::named(&format!("Authority {number}")).pem();
    let text: String = (0..number).map(of).collect();
    let name = path.rsplit('/').next().unwrap();
    let certificates = Certificates::from_pem(name, text.as_bytes()).unwrap();
    CertificatesFile { path: path.to_owned(), certificates }
}

fn text<'a>(files: &'a [EmittedFile], path: &str) -> &'a str {
    &files.iter().find(|file| file.path == path).unwrap().text
}

/// The cases of which all is asked that is asked of a Dockerfile.
const CASES: [&str; 3] = ["trading-backend", "sdists", "asked-for"];

/// Compares files with those of a case.
fn compare(case: &str, files: &[EmittedFile]) {
    let folder = expected(case);
    for file in files {
        let path = folder.join(file.path);
        if std::env::var_os("PROVENDER_TEST_BLESS").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &file.text).unwrap();
        }
        let before = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(file.text, before, "{}", path.display());
    }
    let kept: BTreeSet<_> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(kept.len(), files.len(), "{kept:?}");
}

#[test]
fn the_example_says_what_it_is() {
    let service = inspect(&example()).unwrap();
    let application = service.application.as_ref().unwrap();
    assert_eq!(application.target(), "app.main:app");
    assert_eq!((application.interface, application.factory), (Interface::Asgi, false));
    assert_eq!(service.port, Some(8000));
    assert_eq!(service.health_path.as_deref(), Some("/health"));
    assert_eq!(service.main.as_deref(), Some("app"));
    assert_eq!(service.sources, ["app/"]);
    assert_eq!((&service.import_root, &service.unread[..]), (&None, &[][..]));
    let postgresql = service.postgresql.as_ref().unwrap();
    assert_eq!(postgresql.setting.as_deref(), Some("DATABASE_URL"));
    assert_eq!(postgresql.url("x"), "postgresql://trader:x@db:5432/atp");
    let found: Vec<(&str, Option<&str>, bool)> = service
        .settings
        .iter()
        .map(|setting| (setting.name.as_str(), setting.default.literal(), setting.secret))
        .collect();
    assert_eq!(
        found,
        [
            ("DATABASE_URL", Some("postgresql://trader:traderpass@db:5432/atp"), false),
            ("LIVE_TRADING", Some("false"), false),
            ("USE_CRYPTO_PROXY", Some("false"), false),
            ("ENVIRONMENT", Some("local"), false),
            ("API_BASE_URL", Some("http://localhost:8002"), false),
            ("FRONTEND_URL", Some("http://localhost:3000"), false),
            ("SECRET_KEY", None, true),
        ]
    );
}

#[test]
fn the_files_of_the_example_are_these() {
    compare("trading-backend", &of_example());
}

#[test]
fn a_project_with_sdists_and_a_database_of_its_own_name_has_these() {
    let lock = "\
# provender: lock = 1
# provender: built = odd==1.0 sha256:1111111111111111111111111111111111111111111111111111111111111111
gunicorn==22.0.0 \\
    --hash=sha256:2222222222222222222222222222222222222222222222222222222222222222
odd==1.0 \\
    --hash=sha256:3333333333333333333333333333333333333333333333333333333333333333
psycopg==3.1.0 \\
    --hash=sha256:4444444444444444444444444444444444444444444444444444444444444444
";
    let mut lock = LockFacts::of("locks/prod.txt", &constraints::parse(lock).unwrap());
    let build = "setuptools==70.0.0 \\\n    --hash=sha256:5555555555555555555555555555555555555555555555555555555555555555\n";
    lock.build = constraints::parse(build).unwrap().projects;
    let project = tempfile::tempdir().unwrap();
    fs::create_dir_all(project.path().join("src/shop")).unwrap();
    fs::write(
        project.path().join("src/shop/wsgi.py"),
        "import os\nfrom flask import Flask\napp = Flask(__name__)\napp.secret_key = os.environ['SECRET_KEY']\n\
         zone = os.getenv('ZONE', 'Mars/Olympus Mons')\n@app.route('/healthz')\ndef health(): return 'ok'\n",
    )
    .unwrap();
    fs::write(project.path().join("alembic.ini"), "").unwrap();
    let digest = "ab".repeat(32);
    let settings = toml::from_str(&format!(
        "base = 'registry.example/python@sha256:{digest}'\nbuilder = 'registry.example/build@sha256:{digest}'\n\
         port = 9000\nworkdir = '/srv/shop'\nuser = '2000:3000'\nenv = {{ GREETING = 'a \"$b\" c' }}\n"
    ))
    .unwrap();
    let files = emit(&inspect(project.path()).unwrap(), &settings, &lock, &[]).unwrap();
    compare("sdists", &files);
}

#[test]
fn bytecode_and_certificates_are_made_where_they_are_asked_for() {
    let settings = ImageSettings {
        bytecode: Bytecode::UncheckedHash,
        env: BTreeMap::from([("REQUESTS_CA_BUNDLE".to_owned(), "/run/ca.pem".to_owned())]),
        ..settings()
    };
    let service = inspect(&example()).unwrap();
    let given = [certificates("certs/corporate.pem", 1), certificates("certs/sites.pem", 2)];
    let files = emit(&service, &settings, &locked(&example()), &given).unwrap();
    compare("asked-for", &files);
}

#[test]
fn certificates_have_names_of_their_own_and_paths_that_a_dockerfile_can_name() {
    let service = inspect(&example()).unwrap();
    let lock = locked(&example());
    let refused = |given: &[CertificatesFile]| {
        emit(&service, &settings(), &lock, given).unwrap_err().to_string()
    };
    let same = [certificates("a/corp.pem", 1), certificates("b/corp.pem", 1)];
    assert!(refused(&same).contains("two files of certificates are called corp.pem"));
    assert!(refused(&[certificates("a/corp ca.pem", 1)]).contains("ca-certificates"));
}

#[test]
fn the_same_project_gives_the_same_files_also_with_them_in_it() {
    let project = tempfile::tempdir().unwrap();
    let copy = project.path();
    fs::create_dir(copy.join("app")).unwrap();
    for entry in fs::read_dir(example().join("app")).unwrap().flatten() {
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), copy.join("app").join(entry.file_name())).unwrap();
        }
    }
    fs::copy(example().join("constraints.txt"), copy.join("constraints.txt")).unwrap();
    for _ in 0..2 {
        let files = emit(&inspect(copy).unwrap(), &settings(), &locked(copy), &[]).unwrap();
        assert_eq!(files, of_example());
        for file in &files {
            fs::write(copy.join(file.path), &file.text).unwrap();
        }
    }
}

#[test]
fn an_env_example_that_is_there_is_completed_and_wins() {
    let project = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(project.path().join(name), text).unwrap();
    write(
        "main.py",
        "import os\nos.environ['A']\nos.getenv('B', 'x')\nos.getenv('C', 'y')\nos.getenv('PORT', '1')\n",
    );
    write(".env.example", "# Ours.\nA=one\n# B=\nPORT=7000\nOWN='z'");
    let service = inspect(project.path()).unwrap();
    assert_eq!(service.port, Some(7000));
    let default = |name: &str| {
        let setting = service.settings.iter().find(|setting| setting.name == name);
        setting.map(|setting| setting.default.clone())
    };
    assert_eq!(default("A"), Some(DefaultValue::Literal("one".to_owned())));
    assert_eq!(default("OWN"), Some(DefaultValue::Literal("z".to_owned())));
    let mut settings = settings();
    settings.health_path = Some(String::new());
    settings.entrypoint = vec!["python3".to_owned(), "main.py".to_owned()];
    let lock = LockFacts { file: "constraints.txt".to_owned(), ..LockFacts::default() };
    let files = emit(&service, &settings, &lock, &[]).unwrap();
    assert_eq!(
        text(&files, ".env.example"),
        "# Ours.\nA=one\n# B=\nPORT=7000\nOWN='z'\n\n# main.py\nC=y\n"
    );
    assert!(text(&files, "Dockerfile").contains("HEALTHCHECK NONE\n"));
    assert!(!text(&files, "Dockerfile").contains("-m pip"), "nothing is locked");
}

#[test]
fn health_is_asked_as_often_as_is_said() {
    let project = example();
    let often = ImageSettings { health_interval_seconds: NonZeroU32::new(7), ..settings() };
    let files = emit(&inspect(&project).unwrap(), &often, &locked(&project), &[]).unwrap();
    assert!(text(&files, "Dockerfile").contains("HEALTHCHECK --interval=7s "));
    assert_eq!(text(&files, "compose.yaml").matches("interval: 7s\n").count(), 1);
}

#[test]
fn a_base_has_a_digest_and_is_in_a_registry() {
    let service = inspect(&example()).unwrap();
    let lock = locked(&example());
    let with = |base: &str| {
        let settings = ImageSettings { base: Some(base.parse().unwrap()), ..settings() };
        emit(&service, &settings, &lock, &[]).unwrap_err()
    };
    assert!(matches!(with("registry.example/python:3.11"), EmitError::NoDigest { .. }));
    assert!(matches!(with("oci:base"), EmitError::NotInRegistry { .. }));
    let none = emit(&service, &ImageSettings::default(), &lock, &[]).unwrap_err();
    assert!(matches!(none, EmitError::NoBase) && none.hint().contains("base = "));
    let pylock = LockFacts { file: "pylock.toml".to_owned(), ..lock };
    assert!(matches!(emit(&service, &settings(), &pylock, &[]), Err(EmitError::LockFormat { .. })));
    let silent = emit(
        &Service::default(),
        &settings(),
        &LockFacts { file: "a.txt".into(), ..LockFacts::default() },
        &[],
    );
    assert!(silent.unwrap_err().hint().contains("health-path"));
}

#[test]
fn our_linter_finds_nothing() {
    for case in CASES {
        let folder = expected(case);
        let mut files = Vec::new();
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let path = PathBuf::from(entry.file_name());
            let Some(kind) = FileKind::of(&path) else { continue };
            files.push(provender_lint::read(
                path,
                kind,
                &fs::read_to_string(entry.path()).unwrap(),
            ));
        }
        for name in ["constraints.txt", "requirements.txt"] {
            let text = fs::read_to_string(example().join(name)).unwrap();
            files.push(provender_lint::read(name, FileKind::Requirements, &text));
        }
        assert!(files.len() >= 6, "{}", files.len());
        let answer = provender_lint::lint(&files, &provender_lint::Options::default()).unwrap();
        for file in answer.iter().filter(|file| !file.path.ends_with("requirements.txt")) {
            assert!(file.findings.is_empty(), "{case}: {:#?}", file.findings);
            assert!(file.errors.is_empty(), "{case}: {:?}", file.errors);
            assert!(file.suppressed.is_empty());
        }
    }
}

#[test]
fn the_dockerfiles_say_only_what_old_builders_understand() {
    for case in CASES {
        let text = fs::read_to_string(expected(case).join("Dockerfile")).unwrap();
        let file = provender_lint::read("Dockerfile", FileKind::Dockerfile, &text);
        let dockerfile = file.dockerfile.unwrap();
        // buildah 1.28: no other flag of RUN, no heredoc; and no frontend is downloaded.
        for instruction in &dockerfile.instructions {
            let known = match instruction.keyword.as_str() {
                "RUN" => &["mount"][..],
                "COPY" => &["from"],
                "HEALTHCHECK" => &["interval", "timeout", "start-period", "retries"],
                _ => &[],
            };
            for flag in &instruction.flags {
                assert!(known.contains(&flag.name.as_str()), "{case}: {}", flag.name);
            }
            assert!(instruction.heredocs.is_empty());
        }
        assert!(!text.contains("syntax="));
        // Nothing runs in the image, and all that it gets from elsewhere are files.
        let last = dockerfile.stages.last().unwrap();
        let own = &dockerfile.instructions[last.instructions.clone()];
        assert!(
            own.iter().all(|instruction| !matches!(instruction.keyword.as_str(), "RUN" | "ADD"))
        );
    }
}

#[test]
fn every_setting_of_the_example_is_in_its_env_example_and_no_password() {
    let files = of_example();
    let text = text(&files, ".env.example");
    for setting in inspect(&example()).unwrap().settings {
        let line = |start: &str| text.lines().any(|line| line.starts_with(start));
        assert!(line(&format!("{}=", setting.name)) || line(&format!("#{}=", setting.name)));
    }
    for file in &files {
        assert!(!file.text.contains("traderpass"), "{}", file.path);
    }
}
