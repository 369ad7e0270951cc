//! Comments that accept findings: `provender: allow RULE[, RULE] -- reason`.
//!
//! On a line of its own such a comment speaks of the statement, instruction or setting that begins
//! on the next line; behind something, of its line and of what ends there. One without a reason
//! accepts nothing.

use provender_core::Level;

use crate::facts::{Comment, Span};
use crate::finding::{Edit, Finding, Fix, Needs};
use crate::lint::Suppressed;
use crate::rules;
use crate::source::File;

/// The rule that wants a reason.
pub(crate) const WITHOUT_REASON: &str = "lint/suppression-without-reason";
/// The rule that wants rules to exist.
pub(crate) const UNKNOWN_RULE: &str = "lint/suppression-unknown-rule";
/// The rule that wants suppressions to suppress.
pub(crate) const UNUSED: &str = "lint/suppression-unused";

/// A comment that accepts findings.
struct Suppression<'a> {
    comment: &'a Comment,
    /// The rules as they are named, with where each stands.
    rules: Vec<(&'a str, Span)>,
    reason: &'a str,
    /// What it speaks of.
    covers: Span,
}

/// Takes out of what was found what comments accept, and adds what is wrong with such comments.
/// `runs` tells whether a rule ran: one that did not cannot be said to be suppressed in vain.
pub(crate) fn apply(
    file: &File,
    mut found: Vec<Finding>,
    runs: impl Fn(&str) -> bool,
) -> (Vec<Finding>, Vec<Suppressed>) {
    let mut suppressed = Vec::new();
    let mut complaints = Vec::new();
    for comment in &file.facts.comments {
        let Some(suppression) = Suppression::read(file, comment) else { continue };
        if suppression.reason.is_empty() {
            complaints.push(without_reason(&suppression));
            continue;
        }
        for (name, span) in &suppression.rules {
            let Some(rule) = rules::find(name) else {
                complaints.push(unknown_rule(name, span.clone()));
                continue;
            };
            let accepted: Vec<_> = found
                .extract_if(.., |finding| {
                    finding.rule == rule.id() && touch(&finding.span, &suppression.covers)
                })
                .collect();
            if accepted.is_empty() && runs(rule.id()) {
                complaints.push(unused(file, rule.id(), &suppression, span.clone()));
            }
            suppressed.extend(
                accepted
                    .into_iter()
                    .map(|finding| Suppressed { finding, reason: suppression.reason.to_owned() }),
            );
        }
    }
    complaints.retain(|complaint| runs(complaint.rule));
    found.extend(complaints);
    (found, suppressed)
}

fn without_reason(suppression: &Suppression<'_>) -> Finding {
    Finding::new(
        WITHOUT_REASON,
        Level::Error,
        suppression.comment.span.clone(),
        "a finding is allowed without a reason",
        "this allows nothing",
    )
    .because("whoever reads it next has to know why the risk was taken")
    .hint("write the reason behind two dashes: `provender: allow RULE -- reason`")
}

fn unknown_rule(name: &str, span: Span) -> Finding {
    let message = if name.is_empty() {
        "no rule is named".to_owned()
    } else {
        format!("there is no rule `{name}`")
    };
    Finding::new(UNKNOWN_RULE, Level::Error, span, message, "this allows nothing")
        .hint("name the rule as the finding names it, such as `lint/pip-trusted-host`")
}

fn unused(file: &File, rule: &str, suppression: &Suppression<'_>, span: Span) -> Finding {
    let finding = Finding::new(
        UNUSED,
        Level::Note,
        span,
        format!("`{rule}` finds nothing here"),
        "this allows nothing",
    );
    if suppression.rules.len() > 1 {
        return finding.hint("take the rule out of the comment");
    }
    finding.hint("delete the comment").fixed_by(Fix {
        title: "delete the comment".to_owned(),
        edits: vec![Edit::delete(whole(file, suppression.comment))],
        needs: Needs::Nothing,
    })
}

/// What goes if a comment goes: its line, or it with the blanks before it.
fn whole(file: &File, comment: &Comment) -> Span {
    if comment.own_line {
        return line_at(&file.text, comment.span.start);
    }
    file.text[..comment.span.start].trim_end_matches([' ', '\t']).len()..comment.span.end
}

