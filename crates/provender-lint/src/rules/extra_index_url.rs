//! Several indexes that are asked for the same names, of which the highest version wins.

use std::collections::BTreeMap;

use provender_core::Level;

use super::Rule;
use super::bypass::{Assignment, Found, assignments, invocations, is_talk, positional};
use super::value::yes;
use crate::facts::{Setting, Span, Tool};
use crate::finding::Finding;
use crate::source::{File, FileKind};

/// `lint/extra-index-url`.
pub(crate) struct ExtraIndexUrl;

const HINT: &str = "ask one index that puts yours before the public one, such as a virtual index \
                    of provender (`index-url` alone); or uv with its default `index-strategy`, \
                    which stops at the first index that has the name; or install from a lock \
                    with `--require-hashes`";

impl Rule for ExtraIndexUrl {
    fn id(&self) -> &'static str {
        "lint/extra-index-url"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn summary(&self) -> &'static str {
        "a name is looked for in several indexes, and the highest version of any wins"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/extra-index-url.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        if !has_hashes(file) {
            of_settings(file, findings);
        }
        of_sources(file, findings);
        for assignment in assignments(file) {
            of_assignment(&assignment, findings);
        }
        for (_, invocation) in invocations(file) {
            if is_talk(invocation.program) {
                continue;
            }
            let hashed = !invocation.option("--require-hashes", false).is_empty();
            if invocation.program == "uv" {
                for used in invocation.option("--index-strategy", true) {
                    if let Some(value) = used.value.filter(|value| is_unsafe(value)) {
                        findings.push(strategy(used.span(), value));
                    }
                }
                continue;
            }
            for used in invocation.option("--extra-index-url", true) {
                if !hashed {
                    findings.push(merged(used.span(), "pip"));
                }
            }
            if invocation.program == "pip"
                && let [config, set, key, _value, ..] = positional(&invocation, &[])[..]
                && config.text == "config"
                && set.text == "set"
                && key.text.rsplit('.').next().is_some_and(is_extra_index)
            {
                findings.push(merged(key.span.clone(), "pip"));
            }
        }
    }
}

/// A file whose requirements have hashes takes no file of another index.
fn has_hashes(file: &File) -> bool {
    file.facts.settings.iter().any(|setting| {
        setting.tool == Tool::Pip
            && (setting.name() == "hash"
                || setting.name().replace('_', "-") == "require-hashes"
                    && (setting.value.is_empty() || yes(&setting.value)))
    })
}

fn of_settings(file: &File, findings: &mut Vec<Finding>) {
    for setting in &file.facts.settings {
        let span = || Found::setting(setting).span;
        match setting.tool {
            Tool::Pip if is_extra_index(setting.name()) && !repeats_index(file, setting) => {
                findings.push(merged(span(), "pip"));
            }
            Tool::Uv if setting.name() == "index-strategy" && is_unsafe(&setting.value) => {
                findings.push(strategy(span(), &setting.value));
            }
            Tool::Pipenv
                if setting.name() == "install_search_all_sources" && yes(&setting.value) =>
            {
                findings.push(merged(span(), "pipenv"));
            }
            _ => {}
        }
    }
}

fn of_assignment(assignment: &Assignment<'_>, findings: &mut Vec<Finding>) {
    match assignment.name {
        "PIP_EXTRA_INDEX_URL" if !assignment.value.trim().is_empty() => {
            findings.push(merged(assignment.found().span, "pip"));
        }
        "UV_INDEX_STRATEGY" if is_unsafe(assignment.value) => {
            findings.push(strategy(assignment.found().span, assignment.value));
        }
        _ => {}
    }
}

