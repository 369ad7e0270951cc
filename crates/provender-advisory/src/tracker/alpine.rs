//! Alpine's secdb: `{distroversion, reponame, packages: [{pkg: {name, secfixes: {version: [ids]}}}]}`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Affection, Issue, Tracker, TrackerError};
use crate::osv::EcosystemSpecific;

const TRACKER: &str = "Alpine's secdb";

/// The version under which those stand that a package was never affected by.
const NEVER_AFFECTED: &str = "0";

/// The document, as far as it is recognised by.
#[derive(Deserialize)]
struct Beginning {
    distroversion: Option<IgnoredAny>,
    reponame: Option<IgnoredAny>,
    packages: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Document {
    distroversion: String,
    reponame: String,
    packages: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    pkg: Package,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    #[serde(default)]
    secfixes: Option<Secfixes>,
}

/// Fixed version to what it fixes. Without any, some writers give a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Secfixes {
    Fixes(BTreeMap<String, Option<Vec<String>>>),
    None([IgnoredAny; 0]),
}

/// Reads a document; none where it has not the fields of a secdb.
pub(super) fn read(json: &[u8]) -> Option<Result<Tracker, TrackerError>> {
    let beginning: Beginning = serde_json::from_slice(json).ok()?;
    (beginning.distroversion.is_some() && beginning.reponame.is_some()).then_some(())?;
    beginning.packages?;
    let read = serde_json::from_slice(json);
    Some(match read {
        Ok(document) => tracker(document),
        Err(source) => Err(TrackerError::Shape { tracker: TRACKER, source }),
    })
}

fn tracker(document: Document) -> Result<Tracker, TrackerError> {
    let Document { distroversion, reponame, packages } = document;
    for name in [&distroversion, &reponame] {
        let known = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
        if name.is_empty() || name.len() > 64 || !name.chars().all(known) {
            return Err(TrackerError::Name { tracker: TRACKER, name: name.clone() });
        }
    }
    let ecosystem = format!("Alpine:{distroversion}");
    let mut issues = BTreeMap::<String, Issue>::new();
    for Listed { pkg } in packages {
        let Some(Secfixes::Fixes(fixes)) = pkg.secfixes else { continue };
        for (version, ids) in fixes {
            if version == NEVER_AFFECTED {
                continue;
            }
            for id in ids.iter().flatten().flat_map(|text| ids_of(text)) {
                let issue = issues.entry(id).or_insert_with_key(|id| Issue {
                    id: format!("ALPINE-{id}"),
                    about: id.clone(),
                    details: None,
                    packages: Vec::new(),
                });
                issue.packages.push(Affection {
                    ecosystem: ecosystem.clone(),
                    name: pkg.name.clone(),
                    fixed: Some(version.clone()),
                    specific: EcosystemSpecific::default(),
                });
            }
        }
    }
    Ok(Tracker {
        name: format!("alpine-{distroversion}-{reponame}"),
        unknown_releases: Default::default(),
        issues: issues.into_values().collect(),
    })
}

/// The ids in a text such as `CVE-2018-12891 XSA-264` or `CVE-2017-2616 (+ regression fix)`: the CVEs,
/// else the first word that looks like an id. An id of somebody else beside a CVE often stands for
/// several, and would make them one.
fn ids_of(text: &str) -> Vec<String> {
    let looks_like_one = |word: &&str| {
        let upper = word.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase());
        let known = |c: char| c.is_ascii_alphanumeric() || c == '-';
        upper && word.contains('-') && word.chars().all(known)
    };
    let mut words = text.split_whitespace().filter(looks_like_one);
    let cves = words.clone().filter(|word| word.starts_with("CVE-")).map(str::to_owned);
    match cves.collect::<Vec<_>>() {
        none if none.is_empty() => words.next().map(str::to_owned).into_iter().collect(),
        cves => cves,
    }
}
