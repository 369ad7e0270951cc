//! Where projects come from, in the resolver's words.

use uv_distribution_types::{Index, IndexLocations, IndexMetadata, IndexUrl, PYPI_URL};
use uv_redacted::DisplaySafeUrl;

use crate::inputs::Inputs;
use crate::request::IndexSettings;

/// The index that the resolver asks when nobody names another.
pub fn default_index() -> url::Url {
    PYPI_URL.clone().into()
}

/// All indexes: the settings' ones, then those that inputs name, then the default one.
pub(crate) fn locations(settings: &IndexSettings, inputs: &Inputs) -> IndexLocations {
    let mut indexes = Vec::new();
    for (_, url) in &settings.only_for {
        let index = Index::from_extra_index_url(index_url(url));
        indexes.push(Index { explicit: true, ..index });
    }
    for url in &settings.extra {
        indexes.push(Index::from_extra_index_url(index_url(url)));
    }
    for url in &inputs.extra_index_urls {
        indexes.push(Index::from_extra_index_url(url.clone()));
    }
    // The command line and the settings win over a file's own `--index-url`.
    let default = match (&settings.default, &inputs.index_url) {
        (Some(url), _) => index_url(url),
        (None, Some(url)) => url.clone(),
        (None, None) => index_url(settings.fallback.as_ref().unwrap_or(&default_index())),
    };
    indexes.push(Index { default: true, ..Index::from_index_url(default) });
    let flat = inputs.find_links.iter().cloned().map(Index::from_find_links).collect();
    IndexLocations::new(indexes, flat, inputs.no_index)
}

/// The index of a project that comes from one index only.
pub(crate) fn explicit(url: &url::Url) -> IndexMetadata {
    IndexMetadata { url: index_url(url), format: uv_distribution_types::IndexFormat::Simple }
}

fn index_url(url: &url::Url) -> IndexUrl {
    IndexUrl::from(uv_pep508::VerbatimUrl::from_url(DisplaySafeUrl::from_url(url.clone())))
}
