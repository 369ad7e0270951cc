//! Which indexes are asked, and in which order.

use std::collections::BTreeMap;

use provender_core::{Diagnostic, ProjectName};
use provender_lock::IndexSettings;
use url::Url;

use super::upstream::{self, Surroundings};
use super::{Settings, variable};
use crate::cli::IndexArgs;

/// The indexes: what was asked for, else what the machine's own tools ask.
pub(crate) fn gather(
    args: &IndexArgs,
    settings: &Settings,
) -> Result<(IndexSettings, Vec<Diagnostic>), Diagnostic> {
    let table = &settings.file.values.index;
    let home = etcetera::home_dir().ok();
    let machine = upstream::find(&Surroundings { variable: &variable, home });
    let own = variable("PROVENDER_INDEX");
    let mut notes = Vec::new();
    let default = match (&args.index, &own, &table.url) {
        (Some(text), _, _) => Some(url(text, "--index")?),
        (None, Some(text), _) => Some(url(text, "PROVENDER_INDEX")?),
        (None, None, Some(text)) => Some(url(text, "index.url")?),
        (None, None, None) => None,
    };
    let asked = default.is_some();
    let fallback = if asked {
        None
    } else {
        machine.default.map(|named| {
            let shown = provender_core::redact::redacted(&named.url);
            let note = Diagnostic::note("index/from-machine", format!("the index is {shown}"));
            notes.push(note.decided_by(named.setting));
            named.url
        })
    };
    let mut extra = Vec::new();
    for text in &args.extra_index {
        extra.push(url(text, "--extra-index")?);
    }
    for text in &table.extra {
        extra.push(url(text, "index.extra")?);
    }
    if extra.is_empty() && !asked {
        extra.extend(machine.extra.into_iter().map(|named| named.url));
    }
    let mut only_for: BTreeMap<ProjectName, Url> = BTreeMap::new();
    for (name, text) in &table.only_for {
        only_for.insert(name.clone(), url(text, "index.only-for")?);
    }
    for text in &args.index_for {
        let (name, address) = text
            .split_once('=')
            .ok_or_else(|| bad(text, "a project and its index, NAME=URL", "--index-for"))?;
        let name = name.parse().map_err(|_| bad(name, "a project name", "--index-for"))?;
        only_for.insert(name, url(address, "--index-for")?);
    }
    let only_for = only_for.into_iter().collect();
    Ok((IndexSettings { default, fallback, extra, only_for }, notes))
}

fn url(text: &str, setting: &str) -> Result<Url, Diagnostic> {
    let parsed =
        Url::parse(text).ok().filter(|url| matches!(url.scheme(), "https" | "http" | "file"));
    parsed.ok_or_else(|| bad(text, "the URL of an index", setting))
}

/// What is wrong with a value, and which setting it came from.
pub(crate) fn bad(text: &str, what: &str, setting: &str) -> Diagnostic {
    Diagnostic::error("settings/malformed", format!("`{text}` is not {what}"))
        .hint(format!("correct {setting}"))
        .decided_by(setting)
}
