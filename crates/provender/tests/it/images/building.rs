//! What is built, and that it is the same everywhere.

use std::fs;
use std::path::Path;
use std::process::Command;

use provender_image::tree::Kind;
use provender_test::Sandbox;

use super::{IMAGE, Service, layers, platform, tree_of};
use crate::project::says;
use crate::stored::requests;

#[test]
fn a_service_is_built_into_every_form_of_image() {
    let service = Service::new();
    let built = service.built(
        "--tag localhost/app:1 -o oci:layout -o oci-archive:oci.tar -o docker-archive:docker.tar",
    );
    assert_eq!(built["schema"], "provender.image.build/1");
    assert_eq!(platform(&built)["platform"], "linux/amd64");
    assert_eq!(platform(&built)["python"], "3.11.9");
    let installed = platform(&built)["installed"].as_array().unwrap();
    let installed: Vec<_> = installed.iter().map(|one| one["project"].as_str().unwrap()).collect();
    assert_eq!(installed, ["lib", "web"]);
    for (prefix, name) in
        [("oci", "layout"), ("oci-archive", "oci.tar"), ("docker-archive", "docker.tar")]
    {
        let image = service.open(prefix, name);
        if prefix != "docker-archive" {
            assert_eq!(image.digest().to_string(), platform(&built)["digest"], "{name}");
        }
        let config = &image.config.config;
        assert_eq!(config.user, "10001:10001");
        assert_eq!(config.entrypoint, ["python3", "-m", "app"]);
        assert_eq!(config.stop_signal, "SIGTERM");
        assert_eq!(image.layers.len(), 3, "{name}: base, dependencies, application");
        let tree = tree_of(&image);
        assert_eq!(tree.text("app/app/__main__.py").as_deref(), Some(super::MAIN));
        let packages = "usr/local/lib/python3.11/site-packages";
        assert!(tree.text(&format!("{packages}/lib/__init__.py")).unwrap().contains("1.0.0"));
        assert!(tree.get(&format!("{packages}/web-1.0.dist-info/RECORD")).is_some());
        assert!(tree.text("etc/passwd").unwrap().contains("app:x:10001:10001:"));
        assert!(tree.text("etc/passwd").unwrap().contains("root:x:0:0:"), "the base's users stay");
    }
}

#[test]
fn what_is_in_it_belongs_to_root_and_nobody_else_may_write_it() {
    let service = Service::new();
    service.built("-o oci:layout --tag app:1");
    let image = service.open("oci", "layout");
    let tree = tree_of(&image);
    let ours: Vec<_> = tree.iter().filter(|(_, node)| node.layer > 0).collect();
    assert!(ours.len() > 8, "{ours:?}");
    for (path, node) in ours {
        assert_eq!((node.uid, node.gid), (0, 0), "{path}");
        let is_link = matches!(node.kind, Kind::Link(_));
        assert!(is_link || node.mode & 0o7022 == 0, "{path}: {:o}", node.mode);
    }
}

#[test]
fn the_project_s_own_leavings_stay_outside() {
    let service = Service::new();
    let sandbox = &service.project.sandbox;
    sandbox.write("app/__pycache__/main.cpython-311.pyc", "x");
    sandbox.write("app/.env", "SECRET_KEY=9f86d081884c7d659a2feaa0c55ad015\n");
    sandbox.write("app/notes.md", "ignored\n");
    sandbox.write(".git/config", "[core]\n");
    sandbox.write(".dockerignore", "**/*.md\n");
    service.built("-o oci:layout --tag app:1");
    let tree = tree_of(&service.open("oci", "layout"));
    let inside: Vec<&str> = tree.under("app").map(|(path, _)| path).collect();
    assert_eq!(inside, ["app/app", "app/app/__init__.py", "app/app/__main__.py"]);
}

#[test]
fn docker_s_words_keep_the_health_check() {
    let service = Service::new();
    service.built("--tag localhost/app:1 --image-format docker -o docker-archive:docker.tar");
    let image = service.open("docker-archive", "docker.tar");
    let health = serde_json::to_value(&image.config).unwrap()["config"]["Healthcheck"].clone();
    assert_eq!(health["Test"][0], "CMD", "{health}");
    assert!(health["Test"].to_string().contains("/health"), "{health}");
    assert_eq!(health["Interval"], 30_000_000_000_u64);
    service.project.settings(&format!("{IMAGE}health-interval-seconds = 5\n"));
    service.built("--tag localhost/app:2 --image-format docker -o docker-archive:often.tar");
    let often = serde_json::to_value(&service.open("docker-archive", "often.tar").config).unwrap();
    assert_eq!(often["config"]["Healthcheck"]["Interval"], 5_000_000_000_u64);
}

