//! Where processes run: a folder of their own, and no way out but to the index.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use provender_net::Credential;
use tempfile::TempDir;
use tokio::net::TcpSocket;
use tokio::process::Command;
use url::Url;

use super::answers::Reached;
use super::child::{self, ChildError, Ended};
use super::request::CheckRequest;

/// The folder and the surroundings of all processes of a check. The folder goes when it is dropped.
#[derive(Debug)]
pub(super) struct Workshop {
    folder: Folder,
    search_path: Option<std::ffi::OsString>,
    limit: Duration,
    /// The simple API for pip's command line, without credentials.
    pub(super) index_url: Url,
    /// CA bundles that the index's certificate may need.
    ca_bundle: Option<PathBuf>,
    /// A port that is taken, so that nobody else can have it, and that nobody listens on.
    closed: TcpSocket,
}

impl Workshop {
    pub(super) async fn open(request: &CheckRequest, reached: &Reached) -> io::Result<Self> {
        // Processes have another working folder than this one.
        let tmp = std::path::absolute(&request.tmp)?;
        tokio::fs::create_dir_all(&tmp).await?;
        let folder = tempfile::Builder::new().prefix("provender-check-").tempdir_in(&tmp)?;
        let closed = TcpSocket::new_v4()?;
        closed.bind(([127, 0, 0, 1], 0).into())?;
        let mut index_url = reached.simple.clone();
        // Both fail only for URLs that cannot hold credentials.
        let _ = index_url.set_username("");
        let _ = index_url.set_password(None);
        let workshop = Self {
            folder: Folder(Some(folder)),
            search_path: request.path.clone(),
            limit: request.limit,
            index_url,
            ca_bundle: ca_bundle(reached),
            closed,
        };
        std::fs::create_dir(workshop.home())?;
        workshop.write_netrc(reached)?;
        Ok(workshop)
    }

    /// A path in the folder; it is the caller's to make.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// A command with nothing of this process's environment but `PATH`, and with every route but
    /// that to the index leading to a closed port.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.folder.path());
        let home = self.home();
        command.env("HOME", &home).env("TMPDIR", &home).env("LC_ALL", "C.UTF-8");
        command.env("PIP_CONFIG_FILE", "/dev/null").env("PYTHONNOUSERSITE", "1");
        if let Some(path) = &self.search_path {
            command.env("PATH", path);
        }
        if let Ok(closed) = self.closed.local_addr() {
            for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
                let proxy = format!("http://{closed}");
                command.env(name, &proxy).env(name.to_ascii_lowercase(), proxy);
            }
        }
        let host = self.index_url.host_str().unwrap_or_default();
        command.env("NO_PROXY", host).env("no_proxy", host);
        command
    }

    /// How long a process may take.
    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// Runs a command within the limit of the request.
    pub(super) async fn run(&self, command: Command) -> Result<Ended, ChildError> {
        child::run(command, b"", self.limit).await
    }

    /// What every `pip install` from the index is told.
    pub(super) fn pip_install(&self, python: &Path) -> Command {
        let mut pip = self.command(python);
        pip.args(["-I", "-m", "pip", "--isolated", "--disable-pip-version-check", "--no-input"]);
        pip.args(["install", "--quiet", "--no-cache-dir", "--retries", "1", "--timeout", "30"]);
        pip.args(["--index-url", self.index_url.as_str(), "--require-hashes"]);
        match self.index_url.scheme() {
            "http" => {
                // Whoever checks an index without TLS has decided to trust the network to it.
                let host = self.index_url.host_str().unwrap_or_default();
                let port = self.index_url.port();
                let host = port.map_or(host.to_owned(), |port| format!("{host}:{port}"));
                pip.args(["--trusted-host", &host]);
            }
            _ => {
                if let Some(bundle) = &self.ca_bundle {
                    pip.arg("--cert").arg(bundle);
                }
            }
        }
        pip
    }

    /// Credentials go to pip by a file that only we can read, for a command line everybody can.
    fn write_netrc(&self, reached: &Reached) -> io::Result<()> {
        let credential = reached.client.credential_for(&reached.simple).ok().flatten();
        let Some(Credential::Basic { user, password }) = credential else { return Ok(()) };
        let host = self.index_url.host_str().unwrap_or_default();
        let text = format!("machine {host}\nlogin {user}\npassword {password}\n");
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        io::Write::write_all(&mut options.open(self.home().join(".netrc"))?, text.as_bytes())
    }
}

/// The CA bundle that was named for the network; pip takes one.
fn ca_bundle(reached: &Reached) -> Option<PathBuf> {
    let bundles = &reached.client.settings().ca_bundles;
    bundles.last().map(|bundle| bundle.path.clone())
}

/// A temporary folder that goes even while something dying still writes into it.
#[derive(Debug)]
struct Folder(Option<TempDir>);

impl Folder {
    fn path(&self) -> &Path {
        self.0.as_ref().map_or(Path::new(""), TempDir::path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        /// How often removing is tried: a killed process ends very soon, and not at once.
        const TRIES: usize = 20;
        let Some(folder) = self.0.take() else { return };
        let path = folder.keep();
        for _ in 0..TRIES {
            match std::fs::remove_dir_all(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                _ => return,
            }
        }
    }
}
