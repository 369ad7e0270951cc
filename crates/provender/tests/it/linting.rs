//! `provender lint`: what is looked at, and what counts.

use std::collections::BTreeSet;

use provender_test::{Run, Sandbox};
use serde_json::Value;

use crate::project::{one_error, says};

pub(crate) fn lint(sandbox: &Sandbox, args: &str) -> Run {
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_provender"));
    sandbox.finish(command.arg("lint").args(args.split_whitespace()))
}

pub(crate) fn json(sandbox: &Sandbox, args: &str) -> Value {
    let run = lint(sandbox, &format!("{args} --format json"));
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"))
}

/// The rules of what was found, each with its file.
fn found(sandbox: &Sandbox, args: &str) -> Vec<(String, String)> {
    let document = json(sandbox, args);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = document["findings"].as_array().unwrap().iter();
    findings.map(|finding| (text(&finding["file"]), text(&finding["rule"]))).collect()
}

pub(crate) fn with(path: &str, text: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(path, text);
    sandbox
}

#[test]
fn nothing_wrong_is_yes() {
    let sandbox = with("pip.conf", "[global]\nindex-url = https://index.example/simple\n");
    let run = lint(&sandbox, "").exits(0);
    assert_eq!((&*run.stdout, &*run.stderr), ("", "nothing found in 1 file\n"));
    let run = lint(&Sandbox::new(), "").exits(0);
    assert_eq!(run.stderr, "no file was looked at\n");
}

#[test]
fn a_finding_is_no_and_shown_with_its_line() {
    let sandbox = with("pip.conf", "[global]\n# ours\ntrusted-host = index.example\n");
    let run = lint(&sandbox, "").exits(1);
    assert_eq!(
        run.stdout,
        "\
error[lint/pip-trusted-host]: TLS verification of pip is switched off for `index.example`
 --> pip.conf:3:16
  |
3 | trusted-host = index.example
  |                ^^^^^^^^^^^^^ whoever answers for this host is believed
  |
  = note: the hashes of an index page come over the same channel as the files: only `--require-hashes` with a lock made elsewhere still protects
  = help: delete it; where the host's CA is private, name that CA in `cert` or PIP_CERT, or install it in the system's store (pip 24.2 and later read it)
  = help: `provender lint --fix` would delete `trusted-host`
"
    );
    assert_eq!(run.stderr, "1 error in 1 file; --fix may fix 1 of them\n");
}

#[test]
fn what_cannot_be_read_is_no_answer() {
    let sandbox = with("pip.conf", "[global]\n");
    let run = lint(&sandbox, "nowhere").exits(2);
    one_error(&run);
    says(&run, &["error[lint/cannot-read]: there is no such file or folder", "--> nowhere"]);

    sandbox.write("latin/pip.conf", b"[global]\n# \xfc\n");
    for args in ["", "latin", "latin/pip.conf"] {
        let run = lint(&sandbox, args).exits(2);
        one_error(&run);
        says(&run, &["lint/cannot-read", "--> latin/pip.conf", "UTF-8", "1 could not be read"]);
        assert_eq!(run.stdout, "");
    }

    sandbox.write("main.py", "print()\n");
    let run = lint(&sandbox, "main.py").exits(2);
    says(&run, &["error[lint/cannot-read]: not a kind of file that has rules"]);
}

#[test]
fn a_finding_beside_what_cannot_be_read_is_no() {
    let sandbox = with(".npmrc", "strict-ssl=false\n");
    let run = lint(&sandbox, ".npmrc nowhere").exits(1);
    says(&run, &["lint/cannot-read"]);
    assert_eq!(json(&sandbox, ".npmrc nowhere")["diagnostics"][0]["rule"], "lint/cannot-read");
}

