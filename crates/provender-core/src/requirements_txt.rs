//! Reading pip's requirements file format far enough to know what is pinned, and where.
//!
//! The format is pip's documentation, "Requirements File Format"; a requirement is a dependency
//! specifier (packaging specifications, from PEP 508). Markers are kept as text: whoever audits
//! or compares pins needs the pin and its line, and the resolver reads its inputs itself.

use std::str::FromStr;

use crate::{ExtraName, FileHash, ProjectName, Version, VersionSpecifiers};

/// Why a line cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RequirementsTxtError {
    /// The line, counted from 1.
    pub line: u32,
    /// What is wrong with it.
    pub message: String,
}

/// One logical line that says something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The line on which it starts, counted from 1.
    pub line: u32,
    /// What it says.
    pub kind: EntryKind,
}

/// What a logical line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// Something to install.
    Requirement(Requirement),
    /// `-r FILE` or `-c FILE`; the path as written, relative to the file it stands in.
    Include {
        /// The path or URL.
        target: String,
        /// Whether it is `-c`: its lines limit versions and install nothing.
        constraint: bool,
    },
    /// Any other option, such as `--index-url`, with its value where it has one.
    Option {
        /// The option with its dashes.
        name: String,
        /// What follows it.
        value: Option<String>,
    },
}

/// A requirement as it stands in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The requirement without hashes and comments.
    pub text: String,
    /// The project, where the requirement names one.
    pub name: Option<ProjectName>,
    /// The extras in brackets.
    pub extras: Vec<ExtraName>,
    /// Which version it takes, or from where.
    pub source: RequirementSource,
    /// What follows `;`.
    pub marker: Option<String>,
    /// The `--hash` options.
    pub hashes: Vec<FileHash>,
}

/// Which version a requirement takes, or from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequirementSource {
    /// From an index, within these limits (maybe none).
    Index(VersionSpecifiers),
    /// From a URL or a path.
    Url(String),
    /// From version control, `git+https://...`.
    Vcs(String),
    /// `-e`, from a path or version control.
    Editable(String),
}

impl Requirement {
    /// The version it is pinned to: one `==` clause without a wildcard, or `===`.
    pub fn pin(&self) -> Option<&Version> {
        let RequirementSource::Index(specifiers) = &self.source else { return None };
        match &specifiers[..] {
            [only] if is_exact(only.operator()) => Some(only.version()),
            _ => None,
        }
    }
}

fn is_exact(operator: &uv_pep440::Operator) -> bool {
    matches!(operator, uv_pep440::Operator::Equal | uv_pep440::Operator::ExactEqual)
}

/// Reads a whole file.
///
/// # Errors
///
/// The first line that is neither an option nor a requirement.
pub fn parse(text: &str) -> Result<Vec<Entry>, RequirementsTxtError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut entries = Vec::new();
    let mut lines = text.lines().zip(1_u32..);
    while let Some((first, line)) = lines.next() {
        let mut logical = without_comment(first).to_owned();
        while !first.trim_start().starts_with('#') && logical.trim_end().ends_with('\\') {
            logical.truncate(logical.trim_end().len() - 1);
            let Some((next, _)) = lines.next() else { break };
            logical.push(' ');
            logical.push_str(without_comment(next));
        }
        let logical = logical.trim();
        if logical.is_empty() {
            continue;
        }
        let kind =
            parse_logical(logical).map_err(|message| RequirementsTxtError { line, message })?;
        entries.push(Entry { line, kind });
    }
    Ok(entries)
}

/// A comment begins with `#` at the start of a line or after white space.
fn without_comment(line: &str) -> &str {
    let mut before = ' ';
    for (index, c) in line.char_indices() {
        if c == '#' && before.is_whitespace() {
            return &line[..index];
        }
        before = c;
    }
    line
}

fn parse_logical(logical: &str) -> Result<EntryKind, String> {
    if let Some(rest) = option(logical, &["-r", "--requirement"]) {
        return Ok(EntryKind::Include { target: rest.to_owned(), constraint: false });
    }
    if let Some(rest) = option(logical, &["-c", "--constraint"]) {
        return Ok(EntryKind::Include { target: rest.to_owned(), constraint: true });
    }
    if let Some(rest) = option(logical, &["-e", "--editable"]) {
        let name = rest.rsplit_once("#egg=").and_then(|(_, egg)| egg.parse().ok());
        return Ok(EntryKind::Requirement(Requirement {
            text: format!("-e {rest}"),
            name,
            extras: Vec::new(),
            source: RequirementSource::Editable(rest.to_owned()),
            marker: None,
            hashes: Vec::new(),
        }));
    }
    if logical.starts_with('-') {
        let (name, value) = logical
            .split_once(['=', ' '])
            .map_or((logical, None), |(name, value)| (name, Some(value.trim().to_owned())));
        return Ok(EntryKind::Option { name: name.to_owned(), value });
    }
    parse_requirement(logical).map(EntryKind::Requirement)
}

