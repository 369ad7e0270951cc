//! What answers in a host's place, and what is not protected at all.

use provender_core::Level;
use provender_core::doctor::HostDiagnosis;
use provender_net::doctor::Expects;
use provender_test::{
    Authority, FakeIndex, Fault, ForwardProxy, HttpServer, InterceptingProxy, Leaf, RawServer,
    Reply,
};

use super::{
    Machine, assert_diagnosis, assert_evidence, assert_remedy, https, index_page, serving, target,
};

const BLOCKED: &str = "<html><head><title>Access to this site is blocked</title></head>\
                       <body><form action=\"/appeal\"></form></body></html>";

#[tokio::test]
async fn a_web_page_in_place_of_an_index_is_a_block_page() {
    for status in [200, 403] {
        let authority = Authority::named("Zscaler Root CA");
        let proxy = InterceptingProxy::start(&authority);
        let blocking = HttpServer::start(move |_| Reply::new(status, "text/html", BLOCKED));
        proxy.route("index.example", blocking.address());
        let machine = Machine::new().trusting(&authority).behind(proxy.url());
        let probe = machine.prober().probe(&index_page("https://index.example/simple/")).await;
        let findings = ["doctor/block-page", "doctor/intercepted"];
        assert_diagnosis(&probe, HostDiagnosis::Portal, &findings);
        assert_eq!(probe.report.findings[0].rule, "doctor/block-page", "the worst is first");
        assert_evidence(&probe, "called `Access to this site is blocked`");
    }
}

#[tokio::test]
async fn a_web_page_in_place_of_json_is_a_block_page() {
    let machine = Machine::new();
    let identity = machine.public.identity(&Leaf::loopback());
    let server = HttpServer::start_identity(&identity, |_| Reply::new(200, "text/html", BLOCKED));
    let asked = target(https(server.address()));
    let probe = machine.prober().probe(&asked.clone().expects(Expects::Json)).await;
    assert_diagnosis(&probe, HostDiagnosis::Portal, &["doctor/block-page"]);
    let probe = machine.prober().probe(&asked).await;
    assert_diagnosis(&probe, HostDiagnosis::Clean, &[]);
}

#[tokio::test]
async fn a_web_page_in_place_of_a_file_is_a_block_page() {
    let machine = Machine::new();
    let identity = machine.public.identity(&Leaf::loopback());
    for (path, status, blocked) in [
        ("packages/app-1.0-py3-none-any.whl", 200, true),
        ("packages/app-1.0-py3-none-any.whl", 403, true),
        ("packages/app-1.0-py3-none-any.whl", 404, false),
        ("", 200, true),
        ("", 401, false),
        ("", 403, false),
        ("", 404, false),
    ] {
        let server = HttpServer::start_identity(&identity, move |_| {
            Reply::new(status, "text/html", BLOCKED)
        });
        let asked = target(format!("{}{path}", https(server.address()))).expects(Expects::File);
        let probe = machine.prober().probe(&asked).await;
        let (diagnosis, finding) = if blocked {
            (HostDiagnosis::Portal, "doctor/block-page")
        } else {
            (HostDiagnosis::Clean, "doctor/http-status")
        };
        assert_diagnosis(&probe, diagnosis, &[finding]);
    }
    let server = HttpServer::start_identity(&identity, |_| {
        Reply::new(200, "application/octet-stream", "PK\x03\x04")
    });
    let asked = target(https(server.address())).expects(Expects::File);
    let probe = machine.prober().probe(&asked).await;
    assert_diagnosis(&probe, HostDiagnosis::Clean, &[]);
}

#[tokio::test]
async fn a_redirect_to_where_one_signs_in_is_a_portal() {
    let machine = Machine::new();
    let identity = machine.public.identity(&Leaf::loopback());
    let server = HttpServer::start_identity(&identity, |_| {
        Reply::status(302).header("Location", "https://login.portal.example/?token=secret")
    });
    let probe = machine.probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::Portal, &["doctor/portal"]);
    assert_evidence(&probe, "redirects to https://login.portal.example/");
    assert!(!format!("{:?}", probe.report).contains("secret"));
}

#[tokio::test]
async fn a_redirect_within_the_host_is_followed() {
    let machine = Machine::new();
    let identity = machine.public.identity(&Leaf::loopback());
    let server = HttpServer::start_identity(&identity, |request| match request.path.as_str() {
        "/" => Reply::status(301).header("Location", "/simple/"),
        _ => Reply::new(200, "application/vnd.pypi.simple.v1+json", "{}"),
    });
    let probe = machine.prober().probe(&index_page(https(server.address()))).await;
    assert_diagnosis(&probe, HostDiagnosis::Clean, &[]);
    assert_eq!(server.count("/simple/"), 1);
}

