//! The bill of materials of a lock.

use std::io::Write as _;
use std::process::{Command, Stdio};

use provender_core::audit::{Audit, Finding, Waiver, WaiverEnd, WaiverScope};
use provender_core::lock::{LockHeader, LockedFile, LockedProject, LockedSource, Via, constraints};
use provender_core::{Lock, Severity, Target};
use provender_report::sbom::{BaseImage, ImageSubject, SbomInput, cyclonedx, cyclonedx_of_image};
use serde_json::{Value, json};

use crate::sample;

#[test]
fn a_lock_becomes_this_document() {
    let lock = lock();
    let expected = include_str!("../snapshots/sbom.cdx.json");
    let shown = cyclonedx(&input(&lock));
    assert_eq!(shown, expected, "{shown}");
}

#[test]
fn the_same_lock_gives_the_same_bytes_in_any_order() {
    let lock = lock();
    let mut turned = lock.clone();
    turned.projects.reverse();
    turned.build.reverse();
    for project in turned.projects.iter_mut().chain(&mut turned.build) {
        project.files.reverse();
        project.via.reverse();
    }
    assert_eq!(cyclonedx(&input(&turned)), cyclonedx(&input(&lock)));
}

#[test]
fn the_serial_number_follows_from_the_contents_but_not_from_the_time() {
    let lock = lock();
    let serial = |input: &SbomInput<'_>| document(input)["serialNumber"].clone();
    let plain = serial(&input(&lock));
    let timestamp = Some(sample::time("2024-10-14T12:00:00Z"));
    let timed = SbomInput { timestamp, ..input(&lock) };
    assert_eq!(serial(&timed), plain);
    assert_eq!(document(&timed)["metadata"]["timestamp"], "2024-10-14T12:00:00Z");
    let mut other = lock.clone();
    other.projects.pop();
    assert_ne!(serial(&input(&other)), plain);
    let audit = audit();
    assert_ne!(serial(&SbomInput { audit: Some(&audit), ..input(&lock) }), plain);
}

#[test]
fn a_release_says_where_it_comes_from_unless_that_goes_without_saying() {
    let lock = Lock {
        projects: vec![
            project(
                "a",
                "1",
                LockedSource::Index(Some("https://index.example/simple".parse().unwrap())),
            ),
            project(
                "b",
                "1",
                LockedSource::Index(Some("https://other.example/simple/".parse().unwrap())),
            ),
            project("c", "1", LockedSource::Index(None)),
            project(
                "d",
                "1",
                LockedSource::Direct("git+https://git.example/d.git@0123".to_owned()),
            ),
            project("e", "1", LockedSource::Direct("https://files.example/e-1.zip#x".to_owned())),
            project("f", "1", LockedSource::Direct("./f.whl".to_owned())),
            project("g", "1", LockedSource::Editable("./g".to_owned())),
        ],
        ..Lock::default()
    };
    let default_index = Some("https://index.example/simple/");
    let purls = |default_index| -> Vec<Value> {
        let document = document(&SbomInput { default_index, ..input(&lock) });
        let mut components = document["components"].as_array().unwrap().clone();
        components.sort_by_key(|component| component["name"].to_string());
        components.iter().map(|component| component["purl"].clone()).collect()
    };
    let expected = json!([
        "pkg:pypi/a@1",
        "pkg:pypi/b@1?repository_url=https://other.example/simple/",
        "pkg:pypi/c@1",
        "pkg:pypi/d@1?vcs_url=git%2Bhttps://git.example/d.git%400123",
        "pkg:pypi/e@1?download_url=https://files.example/e-1.zip%23x",
        null,
        null,
    ]);
    assert_eq!(Value::from(purls(default_index)), expected);
    assert_eq!(purls(None)[1], "pkg:pypi/b@1", "without a default, no index is another");
}

