//! Hosts that do not answer, or not in TLS as it is spoken.

use std::time::Duration;

use provender_core::doctor::HostDiagnosis;
use provender_net::ClientSettings;
use provender_net::doctor::{Prober, ProberSettings};
use provender_net::roots::CaBundle;
use provender_test::{Leaf, RawServer};

use super::{Machine, assert_diagnosis, assert_evidence, assert_remedy, https, serving, target};

#[tokio::test]
async fn a_name_without_an_address_is_told() {
    for url in ["https://no-such-host.invalid/", "http://no-such-host.invalid/"] {
        let probe = Machine::new().probe(url).await;
        assert_eq!(probe.report.diagnosis, HostDiagnosis::Unreachable, "{:#?}", probe.report);
        assert_eq!(probe.report.findings[0].rule, "doctor/dns", "{:#?}", probe.report);
        assert_remedy(&probe, false, "HTTPS_PROXY");
    }
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_told() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for url in [format!("https://{gone}/"), format!("http://{gone}/")] {
        let probe = Machine::new().probe(url).await;
        assert_eq!(probe.report.diagnosis, HostDiagnosis::Unreachable, "{:#?}", probe.report);
        assert_eq!(probe.report.findings[0].rule, "doctor/connect", "{:#?}", probe.report);
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let server = RawServer::silent();
    let mut machine = Machine::new();
    machine.step = Duration::from_millis(200);
    let probe = machine.probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::Unreachable, &["doctor/timeout"]);
    let probe = machine.probe(format!("http://{}/", server.address())).await;
    let findings = ["doctor/plain-http", "doctor/timeout"];
    assert_diagnosis(&probe, HostDiagnosis::Unreachable, &findings);
}

#[tokio::test]
async fn an_old_tls_is_told_by_its_alert_and_by_its_hello() {
    const PROTOCOL_VERSION: u8 = 70;
    for server in
        [RawServer::alerting(PROTOCOL_VERSION), RawServer::old_tls(1), RawServer::old_tls(2)]
    {
        let probe = Machine::new().probe(https(server.address())).await;
        assert_diagnosis(&probe, HostDiagnosis::Unreachable, &["doctor/tls-version"]);
    }
}

#[tokio::test]
async fn a_server_capped_at_tls_1_2_is_noted() {
    let machine = Machine::new();
    let server = serving(&machine.public.identity(&Leaf::loopback()).only_tls12());
    let probe = machine.probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::Clean, &["doctor/tls-version"]);
    assert_evidence(&probe, "TLS 1.2");
}

#[tokio::test]
async fn a_handshake_that_breaks_off_is_told() {
    const HANDSHAKE_FAILURE: u8 = 40;
    for server in [RawServer::closing(), RawServer::alerting(HANDSHAKE_FAILURE)] {
        let probe = Machine::new().probe(https(server.address())).await;
        assert_diagnosis(&probe, HostDiagnosis::Unreachable, &["doctor/tls-handshake"]);
    }
}

#[tokio::test]
async fn a_url_that_cannot_be_asked_for_is_told() {
    let probe = Machine::new().probe("ftp://files.example/").await;
    assert_diagnosis(&probe, HostDiagnosis::Unreachable, &["doctor/bad-url"]);
}

#[tokio::test]
async fn nothing_is_asked_offline() {
    let server = RawServer::closing();
    let client = ClientSettings { offline: true, ..crate::settings() };
    let prober = Prober::new(client, ProberSettings::default()).unwrap();
    let probe = prober.probe(&target(https(server.address()))).await;
    assert_diagnosis(&probe, HostDiagnosis::Unreachable, &["doctor/offline"]);
}

#[tokio::test]
async fn a_bundle_that_cannot_be_read_is_told_beside_the_hosts_own_diagnosis() {
    let mut machine = Machine::new();
    let server = serving(&machine.public.identity(&Leaf::loopback()));
    machine.bundles.push(CaBundle::new("no/such/ca.pem", "SSL_CERT_FILE"));
    let probe = machine.probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::Clean, &["doctor/ca-bundle"]);
    let finding = &probe.report.findings[0];
    assert_eq!(finding.decided_by.as_deref(), Some("SSL_CERT_FILE"));
    assert!(finding.message.contains("no/such/ca.pem"));
}
