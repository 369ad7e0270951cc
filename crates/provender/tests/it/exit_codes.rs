//! The table of exit codes: 0 the answer is yes, 1 the answer is no, 2 there is no answer.

use provender_test::{Fault, OsvRecord, docker_archive, osv};

use crate::project::{APP, PRESENT, Project, one_error, says};

const LONG_AGO: &str = "2020-01-01T00:00:00Z";

struct Case {
    situation: &'static str,
    requirements: &'static str,
    records: fn() -> Vec<OsvRecord>,
    prepare: fn(&Project),
    args: &'static str,
    code: i32,
    written: bool,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            situation: "",
            requirements: "app\n",
            records: fixed,
            prepare: |_| {},
            args: "",
            code: 0,
            written: false,
        }
    }
}

fn fixed() -> Vec<OsvRecord> {
    vec![osv("X-1", "lib").introduced("0").fixed("1.0.1")]
}

fn unfixed() -> Vec<OsvRecord> {
    vec![osv("X-1", "lib").introduced("0")]
}

/// Has data that is too old, and a source that no longer answers.
fn make_stale(project: &Project) {
    project.run("advisories update").exits(0);
    project.fetched_at(LONG_AGO);
    project.advisories.http().fail("/", Fault::Status(503));
}

#[test]
fn lock_exits_as_the_table_says_and_writes_only_when_there_is_a_lock() {
    let cases = [
        Case { situation: "no finding is left", code: 0, written: true, ..Case::default() },
        Case {
            situation: "a finding is left",
            records: unfixed,
            code: 1,
            written: true,
            ..Case::default()
        },
        Case {
            situation: "the finding is below the threshold",
            records: || unfixed().into_iter().map(|record| record.severity("LOW")).collect(),
            args: "--fail-on high",
            code: 0,
            written: true,
            ..Case::default()
        },
        Case {
            situation: "the finding is waived",
            records: unfixed,
            prepare: |project| {
                project.settings("[[waiver]]\nid = \"X-1\"\nproject = \"lib\"\nreason = \"r\"\nowner = \"o\"\nuntil = \"fixed\"\n");
            },
            code: 0,
            written: true,
            ..Case::default()
        },
        Case { situation: "no solution", requirements: "app\nlib>9\n", code: 1, ..Case::default() },
        Case {
            situation: "no advisory data",
            prepare: |project| project.advisories.http().fail("/", Fault::Closed),
            code: 2,
            ..Case::default()
        },
        Case {
            situation: "no advisory data, and none is asked for",
            args: "--no-update",
            code: 2,
            ..Case::default()
        },
        Case { situation: "stale advisory data", prepare: make_stale, code: 2, ..Case::default() },
        Case {
            situation: "stale advisory data that is allowed",
            prepare: make_stale,
            args: "--allow-stale",
            code: 0,
            written: true,
            ..Case::default()
        },
        Case { situation: "bad input", requirements: "app ==\n", code: 2, ..Case::default() },
        Case {
            situation: "no network",
            prepare: |project| project.index.http().fail("/", Fault::Closed),
            code: 2,
            ..Case::default()
        },
        Case {
            situation: "neither audit nor repair, without advisory data",
            prepare: |project| project.advisories.http().fail("/", Fault::Closed),
            args: "--fix off",
            code: 0,
            written: true,
            ..Case::default()
        },
        Case {
            situation: "checked, up to date",
            prepare: |project| drop(project.lock("").exits(0)),
            args: "--check",
            code: 0,
            ..Case::default()
        },
        Case { situation: "checked, not up to date", args: "--check", code: 1, ..Case::default() },
    ];
    for case in cases {
        let project = Project::new(APP, case.requirements, (case.records)());
        project.sandbox.write("constraints.txt", PRESENT);
        (case.prepare)(&project);
        let before = project.files();
        let run = project.lock(case.args);
        assert_eq!(run.code, Some(case.code), "{}\n{run}", case.situation);
        let written = project.files() != before;
        assert_eq!(written, case.written, "{}: is the lock written?\n{run}", case.situation);
        if !case.written && case.code != 0 {
            one_error(&run);
        }
    }
}

