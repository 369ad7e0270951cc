//! Integration tests of the rules.

#[cfg(target_os = "linux")]
mod buildah;
#[cfg(target_os = "linux")]
mod building;
mod images;
mod parsing;
mod settings;
mod shapes;
mod spellings;
