//! For each tool: a server whose authority is private, the tool without and with our remedy, and with its verification
//! switched off in each way that it has.

use provender_core::doctor::ToolVerdict::{Fails, NotVerified, Verifies};
use provender_trust::{Setting, Verification};

use crate::bench::{Bench, Subject, variable, with, with_host, write};

/// The tool refuses the server, and with our remedy it verifies it, whether the remedy is tried or written.
fn without_and_with_the_remedy(bench: &Bench, subject: &Subject<'_>) {
    bench.agree(subject, &[], Fails);
    let remedy = |bench: &Bench| {
        subject.tool.remedy(subject.machine, Some(subject.installed), &bench.url(), &bench.bundle)
    };
    let settings = remedy(bench);
    assert!(!settings.is_empty());
    assert_eq!(bench.asked(subject, &settings).verdict, Verifies, "{subject} with {settings:?}");
    for setting in &settings {
        if let Setting::Line { file, text, .. } = setting
            && file.starts_with(bench.dir.path())
        {
            std::fs::write(file, format!("{text}\n")).unwrap();
        }
    }
    let in_reach = settings.iter().all(|setting| match setting {
        Setting::Line { file, .. } => file.starts_with(bench.dir.path()),
        _ => true,
    });
    if in_reach {
        let variables: Vec<Setting> =
            settings.iter().filter(|s| matches!(s, Setting::Variable { .. })).cloned().collect();
        bench.agree(subject, &variables, Verifies);
    }
}

/// What switches verification off is found, the tool accepts the server, and undoing it makes it look again.
fn switched_off(bench: &Bench, subject: &Subject<'_>, settings: &[Setting]) {
    bench.agree(subject, settings, NotVerified);
    let (_, trust) = bench.ruled(subject, settings);
    assert!(!trust.undo.is_empty());
    let undone: Vec<Setting> = settings
        .iter()
        .chain(&trust.undo)
        .filter(|setting| matches!(setting, Setting::Variable { .. } | Setting::Unset { .. }))
        .cloned()
        .collect();
    if trust.undo.iter().all(Setting::can_be_tried) {
        bench.agree(subject, &undone, Fails);
    } else {
        let place = trust.place.expect("a place where no variable decides");
        let text = std::fs::read_to_string(&place.file).unwrap();
        let line = place.line.expect("a line") as usize;
        let kept: Vec<&str> =
            text.lines().enumerate().filter(|(at, _)| at + 1 != line).map(|(_, l)| l).collect();
        std::fs::write(&place.file, kept.join("\n")).unwrap();
        bench.agree(subject, &undone, Fails);
    }
}

#[test]
fn pip_verifies_with_the_remedy_and_not_with_a_trusted_host() {
    with_host("pip", "localhost", |bench, subject| {
        without_and_with_the_remedy(bench, subject);
        switched_off(bench, subject, &[variable("PIP_TRUSTED_HOST", "localhost")]);
        switched_off(bench, subject, &[variable("PIP_TRUSTED_HOST", bench.authority())]);
        write(bench, "home/.config/pip/pip.conf", "[global]\ntrusted-host = localhost\n");
        let read = Setting::Unset { name: "PIP_CONFIG_FILE".to_owned() };
        switched_off(bench, subject, &[read, variable("PIP_CERT", bench.other())]);
        bench.agree(subject, &[variable("PIP_TRUSTED_HOST", "elsewhere.example")], Fails);
        bench.agree(subject, &[variable("PIP_CERT", "/nowhere.pem")], Fails);
    });
}

#[test]
fn pip_that_stops_at_addresses_has_a_remedy_of_its_own() {
    with_host("pip", "127.0.0.1", without_and_with_the_remedy);
}

