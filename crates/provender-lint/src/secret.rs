//! What is a secret, and how it is kept out of everything that is shown.

mod tokens;

use crate::facts::Span;
use crate::source::File;

pub use tokens::{Token, tokens};

/// Whether a variable of this name holds a secret: `NPM_TOKEN`, `dbPassword`,
/// `AWS_SECRET_ACCESS_KEY`; not `TOKEN_URL`, `PASSWORD_FILE`, `PUBLIC_KEY` or `MAX_TOKENS`.
pub fn names_secret(name: &str) -> bool {
    let parts = parts(name);
    let Some(last) = parts.last() else { return false };
    if parts.iter().any(|part| HARMLESS.contains(&part.as_str())) || ABOUT.contains(&last.as_str())
    {
        return false;
    }
    let secret = parts.iter().any(|part| SECRET.contains(&part.as_str()));
    let key =
        parts.windows(2).any(|pair| pair[1] == "KEY" && KINDS_OF_KEY.contains(&pair[0].as_str()));
    let short = parts.len() > 1
        && matches!(last.as_str(), "PASS" | "PWD" | "PW")
        && !matches!(parts[0].as_str(), "OLD" | "INIT");
    secret || key || short
}

/// Words that make a name one of a secret.
const SECRET: [&str; 11] = [
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "SECRET",
    "TOKEN",
    "APIKEY",
    "APITOKEN",
    "AUTHTOKEN",
    "CREDENTIAL",
    "CREDENTIALS",
    "SECRETKEY",
];

/// What stands before `KEY` where the key is a secret one.
const KINDS_OF_KEY: [&str; 10] = [
    "API",
    "ACCESS",
    "PRIVATE",
    "SECRET",
    "ENCRYPTION",
    "SIGNING",
    "AUTH",
    "MASTER",
    "DEPLOY",
    "LICENSE",
];

/// Words anywhere in a name that make it harmless.
const HARMLESS: [&str; 4] = ["PUBLIC", "PUB", "TOKENIZER", "TOKENIZERS"];

/// Last words of names that speak about a secret and are none.
const ABOUT: [&str; 55] = [
    "FILE",
    "PATH",
    "DIR",
    "FOLDER",
    "NAME",
    "ID",
    "IDS",
    "URL",
    "URI",
    "ENDPOINT",
    "HOST",
    "PORT",
    "VERSION",
    "TYPE",
    "KIND",
    "ALGORITHM",
    "ALG",
    "LENGTH",
    "SIZE",
    "TTL",
    "AGE",
    "EXPIRY",
    "EXPIRATION",
    "EXPIRES",
    "LIFETIME",
    "TIMEOUT",
    "SECONDS",
    "MINUTES",
    "HOURS",
    "DAYS",
    "COUNT",
    "LIMIT",
    "MAX",
    "MIN",
    "ENABLED",
    "DISABLED",
    "REQUIRED",
    "HEADER",
    "PREFIX",
    "SUFFIX",
    "FORMAT",
    "POLICY",
    "PROVIDER",
    "MODE",
    "REGION",
    "USER",
    "USERNAME",
    "ISSUER",
    "AUDIENCE",
    "ARN",
    "STORE",
    "MOUNT",
    "INTERVAL",
    "FIELD",
    "HELPER",
];

/// A name's words in upper case: at `_`, `-` and `.`, and where a small letter meets a capital one.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut small_before = false;
    for character in name.chars() {
        let parting = matches!(character, '_' | '-' | '.');
        if parting || (small_before && character.is_ascii_uppercase()) {
            parts.push(String::new());
        }
        if !parting && let Some(part) = parts.last_mut() {
            part.push(character.to_ascii_uppercase());
        }
        small_before = character.is_ascii_lowercase();
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Whether a value only stands in for a secret: nothing, a variable, `changeme`, `<token>`, `****`,
/// a path or an address.
pub fn is_placeholder(value: &str) -> bool {
    let value = value.trim();
    let lower = value.to_lowercase();
    const WORDS: [&str; 19] = [
        "changeme",
        "change-me",
        "change_me",
        "change me",
        "dummy",
        "placeholder",
        "example",
        "sample",
        "replace",
        "redacted",
        "todo",
        "fixme",
        "xxx",
        "your-",
        "your_",
        "not-a-",
        "not_a_",
        "notasecret",
        "insert",
    ];
    value.len() < 3
        || value.contains(['$', '<', '>', '{', '}'])
        || value.starts_with(['/', '@', '%'])
        || value.contains("://")
        || is_monotonous(value)
        || value.parse::<f64>().is_ok() && value.len() < 6
        || WORDS.iter().any(|word| lower.contains(word))
        || matches!(
            lower.as_str(),
            "true"
                | "false"
                | "yes"
                | "off"
                | "none"
                | "null"
                | "nil"
                | "undefined"
                | "secret"
                | "token"
                | "password"
                | "unset"
                | "disabled"
                | "enabled"
                | "test"
                | "fake"
        )
}

/// Whether a value has no two different letters or digits: `00000000-0000`, `****`.
fn is_monotonous(value: &str) -> bool {
    let mut characters = value.chars().filter(|character| character.is_alphanumeric());
    let first = characters.next();
    characters.all(|character| Some(character) == first)
}

/// A credential within a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InUrl<'t> {
    /// The URL's scheme.
    pub scheme: &'t str,
    /// Who it is for, if that is no secret itself.
    pub user: Option<&'t str>,
    /// The host, with a port.
    pub host: &'t str,
    /// Where the secret stands in the text.
    pub secret: Span,
}

