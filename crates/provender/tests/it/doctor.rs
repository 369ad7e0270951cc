//! `provender doctor` against servers and proxies whose authorities nobody knows.

use std::path::{Path, PathBuf};
use std::process::Command;

use provender_test::{
    Authority, FakeIndex, HttpServer, InterceptingProxy, Leaf, Reply, Run, Sandbox, Scenario,
    left_out, python,
};
use serde_json::Value;

use crate::project::{APP, Project, SETTINGS, one_error, says};

/// A server of a private authority, and a machine that does not know it.
struct Bench {
    sandbox: Sandbox,
    authority: Authority,
    server: HttpServer,
}

impl Bench {
    fn new() -> Self {
        Self::presenting("Example Corp Root")
    }

    /// A server that presents the authority's own certificate too.
    fn presenting(name: &str) -> Self {
        let sandbox = Sandbox::new();
        sandbox.write("provender.toml", SETTINGS);
        let authority = Authority::named(name);
        let server = server(&authority);
        sandbox.write("corp.pem", authority.pem());
        Self { sandbox, authority, server }
    }

    fn url(&self) -> String {
        format!("{}/", self.server.base())
    }

    fn command(&self, args: &str) -> Command {
        let mut command = self.sandbox.command(env!("CARGO_BIN_EXE_provender"));
        command.args(args.split_whitespace());
        command
    }

    fn run(&self, args: &str) -> Run {
        self.sandbox.finish(&mut self.command(args))
    }

    fn file(&self, path: impl AsRef<Path>) -> Option<String> {
        std::fs::read_to_string(self.sandbox.home().join(path)).ok()
    }
}

fn server(authority: &Authority) -> HttpServer {
    let identity = authority.identity(&Leaf::loopback()).with_root();
    HttpServer::start_identity(&identity, |_| Reply::new(200, "text/plain", "fine"))
}

