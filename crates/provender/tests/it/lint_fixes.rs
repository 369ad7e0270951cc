//! `provender lint --fix`: what goes, what stays, and that it is written whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use provender_test::{Authority, HttpServer, InterceptingProxy, Reply, Run, Sandbox};

use crate::lint_output::secrets;
use crate::linting::lint;
use crate::project::{files_of, one_error, says};

/// A CA's certificate beside the project.
fn ca(sandbox: &Sandbox) -> String {
    let path = sandbox.home().join("corporate.pem");
    std::fs::write(&path, Authority::named("Corporate inspection").pem()).unwrap();
    path.display().to_string()
}

fn fix(sandbox: &Sandbox) -> Run {
    lint(sandbox, &format!("--fix --assume-ca {}", ca(sandbox)))
}

/// The files of a project but what its builds are given.
fn files(sandbox: &Sandbox) -> BTreeMap<PathBuf, Vec<u8>> {
    let root = sandbox.project();
    files_of(&root)
        .into_iter()
        .map(|(path, bytes)| (Path::new(&path).strip_prefix(&root).unwrap().to_owned(), bytes))
        .filter(|(path, _)| !path.starts_with("provender-ca"))
        .collect()
}

fn below(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    if !folder.is_dir() {
        return BTreeMap::new();
    }
    let files = files_of(folder).into_iter();
    files
        .map(|(p, bytes)| (Path::new(&p).strip_prefix(folder).unwrap().to_owned(), bytes))
        .collect()
}

/// The library's own cases, through the binary: the same files come out, and a second time changes nothing.
#[test]
fn every_project_of_the_library_s_tests_is_fixed_by_the_binary_too() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../provender-lint/tests/it/images");
    let mut seen = 0;
    for case in std::fs::read_dir(cases).unwrap().map(|case| case.unwrap().path()) {
        let sandbox = Sandbox::new();
        sandbox.copy_from(&case.join("before"));
        let mut wanted = files(&sandbox);
        wanted.extend(below(&case.join("after")));
        let run = fix(&sandbox);
        let mut fixed = files(&sandbox);
        let ignore = Path::new(".dockerignore");
        if !wanted.contains_key(ignore)
            && let Some(ignored) = fixed.remove(ignore)
        {
            assert_eq!(ignored, b"provender-ca\n");
        }
        for (path, bytes) in &wanted {
            let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
            assert_eq!(fixed.get(path).map(text), Some(text(bytes)), "{}\n{run}", case.display());
        }
        assert_eq!(fixed.len(), wanted.len(), "{}", case.display());

        let before = files_of(&sandbox.project());
        fix(&sandbox);
        assert_eq!(files_of(&sandbox.project()), before, "{}: a second time", case.display());
        seen += 1;
    }
    assert!(seen > 10);
}

#[test]
fn builds_are_given_the_ca_in_a_folder_that_everybody_reads() {
    let sandbox = secrets();
    let run = fix(&sandbox);
    let folder = sandbox.path("provender-ca");
    let names: Vec<_> = below(&folder).into_keys().collect();
    let wanted = ["apt.conf", "ca-bundle.pem", "corporate.pem", "wgetrc"];
    assert_eq!(names, wanted.map(PathBuf::from), "{run}");
    let corporate = sandbox.read("provender-ca/corporate.pem");
    assert_eq!(corporate.matches("BEGIN CERTIFICATE").count(), 1);
    let all = sandbox.read("provender-ca/ca-bundle.pem");
    assert!(all.matches("BEGIN CERTIFICATE").count() > 100, "the public roots are in it too");
    assert!(all.contains(corporate.lines().nth(2).unwrap()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o755);
        for name in wanted {
            assert_eq!(mode(&folder.join(name)), 0o644, "{name}");
        }
    }
    says(&run, &["note: the CA for builds is in provender-ca"]);
}

