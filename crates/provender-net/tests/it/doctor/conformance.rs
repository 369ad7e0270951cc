//! What strict verifiers refuse, compared with a real one.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use jiff::Timestamp;
use provender_core::Level;
use provender_core::doctor::{EffectiveRoots, HostDiagnosis, RootSource};
use provender_net::doctor::{ChainFault, judge};
use provender_test::{Authority, CaFlaw, HttpServer, Leaf, Reply, TlsIdentity, left_out};

use super::{Machine, assert_diagnosis, https, serving};

const CONFORMANCE: &[&str] = &["doctor/ca-conformance", "doctor/private-ca"];

/// Chains of every kind, and whether a strict verifier takes them.
fn chains() -> Vec<(&'static str, Authority, TlsIdentity, bool)> {
    let mut chains = Vec::new();
    let mut add = |name, root: Authority, identity: TlsIdentity, good| {
        chains.push((name, root, identity, good));
    };
    let root = || Authority::named("Example Corp Root");
    let good = root();
    add("a conforming root", good.clone(), good.identity(&Leaf::loopback()), true);
    let good = root();
    let issuing = good.intermediate("Example Issuing CA");
    add("a conforming intermediate", good, issuing.identity(&Leaf::loopback()), true);
    let good = root();
    add("a presented root", good.clone(), good.identity(&Leaf::loopback()).with_root(), true);
    let good = root();
    let leaf = Leaf::loopback().without_authority_key_identifier();
    add("a leaf without AKI", good.clone(), good.identity(&leaf), false);
    let good = root();
    add("no subject", good.clone(), good.identity(&Leaf::loopback().without_subject()), true);
    let good = root();
    let leaf = Leaf::loopback().serial(&[1; 24]);
    add("a long serial number", good.clone(), good.identity(&leaf), true);
    let good = root();
    add("a leaf that may sign", good.clone(), good.identity(&Leaf::loopback().that_signs()), false);
    let good = root();
    let issuing = good.intermediate("Example Issuing CA");
    // The bundle holds the intermediate only.
    add("a trusted intermediate", issuing.clone(), issuing.identity(&Leaf::loopback()), true);
    for flaw in [
        CaFlaw::NoAuthorityKeyIdentifier,
        CaFlaw::NoKeyUsage,
        CaFlaw::NoCertSign,
        CaFlaw::BasicConstraintsNotCritical,
        CaFlaw::NoSubjectKeyIdentifier,
    ] {
        let good = root();
        let issuing = good.flawed_intermediate("Example Issuing CA", flaw);
        add("a flawed intermediate", good, issuing.identity(&Leaf::loopback()), false);
    }
    let flawed = Authority::flawed("Example Corp Root", CaFlaw::NoAuthorityKeyIdentifier);
    add("a root without AKI", flawed.clone(), flawed.identity(&Leaf::loopback()), true);
    for (name, flaw) in [
        ("a root without key usage", CaFlaw::NoKeyUsage),
        ("a root that may not sign", CaFlaw::NoCertSign),
        ("constraints that are not critical", CaFlaw::BasicConstraintsNotCritical),
        ("a root without SKI", CaFlaw::NoSubjectKeyIdentifier),
    ] {
        let flawed = Authority::flawed("Example Corp Root", flaw);
        add(name, flawed.clone(), flawed.identity(&Leaf::loopback()), false);
        let flawed = Authority::flawed("Example Corp Root", flaw);
        let issuing = flawed.intermediate("Example Issuing CA");
        add(name, flawed, issuing.identity(&Leaf::loopback()), false);
    }
    chains
}

#[test]
fn strict_roots_refuse_what_breaks_the_letter() {
    let folder = tempfile::tempdir().unwrap();
    for (name, root, identity, good) in chains() {
        let path = folder.path().join("root.pem");
        std::fs::write(&path, root.pem()).unwrap();
        let judged = |strict| {
            let roots = EffectiveRoots { sources: vec![RootSource::File(path.clone())], strict };
            judge(identity.chain(), "localhost", &roots, Timestamp::now())
        };
        assert_eq!(judged(false), Ok(()), "{name}");
        match judged(true) {
            Ok(()) => assert!(good, "{name} was taken"),
            Err(ChainFault::NotConforming(found)) => {
                assert!(!good && found.iter().all(|found| found.refused), "{name}: {found:?}");
            }
            Err(fault) => panic!("{name}: {fault}"),
        }
    }
}

