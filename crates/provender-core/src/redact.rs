//! Taking secrets out of URLs before anybody reads them.

use std::borrow::Cow;

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

/// The text without the credentials of the URLs in it, under the rule of
/// [`redacted`]: a requirement is shown as it stands in its file, and may hold them. The user of
/// an ssh address is no secret.
pub fn without_credentials(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("://") {
        let (scheme, tail) = rest.split_at(start + "://".len());
        let ends = |c: char| matches!(c, '/' | '\\' | '?' | '#') || c.is_whitespace();
        let (authority, tail) = tail.split_at(tail.find(ends).unwrap_or(tail.len()));
        out.push_str(scheme);
        match authority.rsplit_once('@') {
            Some(_) if scheme.ends_with("ssh://") => out.push_str(authority),
            Some((credentials, host)) => {
                if let Some((user, password)) = credentials.split_once(':')
                    && !password.is_empty()
                {
                    out.push_str(user);
                    out.push(':');
                }
                out.push_str("****@");
                out.push_str(host);
            }
            None => out.push_str(authority),
        }
        rest = tail;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// A location without its credentials, as it may be kept in a file: unlike what is shown, it must
/// still be an address.
pub fn without_userinfo(location: &str) -> String {
    let Some((scheme, rest)) = location.split_once("://") else { return location.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    match authority.rsplit_once('@') {
        Some((user, _)) if scheme.ends_with("ssh") && !user.contains(':') => location.to_owned(),
        Some((_, host)) => format!("{scheme}://{host}{path}"),
        None => location.to_owned(),
    }
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

    #[test]
    fn credentials_in_urls_are_hidden() {
        let shown = |text| without_credentials(text).into_owned();
        assert_eq!(
            shown("a @ git+https://ann:s3cret@git.example/a.git@v1 ; x # https://t0ken@b.example"),
            "a @ git+https://ann:****@git.example/a.git@v1 ; x # https://****@b.example"
        );
        assert_eq!(shown("https://t0ken:@a.example/@b"), "https://****@a.example/@b");
        assert_eq!(shown("flask @ https://a.example/b@c"), "flask @ https://a.example/b@c");
        assert_eq!(shown("git+ssh://git@git.example/a"), "git+ssh://git@git.example/a");
        assert_eq!(shown("a==1"), "a==1");
    }

    #[test]
    fn a_location_is_kept_without_credentials() {
        for (given, kept) in [
            ("https://ann:s3cret@files.example/a.whl", "https://files.example/a.whl"),
            ("git+https://t0ken@git.example/a.git@abc", "git+https://git.example/a.git@abc"),
            ("git+ssh://git@git.example/a.git@abc", "git+ssh://git@git.example/a.git@abc"),
            ("file:///srv/a@b.whl", "file:///srv/a@b.whl"),
            ("./a", "./a"),
        ] {
            assert_eq!(without_userinfo(given), kept);
        }
    }
}
