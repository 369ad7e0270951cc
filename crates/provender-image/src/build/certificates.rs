//! The layer of the certificates that an image is asked to trust.

use provender_core::{Diagnostic, Sha256};

use super::laid::{Laid, LayerKey, laid};
use super::{BaseFacts, BuildError, Request, Step};
use crate::ImageConfig;
use crate::base::{self, Base};
use crate::certificates::entries;
use crate::layer::{Found, LayerOptions};

/// What the layer is called, which tells afterwards that somebody asked for it.
pub(super) const WHAT: &str = "certificates";

/// What decides the bytes besides the certificates: raised whenever they are laid out otherwise.
const FORM: &str = "provender certificates 1";

/// How the history tells of a layer.
pub(super) fn created_by(what: &str) -> String {
    format!("provender image build: {what}")
}

/// Whether an image says that it was built with certificates that somebody asked for.
pub(crate) fn asked_for(config: &ImageConfig) -> bool {
    let told = created_by(WHAT);
    config.history.iter().any(|entry| entry.created_by.as_ref() == Some(&told))
}

/// Makes the layer, or finds it; none where nobody asked for certificates. Where the base has to be
/// read for it, it is left in `inspected`.
pub(super) fn layer(
    request: &Request<'_>,
    facts: &BaseFacts,
    inspected: &mut Option<Base>,
    options: &LayerOptions,
) -> Result<Option<Laid>, BuildError> {
    if request.certificates.is_empty() {
        return Ok(None);
    }
    let key = key(request, options);
    if let Some(layer) = request.cache.find(key) {
        return Ok(Some(laid(WHAT, layer, true)));
    }
    (request.observer)(Step::Layer(WHAT));
    let base = match inspected {
        Some(base) => base,
        none => none.insert(base::inspect(&request.base.image)?),
    };
    let entries = entries(request.certificates, &facts.certificates, base)?;
    let (layer, found) = request.cache.layer(&entries, options)?;
    request.cache.remember(key, &layer)?;
    Ok(Some(laid(WHAT, layer, found == Found::Reused)))
}

/// What is worth knowing: where the base has no certificates, those that were added are all.
pub(super) fn note(request: &Request<'_>, facts: &BaseFacts) -> Option<Diagnostic> {
    let alone = !request.certificates.is_empty() && facts.certificates.bundles.is_empty();
    alone.then(|| {
        let message =
            "the base has no certificates: the image trusts those that were added, and no others";
        Diagnostic::note("image/ca-alone", message)
            .because(format!("they are in {}", facts.certificates.bundle()))
            .hint("choose a base with ca-certificates if its service speaks with public hosts")
    })
}

fn key(request: &Request<'_>, options: &LayerOptions) -> Sha256 {
    let key = LayerKey::new(FORM, request.base.image.digest()).with_options(options);
    let files = request.certificates.iter();
    files.fold(key, |key, one| key.with(one.name()).with(&one.sha256().to_string())).finish()
}