#[cfg(unix)]
#[test]
fn the_umask_does_not_keep_the_folder_from_builds() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = secrets();
    let script = format!(
        "umask 077; {} lint --fix --assume-ca {}",
        env!("CARGO_BIN_EXE_provender"),
        ca(&sandbox)
    );
    sandbox.run("sh", ["-c", &script]);
    let mode = |path: &str| std::fs::metadata(sandbox.path(path)).unwrap().permissions().mode();
    assert_eq!(mode("provender-ca") & 0o777, 0o755);
    assert_eq!(mode("provender-ca/ca-bundle.pem") & 0o777, 0o644);
}

#[test]
fn a_finished_fix_leaves_no_journal_and_tells_of_one_that_was_cut_off() {
    let sandbox = Sandbox::new();
    let journals = sandbox.data_dir().join("trust/journal/lint");
    let text = "[global]\ntrusted-host = index.example\n";
    sandbox.write("pip.conf", text);
    let run = fix(&sandbox).exits(0);
    assert!(!run.stderr.contains("cut off"), "{run}");
    assert_eq!(std::fs::read_dir(&journals).unwrap().count(), 0);
    std::fs::write(journals.join("configure-0007.json"), "{}").unwrap();
    sandbox.write("pip.conf", text);
    says(&fix(&sandbox).exits(0), &["was cut off", "configure-0007.json"]);
}

#[test]
fn an_ignore_file_that_is_no_text_is_kept_and_nothing_is_fixed() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "Dockerfile",
        "FROM a.example/python:3.12\nCOPY . /app\n\
         RUN pip install --trusted-host index.example -i https://index.example/simple x\nUSER 1000\n",
    );
    std::fs::write(sandbox.path(".dockerignore"), b"caf\xe9\n").unwrap();
    let before = files_of(&sandbox.project());
    let run = fix(&sandbox).exits(2);
    says(&run, &["lint/cannot-read"]);
    assert_eq!(files_of(&sandbox.project()), before);
}

#[test]
fn a_difference_is_what_a_fix_then_writes() {
    let sandbox = Sandbox::new();
    sandbox.write("pip.conf", "[global]\n# ours\ntrusted-host = index.example\nretries = 3\n");
    let ca = ca(&sandbox);
    let run = lint(&sandbox, &format!("--diff --assume-ca {ca}")).exits(1);
    assert_eq!(
        run.stdout,
        "--- pip.conf\n+++ pip.conf\n@@ -1,4 +1,3 @@\n [global]\n # ours\n-trusted-host = index.example\n retries = 3\n"
    );
    says(&run, &["would fix lint/pip-trusted-host in pip.conf: delete `trusted-host`"]);
    let run = lint(&sandbox, &format!("--fix --assume-ca {ca}")).exits(0);
    assert_eq!(sandbox.read("pip.conf"), "[global]\n# ours\nretries = 3\n");
    assert_eq!(
        run.stderr,
        "fixed lint/pip-trusted-host in pip.conf: delete `trusted-host`\n\
         nothing found in 1 file; 1 fixed\n"
    );
    let run = lint(&sandbox, "--fix --offline").exits(0);
    assert_eq!(run.stderr, "nothing found in 1 file; nothing was fixed\n");
}

/// Hosts behind a proxy that re-signs, which is asked of nothing but them.
struct Network {
    authority: Authority,
    proxy: InterceptingProxy,
    _index: HttpServer,
}

impl Network {
    fn start() -> Self {
        let authority = Authority::named("Corporate inspection");
        let proxy = InterceptingProxy::start(&authority);
        let index = HttpServer::start(|_| Reply::new(200, "text/html", "<html></html>"));
        proxy.route("index.example", index.address());
        Self { authority, proxy, _index: index }
    }

    fn lint(&self, sandbox: &Sandbox, args: &str) -> Run {
        let mut command = sandbox.command(env!("CARGO_BIN_EXE_provender"));
        command.arg("lint").args(args.split_whitespace()).env("HTTPS_PROXY", self.proxy.url());
        sandbox.finish(&mut command)
    }
}

