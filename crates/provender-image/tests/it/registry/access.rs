//! Who is let in, with what, and what is said to those who are not.

use std::path::Path;
use std::time::Duration;

use provender_image::registry::helper::{self, HelperError};
use provender_image::registry::{
    PushOptions, Registry, RegistryCredential, RegistryError, RegistrySecret, RegistrySettings,
};
use provender_net::{Client, ClientSettings, Credential, CredentialRule};
use provender_test::{Authority, HttpServer, OciRegistry, Reply};

use super::sample::Sample;
use super::{asked, client, client_with, network, password, reference, with};

fn options() -> PushOptions {
    PushOptions::default()
}

#[tokio::test]
async fn anybody_gets_a_token_for_pulling_where_that_is_allowed() {
    let registry = OciRegistry::start();
    registry.require_tokens("me", "pw", true);
    Sample::new(1, &[1000]).put(&registry, "team/app", "1");
    let folder = tempfile::tempdir().unwrap();
    let wanted = reference(&registry, "team/app:1");
    client().pull(&wanted, None, folder.path(), None).await.unwrap();
    assert_eq!(registry.tokens_given(), 1, "one token for the whole pull");
}

#[tokio::test]
async fn a_user_gets_tokens_for_pushing_and_for_mounting() {
    let registry = OciRegistry::start();
    registry.require_tokens("me", "p:w", false);
    let base = reference(&registry, "base/python:3");
    let sample = Sample { origin: Some(base), ..Sample::new(1, &[1000]) };
    registry.add_blob("base/python", &sample.blobs[0].1);
    let client = client_with(&registry.name(), password("me", "p:w"));
    let pushed = client.push(&sample, &reference(&registry, "app:1"), &options(), None).await;
    let mounted = pushed.unwrap().blobs[&sample.layer().digest];
    assert_eq!(mounted, provender_image::registry::Moved::Mounted);
    assert_eq!(registry.tokens_given(), 2, "one for the repository, one for both");
}

#[tokio::test]
async fn an_identity_token_is_exchanged_by_post() {
    let registry = OciRegistry::start();
    registry.require_tokens("me", "pw", false);
    let client = client_with(&registry.name(), RegistrySecret::IdentityToken("refresh".to_owned()));
    let sample = Sample::new(1, &[10]);
    client.push(&sample, &reference(&registry, "app"), &options(), None).await.unwrap();
    assert_eq!(asked(&registry, "POST", "/token"), 1);
}

#[tokio::test]
async fn a_token_that_is_taken_no_more_is_asked_for_again_once() {
    let registry = OciRegistry::start();
    registry.require_tokens("me", "pw", false);
    let sample = Sample::new(1, &[10]);
    sample.put(&registry, "app", "1");
    let client = client_with(&registry.name(), password("me", "pw"));
    let wanted = reference(&registry, "app:1");
    client.resolve(&wanted).await.unwrap();
    registry.expire_tokens();
    client.resolve(&wanted).await.unwrap();
    assert_eq!(registry.tokens_given(), 2);
    let refusal = Reply::status(401).header(
        "WWW-Authenticate",
        &format!(
            "Bearer realm=\"{}/token\",service=\"test \\\"registry\\\"\"",
            registry.http().base()
        ),
    );
    for method in ["HEAD", "GET"] {
        registry.answer_next(method, "/v2/app/", 10, refusal.clone());
    }
    let error = client.resolve(&wanted).await.unwrap_err();
    assert!(matches!(error, RegistryError::Denied(_)), "{error}");
    assert_eq!(registry.tokens_given(), 4, "one for each of HEAD and GET");
}

#[tokio::test]
async fn who_is_refused_is_told_which_credential_was_shown_and_where_it_came_from() {
    let registry = OciRegistry::start();
    registry.require_tokens("me", "pw", false);
    let wanted = reference(&registry, "app:1");
    let error = client_with(&registry.name(), password("me", "hush")).resolve(&wanted).await;
    let error = error.unwrap_err();
    let said = format!("{error} {error:?} {}", error.hint().unwrap());
    assert!(said.contains("the test's file") && said.contains("token server"), "{said}");
    assert!(!said.contains("hush"), "{said}");
    let error = client().resolve(&wanted).await.unwrap_err();
    assert!(error.to_string().contains("without a credential"), "{error}");
    assert!(error.hint().unwrap().contains("docker login"));
}

