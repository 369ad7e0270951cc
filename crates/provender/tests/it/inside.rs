//! A real project, stocked once over the network, installs from us with every other way closed.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use provender_test::{left_out, poetry_dir, shared_dir, venv_dir};

/// A way out that leads nowhere.
const DEAD_PROXY: &str = "http://127.0.0.1:9";

/// A server that ends with the test.
struct Serving {
    child: Child,
    url: String,
}

impl Serving {
    fn start(data: &Path, listen: &str, offline: bool) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_provender"));
        if offline {
            command.arg("--offline");
        }
        let mut child = command
            .args(["serve", "--listen", listen])
            .env("PROVENDER_DATA_DIR", data)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let url = lines.by_ref().find_map(|line| {
            let line = line.ok()?;
            let word = line.split_whitespace().find(|word| word.starts_with("http://127.0.0.1"))?;
            Some(word.to_owned())
        });
        // The log is read away, so that the server never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url: url.expect("the server said where it listens") }
    }

    fn address(&self) -> String {
        self.url.trim_start_matches("http://").trim_end_matches("/simple/").to_owned()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command that can reach nothing but loopback, and knows no configuration of this machine.
fn inside(program: PathBuf, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("PIP_CONFIG_FILE", "/dev/null")
        .env("UV_NO_CONFIG", "1")
        .env("UV_PYTHON_DOWNLOADS", "never")
        .envs([("HTTP_PROXY", DEAD_PROXY), ("HTTPS_PROXY", DEAD_PROXY), ("ALL_PROXY", DEAD_PROXY)])
        .envs([("NO_PROXY", "127.0.0.1"), ("LANG", "C.UTF-8")])
        .current_dir(folder);
    command
}

fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn installed(python: &Path, project: &str) -> String {
    let code = format!("import importlib.metadata as m; print(m.version('{project}'))");
    succeeds(Command::new(python).args(["-c", &code])).trim().to_owned()
}

/// Pins of a lock without their markers, which a lock for one platform does not have.
fn pins(lock: &str) -> Vec<&str> {
    let lines = lock.lines().filter(|line| !line.starts_with(['#', ' ']));
    lines
        .filter_map(|line| line.split_whitespace().next())
        .filter(|pin| pin.contains("=="))
        .collect()
}

/// Over the network, once; then pip, uv and poetry install it from us alone, the project without a
/// wheel among them, and so does pip-audit, which was carried along.
#[test]
fn network_a_real_project_installs_from_us_alone() {
    const TEST: &str = "network_a_real_project_installs_from_us_alone";
    let Some(shared) = shared_dir() else { return left_out(TEST, "no shared data") };
    let Some(venv) = venv_dir() else { return left_out(TEST, "no uv (PROVENDER_TEST_VENV)") };
    let python = venv.join("bin/python");
    let version = succeeds(
        Command::new(&python).args(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]),
    );
    let version = version.trim();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let requirements = shared.join("projects/paiid/requirements.txt");
    std::fs::copy(requirements, folder.path().join("requirements.txt")).unwrap();
    let ours = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_provender"));
        command.args(arguments).env("PROVENDER_DATA_DIR", &data).current_dir(&folder);
        command.output().unwrap()
    };
    let locked =
        ours(&["lock", "--fix", "off", "--python-version", version, "--platform", "linux"]);
    if !locked.status.success() {
        let said = String::from_utf8_lossy(&locked.stderr).into_owned();
        return left_out(TEST, &format!("the project cannot be locked here: {said}"));
    }
    let stocked = ours(&["stock", "--with", "pip-audit"]);
    let said = String::from_utf8_lossy(&stocked.stderr).into_owned();
    assert!(stocked.status.success(), "{said}");
    assert!(said.contains("without a wheel: ta=="), "{said}");
    let lock = std::fs::read_to_string(folder.path().join("constraints.txt")).unwrap();
    let ta = pins(&lock).into_iter().find_map(|pin| pin.strip_prefix("ta==")).unwrap().to_owned();

    // poetry locks for every platform, for which it has to see what only others need.
    let poetry = poetry_dir().map(|venv| venv.join("bin/poetry"));
    let mut address = "127.0.0.1:0".to_owned();
    if let Some(poetry) = &poetry {
        let pulling = Serving::start(&data, &address, false);
        address = pulling.address();
        write_poetry_project(folder.path(), version, &pins(&lock), &pulling.url);
        succeeds(poetry_command(poetry, folder.path(), "lock-cache").arg("lock"));
    } else {
        left_out(&format!("{TEST}, poetry"), "no poetry (PROVENDER_TEST_POETRY)");
    }

    let serving = Serving::start(&data, &address, true);
    let fresh = |name: &str| {
        let environment = folder.path().join(name);
        succeeds(Command::new(&python).args(["-m", "venv"]).arg(&environment));
        environment.join("bin/python")
    };
    let with_pip = fresh("with-pip");
    succeeds(
        inside(with_pip.clone(), folder.path())
            .args(["-m", "pip", "install", "--isolated", "--no-cache-dir", "--require-hashes"])
            .args(["--disable-pip-version-check", "--index-url", &serving.url])
            .args(["-r", "constraints.txt"]),
    );
    assert_eq!(installed(&with_pip, "ta"), ta);

    let with_uv = fresh("with-uv");
    succeeds(
        inside(venv.join("bin/uv"), folder.path())
            .args(["pip", "sync", "--require-hashes", "constraints.txt", "--no-cache"])
            .args(["--default-index", &serving.url, "--python"])
            .arg(&with_uv),
    );
    assert_eq!(installed(&with_uv, "ta"), ta);

    let with_tool = fresh("with-tool");
    succeeds(
        inside(with_tool.clone(), folder.path())
            .args(["-m", "pip", "install", "--isolated", "--no-cache-dir", "pip-audit"])
            .args(["--disable-pip-version-check", "--index-url", &serving.url]),
    );
    let audit = with_tool.with_file_name("pip-audit");
    assert!(succeeds(Command::new(audit).arg("--version")).starts_with("pip-audit"));

    if let Some(poetry) = &poetry {
        succeeds(poetry_command(poetry, folder.path(), "install-cache").args(["install", "-q"]));
        assert_eq!(installed(&folder.path().join(".venv/bin/python"), "ta"), ta);
    }
}

fn write_poetry_project(folder: &Path, python: &str, pins: &[&str], index: &str) {
    let (major, minor) = python.split_once('.').unwrap();
    let next = minor.parse::<u32>().unwrap() + 1;
    let pins: String = pins.iter().map(|pin| format!("    \"{pin}\",\n")).collect();
    let text = format!(
        "[project]\nname = \"paiid\"\nversion = \"1\"\nrequires-python = \">={python},<{major}.{next}\"\n\
         dependencies = [\n{pins}]\n[tool.poetry]\npackage-mode = false\n\
         [[tool.poetry.source]]\nname = \"inside\"\nurl = \"{index}\"\npriority = \"primary\"\n"
    );
    std::fs::write(folder.join("pyproject.toml"), text).unwrap();
}

fn poetry_command(poetry: &Path, folder: &Path, cache: &str) -> Command {
    let mut command = inside(poetry.to_path_buf(), folder);
    command
        .env("POETRY_VIRTUALENVS_IN_PROJECT", "true")
        .env("POETRY_CACHE_DIR", folder.join(cache))
        .env("POETRY_CONFIG_DIR", folder.join("poetry-config"))
        .arg("--no-interaction");
    command
}