/// The value of an option, written `-r FILE`, `-rFILE`, `--requirement FILE` or with `=`.
fn option<'a>(logical: &'a str, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| {
        let rest = logical.strip_prefix(name)?;
        let long = name.starts_with("--");
        let rest = match rest.strip_prefix('=') {
            Some(rest) => rest,
            None if !long || rest.starts_with(char::is_whitespace) => rest,
            None => return None,
        };
        Some(rest.trim()).filter(|rest| !rest.is_empty())
    })
}

fn parse_requirement(logical: &str) -> Result<Requirement, String> {
    let (requirement, options) = split_options(logical);
    let mut hashes = Vec::new();
    for option in options.split_whitespace() {
        if let Some(hash) = option.strip_prefix("--hash=") {
            match hash.parse::<FileHash>() {
                Ok(hash) => hashes.push(hash),
                // An old tool's md5 is no reason not to read the pin; it just proves nothing.
                Err(_) if hash.starts_with("md5:") || hash.starts_with("sha1:") => {}
                Err(error) => return Err(error.to_string()),
            }
        }
    }
    let (spec, marker) = split_marker(requirement);
    let text = requirement.trim().to_owned();
    let marker = marker.map(|marker| marker.trim().to_owned());
    let (name, extras, source) = parse_specifier(spec.trim())?;
    Ok(Requirement { text, name, extras, source, marker, hashes })
}

/// Splits off the options of one requirement (`--hash=...`, `--config-settings=...`).
fn split_options(logical: &str) -> (&str, &str) {
    logical.find(" --").map_or((logical, ""), |at| logical.split_at(at))
}

/// Splits at the `;` that begins a marker. In a URL it must follow white space.
fn split_marker(requirement: &str) -> (&str, Option<&str>) {
    let is_url = requirement.contains("://") || requirement.starts_with(['.', '/']);
    let separator = if is_url { " ;" } else { ";" };
    match requirement.split_once(separator) {
        Some((spec, marker)) => (spec, Some(marker)),
        None => (requirement, None),
    }
}

type Specifier = (Option<ProjectName>, Vec<ExtraName>, RequirementSource);

fn parse_specifier(spec: &str) -> Result<Specifier, String> {
    let name_end = spec
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(spec.len());
    let (name, rest) = spec.split_at(name_end);
    let after = rest.trim_start();
    let looks_like_location = name.is_empty()
        || name.starts_with('.')
        || after.starts_with([':', '/', '\\', '+'])
        || is_archive(spec);
    if looks_like_location {
        if spec.starts_with(['.', '/', '\\', '~']) || spec.contains("://") || is_archive(spec) {
            return Ok((None, Vec::new(), location(spec)));
        }
        return Err(format!("expected a requirement, found `{spec}`"));
    }
    let name: ProjectName =
        name.parse().map_err(|_| format!("`{name}` is not a valid project name"))?;
    let (extras, rest) = parse_extras(after, spec)?;
    let rest = rest.trim();
    if let Some(url) = rest.strip_prefix('@') {
        return Ok((Some(name), extras, location(url.trim())));
    }
    let clauses = rest.strip_prefix('(').and_then(|r| r.strip_suffix(')')).unwrap_or(rest);
    let specifiers = VersionSpecifiers::from_str(clauses).map_err(|error| {
        let reason = error.to_string();
        let reason = reason.lines().next().unwrap_or_default().trim_end_matches(':');
        format!("`{spec}` is not a requirement: {reason}")
    })?;
    Ok((Some(name), extras, RequirementSource::Index(specifiers)))
}

fn is_archive(spec: &str) -> bool {
    [".whl", ".tar.gz", ".zip"].iter().any(|ending| spec.ends_with(ending)) && !spec.contains(' ')
}

fn parse_extras<'a>(after: &'a str, spec: &str) -> Result<(Vec<ExtraName>, &'a str), String> {
    let Some(inside) = after.strip_prefix('[') else { return Ok((Vec::new(), after)) };
    let (list, rest) =
        inside.split_once(']').ok_or_else(|| format!("`{spec}` lacks a `]` after its extras"))?;
    let extras = list
        .split(',')
        .map(str::trim)
        .filter(|extra| !extra.is_empty())
        .map(|extra| extra.parse().map_err(|_| format!("`{extra}` is not a valid extra name")))
        .collect::<Result<_, _>>()?;
    Ok((extras, rest))
}