#[tokio::test]
async fn who_may_not_push_is_told_so() {
    let registry = OciRegistry::start();
    let denied = r#"{"errors":[{"code":"DENIED","message":"requested access is denied"}]}"#;
    let reply = Reply::new(403, "application/json", denied);
    registry.answer_next("POST", "/v2/app/", 10, reply);
    let sample = Sample::new(1, &[10]);
    let pushed = client().push(&sample, &reference(&registry, "app"), &options(), None).await;
    let error = pushed.unwrap_err().to_string();
    assert!(error.contains("403") && error.contains("requested access is denied"), "{error}");
}

#[tokio::test]
async fn basic_authentication_is_learnt_from_the_challenge() {
    let registry = OciRegistry::start();
    registry.http().require_login("me", "pw");
    let sample = Sample::new(1, &[10]);
    sample.put(&registry, "app", "1");
    let wanted = reference(&registry, "app:1");
    let client = client_with(&registry.name(), password("me", "pw"));
    client.resolve(&wanted).await.unwrap();
    client.resolve(&wanted).await.unwrap();
    let requests = registry.http().requests();
    let refused = requests.iter().filter(|request| request.status == Some(401)).count();
    assert_eq!(refused, 1, "only the first request is made without a credential");
    let error = client_with(&registry.name(), password("me", "no")).resolve(&wanted).await;
    assert!(matches!(error, Err(RegistryError::Denied(_))));
}

#[tokio::test]
async fn the_clients_own_credentials_serve_where_none_is_named_for_registries() {
    let registry = OciRegistry::start();
    registry.require_tokens("me", "pw", false);
    Sample::new(1, &[10]).put(&registry, "app", "1");
    let basic = Credential::Basic { user: "me".to_owned(), password: "pw".to_owned() };
    let rule = CredentialRule::new(&registry.http().base(), basic, "provender.toml").unwrap();
    let settings = ClientSettings { credentials: vec![rule], ..network() };
    let client = Registry::new(Client::new(settings).unwrap(), RegistrySettings::default());
    client.resolve(&reference(&registry, "app:1")).await.unwrap();
}

#[tokio::test]
async fn the_longest_name_decides_which_credential_is_shown() {
    let registry = OciRegistry::start();
    registry.require_tokens("team", "pw", false);
    Sample::new(1, &[10]).put(&registry, "team/app", "1");
    let credential = |user: &str| RegistryCredential {
        secret: password(user, "pw"),
        source: "auth.json".to_owned(),
    };
    let name = registry.name();
    let credentials =
        vec![(format!("{name}/team"), credential("team")), (name, credential("other"))];
    let client = with(RegistrySettings { credentials, ..RegistrySettings::default() });
    client.resolve(&reference(&registry, "team/app:1")).await.unwrap();
}

#[tokio::test]
async fn credentials_do_not_follow_a_blob_to_another_host() {
    let files = HttpServer::start(|_| Reply::new(200, "application/octet-stream", "x"));
    let registry = OciRegistry::start();
    registry.require_tokens("me", "pw", false);
    let sample = Sample::new(1, &[1000]);
    sample.put(&registry, "app", "1");
    let there = Reply::status(307).header("Location", &format!("{}/file?sig=1", files.base()));
    registry.answer_next("GET", &super::blob_path("app", &sample.layer().digest), 1, there);
    let client = client_with(&registry.name(), password("me", "pw"));
    let folder = tempfile::tempdir().unwrap();
    let wanted = reference(&registry, "app:1");
    client.pull(&wanted, None, folder.path(), None).await.unwrap();
    let asked = files.requests();
    assert_eq!((asked.len(), asked[0].header("authorization")), (1, None));
}

#[tokio::test]
async fn a_registry_over_tls_is_trusted_by_its_authority_only() {
    let authority = Authority::named("Registry CA");
    let registry = OciRegistry::start_tls(&authority);
    let sample = Sample::new(1, &[10]);
    sample.put(&registry, "app", "1");
    let wanted = reference(&registry, "app:1");
    let error = client().resolve(&wanted).await.unwrap_err();
    assert!(error.to_string().contains("not trusted"), "{error}");
    assert!(registry.http().requests().is_empty());
    let found = super::trusting(&authority, RegistrySettings::default()).resolve(&wanted).await;
    assert_eq!(found.unwrap().digest, sample.root);
}