#[test]
fn audit_exits_as_the_table_says() {
    let waived = "[[waiver]]\nid = \"X-1\"\nproject = \"lib\"\nreason = \"r\"\nowner = \"o\"\nuntil = \"2999-12-31\"\n";
    let not_audited = |project: &str| {
        format!(
            "[[waiver]]\nid = \"not-audited\"\nproject = \"{project}\"\nreason = \"r\"\nowner = \"o\"\nuntil = \"2999-12-31\"\n"
        )
    };
    let cases: &[(&str, &str, &str, &str, i32)] = &[
        ("nothing is vulnerable", "lib==1.0.1\n", "", "", 0),
        ("a finding", "lib==1.0.0\n", "", "", 1),
        ("a finding below the threshold", "lib==1.0.0\n", "", "--fail-on critical", 0),
        ("a finding at the threshold", "lib==1.0.0\n", "", "--fail-on high", 1),
        ("a waived finding", "lib==1.0.0\n", waived, "", 0),
        ("a URL", "lib @ https://files.example/lib.zip\n", "", "", 2),
        ("version control", "lib @ git+https://git.example/lib\n", "", "", 2),
        ("an editable", "-e ./lib\n", "", "", 2),
        ("no pin", "lib>=1\n", "", "", 2),
        ("no pin, waived", "lib>=1\n", &not_audited("lib"), "", 0),
        ("a URL, waived", "lib @ https://files.example/lib.zip\n", &not_audited("lib"), "", 0),
        (
            "a URL, waived for another project",
            "lib @ https://files.example/lib.zip\n",
            &not_audited("app"),
            "",
            2,
        ),
        ("a finding beside no pin", "lib==1.0.0\napp\n", "", "", 1),
    ];
    for (situation, lock, waivers, args, code) in cases {
        let record = osv("X-1", "lib").introduced("0").fixed("1.0.1").severity("HIGH");
        let project = Project::new(APP, "", [record]);
        project.run("advisories update").exits(0);
        project.settings(waivers);
        project.sandbox.write("lock.txt", lock);
        let before = project.files();
        let run = project.run(&format!("audit lock.txt {args}"));
        assert_eq!(run.code, Some(*code), "{situation}\n{run}");
        assert_eq!(project.files(), before, "{situation}: an audit changes no file");
    }
}

