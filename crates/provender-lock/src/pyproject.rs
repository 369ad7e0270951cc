//! What a `pyproject.toml` asks for, with the lines where it stands.
//!
//! The resolver's own reader decides what is required; this one only tells where. What it cannot
//! read it leaves to that one.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;

use provender_core::{ExtraName, GroupName, Place, ProjectName};
use toml::{Spanned, Value};
use uv_pep508::{Requirement, VersionOrUrl};
use uv_pypi_types::VerbatimParsedUrl;

use crate::inputs::UserLimit;
use crate::request::Selection;

/// The tables that name requirements (PEP 621 and PEP 735).
#[derive(serde::Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Pyproject {
    #[serde(default)]
    pub(crate) project: ProjectTable,
    #[serde(default)]
    dependency_groups: BTreeMap<String, Vec<Spanned<Value>>>,
}

/// The `[project]` table.
#[derive(serde::Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ProjectTable {
    name: Option<String>,
    #[serde(default)]
    pub(crate) dependencies: Vec<Spanned<String>>,
    #[serde(default)]
    pub(crate) optional_dependencies: BTreeMap<String, Vec<Spanned<String>>>,
}

/// A requirement as it stands in the file, and the offset at which it does.
type Written<'t> = (&'t str, usize);

/// What a `pyproject.toml`, shown as `shown`, demands of versions: in its dependencies, in the
/// selected extras and in `groups`, with what those include.
pub(crate) fn limits(
    text: &str,
    shown: &str,
    selection: &Selection,
    groups: &[GroupName],
) -> Vec<UserLimit> {
    let Ok(file) = toml::from_str::<Pyproject>(text) else { return Vec::new() };
    let mut written: Vec<Written<'_>> = file.project.dependencies.iter().map(written).collect();
    file.extras(selection, &mut written);
    file.groups(groups, &mut written);
    let mut seen = BTreeSet::new();
    written.retain(|(_, at)| seen.insert(*at));
    written
        .into_iter()
        .filter_map(|(requirement, at)| limit(requirement, Place::line(shown, line_of(text, at))))
        .collect()
}

impl Pyproject {
    /// The requirements of the selected extras, and of those that they name of the project itself.
    fn extras<'t>(&'t self, selection: &Selection, written_: &mut Vec<Written<'t>>) {
        let table = &self.project;
        let own: Option<ProjectName> = table.name.as_ref().and_then(|name| name.parse().ok());
        let mut wanted: Vec<ExtraName> = selection.extras.iter().cloned().collect();
        if selection.all_extras {
            wanted.extend(table.optional_dependencies.keys().filter_map(|name| name.parse().ok()));
        }
        let mut done = BTreeSet::new();
        while let Some(extra) = wanted.pop() {
            if !done.insert(extra.clone()) {
                continue;
            }
            let named = |name: &str| name.parse().is_ok_and(|name: ExtraName| name == extra);
            let members = table.optional_dependencies.iter().filter(|(name, _)| named(name));
            for member in members.flat_map(|(_, members)| members) {
                let parsed = Requirement::<VerbatimParsedUrl>::from_str(member.get_ref()).ok();
                match parsed.filter(|parsed| Some(&parsed.name) == own.as_ref()) {
                    Some(itself) => wanted.extend(itself.extras),
                    None => written_.push(written(member)),
                }
            }
        }
    }

    /// The requirements of dependency groups, and of those that they include.
    fn groups<'t>(&'t self, groups: &[GroupName], written: &mut Vec<Written<'t>>) {
        let mut wanted = groups.to_vec();
        let mut done = BTreeSet::new();
        while let Some(group) = wanted.pop() {
            if !done.insert(group.clone()) {
                continue;
            }
            let named = |name: &str| name.parse().is_ok_and(|name: GroupName| name == group);
            let members = self.dependency_groups.iter().filter(|(name, _)| named(name));
            for member in members.flat_map(|(_, members)| members) {
                match member.get_ref() {
                    Value::String(requirement) => {
                        written.push((requirement, member.span().start));
                    }
                    Value::Table(table) => {
                        let included = table.get("include-group").and_then(Value::as_str);
                        wanted.extend(included.and_then(|name| name.parse().ok()));
                    }
                    _ => {}
                }
            }
        }
    }
}

fn written(requirement: &Spanned<String>) -> Written<'_> {
    (requirement.get_ref(), requirement.span().start)
}

fn limit(text: &str, place: Place) -> Option<UserLimit> {
    let parsed = Requirement::<VerbatimParsedUrl>::from_str(text).ok()?;
    let Some(VersionOrUrl::VersionSpecifier(specifiers)) = parsed.version_or_url else {
        return None;
    };
    if specifiers.is_empty() {
        return None;
    }
    let marker = parsed.marker;
    Some(UserLimit { name: parsed.name, text: text.to_owned(), specifiers, marker, place })
}

/// The line of an offset, counted from 1.
pub(crate) fn line_of(text: &str, offset: usize) -> u32 {
    let newlines = text.bytes().take(offset).filter(|byte| *byte == b'\n').count();
    u32::try_from(newlines + 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"[project]
name = "App"
dependencies = [
    "a<2",
    "b",
    "c @ https://c.example/c.whl",
]
[project.optional-dependencies]
fast = ["d~=1.0"]
all = ["app[fast]", "e==1"]
other = ["never<1"]
[dependency-groups]
qa = [
    { include-group = "base" },
    "f<=3 ; python_version >= '3.8'",
]
base = ["g<4"]
"#;

    fn told(selection: &Selection, groups: &[&str]) -> Vec<String> {
        let groups: Vec<GroupName> = groups.iter().map(|name| name.parse().unwrap()).collect();
        let limits = limits(FILE, "pyproject.toml", selection, &groups);
        limits.iter().map(|limit| format!("{} {}", limit.place, limit.text)).collect()
    }

    #[test]
    fn a_limit_is_told_with_its_line() {
        assert_eq!(told(&Selection::default(), &[]), ["pyproject.toml:4 a<2"]);
    }

    #[test]
    fn extras_and_groups_count_where_they_are_wanted_with_what_they_include() {
        let selection =
            Selection { extras: ["all".parse().unwrap()].into(), ..Selection::default() };
        assert_eq!(
            told(&selection, &["qa"]),
            [
                "pyproject.toml:4 a<2",
                "pyproject.toml:10 e==1",
                "pyproject.toml:9 d~=1.0",
                "pyproject.toml:15 f<=3 ; python_version >= '3.8'",
                "pyproject.toml:17 g<4",
            ]
        );
        let all = Selection { all_extras: true, ..Selection::default() };
        assert_eq!(told(&all, &[]).len(), 4);
    }

    #[test]
    fn what_cannot_be_read_limits_nothing() {
        for text in ["", "[", "project = 1", "[project]\ndependencies = [\"a=1\"]"] {
            let limits = limits(text, "pyproject.toml", &Selection::default(), &[]);
            assert!(limits.is_empty(), "{text}");
        }
    }
}
