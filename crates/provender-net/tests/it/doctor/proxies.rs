//! Forward proxies on the way.

use provender_core::doctor::HostDiagnosis;
use provender_test::{Authority, ForwardProxy, HttpServer, Leaf, Reply, SocksProxy};

use super::{Machine, assert_diagnosis, assert_evidence, assert_remedy, https, serving};

const URL: &str = "https://index.example/simple/";

#[tokio::test]
async fn a_tunnel_shows_the_hosts_own_chain() {
    let machine = Machine::new();
    let server = serving(&machine.public.identity(&Leaf::names(["index.example"])));
    let proxy = ForwardProxy::start();
    proxy.require_login("user", "s3cret");
    proxy.route("index.example", server.address());
    let with_login = proxy.url().replace("http://", "http://user:s3cret@");
    let probe = machine.behind(with_login).probe(URL).await;
    assert_diagnosis(&probe, HostDiagnosis::Clean, &[]);
    let route = &probe.report.route;
    assert!(route.contains("(ALL_PROXY)") && !route.contains("s3cret"), "{route}");
    assert!(!format!("{:?}", probe.report).contains("s3cret"));
}

#[tokio::test]
async fn a_tunnel_inside_tls_shows_the_hosts_own_chain() {
    let machine = Machine::new();
    let server = serving(&machine.public.identity(&Leaf::names(["index.example"])));
    let proxy = ForwardProxy::start_tls(&machine.public);
    proxy.route("index.example", server.address());
    let probe = machine.behind(proxy.url()).probe(URL).await;
    assert_diagnosis(&probe, HostDiagnosis::Clean, &[]);
    assert_evidence(&probe, "the proxy's own certificate verifies");
}

#[tokio::test]
async fn a_proxy_whose_own_certificate_does_not_verify_gets_no_credentials() {
    let proxy = ForwardProxy::start_tls(&Authority::named("Example Unknown Root"));
    let with_login = proxy.url().replace("https://", "https://user:s3cret@");
    let probe = Machine::new().behind(with_login).probe(URL).await;
    assert_diagnosis(&probe, HostDiagnosis::Unreachable, &["doctor/proxy-connect"]);
    assert!(probe.report.findings[0].message.contains("Example Unknown Root"));
    assert!(proxy.asked().is_empty());
}

#[tokio::test]
async fn socks_leads_to_the_hosts_own_chain() {
    let machine = Machine::new();
    let server = serving(&machine.public.identity(&Leaf::names(["index.example"])));
    let proxy = SocksProxy::start();
    proxy.route("index.example", server.address());
    let machine = machine.behind(proxy.url());
    let probe = machine.probe(URL).await;
    assert_diagnosis(&probe, HostDiagnosis::Clean, &[]);
    let probe = machine.probe("https://other.example/").await;
    assert_diagnosis(&probe, HostDiagnosis::Unreachable, &["doctor/proxy-connect"]);
}

#[tokio::test]
async fn a_proxy_that_wants_credentials_tells_which() {
    let proxy = ForwardProxy::start();
    proxy.offer(&["Negotiate", "NTLM"]);
    for url in [URL, "http://index.example/"] {
        let probe = Machine::new().behind(proxy.url()).probe(url).await;
        assert_eq!(probe.report.diagnosis, HostDiagnosis::Unreachable, "{:#?}", probe.report);
        let finding = &probe.report.findings[0];
        assert_eq!(finding.rule, "doctor/proxy-auth");
        assert_eq!(finding.causes, ["it offers Negotiate, NTLM"]);
        assert_eq!(finding.decided_by.as_deref(), Some("ALL_PROXY"));
        assert_remedy(&probe, false, "only Basic is spoken here");
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_the_host_is_named() {
    let proxy = ForwardProxy::start();
    proxy.refuse("index.example", 403);
    let probe = Machine::new().behind(proxy.url()).probe(URL).await;
    assert_diagnosis(&probe, HostDiagnosis::Unreachable, &["doctor/proxy-refused"]);
    assert!(probe.report.findings[0].causes[0].contains("403"));
    assert_remedy(&probe, false, "NO_PROXY");
}

#[tokio::test]
async fn a_proxy_that_does_not_reach_the_host_is_a_bad_gateway() {
    let proxy = ForwardProxy::start();
    let probe = Machine::new().behind(proxy.url()).probe(URL).await;
    assert_diagnosis(&probe, HostDiagnosis::Unreachable, &["doctor/proxy-gateway"]);
}

#[tokio::test]
async fn a_host_that_the_proxy_refuses_and_that_can_be_reached_directly_belongs_in_no_proxy() {
    let mut machine = Machine::new();
    let server = serving(&machine.public.identity(&Leaf::loopback()));
    let proxy = ForwardProxy::start();
    proxy.refuse("localhost", 403);
    machine = machine.behind(proxy.url());
    let probe = machine.probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::Unreachable, &["doctor/proxy-refused"]);
    assert_remedy(&probe, true, "name `localhost` in `NO_PROXY`");

    machine.no_proxy = "localhost".to_owned();
    let probe = machine.probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::Clean, &[]);
    assert_eq!(probe.report.route, "direct");
    assert_eq!(proxy.asked().len(), 1);
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_blamed_and_not_the_host() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for url in [URL, "http://index.example/"] {
        let probe = Machine::new().behind(format!("http://{gone}")).probe(url).await;
        assert_eq!(probe.report.diagnosis, HostDiagnosis::Unreachable, "{:#?}", probe.report);
        assert_eq!(probe.report.findings[0].rule, "doctor/proxy-connect");
        assert!(probe.report.findings[0].message.contains(&gone.to_string()));
    }
}

#[tokio::test]
async fn what_is_no_proxy_is_told_as_such() {
    let server = provender_test::RawServer::closing();
    let probe = Machine::new().behind(format!("http://{}", server.address())).probe(URL).await;
    assert_diagnosis(&probe, HostDiagnosis::Unreachable, &["doctor/proxy-connect"]);
}

#[tokio::test]
async fn a_page_with_which_a_proxy_refuses_is_named_by_its_title() {
    let page = "<title>Category: software downloads</title>";
    let refusal = format!(
        "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{page}",
        page.len()
    );
    let proxy = provender_test::RawServer::answering(refusal);
    let probe = Machine::new().behind(format!("http://{}", proxy.address())).probe(URL).await;
    assert_diagnosis(&probe, HostDiagnosis::Unreachable, &["doctor/proxy-refused"]);
    assert!(probe.report.findings[0].causes[0].contains("Category: software downloads"));
}

#[tokio::test]
async fn plain_http_goes_through_the_proxy_too() {
    let server = HttpServer::start(|_| Reply::new(200, "text/plain", "fine"));
    let proxy = ForwardProxy::start();
    proxy.route("index.example", server.address());
    let probe = Machine::new().behind(proxy.url()).probe("http://index.example/").await;
    assert_diagnosis(&probe, HostDiagnosis::Clean, &["doctor/plain-http"]);
    assert_eq!(proxy.asked()[0].path, "http://index.example/");
}
