//! The image as podman runs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Example, TAG, said};
use crate::beside::Beside;

/// How many seconds one command may take.
const LIMIT: &str = "600";

/// How the service is run: nothing may be written, nothing may be gained. The limits are those that a
/// kernel with control groups of the old kind can set.
const HARDENED: [&str; 10] = [
    "--read-only",
    "--network=none",
    "--cap-drop",
    "all",
    "--security-opt",
    "no-new-privileges",
    "--ulimit",
    "nofile=1024:1024",
    "--ulimit",
    "nproc=1024:1024",
];

/// The base's name.
pub(super) const BASE: &str = "localhost/base:1";

/// podman and buildah over one storage of their own, with the base and the image in it.
pub(super) struct Engine {
    place: PathBuf,
}

impl Engine {
    /// Starts with an empty storage; or why no container can be run here.
    pub(super) fn start(example: &Example) -> Result<Self, String> {
        let is_root = fs::metadata("/proc/self").is_ok_and(|own| {
            use std::os::unix::fs::MetadataExt as _;
            own.uid() == 0
        });
        if !is_root {
            return Err("containers are run as root only".to_owned());
        }
        for program in ["podman", "runc", "buildah"] {
            let there = Command::new(program).arg("--version").output();
            there.map_err(|_| format!("{program} is not installed"))?;
        }
        let engine = Self { place: example.folder.path().join("engine") };
        fs::create_dir(&engine.place).unwrap();
        engine.podman(&["import", "--quiet", example.base.to_str().unwrap(), BASE])?;
        // What fails with the base alone is no matter of the image.
        let probe = [&["run", "--rm"], &HARDENED[..], &[BASE, "/bin/true"]].concat();
        engine.podman(&probe)?;
        let archive = example.archive();
        let loaded = engine.podman(&["load", "--quiet", "-i", archive.to_str().unwrap()]).unwrap();
        assert!(loaded.contains(TAG), "{loaded}");
        Ok(engine)
    }

    /// Runs the service, until it says that it listens.
    pub(super) fn run(&self) -> Container<'_> {
        let run = [&["run", "--detach", "--name", "app"], &HARDENED[..], &[TAG]].concat();
        self.podman(&run).unwrap();
        let logs = Beside::start(&mut self.command("podman", &["logs", "--follow", "app"]));
        logs.stderr.with("Uvicorn running");
        Container { engine: self }
    }

    /// What podman prints, or all that it said where it fails.
    pub(super) fn podman(&self, arguments: &[&str]) -> Result<String, String> {
        self.succeeds("podman", arguments)
    }

    /// What buildah prints, or all that it said where it fails.
    pub(super) fn buildah(&self, arguments: &[&str]) -> Result<String, String> {
        self.succeeds("buildah", arguments)
    }

    fn succeeds(&self, program: &str, arguments: &[&str]) -> Result<String, String> {
        let output = self.command(program, arguments).output().unwrap();
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
            false => Err(format!("{program} {}: {}", arguments.join(" "), said(&output))),
        }
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("timeout");
        command.args([LIMIT, program, "--storage-driver", "vfs"]);
        let mut place = |option: &str, name: &str| {
            command.arg(option).arg(self.place.join(name));
        };
        place("--root", "root");
        place("--runroot", "run");
        if program == "podman" {
            place("--tmpdir", "tmp");
            // Neither systemd nor a journal is needed.
            command.args(["--runtime", "runc", "--cgroup-manager", "cgroupfs"]);
            command.args(["--events-backend", "none"]);
        }
        command.args(arguments).env_clear().env("HOME", &self.place);
        command.env("XDG_RUNTIME_DIR", &self.place).env("TMPDIR", &self.place);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.stdin(std::process::Stdio::null());
        command
    }

    pub(super) fn place(&self) -> &Path {
        &self.place
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.podman(&["rm", "--all", "--force", "--time", "0"]);
        let _ = self.buildah(&["rm", "--all"]);
    }
}

/// The service, running.
pub(super) struct Container<'e> {
    engine: &'e Engine,
}

impl Container<'_> {
    /// What a program in the container prints.
    #[track_caller]
    pub(super) fn exec(&self, program: &[&str]) -> String {
        self.engine.podman(&[&["exec", "app"], program].concat()).unwrap()
    }

    fn told(&self, template: &str) -> String {
        self.engine.podman(&["inspect", "app", "--format", template]).unwrap()
    }

    pub(super) fn is_hardened_and_healthy(&self) {
        assert_eq!(self.exec(&["id"]), "uid=10001(app) gid=10001(app) groups=10001(app)");
        self.engine.podman(&["healthcheck", "run", "app"]).unwrap();
        assert_eq!(self.told("{{.State.Health.Status}}"), "healthy");
        let ask = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/health').read().decode())";
        let answer = self.exec(&["python3", "-c", ask]);
        assert!(answer.contains("\"status\":\"ok\""), "{answer}");

        let status = self.exec(&["cat", "/proc/1/status"]);
        for line in ["CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1"] {
            assert!(status.contains(line), "no `{line}` in {status}");
        }
        let write = "import os, sys; sys.exit(os.access('/app/app/main.py', os.W_OK) or os.access('/usr/local/lib', os.W_OK))";
        self.exec(&["python3", "-c", write]);
    }

    /// Within the two seconds after which podman would kill it.
    pub(super) fn stops_when_it_is_told_to(&self) {
        self.engine.podman(&["stop", "--time", "2", "app"]).unwrap();
        let code = self.told("{{.State.ExitCode}}");
        assert!(["0", "143"].contains(&code.as_str()), "ended with {code}");
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        let _ = self.engine.podman(&["rm", "--force", "--time", "0", "app"]);
    }
}
