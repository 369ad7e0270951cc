//! Variables that are meant for one tool and are seen by all: each tool does what its rules say.

use provender_core::doctor::ToolVerdict;
use provender_trust::Setting;

use crate::bench::{Bench, Subject, variable, with_host};

/// Sets of variables, as they are found on machines whose owners tried what they could.
fn surroundings(bench: &Bench) -> Vec<Vec<Setting>> {
    let authority = &bench.bundle.authority;
    let other = bench.other();
    let mut sets: Vec<Vec<Setting>> = [
        "SSL_CERT_FILE",
        "CURL_CA_BUNDLE",
        "REQUESTS_CA_BUNDLE",
        "PIP_CERT",
        "NODE_EXTRA_CA_CERTS",
        "npm_config_cafile",
        "GIT_SSL_CAINFO",
        "CARGO_HTTP_CAINFO",
    ]
    .map(|name| vec![variable(name, authority)])
    .to_vec();
    sets.push(vec![variable("PYTHONHTTPSVERIFY", "0")]);
    if let Some(hashed) = bench.hashed() {
        sets.push(vec![variable("SSL_CERT_DIR", &hashed)]);
        sets.push(vec![variable("SSL_CERT_DIR", &hashed), variable("SSL_CERT_FILE", &other)]);
        sets.push(vec![variable("SSL_CERT_DIR", &hashed), variable("CURL_CA_BUNDLE", &other)]);
        sets.push(vec![variable("SSL_CERT_DIR", &hashed), variable("CARGO_HTTP_CAINFO", &other)]);
    }
    sets
}

fn does_as_its_rules_say(bench: &Bench, subject: &Subject<'_>) {
    for settings in surroundings(bench) {
        let (ruled, _) = bench.ruled(subject, &settings);
        assert_ne!(ruled, ToolVerdict::NotVerified, "{subject} with {settings:?}");
        bench.agree(subject, &settings, ruled);
    }
}

macro_rules! tests {
    ($($test:ident: $tool:literal,)*) => {
        $(
            #[test]
            fn $test() {
                with_host($tool, "localhost", does_as_its_rules_say);
            }
        )*
    };
}

tests! {
    pip_does_as_its_rules_say: "pip",
    uv_does_as_its_rules_say: "uv",
    requests_does_as_its_rules_say: "requests",
    httpx_does_as_its_rules_say: "httpx",
    pdm_does_as_its_rules_say: "pdm",
    node_does_as_its_rules_say: "node",
    npm_does_as_its_rules_say: "npm",
    git_does_as_its_rules_say: "git",
    curl_does_as_its_rules_say: "curl",
    wget_does_as_its_rules_say: "wget",
    apt_does_as_its_rules_say: "apt",
    cargo_does_as_its_rules_say: "cargo",
}
