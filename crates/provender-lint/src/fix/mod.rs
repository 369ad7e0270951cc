//! Making fixes: which edits may be made, making them, and what a Dockerfile needs besides.

/// Tells whether TLS to a host verifies without a bypass.
pub trait Prover {
    /// Whether a handshake with `host` (with a port where one is named) was proved to verify.
    fn verifies(&self, host: &str) -> bool;
}
