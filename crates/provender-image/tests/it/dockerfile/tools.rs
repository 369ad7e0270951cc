//! The emitted files as other programs read them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use provender_test::left_out;

use super::{CASES, expected};

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
    for case in CASES {
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