#[test]
fn uv_verifies_with_the_remedy_and_not_with_an_insecure_host() {
    with("uv", |bench, subject| {
        without_and_with_the_remedy(bench, subject);
        switched_off(bench, subject, &[variable("UV_INSECURE_HOST", "127.0.0.1")]);
        switched_off(bench, subject, &[variable("UV_INSECURE_HOST", bench.authority())]);
        let text = format!("[tool.uv]\nallow-insecure-host = [\"{}\"]\n", bench.authority());
        write(bench, "project/pyproject.toml", &text);
        switched_off(bench, subject, &[]);
        bench.agree(subject, &[variable("SSL_CERT_FILE", "/nowhere.pem")], Fails);
        bench.agree(subject, &[variable("UV_SYSTEM_CERTS", "1")], Fails);
        let system = variable("UV_SYSTEM_CERTS", "1");
        bench.agree(
            subject,
            &[system, variable("SSL_CERT_FILE", &bench.bundle.authority)],
            Verifies,
        );
    });
}

#[test]
fn requests_verifies_with_the_remedy() {
    with("requests", |bench, subject| {
        without_and_with_the_remedy(bench, subject);
        bench.agree(subject, &[variable("REQUESTS_CA_BUNDLE", "/nowhere.pem")], Fails);
        let stronger = variable("REQUESTS_CA_BUNDLE", bench.other());
        bench.agree(subject, &[stronger, variable("CURL_CA_BUNDLE", &bench.bundle.full)], Fails);
    });
}

#[test]
fn httpx_verifies_with_the_remedy() {
    with("httpx", |bench, subject| {
        without_and_with_the_remedy(bench, subject);
        bench.agree(subject, &[variable("SSL_CERT_FILE", "/nowhere.pem")], Fails);
        bench.agree(subject, &[variable("SSL_CERT_DIR", "/nowhere")], Fails);
    });
}

#[test]
fn poetry_verifies_with_the_remedy_and_not_with_a_certificate_of_false() {
    with("poetry", |bench, subject| {
        without_and_with_the_remedy(bench, subject);
        let project = |name: &str| {
            format!("[[tool.poetry.source]]\nname = \"{name}\"\nurl = \"{}simple/\"\n", bench.url())
        };
        write(bench, "project/pyproject.toml", &project("corp"));
        let named = variable("POETRY_CERTIFICATES_CORP_CERT", &bench.bundle.full);
        bench.agree(subject, &[named], Verifies);
        write(bench, "project/poetry.toml", "[certificates.corp]\ncert = false\n");
        bench.agree(subject, &[], NotVerified);
    });
}

#[test]
fn pdm_verifies_with_the_remedy_and_not_with_verify_ssl_of_false() {
    with("pdm", |bench, subject| {
        without_and_with_the_remedy(bench, subject);
        let config = variable("PDM_CONFIG_FILE", bench.path("pdm.toml"));
        let named = format!("[pypi]\nca_certs = \"{}\"\n", bench.bundle.full.display());
        write(bench, "pdm.toml", &named);
        let weaker = variable("REQUESTS_CA_BUNDLE", bench.other());
        bench.agree(subject, &[config, weaker], Verifies);
        switched_off(bench, subject, &[variable("PDM_PYPI_VERIFY_SSL", "0")]);
        let text = format!(
            "[[tool.pdm.source]]\nname = \"corp\"\nurl = \"{}\"\nverify_ssl = false\n",
            bench.url()
        );
        write(bench, "project/pyproject.toml", &text);
        switched_off(bench, subject, &[]);
    });
}

#[test]
fn node_verifies_with_the_remedy_and_not_where_nothing_unauthorised_is_rejected() {
    with("node", |bench, subject| {
        without_and_with_the_remedy(bench, subject);
        switched_off(bench, subject, &[variable("NODE_TLS_REJECT_UNAUTHORIZED", "0")]);
        bench.agree(subject, &[variable("NODE_TLS_REJECT_UNAUTHORIZED", "false")], Fails);
        bench.agree(subject, &[variable("NODE_EXTRA_CA_CERTS", "/nowhere.pem")], Fails);
        let openssl = variable("NODE_OPTIONS", "--use-openssl-ca");
        bench.agree(
            subject,
            &[openssl, variable("SSL_CERT_FILE", &bench.bundle.authority)],
            Verifies,
        );
    });
}

