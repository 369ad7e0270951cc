//! What `provender doctor` saw, for terminals and machines.

use provender_core::check::Step;
use provender_core::doctor::{HostDiagnosis, HostReport, Known, Remedy, ToolReport, ToolVerdict};
use provender_core::{Diagnostic, Place};
use provender_report::Style;
use provender_report::doctor::{DoctorReport, json, terminal};
use serde_json::{Value, json as value};

const INDEX: &str = "https://index.example/simple/";

fn host(url: &str, diagnosis: HostDiagnosis) -> HostReport {
    HostReport {
        url: url.to_owned(),
        purpose: "index".to_owned(),
        route: "direct".to_owned(),
        diagnosis,
        issuer: None,
        trusted_by: Vec::new(),
        authority: None,
        evidence: vec!["name: 192.0.2.1".to_owned()],
        remedy: None,
        findings: Vec::new(),
    }
}

fn untrusted() -> HostReport {
    HostReport {
        purpose: "file host".to_owned(),
        route: "by proxy.example:3128".to_owned(),
        issuer: Some("CN=Corp CA".to_owned()),
        remedy: Some(Remedy { text: "--ca-bundle corp.pem".to_owned(), proved: true }),
        findings: vec![
            Diagnostic::note("doctor/tls-version", "the server speaks TLS 1.2"),
            Diagnostic::error("doctor/untrusted-issuer", "no root leads to it").hint("name the CA"),
        ],
        ..host("https://files.example/", HostDiagnosis::UntrustedIssuer)
    }
}

fn tool(name: &'static str, verdict: ToolVerdict, known: Known) -> ToolReport {
    ToolReport {
        tool: name,
        version: None,
        url: INDEX.to_owned(),
        verdict,
        known,
        decided_by: "its own roots".to_owned(),
        place: None,
        detail: None,
        remedy: None,
    }
}

fn tools() -> Vec<ToolReport> {
    vec![
        ToolReport {
            version: Some("26.0".to_owned()),
            ..tool("pip", ToolVerdict::Verifies, Known::Asked)
        },
        ToolReport {
            decided_by: "strict-ssl".to_owned(),
            place: Some(Place { file: ".npmrc".into(), line: Some(2), column: None }),
            remedy: Some(Remedy { text: "delete it".to_owned(), proved: false }),
            ..tool("npm", ToolVerdict::NotVerified, Known::ByRules)
        },
        ToolReport {
            detail: Some("exit code 60".to_owned()),
            ..tool("curl", ToolVerdict::Fails, Known::Asked)
        },
        tool("java", ToolVerdict::Fails, Known::NotInstalled),
    ]
}

#[test]
fn a_line_a_host_and_a_tool_then_the_findings_the_worst_first() {
    let hosts = [host(INDEX, HostDiagnosis::Clean), untrusted()];
    let tools = tools();
    let report = DoctorReport { hosts: &hosts, tools: &tools, exposure: &[] };
    assert_eq!(
        terminal(&report, Style::PLAIN),
        "\
ok https://index.example/       clean             index, direct
   simple/
no https://files.example/       untrusted-issuer  file host, by proxy.example:
                                                  3128; signed by CN=Corp CA

tools, for https://index.example/simple/
ok pip 26.0  verifies       asked: its own roots
no npm       not verified   by its rules: strict-ssl (.npmrc:2); remedy: delete
                            it
no curl      fails          asked: its own roots; exit code 60
-- java      not installed  it would fail: its own roots

error[doctor/untrusted-issuer]: no root leads to it
  = hint: name the CA
  = more: provender explain doctor/untrusted-issuer

note[doctor/tls-version]: the server speaks TLS 1.2
  = more: provender explain doctor/tls-version

remedy, proved by a handshake, for https://files.example/:
  --ca-bundle corp.pem

no: 1 of 2 hosts verify; 1 of 3 installed tools verify
"
    );
}

