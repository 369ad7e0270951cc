//! A server with a private authority, and a machine whose tools know nothing of it.

use std::path::{Path, PathBuf};
use std::process::Command;

use provender_core::doctor::{EffectiveRoots, RootSource, ToolVerdict};
use provender_test::{Authority, HttpServer, Reply, Request, left_out, venv_dir};
use provender_trust::{
    Asked, CaBundle, Installed, Machine, Setting, Tool, ToolTrust, ask, judged, tools,
};
use tempfile::TempDir;
use url::Url;

/// A server, its authority in files, and folders for the machines of a test.
pub(crate) struct Bench {
    pub(crate) server: HttpServer,
    pub(crate) bundle: CaBundle,
    pub(crate) pem: String,
    pub(crate) dir: TempDir,
    host: &'static str,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::at("127.0.0.1")
    }

    /// A bench whose server is named so.
    fn at(host: &'static str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::named("Corporate Root");
        let other = Authority::named("Public Root");
        let pem = authority.pem();
        let bundle = CaBundle {
            authority: dir.path().join("corporate.pem"),
            full: dir.path().join("full.pem"),
        };
        std::fs::write(&bundle.authority, &pem).unwrap();
        std::fs::write(&bundle.full, format!("{}{pem}", other.pem())).unwrap();
        std::fs::write(dir.path().join("other.pem"), other.pem()).unwrap();
        for folder in ["home", "project", "prefix/etc"] {
            std::fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        Self { server: HttpServer::start_tls(&authority, answer), bundle, pem, dir, host }
    }

    /// What tools are asked to reach.
    pub(crate) fn url(&self) -> Url {
        Url::parse(&format!("https://{}/", self.authority())).unwrap()
    }

    /// `host:port` of the server.
    pub(crate) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.server.address().port())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A bundle that is readable and does not hold the server's authority.
    pub(crate) fn other(&self) -> String {
        self.path("other.pem").display().to_string()
    }

    /// The corporate authority in a folder of hashed names. None without the openssl program.
    pub(crate) fn hashed(&self) -> Option<String> {
        let folder = self.path("hashed");
        let output = Command::new("openssl")
            .args(["x509", "-subject_hash", "-noout", "-in"])
            .arg(&self.bundle.authority)
            .output()
            .ok()
            .filter(|output| output.status.success())?;
        let hash = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::copy(&self.bundle.authority, folder.join(format!("{hash}.0"))).unwrap();
        Some(folder.display().to_string())
    }

    /// A machine with the tools of these folders before those of `PATH`, and nobody's settings.
    fn machine(&self, folders: &[PathBuf]) -> Machine {
        let mut path: Vec<PathBuf> = folders.to_vec();
        path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let path = std::env::join_paths(path).unwrap();
        let shown = |name: &str| self.path(name).display().to_string();
        let variables = [
            ("PATH", path.to_string_lossy().into_owned()),
            ("HOME", shown("home")),
            ("PREFIX", shown("prefix")),
            ("PIP_CONFIG_FILE", "/dev/null".to_owned()),
            ("NPM_CONFIG_GLOBALCONFIG", shown("none")),
            ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
            ("SYSTEM_WGETRC", shown("none")),
            ("RUSTUP_HOME", rustup_home()),
            ("LANG", "C.UTF-8".to_owned()),
        ];
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value));
        let mut machine = Machine::new(variables, self.path("project"));
        machine.python =
            folders.iter().map(|dir| dir.join("python")).find(|python| python.is_file());
        machine
    }

    /// The machines on which this tool is: with the tests' environment and with each folder of
    /// `PROVENDER_TEST_TOOLS`, as far as they hold different ones.
    pub(crate) fn machines(&self, tool: &dyn Tool) -> Vec<(Machine, Installed)> {
        let venv: Vec<PathBuf> = venv_dir().map(|dir| dir.join("bin")).into_iter().collect();
        let more = std::env::var_os("PROVENDER_TEST_TOOLS").unwrap_or_default();
        let more = std::env::split_paths(&more).filter(|dir| dir.is_dir()).map(|dir| vec![dir]);
        let mut found: Vec<(Machine, Installed)> = Vec::new();
        for folders in [venv].into_iter().chain(more) {
            let machine = self.machine(&folders);
            let Some(installed) = tool.installed(&machine) else { continue };
            if found.iter().all(|(_, known)| known.program != installed.program) {
                found.push((machine, installed));
            }
        }
        found
    }

    /// Whether these roots hold the authority: what a judge of chains comes to here.
    pub(crate) fn judge(&self) -> impl Fn(&EffectiveRoots) -> Result<(), String> + Sync + '_ {
        |roots| {
            let holds = |file: &Path| {
                std::fs::read_to_string(file).is_ok_and(|text| text.contains(self.pem.trim()))
            };
            let leads = roots.sources.iter().any(|source| match source {
                RootSource::System | RootSource::Mozilla => false,
                RootSource::File(file) => holds(file),
                RootSource::Folder(folder) => std::fs::read_dir(folder)
                    .is_ok_and(|entries| entries.flatten().any(|entry| holds(&entry.path()))),
            });
            if leads { Ok(()) } else { Err("no root leads to the chain".to_owned()) }
        }
    }

    /// The verdict of the rules.
    pub(crate) fn ruled(
        &self,
        subject: &Subject<'_>,
        settings: &[Setting],
    ) -> (ToolVerdict, ToolTrust) {
        let machine = subject.machine.with(settings);
        let trust = subject.tool.trust(&machine, Some(subject.installed), &self.url());
        let (verdict, _) = judged(&trust, &self.judge());
        (verdict, trust)
    }

    /// What the tool did.
    pub(crate) fn asked(&self, subject: &Subject<'_>, settings: &[Setting]) -> Asked {
        ask(subject.tool, subject.machine, subject.installed, &self.url(), settings)
            .expect("a tool that can be asked with settings that can be tried")
    }

    /// Holds the rules against what happened: the tool accepted the server where they say that it verifies or does not
    /// look, and refused it where they say that it fails.
    pub(crate) fn agree(&self, subject: &Subject<'_>, settings: &[Setting], expected: ToolVerdict) {
        let (ruled, trust) = self.ruled(subject, settings);
        let asked = self.asked(subject, settings);
        let happened = match (ruled, asked.verdict) {
            (ToolVerdict::NotVerified, ToolVerdict::Verifies) => ToolVerdict::NotVerified,
            (_, happened) => happened,
        };
        assert_eq!(
            (ruled, happened),
            (expected, expected),
            "{subject} with {settings:?}\nrules: {trust:?}\nasked: {asked:?}"
        );
    }
}