/// What npm and pnpm share.
fn npm_and_its_like(bench: &Bench, subject: &Subject<'_>) {
    without_and_with_the_remedy(bench, subject);
    switched_off(bench, subject, &[variable("npm_config_strict_ssl", "false")]);
    // npm says with each request whether it wants to verify, which is stronger than node's variable.
    bench.agree(subject, &[variable("NODE_TLS_REJECT_UNAUTHORIZED", "0")], Fails);
    let cafile = variable("npm_config_cafile", bench.other());
    bench.agree(
        subject,
        &[cafile.clone(), variable("NODE_EXTRA_CA_CERTS", &bench.bundle.authority)],
        Fails,
    );
    let machine = subject.machine.with(&[cafile]);
    let installed = Some(subject.installed);
    let remedy = subject.tool.remedy(&machine, installed, &bench.url(), &bench.bundle);
    let with_cafile = Subject { machine: &machine, ..*subject };
    bench.agree(&with_cafile, &remedy, Verifies);
    let missing = variable("npm_config_cafile", "/nowhere.pem");
    bench.agree(
        subject,
        &[missing, variable("NODE_EXTRA_CA_CERTS", &bench.bundle.authority)],
        Verifies,
    );
    write(bench, "project/.npmrc", "# ours\nstrict-ssl=false\n");
    switched_off(bench, subject, &[]);
    let text = format!("cafile={}\n", bench.bundle.full.display());
    write(bench, "home/.npmrc", &text);
    bench.agree(subject, &[], Verifies);
}

#[test]
fn npm_verifies_with_the_remedy_and_not_without_strict_ssl() {
    with("npm", npm_and_its_like);
}

#[test]
fn pnpm_verifies_with_the_remedy_and_not_without_strict_ssl() {
    with("pnpm", npm_and_its_like);
}

#[test]
fn yarn_verifies_with_the_remedy_and_not_without_strict_ssl() {
    with("yarn", |bench, subject| {
        without_and_with_the_remedy(bench, subject);
        let classic = subject.installed.version.as_deref().is_some_and(|v| v.starts_with('1'));
        if classic {
            switched_off(bench, subject, &[variable("YARN_STRICT_SSL", "false")]);
            // A default of its own stands before npm's setting.
            bench.agree(subject, &[variable("npm_config_strict_ssl", "false")], Fails);
            let cafile = variable("npm_config_cafile", &bench.bundle.full);
            bench.agree(subject, &[cafile], Verifies);
            write(bench, "project/.npmrc", "strict-ssl=false\n");
            bench.agree(subject, &[], Fails);
            write(bench, "project/.yarnrc", "strict-ssl false\n");
            switched_off(bench, subject, &[]);
        } else {
            switched_off(bench, subject, &[variable("YARN_ENABLE_STRICT_SSL", "false")]);
            let cafile = variable("YARN_HTTPS_CA_FILE_PATH", bench.other());
            let extra = variable("NODE_EXTRA_CA_CERTS", &bench.bundle.authority);
            bench.agree(subject, &[cafile, extra], Fails);
            bench.agree(subject, &[variable("YARN_HTTPS_CA_FILE_PATH", "/nowhere.pem")], Fails);
            write(bench, "project/.yarnrc.yml", "enableStrictSsl: false\n");
            switched_off(bench, subject, &[]);
        }
    });
}

#[test]
fn git_verifies_with_the_remedy_and_not_without_ssl_verify() {
    with("git", |bench, subject| {
        without_and_with_the_remedy(bench, subject);
        for value in ["1", "0", ""] {
            switched_off(bench, subject, &[variable("GIT_SSL_NO_VERIFY", value)]);
        }
        let text = format!("[http \"{}\"]\n\tsslVerify = false\n", bench.url());
        write(bench, "home/.gitconfig", &text);
        switched_off(bench, subject, &[]);
        let text = format!("[http]\n\tsslCAInfo = {}\n", bench.bundle.full.display());
        write(bench, "home/.gitconfig", &text);
        bench.agree(subject, &[], Verifies);
        bench.agree(subject, &[variable("GIT_SSL_CAINFO", "/nowhere.pem")], Fails);
    });
}

