//! `provender explain`.

use provender_core::Diagnostic;
use provender_report::sarif::RuleText;
use serde::Serialize;

use crate::cli::{ExplainArgs, Format};
use crate::exit::{Answer, Failure};
use crate::output::Output;

/// The reference of diagnostics: tables of id, level, what it means, what to do.
const REFERENCE: &str = include_str!("../../../../docs/reference/diagnostics.md");

/// What is known of a diagnostic.
struct Page {
    id: &'static str,
    /// In one line.
    summary: String,
    /// In Markdown.
    text: String,
}

pub(crate) fn run(args: &ExplainArgs, output: &Output) -> Result<Answer, Failure> {
    let pages = pages();
    let Some(id) = &args.id else {
        output.result(&list(&pages, output)?)?;
        return Ok(Answer::Yes);
    };
    // As it stands in a message: `error[lint/x]`.
    let wanted = id.trim_matches(['`', '[', ']']);
    let wanted = wanted.rsplit('[').next().unwrap_or(wanted);
    let page = pages.iter().find(|page| page.id == wanted);
    let page = page.or_else(|| pages.iter().find(|page| page.id.ends_with(&format!("/{wanted}"))));
    let Some(page) = page else {
        return Err(unknown(wanted, &pages).into());
    };
    match output.format {
        Format::Json => output.result(&super::json(&Document {
            schema: "provender.explanation/1",
            id: page.id,
            summary: &page.summary,
            text: &page.text,
        })?)?,
        _ => output.result(&page.text)?,
    }
    Ok(Answer::Yes)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    id: &'a str,
    summary: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct ListDocument<'a> {
    schema: &'static str,
    diagnostics: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    summary: &'a str,
}

fn list(pages: &[Page], output: &Output) -> Result<String, Failure> {
    if output.format == Format::Json {
        let diagnostics =
            pages.iter().map(|page| Entry { id: page.id, summary: &page.summary }).collect();
        return super::json(&ListDocument { schema: "provender.explanations/1", diagnostics });
    }
    let width = pages.iter().map(|page| page.id.len()).max().unwrap_or_default();
    Ok(pages.iter().map(|page| format!("{:width$}  {}\n", page.id, page.summary)).collect())
}

fn unknown(wanted: &str, pages: &[Page]) -> Diagnostic {
    let message = format!("no diagnostic has the id `{wanted}`");
    Diagnostic::error("explain/unknown-id", message).hint(match near_among(wanted, pages) {
        Some(id) => format!("did you mean `{id}`?"),
        None => "`provender explain` lists all of them".to_owned(),
    })
}

/// The id that is most like what was typed, with or without its area; none where none is like it.
pub(crate) fn near(wanted: &str) -> Option<&'static str> {
    near_among(wanted, &pages())
}

fn near_among(wanted: &str, pages: &[Page]) -> Option<&'static str> {
    let likeness = |id: &str| {
        let bare = id.split_once('/').map_or(id, |(_, name)| name);
        strsim::jaro_winkler(id, wanted).max(strsim::jaro_winkler(bare, wanted))
    };
    let likest = pages.iter().map(|page| (likeness(page.id), page.id));
    likest.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(found, _)| *found > 0.8).map(|(_, id)| id)
}

/// Every page, by id. What has a page of its own comes before what has a row.
fn pages() -> Vec<Page> {
    let rules = provender_lint::rules::all().iter().map(|rule| Page {
        id: rule.id(),
        summary: rule.summary().to_owned(),
        text: rule.page().to_owned(),
    });
    let mut pages: Vec<Page> = rules.collect();
    for mut page in REFERENCE.lines().filter_map(row) {
        // What is known of the findings of `doctor` is longer than a row.
        if let Some(rule) = super::doctor::all_rules().find(|rule| rule.id == page.id) {
            page.text.push_str(&format!("\n{}\n", rule.explanation));
        }
        if pages.iter().all(|known| known.id != page.id) {
            pages.push(page);
        }
    }
    pages.sort_by_key(|page| page.id);
    pages
}

/// A row of the reference, as a page.
fn row(line: &'static str) -> Option<Page> {
    let cells = line.strip_prefix("| `")?.strip_suffix('|')?;
    let (id, cells) = cells.split_once("` |")?;
    let mut cells = cells.split(" | ").map(|cell| without_links(cell.trim()));
    let (level, summary, hint) = (cells.next()?, cells.next()?, cells.next()?);
    let text = format!("# {id}\n\nLevel: {level}\n\n{summary}\n\nWhat to do: {hint}\n");
    Some(Page { id, summary, text })
}

/// Links as they can be followed from anywhere: `[text](../guides/x.md)` is `text (docs/guides/x.md)`.
fn without_links(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, label, target, after)) = link(rest) {
        let target = match target.strip_prefix("../") {
            Some(target) => format!("docs/{target}"),
            None => format!("docs/reference/{target}"),
        };
        out.push_str(&format!("{before}{label} ({target})"));
        rest = after;
    }
    out + rest
}

/// The first link to a page: what is before it, its words, its target, and what is behind it.
fn link(text: &str) -> Option<(&str, &str, &str, &str)> {
    let (head, tail) = text.split_once("](")?;
    let (before, label) = head.rsplit_once('[')?;
    let (target, after) = tail.split_once(')')?;
    Some((before, label, target, after))
}

/// The lint rules as SARIF describes them.
pub(crate) fn lint_rules() -> Vec<RuleText<'static>> {
    let rules = provender_lint::rules::all().iter();
    rules
        .map(|rule| RuleText { id: rule.id(), summary: rule.summary(), page: rule.page() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_reference_is_a_page() {
        let rows = REFERENCE.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(REFERENCE.lines().filter_map(row).count(), rows);
        let pages = pages();
        assert!(pages.iter().any(|page| page.id == "net/tls"));
        assert!(pages.iter().any(|page| page.id == "lint/pip-trusted-host"));
        for rule in super::super::doctor::all_rules() {
            let page = pages.iter().find(|page| page.id == rule.id);
            assert!(page.is_some_and(|page| page.text.contains(rule.explanation)), "{}", rule.id);
        }
    }

    #[test]
    fn links_can_be_followed_from_anywhere() {
        assert_eq!(
            without_links("see [a b](../guides/a.md) and [c](settings.md#x), not [this] (one)"),
            "see a b (docs/guides/a.md) and c (docs/reference/settings.md#x), not [this] (one)"
        );
        assert_eq!(without_links("[`a`]"), "[`a`]");
    }
}