/// A Python whose `ssl` can verify strictly: 3.13 by default, others when told.
fn strict_python() -> Option<PathBuf> {
    let mut candidates = vec![PathBuf::from("python3.13"), PathBuf::from("python3")];
    if let Some(home) = std::env::var_os("HOME") {
        let versions = PathBuf::from(home).join(".pyenv/versions");
        let installed = std::fs::read_dir(versions).into_iter().flatten().flatten();
        candidates.splice(0..0, installed.map(|entry| entry.path().join("bin/python3.13")));
    }
    let asks = "import ssl; assert ssl.OPENSSL_VERSION_INFO >= (3,); ssl.VERIFY_X509_STRICT";
    candidates.into_iter().find(|python| {
        let mut command = Command::new(python);
        command.args(["-c", asks]).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    })
}

#[test]
fn the_rules_are_those_of_the_real_python() {
    let Some(python) = strict_python() else {
        left_out("the_rules_are_those_of_the_real_python", "no Python with OpenSSL 3 here");
        return;
    };
    const CLIENT: &str = "\
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
# What Python 3.13 sets by itself.
context.verify_flags |= ssl.VERIFY_X509_STRICT | 0x80000
with socket.create_connection(('127.0.0.1', int(sys.argv[2]))) as plain:
    try:
        with context.wrap_socket(plain, server_hostname='localhost'):
            print('verifies')
    except ssl.SSLCertVerificationError as error:
        print('fails:', error.verify_message)
";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.pem");
    for (name, root, identity, good) in chains() {
        std::fs::write(&path, root.pem()).unwrap();
        let server = serving(&identity);
        let port = server.address().port().to_string();
        let output =
            Command::new(&python).args(["-I", "-c", CLIENT]).arg(&path).arg(port).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            said.starts_with(if good { "verifies" } else { "fails" }),
            "{name}: {said}{errors}"
        );
    }
}

#[tokio::test]
async fn a_chain_that_python_will_refuse_comes_with_the_text_for_its_owner() {
    let authority = Authority::flawed("Example Corp Root", CaFlaw::NoKeyUsage);
    let leaf = Leaf::loopback().without_authority_key_identifier();
    let server = serving(&authority.identity(&leaf));
    let probe = Machine::new().trusting(&authority).probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::PrivateTrusted, CONFORMANCE);
    let finding = &probe.report.findings[0];
    assert_eq!((finding.rule, finding.level), ("doctor/ca-conformance", Level::Warning));
    let hint = finding.hint.as_deref().unwrap();
    for words in [
        "`CN=Example Corp Root` has no key usage (RFC 5280, section 4.2.1.3)",
        "has no authority key identifier (RFC 5280, section 4.2.1.1)",
        "send this to the owner of `CN=Example Corp Root`",
        "VERIFY_X509_STRICT",
    ] {
        assert!(hint.contains(words), "{hint}");
    }
}

#[tokio::test]
async fn an_authority_is_looked_at_before_it_is_trusted() {
    let authority = Authority::flawed("Example Inspection CA", CaFlaw::NoKeyUsage);
    let server =
        HttpServer::start_identity(&authority.identity(&Leaf::loopback()).with_root(), |_| {
            Reply::status(200)
        });
    let probe = Machine::new().probe(https(server.address())).await;
    let findings = ["doctor/untrusted-issuer", "doctor/ca-conformance"];
    assert_diagnosis(&probe, HostDiagnosis::UntrustedIssuer, &findings);
}

#[tokio::test]
async fn what_python_does_not_look_at_is_only_noted() {
    let authority = Authority::named("Example Corp Root");
    let server = serving(&authority.identity(&Leaf::loopback().serial(&[1; 24])));
    let probe = Machine::new().trusting(&authority).probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::PrivateTrusted, CONFORMANCE);
    assert!(probe.report.findings.iter().all(|finding| finding.level == Level::Note));
}