#[test]
fn curl_verifies_with_the_remedy_and_not_with_insecure() {
    with("curl", |bench, subject| {
        without_and_with_the_remedy(bench, subject);
        for name in ["CURL_CA_BUNDLE", "SSL_CERT_FILE"] {
            bench.agree(subject, &[variable(name, "/nowhere.pem")], Fails);
        }
        for line in ["insecure", "-k", "--insecure"] {
            write(bench, "home/.curlrc", &format!("silent\n{line}\n"));
            switched_off(bench, subject, &[]);
        }
        write(bench, "home/.curlrc", &format!("cacert = {}\n", bench.other()));
        bench.agree(subject, &[variable("CURL_CA_BUNDLE", &bench.bundle.full)], Fails);
        without_and_with_the_remedy(bench, subject);
    });
}

#[test]
fn wget_verifies_with_the_remedy_and_not_without_its_check() {
    with("wget", |bench, subject| {
        without_and_with_the_remedy(bench, subject);
        write(bench, "home/.wgetrc", "# ours\ncheck_certificate = off\n");
        switched_off(bench, subject, &[]);
        write(bench, "home/.wgetrc", "ca_certificate = /nowhere.pem\n");
        bench.agree(subject, &[], Fails);
    });
}

#[test]
fn apt_verifies_with_the_remedy_and_not_without_its_peer_check() {
    with("apt", |bench, subject| {
        without_and_with_the_remedy(bench, subject);
        let conf = bench.path("apt.conf");
        let read = [variable("APT_CONFIG", &conf)];
        write(bench, "apt.conf", "Acquire::https {\n  Verify-Peer \"false\";\n};\n");
        switched_off(bench, subject, &read);
        let text =
            format!("Acquire::https::127.0.0.1::CAInfo \"{}\";\n", bench.bundle.full.display());
        write(bench, "apt.conf", &text);
        bench.agree(subject, &read, Verifies);
        write(bench, "apt.conf", "Acquire::https::CAInfo \"/nowhere.pem\";\n");
        bench.agree(subject, &read, Fails);
    });
}

#[test]
fn cargo_verifies_with_the_remedy_and_nothing_switches_its_verification_off() {
    with("cargo", |bench, subject| {
        without_and_with_the_remedy(bench, subject);
        bench.agree(subject, &[variable("CARGO_HTTP_SSL_VERIFY", "false")], Fails);
        bench.agree(subject, &[variable("CARGO_HTTP_CAINFO", "/nowhere.pem")], Fails);
        let text = "[http]\nssl-verify = false\ncainfo = \"full.pem\"\n";
        write(bench, ".cargo/config.toml", text);
        bench.agree(subject, &[], Verifies);
        bench.agree(subject, &[variable("CARGO_HTTP_CAINFO", bench.other())], Fails);
    });
}

#[test]
fn java_verifies_against_a_store_that_holds_the_authority() {
    with("java", |bench, subject| {
        bench.agree(subject, &[], Fails);
        let store = bench.path("store.p12");
        let made = std::process::Command::new("keytool")
            .args(["-importcert", "-noprompt", "-alias", "a", "-storepass", "changeit"])
            .args(["-storetype", "PKCS12", "-file"])
            .arg(&bench.bundle.authority)
            .arg("-keystore")
            .arg(&store)
            .output();
        if !made.is_ok_and(|output| output.status.success()) {
            return provender_test::left_out("java with a trust store", "keytool did not make one");
        }
        let options = format!(
            "-Djavax.net.ssl.trustStore={} -Djavax.net.ssl.trustStorePassword=changeit",
            store.display()
        );
        let settings = [variable("JAVA_TOOL_OPTIONS", options)];
        assert_eq!(bench.asked(subject, &settings).verdict, Verifies);
        let (_, trust) = bench.ruled(subject, &settings);
        assert_eq!(trust.verification, Verification::On);
        assert_eq!(trust.decided_by, "JAVA_TOOL_OPTIONS (javax.net.ssl.trustStore)");
    });
}
