//! Which hosts are looked at: those that were named, else those that the project's settings need.

use std::path::Path;
use std::time::Duration;

use provender_core::lock::{LockedSource, constraints, pylock};
use provender_core::requirements_txt::{self, EntryKind};
use provender_core::{Diagnostic, Lock, ProjectName};
use provender_index::simple::{self, ProjectPage};
use provender_net::doctor::{Expects, Target};
use provender_net::{Client, ClientSettings, NetError, RetrySettings};
use url::Url;

use crate::cli::IndexArgs;
use crate::commands::lock::{INPUTS, says_what_to_lock};
use crate::commands::stock::default_lock;
use crate::settings::{Origin, Settings, indexes, variable};

/// How many projects of the lock are looked for on the index, the first that it has being taken.
const MOST_CANDIDATES: usize = 3;

/// A project that an index has whatever the project needs.
const COMMON: &str = "pip";

/// What the host of the files is needed for.
pub(super) const FILE_HOST: &str = "file host";

/// How long the page of a project is waited for before the hosts are looked at.
const PATIENCE: Duration = Duration::from_secs(15);

/// The largest page that is read.
const LARGEST_PAGE: u64 = 16 * 1024 * 1024;

/// What is looked at.
#[derive(Debug, Default)]
pub(super) struct Targets {
    pub(super) hosts: Vec<Target>,
    /// What the tools are asked for, each with the host in `hosts` that it is at.
    pub(super) for_tools: Vec<(Url, usize)>,
    /// What is told beside the report.
    pub(super) notes: Vec<Diagnostic>,
}

impl Targets {
    /// Adds a host, unless it is there; gives its place.
    fn add(&mut self, target: Target) -> usize {
        match self.hosts.iter().position(|known| known.url == target.url) {
            Some(known) => known,
            None => {
                self.hosts.push(target);
                self.hosts.len() - 1
            }
        }
    }
}

/// The hosts of these URLs; one without a scheme is https.
pub(super) fn named(urls: &[String]) -> Result<Targets, Diagnostic> {
    let mut targets = Targets::default();
    for text in urls {
        let whole = if text.contains("://") { text.clone() } else { format!("https://{text}") };
        let url = Url::parse(&whole)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let Some(url) = url else {
            let shown = provender_core::redact::without_credentials(text);
            let message = format!("`{shown}` is neither the URL nor the name of a host");
            return Err(Diagnostic::error("doctor/bad-url", message)
                .hint("name a host such as index.example, or a URL that begins with https://"));
        };
        let is_index =
            url.path_segments().is_some_and(|mut parts| parts.any(|part| part == "simple"));
        let expects = if is_index { Expects::IndexPage } else { Expects::Anything };
        let at = targets.add(Target::new(url.clone(), "named").expects(expects));
        targets.for_tools.push((url, at));
    }
    Ok(targets)
}

/// The hosts that the project's settings need. Asks the index for the page of one project, for that
/// says where the files are.
pub(super) async fn of_project(
    settings: &Settings,
    client: &ClientSettings,
) -> Result<Targets, Diagnostic> {
    let (indexes, notes) = indexes::gather(&IndexArgs::default(), settings)?;
    let inputs = Inputs::of(settings);
    let mut targets = Targets { notes, ..Targets::default() };
    let built_in = provender_lock::default_index();
    let index = indexes.default.or_else(|| inputs.index.clone()).or(indexes.fallback);
    let index = index.unwrap_or_else(|| built_in.clone());
    let is_public = index.host_str() == built_in.host_str();
    let known = |target: Target| if is_public { target.known_public() } else { target };

    if asked_over_the_network(&index) {
        let client = Client::new(ClientSettings {
            retry: RetrySettings { retries: 0, ..client.retry },
            ..client.clone()
        });
        let found = match &client {
            Ok(client) => first_page(client, &index, &inputs.projects).await,
            Err(_) => None,
        };
        let page = found.as_ref().map(|found| found.url.clone());
        let page = page.or_else(|| Some(page_url(&index, inputs.projects.first()?)));
        let target = Target::new(page.unwrap_or_else(|| with_slash(&index)), "index");
        let at = targets.add(known(target.expects(Expects::IndexPage)));
        targets.for_tools.push((index.clone(), at));
        if let Some(file) = found.and_then(|found| found.file)
            && file.host_str() != index.host_str()
        {
            targets.add(known(Target::new(file, FILE_HOST).expects(Expects::File)));
        }
    }
    let extra = indexes.extra.iter().chain(&inputs.extra).filter(|url| asked_over_the_network(url));
    for url in extra {
        targets.add(Target::new(with_slash(url), "further index").expects(Expects::IndexPage));
    }
    for (name, url) in indexes.only_for.iter().filter(|(_, url)| asked_over_the_network(url)) {
        let target = Target::new(page_url(url, name), format!("index of {name}"));
        targets.add(target.expects(Expects::IndexPage));
    }
    let of_settings = settings.file.values.advisories.sources.iter().any(|own| own.url.is_some());
    for source in settings.sources()? {
        if let Origin::Url(url) = source.origin
            && asked_over_the_network(&url)
        {
            let target =
                Target::new(url, format!("advisory source {}", source.name)).expects(Expects::File);
            let built_in = !of_settings && variable("PROVENDER_OSV_URL").is_none();
            targets.add(if built_in { target.known_public() } else { target });
        }
    }
    if let Some(url) = npm_registry(&settings.file.folder) {
        targets.add(Target::new(url, "npm registry"));
    }
    Ok(targets)
}

