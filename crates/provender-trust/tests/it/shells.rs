//! What the shells themselves make of the variables.

use std::process::Command;

use provender_trust::environment::{Shell, Variables, WantedVariables, render, undo};
use url::Url;

use crate::desk::installed;

const CA: &str = "/srv/it's \"odd\" $HOME `x` %PATH% \\ !1 \u{2019}/ca.pem";

fn variables() -> Variables {
    Variables::new(&WantedVariables {
        index: Some(Url::parse("https://index.example/simple/?a=%20b&c").unwrap()),
        ca: Some(CA.into()),
        ..WantedVariables::default()
    })
    .unwrap()
}

/// What a shell prints for a script.
fn printed(program: &str, arguments: &[&str], script: &str) -> Option<String> {
    let output = Command::new(installed(program)?).args(arguments).arg(script).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn posix_shells_read_every_value_back_and_undo_it() {
    for program in ["sh", "bash", "dash", "zsh"] {
        let set = render(&variables(), Shell::Sh).unwrap();
        let undo = undo(&variables(), Shell::Sh);
        let script = format!(
            "{set}printf '%s|%s|' \"$NODE_EXTRA_CA_CERTS\" \"$PIP_INDEX_URL\"\n{undo}printf %s \"${{PIP_INDEX_URL-gone}}\""
        );
        if let Some(printed) = printed(program, &["-c"], &script) {
            assert_eq!(
                printed,
                format!("{CA}|https://index.example/simple/?a=%20b&c|gone"),
                "{program}"
            );
        }
    }
}

#[test]
fn fish_reads_every_value_back_and_undoes_it() {
    let set = render(&variables(), Shell::Fish).unwrap();
    let undo = undo(&variables(), Shell::Fish);
    let script = format!(
        "{set}printf '%s|' $NODE_EXTRA_CA_CERTS\n{undo}set -q PIP_INDEX_URL; or printf gone"
    );
    if let Some(printed) = printed("fish", &["-c"], &script) {
        assert_eq!(printed, format!("{CA}|gone"));
    }
}

#[test]
fn powershell_reads_every_value_back_and_undoes_it() {
    let set = render(&variables(), Shell::PowerShell).unwrap();
    let undo = undo(&variables(), Shell::PowerShell);
    let script = format!(
        "{set}[Console]::Write($env:NODE_EXTRA_CA_CERTS + '|')\n{undo}[Console]::Write([string]::IsNullOrEmpty($env:PIP_INDEX_URL))"
    );
    if let Some(printed) = printed("pwsh", &["-NoProfile", "-Command"], &script) {
        assert_eq!(printed, format!("{CA}|True"));
    }
}

#[test]
fn a_dockerfile_step_is_one_that_a_shell_can_run() {
    let variables = Variables::new(&WantedVariables {
        index: Some(Url::parse("https://index.example/simple/").unwrap()),
        ca: Some("/srv/ca.pem".into()),
        full_bundle: Some("/srv/full.pem".into()),
        ..WantedVariables::default()
    })
    .unwrap();
    let step = render(&variables, Shell::Docker).unwrap();
    let command: Vec<_> = step
        .lines()
        .filter(|line| !line.starts_with('#') && !line.contains("--mount"))
        .map(|line| line.replace("pip install -r requirements.txt", "printf %s \"$SSL_CERT_FILE\""))
        .collect();
    if let Some(printed) = printed("sh", &["-c"], &command.join("\n")) {
        assert_eq!(printed, "/run/provender-ca/full.pem");
    }
}
