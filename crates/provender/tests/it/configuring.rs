//! `provender configure` and `provender env`: files and variables that point tools at an index and a CA.

use std::process::Command;

use provender_test::{Authority, Run, Sandbox, left_out};
use serde_json::Value;

use crate::beside::{Beside, address_in};
use crate::project::{files_of, says};

const INDEX: &str = "https://index.example/simple/";

struct Desk {
    sandbox: Sandbox,
}

impl Desk {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        sandbox.write("corp.pem", Authority::named("Example Corp Root").pem());
        Self { sandbox }
    }

    fn command(&self, args: &str) -> Command {
        let mut command = self.sandbox.command(env!("CARGO_BIN_EXE_provender"));
        command.args(args.split_whitespace());
        command
    }

    fn run(&self, args: &str) -> Run {
        self.sandbox.finish(&mut self.command(args))
    }

    fn home(&self, path: &str) -> String {
        let path = self.sandbox.home().join(path);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}

#[test]
fn a_second_run_has_nothing_to_do() {
    for (tool, file) in
        [("pip", ".config/pip/pip.conf"), ("uv", ".config/uv/uv.toml"), ("git", ".gitconfig")]
    {
        let desk = Desk::new();
        let args = format!("configure {tool} --index {INDEX} --ca corp.pem --yes");
        let run = desk.run(&args);
        if run.stderr.contains("error[configure/version-needed]") {
            left_out("a_second_run_has_nothing_to_do", &format!("no {tool}"));
            continue;
        }
        let run = run.exits(0);
        assert!(run.stdout.contains("+++ [TMP]/home/"), "{run}");
        assert!(run.stdout.contains("--rollback"), "{run}");
        let written = desk.home(file);
        let again = desk.run(&args).exits(0);
        assert!(again.stdout.starts_with("nothing to do"), "{again}");
        assert_eq!(desk.home(file), written);
        desk.run(&format!("configure {tool} --rollback")).exits(0);
        assert!(!desk.sandbox.home().join(file).exists(), "{tool}");
        let run = desk.run(&format!("configure {tool} --rollback")).exits(2);
        says(&run, &["error[configure/nothing-to-take-back]"]);
    }
}

#[test]
fn nothing_is_written_before_somebody_agrees() {
    let desk = Desk::new();
    let before = files_of(&desk.sandbox.home());
    let args = format!("configure pip --index {INDEX} --ca corp.pem");
    let run = desk.run(&args).exits(2);
    says(&run, &["error[configure/not-confirmed]"]);
    assert!(run.stdout.contains("index-url = https://index.example/simple/"), "{run}");
    let run = desk.run(&format!("{args} --dry-run --format json")).exits(0);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["schema"], "provender.configure/1");
    assert_eq!((&document["tool"], &document["written"]), (&"pip".into(), &false.into()));
    assert_eq!(files_of(&desk.sandbox.home()), before);
    assert!(files_of(&desk.sandbox.data_dir()).is_empty());
}

#[test]
fn a_copy_of_the_authority_is_shown_and_nothing_is_kept_before_somebody_agrees() {
    let desk = Desk::new();
    let args = "configure docker --registry https://registry.example:5000 --ca corp.pem";
    let copy = ".config/docker/certs.d/registry.example:5000/ca.crt";
    for (args, code) in [(format!("{args} --dry-run"), 0), (args.to_owned(), 2)] {
        let run = desk.run(&args).exits(code);
        assert!(run.stdout.contains("+-----BEGIN CERTIFICATE-----"), "{run}");
        assert!(files_of(&desk.sandbox.data_dir()).is_empty(), "{args}");
        assert!(!desk.sandbox.home().join(copy).exists(), "{args}");
    }
    desk.run(&format!("{args} --yes")).exits(0);
    assert!(desk.home(copy).contains("-----BEGIN CERTIFICATE-----"));
    assert!(desk.sandbox.data_dir().join("trust/corporate.pem").is_file());
}