fn document(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"))
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

fn without_white_space(text: &str) -> String {
    text.split_whitespace().collect()
}

#[test]
fn a_host_of_a_named_authority_is_good() {
    let bench = Bench::new();
    let url = bench.url();
    let run = bench.run(&format!("doctor {url} --no-tools --ca-bundle corp.pem")).exits(0);
    assert!(run.stdout.contains("yes: the host verifies"), "{run}");
    assert!(run.stdout.contains("CN=Example Corp Root"), "{run}");
}

#[test]
fn a_host_of_an_unknown_authority_is_told_with_its_rule_and_its_remedy() {
    let bench = Bench::new();
    let url = bench.url();
    let run = bench.run(&format!("doctor {url} --no-tools --format json")).exits(1);
    let report = document(&run);
    assert_eq!(report["schema"], "provender.doctor/1");
    assert_eq!(report["tools"], serde_json::json!([]));
    let host = &report["hosts"][0];
    let fields = [
        "authority",
        "diagnosis",
        "evidence",
        "findings",
        "issuer",
        "purpose",
        "remedy",
        "remedy_proved",
        "route",
        "trusted_by",
        "url",
    ];
    assert_eq!(keys(host), fields);
    assert_eq!(host["url"], url);
    assert_eq!(host["diagnosis"], "untrusted-issuer");
    assert_eq!(host["issuer"], "CN=Example Corp Root");
    assert_eq!(host["trusted_by"], serde_json::json!([]));
    assert!(host["remedy"].as_str().unwrap().contains("--save-ca"), "{run}");
    let rules: Vec<_> = host["findings"].as_array().unwrap().iter().map(|f| &f["rule"]).collect();
    assert_eq!(rules, ["doctor/untrusted-issuer"]);
    assert_eq!(bench.server.requests().len(), 0, "nothing is sent to whom nobody trusts");
}

#[test]
fn the_findings_are_a_sarif_log_too() {
    let bench = Bench::new();
    let url = bench.url();
    let run = bench.run(&format!("doctor {url} --no-tools --format sarif")).exits(1);
    let log = document(&run);
    assert_eq!(log["version"], "2.1.0");
    let rule = &log["runs"][0]["tool"]["driver"]["rules"][0];
    assert_eq!(rule["id"], "doctor/untrusted-issuer");
    assert!(rule["help"]["text"].as_str().unwrap().contains("--save-ca"), "{run}");
    assert_eq!(log["runs"][0]["results"][0]["level"], "error");
    let run = bench.run("lock --format sarif").exits(2);
    says(&run, &["error[cli/format]"]);
}

#[test]
fn an_intercepting_proxy_is_found_by_its_authority() {
    let bench = Bench::new();
    let proxy = InterceptingProxy::start(&bench.authority);
    let plain = HttpServer::start(|_| Reply::new(200, "text/plain", "fine"));
    proxy.route("index.example", plain.address());
    let run = |args: &str| {
        let args = format!("doctor index.example --no-tools --format json {args}");
        bench.sandbox.finish(bench.command(&args).env("HTTPS_PROXY", proxy.url()))
    };
    let report = document(&run("").exits(1));
    assert_eq!(report["hosts"][0]["diagnosis"], "untrusted-issuer");
    assert_eq!(report["hosts"][0]["url"], "https://index.example/");
    assert!(report["hosts"][0]["route"].as_str().unwrap().contains("HTTPS_PROXY"), "{report}");
    let report = document(&run("--ca-bundle corp.pem").exits(0));
    let diagnosis = report["hosts"][0]["diagnosis"].as_str().unwrap().to_owned();
    assert!(["intercepted-trusted", "private-trusted"].contains(&diagnosis.as_str()), "{report}");
}

#[test]
fn without_a_look_there_is_no_answer() {
    let bench = Bench::new();
    let url = bench.url();
    let run = bench.run(&format!("doctor {url} --offline")).exits(2);
    says(&run, &["error[doctor/offline]"]);
    let run = bench.run("doctor ftp://index.example/").exits(2);
    says(&run, &["error[doctor/bad-url]"]);
    let run = bench.run(&format!("doctor {url} --ca-bundle missing.pem")).exits(2);
    says(&run, &["error[net/ca-bundle]"]);
    let run = bench.run(&format!("doctor {url} --python no-such-python")).exits(2);
    says(&run, &["error[doctor/python]"]);
    assert_eq!(bench.server.requests().len(), 0);
}

#[test]
fn without_a_url_the_hosts_of_the_project_are_looked_at() {
    let project = Project::new(APP, "app\n", []);
    let elsewhere = Project::new(APP, "", []);
    let further = elsewhere.index.url();
    project.settings(&format!("[index]\nextra = [\"{further}\"]\n"));
    let run = project.run("doctor --no-tools --format json").exits(0);
    let hosts = document(&run)["hosts"].as_array().unwrap().clone();
    let seen: Vec<_> = hosts
        .iter()
        .map(|host| (host["purpose"].as_str().unwrap(), host["url"].as_str().unwrap().to_owned()))
        .collect();
    let advisories = "[ADVISORIES]/PyPI/all.zip".to_owned();
    assert_eq!(seen[0], ("index", "[INDEX]/simple/app/".to_owned()), "{run}");
    assert_eq!(seen[1], ("further index", further), "{run}");
    assert_eq!(seen[2], ("advisory source osv", advisories), "{run}");
    assert_eq!(seen.len(), 3, "{run}");
}

#[test]
fn an_index_over_tls_leads_to_the_host_of_its_files() {
    let bench = Bench::new();
    let index = FakeIndex::start_tls(&bench.authority);
    Scenario::parse(APP).releases().iter().for_each(|release| index.add(release));
    bench.sandbox.write("requirements.txt", "app\n");
    let run = |args: &str| {
        bench.sandbox.finish(
            bench
                .command(&format!("doctor --no-tools --format json {args}"))
                .env("PROVENDER_INDEX", index.url())
                .env("PROVENDER_OSV_URL", bench.server.base()),
        )
    };
    let report = document(&run("").exits(1));
    assert_eq!(report["hosts"][0]["diagnosis"], "untrusted-issuer");
    assert_eq!(index.http().requests().len(), 0);
    let report = document(&run("--ca-bundle corp.pem").exits(0));
    assert!(report["hosts"][0]["url"].as_str().unwrap().ends_with("/simple/app/"), "{report}");
    assert!(index.http().count("/simple/app/") > 0);
}

#[test]
fn the_authority_is_saved_and_not_trusted_by_that() {
    let bench = Bench::new();
    let url = bench.url();
    let save = format!("doctor {url} --save-ca saved.pem");
    let run = bench.run(&save).exits(0);
    assert!(run.stdout.contains("saved CN=Example Corp Root to saved.pem"), "{run}");
    assert!(run.stdout.contains("Compare the fingerprint"), "{run}");
    let saved = bench.sandbox.read("saved.pem");
    assert_eq!(without_white_space(&saved), without_white_space(&bench.authority.pem()));
    bench.run(&format!("doctor {url} --no-tools")).exits(1);
    bench.run(&format!("doctor {url} --no-tools --ca-bundle saved.pem")).exits(0);

    bench.run(&save).exits(0);
    bench.sandbox.write("saved.pem", "mine");
    let run = bench.run(&save).exits(2);
    says(&run, &["error[doctor/file-exists]"]);
    assert_eq!(bench.sandbox.read("saved.pem"), "mine");
    let run = bench.run(&format!("{save} --force --format json")).exits(0);
    let told = document(&run);
    assert_eq!(told["schema"], "provender.doctor-ca/1");
    assert_eq!(told["name"], "CN=Example Corp Root");
    assert_eq!(told["fingerprint"].as_str().unwrap().len(), 32 * 3 - 1);
    assert_eq!(bench.sandbox.read("saved.pem"), saved);
}

#[test]
fn of_several_authorities_one_has_to_be_chosen() {
    let bench = Bench::new();
    let other = server(&Authority::named("Example Other Root"));
    let urls = format!("{} {}", bench.url(), other.base());
    let run = bench.run(&format!("doctor {urls} --save-ca saved.pem")).exits(2);
    one_error(&run);
    says(&run, &["error[doctor/several-authorities]"]);
    assert!(!bench.sandbox.has("saved.pem"));
}

/// A folder with a pip of a fresh environment and nothing else.
fn only_pip(sandbox: &Sandbox) -> Option<PathBuf> {
    let environment = sandbox.home().join("venv");
    let mut python = python(&sandbox.home())?;
    let made = python.args(["-m", "venv"]).arg(&environment).output().ok()?;
    made.status.success().then(|| environment.join("bin"))
}

#[test]
fn a_fix_makes_pip_verify_and_is_taken_back_byte_for_byte() {
    const TEST: &str = "a_fix_makes_pip_verify_and_is_taken_back_byte_for_byte";
    const FILE: &str = ".config/pip/pip.conf";
    let bench = Bench::new();
    let Some(path) = only_pip(&bench.sandbox) else { return left_out(TEST, "no Python with venv") };
    let index = FakeIndex::start_tls(&bench.authority);
    Scenario::parse(APP).releases().iter().for_each(|release| index.add(release));
    let host = index.http().address();
    let before = format!("# ours\r\n[global]\r\ntimeout = 20\r\ntrusted-host = {host}\r\n");
    let file = bench.sandbox.home().join(FILE);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, &before).unwrap();
    let run = |args: &str| {
        let args = format!("doctor {} --ca-bundle corp.pem {args}", index.url());
        bench.sandbox.finish(bench.command(&args).env("PATH", &path))
    };
    let pip = |run: &Run| {
        let report = document(run);
        let rows = report["tools"].as_array().unwrap().clone();
        rows.into_iter().find(|row| row["tool"] == "pip").unwrap()
    };

    let row = pip(&run("--tools --format json").exits(1));
    assert_eq!(
        (&row["verdict"], &row["known"]),
        (&"not-verified".into(), &"by-rules".into()),
        "{row}"
    );
    run("").exits(0);
    let refused = run("--fix").exits(2);
    says(&refused, &["error[configure/not-confirmed]"]);
    assert_eq!(bench.file(FILE).as_deref(), Some(before.as_str()));

    let fixed = run("--fix --yes").exits(0);
    assert!(fixed.stdout.contains("-trusted-host"), "{fixed}");
    assert!(fixed.stdout.contains(" verifies ") && fixed.stdout.contains(" now"), "{fixed}");
    let after = bench.file(FILE).unwrap();
    assert!(after.starts_with("# ours\r\n") && !after.contains("trusted-host"), "{after}");
    let row = pip(&run("--tools --format json").exits(0));
    assert_eq!((&row["verdict"], &row["known"]), (&"verifies".into(), &"asked".into()), "{row}");
    let again = run("--fix --yes").exits(0);
    assert!(again.stderr.contains("nothing that can be fixed"), "{again}");

    let back = bench.run("doctor --rollback").exits(0);
    assert!(back.stdout.contains("restored"), "{back}");
    assert_eq!(bench.file(FILE).as_deref(), Some(before.as_str()));
    let nothing = bench.run("doctor --rollback").exits(2);
    says(&nothing, &["error[configure/nothing-to-take-back]"]);
}

