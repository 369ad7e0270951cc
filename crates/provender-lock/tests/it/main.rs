//! The resolver and the repair against a small index on loopback.

#[cfg(test)]
mod locking;
#[cfg(test)]
mod project;
#[cfg(test)]
mod repairing;