impl InUrl<'_> {
    /// The URL's beginning, with stars in the secret's place.
    pub fn redacted(&self) -> String {
        match self.user {
            Some(user) => format!("{}://{user}:****@{}", self.scheme, self.host),
            None => format!("{}://****@{}", self.scheme, self.host),
        }
    }
}

/// What a file or folder of this name holds that is secret, in words that follow the name; none for
/// other names and for templates such as `.env.example`. Case does not matter.
pub fn held_by(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    let template = ends(&[
        ".example",
        ".sample",
        ".template",
        ".dist",
        ".tmpl",
        ".defaults",
        ".schema",
        ".pub",
        ".md",
    ]);
    if template {
        return None;
    }
    if name == ".env" || name.starts_with(".env.") || name == ".env*" {
        return Some("holds an environment's secrets");
    }
    if matches!(
        name.as_str(),
        ".npmrc"
            | ".pypirc"
            | ".netrc"
            | "_netrc"
            | ".git-credentials"
            | ".dockercfg"
            | ".htpasswd"
            | ".vault-token"
    ) || matches!(
        name.as_str(),
        "credentials.json" | "service-account.json" | "service_account.json" | "kubeconfig"
    ) || matches!(name.as_str(), ".ssh" | ".aws" | ".gnupg" | ".kube" | ".docker")
    {
        return Some("holds credentials");
    }
    let key = matches!(name.as_str(), "id_rsa" | "id_dsa" | "id_ecdsa" | "id_ed25519")
        || ends(&[".p12", ".pfx", ".kdbx"])
        || ends(&[".key"]) && !name.contains("pub")
        || ends(&[".pem"])
            && (name.contains("key") || name.contains("priv"))
            && !name.contains("pub");
    key.then_some("holds a private key")
}

/// How tokens of well-known services begin; such a one is a secret even where a user name is
/// expected.
const TOKENS: [&str; 9] =
    ["ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "gldt-", "pypi-", "npm_", "AKC"];

/// The credentials in all URLs of a text. Placeholders (`${TOKEN}`, `<password>`, `USER:PASSWORD`)
/// are none.
pub fn in_urls(text: &str) -> Vec<InUrl<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(colon) = text[at..].find("://").map(|colon| at + colon) {
        let authority_start = colon + 3;
        at = authority_start;
        let scheme_start = text[..colon]
            .rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')))
            .map_or(0, |before| before + text[before..].chars().next().map_or(1, char::len_utf8));
        let scheme = &text[scheme_start..colon];
        let rest = &text[authority_start..];
        let end = rest
            .find(|c: char| {
                c.is_whitespace()
                    || matches!(c, '/' | '?' | '#' | '"' | '\'' | '`' | ',' | ';' | '|')
            })
            .unwrap_or(rest.len());
        let Some(sign) = rest[..end].rfind('@') else { continue };
        let (user_info, host) = (&rest[..sign], &rest[sign + 1..end]);
        if scheme.is_empty() || host.is_empty() {
            continue;
        }
        let (user, secret) = match user_info.split_once(':') {
            Some((user, secret)) => (Some(user).filter(|user| !user.is_empty()), secret),
            None => (None, user_info),
        };
        let whole_user_is_secret = !user_info.contains(':');
        let counts = if whole_user_is_secret {
            TOKENS.iter().any(|token| secret.starts_with(token)) && !stands_in(secret)
        } else {
            !stands_in(secret) && !is_textbook(user.unwrap_or_default(), secret)
        };
        if counts {
            let start = authority_start + sign - secret.len();
            let user = user.filter(|user| TOKENS.iter().all(|token| !user.starts_with(token)));
            found.push(InUrl { scheme, user, host, secret: start..authority_start + sign });
        }
        at = authority_start + sign + 1;
    }
    found
}

/// Whether a password in a URL is a variable or a sign for one.
fn stands_in(secret: &str) -> bool {
    let lower = secret.to_lowercase();
    secret.is_empty()
        || secret.contains(['$', '<', '>', '{', '}', '*', '[', ']'])
        || secret.starts_with('%') && secret.ends_with('%') && secret.len() > 2
        || secret.chars().all(|character| matches!(character, 'x' | 'X' | '.' | '-' | '_'))
        || ["changeme", "change-me", "placeholder", "redacted", "your-", "your_"]
            .iter()
            .any(|word| lower.contains(word))
}

