//! Which form of a page a client wants (PEP 691, section "Version + Format Selection"; RFC 9110, section
//! 12.5).

use axum::http::header::{ACCEPT, ACCEPT_ENCODING};
use axum::http::{HeaderMap, HeaderName, Uri};

use crate::simple::{HTML, HTML_V1, JSON};

/// A form of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Form {
    Json,
    HtmlV1,
    Html,
}

impl Form {
    /// In the order in which a client that names several alike is given one.
    const ALL: [Self; 3] = [Self::Json, Self::HtmlV1, Self::Html];

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Json => JSON,
            Self::HtmlV1 => HTML_V1,
            Self::Html => HTML,
        }
    }

    /// The form of this content type; `latest` stands for `v1`.
    fn named(content_type: &str) -> Option<Self> {
        let content_type = content_type.trim().to_ascii_lowercase().replace(".latest+", ".v1+");
        Self::ALL.into_iter().find(|form| form.content_type() == content_type)
    }
}

/// The form that a request asks for: by `?format=`, else by `Accept`. None if nothing fits.
pub(super) fn form(uri: &Uri, headers: &HeaderMap) -> Option<Form> {
    let query = uri.query().unwrap_or_default();
    let mut parameters = url::form_urlencoded::parse(query.as_bytes());
    if let Some((_, format)) = parameters.find(|(name, _)| name == "format") {
        // A `+` in a query stands for a space, and is often meant.
        return Form::named(&format.replace(' ', "+"));
    }
    if !headers.contains_key(ACCEPT) {
        return Some(Form::Html);
    }
    let ranges = weighted(headers, ACCEPT);
    let rated = Form::ALL.into_iter().filter_map(|form| Some((rate(form, &ranges)?, form)));
    // Of equals the first.
    rated.rev().max_by(|(a, _), (b, _)| a.cmp(b)).map(|(_, form)| form)
}

/// How much a form is wanted: its weight in thousandths, then whether it was named, then whether it
/// is what a client that takes anything gets.
fn rate(form: Form, ranges: &[(String, u16)]) -> Option<(u16, u8, bool)> {
    let specificity = |range: &str| match range {
        "*/*" => Some(0),
        "text/*" => (form == Form::Html).then_some(1),
        "application/*" => (form != Form::Html).then_some(1),
        named => (Form::named(named) == Some(form)).then_some(2),
    };
    // The most specific range decides about a form (RFC 9110, section 12.5.1).
    let decisive =
        ranges.iter().filter_map(|(range, weight)| Some((specificity(range)?, *weight))).max()?;
    let (specificity, weight) = decisive;
    (weight > 0).then_some((weight, specificity, specificity == 0 && form == Form::Html))
}

/// Whether a client takes gzip.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let codings = weighted(headers, ACCEPT_ENCODING);
    let weight =
        |name| codings.iter().find(|(coding, _)| coding == name).map(|(_, weight)| *weight);
    weight("gzip").or_else(|| weight("x-gzip")).or_else(|| weight("*")).is_some_and(|w| w > 0)
}

/// The members of a list header with their weights in thousandths; those without a valid weight
/// weigh 1000.
fn weighted(headers: &HeaderMap, name: HeaderName) -> Vec<(String, u16)> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let members = values.flat_map(|value| value.split(','));
    let members = members.map(|member| {
        let mut parts = member.split(';').map(str::trim);
        let what = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts
            .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
            .and_then(|q| q.parse::<f32>().ok())
            .map_or(1000, |q| thousandths(q.clamp(0.0, 1.0)));
        (what, weight)
    });
    members.filter(|(what, _)| !what.is_empty()).collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and 1000, or not a number, which becomes 0"
)]
fn thousandths(q: f32) -> u16 {
    (q * 1000.0).round() as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(uri: &str, accept: Option<&str>) -> Option<Form> {
        let accept = accept.map(|accept| (ACCEPT, accept.parse().unwrap()));
        form(&uri.parse().unwrap(), &accept.into_iter().collect())
    }

    #[test]
    fn what_the_clients_send_gets_what_they_want() {
        for (client, accept, wanted) in [
            (
                "pip",
                "application/vnd.pypi.simple.v1+json, \
                 application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01",
                Form::Json,
            ),
            (
                "uv",
                "application/vnd.pypi.simple.v1+json, \
                 application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01",
                Form::Json,
            ),
            ("an old pip", "text/html", Form::Html),
            ("curl", "*/*", Form::Html),
            (
                "a browser",
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                Form::Html,
            ),
        ] {
            assert_eq!(asked("/", Some(accept)), Some(wanted), "{client}");
        }
        assert_eq!(asked("/", None), Some(Form::Html));
    }

    #[test]
    fn the_heaviest_wins_and_what_is_named_wins_over_what_is_meant_too() {
        for (accept, wanted) in [
            ("text/html;q=0.2, application/vnd.pypi.simple.v1+json;q=0.1", Some(Form::Html)),
            ("*/*, application/vnd.pypi.simple.v1+html", Some(Form::HtmlV1)),
            ("*/*;q=0.1, application/vnd.pypi.simple.latest+json;q=0.1", Some(Form::Json)),
            ("text/html, application/vnd.pypi.simple.v1+json", Some(Form::Json)),
            ("*/*, text/html;q=0, application/vnd.pypi.simple.v1+json;q=0", Some(Form::HtmlV1)),
            ("text/*", Some(Form::Html)),
            ("application/*", Some(Form::Json)),
            ("application/vnd.pypi.simple.v2+json, image/png", None),
            ("application/vnd.pypi.simple.v2+json, */*;q=0.01", Some(Form::Html)),
            ("text/html;q=0", None),
        ] {
            assert_eq!(asked("/", Some(accept)), wanted, "{accept}");
        }
    }

    #[test]
    fn a_format_in_the_url_decides() {
        let html = Some("text/html");
        let json = "application/vnd.pypi.simple.v1+json";
        assert_eq!(asked(&format!("/?format={json}"), html), Some(Form::Json));
        assert_eq!(
            asked("/?format=application%2Fvnd.pypi.simple.v1%2Bjson", html),
            Some(Form::Json)
        );
        assert_eq!(asked("/?format=text/plain", html), None);
    }

    #[test]
    fn gzip_is_for_those_who_take_it() {
        for (codings, takes) in [
            ("gzip, deflate", true),
            ("br, gzip;q=0.5", true),
            ("gzip;q=0, *", false),
            ("*", true),
            ("identity", false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, codings.parse().unwrap())]);
            assert_eq!(takes_gzip(&headers), takes, "{codings}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