#[test]
fn a_change_that_does_not_help_is_taken_back() {
    const TEST: &str = "a_change_that_does_not_help_is_taken_back";
    let bench = Bench::new();
    let Some(path) = only_pip(&bench.sandbox) else { return left_out(TEST, "no Python with venv") };
    let index = FakeIndex::start_tls(&bench.authority);
    let other = bench.sandbox.write("other.pem", Authority::named("Example Other Root").pem());
    let args = format!("doctor {} --ca-bundle corp.pem --fix --yes", index.url());
    // The variable wins over the file, whatever is written there.
    let mut command = bench.command(&args);
    let run = bench.sandbox.finish(command.env("PATH", &path).env("PIP_CERT", other)).exits(1);
    says(&run, &["PIP_CERT is set in the environment", "what did not help was taken back"]);
    assert!(run.stdout.contains("+cert = "), "{run}");
    assert_eq!(bench.file(".config/pip/pip.conf"), None);
}

#[test]
fn no_tool_is_fixed_for_an_authority_that_nobody_named() {
    const TEST: &str = "no_tool_is_fixed_for_an_authority_that_nobody_named";
    let bench = Bench::new();
    let Some(path) = only_pip(&bench.sandbox) else { return left_out(TEST, "no Python with venv") };
    let args = format!("doctor {} --fix --yes", bench.url());
    let run = bench.sandbox.finish(bench.command(&args).env("PATH", &path)).exits(2);
    says(&run, &["error[doctor/fix-needs-authority]"]);
    assert!(run.stderr.contains("--save-ca"), "{run}");
    assert_eq!(bench.file(".config/pip/pip.conf"), None);
}

