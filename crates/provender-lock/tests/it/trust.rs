//! An index whose certificate nobody trusts until told to.

use provender_lock::LockRequest;
use provender_net::roots::CaBundle;
use provender_net::{Client, ClientSettings, RetrySettings};
use provender_test::{Authority, FakeIndex, Release};

use crate::project::{Project, pins};

fn project(authority: &Authority) -> Project {
    let mut project = Project::new("", "a\n");
    project.index = FakeIndex::start_tls(authority);
    project.index.add(&Release::new("a", "1.0"));
    project.write("root.pem", &authority.pem());
    project
}

fn with(project: &Project, ca_bundles: Vec<CaBundle>) -> LockRequest {
    let retry = RetrySettings { retries: 0, ..RetrySettings::default() };
    let settings = ClientSettings { ca_bundles, retry, ..ClientSettings::default() };
    LockRequest { client: Client::new(settings).unwrap(), ..project.request() }
}

#[test]
fn an_untrusted_issuer_is_named_with_the_setting_that_would_trust_it() {
    let authority = Authority::named("Example Corp Inspection CA");
    let project = project(&authority);
    let failure = project.lock(&with(&project, Vec::new())).unwrap_err();
    let told = &failure.diagnostic;
    assert!(told.message.contains("127.0.0.1"), "{told:?}");
    assert!(told.message.contains("Example Corp Inspection CA"), "{told:?}");
    assert!(told.hint.as_deref().unwrap_or_default().contains("--ca-bundle"), "{told:?}");
}

#[test]
fn a_named_ca_is_trusted_by_the_resolver_too() {
    let authority = Authority::named("Example Corp Inspection CA");
    let project = project(&authority);
    let bundle = CaBundle::new(project.path("root.pem"), "--ca-bundle");
    let outcome = project.lock(&with(&project, vec![bundle])).unwrap();
    assert_eq!(pins(&outcome.lock), ["a==1.0"]);
}
