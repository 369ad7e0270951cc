//! Makefiles: each line of a recipe is shell text (GNU make manual, 5), an exported variable is in its environment.
//!
//! `$$` is a dollar; `$(NAME)` and the like is not known. `$(shell ...)` is shell text wherever it stands.

use super::embedded::reveal;
use super::lines::{Line, comment, lines, own_line, trimmed};
use crate::facts::{Facts, Home, Origin, Span, Variable, Word};
use crate::passage::Passage;
use crate::shell::{self, Known};

/// How deep `$(shell ...)` is looked into.
const DEPTH: usize = 8;

/// Reads a file.
pub(crate) fn parse(text: &str) -> Facts {
    let mut facts = Facts::default();
    let mut in_rule = false;
    let mut joined: Vec<Line> = Vec::new();
    for line in lines(text) {
        let slashes = text[line.span.clone()].bytes().rev().take_while(|byte| *byte == b'\\');
        let goes_on = slashes.count() % 2 == 1;
        joined.push(line);
        if !goes_on {
            in_rule = logical_line(text, &joined, in_rule, &mut facts);
            joined.clear();
        }
    }
    logical_line(text, &joined, in_rule, &mut facts);
    facts
}

/// Lines that backslashes join; gives whether a recipe may follow.
fn logical_line(text: &str, joined: &[Line], in_rule: bool, facts: &mut Facts) -> bool {
    let (Some(first), Some(last)) = (joined.first(), joined.last()) else { return in_rule };
    let span = first.span.start..last.span.end;
    let content = trimmed(text, &span);
    let slice = &text[content.clone()];
    if in_rule && text[span.clone()].starts_with('\t') {
        recipe(text, content, facts);
        return true;
    }
    if slice.is_empty() {
        return in_rule;
    }
    let sign = comment_start(text, &content);
    let content = content.start..sign.unwrap_or(content.end);
    facts.comments.extend(sign.map(|sign| comment(text, sign..span.end)));
    shell_functions(text, &content, 0, facts);
    if content.is_empty() {
        return in_rule;
    }
    let whole = first.whole.start..last.whole.end;
    if let Some(variable) = exported(text, &trimmed(text, &content), whole.clone()) {
        facts.variables.push(variable);
        return in_rule;
    }
    let slice = &text[content.clone()];
    let equals = slice.find('=').unwrap_or(slice.len());
    let colon = slice.find(':').filter(|colon| colon + 1 < equals || equals == slice.len());
    let rule = colon.is_some();
    if let Some(colon) = colon {
        // `target: export NAME = value`.
        let behind = trimmed(text, &(content.start + colon + 1..content.end));
        if let Some(variable) = exported(text, &behind, whole) {
            facts.variables.push(variable);
            return in_rule;
        }
    }
    if rule && let Some(at) = slice.find(';') {
        recipe(text, trimmed(text, &(content.start + at + 1..content.end)), facts);
    }
    // Conditionals may stand within a recipe.
    let conditional = ["if", "else", "endif"].iter().any(|word| slice.starts_with(word));
    rule || (in_rule && conditional)
}

/// A recipe's line without `@`, `-` and `+` before it.
fn recipe(text: &str, span: Span, facts: &mut Facts) {
    let slice = &text[span.clone()];
    let start = span.end - slice.trim_start_matches(['@', '-', '+', ' ', '\t']).len();
    shell_text(text, start..span.end, 0, facts);
}

/// Shell text that make expands first.
fn shell_text(text: &str, span: Span, depth: usize, facts: &mut Facts) {
    shell_functions(text, &span, depth, facts);
    let mut passage = Passage::at(span.start);
    let mut expressions = Vec::new();
    let mut at = span.start;
    while let Some(dollar) = text[at..span.end].find('$').map(|found| at + found) {
        passage.push(text, at..dollar);
        let Some(end) = expansion_end(text, dollar, span.end) else {
            at = dollar;
            break;
        };
        if text[dollar..end] == *"$$" {
            passage.push_for("$", dollar..end);
        } else {
            let variable = format!("${{_{}_}}", expressions.len());
            passage.push_for(&variable, dollar..end);
            expressions.push((variable, text[dollar..end].to_owned()));
        }
        at = end;
    }
    passage.push(text, at..span.end);
    let mut found = shell::parse_passage(&passage, &Home::Script, &Known::new());
    for command in &mut found.commands {
        command.words.iter_mut().for_each(|word| reveal(word, &expressions));
    }
    for variable in &mut found.variables {
        variable.value.iter_mut().for_each(|word| reveal(word, &expressions));
    }
    facts.append(found);
}