/// Whether a URL is one that a request is made for; an index may be a folder.
fn asked_over_the_network(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// What the project's own files say.
#[derive(Debug, Default)]
struct Inputs {
    projects: Vec<ProjectName>,
    index: Option<Url>,
    extra: Vec<Url>,
}

impl Inputs {
    /// Reads the lock and the requirements; what cannot be read says nothing here.
    fn of(settings: &Settings) -> Self {
        let mut inputs = Self::default();
        if let Some(lock) = default_lock(settings).and_then(|path| read_lock(&path)) {
            let from_index = lock
                .projects
                .into_iter()
                .filter(|project| matches!(project.source, LockedSource::Index(_)));
            inputs.projects.extend(from_index.map(|project| project.name));
        }
        let folder = &settings.file.folder;
        let own = settings.file.values.lock.inputs.iter().map(|path| folder.join(path));
        let mut files: Vec<_> = own.collect();
        if files.is_empty() {
            let present = INPUTS.iter().map(|name| folder.join(name));
            files.extend(present.into_iter().find(|path| says_what_to_lock(path)));
        }
        for text in files.iter().filter_map(|path| std::fs::read_to_string(path).ok()) {
            for entry in requirements_txt::parse(&text).unwrap_or_default() {
                inputs.take(entry.kind);
            }
        }
        inputs
    }

    fn take(&mut self, kind: EntryKind) {
        match kind {
            EntryKind::Requirement(requirement) => self.projects.extend(requirement.name),
            EntryKind::Option { name, value: Some(value) } => {
                let Ok(url) = Url::parse(&value) else { return };
                match name.as_str() {
                    "-i" | "--index-url" | "--pypi-url" => self.index = Some(url),
                    "--extra-index-url" => self.extra.push(url),
                    _ => {}
                }
            }
            EntryKind::Option { .. } | EntryKind::Include { .. } => {}
        }
    }
}

fn read_lock(path: &Path) -> Option<Lock> {
    let text = std::fs::read_to_string(path).ok()?;
    match path.extension()?.to_str()? {
        "toml" => pylock::parse(&text).ok(),
        _ => constraints::parse(&text).ok(),
    }
}

/// A page that the index has, and where the first of its files is.
struct Found {
    url: Url,
    file: Option<Url>,
}

/// The page of the first of these projects that the index has; none where it cannot be asked, which
/// the look at its host will tell.
async fn first_page(client: &Client, index: &Url, projects: &[ProjectName]) -> Option<Found> {
    let common = COMMON.parse().ok();
    let candidates = projects.iter().take(MOST_CANDIDATES).chain(&common);
    for project in candidates {
        let url = page_url(index, project);
        let accept = format!("{}, {}, {};q=0.1", simple::JSON, simple::HTML_V1, simple::HTML);
        let asked = client.get(&url).accept(&accept).max_bytes(LARGEST_PAGE).send();
        let answer = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(fetched)) => fetched.into_new()?,
            Ok(Err(NetError::Status { .. })) => continue,
            Ok(Err(_)) | Err(_) => return None,
        };
        if let Ok(page) =
            ProjectPage::parse(project, &answer.url, &answer.content_type, &answer.body)
        {
            // The newest are the last.
            let file = page.files.into_iter().rev().find_map(|file| file.url);
            return Some(Found { url, file });
        }
    }
    None
}

/// The URL without query and fragment: they may hold secrets, and say nothing of the host.
pub(super) fn without_query(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url
}

fn with_slash(url: &Url) -> Url {
    let mut url = url.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().push("");
    }
    url
}

/// Where the page of a project is.
pub(super) fn page_url(index: &Url, project: &ProjectName) -> Url {
    let mut url = index.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend([project.as_ref(), ""]);
    }
    url
}

/// The registry that npm is told of, where the project is one of Node as well.
fn npm_registry(project: &Path) -> Option<Url> {
    if !project.join("package.json").is_file() {
        return None;
    }
    let own = ["npm_config_registry", "NPM_CONFIG_REGISTRY"].into_iter().find_map(variable);
    let files = [Some(project.to_path_buf()), etcetera::home_dir().ok()];
    let in_file = |folder: std::path::PathBuf| {
        let text = std::fs::read_to_string(folder.join(".npmrc")).ok()?;
        let (_, value) = text
            .lines()
            .filter_map(|line| line.split_once('='))
            .find(|(key, _)| key.trim() == "registry")?;
        Some(value.trim().trim_matches(['"', '\'']).to_owned())
    };
    let named = own.or_else(|| files.into_iter().flatten().find_map(in_file))?;
    Url::parse(&named).ok().filter(asked_over_the_network)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(texts: &[&str]) -> Result<Vec<String>, String> {
        let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
        let hosts = named(&texts).map_err(|error| error.rule.to_owned())?.hosts;
        Ok(hosts.into_iter().map(|target| target.url.to_string()).collect())
    }

    #[test]
    fn a_name_without_a_scheme_is_asked_over_https() {
        let named = urls(&["index.example", "http://plain.example:8080/x", "index.example:8443"]);
        let expected = [
            "https://index.example/",
            "http://plain.example:8080/x",
            "https://index.example:8443/",
        ];
        assert_eq!(named.unwrap(), expected);
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in ["ftp://index.example/", "https://", "a b"] {
            assert_eq!(urls(&[text]), Err("doctor/bad-url".to_owned()), "{text}");
        }
    }

    #[test]
    fn a_signature_is_no_part_of_a_host() {
        let signed = Url::parse("https://files.example/a.whl?X-Sig=s3cret#sha256=0").unwrap();
        assert_eq!(without_query(&signed).as_str(), "https://files.example/a.whl");
    }

    #[test]
    fn a_page_lies_below_its_index() {
        for index in ["https://index.example/simple", "https://index.example/simple/"] {
            let url = page_url(&Url::parse(index).unwrap(), &"lib".parse().unwrap());
            assert_eq!(url.as_str(), "https://index.example/simple/lib/");
        }
    }
}
