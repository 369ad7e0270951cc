//! Where projects come from, in the resolver's words.

use uv_distribution_types::{
    Index, IndexCacheControl, IndexLocations, IndexMetadata, IndexUrl, PYPI_URL,
};
use uv_redacted::DisplaySafeUrl;

use crate::inputs::Inputs;
use crate::request::IndexSettings;

/// Pages that say nothing of their age count as fresh for ten minutes, which is what the public
/// index says of its own; files never change.
const CACHE_CONTROL: &str = r#"{"api": "max-age=600", "files": "max-age=365000000, immutable"}"#;

/// The index that the resolver asks when nobody names another.
pub fn default_index() -> url::Url {
    PYPI_URL.clone().into()
}

/// All indexes: the settings' ones, then those that inputs name, then the default one.
///
/// What is remembered of pages counts only where `believe` says so: uv takes the rule that is set
/// for an index before any wish to ask again.
pub(crate) fn locations(
    settings: &IndexSettings,
    inputs: &Inputs,
    believe: bool,
) -> IndexLocations {
    let remembered = |index: Index| if believe { remembered(index) } else { index };
    let mut indexes = Vec::new();
    for (_, url) in &settings.only_for {
        let index = Index::from_extra_index_url(index_url(url));
        indexes.push(Index { explicit: true, ..remembered(index) });
    }
    for url in &settings.extra {
        indexes.push(remembered(Index::from_extra_index_url(index_url(url))));
    }
    for url in &inputs.extra_index_urls {
        indexes.push(remembered(Index::from_extra_index_url(url.clone())));
    }
    // The command line and the settings win over a file's own `--index-url`.
    let default = match (&settings.default, &inputs.index_url) {
        (Some(url), _) => index_url(url),
        (None, Some(url)) => url.clone(),
        (None, None) => index_url(&default_index()),
    };
    indexes.push(Index { default: true, ..remembered(Index::from_index_url(default)) });
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

fn remembered(index: Index) -> Index {
    let cache_control: Option<IndexCacheControl> = serde_json::from_str(CACHE_CONTROL).ok();
    Index { cache_control, ..index }
}
