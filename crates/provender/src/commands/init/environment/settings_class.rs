//! Classes that derive from pydantic's `BaseSettings`: each field is read from a variable.

use super::{DefaultValue, Line, Token, Variable, argument};

/// The variables of the class that begins in the first line; nothing if none does.
pub(super) fn fields(lines: &[Line]) -> Option<Vec<Variable>> {
    let (header, rest) = lines.split_first()?;
    let is_settings = header.tokens[0].is_name("class")
        && header.tokens.iter().any(|token| token.is_name("BaseSettings"));
    if !is_settings {
        return None;
    }
    let end = rest.iter().position(|line| line.indent <= header.indent).unwrap_or(rest.len());
    let body = &rest[..end];
    // `model_config` holds these, or with pydantic 1 the class `Config` within.
    let prefix = match option(body, "env_prefix") {
        None => String::new(),
        Some([Token::Text(prefix)]) => prefix.clone(),
        // The names are not known before it runs.
        Some(_) => return Some(Vec::new()),
    };
    let as_written = option(body, "case_sensitive")
        .is_some_and(|value| matches!(value, [name] if name.is_name("True")));
    let indent = body.first().map_or(0, |line| line.indent);
    let fields = body.iter().filter(|line| line.indent == indent);
    Some(fields.filter_map(|line| field(&line.tokens, &prefix, as_written)).collect())
}

/// What `name=` is given anywhere in the class.
fn option<'a>(body: &'a [Line], name: &str) -> Option<&'a [Token]> {
    body.iter().find_map(|line| keyword(&line.tokens, name))
}

/// What `name=` is given among these tokens.
fn keyword<'a>(tokens: &'a [Token], name: &str) -> Option<&'a [Token]> {
    let at = tokens.windows(2).position(|pair| pair[0].is_name(name) && pair[1].is('='))?;
    Some(argument(&tokens[at + 2..]))
}

/// `name: TYPE` or `name: TYPE = VALUE`.
fn field(tokens: &[Token], prefix: &str, as_written: bool) -> Option<Variable> {
    let [Token::Name(field), colon, rest @ ..] = tokens else { return None };
    if !colon.is(':') || field.starts_with('_') || field == "model_config" {
        return None;
    }
    let (kind, value) = assigned(rest);
    // What an annotation says of the field may change its name or its default.
    if kind.iter().any(|token| token.is_name("ClassVar") || token.is_name("Field")) {
        return None;
    }
    let is_secret =
        |token: &Token| matches!(token, Token::Name(name) if name.starts_with("Secret"));
    let mut name = format!("{prefix}{field}");
    let default = match value {
        None => DefaultValue::None,
        Some([call, open, ..]) if call.is_name("Field") && open.is('(') => {
            let arguments = &value?[2..];
            // A field's own name of its variable stands without the prefix.
            for keyword in ["validation_alias", "alias", "env"]
                .iter()
                .filter_map(|name| self::keyword(arguments, name))
            {
                let [Token::Text(alias)] = keyword else { return None };
                name.clone_from(alias);
            }
            default_of_field(arguments)
        }
        Some(value) => DefaultValue::of(value),
    };
    let name = if as_written { name } else { name.to_uppercase() };
    Some(Variable { name, default, secret: kind.iter().any(is_secret) })
}

/// A type, and the value after the `=` outside of its brackets.
fn assigned(tokens: &[Token]) -> (&[Token], Option<&[Token]>) {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
            Token::Sign('=') if depth == 0 => return (&tokens[..at], Some(&tokens[at + 1..])),
            _ => {}
        }
    }
    (tokens, None)
}

/// The default that `Field(...)` gives.
fn default_of_field(arguments: &[Token]) -> DefaultValue {
    if let Some(value) = keyword(arguments, "default") {
        return DefaultValue::of(value);
    }
    if keyword(arguments, "default_factory").is_some() {
        return DefaultValue::Computed;
    }
    match argument(arguments) {
        [] => DefaultValue::None,
        // An ellipsis says that the field must be given.
        [one, two, three] if [one, two, three].iter().all(|token| token.is('.')) => {
            DefaultValue::None
        }
        [Token::Name(_), equals, ..] if equals.is('=') => DefaultValue::None,
        value => DefaultValue::of(value),
    }
}
