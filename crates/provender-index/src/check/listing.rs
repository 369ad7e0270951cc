//! Reading the list of projects of an index (PEP 503, PEP 691).

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;
use provender_core::ProjectName;
use serde::Deserialize;

#[derive(Deserialize)]
struct List {
    projects: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    name: String,
}

/// The projects that a list names; an error says why it is none.
pub(super) fn projects(is_json: bool, body: &[u8]) -> Result<BTreeSet<ProjectName>, String> {
    if is_json {
        let list: List = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        return Ok(list.projects.iter().filter_map(|listed| listed.name.parse().ok()).collect());
    }
    let text = String::from_utf8_lossy(body);
    let dom = tl::parse(&text, tl::ParserOptions::default()).map_err(|error| error.to_string())?;
    let anchors = dom.nodes().iter().filter_map(|node| {
        let tag = node.as_tag()?;
        let is_anchor = tag.name().as_bytes().eq_ignore_ascii_case(b"a");
        let href = is_anchor
            .then(|| tag.attributes().iter().find(|(name, _)| name.eq_ignore_ascii_case("href")))?;
        href.and_then(|(_, href)| href).map(|href| href.into_owned())
    });
    let names = anchors.filter_map(|href| {
        let href = html_escape::decode_html_entities(&href).into_owned();
        let last = href.trim_end_matches('/').rsplit('/').next()?.to_owned();
        percent_decode_str(&last).decode_utf8().ok()?.parse().ok()
    });
    Ok(names.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simple::render;

    #[test]
    fn both_formats_name_the_same_projects() {
        let names: BTreeSet<ProjectName> =
            ["a", "zope-interface"].iter().map(|name| name.parse().unwrap()).collect();
        assert_eq!(projects(true, &render::root_json(&names)).unwrap(), names);
        assert_eq!(projects(false, &render::root_html(&names)).unwrap(), names);
        let absolute = br#"<a href="/simple/Zope.Interface/">x</a> <a HREF='/simple/a'>a</a>"#;
        assert_eq!(projects(false, absolute).unwrap(), names);
    }

    #[test]
    fn json_that_breaks_off_is_no_list() {
        assert!(projects(true, b"{\"projects\": [{").is_err());
    }
}
