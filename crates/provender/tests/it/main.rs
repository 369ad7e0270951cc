//! The binary as a user meets it: commands in a sandbox, against an index and an advisory server on loopback.

#[cfg(test)]
mod advisories;
#[cfg(test)]
mod bad_data;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod beside;
#[cfg(test)]
mod checking;
#[cfg(test)]
mod completions;
#[cfg(test)]
mod configuring;
#[cfg(test)]
mod crates;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod exit_codes;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod exporting;
#[cfg(test)]
mod hooks;
#[cfg(test)]
mod image_data;
#[cfg(test)]
mod image_hidden;
#[cfg(test)]
mod image_newer_base;
#[cfg(test)]
mod image_runtime;
#[cfg(test)]
mod image_sample;
#[cfg(test)]
mod image_sbom;
#[cfg(test)]
mod image_scan;
#[cfg(test)]
mod images;
#[cfg(test)]
mod init;
#[cfg(test)]
mod inside;
#[cfg(test)]
mod lint_fixes;
#[cfg(test)]
mod lint_output;
#[cfg(test)]
mod linting;
#[cfg(test)]
mod locking;
#[cfg(test)]
mod network;
#[cfg(test)]
mod project;
#[cfg(test)]
mod repair;
#[cfg(test)]
mod reports;
#[cfg(test)]
mod secure;
#[cfg(test)]
mod serving;
#[cfg(test)]
mod shared;
#[cfg(test)]
mod stocking;
#[cfg(test)]
mod stored;
#[cfg(test)]
mod surroundings;
#[cfg(test)]
mod waivers;
