//! The Dockerfile of the example and the files that go with it, as people and other programs read
//! them.

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::Command;

use provender_core::lock::constraints;
use provender_image::dockerfile::{EmitError, EmittedFile, emit};
use provender_image::service::{DefaultValue, Interface, LockFacts, Service, inspect};
use provender_image::settings::ImageSettings;
use provender_lint::FileKind;
use provender_test::left_out;

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
    emit(&service, &settings(), &locked(&example())).unwrap()
}

fn text<'a>(files: &'a [EmittedFile], path: &str) -> &'a str {
    &files.iter().find(|file| file.path == path).unwrap().text
}

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
    let files = emit(&inspect(project.path()).unwrap(), &settings, &lock).unwrap();
    compare("sdists", &files);
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
        let files = emit(&inspect(copy).unwrap(), &settings(), &locked(copy)).unwrap();
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
    let files = emit(&service, &settings, &lock).unwrap();
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
    let files = emit(&inspect(&project).unwrap(), &often, &locked(&project)).unwrap();
    assert!(text(&files, "Dockerfile").contains("HEALTHCHECK --interval=7s "));
    assert_eq!(text(&files, "compose.yaml").matches("interval: 7s\n").count(), 1);
}

#[test]
fn a_base_has_a_digest_and_is_in_a_registry() {
    let service = inspect(&example()).unwrap();
    let lock = locked(&example());
    let with = |base: &str| {
        let settings = ImageSettings { base: Some(base.parse().unwrap()), ..settings() };
        emit(&service, &settings, &lock).unwrap_err()
    };
    assert!(matches!(with("registry.example/python:3.11"), EmitError::NoDigest { .. }));
    assert!(matches!(with("oci:base"), EmitError::NotInRegistry { .. }));
    let none = emit(&service, &ImageSettings::default(), &lock).unwrap_err();
    assert!(matches!(none, EmitError::NoBase) && none.hint().contains("base = "));
    let pylock = LockFacts { file: "pylock.toml".to_owned(), ..lock };
    assert!(matches!(emit(&service, &settings(), &pylock), Err(EmitError::LockFormat { .. })));
    let silent = emit(
        &Service::default(),
        &settings(),
        &LockFacts { file: "a.txt".into(), ..LockFacts::default() },
    );
    assert!(silent.unwrap_err().hint().contains("health-path"));
}

