//! httpx, in the environment's Python: certifi, or `SSL_CERT_FILE`, or `SSL_CERT_DIR`.

use provender_core::doctor::RootSource;
use url::Url;

use super::python::{certifi, default_context_is_strict, library, run_code};
use super::{Installed, Request, Tool, ToolTrust, Words};
use crate::files::Found;
use crate::process::Invocation;
use crate::{CaBundle, Machine, Setting};

/// The library `httpx`.
pub(super) struct Httpx;

impl Tool for Httpx {
    fn name(&self) -> &'static str {
        "httpx"
    }

    fn installed(&self, machine: &Machine) -> Option<Installed> {
        library(machine, &machine.python()?, "httpx")
    }

    fn trust(&self, machine: &Machine, installed: Option<&Installed>, _url: &Url) -> ToolTrust {
        let trust = match machine.first_set(&["SSL_CERT_FILE", "SSL_CERT_DIR"]) {
            Some((name @ "SSL_CERT_FILE", value)) => {
                let found = Found::variable(name, value);
                ToolTrust::file(&found, &machine.path(value), Vec::new())
            }
            Some((name, value)) => {
                // Taken as one path, where OpenSSL takes a list; a folder that is not there trusts nobody.
                let path = machine.path(value);
                let sources =
                    if path.is_dir() { vec![RootSource::Folder(path)] } else { Vec::new() };
                ToolTrust::by(&Found::variable(name, value), sources)
            }
            None => ToolTrust::on(vec![certifi(installed)], "its default: certifi"),
        };
        trust.strict(default_context_is_strict(installed))
    }

    fn remedy(
        &self,
        _machine: &Machine,
        _installed: Option<&Installed>,
        _url: &Url,
        bundle: &CaBundle,
    ) -> Vec<Setting> {
        vec![Setting::variable("SSL_CERT_FILE", &bundle.full)]
    }

    fn request(&self, request: &Request<'_>) -> std::io::Result<Option<Invocation>> {
        // The body is left unread.
        let code = "\
import sys, httpx
with httpx.stream('GET', sys.argv[1], timeout=15) as answer:
    print(answer.status_code)
";
        Ok(Some(run_code(request, code)))
    }

    fn words(&self) -> Words {
        // `load_verify_locations` of a file that is not there.
        Words { reached: &[], refused: &["FileNotFoundError", "IsADirectoryError"] }
    }
}
