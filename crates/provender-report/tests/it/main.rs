//! What people and machines get to read.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its sample has to fail")]

mod audit_json;
mod audit_markdown;
mod audit_table;
mod audit_text;
mod changes;
mod check;
mod diagnostics;
mod doctor;
mod excerpts;
mod hostile;
mod sample;
mod sarif;
mod sbom;
mod scan;
mod secure;
mod stock;