#[test]
fn a_bypass_goes_where_a_handshake_verifies_and_stays_where_none_does() {
    let network = Network::start();
    let sandbox = Sandbox::new();
    let text = "[global]\nindex-url = https://index.example/simple\ntrusted-host = index.example\n";
    sandbox.write("pip.conf", text);

    // The proxy's authority is unknown.
    let run = network.lint(&sandbox, "--fix").exits(1);
    assert_eq!(sandbox.read("pip.conf"), text);
    says(
        &run,
        &[
            "left: lint/pip-trusted-host at pip.conf:3: no handshake with index.example was proved",
            "hint: `provender doctor https://HOST/`",
            "nothing was fixed",
        ],
    );

    // Offline nobody is asked.
    let asked = network.proxy.asked().len();
    let bundle = sandbox.home().join("proxy.pem");
    std::fs::write(&bundle, network.authority.pem()).unwrap();
    let known = format!("--ca-bundle {}", bundle.display());
    let run = network.lint(&sandbox, &format!("--fix --offline {known}")).exits(1);
    assert_eq!(sandbox.read("pip.conf"), text);
    says(&run, &["no handshake with index.example", "hint: --offline forbids handshakes"]);
    assert_eq!(network.proxy.asked().len(), asked);
    // Nor where nothing is to be fixed.
    network.lint(&sandbox, &known).exits(1);
    assert_eq!(network.proxy.asked().len(), asked);

    let run = network.lint(&sandbox, &format!("--fix {known}")).exits(0);
    assert_eq!(sandbox.read("pip.conf"), "[global]\nindex-url = https://index.example/simple\n");
    says(&run, &["fixed lint/pip-trusted-host"]);
    assert!(network.proxy.asked().len() > asked);
}

#[test]
fn a_build_keeps_its_bypass_without_a_ca_whatever_verifies_here() {
    let network = Network::start();
    let sandbox = Sandbox::new();
    let text = "FROM a.example/b:1\nRUN pip install --trusted-host index.example x\nUSER 1\n";
    sandbox.write("Dockerfile", text);
    let bundle = sandbox.home().join("proxy.pem");
    std::fs::write(&bundle, network.authority.pem()).unwrap();
    let run = network.lint(&sandbox, &format!("--fix --ca-bundle {}", bundle.display())).exits(1);
    assert_eq!(sandbox.read("Dockerfile"), text);
    assert!(!sandbox.has("provender-ca"));
    says(&run, &["left: lint/pip-trusted-host at Dockerfile:2: ", "--assume-ca FILE"]);
}

#[test]
fn what_a_runner_or_a_container_does_is_left_with_another_advice() {
    let sandbox = Sandbox::new();
    let workflow = ".github/workflows/ci.yml";
    sandbox.write(
        workflow,
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: curl -k https://a.example\n",
    );
    let before = sandbox.read(workflow);
    for args in ["--fix --offline".to_owned(), format!("--fix --assume-ca {}", ca(&sandbox))] {
        let run = lint(&sandbox, &args).exits(1);
        assert_eq!(sandbox.read(workflow), before);
        says(&run, &["left: lint/curl-insecure", "hint: what runs on a runner or in a container"]);
        assert!(!run.stderr.contains("--assume-ca FILE"), "{run}");
        // So it is not said that a fix would.
        assert!(!run.stdout.contains("--fix"), "{run}");
    }
    assert_eq!(lint(&sandbox, "").exits(1).stderr, "1 error in 1 file\n");
}

#[test]
fn a_fix_beside_what_was_named_touches_only_what_the_image_needs() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "Dockerfile",
        "FROM a.example/b:1\nRUN pip install --trusted-host a.example x\nUSER 1\n",
    );
    sandbox.write("compose.yaml", "services:\n  app:\n    build: .\n");
    let conf = "[global]\ntrusted-host = a.example\n";
    sandbox.write("pip.conf", conf);
    let run = lint(&sandbox, &format!("Dockerfile --fix --assume-ca {}", ca(&sandbox))).exits(0);
    assert!(sandbox.read("compose.yaml").contains("provender-ca: ./provender-ca"), "{run}");
    assert_eq!(sandbox.read("pip.conf"), conf);
    assert!(!run.stderr.contains("pip.conf"), "{run}");
}

