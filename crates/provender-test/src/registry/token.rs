//! A token server whose tokens real registries take (the distribution project's "Docker Registry v2 Bearer token
//! specification").

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::KeyPair;
use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs::sign::any_ecdsa_type;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};

use crate::authority::{Authority, Leaf};
use crate::http::{HttpServer, Reply, Request, basic};

/// Gives tokens, signed with a key that an authority vouches for, to one user. It ends when dropped.
pub struct TokenServer {
    http: HttpServer,
}

struct Issuer {
    key: KeyPair,
    /// The certificate of the key, as tokens carry it.
    x5c: Vec<String>,
    login: String,
}

impl TokenServer {
    /// Who signs: what the registry's `auth.token.issuer` names.
    pub const ISSUER: &str = "test issuer";

    /// Starts a server that gives tokens to this user. The registry trusts `authority`: its `auth.token.rootcertbundle`.
    pub fn start(authority: &Authority, user: &str, password: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let identity = authority.identity_with_key(&Leaf::names(["token.example"]), &key);
        let x5c = identity.chain().iter().map(|certificate| STANDARD.encode(certificate)).collect();
        let issuer = Issuer { key, x5c, login: basic(user, password) };
        Self { http: HttpServer::start(move |request| issuer.answer(request)) }
    }

    /// What the registry's `auth.token.realm` names.
    pub fn realm(&self) -> String {
        format!("{}/token", self.http.base())
    }

    /// The server below: its address, its record of requests, its faults.
    pub fn http(&self) -> &HttpServer {
        &self.http
    }
}

impl Issuer {
    fn answer(&self, request: &Request) -> Reply {
        if request.header("authorization") != Some(&self.login) {
            return Reply::status(401);
        }
        let pairs: Vec<(String, String)> =
            url::form_urlencoded::parse(request.query.as_bytes()).into_owned().collect();
        let get = |name: &'static str| {
            pairs.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
        };
        let access: Vec<Value> =
            get("scope").flat_map(|scopes| scopes.split(' ')).filter_map(scope).collect();
        let service = get("service").next().unwrap_or_default();
        let token = self.token(service, &access);
        Reply::new(
            200,
            "application/json",
            json!({ "token": token, "expires_in": 300 }).to_string(),
        )
    }

    fn token(&self, service: &str, access: &[Value]) -> String {
        let now =
            SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_secs();
        let header = json!({ "typ": "JWT", "alg": "ES256", "x5c": self.x5c });
        let claims = json!({
            "iss": TokenServer::ISSUER, "sub": "tester", "aud": service, "jti": "1",
            "iat": now - 10, "nbf": now - 10, "exp": now + 300, "access": access,
        });
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature = URL_SAFE_NO_PAD.encode(self.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// The signature as JSON web tokens have it: both numbers in 32 bytes each (RFC 7518, section 3.4).
    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let key = any_ecdsa_type(&key).expect("a key for ECDSA");
        let signer = key.choose_scheme(&[SignatureScheme::ECDSA_NISTP256_SHA256]);
        let der = signer.expect("a key on P-256").sign(message).expect("a signature");
        // SEQUENCE { INTEGER r, INTEGER s }, both shorter than 128 bytes.
        let (r, rest) = integer(&der[2..]);
        let (s, _) = integer(rest);
        [r, s].concat()
    }
}

/// The first INTEGER as 32 bytes, and what stands behind it.
fn integer(der: &[u8]) -> ([u8; 32], &[u8]) {
    let length = usize::from(der[1]);
    let (number, rest) = der[2..].split_at(length);
    let digits = number.strip_prefix(&[0]).unwrap_or(number);
    let mut padded = [0; 32];
    padded[32 - digits.len()..].copy_from_slice(digits);
    (padded, rest)
}

/// `TYPE:NAME:ACTIONS`.
fn scope(text: &str) -> Option<Value> {
    let (resource, actions) = text.rsplit_once(':')?;
    let (kind, name) = resource.split_once(':')?;
    let actions: Vec<&str> = actions.split(',').collect();
    Some(json!({ "type": kind, "name": name, "actions": actions }))
}
