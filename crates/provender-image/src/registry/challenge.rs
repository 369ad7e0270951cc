//! What a server wants to be shown: `WWW-Authenticate` (RFC 9110, section 11.6.1).

/// One challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    /// The scheme in lower case.
    pub(super) scheme: String,
    /// The parameters, their names in lower case.
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// The value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The challenges of one header, in order. What is malformed ends the list.
pub(super) fn parse(header: &str) -> Vec<Challenge> {
    let mut rest = Cursor(header);
    let mut challenges: Vec<Challenge> = Vec::new();
    loop {
        rest.skip(|c| c == ',' || c.is_ascii_whitespace());
        if let Some(challenge) = challenges.last_mut()
            && let Some(parameter) = rest.parameter()
        {
            challenge.parameters.push(parameter);
            continue;
        }
        let scheme = rest.take(is_token);
        let ends = |c: char| c == ',' || c.is_ascii_whitespace();
        if scheme.is_empty() || !rest.0.chars().next().is_none_or(ends) {
            return challenges;
        }
        let scheme = scheme.to_ascii_lowercase();
        challenges.push(Challenge { scheme, parameters: Vec::new() });
        rest.skip(|c| c.is_ascii_whitespace());
        rest.skip_token68();
    }
}

struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn take(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.0.find(|c| !wanted(c)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }

    fn skip(&mut self, unwanted: impl Fn(char) -> bool) {
        self.take(unwanted);
    }

    /// `NAME = VALUE` or `NAME = "VALUE"`; where there is none, nothing is taken.
    fn parameter(&mut self) -> Option<(String, String)> {
        let mut ahead = Cursor(self.0);
        let name = ahead.take(is_token);
        ahead.skip(|c| c.is_ascii_whitespace());
        ahead.0 = ahead.0.strip_prefix('=')?;
        ahead.skip(|c| c.is_ascii_whitespace());
        let value = match ahead.0.strip_prefix('"') {
            Some(quoted) => {
                ahead.0 = quoted;
                ahead.quoted()?
            }
            None => Some(ahead.take(is_token)).filter(|value| !value.is_empty())?.to_owned(),
        };
        self.0 = ahead.0;
        (!name.is_empty()).then(|| (name.to_ascii_lowercase(), value))
    }

    /// The rest of a quoted string, its escapes undone.
    fn quoted(&mut self) -> Option<String> {
        let mut value = String::new();
        let mut characters = self.0.char_indices();
        while let Some((at, c)) = characters.next() {
            match c {
                '"' => {
                    self.0 = self.0.get(at + 1..)?;
                    return Some(value);
                }
                '\\' => value.push(characters.next()?.1),
                c => value.push(c),
            }
        }
        None
    }

    /// The bare word that stands behind a scheme in the parameters' place.
    fn skip_token68(&mut self) {
        let mut ahead = Cursor(self.0);
        let word = ahead.take(|c| c.is_ascii_alphanumeric() || "-._~+/".contains(c));
        ahead.skip(|c| c == '=');
        ahead.skip(|c| c == ' ' || c == '\t');
        if !word.is_empty() && (ahead.0.is_empty() || ahead.0.starts_with(',')) {
            self.0 = ahead.0;
        }
    }
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_challenge_tells_realm_service_and_scope() {
        let header = r#"Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push""#;
        let challenges = parse(header);
        assert_eq!(challenges.len(), 1);
        assert_eq!(challenges[0].scheme, "bearer");
        assert_eq!(challenges[0].get("realm"), Some("https://auth.example/token"));
        assert_eq!(challenges[0].get("scope"), Some("repository:a/b:pull,push"));
    }

    #[test]
    fn several_challenges_stand_in_one_header() {
        let header = r#"Negotiate, NTLM TlRMTVNTUAAB==, Basic realm="a \"b\", c" , charset=UTF-8, BEARER realm = "r""#;
        let challenges = parse(header);
        let schemes: Vec<_> = challenges.iter().map(|c| c.scheme.as_str()).collect();
        assert_eq!(schemes, ["negotiate", "ntlm", "basic", "bearer"]);
        assert_eq!(challenges[2].get("realm"), Some(r#"a "b", c"#));
        assert_eq!(challenges[2].get("charset"), Some("UTF-8"));
        assert_eq!(challenges[3].get("realm"), Some("r"));
    }

    #[test]
    fn what_is_malformed_ends_the_list() {
        assert!(parse("").is_empty());
        assert!(parse("\"").is_empty());
        assert_eq!(parse("Basic realm=\"open").len(), 1);
        assert_eq!(parse("Bearer realm=\"r\", é").len(), 1);
    }
}
