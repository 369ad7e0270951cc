//! Chains that do not verify: holes, ends, names.

use jiff::Timestamp;
use provender_core::doctor::{EffectiveRoots, HostDiagnosis, RootSource};
use provender_net::doctor::{ChainFault, judge};
use provender_net::roots::CaBundle;
use provender_test::{Authority, Leaf, TlsIdentity};

use super::{Machine, assert_diagnosis, assert_evidence, assert_remedy, https, serving};

const MISSING: &[&str] = &["doctor/missing-intermediate"];

#[tokio::test]
async fn a_missing_intermediate_is_found_where_the_certificate_says() {
    let mut machine = Machine::new();
    let issuing = machine.public.intermediate("Example Public CA");
    let repository = issuing.serve_certificate();
    let leaf = Leaf::loopback().aia(&format!("http://{}/ca.crt", repository.address()));
    let server = serving(&issuing.identity(&leaf).without_intermediates());
    let probe = machine.probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::MissingIntermediate, MISSING);
    assert_remedy(&probe, true, "CN=Example Public CA");
    assert_evidence(&probe, &format!("http://{}/ca.crt", repository.address()));
    assert_eq!(server.requests().len(), 0);
    assert_eq!(repository.requests()[0].header("authorization"), None);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, probe.authority_pem().unwrap()).unwrap();
    machine.bundles.push(CaBundle::new(&path, "--ca-bundle"));
    let again = machine.prober().judge(
        &probe.chain,
        "localhost",
        &EffectiveRoots { sources: vec![RootSource::File(path)], strict: false },
    );
    assert_eq!(again, Ok(()));
}

#[tokio::test]
async fn two_missing_certificates_are_followed_upwards() {
    let machine = Machine::new();
    let upper = machine.public.intermediate("Example Public CA 1");
    let upper_repository = upper.serve_certificate();
    let url = format!("http://{}/1", upper_repository.address());
    let lower = upper.intermediate_with_aia("Example Public CA 2", &url);
    let lower_repository = lower.serve_certificate();
    let leaf = Leaf::loopback().aia(&format!("http://{}/2", lower_repository.address()));
    let server = serving(&lower.identity(&leaf).without_intermediates());
    let probe = machine.probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::MissingIntermediate, MISSING);
}

#[tokio::test]
async fn a_missing_intermediate_is_found_at_another_host() {
    let machine = Machine::new();
    let issuing = machine.public.intermediate("Example Public CA");
    let lacking = serving(&issuing.identity(&Leaf::loopback()).without_intermediates());
    let whole = serving(&issuing.identity(&Leaf::loopback()));
    let other = format!("https://127.0.0.1:{}/", whole.address().port());
    let probes = machine.probe_all(&[&https(lacking.address()), &other]).await;
    assert_diagnosis(&probes[0], HostDiagnosis::MissingIntermediate, MISSING);
    assert_evidence(&probes[0], "what `127.0.0.1` presents");
    assert_diagnosis(&probes[1], HostDiagnosis::Clean, &[]);
}

#[tokio::test]
async fn an_intermediate_that_only_this_machine_has_is_still_missing() {
    let machine = Machine::new();
    let issuing = machine.public.intermediate("Example Public CA");
    let server = serving(&issuing.identity(&Leaf::loopback()).without_intermediates());
    let machine = machine.trusting(&issuing);
    let probe = machine.probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::MissingIntermediate, MISSING);
    assert_eq!(probe.report.trusted_by, ["system"]);
    assert_evidence(&probe, "the system's store");
}

#[tokio::test]
async fn what_a_certificate_says_leads_nowhere_when_it_is_not_the_issuer() {
    let machine = Machine::new();
    let issuing = machine.public.intermediate("Example Public CA");
    let repository = Authority::named("Example Other Root").serve_certificate();
    let leaf = Leaf::loopback().aia(&format!("http://{}/", repository.address()));
    let server = serving(&issuing.identity(&leaf).without_intermediates());
    let probe = machine.probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::UntrustedIssuer, &["doctor/untrusted-issuer"]);
    assert_eq!(repository.requests().len(), 1);
    assert_eq!(probe.authority_pem(), None);
}

