//! Keys and tokens that are known by their shape, wherever they stand.

use memchr::memmem;

use crate::facts::Span;

/// A key or token in some bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is, such as `a private key`.
    pub what: &'static str,
    /// Where it stands.
    pub span: Span,
}

/// How the tokens of a service look: a beginning and then so many characters of a kind.
struct Shape {
    what: &'static str,
    begins: &'static [&'static str],
    /// The least length of what follows.
    least: usize,
    /// The greatest length of what follows.
    most: usize,
    /// What follows, besides letters and digits.
    besides: &'static [u8],
    /// Whether small letters may follow.
    small: bool,
}

const SHAPES: [Shape; 10] = [
    Shape { most: 16, small: false, ..Shape::of("an AWS access key", &["AKIA", "ASIA"], 16) },
    Shape::of("a GitHub token", &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], 36),
    Shape { besides: b"_", ..Shape::of("a GitHub token", &["github_pat_"], 40) },
    Shape { besides: b"-_", ..Shape::of("a GitLab token", &["glpat-", "gldt-", "glrt-"], 20) },
    Shape {
        besides: b"-",
        ..Shape::of("a Slack token", &["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-"], 20)
    },
    // Every token of an index of warehouse's kind is a macaroon, which begins so.
    Shape { besides: b"-_", ..Shape::of("a Python index's token", &["pypi-AgE"], 50) },
    Shape { most: 36, ..Shape::of("an npm token", &["npm_"], 36) },
    Shape { besides: b"-_", most: 35, ..Shape::of("a Google API key", &["AIza"], 35) },
    Shape { most: 80, ..Shape::of("an Artifactory API key", &["AKCp"], 60) },
    Shape::of("a Stripe key", &["sk_live_", "rk_live_"], 24),
];

impl Shape {
    const fn of(what: &'static str, begins: &'static [&'static str], least: usize) -> Self {
        Self { what, begins, least, most: 255, besides: b"", small: true }
    }

    fn holds(&self, byte: u8) -> bool {
        byte.is_ascii_uppercase()
            || byte.is_ascii_digit()
            || (self.small && byte.is_ascii_lowercase())
            || self.besides.contains(&byte)
    }

    fn find(&self, bytes: &[u8], found: &mut Vec<Token>) {
        for begin in self.begins {
            for start in memmem::find_iter(bytes, begin) {
                // A word that only goes on like a token, such as `my_npm_...`.
                let inside = start.checked_sub(1).and_then(|before| bytes.get(before));
                if inside.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
                    continue;
                }
                let rest = bytes.get(start + begin.len()..).unwrap_or_default();
                let length = rest.iter().take_while(|byte| self.holds(**byte)).count();
                let body = rest.get(..length).unwrap_or_default();
                if (self.least..=self.most).contains(&length) && !stands_in(body) {
                    let span = start..start + begin.len() + length;
                    found.push(Token { what: self.what, span });
                }
            }
        }
    }
}

/// Private keys in PEM (RFC 7468) and tokens of well-known services, by place. What only stands in
/// for one, as in documentation, is none.
pub fn tokens(bytes: &[u8]) -> Vec<Token> {
    let mut found = Vec::new();
    private_keys(bytes, &mut found);
    for shape in &SHAPES {
        shape.find(bytes, &mut found);
    }
    found.sort_by_key(|token| (token.span.start, token.span.end));
    found
}

fn private_keys(bytes: &[u8], found: &mut Vec<Token>) {
    const BEGIN: &[u8] = b"-----BEGIN ";
    const DASHES: &[u8] = b"-----";
    /// The longest label is `ENCRYPTED SIGSTORE PRIVATE KEY`.
    const LABEL: usize = 48;
    /// Within how many bytes a key has a full line, behind the headers of RFC 1421.
    const HEADERS: usize = 512;
    for start in memmem::find_iter(bytes, BEGIN) {
        let label_start = start + BEGIN.len();
        let window = bytes.get(label_start..).unwrap_or_default();
        let window = window.get(..LABEL + DASHES.len()).unwrap_or(window);
        let Some(length) = memmem::find(window, DASHES) else { continue };
        let label = window.get(..length).unwrap_or_default();
        if memmem::find(label, b"PRIVATE KEY").is_none() {
            continue;
        }
        let body_start = label_start + length + DASHES.len();
        let body = bytes.get(body_start..).unwrap_or_default();
        let body = body.get(..HEADERS).unwrap_or(body);
        let body = body.get(..memmem::find(body, DASHES).unwrap_or(body.len())).unwrap_or_default();
        if !has_base64(body) {
            continue;
        }
        let encrypted = memmem::find(label, b"ENCRYPTED").is_some()
            || memmem::find(body, b"4,ENCRYPTED").is_some();
        let what = if encrypted { "an encrypted private key" } else { "a private key" };
        found.push(Token { what, span: start..body_start });
    }
}

