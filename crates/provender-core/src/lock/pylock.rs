//! A lock as `pylock.toml` (packaging specifications, "pylock.toml", from PEP 751).

use serde::Deserialize;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value, value};
use url::Url;

use super::{Lock, LockError, LockHeader, LockedFile, LockedProject, LockedSource, Via};
use crate::{FileHash, Platforms, ProjectName, Target, Version};

const TITLE: &str =
    "# A lock by provender. To change it, change its inputs and run `provender lock`.\n";

/// Writes a lock. What only provender needs stands under `[tool.provender]`.
pub fn render(lock: &Lock) -> String {
    let mut document = DocumentMut::new();
    document["lock-version"] = value("1.0");
    document["created-by"] = value("provender");
    if let Some(target) = &lock.header.target {
        let requires = match target.python.patch {
            _ if target.platforms == Platforms::Universal => format!(">={}", target.python),
            Some(_) => format!("=={}", target.python),
            None => format!("=={}.*", target.python),
        };
        document["requires-python"] = value(requires);
    }
    let mut packages = ArrayOfTables::new();
    for project in &lock.projects {
        packages.push(package(project));
    }
    document["packages"] = Item::ArrayOfTables(packages);
    let mut tool = Table::new();
    tool.set_implicit(true);
    tool["provender"] = Item::Table(header(lock));
    document["tool"] = Item::Table(tool);
    format!("{TITLE}{document}")
}

fn header(lock: &Lock) -> Table {
    let mut table = Table::new();
    table["lock"] = value(1);
    table["inputs"] = value(Array::from_iter(lock.header.inputs.iter().map(String::as_str)));
    if let Some(target) = &lock.header.target {
        table["python"] = value(target.python.to_string());
        table["platforms"] = value(target.platforms.to_string());
    }
    if let Some(instant) = &lock.header.exclude_newer {
        table["exclude-newer"] = value(instant.to_string());
    }
    if lock.header.exclude_dev {
        table["exclude-dev"] = value(true);
    }
    if !lock.build.is_empty() {
        let mut build = ArrayOfTables::new();
        for project in &lock.build {
            let mut entry = Table::new();
            entry["requirement"] = value(super::constraints::requirement(project));
            let hashes = project.files.iter().map(|file| file.hash.to_string());
            entry["hashes"] = value(multiline(Array::from_iter(hashes)));
            entry["via"] = value(Array::from_iter(project.via.iter().map(Via::to_string)));
            build.push(entry);
        }
        table["build"] = Item::ArrayOfTables(build);
    }
    table
}

fn package(project: &LockedProject) -> Table {
    let mut table = Table::new();
    table["name"] = value(project.name.as_str());
    if let Some(version) = &project.version {
        table["version"] = value(version.to_string());
    }
    if let Some(marker) = &project.marker {
        table["marker"] = value(marker);
    }
    if let Some(requires) = &project.requires_python {
        table["requires-python"] = value(requires);
    }
    match &project.source {
        LockedSource::Index(index) => {
            if let Some(index) = index {
                table["index"] = value(index.as_str());
            }
            let (wheels, others): (Vec<_>, Vec<_>) =
                project.files.iter().partition(|file| file.is_wheel());
            if let Some(sdist) = others.first() {
                table["sdist"] = value(file(sdist));
            }
            if !wheels.is_empty() {
                let mut by_name = wheels;
                by_name.sort_by(|a, b| a.filename.cmp(&b.filename));
                table["wheels"] = value(multiline(Array::from_iter(by_name.into_iter().map(file))));
            }
        }
        LockedSource::Direct(location) => {
            let (key, source) = direct(location, project);
            table[key] = value(source);
        }
        LockedSource::Editable(path) => {
            let mut directory = InlineTable::new();
            directory.insert("path", path.as_str().into());
            directory.insert("editable", true.into());
            table["directory"] = value(directory);
        }
    }
    table
}

