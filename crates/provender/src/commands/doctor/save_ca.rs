//! `--save-ca`: the presented authority's certificate, for people to compare. Nothing trusts it by
//! lying there.

use std::collections::BTreeMap;
use std::path::Path;

use provender_core::doctor::HostDiagnosis;
use provender_core::{Diagnostic, Place, Sha256};
use provender_net::CertificateFacts;
use provender_net::doctor::HostProbe;
use serde::Serialize;

use super::Looked;
use crate::cli::Format;
use crate::commands::json;
use crate::exit::{Answer, Failure};
use crate::file;
use crate::output::{Output, shown};

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    file: String,
    name: &'a str,
    sha256: Sha256,
    fingerprint: String,
    not_before: jiff::Timestamp,
    not_after: jiff::Timestamp,
    presented_for: Vec<&'a str>,
}

/// Writes the one authority that the hosts lead to.
pub(super) fn run(
    file: &Path,
    force: bool,
    looked: &Looked,
    output: &Output,
) -> Result<Answer, Failure> {
    let (facts, probes) = the_one(looked)?;
    let Some(pem) = probes.iter().find_map(|probe| probe.authority_pem()) else {
        return Err(none(looked).into());
    };
    write(file, &pem, force)?;
    let fingerprint = colons(&facts.sha256);
    let presented_for: Vec<_> = probes.iter().map(|probe| probe.report.url.as_str()).collect();
    if output.format == Format::Json {
        output.result(&json(&Document {
            schema: "provender.doctor-ca/1",
            file: shown(file),
            name: &facts.subject,
            sha256: facts.sha256,
            fingerprint,
            not_before: facts.not_before,
            not_after: facts.not_after,
            presented_for,
        })?)?;
        return Ok(Answer::Yes);
    }
    let (path, until) = (shown(file), facts.not_after.strftime("%Y-%m-%d"));
    let hosts = presented_for.join(", ");
    let trusted: Vec<_> = probes.iter().flat_map(|probe| &probe.report.trusted_by).collect();
    let advice = if trusted.is_empty() {
        format!(
            "It is not trusted by that. Compare the fingerprint with one that your network's owner gives you by another\n\
             way, by telephone or on paper. If they are the same, name the file: `--ca-bundle {path}`,\n\
             PROVENDER_CA_BUNDLE, or `ca-bundles` under `[network]` in provender.toml."
        )
    } else {
        "This machine trusts it already. Compare the fingerprint with one that your network's owner gives you by another\n\
         way before you carry the file to where it is not trusted yet."
            .to_owned()
    };
    output.result(&format!(
        "saved {} to {path}\n  presented for {hosts}\n  valid until {until}\n  SHA-256 {fingerprint}\n\n{advice}",
        facts.subject
    ))?;
    Ok(Answer::Yes)
}

/// The authority and the hosts that it was presented for.
fn the_one(looked: &Looked) -> Result<(CertificateFacts, Vec<&HostProbe>), Diagnostic> {
    let mut found: BTreeMap<String, (CertificateFacts, Vec<&HostProbe>)> = BTreeMap::new();
    let named = looked.targets.hosts.iter().all(|target| target.purpose == "named");
    for probe in &looked.probes {
        // A public authority is of interest only to those who asked for that host.
        if !named && probe.report.diagnosis == HostDiagnosis::Clean {
            continue;
        }
        let facts = probe.authority_certificate.as_ref().and_then(CertificateFacts::from_der);
        if let Some(facts) = facts {
            let known = found.entry(facts.sha256.to_string()).or_insert((facts, Vec::new()));
            known.1.push(probe);
        }
    }
    if found.len() > 1 {
        let mut several = Diagnostic::error(
            "doctor/several-authorities",
            format!("the hosts lead to {} different authorities", found.len()),
        )
        .hint("name the one URL whose authority you want");
        for (facts, probes) in found.values() {
            let urls: Vec<_> = probes.iter().map(|probe| probe.report.url.as_str()).collect();
            several = several.because(format!("{}: {}", facts.subject, urls.join(", ")));
        }
        return Err(several);
    }
    found.into_values().next().ok_or_else(|| none(looked))
}

fn none(looked: &Looked) -> Diagnostic {
    let clean = |probe: &HostProbe| {
        probe.report.diagnosis == HostDiagnosis::Clean && !probe.chain.is_empty()
    };
    let signs_itself = |probe: &HostProbe| {
        let own = probe.chain.first().and_then(CertificateFacts::from_der);
        own.is_some_and(|own| own.is_self_signed())
    };
    let (message, hint) = if looked.probes.iter().all(clean) {
        (
            "no private authority was presented: every host has a certificate of a public one",
            "there is nothing to save; name a URL to save its public authority",
        )
    } else if looked.probes.iter().any(signs_itself) {
        (
            "the server's certificate is signed by itself: there is no authority above it",
            "have its owner install a certificate of an authority",
        )
    } else {
        (
            "the authority's certificate was neither presented nor found on this machine",
            "ask your network's owner for it; `provender doctor` names it",
        )
    };
    Diagnostic::error("doctor/no-authority", message).hint(hint)
}

fn write(file: &Path, pem: &str, force: bool) -> Result<(), Diagnostic> {
    match std::fs::read_to_string(file) {
        Ok(there) if there == pem => return Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        _ if force => {}
        _ => {
            return Err(Diagnostic::error("doctor/file-exists", "it holds something else")
                .at(Place::file(shown(file)))
                .hint("name another file, or replace it with --force"));
        }
    }
    file::replace(file, pem)
}

/// A fingerprint as browsers and OpenSSL show it.
fn colons(digest: &Sha256) -> String {
    let hex = digest.to_string().to_ascii_uppercase();
    let bytes: Vec<_> = hex.as_bytes().chunks(2).map(String::from_utf8_lossy).collect();
    bytes.join(":")
}