/// Whether there is a run of base64 such as only a key has; a program that looks for keys has none.
fn has_base64(body: &[u8]) -> bool {
    const RUN: usize = 40;
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    body.split(|byte| !is_base64(byte)).any(|run| run.len() >= RUN && !stands_in(run))
}

/// Whether the body of a token is none: it says that it is an example, or has few characters.
fn stands_in(body: &[u8]) -> bool {
    let lower = body.to_ascii_lowercase();
    let mut distinct = lower.clone();
    distinct.sort_unstable();
    distinct.dedup();
    distinct.len() < 6 || memmem::find(&lower, b"example").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xYz1A2bC3dE4fG5hJ6kL7mN8pQ9rS0tU1vW2xYz";

    fn found(text: &str) -> Vec<&'static str> {
        tokens(text.as_bytes()).into_iter().map(|token| token.what).collect()
    }

    // Put together here, so that nobody who looks for tokens finds any in this file.
    fn token(begin: &str, length: usize) -> String {
        format!("{begin}{}", &BODY[..length])
    }

    #[test]
    fn tokens_are_known_by_their_shape() {
        let aws = format!("AK{}", "IA3EXK7Q2MZP5LTY9B");
        for (text, what) in [
            (aws, "an AWS access key"),
            (token("gh\u{70}_", 36), "a GitHub token"),
            (token("github_pat\u{5f}", 50), "a GitHub token"),
            (token("gl\u{70}at-", 20), "a GitLab token"),
            (token("xo\u{78}b-", 30), "a Slack token"),
            (token("py\u{70}i-AgE", 60), "a Python index's token"),
            (token("np\u{6d}_", 36), "an npm token"),
            (token("AI\u{7a}a", 35), "a Google API key"),
            (token("AK\u{43}p", 65), "an Artifactory API key"),
            (token("sk_li\u{76}e_", 24), "a Stripe key"),
        ] {
            assert_eq!(found(&format!("x = \"{text}\"\n")), [what], "{text}");
            assert_eq!(found(&format!("x{text}")), [""; 0], "inside of a word");
            assert_eq!(found(&text[..text.len() - 15]), [""; 0], "too short");
        }
    }

    #[test]
    fn a_span_holds_the_token() {
        let token = token("gh\u{70}_", 36);
        let text = format!("a: {token}\n");
        assert_eq!(tokens(text.as_bytes())[0].span, 3..3 + token.len());
    }

    #[test]
    fn a_private_key_is_known_in_every_wrapping() {
        let key = |label: &str| format!("-----BEGIN {label}-----\n{BODY}\n-----END {label}-----\n");
        for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY"] {
            assert_eq!(found(&key(label)), ["a private key"], "{label}");
        }
        assert_eq!(found(&key("ENCRYPTED PRIVATE KEY")), ["an encrypted private key"]);
        let in_json = key("PRIVATE KEY").replace('\n', "\\n");
        assert_eq!(found(&format!("{{\"key\": \"{in_json}\"}}")), ["a private key"]);
        let old = key("RSA PRIVATE KEY")
            .replace("-----\naB", "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\naB");
        assert_eq!(found(&old), ["an encrypted private key"]);
        assert_eq!(found(&key("PUBLIC KEY")), [""; 0]);
        assert_eq!(found(&key("CERTIFICATE")), [""; 0]);
    }

    #[test]
    fn what_speaks_of_keys_holds_none() {
        for text in [
            "if text.startswith(\"-----BEGIN PRIVATE KEY-----\"):\n    raise ValueError",
            "-----BEGIN PRIVATE KEY-----\nMIIE...\n-----END PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----",
            "-----BEGIN ",
            "AKIAIOSFODNN7EXAMPLE",
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "npm_config_registry_is_a_setting_of_npm_and_so_on",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