#[tokio::test]
async fn a_redirect_that_leads_nowhere_is_no_answer_where_one_is_expected() {
    let machine = Machine::new();
    let identity = machine.public.identity(&Leaf::loopback());
    let unknown = Authority::named("Example Unknown Root");
    let untrusted = serving(&unknown.identity(&Leaf::loopback()));
    let plain = HttpServer::start(|_| Reply::new(200, "text/plain", "fine"));
    for (next, words) in [
        ("https://no-such-host.invalid/".to_owned(), "no-such-host.invalid"),
        (https(untrusted.address()), "localhost"),
        (plain.base().to_string(), "it leaves https"),
        ("ftp://files.example/".to_owned(), "it leaves https"),
        ("https://".to_owned(), "it names no place"),
        ("/again".to_owned(), "after 5 others"),
    ] {
        let server = HttpServer::start_identity(&identity, {
            let next = next.clone();
            move |_| Reply::new(302, "text/html", "<html>moved</html>").header("Location", &next)
        });
        let url = https(server.address());
        let probe = machine.prober().probe(&index_page(&url)).await;
        assert_diagnosis(&probe, HostDiagnosis::Unreachable, &["doctor/redirect"]);
        let causes = &probe.report.findings[0].causes;
        assert!(causes.iter().any(|cause| cause.contains(words)), "{words}: {causes:?}");
        assert_remedy(&probe, false, "the redirect's target");
        let probe = machine.probe(&url).await;
        assert_diagnosis(&probe, HostDiagnosis::Clean, &[]);
    }
    assert_eq!((untrusted.requests().len(), plain.requests().len()), (0, 0));
}

#[tokio::test]
async fn plain_http_on_the_tls_port_is_a_portal() {
    let page = "HTTP/1.1 302 Found\r\nLocation: http://portal.example/login\r\n\
                Content-Type: text/html\r\n\r\n<title>Welcome, guest</title>";
    let server = RawServer::answering(page);
    let probe = Machine::new().probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::Portal, &["doctor/portal"]);
    let causes = &probe.report.findings[0].causes;
    assert!(causes.iter().any(|cause| cause.contains("Welcome, guest")), "{causes:?}");
    assert!(causes.iter().any(|cause| cause.contains("portal.example")), "{causes:?}");
    assert_remedy(&probe, false, "browser");
}

#[tokio::test]
async fn a_server_of_plain_http_is_told_by_its_scheme() {
    let server = RawServer::answering("HTTP/1.1 400 Bad Request\r\n\r\n");
    let probe = Machine::new().probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::Unreachable, &["doctor/not-tls"]);
    let server = RawServer::answering("SSH-2.0-OpenSSH\r\n");
    let probe = Machine::new().probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::Unreachable, &["doctor/not-tls"]);
}

#[tokio::test]
async fn plain_http_is_told_as_unprotected() {
    let index = FakeIndex::start();
    let probe = Machine::new().prober().probe(&index_page(index.url())).await;
    assert_diagnosis(&probe, HostDiagnosis::Clean, &["doctor/plain-http"]);
    assert_eq!(probe.report.findings[0].level, Level::Note, "this machine itself");

    let proxy = ForwardProxy::start();
    let server = HttpServer::start(|_| Reply::new(200, "application/json", "{}"));
    proxy.route("index.example", server.address());
    let machine = Machine::new().behind(proxy.url());
    let probe = machine.prober().probe(&index_page("http://index.example/simple/")).await;
    assert_diagnosis(&probe, HostDiagnosis::Clean, &["doctor/plain-http"]);
    assert_eq!(probe.report.findings[0].level, Level::Warning);
}

#[tokio::test]
async fn a_portal_on_plain_http_is_one_too() {
    let server = HttpServer::start(|_| Reply::status(511));
    let probe = Machine::new().probe(server.base()).await;
    assert_diagnosis(&probe, HostDiagnosis::Portal, &["doctor/plain-http", "doctor/portal"]);

    let server = HttpServer::start(|_| Reply::new(200, "text/plain", "fine"));
    server.fail("/", Fault::HtmlPage);
    let probe = Machine::new().prober().probe(&index_page(server.base())).await;
    assert_diagnosis(&probe, HostDiagnosis::Portal, &["doctor/plain-http", "doctor/block-page"]);
    assert_evidence(&probe, "called `Sign in`");
}

#[tokio::test]
async fn an_error_of_a_verified_host_is_no_matter_of_trust() {
    let machine = Machine::new();
    let identity = machine.public.identity(&Leaf::loopback());
    for (status, level) in [(401, Level::Note), (404, Level::Warning), (503, Level::Error)] {
        let server = HttpServer::start_identity(&identity, move |_| {
            Reply::new(status, "text/html", "<html><title>no</title></html>")
        });
        let probe = machine.prober().probe(&index_page(https(server.address()))).await;
        assert_diagnosis(&probe, HostDiagnosis::Clean, &["doctor/http-status"]);
        assert_eq!(probe.report.findings[0].level, level);
        let probe = machine.probe(https(server.address())).await;
        assert_diagnosis(&probe, HostDiagnosis::Clean, &["doctor/http-status"]);
        assert_eq!(probe.report.findings[0].level, level.min(Level::Warning), "any answer is good");
    }
}
