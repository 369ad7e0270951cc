//! `provender.toml`: what may stand in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use provender_core::audit::Waiver;
use provender_core::{Diagnostic, GroupName, Place, ProjectName, Severity};
use provender_image::settings::ImageSettings;
use serde::Deserialize;
use url::Url;

use super::ecosystem::Ecosystem;

/// The name under which the settings are found.
pub(crate) const FILE_NAME: &str = "provender.toml";

/// A whole settings file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct SettingsFile {
    #[serde(default)]
    pub(crate) lock: LockTable,
    #[serde(default)]
    pub(crate) audit: AuditTable,
    #[serde(default)]
    pub(crate) advisories: AdvisoriesTable,
    #[serde(default)]
    pub(crate) index: IndexTable,
    #[serde(default)]
    pub(crate) network: NetworkTable,
    #[serde(default)]
    pub(crate) stock: StockTable,
    #[serde(default)]
    pub(crate) secure: SecureTable,
    #[serde(default)]
    pub(crate) lint: LintTable,
    #[serde(default)]
    pub(crate) image: ImageSettings,
    #[serde(default)]
    pub(crate) registries: RegistriesTable,
    #[serde(default, rename = "waiver")]
    pub(crate) waivers: Vec<Waiver>,
}

/// `[registries]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RegistriesTable {
    /// Registries of images, as `HOST[:PORT]`, that speak no TLS.
    #[serde(default)]
    pub(crate) plain_http: BTreeSet<String>,
}

/// `[stock]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct StockTable {
    /// What is carried along.
    #[serde(default)]
    pub(crate) with: Vec<String>,
}

/// `[lint]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct LintTable {
    /// The level from which a finding counts.
    pub(crate) fail_on: Option<String>,
    /// The rules that do not run.
    #[serde(default)]
    pub(crate) ignore: Vec<String>,
    /// Findings that are accepted, in files without comments above all.
    #[serde(default)]
    pub(crate) allow: Vec<LintAllowTable>,
}

/// `[[lint.allow]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct LintAllowTable {
    /// The rule's id.
    pub(crate) rule: String,
    /// Which files, as a glob.
    pub(crate) path: String,
    /// Why.
    pub(crate) reason: String,
}

/// `[secure]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct SecureTable {
    /// Where the lock goes, in place of `lock.output`, which then only tells the present pins.
    pub(crate) output: Option<PathBuf>,
    pub(crate) report_dir: Option<PathBuf>,
}

/// `[lock]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct LockTable {
    #[serde(default)]
    pub(crate) inputs: Vec<PathBuf>,
    pub(crate) output: Option<PathBuf>,
    pub(crate) python_version: Option<String>,
    #[serde(default)]
    pub(crate) platform: Vec<String>,
    #[serde(default)]
    pub(crate) universal: bool,
    pub(crate) exclude_newer: Option<toml::value::Datetime>,
    #[serde(default)]
    pub(crate) exclude_dev: bool,
    #[serde(default)]
    pub(crate) dev: DevTable,
    #[serde(default)]
    pub(crate) extras: Vec<String>,
    #[serde(default)]
    pub(crate) groups: Vec<String>,
    #[serde(default)]
    pub(crate) no_build: bool,
    pub(crate) fix: Option<String>,
    #[serde(default)]
    pub(crate) fix_project: BTreeMap<ProjectName, String>,
}

/// `[lock.dev]`: what counts as development beyond the built-in lists.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DevTable {
    #[serde(default)]
    pub(crate) projects: BTreeSet<ProjectName>,
    #[serde(default)]
    pub(crate) keep: BTreeSet<ProjectName>,
    #[serde(default)]
    pub(crate) files: BTreeSet<String>,
    #[serde(default)]
    pub(crate) groups: BTreeSet<GroupName>,
}

/// `[audit]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct AuditTable {
    pub(crate) fail_on: Option<Severity>,
    /// The level from which what hardening finds in an image counts.
    pub(crate) fail_on_hardening: Option<String>,
}

/// `[advisories]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct AdvisoriesTable {
    pub(crate) max_age_days: Option<u32>,
    #[serde(default, rename = "source")]
    pub(crate) sources: Vec<SourceTable>,
}