#[tokio::test]
async fn what_a_certificate_says_is_not_asked_of_this_machine() {
    let mut machine = Machine::new();
    machine.local_repositories = false;
    let issuing = machine.public.intermediate("Example Public CA");
    let repository = issuing.serve_certificate();
    let leaf = Leaf::loopback().aia(&format!("http://{}/ca.crt", repository.address()));
    let server = serving(&issuing.identity(&leaf).without_intermediates());
    let probe = machine.probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::UntrustedIssuer, &["doctor/untrusted-issuer"]);
    assert_eq!(repository.requests().len(), 0);
}

#[tokio::test]
async fn a_certificate_past_its_end_is_expired_while_the_clock_is_right() {
    let machine = Machine::new();
    let server = serving(&machine.public.identity(&Leaf::loopback().expired()));
    let probe = machine.probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::Expired, &["doctor/expired"]);
    assert_remedy(&probe, false, "renewed");
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn a_certificate_of_the_future_is_told_as_such() {
    let machine = Machine::new();
    let server = serving(&machine.public.identity(&Leaf::loopback().not_yet_valid()));
    let probe = machine.probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::Expired, &["doctor/not-yet-valid"]);
}

#[tokio::test]
async fn an_expired_certificate_of_an_unknown_authority_is_untrusted() {
    let authority = Authority::named("Example Unknown Root");
    let server = serving(&authority.identity(&Leaf::loopback().expired()).with_root());
    let probe = Machine::new().probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::UntrustedIssuer, &["doctor/untrusted-issuer"]);
    assert_remedy(&probe, false, "--save-ca");
}

#[tokio::test]
async fn a_certificate_for_other_names_offers_one_that_verifies() {
    let machine = Machine::new();
    let leaf = Leaf::names(["*.example", "no-such-host.invalid", "localhost"]);
    let server = serving(&machine.public.identity(&leaf));
    let url = format!("https://127.0.0.1:{}/simple/", server.address().port());
    let probe = machine.probe(&url).await;
    assert_diagnosis(&probe, HostDiagnosis::WrongName, &["doctor/wrong-name"]);
    assert_evidence(&probe, "it is for *.example, no-such-host.invalid, localhost");
    assert_remedy(
        &probe,
        true,
        &format!("use https://localhost:{}/simple/", server.address().port()),
    );
}

#[tokio::test]
async fn a_certificate_for_a_name_that_leads_nowhere_has_no_proved_remedy() {
    let machine = Machine::new();
    let server = serving(&machine.public.identity(&Leaf::names(["no-such-host.invalid"])));
    let probe = machine.probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::WrongName, &["doctor/wrong-name"]);
    assert_remedy(&probe, false, "reissued");
}

#[tokio::test]
async fn an_authoritys_certificate_is_no_servers() {
    let machine = Machine::new();
    let authority = machine.public.intermediate("localhost");
    let identity = authority.as_server();
    let probe = machine.probe(https(serving(&identity).address())).await;
    assert_eq!(probe.report.diagnosis, HostDiagnosis::UntrustedIssuer, "{:#?}", probe.report);
    assert!(super::rules(&probe).contains("doctor/unfit-certificate"));
}

#[tokio::test]
async fn a_certificate_that_signs_itself_has_no_authority_to_trust() {
    let server = serving(&TlsIdentity::self_signed(&Leaf::loopback()));
    let probe = Machine::new().probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::UntrustedIssuer, &["doctor/untrusted-issuer"]);
    assert_remedy(&probe, false, "signed by itself");
}

