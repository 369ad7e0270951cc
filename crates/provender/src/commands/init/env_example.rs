//! `.env.example`: the variables that the service reads, with their defaults and without secrets.

use provender_core::redact::without_credentials;

use super::environment::{DefaultValue, Source, Variable};

/// A variable with one of these in its name holds a secret.
const SECRET_NAMES: [&str; 7] = ["PASS", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "PWD", "PRIVATE"];

/// The file, one group of variables a source.
pub(super) fn render(sources: &[Source]) -> String {
    let mut text = "\
# What this service reads from its environment. Copy this file to .env and fill it in; .env is not committed.
# A line that begins with # shows a variable that may stay unset.
"
    .to_owned();
    for Source { file, variables } in sources {
        // A line feed in a file's name would end the comment.
        let file: String = file.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
        text.push_str(&format!("\n# {file}\n"));
        for variable in variables {
            text.push_str(&line(variable));
            text.push('\n');
        }
    }
    text
}

fn line(variable: &Variable) -> String {
    let name = &variable.name;
    match &variable.default {
        DefaultValue::None => format!("{name}="),
        // An empty value would take the place of the default.
        DefaultValue::Computed => format!("#{name}="),
        DefaultValue::Literal(_) if is_secret(variable) => format!("#{name}="),
        DefaultValue::Literal(value) => match shown(value) {
            Some(value) => format!("{name}={value}"),
            None => format!("#{name}="),
        },
    }
}

fn is_secret(variable: &Variable) -> bool {
    let name = variable.name.to_uppercase();
    variable.secret || SECRET_NAMES.iter().any(|word| name.contains(word))
}

/// The value as it stands in the file; nothing where it may hold a secret, or has no form there.
fn shown(value: &str) -> Option<String> {
    let value = without_credentials(value);
    // `password=...` in a query or a connection string; a user part that was not understood.
    let assigned = value.to_uppercase();
    let assigns_secret =
        SECRET_NAMES.iter().any(|word| assigned.split('=').rev().skip(1).any(|a| a.contains(word)));
    let user_left = value.contains("://")
        && value.matches('@').count() > value.matches("****@").count()
        && !value.contains("ssh://");
    if assigns_secret || user_left || looks_random(&value) || value.contains(char::is_control) {
        return None;
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+,=*?".contains(c);
    if value.chars().all(plain) {
        return Some(value.into_owned());
    }
    // Between single quotes everything stands for itself.
    (!value.contains('\'')).then(|| format!("'{value}'"))
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

    fn with(name: &str, value: &str) -> String {
        let default = DefaultValue::Literal(value.to_owned());
        line(&Variable { name: name.to_owned(), default, secret: false })
    }

    #[test]
    fn a_default_is_shown_as_a_shell_would_read_it() {
        assert_eq!(with("HOST", "localhost"), "HOST=localhost");
        assert_eq!(with("EMPTY", ""), "EMPTY=");
        assert_eq!(with("TITLE", "a $b #c"), "TITLE='a $b #c'");
        assert_eq!(with("QUERY", "a=1&b=2"), "QUERY='a=1&b=2'");
        assert_eq!(with("TITLE", "it's"), "#TITLE=");
        assert_eq!(with("TITLE", "a\nb"), "#TITLE=");
    }

    #[test]
    fn no_secret_is_copied() {
        assert_eq!(
            with("DATABASE_URL", "postgresql://ann:s3cret@db:5432/app"),
            "DATABASE_URL=postgresql://ann:****@db:5432/app"
        );
        for (name, value) in [
            ("DB_PASSWORD", "s3cret"),
            ("secret", "s3cret"),
            ("API_TOKEN", "s3cret"),
            ("AWS_ACCESS_KEY_ID", "s3cret"),
            ("DSN", "host=db user=ann password=s3cret"),
            ("DATABASE_URL", "postgresql://db/app?sslpassword=s3cret"),
            ("DATABASE_URL", "postgresql://ann:s3/cret@db/app"),
            ("STRIPE", "sk_live_0123456789abcdef"),
        ] {
            let line = with(name, value);
            assert_eq!(line, format!("#{name}="), "{value}");
        }
    }
}