/// `[[advisories.source]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct SourceTable {
    pub(crate) name: String,
    pub(crate) url: Option<Url>,
    pub(crate) path: Option<PathBuf>,
    pub(crate) ecosystem: Option<Ecosystem>,
    #[serde(default)]
    pub(crate) optional: bool,
}

/// `[index]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct IndexTable {
    pub(crate) url: Option<String>,
    #[serde(default)]
    pub(crate) extra: Vec<String>,
    #[serde(default)]
    pub(crate) only_for: BTreeMap<ProjectName, String>,
}

/// `[network]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct NetworkTable {
    #[serde(default)]
    pub(crate) ca_bundles: Vec<PathBuf>,
    pub(crate) proxy: Option<String>,
    pub(crate) no_proxy: Option<String>,
    pub(crate) timeout_seconds: Option<u64>,
    pub(crate) retries: Option<u32>,
    #[serde(default, rename = "credential")]
    pub(crate) credentials: Vec<CredentialTable>,
}

/// `[[network.credential]]`: the secret itself stands in an environment variable.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct CredentialTable {
    pub(crate) url: String,
    pub(crate) user: Option<String>,
    pub(crate) password_env: Option<String>,
    pub(crate) token_env: Option<String>,
}

/// Settings with the file they came from.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) values: SettingsFile,
    /// The file; none where there is none.
    pub(crate) path: Option<PathBuf>,
    /// The folder that paths in it are relative to.
    pub(crate) folder: PathBuf,
}

/// Reads `explicit`, else the first `provender.toml` from `project` upwards, else nothing.
pub(crate) fn load(explicit: Option<&Path>, project: &Path) -> Result<Loaded, Diagnostic> {
    let absolute = std::path::absolute(project).unwrap_or_else(|_| project.to_path_buf());
    let path = match explicit {
        Some(path) => Some(path.to_path_buf()),
        None => absolute
            .ancestors()
            .map(|folder| folder.join(FILE_NAME))
            .find(|candidate| candidate.is_file()),
    };
    let Some(path) = path else {
        return Ok(Loaded { folder: absolute, ..Loaded::default() });
    };
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Diagnostic::error("settings/unreadable", format!("cannot read the settings: {error}"))
            .at(Place::file(crate::output::shown(&path)))
            .hint("check the path given with --config or PROVENDER_CONFIG")
    })?;
    let values = parse(&text, &path)?;
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let folder = std::path::absolute(&folder).unwrap_or(folder);
    Ok(Loaded { values, path: Some(path), folder })
}

fn parse(text: &str, path: &Path) -> Result<SettingsFile, Diagnostic> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| {
            let newlines = text.bytes().take(span.start).filter(|byte| *byte == b'\n').count();
            u32::try_from(newlines + 1).unwrap_or(u32::MAX)
        });
        let place = Place { line, ..Place::file(crate::output::shown(path)) };
        Diagnostic::error("settings/malformed", error.message().trim().replace('\n', "; "))
            .at(place)
            .hint("every setting is described in docs/reference/settings.md")
    })
}

/// The instant that a date or date-time means: without an offset it is UTC, so that it means the
/// same on every machine; a date is its first instant.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    if let Ok(instant) = text.parse() {
        return Some(instant);
    }
    let local: jiff::civil::DateTime = text.parse().ok()?;
    Some(local.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let error = parse("[lock]\nfix = \"minor\"\nfixx = 1\n", Path::new("p.toml")).unwrap_err();
        assert_eq!(error.place.unwrap().line, Some(3));
        assert!(error.message.contains("fixx"), "{}", error.message);
    }

    #[test]
    fn a_waiver_needs_reason_owner_and_end() {
        let text = "[[waiver]]\nid = \"CVE-1\"\nproject = \"a\"\nreason = \"r\"\nowner = \"o\"\n";
        let error = parse(text, Path::new("p.toml")).unwrap_err();
        assert!(error.message.contains("until"), "{}", error.message);
    }

    #[test]
    fn a_date_is_its_first_instant() {
        assert_eq!(instant("2026-01-02"), instant("2026-01-02T00:00:00Z"));
        assert_eq!(instant("2026-01-02T12:00:00"), instant("2026-01-02T12:00:00Z"));
        assert_eq!(instant("yesterday"), None);
    }
}
