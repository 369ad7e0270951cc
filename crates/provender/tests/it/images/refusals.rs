//! What no image is made of, and how that is told.

use std::fs;

use super::{IMAGE, MAIN, RELEASES, Service, base};
use crate::project::{LOCK, fails, says};
use crate::stored::{blob_of, lose};

/// What stands in a key.
const KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg1234567890abcdef";

fn private_key() -> String {
    // Put together here, so that this file holds none itself.
    format!("-----BEGIN {0} KEY-----\n{KEY}\n-----END {0} KEY-----\n", "PRIVATE")
}

const OUT: &str = "-o oci-archive:image.tar --tag app:1";

/// A build that must fail with one error and write nothing into the project.
#[track_caller]
fn refused(service: &Service, args: &str, words: &[&str]) -> provender_test::Run {
    fails(&service.project, &service.arguments(args), 2, words)
}

#[test]
fn without_a_lock_there_is_nothing_to_build_from() {
    let service = Service::new();
    fs::remove_file(service.project.sandbox.path("constraints.txt")).unwrap();
    refused(&service, OUT, &["image/no-lock", "provender lock"]);
    refused(&service, &format!("{OUT} --lock other.txt"), &["image/no-lock", "--> other.txt"]);
}

#[test]
fn without_a_base_there_is_nothing_to_stand_on() {
    let service = Service::new();
    let args = format!("image build {OUT}");
    fails(&service.project, &args, 2, &["image/no-base", "--base"]);
    for (name, content, words) in [
        ("missing.tar", None, &["image/unreadable", "missing.tar"][..]),
        ("text.tar", Some(b"no archive\n".to_vec()), &["image/unreadable", "text.tar"]),
        ("bare.tar", Some(base::debian_without_python()), &["has no Python", "/usr/local/bin"]),
    ] {
        let path = service.project.sandbox.home().join(name);
        if let Some(content) = content {
            fs::write(&path, content).unwrap();
        }
        let args = format!("image build --base {} {OUT}", path.display());
        fails(&service.project, &args, 2, words);
    }
}

#[test]
fn a_base_for_another_platform_is_named_with_what_it_is_for() {
    let service = Service::new();
    refused(&service, &format!("{OUT} --platform linux/s390x"), &["linux/s390x", "linux/amd64"]);
}

#[test]
fn nowhere_to_write_to_is_told_before_anything_is_read() {
    let service = Service::new();
    refused(&service, "", &["image/no-output", "-o"]);
    refused(&service, "--tag app:1", &["image/no-output"]);
    refused(&service, "-o ./image.tar", &["image/output", "oci-archive:image.tar"]);
}

#[test]
fn what_is_not_in_stock_is_named() {
    let service = Service::locked(RELEASES, LOCK);
    let before = service.project.files();
    let run = service.build(OUT).exits(2);
    says(&run, &["provender stock"]);
    assert_eq!(service.project.files(), before);
    service.project.run("stock").exits(0);
    lose(&service.project, "lib", "1.0.0");
    let run = refused(&service, OUT, &["image/unusable", "lib==1.0.0", "provender stock"]);
    assert!(!run.stderr.contains("web==1.0"), "{run}");
}

#[test]
fn a_stocked_file_that_was_changed_is_not_installed() {
    let service = Service::new();
    let blob = blob_of(&service.project, "lib", "1.0.0");
    let mut bytes = fs::read(&blob).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    // What was changed on a disk keeps its name and its length.
    fs::remove_file(&blob).unwrap();
    fs::write(&blob, bytes).unwrap();
    refused(&service, OUT, &["image/build", "lib-1.0.0-py3-none-any.whl"]);
}

#[test]
fn a_lock_for_another_python_is_refused_with_both() {
    let lock = "lock --fix off --python-version 3.12 --platform linux";
    let service = Service::locked(RELEASES, lock);
    service.project.run("stock").exits(0);
    refused(&service, OUT, &["is for Python 3.12", "has Python 3.11", "--python-version"]);
}

#[test]
fn a_wheel_for_another_system_is_refused_by_name() {
    let releases = "[web]\n'1.0' = { files = ['cp311-cp311-win_amd64'] }\n";
    let service =
        Service::locked(releases, "lock --fix off --python-version 3.11 --platform windows");
    service.project.run("stock").exits(0);
    let words = ["image/unusable", "web==1.0", "web-1.0-cp311-cp311-win_amd64.whl", "glibc 2.36"];
    refused(&service, OUT, &words);
}