/// The sources of poetry and pdm, which are asked together unless the file says otherwise.
fn of_sources(file: &File, findings: &mut Vec<Finding>) {
    if !matches!(file.kind, FileKind::Pyproject) {
        return;
    }
    let poetry = sources(file, Tool::Poetry);
    let of = |source: &Source<'_>, key: &str| {
        source.get(key).map(|setting| setting.value.to_lowercase())
    };
    // `secondary`, a priority or a key of its own, is what poetry 1 called a source that is asked
    // besides the public one.
    let priority = |source: &Source<'_>| match of(source, "priority") {
        Some(priority) if priority == "secondary" => "supplemental".to_owned(),
        Some(priority) => priority,
        None if of(source, "secondary").is_some_and(|value| yes(&value)) => {
            "supplemental".to_owned()
        }
        None => "primary".to_owned(),
    };
    let is_public = |source: &Source<'_>| of(source, "name").as_deref() == Some("pypi");
    let primary: Vec<_> = poetry
        .iter()
        .filter(|source| matches!(priority(source).as_str(), "primary" | "default"))
        .collect();
    let private_first = primary.iter().any(|source| !is_public(source));
    for source in &poetry {
        let asked_behind_public = priority(source) == "supplemental" && !private_first;
        let asked_with_another =
            priority(source) == "primary" && primary.len() > 1 && !is_public(source);
        if let Some(url) = source.get("url")
            && (asked_behind_public || asked_with_another)
        {
            let mut finding = merged(Found::setting(url).span, "poetry");
            finding.hint = Some(
                "give it `priority = \"explicit\"` and name it at each dependency that comes \
                 from it (`source = \"NAME\"`); or ask one index that puts yours before the \
                 public one"
                    .to_owned(),
            );
            findings.push(finding);
        }
    }
    let ordered = file.facts.settings.iter().any(|setting| {
        setting.tool == Tool::Pdm && setting.name() == "respect-source-order" && yes(&setting.value)
    });
    for source in sources(file, Tool::Pdm) {
        let bounded = source.contains_key("include_packages") || ordered;
        if let Some(url) = source.get("url")
            && !bounded
            && !is_public(&source)
            && of(&source, "type").as_deref() != Some("find_links")
        {
            let mut finding = merged(Found::setting(url).span, "pdm");
            finding.hint = Some(
                "name it `pypi`, so that it stands in the public index's place; or say which \
                 packages come from it (`include_packages`), or set `respect-source-order = \
                 true` below `[tool.pdm.resolution]`"
                    .to_owned(),
            );
            findings.push(finding);
        }
    }
}

/// A `[[tool.X.source]]`: its settings by key.
type Source<'f> = BTreeMap<&'f str, &'f Setting>;

fn sources(file: &File, tool: Tool) -> Vec<Source<'_>> {
    let mut found: BTreeMap<&str, Source<'_>> = BTreeMap::new();
    for setting in file.facts.settings.iter().filter(|setting| setting.tool == tool) {
        if let [.., source, index, key] = setting.path.as_slice()
            && source == "source"
        {
            found.entry(index).or_default().insert(key, setting);
        }
    }
    found.into_values().collect()
}

fn is_extra_index(key: &str) -> bool {
    key.replace('_', "-").eq_ignore_ascii_case("extra-index-url")
}

/// Whether the file's own index is named once more: nothing is merged then.
fn repeats_index(file: &File, extra: &Setting) -> bool {
    file.facts.settings.iter().any(|setting| {
        setting.name().replace('_', "-") == "index-url"
            && setting.value.trim_end_matches('/') == extra.value.trim_end_matches('/')
    })
}

fn is_unsafe(strategy: &str) -> bool {
    matches!(strategy.trim(), "unsafe-best-match" | "unsafe-first-match")
}

fn merged(span: Span, tool: &str) -> Finding {
    Finding::new(
        "lint/extra-index-url",
        Level::Warning,
        span,
        format!("{tool} asks several indexes for the same names"),
        "the highest version of any index wins",
    )
    .because(
        "whoever uploads a project of the same name with a higher version to the public index is \
         installed in place of yours (dependency confusion, CVE-2018-20225)",
    )
    .hint(HINT)
}

fn strategy(span: Span, value: &str) -> Finding {
    let label = if value.trim() == "unsafe-best-match" {
        "the highest version of any index wins"
    } else {
        "goes on to the next index where a version does not fit"
    };
    Finding::new(
        "lint/extra-index-url",
        Level::Warning,
        span,
        format!("uv asks several indexes for the same names: `{}`", value.trim()),
        label,
    )
    .because(
        "by default uv stops at the first index that has the name, so that nobody elsewhere can \
         take it; this switches that off (dependency confusion, CVE-2018-20225)",
    )
    .hint(
        "delete it, and pin what has to come from another index by `[tool.uv.sources]` and an \
         index with `explicit = true`; or ask one index that puts yours first",
    )
}

#[cfg(test)]
mod tests {
    use super::ExtraIndexUrl;
    use crate::rules::proof::{found, messages};

    const PIP: &str = "pip asks several indexes for the same names";

    #[test]
    fn a_second_index_of_pip_is_found_wherever_it_is_named() {
        for (path, text, place) in [
            (
                "pip.conf",
                "[global]\nextra-index-url = https://a.example/simple\n",
                "extra-index-url = https://a.example/simple",
            ),
            (
                "requirements.txt",
                "--extra-index-url https://a.example/simple\nflask\n",
                "--extra-index-url https://a.example/simple",
            ),
            (
                "Dockerfile",
                "FROM python:3.12\nENV PIP_EXTRA_INDEX_URL=https://a.example/simple\n",
                "PIP_EXTRA_INDEX_URL=https://a.example/simple",
            ),
            (
                "a.sh",
                "pip install --extra-index-url=https://a.example/simple x\n",
                "--extra-index-url=https://a.example/simple",
            ),
            (
                "a.sh",
                "python3 -m pip wheel --extra-index-url $EXTRA x\n",
                "--extra-index-url $EXTRA",
            ),
            (
                "a.sh",
                "pip config set global.extra-index-url https://a.example/simple\n",
                "global.extra-index-url",
            ),
        ] {
            let findings = found(&ExtraIndexUrl, &[(path, text)]);
            assert_eq!(findings.len(), 1, "{text}");
            assert_eq!(findings[0].message, PIP, "{text}");
            assert_eq!(&text[findings[0].span.clone()], place);
        }
    }