/// Installs `lib` of the index into a fresh environment; gives the folder of what is installed.
fn with_lib(bench: &Bench, index: &FakeIndex) -> Option<PathBuf> {
    let mut pip = provender_test::pip(&bench.sandbox.home())?;
    let folder = bench.sandbox.path("site");
    let done = pip
        .args(["install", "lib==1.0.0", "--no-deps", "--no-compile", "--index-url", &index.url()])
        .args(["--cert".as_ref(), bench.sandbox.path("corp.pem").as_os_str()])
        .args(["--target".as_ref(), folder.as_os_str()])
        .output()
        .ok()?;
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Some(folder)
}

#[test]
fn what_was_exchanged_on_the_way_is_found() {
    const TEST: &str = "what_was_exchanged_on_the_way_is_found";
    let bench = Bench::new();
    let index = FakeIndex::start_tls(&bench.authority);
    Scenario::parse(APP).releases().iter().for_each(|release| index.add(release));
    let Some(site) = with_lib(&bench, &index) else { return left_out(TEST, "no pip") };
    let args = format!("doctor {} --ca-bundle corp.pem --exposure site --format json", index.url());
    let report = document(&bench.run(&args).exits(0));
    assert_eq!(report["exposure"][0]["outcome"], "passed", "{report}");

    std::fs::write(site.join("evil.pth"), "import evil").unwrap();
    let record = site.join("lib-1.0.0.dist-info/RECORD");
    let text = std::fs::read_to_string(&record).unwrap();
    std::fs::write(&record, format!("{text}evil.pth,,\n")).unwrap();
    let report = document(&bench.run(&args).exits(1));
    let found = &report["exposure"][0]["diagnostics"][0];
    assert_eq!(found["rule"], "doctor/exposed", "{report}");
    assert!(found.to_string().contains("evil.pth is not from the wheel"), "{report}");

    std::fs::write(&record, text).unwrap();
    index.remove("lib", "1.0.0");
    let report = document(&bench.run(&args).exits(2));
    assert!(report.to_string().contains("doctor/exposure-unknown"), "{report}");
    let run = bench.run(&format!("doctor {} --ca-bundle corp.pem --exposure nowhere", index.url()));
    says(&run.exits(2), &["error[doctor/no-environment]"]);
    let run = bench.run("doctor http://0.0.0.0:1/simple/ --exposure site");
    says(&run.exits(2), &["error[doctor/exposure-channel]"]);
}