/// `vcs`, `archive` or `directory`, whichever the location is.
fn direct(location: &str, project: &LockedProject) -> (&'static str, InlineTable) {
    let mut source = InlineTable::new();
    if let Some((scheme, url)) = location.split_once('+')
        && ["git", "hg", "svn", "bzr"].contains(&scheme)
    {
        let (url, commit) = url.rsplit_once('@').unwrap_or((url, ""));
        source.insert("type", scheme.into());
        source.insert("url", url.into());
        source.insert("commit-id", commit.into());
        return ("vcs", source);
    }
    let is_url = location.contains("://") && !location.starts_with("file://");
    source.insert(if is_url { "url" } else { "path" }, location.into());
    if project.files.is_empty() && !is_url {
        return ("directory", source);
    }
    let hashes = project.files.iter().map(|file| &file.hash);
    source.insert("hashes", Value::InlineTable(hash_table(hashes)));
    ("archive", source)
}

fn file(file: &LockedFile) -> InlineTable {
    let mut table = InlineTable::new();
    if let Some(name) = &file.filename {
        table.insert("name", name.as_str().into());
    }
    if let Some(time) = &file.upload_time {
        // A TOML date-time, not a string, is what PEP 751 asks for.
        if let Ok(time) = time.to_string().parse::<toml_edit::Datetime>() {
            table.insert("upload-time", time.into());
        }
    }
    if let Some(url) = &file.url {
        table.insert("url", url.as_str().into());
    }
    if let Some(size) = file.size.and_then(|size| i64::try_from(size).ok()) {
        table.insert("size", size.into());
    }
    table.insert("hashes", Value::InlineTable(hash_table([&file.hash])));
    table
}

fn hash_table<'a>(hashes: impl IntoIterator<Item = &'a FileHash>) -> InlineTable {
    let mut table = InlineTable::new();
    for hash in hashes {
        let text = hash.to_string();
        if let Some((algorithm, hex)) = text.split_once(':') {
            table.insert(algorithm, hex.into());
        }
    }
    table
}