    #[test]
    fn uv_s_unsafe_strategies_are_found_and_its_default_is_not() {
        for (path, text) in [
            ("uv.toml", "index-strategy = \"unsafe-best-match\"\n"),
            ("pyproject.toml", "[tool.uv]\nindex-strategy = \"unsafe-first-match\"\n"),
            ("a.sh", "export UV_INDEX_STRATEGY=unsafe-best-match\n"),
            ("a.sh", "uv pip install --index-strategy unsafe-best-match x\n"),
        ] {
            assert_eq!(messages(&ExtraIndexUrl, &[(path, text)]).len(), 1, "{text}");
        }
        for (path, text) in [
            (
                "uv.toml",
                "index-strategy = \"first-index\"\nextra-index-url = [\"https://a.example\"]\n",
            ),
            (
                "a.sh",
                "uv pip install --extra-index-url https://a.example x\n\
                 export UV_EXTRA_INDEX_URL=https://a.example\n",
            ),
        ] {
            assert_eq!(messages(&ExtraIndexUrl, &[(path, text)]), [""; 0], "{text}");
        }
    }

    #[test]
    fn hashes_and_repetitions_make_it_harmless() {
        for (path, text) in [
            (
                "requirements.txt",
                "--extra-index-url https://a.example/simple\nflask==3.0.0 --hash=sha256:aa\n",
            ),
            ("requirements.txt", "--require-hashes\n--extra-index-url https://a.example/simple\n"),
            (
                "a.sh",
                "pip install --require-hashes --extra-index-url https://a.example -r lock.txt\n",
            ),
            (
                "pip.conf",
                "[global]\nindex-url = https://a.example/simple\n\
                 extra-index-url = https://a.example/simple/\n",
            ),
            ("a.sh", "export PIP_EXTRA_INDEX_URL=\necho --extra-index-url x\n"),
        ] {
            assert_eq!(messages(&ExtraIndexUrl, &[(path, text)]), [""; 0], "{text}");
        }
    }

    #[test]
    fn poetry_and_pdm_and_pipenv_are_read_by_their_own_rules() {
        for (text, count) in [
            (
                "[[tool.poetry.source]]\nname = \"corp\"\nurl = \"https://a.example\"\n\
                 priority = \"supplemental\"\n",
                1,
            ),
            ("[[tool.poetry.source]]\nname = \"corp\"\nurl = \"https://a.example\"\n", 0),
            (
                "[[tool.poetry.source]]\nname = \"corp\"\nurl = \"https://a.example\"\n\
                 [[tool.poetry.source]]\nname = \"PyPI\"\n",
                1,
            ),
            (
                "[[tool.poetry.source]]\nname = \"corp\"\nurl = \"https://a.example\"\n\
                 priority = \"explicit\"\n",
                0,
            ),
            (
                "[[tool.poetry.source]]\nname = \"corp\"\nurl = \"https://a.example\"\n\
                 [[tool.poetry.source]]\nname = \"more\"\nurl = \"https://b.example\"\n\
                 priority = \"supplemental\"\n",
                0,
            ),
            (
                "[[tool.poetry.source]]\nname = \"corp\"\nurl = \"https://a.example\"\n\
                 secondary = true\n",
                1,
            ),
            ("[[tool.pdm.source]]\nname = \"corp\"\nurl = \"https://a.example\"\n", 1),
            ("[[tool.pdm.source]]\nname = \"pypi\"\nurl = \"https://a.example\"\n", 0),
            (
                "[[tool.pdm.source]]\nname = \"corp\"\nurl = \"https://a.example\"\n\
                 include_packages = [\"corp-*\"]\n",
                0,
            ),
            (
                "[[tool.pdm.source]]\nname = \"corp\"\nurl = \"https://a.example\"\n\
                 [tool.pdm.resolution]\nrespect-source-order = true\n",
                0,
            ),
        ] {
            assert_eq!(
                messages(&ExtraIndexUrl, &[("pyproject.toml", text)]).len(),
                count,
                "{text}"
            );
        }
        let text = "[pipenv]\ninstall_search_all_sources = true\n";
        assert_eq!(
            messages(&ExtraIndexUrl, &[("Pipfile", text)]),
            ["pipenv asks several indexes for the same names"]
        );
    }

    #[test]
    fn it_can_be_allowed_with_a_reason() {
        let text = "# provender: allow lint/extra-index-url -- both indexes are ours\n\
                    --extra-index-url https://a.example\n";
        assert_eq!(messages(&ExtraIndexUrl, &[("requirements.txt", text)]), [""; 0]);
    }
}
