//! requests, in the environment's Python: certifi, or the file that its variables name.

use url::Url;

use super::python::{certifi, library, python_version, run_code};
use super::{Installed, Request, Tool, ToolTrust};
use crate::files::Found;
use crate::process::Invocation;
use crate::{CaBundle, Machine, Setting};

/// The library `requests`.
pub(super) struct Requests;

/// The variables that take certifi's place, the stronger first.
pub(super) const VARIABLES: [&str; 2] = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"];

impl Tool for Requests {
    fn name(&self) -> &'static str {
        "requests"
    }

    fn installed(&self, machine: &Machine) -> Option<Installed> {
        library(machine, &machine.python()?, "requests")
    }

    fn trust(&self, machine: &Machine, installed: Option<&Installed>, _url: &Url) -> ToolTrust {
        let strict = is_strict(installed);
        match machine.first_set(&VARIABLES) {
            Some((name, value)) => {
                let found = Found::variable(name, value);
                ToolTrust::file(&found, &machine.path(value), Vec::new()).strict(strict)
            }
            None => ToolTrust::on(vec![certifi(installed)], "its default: certifi").strict(strict),
        }
    }

    fn remedy(
        &self,
        _machine: &Machine,
        _installed: Option<&Installed>,
        _url: &Url,
        bundle: &CaBundle,
    ) -> Vec<Setting> {
        vec![Setting::variable("REQUESTS_CA_BUNDLE", &bundle.full)]
    }

    fn request(&self, request: &Request<'_>) -> std::io::Result<Option<Invocation>> {
        let code = "import sys, requests; \
            print(requests.get(sys.argv[1], timeout=15, stream=True).status_code)";
        Ok(Some(run_code(request, code)))
    }
}

/// Whether its TLS refuses what RFC 5280's letter refuses: on Python 3.13, by an urllib3 that follows it.
pub(super) fn is_strict(installed: Option<&Installed>) -> bool {
    python_version(installed).is_some_and(|version| version >= (3, 13, 0))
        && installed
            .is_some_and(|i| i.facts.get("urllib3_strict").is_none_or(|strict| strict == "yes"))
}