#[test]
fn settings_that_make_no_sense_are_no_answer() {
    let sandbox = with(".npmrc", "strict-ssl=false\n");
    for (settings, words) in [
        ("[lint]\nfail-on = 'high'\n", ["settings/malformed", "`high`", "lint.fail-on"]),
        (
            "[lint]\nignore = ['npm-strict']\n",
            ["lint/unknown-rule", "`lint/npm-strict-ssl`?", "lint.ignore"],
        ),
        (
            "[[lint.allow]]\nrule = 'npm-strict-ssl'\npath = '*'\nreason = ''\n",
            ["settings/malformed", "without a reason", "lint.allow"],
        ),
        (
            "[[lint.allow]]\nrule = 'npm-strict-ssl'\npath = 'a['\nreason = 'x'\n",
            ["settings/malformed", "`a[`", "lint.allow"],
        ),
        (
            "[[lint.allow]]\nrule = 'npm-strict-ssl'\npath = '*'\n",
            ["settings/malformed", "reason", "provender.toml"],
        ),
        ("[lint]\nfail_on = 'note'\n", ["settings/malformed", "fail_on", "provender.toml"]),
    ] {
        sandbox.write("provender.toml", settings);
        let run = lint(&sandbox, "").exits(2);
        one_error(&run);
        says(&run, &words);
        assert_eq!(run.stdout, "", "{settings}");
    }
}

#[test]
fn the_level_that_counts_is_named_by_the_option_else_by_the_settings() {
    // A note, and nothing more.
    let sandbox = with("Dockerfile", "FROM a.example/b:1\nUSER 1\n");
    assert_eq!(
        found(&sandbox, ""),
        [("Dockerfile".to_owned(), "lint/image-without-digest".to_owned())]
    );
    lint(&sandbox, "").exits(0);
    lint(&sandbox, "--fail-on note").exits(1);
    sandbox.write("provender.toml", "[lint]\nfail-on = 'note'\n");
    lint(&sandbox, "").exits(1);
    lint(&sandbox, "--fail-on warning").exits(0);
    sandbox.write("Dockerfile", "FROM python:3.12\nCMD [\"serve\"]\n");
    sandbox.write("provender.toml", "[lint]\nfail-on = 'error'\n");
    lint(&sandbox, "").exits(0);
    lint(&sandbox, "--fail-on warning").exits(1);
    let run = lint(&sandbox, "--quiet --fail-on warning").exits(1);
    assert!(run.stdout.contains("root-user") && !run.stdout.contains("digest"), "{run}");
    assert_eq!(run.stderr, "");
}

#[test]
fn rules_are_chosen_with_or_without_their_area() {
    let sandbox = with("pip.conf", "[global]\ntrusted-host = a\nindex-url = http://a/simple\n");
    let rules = |args: &str| -> BTreeSet<String> {
        found(&sandbox, args).into_iter().map(|(_, rule)| rule).collect()
    };
    let (host, http) = ("lint/pip-trusted-host".to_owned(), "lint/plain-http-index".to_owned());
    assert_eq!(rules(""), BTreeSet::from([host.clone(), http.clone()]));
    assert_eq!(rules("--select pip-trusted-host"), BTreeSet::from([host.clone()]));
    assert_eq!(rules("--select lint/plain-http-index"), BTreeSet::from([http.clone()]));
    assert_eq!(rules("--select plain-http-index,pip-trusted-host").len(), 2);
    assert_eq!(rules("--ignore lint/pip-trusted-host"), BTreeSet::from([http]));
    sandbox.write("provender.toml", "[lint]\nignore = ['plain-http-index']\n");
    assert_eq!(rules(""), BTreeSet::from([host]));
    assert_eq!(rules("--ignore pip-trusted-host"), BTreeSet::new());
    for option in ["--select", "--ignore"] {
        let run = lint(&sandbox, &format!("{option} pip-trusted-hosts")).exits(2);
        one_error(&run);
        says(&run, &["error[lint/unknown-rule]", "did you mean `lint/pip-trusted-host`?", option]);
        let run = lint(&sandbox, &format!("{option} xyzzy")).exits(2);
        says(&run, &["error[lint/unknown-rule]: there is no rule `xyzzy`", "provender explain"]);
    }
}

