//! An index that asks who is there.

use provender_lock::LockRequest;
use provender_net::{Client, ClientSettings, Credential, CredentialRule};

use crate::project::{Project, pins};

const ONE: &str = "[a]\n\"1.0\" = {}\n";

fn guarded() -> Project {
    let project = Project::new(ONE, "a\n");
    project.index.http().require_login("ann", "s3cret");
    project
}

fn with(project: &Project, settings: ClientSettings) -> LockRequest {
    LockRequest { client: Client::new(settings).unwrap(), ..project.request() }
}

#[test]
fn without_a_password_the_index_refuses_and_the_lock_says_so() {
    let project = guarded();
    let failure = project.lock(&project.request()).unwrap_err();
    let told = format!("{:?}", failure.diagnostic);
    assert!(told.contains("401") || told.contains("credentials"), "{told}");
}

#[test]
fn credentials_of_the_settings_are_used_for_their_index() {
    let project = guarded();
    let credential = Credential::Basic { user: "ann".into(), password: "s3cret".into() };
    let rule = CredentialRule::new(&project.index.url(), credential, "a test").unwrap();
    let settings = ClientSettings { credentials: vec![rule], ..ClientSettings::default() };
    let outcome = project.lock(&with(&project, settings)).unwrap();
    assert_eq!(pins(&outcome.lock), ["a==1.0"]);
}

#[test]
fn netrc_is_used_for_its_host() {
    let project = guarded();
    let netrc = project.path("netrc");
    std::fs::write(&netrc, "machine 127.0.0.1 login ann password s3cret\n").unwrap();
    let settings = ClientSettings { netrc: Some(netrc), ..ClientSettings::default() };
    assert_eq!(pins(&project.lock(&with(&project, settings)).unwrap().lock), ["a==1.0"]);
}

#[test]
fn credentials_of_the_url_are_used_and_stay_out_of_the_lock() {
    let project = guarded();
    let mut request = project.request();
    let url = project.index.url().replace("http://", "http://ann:s3cret@");
    request.indexes.default = Some(url.parse().unwrap());
    let lock = project.lock(&request).unwrap().lock;
    let written = provender_core::lock::constraints::render(&lock)
        + &provender_core::lock::pylock::render(&lock);
    assert!(written.contains("a==1.0") && !written.contains("s3cret"), "{written}");
}