/// Whether user and password are the words that documentation writes: `user:password`.
fn is_textbook(user: &str, secret: &str) -> bool {
    let user = user.to_lowercase();
    let secret = secret.to_lowercase();
    matches!(user.as_str(), "user" | "username" | "login" | "name" | "me" | "")
        && matches!(
            secret.as_str(),
            "password" | "pass" | "pw" | "passwd" | "secret" | "token" | "pwd"
        )
}

/// Where secrets stand in a file's text, in order and without overlap: whoever shows lines of the
/// file puts something else in their place.
///
/// These are passwords in URLs and the values of variables whose names say that they hold a secret.
pub fn spans(file: &File) -> Vec<Span> {
    let mut spans: Vec<Span> = in_urls(&file.text).into_iter().map(|url| url.secret).collect();
    for variable in &file.facts.variables {
        if let Some(value) = &variable.value
            && names_secret(&variable.name)
            && file
                .text
                .get(value.span.clone())
                .is_some_and(|raw| !raw.contains('$') && raw.len() > 2)
        {
            spans.push(value.span.clone());
        }
    }
    for setting in &file.facts.settings {
        if names_secret(setting.name().trim_start_matches('_')) {
            let values = setting.values.iter().filter(|value| !value.text.contains('$'));
            spans.extend(values.map(|value| value.span.clone()));
        }
    }
    spans.sort_by_key(|span| (span.start, span.end));
    let mut merged: Vec<Span> = Vec::new();
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_they_hold() {
        for name in [
            "NPM_TOKEN",
            "dbPassword",
            "AWS_SECRET_ACCESS_KEY",
            "API_KEY",
            "MYSQL_PWD",
            "DB_PASS",
            "SECRET_KEY_BASE",
            "POSTGRES_PASSWORD",
            "_authToken",
        ] {
            assert!(names_secret(name), "{name}");
        }
        for name in [
            "TOKEN_URL",
            "PASSWORD_FILE",
            "PUBLIC_KEY",
            "MAX_TOKENS",
            "GPG_KEY",
            "PWD",
            "OLDPWD",
            "TOKENIZERS_PARALLELISM",
            "AWS_ACCESS_KEY_ID",
            "KEYCLOAK_VERSION",
            "ACCESS_TOKEN_EXPIRE_MINUTES",
            "SECRET_NAME",
            "COMPASS",
            "MONKEY",
            "BYPASS",
        ] {
            assert!(!names_secret(name), "{name}");
        }
    }

    #[test]
    fn a_placeholder_is_no_secret() {
        for value in [
            "",
            "$TOKEN",
            "changeme",
            "<token>",
            "/run/secrets/x",
            "****",
            "true",
            "your-token-here",
            "0000-0000",
            "1234",
        ] {
            assert!(is_placeholder(value), "{value}");
        }
        for value in ["hunter2", "s3cr3t-value", "postgres", "0123456789abcdef"] {
            assert!(!is_placeholder(value), "{value}");
        }
    }

    #[test]
    fn a_password_in_a_url_is_found_and_never_shown() {
        let text = "--index-url https://bob:hunter2@index.example/simple/ x";
        let found = in_urls(text);
        assert_eq!(found.len(), 1);
        assert_eq!(&text[found[0].secret.clone()], "hunter2");
        assert_eq!(found[0].redacted(), "https://bob:****@index.example");
    }

    #[test]
    fn a_token_in_the_user_s_place_is_a_secret() {
        let text = "git+https://ghp_abcdef@git.example/a.git";
        let found = in_urls(text);
        assert_eq!(&text[found[0].secret.clone()], "ghp_abcdef");
        assert_eq!(found[0].redacted(), "git+https://****@git.example");
        let text = "https://:hunter2@git.example";
        assert_eq!(in_urls(text)[0].redacted(), "https://****@git.example");
    }

    #[test]
    fn variables_and_words_of_documentation_are_no_credentials() {
        for text in [
            "https://${USER}:${PASSWORD}@index.example/",
            "https://bob:$PASSWORD@index.example/",
            "https://user:password@index.example/",
            "https://USERNAME:TOKEN@index.example/",
            "https://bob@index.example/",
            "ssh://git@git.example/a.git",
            "https://index.example/a@b:c",
            "https://bob:%PASSWORD%@index.example/",
            "https://x-access-token:{{ token }}@git.example",
            "https://é.example/ü@x",
        ] {
            assert_eq!(in_urls(text), Vec::new(), "{text}");
        }
    }

    #[test]
    fn every_url_of_a_text_is_looked_at() {
        let text = "https://a:secret1@x.example,https://b:secret2@y.example";
        let secrets: Vec<&str> =
            in_urls(text).iter().map(|url| &text[url.secret.clone()]).collect();
        assert_eq!(secrets, ["secret1", "secret2"]);
    }
}
