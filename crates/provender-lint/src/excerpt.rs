//! Findings in the form in which they are shown.

use std::sync::Arc;

use provender_core::excerpt::{Excerpt, Marked, position};
use provender_core::{Diagnostic, Place};

use crate::facts::Span;
use crate::finding::Finding;
use crate::lint::FileFindings;
use crate::secret;
use crate::source::File;

/// What was found in a file, as diagnostics about its text. What the text holds of secrets is masked,
/// since whole lines are shown.
pub fn excerpts(file: &File, findings: &FileFindings) -> Vec<Excerpt> {
    if findings.findings.is_empty() {
        return Vec::new();
    }
    let source: Arc<str> = masked(&file.text, &secret::spans(file)).into();
    findings.findings.iter().map(|finding| excerpt(file, finding, &source)).collect()
}

fn excerpt(file: &File, finding: &Finding, source: &Arc<str>) -> Excerpt {
    let start = position(&file.text, finding.span.start);
    let place =
        Place { file: file.path.clone(), line: Some(start.line), column: Some(start.column) };
    let mut diagnostic =
        Diagnostic::new(finding.rule, finding.level, finding.message.clone()).at(place);
    diagnostic.causes = finding.causes.clone();
    diagnostic.hint = finding.hint.clone();
    let marked = |span: &Span, label: &str| Marked { span: span.clone(), label: label.to_owned() };
    Excerpt {
        diagnostic,
        source: Arc::clone(source),
        primary: marked(&finding.span, &finding.label),
        also: finding.also.iter().map(|(span, label)| marked(span, label)).collect(),
        fix: finding.fix.as_ref().map(|fix| fix.title.clone()),
    }
}

/// The text with as many asterisks in the place of each span, line feeds kept: spans of other things stay
/// where they are.
fn masked(text: &str, secrets: &[Span]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for span in secrets {
        for byte in bytes.get_mut(span.clone()).into_iter().flatten() {
            if !matches!(byte, b'\n' | b'\r') {
                *byte = b'*';
            }
        }
    }
    // Spans that cut a character in two would leave half of it.
    String::from_utf8(bytes).unwrap_or_else(|error| {
        String::from_utf8_lossy(error.as_bytes()).chars().map(|_| '*').collect()
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::lint::{Options, lint};
    use crate::source::FileKind;

    #[test]
    fn a_shown_line_holds_no_secret() {
        let text = "RUN pip install --index-url https://ann:geheim%21@index.example/simple a\n\
                    ENV API_TOKEN=0123456789abcdef0123\n";
        let text = format!("FROM scratch\n{text}");
        let file = crate::read(Path::new("Dockerfile"), FileKind::Dockerfile, &text);
        let found = lint(std::slice::from_ref(&file), &Options::default()).expect("known rules");
        let shown = excerpts(&file, &found[0]);
        assert!(!shown.is_empty());
        for excerpt in shown {
            assert_eq!(excerpt.source.len(), text.len());
            assert!(!excerpt.source.contains("geheim"), "{}", excerpt.source);
            assert!(!excerpt.source.contains("0123456789"), "{}", excerpt.source);
            assert!(!format!("{:?}", excerpt.diagnostic).contains("geheim"));
        }
    }
}