#[test]
fn credentials_are_left_out() {
    let location = "git+https://ann:s3cret@git.example/d.git@0123".to_owned();
    let mut of_index = project("a", "1", LockedSource::Index(None));
    of_index.files.push(LockedFile {
        url: Some("https://ann:s3cret@files.example/a-1.tar.gz".parse().unwrap()),
        ..file("a-1.tar.gz", 1)
    });
    let lock = Lock {
        projects: vec![of_index, project("d", "1", LockedSource::Direct(location))],
        ..Lock::default()
    };
    let text = cyclonedx(&input(&lock));
    assert!(
        !text.contains("s3cret") && text.contains("https://files.example/a-1.tar.gz"),
        "{text}"
    );
}

#[test]
fn a_lock_without_notes_makes_everything_a_requirement_and_says_that_this_is_incomplete() {
    let mut lock = lock();
    for project in &mut lock.projects {
        project.via.clear();
    }
    lock.build.clear();
    let document = document(&input(&lock));
    let direct = document["dependencies"][0]["dependsOn"].as_array().unwrap();
    assert_eq!(direct.len(), document["components"].as_array().unwrap().len());
    assert_eq!(document["compositions"][0]["aggregate"], "incomplete");
}

#[test]
fn findings_are_vulnerabilities_and_waivers_their_analysis() {
    let (lock, audit) = (lock(), audit());
    let document = document(&SbomInput { audit: Some(&audit), ..input(&lock) });
    assert_eq!(
        document["vulnerabilities"],
        json!([
            {
                "id": "CVE-2024-1",
                "source": {"name": "NVD"},
                "references": [
                    {"id": "GHSA-aaaa-bbbb-cccc", "source": {"name": "GITHUB"}},
                    {"id": "PYSEC-2024-1", "source": {"name": "OSV"}},
                ],
                "ratings": [{"severity": "high"}],
                "description": "werkzeug does what it should not",
                "recommendation": "Upgrade werkzeug to 3.0.3.",
                "affects": [{"ref": "pkg:pypi/werkzeug@3.0.1"}],
            },
            {
                "id": "GHSA-dddd-eeee-ffff",
                "source": {"name": "GITHUB"},
                "ratings": [{"severity": "unknown"}],
                "description": "flask does what it should not",
                "analysis": {
                    "state": "exploitable",
                    "response": ["can_not_fix"],
                    "detail": "Accepted by ann until there is a fix: not reachable",
                },
                "affects": [{"ref": "pkg:pypi/flask@3.0.0"}],
            },
        ])
    );
}

fn image() -> ImageSubject<'static> {
    ImageSubject {
        repository: "registry.example/team/trading-backend",
        digest: provender_core::Sha256::from_bytes([1; 32]),
        config: provender_core::Sha256::from_bytes([3; 32]),
        platform: "linux/amd64",
        base: Some(BaseImage {
            repository: "registry.example/python",
            tag: Some("3.11-slim"),
            digest: provender_core::Sha256::from_bytes([2; 32]),
        }),
        python: Some("3.11.9"),
    }
}

#[test]
fn the_bill_of_an_image_is_about_the_image_and_names_its_base() {
    let lock = lock();
    let document: Value =
        serde_json::from_str(&cyclonedx_of_image(&input(&lock), &image())).unwrap();
    let subject = &document["metadata"]["component"];
    let ours = format!(
        "pkg:oci/trading-backend@sha256:{}?arch=amd64&repository_url=registry.example/team/trading-backend",
        "01".repeat(32)
    );
    assert_eq!(subject["type"], "container");
    assert_eq!(subject["purl"], ours);
    assert_eq!(subject["hashes"], json!([{"alg": "SHA-256", "content": "01".repeat(32)}]));
    assert_eq!(document["metadata"]["lifecycles"], json!([{"phase": "build"}]));
    let properties = document["metadata"]["properties"].as_array().unwrap();
    let config = json!({
        "name": "provender:image:config",
        "value": format!("sha256:{}", "03".repeat(32)),
    });
    assert!(properties.contains(&config), "{properties:#?}");
    let base = format!(
        "pkg:oci/python@sha256:{}?arch=amd64&repository_url=registry.example/python",
        "02".repeat(32)
    );
    let root = &document["dependencies"][0];
    assert_eq!(root["ref"], "root");
    assert_eq!(
        root["dependsOn"],
        json!([base, "pkg:pypi/flask@3.0.0", "pkg:pypi/sdist-only@1.0", "python@3.11.9"])
    );
    let components = document["components"].as_array().unwrap();
    let found = components.iter().find(|component| component["bom-ref"] == base.as_str()).unwrap();
    assert_eq!((&found["type"], &found["version"]), (&json!("container"), &json!("3.11-slim")));
    let plain = cyclonedx(&input(&lock));
    assert!(!plain.contains("pkg:oci/") && plain.contains("pre-build"));
}