#[tokio::test]
async fn a_registry_over_tls_is_never_led_to_plain_http() {
    let authority = Authority::named("Registry CA");
    let registry = OciRegistry::start_tls(&authority);
    let client = super::trusting(&authority, RegistrySettings::default());
    let wanted = reference(&registry, "app:1");
    let plain = Reply::status(401)
        .header("WWW-Authenticate", "Bearer realm=\"http://auth.example/token\",service=\"x\"");
    registry.answer_next("HEAD", "/v2/app/", 1, plain);
    let error = client.resolve(&wanted).await.unwrap_err();
    assert!(matches!(error, RegistryError::Insecure { .. }), "{error}");
    let away = Reply::status(202).header("Location", "http://files.example/upload");
    registry.answer_next("POST", "/v2/app/", 1, away);
    let sample =
        Sample { blobs: vec![Sample::new(1, &[10]).blobs.remove(0)], ..Sample::new(1, &[10]) };
    let error = client.push(&sample, &wanted, &options(), None).await.unwrap_err();
    assert!(matches!(error, RegistryError::Insecure { .. }), "{error}");
}

#[tokio::test]
async fn a_location_that_forgot_tls_is_asked_over_tls() {
    let authority = Authority::named("Registry CA");
    let registry = OciRegistry::start_tls(&authority);
    // Writes `http://` before its own name, as behind a proxy that ends TLS.
    registry.with_absolute_locations();
    let client = super::trusting(&authority, RegistrySettings::default());
    let sample = Sample::new(1, &[10]);
    client.push(&sample, &reference(&registry, "app:1"), &options(), None).await.unwrap();
}

#[cfg(unix)]
mod helpers {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    /// A program that reads a registry's name and does this.
    fn program(folder: &Path, script: &str) -> std::path::PathBuf {
        let path = folder.join("docker-credential-test");
        std::fs::write(&path, format!("#!/bin/sh\nread name\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    async fn get(script: &str, limit: Duration) -> Result<Option<RegistryCredential>, HelperError> {
        let folder = tempfile::tempdir().unwrap();
        helper::get(&program(folder.path(), script), "registry.example", limit).await
    }

    const MINUTE: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn a_helper_is_asked_for_the_registry_by_name() {
        let answer = r#"[ "$1" = get ] && printf '{"ServerURL":"%s","Username":"me","Secret":"at %s"}' "$name" "$name""#;
        let found = get(answer, MINUTE).await.unwrap().unwrap();
        assert_eq!(found.secret, password("me", "at registry.example"));
        assert!(found.source.contains("docker-credential-test"));
        let token = r#"printf '{"Username":"<token>","Secret":"t"}'"#;
        let found = get(token, MINUTE).await.unwrap().unwrap();
        assert_eq!(found.secret, RegistrySecret::IdentityToken("t".to_owned()));
    }

    #[tokio::test]
    async fn a_helper_that_has_none_is_no_failure_and_others_are() {
        let none = "echo 'credentials not found in native keychain'; exit 1";
        assert_eq!(get(none, MINUTE).await.unwrap(), None);
        let failed = get("echo hush; exit 3", MINUTE).await.unwrap_err();
        assert!(
            matches!(failed, HelperError::Failed { .. }) && !format!("{failed:?}").contains("hush")
        );
        let other = get("echo hush", MINUTE).await.unwrap_err();
        assert!(
            matches!(other, HelperError::Answer { .. }) && !format!("{other:?}").contains("hush")
        );
        let silent = get("exec sleep 600", Duration::from_millis(50)).await.unwrap_err();
        assert!(matches!(silent, HelperError::Silent { .. }));
        let endless = get("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", MINUTE).await;
        assert!(endless.is_err());
        let missing = helper::get(Path::new("no/such/helper"), "a.example", MINUTE).await;
        assert!(matches!(missing, Err(HelperError::Run { .. })));
    }
}