fn multiline(mut array: Array) -> Array {
    for item in array.iter_mut() {
        item.decor_mut().set_prefix("\n    ");
    }
    array.set_trailing("\n");
    array.set_trailing_comma(true);
    array
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawLock {
    lock_version: String,
    #[serde(default)]
    packages: Vec<RawPackage>,
    #[serde(default)]
    tool: RawTool,
}

#[derive(Deserialize, Default)]
struct RawTool {
    #[serde(default)]
    provender: Option<RawHeader>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawHeader {
    #[serde(default)]
    inputs: Vec<String>,
    python: Option<String>,
    platforms: Option<String>,
    exclude_newer: Option<jiff::Timestamp>,
    #[serde(default)]
    exclude_dev: bool,
    #[serde(default)]
    build: Vec<RawBuild>,
}

#[derive(Deserialize)]
struct RawBuild {
    requirement: String,
    hashes: Vec<String>,
    #[serde(default)]
    via: Vec<ProjectName>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawPackage {
    name: toml::Spanned<ProjectName>,
    version: Option<Version>,
    marker: Option<String>,
    requires_python: Option<String>,
    index: Option<Url>,
    vcs: Option<RawVcs>,
    directory: Option<RawDirectory>,
    archive: Option<RawFile>,
    sdist: Option<RawFile>,
    #[serde(default)]
    wheels: Vec<RawFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawVcs {
    r#type: String,
    url: Option<String>,
    path: Option<String>,
    commit_id: String,
}

#[derive(Deserialize)]
struct RawDirectory {
    path: String,
    #[serde(default)]
    editable: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawFile {
    name: Option<String>,
    url: Option<String>,
    path: Option<String>,
    size: Option<u64>,
    upload_time: Option<toml::value::Datetime>,
    #[serde(default)]
    hashes: std::collections::BTreeMap<String, String>,
}

/// Reads a lock that provender or another tool wrote.
///
/// # Errors
///
/// Text that is not TOML or lacks what PEP 751 demands, with the line; a newer major version.
pub fn parse(text: &str) -> Result<Lock, LockError> {
    Ok(parse_with_lines(text)?.0)
}

/// Reads a lock together with the line on which each of its projects begins.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_with_lines(text: &str) -> Result<(Lock, Vec<u32>), LockError> {
    let raw: RawLock = toml::from_str(text).map_err(|error| LockError {
        line: error.span().map(|span| line_of(text, span.start)),
        message: error.message().to_owned(),
    })?;
    if raw.lock_version.split('.').next() != Some("1") {
        let message =
            format!("lock-version {} is newer than this provender reads", raw.lock_version);
        return Err(LockError { line: None, message });
    }
    let mut lock = Lock::default();
    if let Some(header) = raw.tool.provender {
        lock.build = header.build.iter().map(build).collect::<Result<_, _>>()?;
        lock.header = read_header(header)?;
    }
    let mut lines = Vec::with_capacity(raw.packages.len());
    for package in raw.packages {
        let line = line_of(text, package.name.span().start);
        lines.push(line);
        lock.projects.push(locked(package).map_err(|message| LockError::at(line, message))?);
    }
    Ok((lock, lines))
}

/// The line, counted from 1, of a byte offset.
pub(crate) fn line_of(text: &str, offset: usize) -> u32 {
    let newlines = text.bytes().take(offset).filter(|byte| *byte == b'\n').count();
    u32::try_from(newlines).unwrap_or(u32::MAX).saturating_add(1)
}

fn read_header(raw: RawHeader) -> Result<LockHeader, LockError> {
    let bad = |error: &dyn std::fmt::Display| LockError { line: None, message: error.to_string() };
    let target = match (raw.python, raw.platforms) {
        (Some(python), Some(platforms)) => Some(Target {
            python: python.parse().map_err(|error| bad(&error))?,
            platforms: platforms.parse().map_err(|error| bad(&error))?,
        }),
        _ => None,
    };
    Ok(LockHeader {
        inputs: raw.inputs,
        target,
        exclude_newer: raw.exclude_newer,
        exclude_dev: raw.exclude_dev,
        // PEP 751 demands of a wheel where it is, and one that was built is on no index.
        built: Vec::new(),
    })
}

fn build(raw: &RawBuild) -> Result<LockedProject, LockError> {
    let hashes: String = raw.hashes.iter().map(|hash| format!(" --hash={hash}")).collect();
    let lock = super::constraints::parse(&format!("{}{hashes}", raw.requirement))?;
    let mut project = lock.projects.into_iter().next().ok_or_else(|| LockError {
        line: None,
        message: format!("`{}` is no build requirement", raw.requirement),
    })?;
    project.via = raw.via.iter().cloned().map(Via::Project).collect();
    Ok(project)
}

fn locked(raw: RawPackage) -> Result<LockedProject, String> {
    let name = raw.name.into_inner();
    let mut files = Vec::new();
    for file in raw.sdist.iter().chain(&raw.wheels).chain(&raw.archive) {
        files.extend(locked_file(file).map_err(|reason| format!("{name}: {reason}"))?);
    }
    let source = match (raw.vcs, raw.directory, raw.archive) {
        (Some(vcs), _, _) => {
            let location = vcs.url.or(vcs.path).unwrap_or_default();
            LockedSource::Direct(format!("{}+{location}@{}", vcs.r#type, vcs.commit_id))
        }
        (_, Some(directory), _) if directory.editable => LockedSource::Editable(directory.path),
        (_, Some(directory), _) => LockedSource::Direct(directory.path),
        (_, _, Some(archive)) => {
            LockedSource::Direct(archive.url.or(archive.path).unwrap_or_default())
        }
        _ => LockedSource::Index(raw.index),
    };
    Ok(LockedProject {
        name,
        version: raw.version,
        marker: raw.marker,
        source,
        requires_python: raw.requires_python,
        files,
        via: Vec::new(),
    })
}

fn locked_file(raw: &RawFile) -> Result<Option<LockedFile>, String> {
    let url = raw.url.as_deref().and_then(|url| Url::parse(url).ok());
    let in_url = url.as_ref().and_then(|url| url.path_segments()?.next_back().map(str::to_owned));
    let filename = raw.name.clone().or(in_url).or_else(|| {
        raw.path.as_deref().and_then(|path| path.rsplit('/').next()).map(str::to_owned)
    });
    let best = ["sha256", "sha512", "sha384"]
        .iter()
        .find_map(|algorithm| Some((algorithm, raw.hashes.get(*algorithm)?)));
    let Some((algorithm, hex)) = best else { return Ok(None) };
    let hash = format!("{algorithm}:{hex}").parse::<FileHash>().map_err(|e| e.to_string())?;
    let upload_time = raw.upload_time.and_then(|time| time.to_string().parse().ok());
    Ok(Some(LockedFile { filename, url, hash, size: raw.size, upload_time }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(pair: &str) -> FileHash {
        format!("sha256:{}", pair.repeat(32)).parse().unwrap()
    }

    fn project(name: &str, version: &str) -> LockedProject {
        LockedProject {
            name: name.parse().unwrap(),
            version: Some(version.parse().unwrap()),
            marker: None,
            source: LockedSource::Index(Some("https://index.example/simple".parse().unwrap())),
            requires_python: None,
            files: vec![LockedFile {
                filename: Some(format!("{name}-{version}-py3-none-any.whl")),
                url: Some("https://files.example/a.whl".parse().unwrap()),
                hash: hash("0a"),
                size: Some(12),
                upload_time: Some("2026-01-02T03:04:05Z".parse().unwrap()),
            }],
            via: Vec::new(),
        }
    }

    fn example() -> Lock {
        let sdist = LockedFile {
            filename: Some("ta-0.11.0.tar.gz".into()),
            ..LockedFile::of_hash(hash("0b"))
        };
        let build = LockedProject {
            source: LockedSource::Index(None),
            files: vec![LockedFile::of_hash(hash("0c"))],
            via: vec![Via::Project("ta".parse().unwrap())],
            ..project("setuptools", "80.9.0")
        };
        Lock {
            header: LockHeader {
                inputs: vec!["requirements.txt".into()],
                target: Some(Target {
                    python: "3.11".parse().unwrap(),
                    platforms: "x86_64-manylinux_2_28".parse().unwrap(),
                }),
                exclude_newer: Some("2026-01-02T00:00:00Z".parse().unwrap()),
                exclude_dev: true,
                built: Vec::new(),
            },
            projects: vec![
                LockedProject { marker: Some("os_name == 'nt'".into()), ..project("a", "1.0") },
                LockedProject { files: vec![sdist], ..project("ta", "0.11.0") },
            ],
            build: vec![build],
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let text = render(&example());
        assert_eq!(parse(&text).unwrap(), example(), "{text}");
    }

    #[test]
    fn it_has_what_the_specification_demands() {
        let table: toml::Table = render(&example()).parse().unwrap();
        assert_eq!(table["lock-version"].as_str(), Some("1.0"));
        assert_eq!(table["created-by"].as_str(), Some("provender"));
        assert_eq!(table["requires-python"].as_str(), Some("==3.11.*"));
        let wheel = &table["packages"][0]["wheels"][0];
        assert_eq!(wheel["hashes"]["sha256"].as_str(), Some("0a".repeat(32).as_str()));
        assert!(wheel["upload-time"].as_datetime().is_some());
        assert!(table["packages"][1]["sdist"]["hashes"]["sha256"].as_str().is_some());
        let build = &table["tool"]["provender"]["build"][0];
        assert_eq!(build["requirement"].as_str(), Some("setuptools==80.9.0"));
    }

    #[test]
    fn a_location_is_told_as_what_it_is() {
        let mut lock = example();
        lock.projects[0].source = LockedSource::Direct("git+https://git.example/a@abc".into());
        lock.projects[1].source = LockedSource::Editable("./ta".into());
        let table: toml::Table = render(&lock).parse().unwrap();
        assert_eq!(table["packages"][0]["vcs"]["commit-id"].as_str(), Some("abc"));
        assert_eq!(table["packages"][1]["directory"]["editable"].as_bool(), Some(true));
    }
}
