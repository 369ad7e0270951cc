//! Integration tests of the rules.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test whose set-up fails is a failed test"
)]

#[cfg(target_os = "linux")]
mod buildah;
#[cfg(target_os = "linux")]
mod building;
mod image_rules;
mod images;
mod parsing;
mod settings;
mod shapes;
mod spellings;
