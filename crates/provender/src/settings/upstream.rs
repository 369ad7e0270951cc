//! Which index this machine's own pip or uv asks.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use url::Url;

/// An index and the setting that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) url: Url,
    pub(crate) setting: String,
}

/// What the machine's configuration says of indexes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Upstream {
    pub(crate) default: Option<Named>,
    pub(crate) extra: Vec<Named>,
}

/// Where configuration is looked for.
pub(crate) struct Surroundings<'a> {
    /// The value of an environment variable, if it is set and not empty.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<String>,
    /// The user's home, if there is one.
    pub(crate) home: Option<PathBuf>,
}

/// Asks uv's variables, uv's file, pip's variables and pip's files, in this order; the first that
/// names a default index decides, for that tool is what the machine's owner set up.
pub(crate) fn find(around: &Surroundings<'_>) -> Upstream {
    let uv = [uv_variables(around), uv_file(around)];
    let pip = [pip_variables(around), pip_files(around)];
    let mut found = Upstream::default();
    for upstream in uv.into_iter().chain(pip) {
        if found.default.is_none() {
            found.default = upstream.default;
        }
        if found.extra.is_empty() {
            found.extra = upstream.extra;
        }
    }
    found
}

fn named(text: &str, setting: &str) -> Option<Named> {
    Some(Named { url: Url::parse(text.trim()).ok()?, setting: setting.to_owned() })
}

/// Several URLs separated by white space; uv allows a `NAME=` before each.
fn several(text: &str, setting: &str) -> Vec<Named> {
    let urls = text.split_whitespace().filter_map(|word| {
        let url = word.split_once('=').filter(|(name, _)| !name.contains(':'));
        named(url.map_or(word, |(_, url)| url), setting)
    });
    urls.collect()
}

fn from_variables(around: &Surroundings<'_>, default: &[&str], extra: &[&str]) -> Upstream {
    let get = |name: &&str| (around.variable)(name).map(|value| (value, (*name).to_owned()));
    Upstream {
        default: default.iter().find_map(get).and_then(|(value, name)| named(&value, &name)),
        extra: extra
            .iter()
            .find_map(get)
            .map(|(value, name)| several(&value, &name))
            .unwrap_or_default(),
    }
}

fn uv_variables(around: &Surroundings<'_>) -> Upstream {
    from_variables(
        around,
        &["UV_DEFAULT_INDEX", "UV_INDEX_URL"],
        &["UV_INDEX", "UV_EXTRA_INDEX_URL"],
    )
}

fn pip_variables(around: &Surroundings<'_>) -> Upstream {
    from_variables(around, &["PIP_INDEX_URL"], &["PIP_EXTRA_INDEX_URL"])
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
struct UvToml {
    index_url: Option<String>,
    #[serde(default)]
    extra_index_url: Vec<String>,
    #[serde(default)]
    index: Vec<UvIndex>,
}

#[derive(Deserialize)]
struct UvIndex {
    url: String,
    #[serde(default)]
    default: bool,
    #[serde(default)]
    explicit: bool,
}

fn uv_file(around: &Surroundings<'_>) -> Upstream {
    let config = (around.variable)("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(around.home.as_ref()?.join(".config")));
    let own = config.map(|folder| folder.join("uv/uv.toml"));
    let explicit = (around.variable)("UV_CONFIG_FILE").map(PathBuf::from);
    let paths = explicit.into_iter().chain(own).chain([PathBuf::from("/etc/uv/uv.toml")]);
    let Some((path, text)) = paths.into_iter().find_map(read) else { return Upstream::default() };
    let Ok(settings) = toml::from_str::<UvToml>(&text) else { return Upstream::default() };
    let setting = path.display().to_string();
    let default = settings.index.iter().find(|index| index.default).map(|index| &index.url);
    let extra = settings.index.iter().filter(|index| !index.default && !index.explicit);
    let extra = extra.map(|index| &index.url).chain(&settings.extra_index_url);
    Upstream {
        default: default.or(settings.index_url.as_ref()).and_then(|url| named(url, &setting)),
        extra: extra.filter_map(|url| named(url, &setting)).collect(),
    }
}

/// pip reads the machine's, the user's and the environment's file, the later winning.
fn pip_files(around: &Surroundings<'_>) -> Upstream {
    let mut paths = Vec::new();
    if let Some(explicit) = (around.variable)("PIP_CONFIG_FILE") {
        paths.push(PathBuf::from(explicit));
    }
    if let Some(venv) = (around.variable)("VIRTUAL_ENV") {
        paths.push(Path::new(&venv).join("pip.conf"));
    }
    if let Some(config) = (around.variable)("XDG_CONFIG_HOME") {
        paths.push(Path::new(&config).join("pip/pip.conf"));
    }
    if let Some(home) = &around.home {
        paths.push(home.join(".config/pip/pip.conf"));
        paths.push(home.join("Library/Application Support/pip/pip.conf"));
        paths.push(home.join(".pip/pip.conf"));
    }
    paths.push(PathBuf::from("/etc/xdg/pip/pip.conf"));
    paths.push(PathBuf::from("/etc/pip.conf"));
    let mut found = Upstream::default();
    for (path, text) in paths.into_iter().filter_map(read) {
        let upstream = pip_file(&text, &path.display().to_string());
        found.default = found.default.or(upstream.default);
        if found.extra.is_empty() {
            found.extra = upstream.extra;
        }
    }
    found
}

fn pip_file(text: &str, setting: &str) -> Upstream {
    let mut ini = configparser::ini::Ini::new();
    ini.set_multiline(true);
    if ini.read(text.to_owned()).is_err() {
        return Upstream::default();
    }
    let value = |key: &str| ini.get("install", key).or_else(|| ini.get("global", key));
    Upstream {
        default: value("index-url").and_then(|url| named(&url, setting)),
        extra: value("extra-index-url").map(|urls| several(&urls, setting)).unwrap_or_default(),
    }
}

fn read(path: PathBuf) -> Option<(PathBuf, String)> {
    let text = std::fs::read_to_string(&path).ok()?;
    Some((path, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(upstream: &Upstream) -> Option<String> {
        upstream.default.as_ref().map(|named| named.url.to_string())
    }

    #[test]
    fn pips_file_names_the_index() {
        let text = "[global]\nindex-url = https://index.example/simple\nextra-index-url =\n    https://a.example/simple\n    https://b.example/simple\n";
        let upstream = pip_file(text, "pip.conf");
        assert_eq!(url(&upstream).as_deref(), Some("https://index.example/simple"));
        let extra: Vec<_> = upstream.extra.iter().map(|named| named.url.host_str()).collect();
        assert_eq!(extra, [Some("a.example"), Some("b.example")]);
    }

    #[test]
    fn a_variable_of_uv_wins_over_one_of_pip() {
        let variable = |name: &str| match name {
            "UV_DEFAULT_INDEX" => Some("https://uv.example/simple".to_owned()),
            "PIP_INDEX_URL" => Some("https://pip.example/simple".to_owned()),
            "UV_INDEX" => Some("internal=https://in.example/simple".to_owned()),
            _ => None,
        };
        let found = find(&Surroundings { variable: &variable, home: None });
        assert_eq!(url(&found).as_deref(), Some("https://uv.example/simple"));
        assert_eq!(found.default.unwrap().setting, "UV_DEFAULT_INDEX");
        assert_eq!(found.extra[0].url.as_str(), "https://in.example/simple");
    }
}