#[test]
fn a_scan_exits_as_the_table_says_and_what_hardening_finds_counts_where_that_is_asked_for() {
    const SITE: &str = "usr/lib/python3.11/site-packages";
    const KEY: (&str, &str) = (
        "app/signing.key",
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n",
    );
    const TOOL: (&str, &str) = ("usr/bin/gcc", "");
    let release = |name: &str, version: &str| {
        let text = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
        (format!("{SITE}/{name}-{version}.dist-info/METADATA"), text)
    };
    let (fixed, vulnerable, odd) =
        (release("lib", "1.0.1"), release("lib", "1.0.0"), release("odd", "no!"));
    let of = |release: &'static (String, String)| (release.0.as_str(), release.1.as_str());
    let [fixed, vulnerable, odd] =
        [fixed, vulnerable, odd].map(|release| of(Box::leak(Box::new(release))));
    let waived = "[[waiver]]\nid = \"X-1\"\nproject = \"lib\"\nreason = \"r\"\nowner = \"o\"\nuntil = \"2999-12-31\"\n";
    let errors = "[audit]\nfail-on-hardening = \"error\"\n";
    let warnings = "[audit]\nfail-on-hardening = \"warning\"\n";
    let on_error = "--fail-on-hardening error";
    type Files = &'static [(&'static str, &'static str)];
    let files = |files: &[(&'static str, &'static str)]| -> Files { files.to_vec().leak() };
    let cases: &[(&str, Files, &str, &str, i32)] = &[
        ("nothing is wrong", files(&[fixed]), "", "", 0),
        ("a finding", files(&[vulnerable]), "", "", 1),
        ("a finding below the threshold", files(&[vulnerable]), "", "--fail-on critical", 0),
        ("a waived finding", files(&[vulnerable]), waived, "", 0),
        ("what cannot be compared", files(&[odd]), "", "", 2),
        ("a finding beside it", files(&[odd, vulnerable]), "", "", 1),
        ("a key in the image", files(&[fixed, KEY]), "", "", 0),
        ("a key, and errors count", files(&[fixed, KEY]), "", on_error, 1),
        ("a key, and errors count by the settings", files(&[fixed, KEY]), errors, "", 1),
        ("a key beside a waived finding", files(&[vulnerable, KEY]), waived, on_error, 1),
        ("a key beside what cannot be compared", files(&[odd, KEY]), "", on_error, 1),
        ("no error, and errors count", files(&[fixed, TOOL]), "", on_error, 0),
        (
            "a warning, and warnings count",
            files(&[fixed, TOOL]),
            "",
            "--fail-on-hardening warning",
            1,
        ),
        ("a flag decides before the settings", files(&[fixed, TOOL]), warnings, on_error, 0),
        ("a note, and notes count", files(&[fixed]), "", "--fail-on-hardening note", 1),
        ("a level that is none", files(&[fixed]), "[audit]\nfail-on-hardening = \"high\"\n", "", 2),
    ];
    let record = osv("X-1", "lib").introduced("0").fixed("1.0.1").severity("HIGH");
    let project = Project::new(APP, "", [record]);
    project.run("advisories update").exits(0);
    for (situation, files, settings, args, code) in cases {
        project.settings(settings);
        let base: &[(&str, &str)] = &[("etc/hostname", "x\n")];
        project.sandbox.write("image.tar", docker_archive(&[base, files]));
        let before = project.files();
        let run = project.run(&format!("image scan image.tar {args}"));
        assert_eq!(run.code, Some(*code), "{situation}\n{run}");
        assert_eq!(project.files(), before, "{situation}: a scan changes no file");
        let counts = run.stdout.contains("of hardening counted");
        assert_eq!(counts, *code == 1 && args.contains("hardening") || settings.contains("error"));
        if *code == 2 && settings.contains("high") {
            says(&run, &["settings/malformed", "`high`", "audit.fail-on-hardening"]);
        }
        let compared = project.run(&format!("image scan image.tar --compare image.tar {args}"));
        assert_eq!(compared.code, Some(*code), "{situation}, compared\n{compared}");
        let is_told = compared.stderr.contains("image/secret-file");
        assert_eq!(is_told, counts && files.contains(&KEY), "{situation}\n{compared}");
    }
}

#[test]
fn audit_without_data_has_no_answer() {
    let project = Project::new(APP, "", fixed());
    project.sandbox.write("constraints.txt", PRESENT);
    let run = project.run("audit").exits(2);
    one_error(&run);
    says(&run, &["error[advisories/none]", "provender advisories update"]);
    assert_eq!(run.stdout, "");
    assert_eq!(project.advisories.http().requests().len(), 0, "an audit asks no network");
}

#[test]
fn audit_on_stale_data_has_no_answer_unless_it_is_allowed() {
    let project = Project::new(APP, "", fixed());
    project.sandbox.write("constraints.txt", "lib==1.0.1\n");
    make_stale(&project);
    let run = project.run("audit").exits(2);
    one_error(&run);
    says(&run, &["error[advisories/stale]", "--allow-stale", "advisories.max-age-days"]);
    let run = project.run("audit --allow-stale").exits(0);
    says(&run, &["warning[advisories/stale]"]);
}

#[test]
fn a_lock_without_repair_says_that_nothing_was_audited() {
    let project = Project::new(APP, "app\n", unfixed());
    let run = project.lock("--fix off").exits(0);
    says(&run, &["nothing was audited and nothing repaired", "decided by: --fix off"]);
    assert_eq!(project.advisories.http().requests().len(), 0);
}

#[test]
fn an_unknown_flag_is_no_answer() {
    let project = Project::new(APP, "app\n", fixed());
    let before = project.files();
    project.lock("--no-verify").exits(2);
    project.run("audit --fail-on terrible").exits(2);
    assert_eq!(project.files(), before);
}
