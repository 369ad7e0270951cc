//! GitHub's workflow commands (`::error file=...::...`), which show diagnostics beside the code.
//!
//! Source: "Workflow commands for GitHub Actions", setting an error message.

use provender_core::Level;
use provender_core::excerpt::{Excerpt, position};

use crate::{excerpts, untrusted};

/// One line for each.
pub fn github(excerpts: &[Excerpt]) -> String {
    excerpts.iter().map(one).collect()
}

fn one(excerpt: &Excerpt) -> String {
    let Excerpt { diagnostic, source, primary, .. } = excerpt;
    let command = match diagnostic.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    };
    let (start, end) = (position(source, primary.span.start), position(source, primary.span.end));
    let mut text = diagnostic.message.clone();
    for more in diagnostic.causes.iter().chain(&diagnostic.hint) {
        text.push('\n');
        text.push_str(more);
    }
    format!(
        "::{command} file={},line={},col={},endLine={},endColumn={},title={}::{}\n",
        property(&excerpts::file(excerpt)),
        start.line,
        start.column,
        end.line,
        end.column,
        property(diagnostic.rule),
        data(&text),
    )
}

fn data(text: &str) -> String {
    untrusted::lines(text).join("\n").replace('%', "%25").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use provender_core::excerpt::Marked;
    use provender_core::{Diagnostic, Place};

    use super::*;

    #[test]
    fn what_has_a_meaning_in_a_command_is_escaped() {
        let excerpt = Excerpt {
            diagnostic: Diagnostic::warning("lint/x", "100 % wrong\nreally")
                .at(Place::file("a,b:c.sh"))
                .hint("mend it"),
            source: "one\ntwo words".into(),
            primary: Marked { span: 8..13, label: String::new() },
            also: Vec::new(),
            fix: None,
        };
        assert_eq!(
            github(&[excerpt]),
            "::warning file=a%2Cb%3Ac.sh,line=2,col=5,endLine=2,endColumn=10,title=lint/x::\
             100 %25 wrong%0Areally%0Amend it\n"
        );
    }
}