fn location(text: &str) -> RequirementSource {
    let vcs = ["git+", "hg+", "svn+", "bzr+"].iter().any(|scheme| text.starts_with(scheme));
    if vcs {
        RequirementSource::Vcs(text.to_owned())
    } else {
        RequirementSource::Url(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(text: &str) -> Requirement {
        match &parse(text).unwrap()[..] {
            [Entry { kind: EntryKind::Requirement(requirement), .. }] => requirement.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_pin_with_hashes_over_several_lines_is_one_requirement() {
        let hash = "ab".repeat(32);
        let text = format!(
            "# lock\nFoo.Bar==1.0 ; sys_platform == 'linux' \\\n    --hash=sha256:{hash} \\\n    --hash=sha256:{hash}\n    # via x\nb==2\n"
        );
        let entries = parse(&text).unwrap();
        assert_eq!(entries.iter().map(|entry| entry.line).collect::<Vec<_>>(), [2, 6]);
        let EntryKind::Requirement(first) = &entries[0].kind else { panic!() };
        assert_eq!(first.name.as_ref().unwrap().as_str(), "foo-bar");
        assert_eq!(first.pin().unwrap().to_string(), "1.0");
        assert_eq!(first.marker.as_deref(), Some("sys_platform == 'linux'"));
        assert_eq!(first.hashes.len(), 2);
    }

    #[test]
    fn only_one_exact_clause_is_a_pin() {
        for (text, pin) in [
            ("a==1.0", Some("1.0")),
            ("a === 1.0", Some("1.0")),
            ("a (==1.0)", Some("1.0")),
            ("a[x,y]==1!2.0+local", Some("1!2.0+local")),
            ("a==1.*", None),
            ("a>=1", None),
            ("a", None),
            ("a==1,!=2", None),
        ] {
            let pinned = only(text).pin().map(ToString::to_string);
            assert_eq!(pinned.as_deref(), pin, "{text}");
        }
    }

    #[test]
    fn urls_paths_and_version_control_are_told_apart() {
        use RequirementSource as S;
        let source = |text: &str| only(text).source;
        assert!(matches!(source("a @ https://files.example/a-1.whl"), S::Url(_)));
        assert!(matches!(source("https://files.example/a-1.tar.gz#sha256=00"), S::Url(_)));
        assert!(matches!(source("./dist/a-1-py3-none-any.whl"), S::Url(_)));
        assert!(matches!(source("a-1-py3-none-any.whl"), S::Url(_)));
        assert!(matches!(source("a @ git+https://git.example/a.git@main"), S::Vcs(_)));
        assert!(matches!(source("git+ssh://git@git.example/a.git"), S::Vcs(_)));
        assert!(matches!(source("-e ."), S::Editable(_)));
        assert_eq!(
            only("-e git+https://x.example/y#egg=Some_Name").name.unwrap().as_str(),
            "some-name"
        );
    }

    #[test]
    fn includes_and_options_are_kept() {
        let kinds: Vec<_> = parse("-r a.txt\n--requirement=b.txt\n-c c.txt\n--index-url https://i.example/simple\n--no-binary :all:\n--pre\n")
            .unwrap()
            .into_iter()
            .map(|entry| entry.kind)
            .collect();
        let include =
            |target: &str, constraint| EntryKind::Include { target: target.into(), constraint };
        let option = |name: &str, value: Option<&str>| EntryKind::Option {
            name: name.into(),
            value: value.map(Into::into),
        };
        assert_eq!(
            kinds,
            [
                include("a.txt", false),
                include("b.txt", false),
                include("c.txt", true),
                option("--index-url", Some("https://i.example/simple")),
                option("--no-binary", Some(":all:")),
                option("--pre", None),
            ]
        );
    }

    #[test]
    fn a_line_that_is_no_requirement_is_named() {
        for (text, line) in
            [("a==1\n\n=1.0\n", 3), ("a=1.0", 1), ("a[x==1", 1), ("a==1 --hash=sha256:12", 1)]
        {
            assert_eq!(parse(text).unwrap_err().line, line, "{text}");
        }
    }

    #[test]
    fn a_comment_needs_white_space_before_it() {
        assert_eq!(
            only("a @ https://files.example/a.zip#egg=a  # why").source,
            RequirementSource::Url("https://files.example/a.zip#egg=a".into())
        );
    }
}
