//! Taking secrets out of URLs before anybody reads them.

use url::Url;

/// The URL as it may be shown: a password, or a user name that stands alone and so may be a
/// token, is replaced by `****`.
pub fn redacted(url: &Url) -> String {
    if url.password().is_none() && url.username().is_empty() {
        return url.to_string();
    }
    let mut shown = url.clone();
    // Both setters refuse only URLs that cannot hold credentials, which were returned above.
    if url.password().is_some() {
        let _ = shown.set_password(Some("****"));
    } else {
        let _ = shown.set_username("****");
    }
    shown.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_and_lone_tokens_are_not_shown() {
        let shown = |text: &str| redacted(&Url::parse(text).unwrap());
        assert_eq!(
            shown("https://ann:s3cret@index.example/simple/"),
            "https://ann:****@index.example/simple/"
        );
        assert_eq!(shown("https://t0ken@index.example/"), "https://****@index.example/");
        assert_eq!(shown("https://index.example/simple/"), "https://index.example/simple/");
    }
}
