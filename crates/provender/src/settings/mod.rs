//! What decides a command: flags, then `PROVENDER_*`, then `provender.toml`, then defaults.

pub(crate) mod ecosystem;
pub(crate) mod file;
pub(crate) mod indexes;
pub(crate) mod level;
pub(crate) mod network;
pub(crate) mod registries;
pub(crate) mod upstream;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use jiff::SignedDuration;
use provender_advisory::freshness::DEFAULT_ALLOWED_AGE;
use provender_core::{Diagnostic, Severity, Sha256};
use sha2::Digest as _;
use url::Url;

use crate::cli::GlobalArgs;
use ecosystem::Ecosystem;
use file::{Loaded, SourceTable};

/// Where OSV publishes the records of one ecosystem; the ecosystem and `all.zip` follow.
const OSV_DUMPS: &str = "https://osv-vulnerabilities.storage.googleapis.com/";

/// The settings that hold for this run.
pub(crate) struct Settings {
    pub(crate) file: Loaded,
    pub(crate) data_dir: PathBuf,
    pub(crate) offline: bool,
    pub(crate) ca_bundles: Vec<PathBuf>,
}

/// A source of advisories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) origin: Origin,
    /// What it gives records of. None where nobody says: every answer then stands on it.
    pub(crate) ecosystem: Option<Ecosystem>,
    pub(crate) optional: bool,
}

impl Source {
    /// OSV's dump of an ecosystem, as a source beside those that the settings name.
    pub(crate) fn osv(ecosystem: Ecosystem) -> Result<Self, Diagnostic> {
        Ok(Self {
            name: ecosystem.source_name(),
            origin: Origin::Url(osv_dump(ecosystem)?),
            ecosystem: Some(ecosystem),
            optional: false,
        })
    }
}

/// Where a source's records come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A zip of records, or a distribution's tracker.
    Url(Url),
    /// A zip, a folder, a record or a tracker on this machine.
    Path(PathBuf),
}

impl Settings {
    /// Gathers the settings for a project.
    pub(crate) fn gather(global: &GlobalArgs, project: &Path) -> Result<Self, Diagnostic> {
        let file = file::load(global.config.as_deref(), project)?;
        let data_dir = match &global.data_dir {
            Some(folder) => folder.clone(),
            None => default_data_dir()?,
        };
        let data_dir = std::path::absolute(&data_dir).unwrap_or(data_dir);
        Ok(Self { file, data_dir, offline: global.offline, ca_bundles: global.ca_bundle.clone() })
    }

    /// The folder under which advisory data is kept. Settings that name sources have their own, so
    /// that one project's sample does not answer another project's question.
    pub(crate) fn catalog_root(&self) -> PathBuf {
        let tables = &self.file.values.advisories.sources;
        if tables.is_empty() {
            return self.data_dir.clone();
        }
        let mut hasher = sha2::Sha256::new();
        for table in tables {
            let path = table.path.as_ref().map(|path| self.file.folder.join(path));
            hasher.update(format!("{}\0{:?}\0{path:?}\0", table.name, table.url));
            // A dump of another ecosystem has another address.
            if let Some(ecosystem) = table.ecosystem {
                hasher.update(format!("{ecosystem}\0"));
            }
        }
        let digest = Sha256::from_bytes(hasher.finalize().into()).to_string();
        self.data_dir.join("sources").join(&digest[..16])
    }

    /// Where pages, metadata and built wheels are remembered.
    pub(crate) fn cache_dir(&self) -> PathBuf {
        self.data_dir.join("http").join("uv")
    }

    /// How old advisory data may be.
    pub(crate) fn allowed_age(&self) -> SignedDuration {
        let days = self.file.values.advisories.max_age_days;
        days.map_or(DEFAULT_ALLOWED_AGE, |days| SignedDuration::from_hours(24 * i64::from(days)))
    }

    /// The severity from which a finding counts.
    pub(crate) fn fail_on(&self, flag: Option<Severity>) -> Severity {
        flag.or(self.file.values.audit.fail_on).unwrap_or(Severity::Low)
    }

    /// The configured sources of advisories; OSV's dump where none is configured.
    pub(crate) fn sources(&self) -> Result<Vec<Source>, Diagnostic> {
        let tables = &self.file.values.advisories.sources;
        if tables.is_empty() {
            let python = Source::osv(Ecosystem::PyPI)?;
            return Ok(vec![Source { name: "osv".to_owned(), ..python }]);
        }
        for (at, table) in tables.iter().enumerate() {
            if tables[..at].iter().any(|earlier| earlier.name == table.name) {
                let message = format!("two sources are called `{}`", table.name);
                return Err(Diagnostic::error("settings/malformed", message)
                    .hint("give each source a name of its own")
                    .decided_by("advisories.source"));
            }
        }
        tables.iter().map(|table| self.source(table)).collect()
    }

    fn source(&self, table: &SourceTable) -> Result<Source, Diagnostic> {
        let mut ecosystem = table.ecosystem;
        let origin = match (&table.url, &table.path) {
            (Some(url), None) => Origin::Url(url.clone()),
            (None, Some(path)) => Origin::Path(self.file.folder.join(path)),
            (None, None) => {
                let dumped = *ecosystem.get_or_insert(Ecosystem::PyPI);
                Origin::Url(osv_dump(dumped)?)
            }
            (Some(_), Some(_)) => {
                let message = format!("the source `{}` has both a url and a path", table.name);
                return Err(Diagnostic::error("settings/malformed", message)
                    .hint("give one of them")
                    .decided_by("advisories.source"));
            }
        };
        Ok(Source { name: table.name.clone(), origin, ecosystem, optional: table.optional })
    }
}

fn osv_dump(ecosystem: Ecosystem) -> Result<Url, Diagnostic> {
    let base = variable("PROVENDER_OSV_URL").unwrap_or_else(|| OSV_DUMPS.to_owned());
    let base = if base.ends_with('/') { base } else { format!("{base}/") };
    let dump = format!("{ecosystem}/all.zip");
    Url::parse(&base).and_then(|base| base.join(&dump)).map_err(|error| {
        Diagnostic::error("settings/malformed", format!("no URL of OSV dumps: {error}"))
            .hint("correct PROVENDER_OSV_URL")
            .decided_by("PROVENDER_OSV_URL")
    })
}

fn default_data_dir() -> Result<PathBuf, Diagnostic> {
    let strategy = etcetera::choose_base_strategy().map_err(|_| {
        Diagnostic::error("settings/no-home", "there is no home directory to keep data under")
            .hint("name a folder with --data-dir or PROVENDER_DATA_DIR")
    })?;
    Ok(strategy.data_dir().join("provender"))
}

/// The value of an environment variable that is set and not empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The environment, as far as it is text: builds get it, and requirement files may name it.
pub(crate) fn variables() -> BTreeMap<String, String> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).collect()
}