#[test]
fn our_linter_finds_nothing() {
    for case in ["trading-backend", "sdists"] {
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
    for case in ["trading-backend", "sdists"] {
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

/// A program of others, in one of the folders of `PROVENDER_TEST_TOOLS`, in the tests' virtual
/// environment or on the `PATH`.
fn tool(name: &str) -> Option<PathBuf> {
    let of = |variable: &str| std::env::var_os(variable).unwrap_or_default();
    let (tools, path) = (of("PROVENDER_TEST_TOOLS"), of("PATH"));
    let folders = std::env::split_paths(&tools)
        .chain(provender_test::venv_dir().map(|dir| dir.join("bin")))
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join(name));
    folders.into_iter().find(|program| program.is_file())
}

#[test]
fn hadolint_finds_nothing() {
    let Some(hadolint) = tool("hadolint") else {
        return left_out("hadolint over the emitted Dockerfiles", "no hadolint is installed");
    };
    for case in ["trading-backend", "sdists"] {
        let folder = tempfile::tempdir().unwrap();
        let output = Command::new(&hadolint)
            .args(["--no-color", "--failure-threshold", "style"])
            .arg(expected(case).join("Dockerfile"))
            .current_dir(folder.path())
            .env_remove("HADOLINT_IGNORE")
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && told.trim().is_empty(), "{case}: {told}");
    }
}

#[test]
fn the_compose_file_is_yaml_that_says_what_it_should() {
    let Some(python) = tool("python3") else {
        return left_out("the compose file read by PyYAML", "no python3 is installed");
    };
    let path = expected("trading-backend").join("compose.yaml");
    let program = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
    let output = Command::new(python).args(["-c", program]).arg(&path).output().unwrap();
    if !output.status.success() {
        return left_out("the compose file read by PyYAML", "python3 has no PyYAML");
    }
    let read: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let app = &read["services"]["app"];
    assert_eq!(app["read_only"], true);
    assert_eq!(app["user"], "10001:10001");
    assert_eq!(app["cap_drop"], serde_json::json!(["ALL"]));
    assert_eq!(app["security_opt"], serde_json::json!(["no-new-privileges:true"]));
    assert_eq!(app["networks"], serde_json::json!(["front", "back"]));
    assert_eq!(app["depends_on"]["db"]["condition"], "service_healthy");
    assert_eq!(
        app["environment"]["DATABASE_URL"],
        "postgresql://trader:${POSTGRES_PASSWORD:?set it in .env}@db:5432/atp"
    );
    assert_eq!(app["healthcheck"]["test"][0], "CMD");
    assert_eq!(app["deploy"]["resources"]["limits"]["pids"], 256);
    let db = &read["services"]["db"];
    assert_eq!(db["healthcheck"]["test"][1], "pg_isready");
    assert_eq!(read["networks"]["back"]["internal"], true);
    assert!(read["volumes"].as_object().unwrap().contains_key("database"));
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

#[test]
fn make_gives_the_builder_what_it_is_given() {
    let Some(make) = tool("make") else {
        return left_out("the emitted Makefile read by make", "no make is installed");
    };
    let asked = |arguments: &[&str]| {
        let folder = expected("trading-backend");
        let output = Command::new(&make)
            .args(["--dry-run", "--no-print-directory", "build", "CONTAINER=podman"])
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .output()
            .unwrap();
        let words = String::from_utf8(output.stdout).unwrap();
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let tag = "--tag registry.example/trading-backend:1.0 .";
    assert_eq!(asked(&[]), format!("podman build {tag}"));
    assert_eq!(
        asked(&[
            "PIP_INDEX_URL=https://index.example/simple/",
            "PIP_CONF=pip.conf",
            "CA_CONTEXT=ca"
        ]),
        format!(
            "podman build --build-arg PIP_INDEX_URL=https://index.example/simple/ \
             --secret id=pip-conf,src=pip.conf --build-context provender-ca=ca {tag}"
        )
    );
}

/// The health check of the image as a program: what it ends with.
fn health(answer: &'static str) -> Option<i32> {
    use std::io::{Read, Write};
    let python = tool("python3")?;
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let served = std::thread::spawn(move || {
        if answer.is_empty() {
            return String::new();
        }
        let (mut stream, _) = server.accept().unwrap();
        let mut request = [0; 1024];
        let length = stream.read(&mut request).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    let command =
        provender_image::dockerfile::health_command(port, "/health", python.to_str().unwrap());
    if answer.is_empty() {
        served.join().unwrap();
        return Command::new(&command[0]).args(&command[1..]).output().unwrap().status.code();
    }
    // Neither a proxy nor a module of the service's folder gets between.
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("http.py"), "raise SystemExit(7)\n").unwrap();
    let output = Command::new(&command[0])
        .args(&command[1..])
        .current_dir(folder.path())
        .env("http_proxy", "http://127.0.0.1:1")
        .env("PYTHONPATH", folder.path())
        .output()
        .unwrap();
    assert!(served.join().unwrap().starts_with("GET /health HTTP/1.1"));
    output.status.code()
}

#[test]
fn the_health_check_tells_well_from_unwell() {
    if tool("python3").is_none() {
        return left_out("the health check run by Python", "no python3 is installed");
    }
    assert_eq!(health("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"), Some(0));
    assert_eq!(health("HTTP/1.1 302 Found\r\nlocation: /\r\n\r\n"), Some(0));
    assert_eq!(health("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"), Some(1));
    assert_eq!(health("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"), Some(1));
    assert_eq!(health(""), Some(1));
}