/// A tool on a machine.
pub(crate) struct Subject<'a> {
    pub(crate) tool: &'static dyn Tool,
    pub(crate) machine: &'a Machine,
    pub(crate) installed: &'a Installed,
}

impl std::fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let version = self.installed.version.as_deref().unwrap_or("of no version");
        write!(f, "{} {version} ({})", self.tool.name(), self.installed.program.display())
    }
}

/// Runs a check with every installed variant of a tool; says so where there is none.
pub(crate) fn with(name: &str, check: impl Fn(&Bench, &Subject<'_>)) {
    with_host(name, "127.0.0.1", check);
}

/// As [`with`], with a server of this name.
pub(crate) fn with_host(name: &str, host: &'static str, check: impl Fn(&Bench, &Subject<'_>)) {
    let tool = tool(name);
    let machines = Bench::new().machines(tool);
    if machines.is_empty() {
        left_out(&format!("the trust of {name}"), &format!("no {name} is installed"));
    }
    for at in 0..machines.len() {
        // Files that a check writes are gone with its bench.
        let bench = Bench::at(host);
        let machines = bench.machines(tool);
        let (machine, installed) = &machines[at];
        let subject = Subject { tool, machine, installed };
        let asked = bench.asked(&subject, &[]);
        if asked.verdict == ToolVerdict::Unknown {
            left_out(&format!("the trust of {subject}"), &asked.detail.unwrap_or_default());
        } else {
            check(&bench, &subject);
        }
    }
}

pub(crate) fn tool(name: &str) -> &'static dyn Tool {
    *tools().iter().find(|tool| tool.name() == name).expect("a tool of this name")
}

pub(crate) fn variable(name: &str, value: impl AsRef<Path>) -> Setting {
    Setting::Variable { name: name.to_owned(), value: value.as_ref().display().to_string() }
}

/// Writes a file below the bench's folder.
pub(crate) fn write(bench: &Bench, name: &str, text: &str) {
    let path = bench.path(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn rustup_home() -> String {
    std::env::var("RUSTUP_HOME").unwrap_or_else(|_| {
        let home = std::env::var("HOME").unwrap_or_default();
        format!("{home}/.rustup")
    })
}

/// Enough of an index, a registry of each kind and a repository for a client to be content, or to say clearly that it
/// is not.
fn answer(request: &Request) -> Reply {
    let host = request.header("host").unwrap_or_default();
    match request.path.as_str() {
        "/" => Reply::new(200, "text/html", "<!DOCTYPE html><html><body></body></html>"),
        "/-/ping" => Reply::new(200, "application/json", "{}"),
        "/info/refs" => Reply::new(
            200,
            "application/x-git-upload-pack-advertisement",
            "001e# service=git-upload-pack\n00000000",
        ),
        "/config.json" => Reply::new(
            200,
            "application/json",
            format!("{{\"dl\":\"https://{host}/dl\",\"api\":\"https://{host}\"}}"),
        ),
        "/api/v1/crates" => {
            Reply::new(200, "application/json", "{\"crates\":[],\"meta\":{\"total\":0}}")
        }
        _ => Reply::status(404),
    }
}