#[test]
fn a_second_build_makes_nothing_and_asks_nobody() {
    let service = Service::new();
    let first = service.build("-o oci-archive:image.tar --tag app:1").exits(0);
    assert!(made(&first.stdout, "dependencies") && made(&first.stdout, "application"), "{first}");
    service.project.index.http().forget_requests();
    let second = service.build("-o oci-archive:image.tar --tag app:1 --offline").exits(0);
    assert!(!second.stdout.contains("  made"), "{second}");
    assert_eq!(requests(&service.project), 0);
    assert_eq!(first.stdout.lines().last(), second.stdout.lines().last(), "the digest");
}

#[test]
fn a_changed_line_makes_the_application_anew_and_nothing_else() {
    let service = Service::new();
    let before = service.built("-o oci:layout --tag app:1");
    service.change_a_line();
    let run = service.build("-o oci:layout --tag app:2").exits(0);
    assert!(!made(&run.stdout, "dependencies") && made(&run.stdout, "application"), "{run}");
    let after = service.built("-o oci:layout --tag app:2");
    assert_eq!(layers(&before)[0], layers(&after)[0]);
    assert_ne!(layers(&before)[1], layers(&after)[1]);
    assert_ne!(before["digest"], after["digest"]);
}

/// Whether a layer is told as made.
fn made(told: &str, what: &str) -> bool {
    let line = told.lines().find(|line| line.trim_start().starts_with(what));
    let line = line.unwrap_or_else(|| panic!("nothing is told of {what}:\n{told}"));
    assert!(line.ends_with("  made") || line.ends_with("  reused"), "{line}");
    line.ends_with("  made")
}

/// Another folder, with files that only their owner may read and of other times.
#[cfg(unix)]
#[test]
fn the_image_is_the_same_to_the_byte_wherever_it_is_built() {
    let service = Service::new();
    let elsewhere = Sandbox::new();
    copy(&service.project, &elsewhere);
    service.built("-o oci-archive:image.tar --tag app:1");
    let ours = fs::read(service.project.sandbox.path("image.tar")).unwrap();

    let build = |variables: &[(&str, &str)], umask: &str| {
        let script = format!("umask {umask}; exec \"$@\"");
        let mut command = elsewhere.command("sh");
        command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_provender")]);
        let arguments = service.arguments("-o oci-archive:image.tar --tag app:1");
        command.args(arguments.split_whitespace()).envs(variables.iter().copied());
        elsewhere.finish(&mut command).exits(0);
        assert!(fs::read(elsewhere.path("image.tar")).unwrap() == ours, "{variables:?} {umask}");
    };
    let cold: &[(&str, &str)] =
        &[("TZ", "Pacific/Kiritimati"), ("LANG", "tr_TR.UTF-8"), ("RAYON_NUM_THREADS", "1")];
    build(cold, "077");
    let warm: &[(&str, &str)] = &[("TZ", "America/St_Johns"), ("RAYON_NUM_THREADS", "7")];
    build(warm, "000");
}

/// Copies a project and its stock, without anything that a build remembered, and with other modes.
#[cfg(unix)]
pub(super) fn copy(from: &crate::project::Project, to: &Sandbox) {
    use std::os::unix::fs::PermissionsExt as _;
    to.copy_from(&from.sandbox.project());
    copied(&from.sandbox.data_dir(), &to.data_dir());
    assert!(!to.data_dir().join("images").exists(), "the copy is cold");
    for name in ["app/__init__.py", "app/__main__.py", "constraints.txt"] {
        fs::set_permissions(to.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    fs::set_permissions(to.path("app"), fs::Permissions::from_mode(0o700)).unwrap();
}

fn copied(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-R").arg(from.join(".")).arg(to).status().unwrap();
    assert!(done.success());
}

#[test]
fn the_time_is_that_of_source_date_epoch() {
    let service = Service::new();
    let first = service.built("-o oci:layout --tag app:1");
    let arguments = service.arguments("-o oci:dated --tag app:1");
    let mut command = service.project.command(&arguments);
    command.env("SOURCE_DATE_EPOCH", "1700000000");
    service.project.sandbox.finish(&mut command).exits(0);
    let dated = service.open("oci", "dated");
    assert_ne!(dated.digest().to_string(), first["digest"]);
    let config = serde_json::to_value(&dated.config).unwrap();
    assert_eq!(config["created"], "2023-11-14T22:13:20Z");

    let mut command = service.project.command(&arguments);
    command.env("SOURCE_DATE_EPOCH", "tomorrow");
    let run = service.project.sandbox.finish(&mut command).exits(2);
    says(&run, &["image/time", "`tomorrow`"]);
}

#[test]
fn an_image_can_be_built_on_an_image() {
    let service = Service::new();
    let below = service.built("-o oci-archive:below.tar --tag below:1");
    let image = service.open("oci-archive", "below.tar");
    for prefix in ["oci-archive:", ""] {
        let run = service.project.run(&format!(
            "image build --base {prefix}./below.tar -o oci:above --tag above:1 --format json"
        ));
        let above: serde_json::Value = serde_json::from_str(&run.exits(0).stdout).unwrap();
        assert_eq!(platform(&above)["base_digest"], below["digest"]);
        let above = service.open("oci", "above:above:1");
        assert_eq!(above.layers[..3], image.layers[..]);
    }
}
