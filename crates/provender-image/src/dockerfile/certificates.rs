//! The stage in which the certificates are made that the image trusts besides those of its base.

use super::{CertificatesFile, Facts};
use crate::certificates::{ANCHORS, BUNDLE, PKI, PKI_ANCHORS};

/// Where the files of the project are while the stage is built.
const GIVEN: &str = "/run/certificates";

/// The argument that names the bundle of the base; nothing where no certificates are asked for.
pub(super) fn argument(facts: &Facts<'_>) -> String {
    if facts.certificates.is_empty() {
        return String::new();
    }
    format!(
        "\
# The base's bundle of certificates, to which those of [image] are added: here it is on Debian and Alpine.
ARG CA_BUNDLE=/{BUNDLE}
"
    )
}

/// Each certificate by itself, and the base's bundle with all of them at its end, as files to copy.
pub(super) fn stage(facts: &Facts<'_>) -> String {
    if facts.certificates.is_empty() {
        return String::new();
    }
    let mut mounts = String::new();
    for (number, CertificatesFile { path, .. }) in (1..).zip(facts.certificates) {
        mounts
            .push_str(&format!("--mount=type=bind,source={path},target={GIVEN}/{number} \\\n    "));
    }
    let added = (1..).zip(facts.certificates).map(|(number, file)| taken(number, file));
    let added = added.collect::<Vec<_>>().join("; \\\n");
    format!(
        "
# The certificates that [image] asks for: each by itself, and behind those of the base's bundle.
FROM ${{BUILDER}} AS certificates
ARG CA_BUNDLE
RUN {mounts}--mount=type=bind,from=base,target=/run/base \\
    set -eu; \\
    base=\"/run/base$CA_BUNDLE\"; \\
    bundle=\"/certificates$CA_BUNDLE\"; \\
    case \"$CA_BUNDLE\" in \\
        {PKI}*) anchors=/certificates/{PKI_ANCHORS} ;; \\
        *) anchors=/certificates/{ANCHORS} ;; \\
    esac; \\
    if [ -L \"$base\" ] || {{ [ ! -e \"$base\" ] && {{ [ -L /run/base/etc/ssl/certs ] || [ -e /run/base/etc/pki/tls ]; }}; }}; then \\
        echo 'the base has its certificates elsewhere: name its bundle with --build-arg CA_BUNDLE=PATH' >&2; \\
        exit 1; \\
    fi; \\
    mkdir -p \"$anchors\" \"${{bundle%/*}}\"; \\
    [ ! -e \"$base\" ] || awk 1 \"$base\" > \"$bundle\"; \\
{added}
"
    )
}

/// Takes the certificates out of a file, and nothing else that stands in it.
fn taken(number: usize, file: &CertificatesFile) -> String {
    let stem = file.certificates.stem();
    let name = if file.certificates.is_several() {
        format!("\"/{stem}-\" (++n) \".crt\"")
    } else {
        format!("\"/{stem}.crt\"")
    };
    format!(
        "    awk -v anchors=\"$anchors\" '{{ sub(/[ \\t\\r]+$/, \"\") }} \\
        /^-----BEGIN CERTIFICATE-----$/ {{ name = anchors {name}; taken = 1 }} \\
        taken {{ print > name; print }} \\
        /^-----END CERTIFICATE-----$/ {{ taken = 0 }}' {GIVEN}/{number} >> \"$bundle\""
    )
}
