//! What the tests of rules ask: texts in, findings out, comments that accept findings heeded.

use super::Rule;
use crate::finding::Finding;
use crate::project::Project;
use crate::source::{File, FileKind};
use crate::suppress;

/// Files of these names and texts.
pub(crate) fn files(texts: &[(&str, &str)]) -> Vec<File> {
    texts
        .iter()
        .map(|(path, text)| {
            let kind = FileKind::of(path.as_ref()).unwrap_or_else(|| panic!("{path} has no kind"));
            crate::read(*path, kind, text)
        })
        .collect()
}

/// What a rule finds in the first of these files, the others beside it.
pub(crate) fn found(rule: &dyn Rule, texts: &[(&str, &str)]) -> Vec<Finding> {
    let files = files(texts);
    let mut findings = Vec::new();
    rule.check(&files[0], &mut findings);
    rule.check_in(&files[0], &Project::of(&files), &mut findings);
    let text = &*files[0].text;
    for finding in &findings {
        assert_eq!(finding.rule, rule.id());
        let others = finding.also.iter().map(|(span, _)| span);
        for span in std::iter::once(&finding.span).chain(others) {
            assert!(text.get(span.clone()).is_some(), "{span:?} is no range of {text:?}");
        }
        let said = [&finding.message, &finding.label];
        let said = said.into_iter().chain(&finding.causes).chain(&finding.hint);
        for words in said {
            assert!(!words.ends_with('.') && !words.contains("  "), "{words:?}");
        }
    }
    let (mut findings, _) = suppress::apply(&files[0], findings, |_| false);
    findings.sort_by_key(|finding| (finding.span.start, finding.span.end));
    findings
}

/// The messages of what a rule finds in the first of these files.
pub(crate) fn messages(rule: &dyn Rule, texts: &[(&str, &str)]) -> Vec<String> {
    found(rule, texts).into_iter().map(|finding| finding.message).collect()
}

/// The first file's text with the fixes of what a rule finds in it.
pub(crate) fn fixed(rule: &dyn Rule, texts: &[(&str, &str)]) -> String {
    let mut edits: Vec<_> = found(rule, texts)
        .into_iter()
        .filter_map(|finding| finding.fix)
        .flat_map(|fix| fix.edits)
        .collect();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
    let mut text = texts[0].1.to_owned();
    for edit in edits {
        text.replace_range(edit.span, &edit.text);
    }
    text
}