#[tokio::test]
async fn an_untrusted_certificate_for_other_names_is_told_with_them() {
    let authority = Authority::named("Example Unknown Root");
    let server = serving(&authority.identity(&Leaf::names(["portal.example"])).with_root());
    let probe = Machine::new().probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::UntrustedIssuer, &["doctor/untrusted-issuer"]);
    assert_evidence(&probe, "for other names: portal.example");
    assert_remedy(&probe, false, "--save-ca");
}

#[test]
fn a_servers_own_certificate_among_the_roots_is_a_case_of_its_own() {
    let authority = Authority::named("Example Corp Root");
    let pinned = authority.identity(&Leaf::names(["index.example"]));
    let appliance = Authority::named("index.example").as_server();
    let folder = tempfile::tempdir().unwrap();
    for (identity, name) in [(&pinned, "index.example"), (&appliance, "index.example")] {
        let path = folder.path().join("own.der");
        std::fs::write(&path, &identity.chain()[0]).unwrap();
        let roots = EffectiveRoots { sources: vec![RootSource::File(path)], strict: false };
        let fault = judge(identity.chain(), name, &roots, Timestamp::now()).unwrap_err();
        let named = identity.chain() == pinned.chain();
        assert_eq!(fault == ChainFault::TrustedItself, named, "{fault}");
    }
}

#[test]
fn a_chain_is_judged_as_a_tool_with_these_roots_would() {
    let root = Authority::named("Example Corp Root");
    let other = Authority::named("Example Other Root");
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let corp = file("corp.pem", root.pem());
    let both = file("both.pem", other.pem() + &root.pem());
    let wrong = file("other.pem", other.pem());
    let now = Timestamp::now();
    let chain = root.intermediate("Example Issuing CA").identity(&Leaf::names(["index.example"]));
    let chain = chain.chain();
    let judged = |sources: Vec<RootSource>, name: &str| {
        judge(chain, name, &EffectiveRoots { sources, strict: false }, now)
    };
    let from = |path: &std::path::Path| vec![RootSource::File(path.to_owned())];
    assert_eq!(judged(from(&corp), "index.example"), Ok(()));
    assert_eq!(judged(from(&both), "index.example"), Ok(()));
    assert_eq!(judged(from(&wrong), "index.example"), Err(ChainFault::UnknownIssuer));
    let mozilla = judged(vec![RootSource::Mozilla, RootSource::System], "index.example");
    assert_eq!(mozilla, Err(ChainFault::UnknownIssuer));
    let fault = judged(from(&corp), "files.example").unwrap_err();
    assert!(matches!(&fault, ChainFault::WrongName { names } if names == &["index.example"]));
    let fault = judged(from(&folder.path().join("none.pem")), "index.example").unwrap_err();
    assert!(matches!(&fault, ChainFault::Roots(reason) if reason.contains("none.pem")), "{fault}");
    let with_missing = [from(&folder.path().join("none.pem")), from(&corp)].concat();
    assert_eq!(judged(with_missing, "index.example"), Ok(()));
    let late = EffectiveRoots { sources: from(&corp), strict: false };
    let late = judge(chain, "index.example", &late, "2099-01-01T00:00:00Z".parse().unwrap());
    assert!(matches!(late, Err(ChainFault::Expired { .. })), "{late:?}");
}

#[test]
fn a_folder_holds_what_its_hashed_names_hold() {
    let root = Authority::named("Example Corp Root");
    let chain = root.identity(&Leaf::names(["index.example"]));
    let folder = tempfile::tempdir().unwrap();
    let sources = vec![RootSource::Folder(folder.path().to_owned())];
    let roots = EffectiveRoots { sources, strict: false };
    let judged = || judge(chain.chain(), "index.example", &roots, Timestamp::now());
    std::fs::write(folder.path().join("corp.pem"), root.pem()).unwrap();
    assert!(judged().is_err(), "OpenSSL does not see a file under its own name");
    std::fs::write(folder.path().join("5ad8a5d6.0"), root.pem()).unwrap();
    assert_eq!(judged(), Ok(()));
}