impl<'a> Suppression<'a> {
    /// Reads a comment; none if it is about something else.
    fn read(file: &File, comment: &'a Comment) -> Option<Self> {
        let said = comment.text.trim_start_matches(['#', '/', ';']).trim();
        let rest = said.strip_prefix("provender:")?.trim_start().strip_prefix("allow")?;
        if !(rest.is_empty() || rest.starts_with([' ', '\t'])) {
            return None;
        }
        let (names, reason) = match rest.find("--") {
            Some(dashes) => (&rest[..dashes], rest[dashes..].trim_start_matches('-').trim()),
            None => (rest, ""),
        };
        let written = &file.text[comment.span.clone()];
        let named: Vec<_> = names
            .split(',')
            .map(str::trim)
            .map(|name| match written.find(name) {
                Some(at) if !name.is_empty() => {
                    let start = comment.span.start + at;
                    (name, start..start + name.len())
                }
                _ => (name, comment.span.clone()),
            })
            .collect();
        Some(Self { comment, rules: named, reason, covers: covered(file, comment) })
    }
}

/// What a comment speaks of.
fn covered(file: &File, comment: &Comment) -> Span {
    let text = &*file.text;
    let own = line_at(text, comment.span.start);
    if !comment.own_line {
        let behind = spans(file, comment).filter(|span| {
            span.start < own.start && own.start < span.end && span.end <= comment.span.start
        });
        let start = behind.map(|span| span.start).min().unwrap_or(own.start);
        return start.min(own.start)..own.end;
    }
    let mut line = next_line(text, &own);
    while !line.is_empty() && (text[line.clone()].trim().is_empty() || is_comment(file, &line)) {
        line = next_line(text, &line);
    }
    let begins = spans(file, comment).filter(|span| line.contains(&span.start));
    let end = begins.map(|span| span.end).max().unwrap_or(line.end);
    line.start..end.max(line.end)
}

/// What a comment may speak of: settings, variables, commands, and a Dockerfile's instructions but
/// for the one it stands in.
fn spans<'a>(file: &'a File, comment: &'a Comment) -> impl Iterator<Item = Span> + 'a {
    let facts = &file.facts;
    let settings = facts.settings.iter().map(|setting| setting.whole.clone());
    let variables = facts.variables.iter().map(|variable| {
        let end = variable.value.as_ref().map_or(variable.name_span.end, |word| word.span.end);
        variable.name_span.start..end
    });
    let commands = facts.commands.iter().map(|command| command.span.clone());
    let instructions = file.dockerfile.iter().flat_map(|dockerfile| {
        dockerfile.instructions.iter().map(|instruction| instruction.span.clone())
    });
    settings
        .chain(variables)
        .chain(commands)
        .chain(instructions.filter(|span| !touch(span, &comment.span)))
}

/// Whether a line holds nothing but a comment.
fn is_comment(file: &File, line: &Span) -> bool {
    file.facts.comments.iter().any(|comment| comment.own_line && line.contains(&comment.span.start))
}

/// The line that holds a place, with its end.
fn line_at(text: &str, place: usize) -> Span {
    let start = text[..place].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[place..].find('\n').map_or(text.len(), |newline| place + newline + 1);
    start..end
}

/// The line below one; empty at the file's end.
fn next_line(text: &str, line: &Span) -> Span {
    if line.end >= text.len() { text.len()..text.len() } else { line_at(text, line.end) }
}

/// Whether two ranges share something; an empty one is a point.
fn touch(a: &Span, b: &Span) -> bool {
    a.start < b.end.max(b.start + 1) && b.start < a.end.max(a.start + 1)
}

#[cfg(test)]
mod tests {
    use crate::lint::{FileFindings, Linter, Options};
    use crate::source::FileKind;

    /// What is left in a file, as rule and marked text, with the complaints about comments.
    fn left(kind: FileKind, text: &str) -> Vec<(&'static str, String)> {
        let found = findings(kind, text);
        let findings = found.findings.into_iter();
        findings.map(|finding| (finding.rule, text[finding.span].to_owned())).collect()
    }

    fn findings(kind: FileKind, text: &str) -> FileFindings {
        let rules = [
            "npm-strict-ssl",
            "curl-insecure",
            "node-tls-reject",
            "suppression-unused",
            "suppression-unknown-rule",
            "suppression-without-reason",
        ];
        let selected = rules.map(str::to_owned).to_vec();
        let linter = Linter::new(&Options { selected, ..Options::default() }).unwrap();
        let file = crate::read("a", kind, text);
        linter.lint_file(&file, std::slice::from_ref(&file))
    }