#[cfg(unix)]
#[test]
fn where_one_file_cannot_be_written_none_is() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = secrets();
    let last = sandbox.path("run.sh");
    std::fs::set_permissions(&last, std::fs::Permissions::from_mode(0o444)).unwrap();
    let before = files_of(&sandbox.project());
    let run = fix(&sandbox).exits(2);
    one_error(&run);
    says(
        &run,
        &["error[file/cannot-write]: the file is read-only; nothing was fixed", "--> run.sh"],
    );
    assert_eq!(files_of(&sandbox.project()), before);
    assert_eq!(run.stdout, "");
}

#[test]
fn where_the_ca_cannot_be_kept_out_of_the_image_nothing_is_fixed() {
    let sandbox = Sandbox::new();
    let text = "FROM a.example/b:1\nCOPY . .\nRUN pip install --trusted-host a.example x\n";
    sandbox.write("Dockerfile", text);
    // The folder with the CA would have to be kept out of the image.
    std::fs::create_dir(sandbox.path(".dockerignore")).unwrap();
    let run = fix(&sandbox).exits(2);
    one_error(&run);
    says(&run, &["error[lint/cannot-read]", "--> .dockerignore", "nothing was fixed"]);
    assert_eq!(sandbox.read("Dockerfile"), text);
    assert!(!sandbox.has("provender-ca"));
}

#[test]
fn a_bundle_that_is_none_is_no_answer() {
    let sandbox = secrets();
    let before = files_of(&sandbox.project());
    sandbox.write("../home/no.pem", "no certificate\n");
    for (bundle, words) in
        [("../home/none.pem", "cannot read"), ("../home/no.pem", "holds no certificate")]
    {
        let run = lint(&sandbox, &format!("--fix --assume-ca {bundle}")).exits(2);
        one_error(&run);
        says(&run, &["error[net/ca-bundle]", words]);
        assert_eq!(files_of(&sandbox.project()), before);
    }
}

#[test]
fn the_document_of_a_fix_says_what_was_made_and_what_was_left() {
    let sandbox = secrets();
    let run = lint(&sandbox, &format!("--fix --assume-ca {} --format json", ca(&sandbox)));
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let fixes = &document["fixes"];
    assert_eq!(fixes["written"], true);
    let made = fixes["made"].as_array().unwrap();
    let of = |file: &str| made.iter().filter(|made| made["file"] == file).count();
    assert!(of("Dockerfile") >= 2 && of("pip.conf") == 1 && of("run.sh") == 1, "{run}");
    assert_eq!(fixes["left"][0]["file"], "compose.yaml");
    assert!(!fixes["notes"].as_array().unwrap().is_empty());
    assert_eq!(run.stderr, "");
    let left = document["findings"].as_array().unwrap();
    assert!(left.iter().all(|finding| finding["rule"] != "lint/pip-trusted-host"), "{run}");
}

#[cfg(unix)]
#[test]
fn what_a_terminal_obeys_is_not_passed_on_to_it() {
    let sandbox = Sandbox::new();
    let text = "#!/bin/sh\n# \u{1b}[2J\u{9b}31m\ncurl -k https://a.example/x\n";
    sandbox.write("a\u{1b}]0;b.sh", text);
    let ca = ca(&sandbox);
    for args in ["", "--format github", "--diff --offline", "--fix --offline"] {
        let run = lint(&sandbox, args).exits(1);
        assert!(!format!("{}{}", run.stdout, run.stderr).contains(['\u{1b}', '\u{9b}']), "{run:?}");
    }
    let run = lint(&sandbox, &format!("--diff --assume-ca {ca}")).exits(1);
    assert!(run.stdout.contains("+curl https://a.example/x\n"), "{run}");
    assert!(!format!("{}{}", run.stdout, run.stderr).contains(['\u{1b}', '\u{9b}']), "{run:?}");
}
