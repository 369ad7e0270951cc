//! Chains that verify: public, private, intercepted.

use provender_core::Level;
use provender_core::doctor::HostDiagnosis;
use provender_net::roots::CaBundle;
use provender_test::{Authority, HttpServer, InterceptingProxy, Leaf, Reply};

use super::{
    Machine, assert_diagnosis, assert_evidence, assert_remedy, https, index_page, serving, target,
    url,
};

#[tokio::test]
async fn a_chain_to_a_public_root_is_clean() {
    let machine = Machine::new();
    let issuing = machine.public.intermediate("Example Public CA");
    let server = serving(&issuing.identity(&Leaf::loopback()).alpn(&["http/1.1"]));
    let probe = machine.probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::Clean, &[]);
    let report = &probe.report;
    assert_eq!(report.route, "direct");
    assert_eq!(report.issuer.as_deref(), Some("CN=Example Public CA"));
    assert_eq!(report.trusted_by, ["mozilla"]);
    assert_eq!(report.remedy, None);
    let authority = report.authority.as_ref().unwrap();
    assert_eq!(authority.name, "CN=Example Public Root");
    assert_eq!(authority.found_in, ["public (Mozilla) set"]);
    for words in ["`localhost` has the address", "TLS 1.3, http/1.1", "mozilla: verifies"] {
        assert_evidence(&probe, words);
    }
    assert_eq!(probe.chain.len(), 2);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn an_unverified_handshake_carries_no_request() {
    let authority = Authority::named("Example Unknown Root");
    let server = serving(&authority.identity(&Leaf::loopback()).with_root());
    let machine = Machine::new();
    let probe = machine.probe(https(server.address())).await;
    assert!(!probe.chain.is_empty());
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn a_private_authority_in_the_system_is_private_and_trusted() {
    let authority = Authority::named("Example Corp Root");
    let server = serving(&authority.identity(&Leaf::loopback()));
    let machine = Machine::new().trusting(&authority);
    let probe = machine.probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::PrivateTrusted, &["doctor/private-ca"]);
    assert_eq!(probe.report.trusted_by, ["system"]);
    assert_eq!(probe.report.authority.as_ref().unwrap().found_in, ["system store"]);
    assert_evidence(&probe, "no certificate timestamps");
    assert_evidence(&probe, "mozilla: no trusted root leads to it");
    assert_eq!(server.requests().len(), 1, "the verified request was made");
}

#[tokio::test]
async fn a_private_authority_in_a_bundle_is_told_by_the_setting() {
    let authority = Authority::named("Example Corp Root");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("corp.pem");
    std::fs::write(&path, authority.pem()).unwrap();
    let server = serving(&authority.identity(&Leaf::loopback().with_scts()));
    let mut machine = Machine::new();
    machine.bundles.push(CaBundle::new(&path, "--ca-bundle"));
    let probe = machine.probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::PrivateTrusted, &["doctor/private-ca"]);
    assert_eq!(probe.report.trusted_by, [format!("--ca-bundle {}", path.display())]);
    let found_in = &probe.report.authority.as_ref().unwrap().found_in;
    assert_eq!(*found_in, [path.display().to_string()]);
}

#[tokio::test]
async fn one_issuer_over_unrelated_hosts_is_interception() {
    let authority = Authority::named("Example Inspection CA");
    let proxy = InterceptingProxy::start(&authority);
    let upstream = HttpServer::start(|_| Reply::new(200, "text/plain", "fine"));
    proxy.route("index.example", upstream.address());
    proxy.route("files.test", upstream.address());
    let machine = Machine::new().trusting(&authority).behind(proxy.url());
    let probes = machine.probe_all(&["https://index.example/", "https://files.test/"]).await;
    for probe in &probes {
        assert_diagnosis(probe, HostDiagnosis::InterceptedTrusted, &["doctor/intercepted"]);
        assert_eq!(probe.report.trusted_by, ["system"]);
        assert_evidence(probe, "the same issuer signed for");
        assert_evidence(probe, "the same key serves");
        assert_evidence(probe, "the certificate was made just now");
        assert_evidence(probe, "the proxy opened a tunnel");
        let found_in = &probe.report.authority.as_ref().unwrap().found_in;
        assert_eq!(*found_in, ["presented by the server", "system store"]);
    }
    assert_eq!(probes[0].report.url, "https://index.example/", "in the targets' order");
    assert!(probes[0].report.route.contains("(ALL_PROXY)"));
    assert_eq!(probes[0].report.findings[0].level, Level::Note);
    assert_eq!(proxy.intercepted().len(), 2);
}

