//! A tool that does not look is set up; then it verifies, really, and taken back it does not look again.

use std::path::PathBuf;

use provender_core::doctor::ToolVerdict;
use provender_trust::Setting;
use provender_trust::configure::{
    ConfigurableTool, Scope, ToolVersion, Wanted, apply, plan, rollback,
};

use crate::bench::{Bench, Subject, variable, with, write};

/// How a tool is brought to verify.
struct Case {
    tool: &'static str,
    scope: Scope,
    /// A file that switches verification off; `$H` stands for the server's host and port.
    bypass: fn(&Bench, u64) -> (&'static str, String),
    /// Variables that the tool needs besides what is written.
    besides: fn(&Bench) -> Vec<Setting>,
}

fn nothing(_: &Bench) -> Vec<Setting> {
    Vec::new()
}

fn check(case: &Case) {
    with(case.tool, |bench, subject| {
        let mut machine = subject.machine.clone();
        // The bench keeps pip from every file with it.
        machine.variables.remove("PIP_CONFIG_FILE");
        let subject =
            Subject { tool: subject.tool, machine: &machine, installed: subject.installed };
        let printed = subject.installed.version.clone().unwrap_or_default();
        let python = ["pip", "poetry", "pdm"].contains(&case.tool);
        let mut version = ToolVersion::parse(&printed);
        if let (true, Some(version)) = (python, &mut version) {
            version.python = Some((3, 10));
        }
        let major = version.map_or(0, |version| u64::from(version.major));
        let (file, text) = (case.bypass)(bench, major);
        write(bench, file, &text.replace("$H", &bench.authority()));
        let besides = (case.besides)(bench);
        bench.agree(&subject, &besides, ToolVerdict::NotVerified);

        let wanted = Wanted {
            index: Some(bench.url().join("simple/").unwrap()),
            registry: Some(bench.url()),
            ca: Some(bench.bundle.authority.clone()),
            full_bundle: Some(bench.bundle.full.clone()),
            scope: case.scope,
            version,
            hosts: Vec::new(),
        };
        let tool = ConfigurableTool::named(case.tool).unwrap();
        let made = plan(tool, &machine, &wanted).unwrap();
        let backup: PathBuf = bench.path("backup");
        let journal = apply(&made, &backup).unwrap().journal.unwrap();
        bench.agree(&subject, &besides, ToolVerdict::Verifies);
        assert!(plan(tool, &machine, &wanted).unwrap().is_empty(), "{subject}");

        rollback(&journal).unwrap();
        bench.agree(&subject, &besides, ToolVerdict::NotVerified);
    });
}

#[test]
fn pip_verifies() {
    check(&Case {
        tool: "pip",
        scope: Scope::User,
        bypass: |_, _| ("home/.config/pip/pip.conf", "[global]\ntrusted-host = $H\n".to_owned()),
        besides: nothing,
    });
}

#[test]
fn uv_verifies_with_the_bundle_in_the_place_of_the_systems_store() {
    check(&Case {
        tool: "uv",
        scope: Scope::User,
        bypass: |_, _| {
            ("home/.config/uv/uv.toml", "allow-insecure-host = [\"$H\"] # sorry\n".to_owned())
        },
        besides: |bench| vec![variable("SSL_CERT_FILE", &bench.bundle.full)],
    });
}

#[test]
fn poetry_verifies() {
    check(&Case {
        tool: "poetry",
        scope: Scope::Project,
        bypass: |bench, _| {
            let source = "[tool.poetry]\nname = \"a\"\nversion = \"1\"\ndescription = \"\"\nauthors = []\n\n\
                          [[tool.poetry.source]]\nname = \"ours\"\nurl = \"https://$H/simple/\"\n";
            let source = source.replace("$H", &bench.authority());
            write(bench, "project/pyproject.toml", &source);
            ("project/poetry.toml", "[certificates.ours]\ncert = false\n".to_owned())
        },
        besides: nothing,
    });
}

#[test]
fn pdm_verifies() {
    check(&Case {
        tool: "pdm",
        scope: Scope::User,
        bypass: |_, _| {
            let text = "[pypi]\nurl = \"https://$H/simple/\"\nverify_ssl = false\n";
            ("home/.config/pdm/config.toml", text.to_owned())
        },
        besides: nothing,
    });
}

#[test]
fn npm_verifies() {
    check(&Case {
        tool: "npm",
        scope: Scope::User,
        bypass: |_, _| ("home/.npmrc", "strict-ssl=false\n".to_owned()),
        besides: nothing,
    });
}

#[test]
fn pnpm_verifies_with_the_variable_that_it_is_told_to_set() {
    check(&Case {
        tool: "pnpm",
        scope: Scope::User,
        bypass: |_, _| ("home/.npmrc", "strict-ssl=false\n".to_owned()),
        besides: |bench| vec![variable("NODE_EXTRA_CA_CERTS", &bench.bundle.authority)],
    });
}

#[test]
fn yarn_verifies() {
    check(&Case {
        tool: "yarn",
        scope: Scope::User,
        bypass: |_, major| match major {
            0 | 1 => ("home/.yarnrc", "strict-ssl false\n".to_owned()),
            _ => ("home/.yarnrc.yml", "enableStrictSsl: false\n".to_owned()),
        },
        besides: nothing,
    });
}

#[test]
fn git_verifies() {
    check(&Case {
        tool: "git",
        scope: Scope::User,
        bypass: |_, _| ("home/.gitconfig", "[http \"https://$H\"] sslVerify = false\n".to_owned()),
        besides: nothing,
    });
}