#[test]
fn an_sdist_is_not_built_where_builds_are_forbidden() {
    let releases = "[web]\n'1.0' = { files = ['sdist'] }\n";
    let service = Service::locked(releases, LOCK);
    service.project.run("stock").exits(0);
    let words = ["image/unusable", "web==1.0", "nothing may be built", "web-1.0.tar.gz"];
    refused(&service, &format!("{OUT} --no-build"), &words);
}

#[test]
fn a_secret_is_refused_by_its_place_and_never_shown() {
    let service = Service::new();
    let token = format!("ghp_{}", "aB3dE5fG7hI9jK1lM2nO4pQ6rS8tU0vW1xY2");
    let key = private_key();
    for (name, content) in [
        ("app/token.py", format!("TOKEN = '{token}'\n")),
        ("app/server.pem", key),
        ("app/id_ed25519", "unreadable\n".to_owned()),
    ] {
        let path = service.project.sandbox.write(name, &content);
        let within = name.strip_prefix("app/").unwrap();
        let run = refused(&service, OUT, &["image/secret", within, "take the secret out"]);
        assert!(!run.to_string().contains(&token) && !run.to_string().contains(KEY));
        fs::remove_file(path).unwrap();
    }
    service.build(OUT).exits(0);
}

#[test]
fn a_secret_that_is_allowed_by_name_is_told() {
    let service = Service::new();
    let key = private_key();
    service.project.sandbox.write("app/sample.pem", key);
    service.project.settings(&format!("{IMAGE}allow-secrets = ['app/sample.pem']\n"));
    let run = service.build(OUT).exits(0);
    says(&run, &["image/secret-allowed", "app/sample.pem", "allow-secrets"]);
}

#[test]
fn settings_that_no_image_can_have_are_refused() {
    let service = Service::new();
    for (settings, words) in [
        ("user = '0:0'", &["0:0", "not UID or UID:GID"][..]),
        ("user = 'root'", &["root", "not UID or UID:GID"]),
        ("workdir = 'app'", &["workdir", "no folder such as /app"]),
        ("include = ['../other']", &["include", "../other"]),
        ("include = ['missing']", &["missing"]),
        ("env = { 'A-B' = '1' }", &["A-B"]),
        ("entry-point = ['python3']", &["entry-point"]),
    ] {
        service.project.settings(&format!("{IMAGE}{settings}\n"));
        refused(&service, OUT, words);
    }
}

#[test]
fn a_service_that_says_nothing_of_its_start_or_its_health_is_asked() {
    let service = Service::new();
    service.project.settings("");
    let words = ["image/undecided", "whether the service is well", "health-path = \"\""];
    refused(&service, OUT, &words);
    service.project.settings("[image]\nhealth-path = ''\n");
    fs::remove_file(service.project.sandbox.path("app/__main__.py")).unwrap();
    service.project.sandbox.write("app/library.py", "import lib\n");
    let words = ["image/undecided", "how the service starts", "entrypoint = "];
    refused(&service, OUT, &words);
}

#[test]
fn what_is_there_and_no_image_stays() {
    let service = Service::new();
    let sandbox = &service.project.sandbox;
    sandbox.write("notes.tar", "notes\n");
    sandbox.write("folder/notes.txt", "notes\n");
    for place in ["oci-archive:notes.tar", "docker-archive:notes.tar", "oci:folder"] {
        let name = place.split_once(':').unwrap().1;
        let args = format!("-o {place} --tag localhost/app:1");
        refused(&service, &args, &["image/output", &format!("--> {name}"), "-o"]);
    }
    assert_eq!(sandbox.read("notes.tar"), "notes\n");
    service.build("-o oci-archive:image.tar --tag app:1").exits(0);
    sandbox.write("app/__main__.py", MAIN.replace("404", "410"));
    service.build("-o oci-archive:image.tar --tag app:1").exits(0);
    // The other kind of archive is no place for this one.
    let args = "-o docker-archive:image.tar --tag localhost/app:1";
    refused(&service, args, &["image/output", "--> image.tar"]);
}

#[test]
fn a_folder_that_is_no_project_is_refused() {
    let service = Service::new();
    refused(&service, &format!("{OUT} missing --lock constraints.txt"), &["missing"]);
    refused(&service, &format!("{OUT} app/__main__.py --lock constraints.txt"), &["__main__.py"]);
}
