//! Passwords that stand in lines: in addresses and as values of settings.

use provender_core::Level;
use provender_lint::secret::{in_urls, is_placeholder, names_secret};

/// Lines that are longer are data.
const LONGEST: usize = 4096;

/// What a line of such a file says that looks like a secret, and whether it is refused.
pub(super) fn in_line(kind: Kind, line: &str) -> Vec<(String, Level)> {
    let mut found = Vec::new();
    // Every setting and every address has one of these.
    if line.len() > LONGEST || !line.contains(['=', ':']) {
        return found;
    }
    for url in in_urls(line) {
        let refused = kind == Kind::Configuration && !is_near(url.host);
        let level = if refused { Level::Error } else { Level::Warning };
        found.push((format!("a password for `{}`", url.redacted()), level));
    }
    if kind == Kind::Npmrc {
        if let Some((key, value)) = line.split_once('=') {
            let name = key.trim().rsplit(':').next().unwrap_or_default();
            let is_secret = matches!(name, "_authToken" | "_auth" | "_password");
            if is_secret && !is_placeholder(value.trim().trim_matches('"')) {
                found.push(("a token for a registry".to_owned(), Level::Error));
            }
        }
    } else if let Some(name) = assigned(line, kind) {
        found.push((format!("a value for `{name}`"), Level::Warning));
    }
    found
}

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// What a service is told where it runs.
    Configuration,
    /// Sources, documentation and everything else.
    Source,
    /// npm's settings.
    Npmrc,
}

impl Kind {
    pub(super) fn of(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let is_list = extension == "txt"
            && ["requirements", "constraints"].iter().any(|word| name.contains(word));
        let is_configuration =
            ["yaml", "yml", "toml", "ini", "cfg", "conf", "json", "properties", "xml", "env"];
        match name.as_str() {
            ".npmrc" => Self::Npmrc,
            "pipfile" | ".condarc" | ".gitconfig" => Self::Configuration,
            _ if is_list || is_configuration.contains(&extension) => Self::Configuration,
            _ => Self::Source,
        }
    }
}

/// Whether a host means something only on one machine or in one network of containers, so that a
/// password for it opens nothing elsewhere; or nothing at all (RFC 2606).
fn is_near(host: &str) -> bool {
    let host = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { host }
    });
    let host = host.to_ascii_lowercase();
    let ends = [".localhost", ".local", ".example", ".test", ".invalid", ".example.com"];
    !host.contains('.')
        || host.starts_with("127.")
        || host == "example.com"
        || ends.iter().any(|end| host.ends_with(end))
}

/// The name of a setting that a line gives a literal that looks like a secret: `db_password = "..."`,
/// `"apiKey": "..."`.
fn assigned(line: &str, kind: Kind) -> Option<&str> {
    let line = line.trim();
    if line.starts_with(['#', ';']) || line.starts_with("//") {
        return None;
    }
    let (left, value) = match line.split_once('=') {
        Some((left, value)) if !value.starts_with('=') => (left, value),
        _ => line.split_once(':')?,
    };
    // The name stands before a type: `name: str = "..."`.
    let name = left.split(':').next()?.trim().trim_start_matches("export ").trim();
    let name = name.trim_matches(['"', '\'']);
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.len() > 64 || !name.chars().all(is_name) || !names_secret(name) {
        return None;
    }
    let value = value.trim().trim_end_matches([',', ';']).trim_end();
    let quoted = ['"', '\''].iter().find_map(|quote| {
        let rest = value.strip_prefix(*quote)?;
        rest.split_once(*quote)
            .filter(|(_, behind)| behind.trim().is_empty())
            .map(|(value, _)| value)
    });
    let value = match (quoted, kind) {
        (Some(value), _) => value,
        // Without quotes it is a name or a call in sources.
        (None, Kind::Configuration) => value.split(" #").next().unwrap_or_default().trim(),
        (None, _) => return None,
    };
    let is_literal = value.len() >= 6
        && !value.contains(|c: char| c.is_whitespace() || matches!(c, '(' | '[' | '{'))
        && !is_placeholder(value);
    is_literal.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(path: &str, line: &str) -> Vec<Level> {
        in_line(Kind::of(path), line).into_iter().map(|(_, level)| level).collect()
    }

    #[test]
    fn a_default_in_a_source_is_told_and_not_refused() {
        let line = "    database_url: str = \"postgresql://trader:traderpass@db:5432/atp\"";
        let found = in_line(Kind::Source, line);
        assert_eq!(found[0].1, Level::Warning);
        assert_eq!(found[0].0, "a password for `postgresql://trader:****@db:5432`");
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn a_password_for_a_host_is_refused_in_configuration() {
        let url = "url: postgresql://app:hunter2@db.corp.internal:5432/app";
        assert_eq!(levels("config/production.yaml", url), [Level::Error]);
        assert_eq!(levels("docs/setup.md", url), [Level::Warning]);
        let near = "url = postgresql://app:hunter2@db/app";
        assert_eq!(levels("alembic.ini", near), [Level::Warning]);
        let index = "--index-url https://ci:s3cretpw@index.corp.internal/simple";
        assert_eq!(levels("requirements-dev.txt", index), [Level::Error]);
    }

    #[test]
    fn documented_placeholders_are_no_passwords() {
        for line in [
            "sqlalchemy.url = driver://user:pass@localhost/dbname",
            "url: postgresql://${USER}:${PASSWORD}@db.corp.internal/app",
            "url: https://index.corp.internal/simple",
            "password: ${DB_PASSWORD}",
            "password: changeme",
            "# password: hunter22",
        ] {
            assert_eq!(levels("config.yaml", line), [], "{line}");
        }
    }

    #[test]
    fn a_setting_whose_name_tells_a_secret_is_told() {
        assert_eq!(levels("settings.py", "SECRET_KEY = 'k8s2-49dj-wq'"), [Level::Warning]);
        assert_eq!(levels("a.json", "  \"apiKey\": \"k8s2-49dj-wq\","), [Level::Warning]);
        assert_eq!(levels("a.yaml", "db_password: k8s249djwq"), [Level::Warning]);
        for line in [
            "secret_key: str = Field(default_factory=lambda: secrets.token_urlsafe(32))",
            "password = form.password",
            "token_url = 'login-page'",
            "if password == 'k8s2-49dj-wq':",
        ] {
            assert_eq!(levels("main.py", line), [], "{line}");
        }
    }

    #[test]
    fn npm_s_tokens_are_refused_and_its_variables_are_not() {
        let line = "//npm.corp.internal/:_authToken=k8s2-49dj-wq";
        assert_eq!(levels(".npmrc", line), [Level::Error]);
        assert_eq!(levels(".npmrc", "//npm.corp.internal/:_authToken=${NPM_TOKEN}"), []);
    }
}
