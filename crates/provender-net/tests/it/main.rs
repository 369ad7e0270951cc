//! The client against servers of its own on the loopback interface.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its servers has to fail")]

mod authority;
mod server;
mod tunnel;

mod conditional;
mod credentials;
mod doctor;
mod download;
mod proxies;
mod request;
mod retries;
mod stream;
mod tls;

use std::time::Duration;

use provender_net::{Client, ClientSettings, RetrySettings};

/// Settings under which no test waits.
fn settings() -> ClientSettings {
    let retry = RetrySettings {
        retries: 3,
        first_pause: Duration::ZERO,
        longest_pause: Duration::ZERO,
        longest_retry_after: Duration::ZERO,
    };
    ClientSettings { retry, ..ClientSettings::default() }
}

fn client() -> Client {
    Client::new(settings()).unwrap()
}