#[tokio::test]
async fn one_host_alone_is_intercepted_when_the_direct_way_shows_another_certificate() {
    let machine = Machine::new();
    let server = serving(&machine.public.identity(&Leaf::loopback()));
    let authority = Authority::named("Example Inspection CA");
    let proxy = InterceptingProxy::start(&authority);
    proxy.route_tls("localhost", server.address(), &machine.public);
    let machine = machine.trusting(&authority).behind(proxy.url());
    let probe = machine.probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::InterceptedTrusted, &["doctor/intercepted"]);
    assert_evidence(
        &probe,
        "without the proxy, a certificate issued by `CN=Example Public Root` is presented",
    );
}

#[tokio::test]
async fn one_host_alone_is_intercepted_when_the_issuer_is_called_after_a_product() {
    let authority = Authority::named("mitmproxy");
    let server = serving(&authority.identity(&Leaf::loopback()));
    let machine = Machine::new().trusting(&authority);
    let probe = machine.probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::InterceptedTrusted, &["doctor/intercepted"]);
}

#[tokio::test]
async fn a_host_that_is_known_to_be_public_is_intercepted_when_its_authority_is_private() {
    let authority = Authority::named("Example Egress CA");
    let server = serving(&authority.identity(&Leaf::loopback()));
    let known = target(https(server.address())).known_public();
    let probe = Machine::new().prober().probe(&known).await;
    assert_diagnosis(&probe, HostDiagnosis::UntrustedIssuer, &["doctor/untrusted-issuer"]);
    assert!(probe.report.findings[0].message.contains("is intercepted"));
    let probe = Machine::new().trusting(&authority).prober().probe(&known).await;
    assert_diagnosis(&probe, HostDiagnosis::InterceptedTrusted, &["doctor/intercepted"]);
}

#[tokio::test]
async fn a_bypassed_host_is_clean_while_another_is_intercepted() {
    let machine = Machine::new();
    let server = serving(&machine.public.identity(&Leaf::names(["files.test"])));
    let authority = Authority::named("Zscaler Root CA");
    let proxy = InterceptingProxy::start(&authority);
    let upstream = HttpServer::start(|_| Reply::new(200, "text/plain", "fine"));
    proxy.route("index.example", upstream.address());
    proxy.bypass("files.test", server.address());
    let machine = machine.trusting(&authority).behind(proxy.url());
    let probes = machine.probe_all(&["https://index.example/", "https://files.test/"]).await;
    assert_diagnosis(&probes[0], HostDiagnosis::InterceptedTrusted, &["doctor/intercepted"]);
    assert_diagnosis(&probes[1], HostDiagnosis::Clean, &[]);
}

#[tokio::test]
async fn an_untrusted_authority_that_is_presented_is_handed_out_with_a_proved_remedy() {
    let authority = Authority::named("Example Inspection CA");
    let proxy = InterceptingProxy::start(&authority);
    let upstream = HttpServer::start(|_| Reply::new(200, "text/plain", "fine"));
    proxy.route("index.example", upstream.address());
    let mut machine = Machine::new().behind(proxy.url());
    let probe = machine.probe("https://user:secret@index.example/simple/").await;
    assert_diagnosis(&probe, HostDiagnosis::UntrustedIssuer, &["doctor/untrusted-issuer"]);
    assert_eq!(probe.report.trusted_by, [] as [&str; 0]);
    assert_remedy(&probe, true, "provender doctor --save-ca ca.pem https://index.example/simple/");
    let authority_facts = probe.report.authority.as_ref().unwrap();
    assert_eq!(authority_facts.found_in, ["presented by the server"]);
    let fingerprint = authority_facts.sha256.unwrap().to_string();
    assert_remedy(&probe, true, &fingerprint);
    assert!(!format!("{:?}", probe.report).contains("secret"));
    assert_eq!(proxy.intercepted().len(), 0, "nothing was asked over what is not trusted");

    // What the remedy says, done.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, probe.authority_pem().unwrap()).unwrap();
    machine.bundles.push(CaBundle::new(&path, "--ca-bundle"));
    let probe = machine.probe("https://index.example/").await;
    assert!(probe.report.diagnosis.is_good(), "{:#?}", probe.report);
}