    #[test]
    fn a_comment_on_its_own_line_speaks_of_the_next_statement_alone() {
        let text = "# provender: allow lint/curl-insecure -- ours\n# more about it\n\ncurl -k \\\n  https://a.example\ncurl -fk https://b.example\n";
        assert_eq!(left(FileKind::Shell, text), [("lint/curl-insecure", "-fk".to_owned())]);
        assert_eq!(findings(FileKind::Shell, text).suppressed[0].reason, "ours");
    }

    #[test]
    fn a_comment_behind_something_speaks_of_its_line() {
        let text = "curl -k https://a.example # provender: allow curl-insecure -- ours\ncurl -k https://b.example\n";
        assert_eq!(left(FileKind::Shell, text).len(), 1);
        let text = "curl -k \\\n  https://a.example # provender: allow curl-insecure -- ours\n";
        assert_eq!(left(FileKind::Shell, text), []);
    }

    #[test]
    fn a_comment_before_an_instruction_speaks_of_all_of_it() {
        let text = "FROM a\n# provender: allow lint/curl-insecure, lint/node-tls-reject -- ours\nRUN curl -k https://a.example && \\\n    NODE_TLS_REJECT_UNAUTHORIZED=0 npm ci\nRUN curl -k https://b.example\n";
        assert_eq!(left(FileKind::Dockerfile, text), [("lint/curl-insecure", "-k".to_owned())]);
    }

    #[test]
    fn a_comment_within_an_instruction_speaks_of_the_next_command() {
        let text = "FROM a\nRUN curl -k https://a.example && \\\n    # provender: allow lint/curl-insecure -- ours\n    curl -k https://b.example && \\\n    curl -fk https://c.example\n";
        let left = left(FileKind::Dockerfile, text);
        assert_eq!(left.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), ["-k", "-fk"]);
    }

    #[test]
    fn a_comment_without_a_reason_allows_nothing() {
        for comment in
            ["allow npm-strict-ssl", "allow npm-strict-ssl --", "allow npm-strict-ssl --  "]
        {
            let text = format!("; provender: {comment}\nstrict-ssl=false\n");
            let rules: Vec<_> = left(FileKind::Npmrc, &text).into_iter().map(|one| one.0).collect();
            assert_eq!(rules, ["lint/suppression-without-reason", "lint/npm-strict-ssl"]);
        }
    }

    #[test]
    fn a_rule_that_there_is_not_is_pointed_at() {
        let text = "# provender: allow npm-strict, lint/npm-strict-ssl -- ours\nstrict-ssl=false\n";
        let unknown = ("lint/suppression-unknown-rule", "npm-strict".to_owned());
        assert_eq!(left(FileKind::Npmrc, text), [unknown]);
        let text = "# provender: allow -- ours\n";
        assert_eq!(left(FileKind::Npmrc, text)[0].0, "lint/suppression-unknown-rule");
    }

    #[test]
    fn a_comment_that_allows_nothing_is_told_and_goes() {
        let text = "# provender: allow lint/npm-strict-ssl -- ours\nstrict-ssl=true\n";
        let found = findings(FileKind::Npmrc, text);
        assert_eq!(found.findings[0].rule, "lint/suppression-unused");
        let fix = found.findings[0].fix.clone().expect("a fix");
        assert_eq!(crate::fix::apply(text, &fix.edits), "strict-ssl=true\n");
    }

    #[test]
    fn what_is_not_looked_for_is_not_said_to_be_missing() {
        let text = "# provender: allow lint/git-ssl-verify -- ours\nstrict-ssl=true\n";
        assert_eq!(left(FileKind::Npmrc, text), []);
    }

    #[test]
    fn other_comments_are_nobodys_business() {
        let text = "# provender: allowance is paid monthly\n# see provender: allow x\na=b\n";
        assert_eq!(left(FileKind::Npmrc, text), []);
    }

    #[test]
    fn carriage_returns_and_umlauts_do_no_harm() {
        let text = "; gr\u{fc}n\r\n; provender: allow npm-strict-ssl -- f\u{fc}r uns\r\nstrict-ssl=false\r\n";
        assert_eq!(left(FileKind::Npmrc, text), []);
        assert_eq!(findings(FileKind::Npmrc, text).suppressed[0].reason, "f\u{fc}r uns");
    }
}