#[test]
fn the_answer_follows_the_hosts() {
    let last = |hosts: &[HostReport]| {
        let report = DoctorReport { hosts, tools: &[], exposure: &[] };
        terminal(&report, Style::PLAIN).lines().last().unwrap().to_owned()
    };
    let good = || host(INDEX, HostDiagnosis::PrivateTrusted);
    assert_eq!(last(&[]), "no host was asked");
    assert_eq!(last(&[good()]), "yes: the host verifies");
    assert_eq!(last(&[good(), good()]), "yes: all 2 hosts verify");
    assert_eq!(last(&[untrusted()]), "no: the host does not verify");
    assert_eq!(last(&[good(), untrusted()]), "no: 1 of 2 hosts verify");
}

#[test]
fn findings_of_what_was_exposed_stand_among_the_others() {
    let step = Step::failed(
        "environment",
        "what is installed has its hashes",
        "1 of 2 has not",
        vec![Diagnostic::error("doctor/exposed", "lib 1.0 has other bytes")],
    );
    let hosts = [untrusted()];
    let report = DoctorReport { hosts: &hosts, tools: &[], exposure: &[step] };
    let rules: Vec<_> = report.findings().iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, ["doctor/untrusted-issuer", "doctor/exposed", "doctor/tls-version"]);
    let shown = terminal(&report, Style::PLAIN);
    assert!(shown.contains("what is installed has its hashes"), "{shown}");
    let document: Value = serde_json::from_str(&json(&report)).unwrap();
    assert_eq!(document["exposure"][0]["outcome"], "failed");
}

#[test]
fn machines_get_every_part() {
    let hosts = [untrusted()];
    let tools = tools();
    let report = DoctorReport { hosts: &hosts, tools: &tools, exposure: &[] };
    let document: Value = serde_json::from_str(&json(&report)).unwrap();
    assert_eq!(document["schema"], "provender.doctor/1");
    assert!(document.get("exposure").is_none());
    let host = &document["hosts"][0];
    assert_eq!(host["diagnosis"], "untrusted-issuer");
    assert_eq!(host["issuer"], "CN=Corp CA");
    assert_eq!(
        (&host["remedy"], &host["remedy_proved"]),
        (&"--ca-bundle corp.pem".into(), &true.into())
    );
    assert_eq!(host["findings"][1]["hint"], "name the CA");
    assert_eq!(host["authority"], Value::Null);
    let verdicts: Vec<_> =
        document["tools"].as_array().unwrap().iter().map(|tool| &tool["verdict"]).collect();
    assert_eq!(verdicts, ["verifies", "not-verified", "fails", "not-installed"]);
    assert_eq!(
        document["tools"][1],
        value!({
            "tool": "npm",
            "version": null,
            "url": INDEX,
            "verdict": "not-verified",
            "known": "by-rules",
            "decided_by": "strict-ssl",
            "file": ".npmrc",
            "line": 2,
            "detail": null,
            "remedy": "delete it",
            "remedy_proved": false,
        })
    );
    assert_eq!(document["tools"][3]["would"], "fails");
}

#[test]
fn nothing_that_a_terminal_obeys_gets_through() {
    let bad = "a\u{1b}[2J\u{202e}b";
    let hosts = [HostReport {
        url: bad.to_owned(),
        purpose: bad.to_owned(),
        route: bad.to_owned(),
        issuer: Some(bad.to_owned()),
        trusted_by: vec![bad.to_owned()],
        remedy: Some(Remedy { text: bad.to_owned(), proved: false }),
        findings: vec![Diagnostic::error("doctor/dns", bad).because(bad).hint(bad)],
        ..host(INDEX, HostDiagnosis::Portal)
    }];
    let tools = [ToolReport {
        version: Some(bad.to_owned()),
        url: bad.to_owned(),
        decided_by: bad.to_owned(),
        place: Some(Place::file(bad)),
        detail: Some(bad.to_owned()),
        remedy: Some(Remedy { text: bad.to_owned(), proved: true }),
        ..tool("pip", ToolVerdict::Fails, Known::Asked)
    }];
    let exposure = [Step::passed("x", bad, bad)];
    let report = DoctorReport { hosts: &hosts, tools: &tools, exposure: &exposure };
    let shown = terminal(&report, Style::PLAIN);
    assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
    assert!(!json(&report).contains(['\u{1b}', '\u{202e}']));
}