#[tokio::test]
async fn an_untrusted_authority_that_is_not_presented_has_to_be_asked_for() {
    let authority = Authority::named("Example Corp Root");
    let server = serving(&authority.identity(&Leaf::loopback()));
    let probe = Machine::new().probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::UntrustedIssuer, &["doctor/untrusted-issuer"]);
    assert_remedy(&probe, false, "ask your network's owner");
    assert_eq!(probe.authority_pem(), None);
    let facts = probe.report.authority.as_ref().unwrap();
    assert_eq!((facts.name.as_str(), facts.sha256), ("CN=Example Corp Root", None));
}

#[tokio::test]
async fn an_untrusted_root_is_found_where_its_intermediate_says() {
    let root = Authority::named("Example Corp Root");
    let repository = root.serve_certificate();
    let aia = format!("http://{}/root.crt", repository.address());
    let issuing = root.intermediate_with_aia("Example Corp Issuing CA", &aia);
    let server = serving(&issuing.identity(&Leaf::loopback()));
    let probe = Machine::new().probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::UntrustedIssuer, &["doctor/untrusted-issuer"]);
    assert_remedy(&probe, true, "CN=Example Corp Root");
    assert_eq!(probe.report.authority.as_ref().unwrap().found_in, [aia]);
    assert_eq!(probe.authority_pem(), Some(root.pem().replace("\r\n", "\n")));
}

#[tokio::test]
async fn many_hosts_are_looked_at_side_by_side() {
    let machine = Machine::new();
    let server = serving(&machine.public.identity(&Leaf::loopback()));
    let targets: Vec<_> = (0..20).map(|_| target(https(server.address()))).collect();
    let probes = machine.prober().probe_all(&targets).await;
    assert_eq!(probes.len(), 20);
    assert!(probes.iter().all(|probe| probe.report.diagnosis == HostDiagnosis::Clean));
}

#[tokio::test]
async fn an_index_over_a_verified_connection_is_recognized() {
    let machine = Machine::new();
    let identity = machine.public.identity(&Leaf::loopback());
    let page = "<!DOCTYPE html><html><head><title>Simple index</title></head><body>\
                <a href=\"/simple/app/\">app</a></body></html>";
    let server = HttpServer::start_identity(&identity, move |_| Reply::new(200, "text/html", page));
    let probe = machine.prober().probe(&index_page(https(server.address()))).await;
    assert_diagnosis(&probe, HostDiagnosis::Clean, &[]);
    let accept = server.requests()[0].header("accept").unwrap().to_owned();
    assert!(accept.contains("application/vnd.pypi.simple.v1+json"), "{accept}");
    assert_eq!(server.requests()[0].header("authorization"), None);
    assert_eq!(url(&probe.report.url), url(&https(server.address())));
}

#[tokio::test]
async fn a_root_that_is_only_presented_is_not_taken_for_the_one_that_is_trusted() {
    let authority = Authority::named("Example Corp Root");
    let issuing = authority.intermediate("Example Corp Issuing CA");
    for genuine in [&authority, &issuing] {
        let appended = authority.forged("Example Corp Root").der();
        let identity = genuine.identity(&Leaf::loopback()).appending(appended.clone());
        let server = serving(&identity);
        let probe = Machine::new().trusting(&authority).probe(https(server.address())).await;
        assert_diagnosis(&probe, HostDiagnosis::PrivateTrusted, &["doctor/private-ca"]);
        assert_eq!(probe.chain.last(), Some(&appended));
        assert_eq!(probe.authority_certificate, Some(authority.der()));
        let facts = probe.report.authority.as_ref().unwrap();
        assert_eq!(facts.found_in, ["system store"]);
    }
}