#[test]
fn findings_are_allowed_in_the_settings_with_a_reason() {
    let sandbox = with("tests/.npmrc", "strict-ssl=false\n");
    sandbox.write("web/.npmrc", "strict-ssl=false\n");
    sandbox.write(
        "provender.toml",
        "[[lint.allow]]\nrule = 'npm-strict-ssl'\npath = 'tests/**'\nreason = 'a server of the test'\n",
    );
    let document = json(&sandbox, "");
    assert_eq!((&document["accepted"], &document["files"]), (&1.into(), &2.into()));
    let run = lint(&sandbox, "").exits(1);
    assert!(run.stdout.contains("web/.npmrc") && !run.stdout.contains("tests/"), "{run}");
    says(&run, &["1 accepted with a reason"]);
    lint(&sandbox, "tests").exits(0);
}

#[test]
fn a_comment_allows_with_a_reason_and_not_without() {
    let line = "curl -k https://a.example/x";
    let allowed =
        format!("#!/bin/sh\n{line}  # provender: allow curl-insecure -- the laboratory\n");
    let sandbox = with("run.sh", &allowed);
    says(&lint(&sandbox, "").exits(0), &["nothing found in 1 file; 1 accepted with a reason"]);

    sandbox.write("run.sh", format!("#!/bin/sh\n# provender: allow lint/curl-insecure\n{line}\n"));
    let rules: Vec<_> = found(&sandbox, "").into_iter().map(|(_, rule)| rule).collect();
    assert_eq!(rules, ["lint/suppression-without-reason", "lint/curl-insecure"]);

    sandbox.write("run.sh", "#!/bin/sh\n# provender: allow curl-insecure -- gone\ntrue\n");
    assert_eq!(found(&sandbox, "")[0].1, "lint/suppression-unused");
}

#[test]
fn hidden_files_are_looked_at_and_those_of_others_are_not() {
    let sandbox = Sandbox::new();
    for folder in ["", ".config/", "node_modules/x/", "vendor/", ".venv/", "ignored/", "web/"] {
        sandbox.write(&format!("{folder}.npmrc"), "strict-ssl=false\n");
    }
    sandbox.write(".gitignore", "ignored/\n");
    let files = |args: &str| -> Vec<String> {
        found(&sandbox, args).into_iter().map(|(file, _)| file).collect()
    };
    assert_eq!(files(""), [".config/.npmrc", ".npmrc", "web/.npmrc"]);
    assert_eq!(files("web ./web/.npmrc web/"), ["web/.npmrc"], "each once");
    let whole = sandbox.path("web").display().to_string();
    assert_eq!(files(&format!("web {whole} {whole}/.npmrc")), ["web/.npmrc"], "each once");
    // What is named is looked at wherever it is.
    assert_eq!(files("ignored/.npmrc vendor"), ["ignored/.npmrc", "vendor/.npmrc"]);
}

#[test]
fn a_dockerfile_that_is_named_alone_knows_what_lies_beside_it() {
    let sandbox = with("app/Dockerfile", "FROM a.example/b:1\nCOPY . .\nUSER 1\n");
    sandbox.write("app/.env", "DB_PASSWORD=geheim\n");
    let copied =
        |args: &str| found(&sandbox, args).iter().any(|(_, rule)| rule == "lint/secrets-copied");
    assert!(copied("app/Dockerfile"));
    sandbox.write("app/.dockerignore", "*\n!src\n");
    for args in ["", "app", "app/Dockerfile"] {
        assert!(!copied(args), "{args}");
    }
    // What lies beside it is not looked at for itself.
    sandbox.write("app/pip.conf", "[global]\ntrusted-host = a\n");
    assert!(found(&sandbox, "app/Dockerfile").iter().all(|(file, _)| file == "app/Dockerfile"));
    assert_eq!(json(&sandbox, "app/Dockerfile")["files"], 1);
}
