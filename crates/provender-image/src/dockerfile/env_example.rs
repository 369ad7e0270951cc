//! `.env.example`: the settings that the service reads, with their defaults and without secrets.

use std::collections::BTreeSet;

use provender_lint::secret::names_secret;
use url::Url;

use super::Facts;
use crate::service::{DefaultValue, ENV_EXAMPLE, Setting, env_file};

/// What stands where a password was.
const EXAMPLE: &str = "change-me";

/// The project's own file with what is missing in it, or one from the beginning.
pub(super) fn render(facts: &Facts<'_>) -> String {
    let mut text = facts.service.env_example.clone().unwrap_or_else(|| {
        "\
# What this service reads from its environment. Copy this file to .env and fill it in; .env is not committed.
# A line that begins with # shows a setting that may stay unset.
"
        .to_owned()
    });
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let known: BTreeSet<String> = env_file::mentioned(&text).collect();
    let database = facts.database();
    let given = database.as_ref().and_then(|database| database.setting.as_deref());
    let mut file = "";
    for setting in &facts.service.settings {
        if known.contains(&setting.name) || setting.file == ENV_EXAMPLE {
            continue;
        }
        if setting.file != file {
            file = &setting.file;
            text.push_str(&format!("\n# {file}\n"));
        }
        if given == Some(setting.name.as_str()) {
            text.push_str("# compose.yaml makes its own of POSTGRES_PASSWORD.\n");
        }
        text.push_str(&lines(setting));
    }
    if database.is_some() {
        let asked = [
            (
                "POSTGRES_PASSWORD",
                "The database's password: letters and digits, for it stands in an address.",
            ),
            ("POSTGRES_IMAGE", "The image of PostgreSQL: HOST/REPOSITORY:TAG@sha256:DIGEST."),
        ];
        let missing: Vec<_> = asked.iter().filter(|(name, _)| !known.contains(*name)).collect();
        if !missing.is_empty() {
            text.push_str("\n# compose.yaml\n");
        }
        for (name, comment) in missing {
            text.push_str(&format!("# {comment}\n{name}=\n"));
        }
    }
    text
}

/// A setting with what has to be said of it.
fn lines(setting: &Setting) -> String {
    let Setting { name, default, secret, .. } = setting;
    match default {
        DefaultValue::Required if *secret => {
            format!("# A secret, which the service needs.\n{name}=\n")
        }
        DefaultValue::Required => format!("# The service needs it.\n{name}=\n"),
        _ if *secret => format!("# A secret.\n#{name}=\n"),
        // An empty value would take the place of the default.
        DefaultValue::Unset | DefaultValue::Computed => format!("#{name}=\n"),
        DefaultValue::Literal(value) => match shown(value) {
            Shown::AsItIs(value) => format!("{name}={value}\n"),
            Shown::Changed(value) => {
                format!("# An example: change the password.\n{name}={value}\n")
            }
            Shown::Not => format!("#{name}=\n"),
        },
    }
}

/// A value as it may stand in the file.
enum Shown {
    AsItIs(String),
    /// With another password.
    Changed(String),
    /// It may hold a secret, or has no form in such a file.
    Not,
}

fn shown(value: &str) -> Shown {
    let changed = without_password(value);
    let text = changed.as_deref().unwrap_or(value);
    if assigns_secret(text) || looks_random(text) || text.contains(char::is_control) {
        return Shown::Not;
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+,=*?".contains(c);
    let text = if text.chars().all(plain) {
        text.to_owned()
    } else if text.contains('\'') {
        return Shown::Not;
    } else {
        // Between single quotes everything stands for itself.
        format!("'{text}'")
    };
    if changed.is_some() { Shown::Changed(text) } else { Shown::AsItIs(text) }
}

/// The address with another password; nothing where it has none. A user that stands alone before
/// the host may be a token.
fn without_password(value: &str) -> Option<String> {
    let mut url = Url::parse(value).ok()?;
    if url.password().is_some() {
        url.set_password(Some(EXAMPLE)).ok()?;
    } else if matches!(url.scheme(), "http" | "https") && !url.username().is_empty() {
        url.set_username(EXAMPLE).ok()?;
    } else {
        return None;
    }
    Some(url.to_string())
}

/// `password=...` in a query or a connection string, or credentials in what is no proper address.
fn assigns_secret(value: &str) -> bool {
    let words = value.split(['?', '&', ';', ' ', ',']);
    let assigned = words.filter_map(|word| word.split_once('='));
    let named = assigned.into_iter().any(|(name, value)| {
        let name = name.rsplit(['/', '?']).next().unwrap_or(name);
        !value.is_empty() && (names_secret(name) || name.eq_ignore_ascii_case("sslpassword"))
    });
    let odd = value.contains("://") && value.contains('@') && Url::parse(value).is_err();
    named || odd
}

/// A long word of letters and digits is rather a key than a setting.
fn looks_random(value: &str) -> bool {
    value.len() >= 20
        && value.chars().all(|c| c.is_ascii_alphanumeric() || "_-+/=".contains(c))
        && value.contains(|c: char| c.is_ascii_digit())
        && value.contains(|c: char| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, default: DefaultValue) -> String {
        let secret = names_secret(name);
        lines(&Setting { name: name.to_owned(), default, secret, file: "a.py".to_owned() })
    }

    fn literal(name: &str, value: &str) -> String {
        with(name, DefaultValue::Literal(value.to_owned()))
    }

    #[test]
    fn a_default_is_shown_as_a_shell_would_read_it() {
        for (value, line) in [
            ("localhost", "X=localhost"),
            ("", "X="),
            ("a $b #c", "X='a $b #c'"),
            ("a=1&b=2", "X='a=1&b=2'"),
            ("it's", "#X="),
            ("a\nb", "#X="),
            ("http://localhost:8002", "X=http://localhost:8002"),
        ] {
            assert_eq!(literal("X", value), format!("{line}\n"));
        }
    }

    #[test]
    fn what_may_stay_unset_is_a_comment() {
        assert_eq!(with("X", DefaultValue::Unset), "#X=\n");
        assert_eq!(with("X", DefaultValue::Computed), "#X=\n");
        assert_eq!(with("X", DefaultValue::Required), "# The service needs it.\nX=\n");
        let key = "# A secret, which the service needs.\nSECRET_KEY=\n";
        assert_eq!(with("SECRET_KEY", DefaultValue::Required), key);
    }

    #[test]
    fn no_secret_is_copied() {
        assert_eq!(
            literal("DATABASE_URL", "postgresql://ann:s3cret@db:5432/app"),
            "# An example: change the password.\nDATABASE_URL=postgresql://ann:change-me@db:5432/app\n"
        );
        for (name, value) in [
            ("DB_PASSWORD", "s3cret"),
            ("API_TOKEN", "s3cret"),
            ("AWS_SECRET_ACCESS_KEY", "s3cret"),
            ("DSN", "host=db user=ann password=s3cret"),
            ("DATABASE_URL", "postgresql://db/app?password=s3cret"),
            ("DATABASE_URL", "postgresql://db/app?x=1&sslpassword=s3cret"),
            ("DATABASE_URL", "postgresql://ann:s3/cret@db/app"),
            ("INDEX_URL", "https://s3cret@index.example/"),
            ("STRIPE", "sk_live_0123456789s3cret"),
        ] {
            let text = literal(name, value);
            assert!(!text.contains("s3"), "{value}: {text}");
        }
    }
}
