//! Parser directives: `# syntax=`, `# escape=`, `# check=` at the top of the file.

use super::Dockerfile;
use super::lines::Lines;
use crate::facts::{Facts, SyntaxError};

/// Reads the directives. The first line that is none ends them, be it empty or another comment.
pub(super) fn read(lines: &mut Lines<'_>, dockerfile: &mut Dockerfile, facts: &mut Facts) {
    dockerfile.escape = '\\';
    while let Some(line) = lines.peek() {
        let Some((name, value)) = line.text.trim_start().strip_prefix('#').and_then(directive)
        else {
            break;
        };
        let mut refuse = |message: String| {
            facts.errors.push(SyntaxError {
                message,
                span: line.start..line.end(),
                of_shell: false,
            });
        };
        if dockerfile.directives.iter().any(|(earlier, _)| *earlier == name) {
            refuse(format!("the directive `{name}` stands here twice"));
        } else {
            match (name.as_str(), value) {
                ("escape", "\\") => dockerfile.escape = '\\',
                ("escape", "`") => dockerfile.escape = '`',
                ("escape", _) => refuse("the escape character is either \\ or `".to_owned()),
                _ => {}
            }
            dockerfile.directives.push((name, value.to_owned()));
        }
        lines.next();
    }
}

fn directive(comment: &str) -> Option<(String, &str)> {
    let (name, value) = comment.split_once('=')?;
    let name = name.trim().to_ascii_lowercase();
    let value = value.trim();
    (matches!(name.as_str(), "syntax" | "escape" | "check") && !value.is_empty())
        .then_some((name, value))
}
