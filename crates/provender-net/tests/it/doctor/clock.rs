//! Clocks that are wrong, and clocks that are not.

use jiff::{SignedDuration, Timestamp};
use provender_core::doctor::HostDiagnosis;
use provender_test::{Authority, ForwardProxy, HttpServer, Leaf, Reply};

use super::{Machine, assert_diagnosis, assert_evidence, assert_remedy, https, serving};

fn http_date(time: Timestamp) -> String {
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&time).unwrap()
}

fn years(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * 365 * count)
}

#[tokio::test]
async fn a_date_that_somebody_tells_shows_a_wrong_clock() {
    let mut machine = Machine::new();
    let server = serving(&machine.public.identity(&Leaf::names(["index.example"])));
    let proxy = ForwardProxy::start();
    proxy.route("index.example", server.address());
    proxy.date(&http_date(Timestamp::now()));
    machine = machine.behind(proxy.url());
    machine.now = Some(Timestamp::now() + years(2));
    let probe = machine.probe("https://index.example/").await;
    assert_diagnosis(&probe, HostDiagnosis::Clock, &["doctor/clock"]);
    // The answer to CONNECT is protected by nothing.
    assert_remedy(&probe, false, "compare the clock of this machine with another one you trust");
    assert_remedy(&probe, false, "says that it is");
    assert_evidence(&probe, "and the clock says");
}

#[tokio::test]
async fn a_date_that_a_verified_host_tells_proves_a_wrong_clock() {
    let mut machine = Machine::new();
    let lasting = Leaf::loopback().valid(-30, 1500);
    let good = HttpServer::start_identity(&machine.public.identity(&lasting), |_| {
        Reply::new(200, "text/plain", "fine").header("Date", &http_date(Timestamp::now()))
    });
    let refused = serving(&machine.public.identity(&Leaf::loopback()));
    machine.now = Some(Timestamp::now() + years(2));
    let good = format!("https://127.0.0.1:{}/", good.address().port());
    let probes = machine.probe_all(&[&https(refused.address()), &good]).await;
    assert_diagnosis(&probes[0], HostDiagnosis::Clock, &["doctor/clock"]);
    assert_remedy(&probes[0], true, "`127.0.0.1` says that it is");
    assert_diagnosis(&probes[1], HostDiagnosis::Clean, &["doctor/clock"]);
}

#[tokio::test]
async fn several_chains_outside_their_time_show_a_wrong_clock() {
    let mut machine = Machine::new();
    let one = serving(&machine.public.identity(&Leaf::loopback()));
    let other = serving(&machine.public.identity(&Leaf::loopback()));
    let other = format!("https://127.0.0.1:{}/", other.address().port());
    for (now, words) in [
        (Timestamp::now() - years(3), "are not valid yet by the clock"),
        (Timestamp::now() + years(3), "are past their end by the clock"),
    ] {
        machine.now = Some(now);
        for probe in machine.probe_all(&[&https(one.address()), &other]).await {
            assert_diagnosis(&probe, HostDiagnosis::Clock, &["doctor/clock"]);
            assert_evidence(&probe, words);
            assert_remedy(&probe, false, "compare the clock");
        }
    }
}

#[tokio::test]
async fn one_expired_host_among_good_ones_is_expired() {
    let machine = Machine::new();
    let expired = serving(&machine.public.identity(&Leaf::loopback().expired()));
    let good = serving(&machine.public.identity(&Leaf::loopback()));
    let good = format!("https://127.0.0.1:{}/", good.address().port());
    let probes = machine.probe_all(&[&https(expired.address()), &good]).await;
    assert_diagnosis(&probes[0], HostDiagnosis::Expired, &["doctor/expired"]);
    assert_diagnosis(&probes[1], HostDiagnosis::Clean, &[]);
}

#[tokio::test]
async fn two_expired_hosts_are_expired_where_somebody_tells_the_right_time() {
    let machine = Machine::new();
    let one = serving(&machine.public.identity(&Leaf::loopback().expired()));
    let other = serving(&machine.public.identity(&Leaf::loopback().expired()));
    let other = format!("https://127.0.0.1:{}/", other.address().port());
    let plain = HttpServer::start(|_| {
        Reply::new(200, "text/plain", "fine").header("Date", &http_date(Timestamp::now()))
    });
    let probes = machine.probe_all(&[&https(one.address()), &other, &plain.base()]).await;
    assert_diagnosis(&probes[0], HostDiagnosis::Expired, &["doctor/expired"]);
    assert_diagnosis(&probes[1], HostDiagnosis::Expired, &["doctor/expired"]);
}

#[tokio::test]
async fn a_chain_that_is_expired_at_the_right_time_too_is_expired_and_the_clock_is_wrong() {
    let mut machine = Machine::new();
    let leaf = Leaf::names(["index.example"]).valid(-400, -300);
    let server = serving(&machine.public.identity(&leaf));
    let proxy = ForwardProxy::start();
    proxy.route("index.example", server.address());
    proxy.date(&http_date(Timestamp::now()));
    machine = machine.behind(proxy.url());
    machine.now = Some(Timestamp::now() + years(2));
    let probe = machine.probe("https://index.example/").await;
    assert_diagnosis(&probe, HostDiagnosis::Expired, &["doctor/expired", "doctor/clock"]);
}

#[tokio::test]
async fn a_verified_host_that_tells_another_day_is_a_warning() {
    let machine = Machine::new();
    let identity = machine.public.identity(&Leaf::loopback());
    let server = HttpServer::start_identity(&identity, |_| {
        let yesterday = Timestamp::now() - SignedDuration::from_hours(60);
        Reply::new(200, "text/plain", "fine").header("Date", &http_date(yesterday))
    });
    let probe = machine.probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::Clean, &["doctor/clock"]);
}

#[tokio::test]
async fn a_wrong_clock_does_not_hide_an_unknown_authority() {
    let authority = Authority::named("Example Unknown Root");
    let server = serving(&authority.identity(&Leaf::loopback()).with_root());
    let mut machine = Machine::new();
    machine.now = Some(Timestamp::now() + years(2));
    let probe = machine.probe(https(server.address())).await;
    assert_diagnosis(&probe, HostDiagnosis::UntrustedIssuer, &["doctor/untrusted-issuer"]);
}