/// The strict validator of the CycloneDX project, and its own reading of the document; then purls
/// as the purl project's library writes them.
const VALIDATE: &str = "
import json, sys
try:
    from cyclonedx.model.bom import Bom
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator
    from packageurl import PackageURL
    import jsonschema
except ImportError as error:
    print(error)
    sys.exit(3)
text = sys.stdin.read()
wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
assert wrong is None, wrong
document = json.loads(text)
bom = Bom.from_json(document)
bom.validate()
assert len(bom.components) == len(document['components'])
for component in document['components']:
    purl = component.get('purl')
    assert purl is None or PackageURL.from_string(purl).to_string() == purl, purl
";

#[test]
fn the_validator_of_cyclonedx_finds_nothing_wrong() {
    const TEST: &str = "the_validator_of_cyclonedx_finds_nothing_wrong";
    let Some(venv) = provender_test::venv_dir() else {
        return provender_test::left_out(TEST, "no virtual environment with cyclonedx-python-lib");
    };
    let (mut lock, audit) = (lock(), audit());
    lock.projects.extend([
        project("d", "1", LockedSource::Direct("git+https://git.example/d e.git@0123".to_owned())),
        project("e", "1!2+cu1", LockedSource::Direct("https://files.example/e.zip#x".to_owned())),
        project("g", "1", LockedSource::Editable("./g".to_owned())),
    ]);
    lock.projects[0]
        .files
        .push(LockedFile::of_hash(format!("sha512:{}", "0".repeat(128)).parse().unwrap()));
    let timestamp = Some(sample::time("2024-10-14T12:00:00.123456789Z"));
    let all = SbomInput { audit: Some(&audit), timestamp, version: None, ..input(&lock) };
    let empty = Lock::default();
    let example =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/trading-backend/constraints.txt");
    let example = constraints::parse(&std::fs::read_to_string(example).unwrap()).unwrap();
    let mut texts: Vec<String> =
        [all, input(&lock), input(&empty), input(&example)].iter().map(cyclonedx).collect();
    texts.push(cyclonedx_of_image(&input(&lock), &image()));
    for text in texts {
        let mut python = Command::new(venv.join("bin/python"))
            .args(["-W", "ignore", "-c", VALIDATE])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It may end before it has read anything.
        let _ = python.stdin.take().unwrap().write_all(text.as_bytes());
        let output = python.wait_with_output().unwrap();
        if output.status.code() == Some(3) {
            let why = String::from_utf8_lossy(&output.stdout);
            return provender_test::left_out(TEST, why.trim());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}\n{text}");
    }
}

fn document(input: &SbomInput<'_>) -> Value {
    serde_json::from_str(&cyclonedx(input)).unwrap()
}

fn input(lock: &Lock) -> SbomInput<'_> {
    SbomInput {
        lock,
        name: "trading-backend",
        version: Some("2.1"),
        tool_version: "1.2.3",
        lock_digest: Some(provender_core::Sha256::from_bytes([0xcd; 32])),
        default_index: None,
        timestamp: None,
        audit: None,
    }
}

