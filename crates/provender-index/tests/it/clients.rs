//! pip and uv, as they are.

use std::path::Path;
use std::process::Command;

use provender_index::server::Source;
use provender_test::{DistFile, FakeIndex, Release, left_out, pip, venv_dir};

use crate::served::Served;

/// `project` needs `helper`, which has a wheel and an sdist.
fn releases() -> [Release; 2] {
    [
        Release::new("project", "1.0").requires("helper>=2").requires_python(">=3.6"),
        Release::new("helper", "2.0").wheel("py3-none-any").sdist(),
    ]
}

/// Requirements that name each wheel by its hash.
fn locked(home: &Path) -> std::path::PathBuf {
    let mut text = String::new();
    for (release, name, version) in
        releases().iter().zip([("project", "1.0"), ("helper", "2.0")]).map(|(r, (n, v))| (r, n, v))
    {
        let files = release.files();
        let hashes = files.iter().map(DistFile::sha256);
        let hashes: String = hashes.map(|hex| format!(" --hash=sha256:{hex}")).collect();
        text += &format!("{name}=={version}{hashes}\n");
    }
    let path = home.join("locked.txt");
    std::fs::write(&path, text).unwrap();
    path
}

/// Runs a command while the server goes on; returns what it said if it failed.
async fn run(mut command: Command) -> Result<(), String> {
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

fn pip_install(served: &Served, home: &Path, locked: &Path) -> Option<Command> {
    let mut pip = pip(home)?;
    pip.args(["install", "--require-hashes", "--no-deps", "--index-url", &served.url()]);
    pip.arg("--target").arg(home.join("installed")).arg("-r").arg(locked);
    Some(pip)
}

fn uv_install(served: &Served, home: &Path, locked: &Path) -> Option<Command> {
    let uv = venv_dir()?.join("bin/uv");
    if !uv.exists() {
        return None;
    }
    let mut command = Command::new(uv);
    command.env_clear().env("HOME", home).env("UV_NO_CONFIG", "1");
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command.args(["pip", "install", "--require-hashes", "--no-cache", "--default-index"]);
    command.arg(served.url()).arg("--target").arg(home.join("installed")).arg("-r").arg(locked);
    Some(command)
}

type Install = fn(&Served, &Path, &Path) -> Option<Command>;

#[tokio::test(flavor = "multi_thread")]
async fn pip_and_uv_install_what_is_stocked_and_what_is_pulled_through() {
    let clients: [(&str, Install); 2] = [("pip", pip_install), ("uv", uv_install)];
    for (name, install) in clients {
        for stocked in [true, false] {
            let upstream = FakeIndex::start();
            let served = if stocked {
                let served = Served::offline().await;
                for (release, (project, version)) in
                    releases().iter().zip([("project", "1.0"), ("helper", "2.0")])
                {
                    served.stock(release, project, version).await;
                }
                served
            } else {
                releases().iter().for_each(|release| upstream.add(release));
                Served::over(&upstream).await
            };
            let home = tempfile::tempdir().unwrap();
            let Some(command) = install(&served, home.path(), &locked(home.path())) else {
                left_out(&format!("installing with {name}"), "it is not there");
                break;
            };
            run(command).await.unwrap_or_else(|said| panic!("{name}: {said}"));
            for module in ["project", "helper"] {
                let installed = home.path().join("installed");
                let found = std::fs::read_dir(installed)
                    .unwrap()
                    .any(|entry| entry.unwrap().file_name().to_string_lossy().starts_with(module));
                assert!(found, "{name}: {module}");
            }
            // The log accounts for every file.
            let lines = served.end().await.lines();
            let files = lines.iter().filter(|line| {
                line.path.ends_with(".whl") && line.method == "GET" && line.status == 200
            });
            let source = if stocked { Source::Store } else { Source::Upstream };
            let files: Vec<_> = files.collect();
            assert_eq!(files.len(), 2, "{name}: {lines:#?}");
            assert!(files.iter().all(|line| line.source == source && line.complete));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pip_refuses_what_broke_off() {
    let (release, _) = crate::served::large("project", 500_000);
    let upstream = FakeIndex::with([release]);
    let served = Served::over(&upstream).await;
    upstream.http().fail("/files/", provender_test::Fault::WrongBytes);
    let home = tempfile::tempdir().unwrap();
    let Some(mut pip) = pip(home.path()) else {
        return left_out("pip_refuses_what_broke_off", "there is no pip");
    };
    pip.args(["download", "--no-deps", "--retries", "0", "--index-url", &served.url(), "project"]);
    pip.arg("--dest").arg(home.path().join("downloaded"));
    assert!(run(pip).await.is_err());
    let downloaded = std::fs::read_dir(home.path().join("downloaded"));
    assert_eq!(downloaded.map(Iterator::count).unwrap_or_default(), 0);
}
