//! What an image's configuration says: how its program starts, its labels and its history.

use provender_core::Diagnostic;
use provender_lint::secret::{in_urls, is_placeholder, names_secret, tokens};

use crate::ImageConfig;

/// The labels by which people find out what an image is and where it comes from.
pub(super) const LABELS: [&str; 3] = [
    "org.opencontainers.image.source",
    "org.opencontainers.image.revision",
    "org.opencontainers.image.version",
];

/// A program that a shell starts and waits for.
pub(super) fn shell_form(config: &ImageConfig) -> Option<Diagnostic> {
    let container = &config.config;
    let (what, words) = match container.entrypoint.is_empty() {
        false => ("entry point", &container.entrypoint),
        true => ("command", &container.cmd),
    };
    let [program, option, script, ..] = &words[..] else { return None };
    let program = program.rsplit('/').next().unwrap_or_default();
    let is_shell = matches!(program, "sh" | "bash" | "ash" | "dash") && option == "-c";
    // A shell that gives its place to the program is none of the program's parents.
    (is_shell && !script.trim_start().starts_with("exec ")).then(|| {
        Diagnostic::warning("image/shell-form", format!("the {what} is started by a shell"))
            .because("the shell is process 1 and passes no signal on, so that stopping takes until the kill")
            .hint("write it in exec form: `ENTRYPOINT [\"python\", \"-m\", \"app\"]`")
    })
}

/// Secrets in variables, labels and history, none of which is shown.
pub(super) fn secrets(config: &ImageConfig) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (name, value) in config.config.env.iter().filter_map(|line| line.split_once('=')) {
        // What lint takes for a variable in the variable's place is a value here.
        let by_name = names_secret(name) && value.contains('$') && !is_reference(value);
        if by_name || !tokens(value.as_bytes()).is_empty() {
            let message = format!("the secret `{name}` stays in the image");
            found.push(
                Diagnostic::error("image/secret-in-env", message)
                    .because("every process of every container inherits it")
                    .hint("give it to the container where it runs, and replace it"),
            );
        }
    }
    for (key, value) in &config.config.labels {
        if let Some(what) = secret_in(value) {
            let message = format!("the label `{key}` holds {what}");
            found.push(
                Diagnostic::error("image/secret-in-label", message)
                    .because("every registry and `docker inspect` show it")
                    .hint("leave it out of the label, and replace it"),
            );
        }
    }
    for (number, entry) in config.history.iter().enumerate() {
        let texts = [&entry.created_by, &entry.comment];
        let what = texts.into_iter().flatten().find_map(|text| secret_in(text));
        if let Some(what) = what {
            let message = format!("step {} of the image's history holds {what}", number + 1);
            found.push(
                Diagnostic::error("image/secret-in-history", message)
                    .because(
                        "`docker history` shows what each step was given, build arguments included",
                    )
                    .hint("give it to the build by `RUN --mount=type=secret`, and replace it"),
            );
        }
    }
    found
}

/// Whether a value is made of variables only, such as `$TOKEN` or `${A}${B}`.
fn is_reference(value: &str) -> bool {
    value.starts_with('$')
}

/// What a text holds that is secret.
fn secret_in(text: &str) -> Option<String> {
    if let Some(token) = tokens(text.as_bytes()).first() {
        return Some(token.what.to_owned());
    }
    if let Some(url) = in_urls(text).first() {
        return Some(format!("a password for `{}`", url.redacted()));
    }
    let mut words = text.split_whitespace();
    let assigned = words.clone().find_map(|word| {
        let (name, value) = word.split_once('=')?;
        let name = name.trim_start_matches(['-', '"', '\'']);
        let value = value.trim_matches(['"', '\'', ';']);
        let is_name =
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        (is_name && names_secret(name) && !is_placeholder(value)).then_some(name)
    });
    if let Some(name) = assigned {
        return Some(format!("a value for `{name}`"));
    }
    // RFC 6750 section 2.1.
    words.by_ref().find(|word| word.eq_ignore_ascii_case("bearer"))?;
    let token = words.next()?.trim_matches(['"', '\'']);
    (token.len() >= 16 && !is_placeholder(token)).then(|| "a bearer token".to_owned())
}

/// Labels that are not there.
pub(super) fn missing_labels(config: &ImageConfig) -> Option<Diagnostic> {
    let labels = &config.config.labels;
    let missing: Vec<&str> = LABELS.into_iter().filter(|key| !labels.contains_key(*key)).collect();
    (!missing.is_empty()).then(|| {
        let message = format!("the image does not say {}", missing.join(", "));
        Diagnostic::note("image/missing-labels", message)
            .because("who finds it running cannot tell which sources it was made from")
            .hint("set the labels; `provender image build` takes them from the project")
    })
}
