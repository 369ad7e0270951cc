//! The PostgreSQL database that a service is set to use (libpq, "Connection URIs").

use url::Url;

use super::Field;
use super::python::Module;

/// A database that a service wants, as the default of a setting names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Postgresql {
    /// The setting that holds its address; none where only a driver is used, which reads libpq's
    /// `PGHOST` and its like.
    pub setting: Option<String>,
    /// The address's scheme: `postgresql`, or with a driver `postgresql+asyncpg`.
    pub scheme: String,
    /// The host's name.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The user.
    pub user: String,
    /// The database.
    pub database: String,
}

impl Default for Postgresql {
    fn default() -> Self {
        Self {
            setting: None,
            scheme: "postgresql".to_owned(),
            host: "db".to_owned(),
            port: 5432,
            user: "app".to_owned(),
            database: "app".to_owned(),
        }
    }
}

impl Postgresql {
    /// The database's address with this password, which is written as it is.
    pub fn url(&self, password: &str) -> String {
        let Self { scheme, host, port, user, database, .. } = self;
        format!("{scheme}://{user}:{password}@{host}:{port}/{database}")
    }
}

/// Projects that speak to PostgreSQL: what they are called in an index.
pub(super) const DRIVERS: [&str; 7] =
    ["asyncpg", "pg8000", "psycopg", "psycopg-binary", "psycopg-c", "psycopg2", "psycopg2-binary"];

/// The database that a setting's default or the project's `.env.example` names, else one of which
/// nothing is known but that a driver is imported.
pub(super) fn find(
    settings: &[Field],
    env_example: Option<&str>,
    modules: &[Module<'_>],
) -> Option<Postgresql> {
    let written = env_example.into_iter().flat_map(super::env_file::variables);
    let defaults = settings.iter().filter_map(|field| {
        Some((field.setting.name.clone(), field.setting.default.literal()?.to_owned()))
    });
    let named = written.chain(defaults).find_map(|(name, value)| of_url(&name, &value));
    named.or_else(|| {
        let imports = ["asyncpg", "psycopg", "psycopg2", "pg8000"];
        let used =
            modules.iter().any(|module| imports.iter().any(|name| module.imports_from(name)));
        used.then(Postgresql::default)
    })
}

fn of_url(setting: &str, value: &str) -> Option<Postgresql> {
    let url = Url::parse(value).ok()?;
    let dialect = url.scheme().split('+').next()?;
    if !matches!(dialect, "postgresql" | "postgres") {
        return None;
    }
    let otherwise = Postgresql::default();
    let plain = |text: &str, or: String| if is_plain(text) { text.to_owned() } else { or };
    // A name that says "this machine" is another machine's within a container.
    let host = url.host_str().filter(|host| *host != "localhost" && !host.contains([':', '[']));
    let host = host.filter(|host| host.contains(|c: char| c.is_ascii_alphabetic()));
    Some(Postgresql {
        setting: Some(setting.to_owned()),
        scheme: url.scheme().to_owned(),
        host: plain(host.unwrap_or_default(), otherwise.host),
        port: url.port().unwrap_or(otherwise.port),
        user: plain(url.username(), otherwise.user),
        database: plain(url.path().trim_start_matches('/'), otherwise.database),
    })
}

/// Whether a name needs no quotes wherever it is written.
fn is_plain(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.len() <= 63
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_what_its_address_says() {
        let found = of_url("DB", "postgresql+asyncpg://ann:s3cret@store:5433/shop?ssl=on").unwrap();
        assert_eq!(found.url("x"), "postgresql+asyncpg://ann:x@store:5433/shop");
        let found = of_url("DB", "postgres://localhost").unwrap();
        assert_eq!(found.url("x"), "postgres://app:x@db:5432/app");
        let found = of_url("DB", "postgresql://a%22b@127.0.0.1/$(x)").unwrap();
        assert_eq!(found.url("x"), "postgresql://app:x@db:5432/app");
        assert_eq!(of_url("DB", "sqlite:///x.db"), None);
        assert_eq!(of_url("DB", "postgresql"), None);
    }
}
