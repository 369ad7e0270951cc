//! When a failed request is tried again, and how long that waits.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use retry_policies::policies::ExponentialBackoff;
use retry_policies::{Jitter, RetryDecision, RetryPolicy};

use crate::error::NetError;
use crate::proxy_failure::ProxyProblem;

/// How often, and after which pauses, a failure that may pass is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetrySettings {
    /// How many times a request is repeated; 0 gives up at the first failure.
    pub retries: u32,
    /// The pause before the first repetition; each following one doubles it, with jitter.
    pub first_pause: Duration,
    /// The longest pause between two attempts.
    pub longest_pause: Duration,
    /// The longest `Retry-After` that is waited for; a server that asks for more is not asked again.
    pub longest_retry_after: Duration,
}

impl Default for RetrySettings {
    fn default() -> Self {
        Self {
            retries: 3,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
            longest_retry_after: Duration::from_mins(1),
        }
    }
}

/// The retries of one call.
#[derive(Debug)]
pub struct Retries {
    settings: RetrySettings,
    policy: ExponentialBackoff,
    done: u32,
}

impl Retries {
    pub(crate) fn new(settings: RetrySettings) -> Self {
        let policy = ExponentialBackoff::builder()
            .retry_bounds(settings.first_pause, settings.longest_pause.max(settings.first_pause))
            .jitter(Jitter::Bounded)
            .build_with_max_retries(settings.retries);
        Self { settings, policy, done: 0 }
    }

    /// Waits before the next attempt.
    ///
    /// # Errors
    ///
    /// The error itself, where it will not pass or was met too often.
    pub async fn pause(&mut self, error: NetError) -> Result<(), NetError> {
        let Some(pause) = self.next(&error) else { return Err(error) };
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// The pause before the next attempt; none if the failure will not pass or was met too often.
    fn next(&mut self, error: &NetError) -> Option<Duration> {
        if !may_pass(error) {
            return None;
        }
        let now = SystemTime::now();
        let RetryDecision::Retry { execute_after } = self.policy.should_retry(now, self.done)
        else {
            return None;
        };
        self.done += 1;
        let backoff = execute_after.duration_since(now).unwrap_or_default();
        match error {
            NetError::Status { retry_after: Some(asked), .. } => {
                (*asked <= self.settings.longest_retry_after).then(|| backoff.max(*asked))
            }
            _ => Some(backoff),
        }
    }
}

/// Whether the same request may succeed later. Whether it may be repeated is its maker's to say.
fn may_pass(error: &NetError) -> bool {
    match error {
        NetError::Dns { .. }
        | NetError::Connect { .. }
        | NetError::Timeout { .. }
        | NetError::Interrupted { .. }
        | NetError::Truncated { .. } => true,
        NetError::Proxy(failure) => matches!(failure.problem, ProxyProblem::Unreachable(_)),
        NetError::Status { status, .. } => {
            matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
        }
        _ => false,
    }
}

/// What a `Retry-After` header asks for: seconds, or a date (RFC 9110, section 10.2.3).
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::RedactedUrl;

    fn status(status: u16, retry_after: Option<u64>) -> NetError {
        let url = RedactedUrl::from(&"https://index.example/".parse().unwrap());
        let retry_after = retry_after.map(Duration::from_secs);
        NetError::Status { url, status, retry_after, credentials_from: None }
    }

    #[test]
    fn pauses_grow_and_end() {
        let settings = RetrySettings { retries: 3, ..RetrySettings::default() };
        let mut retries = Retries::new(settings);
        let pauses: Vec<_> = std::iter::from_fn(|| retries.next(&status(503, None))).collect();
        assert_eq!(pauses.len(), 3);
        assert!(pauses.iter().all(|pause| *pause <= settings.first_pause * 4));
    }

    #[test]
    fn what_will_not_pass_is_not_tried_again() {
        for code in [400, 401, 403, 404, 410, 501, 505] {
            let mut retries = Retries::new(RetrySettings::default());
            assert_eq!(retries.next(&status(code, None)), None, "{code}");
        }
    }

    #[test]
    fn a_server_that_asks_for_a_pause_gets_it_within_bounds() {
        let mut retries = Retries::new(RetrySettings::default());
        assert_eq!(retries.next(&status(429, Some(20))), Some(Duration::from_secs(20)));
        assert_eq!(retries.next(&status(503, Some(3600))), None);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = "2024-01-01T00:00:00Z".parse().unwrap();
        for (value, seconds) in [
            ("7", Some(7)),
            ("Mon, 01 Jan 2024 00:00:30 GMT", Some(30)),
            ("Sun, 31 Dec 2023 00:00:00 GMT", Some(0)),
            ("soon", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
            assert_eq!(retry_after(&headers, now), seconds.map(Duration::from_secs), "{value}");
        }
    }
}
