//! The resolver and the repair against a small index on loopback.

#[cfg(test)]
mod credentials;
#[cfg(test)]
mod locking;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod ports;
#[cfg(test)]
mod project;
#[cfg(test)]
mod repairing;
#[cfg(test)]
mod trust;
