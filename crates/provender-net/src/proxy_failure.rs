//! A forward proxy that is in the way, and what to do about it.

use std::fmt;

use crate::proxy::ProxyUrl;
use crate::redact::RedactedUrl;

/// What a forward proxy did not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxyProblem {
    /// It wants credentials (407), or other ones.
    AuthenticationRequired {
        /// The schemes it offers, such as `Basic` or `Negotiate`; empty if it was not heard.
        offered: Vec<String>,
        /// Whether the proxy's URL holds credentials, which were then refused.
        sent: bool,
    },
    /// It answered a CONNECT with a refusal.
    Refused,
    /// It cannot be reached.
    Unreachable(String),
}

/// A request that failed at a forward proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyFailure {
    /// What was asked for.
    pub url: RedactedUrl,
    /// The proxy.
    pub proxy: RedactedUrl,
    /// The setting that named the proxy.
    pub setting: String,
    /// What it did not do.
    pub problem: ProxyProblem,
}

impl ProxyFailure {
    pub(crate) fn new(url: RedactedUrl, proxy: &ProxyUrl, problem: ProxyProblem) -> Self {
        Self { url, proxy: proxy.redacted(), setting: proxy.setting().to_owned(), problem }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        let setting = &self.setting;
        match &self.problem {
            ProxyProblem::AuthenticationRequired { offered, .. } => {
                let basic = offered.iter().any(|scheme| scheme.eq_ignore_ascii_case("basic"));
                if offered.is_empty() || basic {
                    return format!(
                        "put the user and password into `{setting}`: `http://USER:PASSWORD@HOST:PORT`"
                    );
                }
                format!(
                    "the proxy offers only {}, and only Basic is spoken here: run a local proxy \
                     that authenticates in your place and name it in `{setting}`",
                    offered.join(", ")
                )
            }
            ProxyProblem::Refused => format!(
                "have the proxy allow `{}`, or name it in `NO_PROXY` if it can be reached directly",
                self.url.host()
            ),
            ProxyProblem::Unreachable(_) => format!(
                "check that `{setting}` is right and that `{}` can be reached",
                self.proxy.host()
            ),
        }
    }
}

impl fmt::Display for ProxyFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, proxy, setting, problem } = self;
        let what = match problem {
            ProxyProblem::AuthenticationRequired { sent: false, .. } => "wants credentials (407)",
            ProxyProblem::AuthenticationRequired { sent: true, .. } => {
                "refuses the credentials it was given (407)"
            }
            ProxyProblem::Refused => "refuses to connect",
            ProxyProblem::Unreachable(_) => "cannot be reached",
        };
        write!(f, "the proxy {proxy} (`{setting}`) {what}")?;
        if let ProxyProblem::Unreachable(reason) = problem {
            write!(f, ": {reason}")?;
        }
        write!(f, ", asked for {url}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_that_speaks_no_basic_gets_a_hint_of_its_own() {
        let proxy = ProxyUrl::parse("http://u:s3cret@proxy.example:3128", "HTTPS_PROXY").unwrap();
        let hint = |offered: &[&str]| {
            let offered = offered.iter().map(|scheme| (*scheme).to_owned()).collect();
            let problem = ProxyProblem::AuthenticationRequired { offered, sent: true };
            let url = RedactedUrl::from(&"https://index.example/".parse().unwrap());
            ProxyFailure::new(url, &proxy, problem).hint()
        };
        assert!(hint(&["Negotiate", "NTLM"]).contains("only Negotiate, NTLM"));
        assert!(hint(&["Negotiate", "Basic"]).contains("USER:PASSWORD"));
    }
}