/// Flask and what it pulls in on Windows; werkzeug, which is also a build requirement of an sdist;
/// and setuptools, which is nothing else.
fn lock() -> Lock {
    let index = || LockedSource::Index(None);
    let mut flask = project("flask", "3.0.0", index());
    flask.via = vec![Via::Input("requirements.in".to_owned())];
    flask.requires_python = Some(">=3.8".to_owned());
    flask.files = vec![file("flask-3.0.0-py3-none-any.whl", 1), file("flask-3.0.0.tar.gz", 2)];
    let mut werkzeug = project("werkzeug", "3.0.1", index());
    werkzeug.via = vec![
        Via::Constraint("limits.txt".to_owned()),
        Via::Project("flask".parse().unwrap()),
        Via::Project("sdist-only".parse().unwrap()),
    ];
    werkzeug.files = vec![LockedFile { url: None, ..file("werkzeug-3.0.1-py3-none-any.whl", 3) }];
    let mut colorama = project("colorama", "0.4.6", index());
    colorama.marker = Some("sys_platform == 'win32'".to_owned());
    colorama.via = vec![Via::Project("flask".parse().unwrap())];
    colorama.files =
        [4, 5].map(|byte| LockedFile { url: None, filename: None, ..file("", byte) }).to_vec();
    let mut sdist = project("sdist-only", "1.0", index());
    sdist.via =
        vec![Via::Input("pyproject.toml".to_owned()), Via::Project("sdist-only".parse().unwrap())];
    sdist.files = vec![file("sdist_only-1.0.tar.gz", 6)];
    let mut setuptools = project("setuptools", "69.0.0", index());
    setuptools.via = vec![Via::Project("sdist-only".parse().unwrap())];
    setuptools.files = vec![file("setuptools-69.0.0-py3-none-any.whl", 7)];
    let mut werkzeug_again = werkzeug.clone();
    werkzeug_again.via = setuptools.via.clone();
    let target = Target {
        python: "3.11".parse().unwrap(),
        platforms: "x86_64-manylinux_2_28".parse().unwrap(),
    };
    let header = LockHeader {
        inputs: vec!["requirements.in".to_owned(), "pyproject.toml".to_owned()],
        target: Some(target),
        exclude_newer: Some(sample::time("2024-10-14T00:00:00Z")),
        exclude_dev: true,
        built: Vec::new(),
    };
    Lock {
        header,
        projects: vec![flask, werkzeug, colorama, sdist],
        build: vec![setuptools, werkzeug_again],
    }
    .sorted()
}

fn project(name: &str, version: &str, source: LockedSource) -> LockedProject {
    LockedProject {
        name: name.parse().unwrap(),
        version: Some(version.parse().unwrap()),
        marker: None,
        source,
        requires_python: None,
        files: Vec::new(),
        via: Vec::new(),
    }
}

fn file(name: &str, byte: u8) -> LockedFile {
    let hash = format!("sha256:{}", format!("{byte:02x}").repeat(32));
    LockedFile {
        filename: Some(name.to_owned()),
        url: Some(format!("https://files.example/{name}").parse().unwrap()),
        ..LockedFile::of_hash(hash.parse().unwrap())
    }
}

/// A finding that counts, found in two files; one that is accepted; and one at something that is
/// not in the lock.
fn audit() -> Audit {
    let aliases = ["CVE-2024-1", "GHSA-aaaa-bbbb-cccc", "PYSEC-2024-1"];
    let werkzeug =
        sample::finding("werkzeug", "3.0.1", &aliases, Severity::High, &["3.0.3", "3.1"]);
    let waiver = Waiver {
        id: "GHSA-dddd-eeee-ffff".to_owned(),
        project: "flask".parse().unwrap(),
        reason: "not reachable".to_owned(),
        owner: "ann".to_owned(),
        until: WaiverEnd::Fixed,
        scope: WaiverScope::Everywhere,
    };
    let accepted =
        sample::finding("flask", "3.0.0", &["GHSA-dddd-eeee-ffff"], Severity::Unknown, &[]);
    let accepted = Finding { waiver: Some(waiver), ..accepted };
    let elsewhere = sample::finding("idna", "3.6", &["PYSEC-2024-60"], Severity::Low, &[]);
    Audit { findings: vec![werkzeug.clone(), werkzeug, accepted, elsewhere], ..sample::clean() }
}