#[test]
fn settings_of_the_system_name_no_file_of_a_home() {
    let desk = Desk::new();
    let args = format!("configure pip --index {INDEX} --ca corp.pem --scope system --dry-run");
    let run = desk.run(&args).exits(0);
    assert!(run.stdout.contains("/etc/provender/trust/ca-bundle.pem"), "{run}");
    assert!(files_of(&desk.sandbox.data_dir()).is_empty());
}

#[test]
fn credentials_and_servers_without_tls_are_refused() {
    let desk = Desk::new();
    let run =
        desk.run("configure pip --index https://ann:s3cret@index.example/simple/ --yes").exits(2);
    says(&run, &["error[configure/credentials]"]);
    assert!(!run.to_string().contains("s3cret"), "{run}");
    let run = desk.run("configure pip --index http://index.example/simple/ --yes").exits(2);
    says(&run, &["error[configure/plain-http]"]);
    let run = desk.run("configure git --yes").exits(2);
    says(&run, &["error[configure/nothing-to-do]"]);
    let run = desk.run("configure pip --ca missing.pem --yes").exits(2);
    says(&run, &["error[net/ca-bundle]"]);
}

#[test]
fn the_server_that_runs_is_the_index() {
    let desk = Desk::new();
    let server = Beside::start(&mut desk.command("serve --listen 127.0.0.1:0 --offline"));
    let address = address_in(&server.stderr.with("serving "));
    let run = desk.run("env --shell sh").exits(0);
    assert!(run.stdout.contains(&format!("PIP_INDEX_URL='http://{address}/simple/'")), "{run}");
    let run = desk.run("configure pip --dry-run").exits(0);
    assert!(run.stdout.contains(&format!("http://{address}/simple/")), "{run}");
}

#[test]
fn variables_are_evaluated_and_taken_back_by_sh() {
    let desk = Desk::new();
    let provender = env!("CARGO_BIN_EXE_provender");
    let args = format!("--shell sh --index {INDEX} --ca corp.pem");
    let script = format!(
        "eval \"$('{provender}' env {args})\" && echo \"$PIP_INDEX_URL\" && grep -c BEGIN \"$SSL_CERT_FILE\" \
         && grep -c BEGIN \"$NODE_EXTRA_CA_CERTS\" && eval \"$('{provender}' env {args} --undo)\" \
         && echo \"${{PIP_INDEX_URL-gone}} ${{SSL_CERT_FILE-gone}}\""
    );
    let run = desk.sandbox.run("sh", ["-c", &script]).exits(0);
    let lines: Vec<_> = run.stdout.lines().collect();
    assert_eq!(lines[0], INDEX, "{run}");
    assert!(lines[1].parse::<u32>().unwrap() > 100, "the full bundle has the public roots\n{run}");
    assert_eq!(&lines[2..], ["1", "gone gone"], "{run}");
}

#[test]
fn stdout_has_only_what_can_be_evaluated() {
    let desk = Desk::new();
    desk.sandbox.write("provender.toml", "[network]\nca-bundles = [\"corp.pem\"]\n");
    let run = desk
        .sandbox
        .finish(desk.command("env --shell sh").env("PIP_TRUSTED_HOST", "index.example"))
        .exits(0);
    assert!(run.stdout.lines().all(|line| line.starts_with("export ")), "{run}");
    says(&run, &["warning[env/contradicted]"]);
    assert!(run.stderr.contains("unset PIP_TRUSTED_HOST"), "{run}");
    let run = desk.run("env --shell fish --format json").exits(0);
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (&document["schema"], &document["shell"]),
        (&"provender.env/1".into(), &"fish".into())
    );
    assert!(document["text"].as_str().unwrap().contains("set -gx SSL_CERT_FILE"), "{run}");
}

#[test]
fn without_index_and_ca_there_is_nothing_to_set() {
    let run = Desk::new().run("env").exits(2);
    says(&run, &["error[env/nothing-to-set]"]);
}