/// Behind what a dollar begins.
fn expansion_end(text: &str, dollar: usize, limit: usize) -> Option<usize> {
    let rest = &text[dollar + 1..limit];
    let first = rest.chars().next()?;
    let close = match first {
        '(' => ')',
        '{' => '}',
        other => return Some(dollar + 1 + other.len_utf8()),
    };
    let mut depth = 0_usize;
    for (at, character) in rest.char_indices() {
        if character == first {
            depth += 1;
        } else if character == close {
            depth -= 1;
            if depth == 0 {
                return Some(dollar + 1 + at + 1);
            }
        }
    }
    None
}

/// What `$(shell ...)` runs.
fn shell_functions(text: &str, span: &Span, depth: usize, facts: &mut Facts) {
    for open in ["$(shell ", "${shell "] {
        let mut at = span.start;
        while let Some(found) = text[at..span.end].find(open) {
            let dollar = at + found;
            at = dollar + open.len();
            if text[..dollar].ends_with('$') {
                continue;
            }
            let Some(end) = expansion_end(text, dollar, span.end) else { break };
            if depth < DEPTH {
                shell_text(text, at..end - 1, depth + 1, facts);
            }
            at = end;
        }
    }
}

/// `export NAME = value`, before a colon or question mark too.
fn exported(text: &str, span: &Span, whole: Span) -> Option<Variable> {
    let slice = &text[span.clone()];
    let rest = slice.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t']))?;
    let start = span.end - rest.trim_ascii_start().len();
    let rest = &text[start..span.end];
    let equals = rest.find('=');
    let name_end = equals.map_or(rest.len(), |equals| {
        rest[..equals].trim_end_matches([':', '?', '+', '!', ' ', '\t']).len()
    });
    let name = &rest[..name_end];
    if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == '$') {
        return None;
    }
    let value = equals.map(|equals| {
        let span = trimmed(text, &(start + equals + 1..span.end));
        let raw = &text[span.clone()];
        let known = !raw.replace("$$", "").contains('$');
        Word { text: raw.replace("$$", "$"), known, whole: span.clone(), span }
    });
    Some(Variable {
        name: name.to_owned(),
        name_span: start..start + name_end,
        value,
        whole,
        origin: Origin::Shell(Home::Script),
    })
}

/// A `#` begins a comment unless a backslash stands before it.
fn comment_start(text: &str, span: &Span) -> Option<usize> {
    let bytes = text.as_bytes();
    span.clone().find(|&at| {
        bytes[at] == b'#'
            && (at == span.start || bytes[at - 1] != b'\\')
            && (own_line(text, at).is_some() || matches!(bytes[at - 1], b' ' | b'\t'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::proof::{check, cut};

    const TEXT: &str = "# ü\nexport PIP_TRUSTED_HOST := a.example # why\nX = $(shell curl -k https://b.example)\n\nall: x ; wget https://c.example\n\nx: y\n\t@pip install \\\n\t  --trusted-host $(HOST) -r $< \\\n\t  $$EXTRA\n# within\n\t-cd é && npm config set strict-ssl false # shell\n\nY := pip\n";

    #[test]
    fn recipes_are_commands() {
        for text in [TEXT.to_owned(), TEXT.replace('\n', "\r\n")] {
            let facts = check(&text, parse);
            assert!(facts.errors.is_empty(), "{:?}", facts.errors);
            let programs: Vec<_> =
                facts.commands.iter().map(|command| command.words[0].text.as_str()).collect();
            assert_eq!(programs, ["curl", "wget", "pip", "cd", "npm"]);
            let pip = &facts.commands[2];
            let words: Vec<_> = pip.words.iter().map(|word| word.text.as_str()).collect();
            assert_eq!(
                words,
                ["pip", "install", "--trusted-host", "$(HOST)", "-r", "$<", "$EXTRA"]
            );
            assert!(!pip.words[3].known && !pip.words[5].known && !pip.words[6].known);
            assert_eq!(&text[pip.words[3].span.clone()], "$(HOST)");
            assert_eq!(&text[pip.words[6].span.clone()], "$$EXTRA");
            let rest = cut(&text, &(pip.words[2].whole.start..pip.words[3].whole.end));
            assert!(rest.contains("install -r $<"), "{rest}");
        }
    }

    #[test]
    fn exported_variables_and_comments_are_found() {
        let facts = check(TEXT, parse);
        assert_eq!(facts.variables.len(), 1);
        let value = facts.variables[0].value.as_ref().unwrap();
        assert_eq!(&TEXT[value.span.clone()], "a.example");
        assert!(!cut(TEXT, &facts.variables[0].whole).contains("export"));
        let comments: Vec<_> = facts.comments.iter().map(|found| found.text.trim()).collect();
        assert_eq!(comments, ["ü", "why", "within", "shell"]);
    }
}
