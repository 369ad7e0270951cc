//! The binary as a user meets it: commands in a sandbox, against an index and an advisory server on loopback.

#[cfg(test)]
mod advisories;
#[cfg(test)]
mod bad_data;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod crates;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod exit_codes;
#[cfg(test)]
mod locking;
#[cfg(test)]
mod network;
#[cfg(test)]
mod project;
#[cfg(test)]
mod repair;
#[cfg(test)]
mod shared;
#[cfg(test)]
mod surroundings;
#[cfg(test)]
mod waivers;
