//! The tools, one file each: where a tool's roots come from, what switches its verification off, how it is asked and
//! what would make it verify.

mod apk;
mod apt;
mod asking;
mod buildkit;
mod cargo;
mod conda;
mod curl;
mod docker;
mod git;
mod go;
mod httpx;
mod java;
mod node;
mod npm;
mod npm_config;
mod openssl;
mod pdm;
mod pip;
mod pnpm;
mod podman;
mod poetry;
mod probe;
mod python;
mod requests;
mod trust;
mod uv;
mod version;
mod wget;
mod yarn;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use url::Url;

use crate::process::Invocation;
use crate::{CaBundle, Machine, Setting};

pub use asking::{Asked, ask};
pub use trust::{ToolTrust, Verification, judged};

/// A tool that is on the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The program that is started: for a Python library, the Python.
    pub program: PathBuf,
    /// The tool's version, if it tells.
    pub version: Option<String>,
    /// What else the tool told about itself, by its names for that.
    pub facts: BTreeMap<String, String>,
}

impl Installed {
    fn new(program: PathBuf, version: Option<String>) -> Self {
        Self { program, version, facts: BTreeMap::new() }
    }
}

/// What a tool is asked.
#[derive(Debug)]
pub struct Request<'a> {
    /// The machine it is asked on.
    pub machine: &'a Machine,
    /// The tool as it is there.
    pub installed: &'a Installed,
    /// What it shall reach.
    pub url: &'a Url,
    /// An empty folder that goes after the asking.
    pub scratch: &'a Path,
    /// Arguments that try a setting.
    pub arguments: &'a [String],
}

/// One tool's rules.
///
/// Every answer is about one URL, since settings may hold for one host only.
pub trait Tool: Send + Sync {
    /// Its name as it is typed.
    fn name(&self) -> &'static str;

    /// The tool as it is on the machine, if it is.
    fn installed(&self, machine: &Machine) -> Option<Installed>;

    /// What its documented rules say that it does with the machine's settings. `installed` is what
    /// [`installed`](Self::installed) found; without it the rules of the current version hold.
    fn trust(&self, machine: &Machine, installed: Option<&Installed>, url: &Url) -> ToolTrust;

    /// The settings by which it verifies against `bundle`, for this machine as it is: what names other authorities is
    /// overridden. Switching verification on again is not part of it; that is in [`ToolTrust::undo`].
    fn remedy(
        &self,
        machine: &Machine,
        installed: Option<&Installed>,
        url: &Url,
        bundle: &CaBundle,
    ) -> Vec<Setting>;

    /// How it is run to reach the URL once, and changes nothing but `scratch`; none where it cannot be asked.
    fn request(&self, request: &Request<'_>) -> std::io::Result<Option<Invocation>> {
        let _ = request;
        Ok(None)
    }

    /// The words of its output.
    fn words(&self) -> Words {
        Words::default()
    }
}

/// How a tool says what came of a request, beside its exit code and the words that all share.
#[derive(Debug, Clone, Copy, Default)]
pub struct Words {
    /// Said only after the handshake: the server was believed, though its answer was of no use.
    pub reached: &'static [&'static str],
    /// Said when the certificate was refused.
    pub refused: &'static [&'static str],
}

/// Every tool, in the order in which they are shown.
pub fn tools() -> [&'static dyn Tool; 22] {
    [
        &pip::Pip,
        &uv::Uv,
        &poetry::Poetry,
        &pdm::Pdm,
        &conda::Conda,
        &requests::Requests,
        &httpx::Httpx,
        &node::Node,
        &npm::Npm,
        &yarn::Yarn,
        &pnpm::Pnpm,
        &git::Git,
        &curl::Curl,
        &wget::Wget,
        &apt::Apt,
        &apk::Apk,
        &docker::Docker,
        &buildkit::Buildkit,
        &podman::Podman,
        &cargo::Cargo,
        &go::Go,
        &java::Java,
    ]
}

/// `host:port` as the URL has it; the scheme's own port is left out.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// The URL without credentials, so that none appears on a command line.
fn without_credentials(url: &Url) -> Url {
    let mut url = url.clone();
    // Both fail only for URLs that cannot hold credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

/// A path below the URL.
fn below(url: &Url, path: &str) -> Url {
    let mut below = without_credentials(url);
    below.set_query(None);
    below.set_fragment(None);
    below.set_path(&format!("{}/{path}", url.path().trim_end_matches('/')));
    below
}
