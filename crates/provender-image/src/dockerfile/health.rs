//! The health check: a program that needs nothing but the image's Python.

use std::time::Duration;

/// From one check to the next.
pub const HEALTH_INTERVAL: Duration = Duration::from_secs(30);
/// How long one may take.
pub const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);
/// How long failures do not count after the start.
pub const HEALTH_START_PERIOD: Duration = Duration::from_secs(20);
/// How many failures in a row make a container unhealthy.
pub const HEALTH_RETRIES: u32 = 3;

/// The check in exec form: it ends with 0 where `http://127.0.0.1:PORT/PATH` answers 2xx or 3xx
/// within four seconds, and with 1 otherwise.
///
/// `python` is the interpreter, by name or path. It runs isolated (`-I`): neither the environment
/// nor the folder in which the service lies, where a module may be called `http`, changes what it
/// does. No proxy is asked. The path must hold neither quotes nor backslashes, as
/// [`Runtime::decide`](crate::service::Runtime::decide) ensures.
pub fn health_command(port: u16, path: &str, python: &str) -> Vec<String> {
    let program = format!(
        "import http.client, sys; c = http.client.HTTPConnection('127.0.0.1', {port}, timeout=4); \
         c.request('GET', '{path}'); sys.exit(not 200 <= c.getresponse().status < 400)"
    );
    vec![python.to_owned(), "-IS".to_owned(), "-c".to_owned(), program]
}
