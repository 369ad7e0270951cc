//! Where a statement stands among others, and what its exit status decides.

use super::tree::Node;
use crate::facts::Home;

/// Whether a loop's, a branch's or a function's body would be empty without a statement.
pub(super) fn is_alone_in_body(statement: Node<'_>) -> bool {
    let Some(parent) = statement.parent() else { return false };
    match parent.kind() {
        "program" => return false,
        "list" => return false,
        "negated_command" | "pipeline" | "redirected_statement" => return true,
        _ => {}
    }
    let bounds_left = previous(statement).is_none_or(|node| !node.is_named());
    let bounds_right = next(statement).is_none_or(|node| {
        !node.is_named() || matches!(node.kind(), "elif_clause" | "else_clause")
    });
    bounds_left && bounds_right
}

/// The `&&` or `||` that leads to a statement.
pub(super) fn operator_before(statement: Node<'_>) -> Option<Node<'_>> {
    let mut node = statement;
    loop {
        match previous(node) {
            Some(sign) => return is_operator(sign).then_some(sign),
            None => node = node.parent().filter(|parent| joins(*parent))?,
        }
    }
}

/// The `&&` or `||` behind a statement.
pub(super) fn operator_behind(statement: Node<'_>) -> Option<Node<'_>> {
    let mut node = statement;
    loop {
        match next(node) {
            Some(sign) => return is_operator(sign).then_some(sign),
            None => node = node.parent().filter(|parent| joins(*parent))?,
        }
    }
}

/// Whether nothing of the script, the subshell or the function is run behind a statement.
pub(super) fn is_last(statement: Node<'_>) -> bool {
    let mut node = statement;
    loop {
        let Some(parent) = node.parent() else { return true };
        match parent.kind() {
            "while_statement" | "for_statement" | "c_style_for_statement" => return false,
            _ if next(node).is_some_and(|next| next.is_named() || next.kind() == "then") => {
                return false;
            }
            "program" | "subshell" | "command_substitution" | "function_definition" => return true,
            _ => node = parent,
        }
    }
}

/// Whether without a statement another one, whose failure went unheeded, would give a script, a
/// function, a branch or a condition its exit status.
pub(super) fn gives_status(statement: Node<'_>, text: &str, home: &Home) -> bool {
    let Some(before) = previous(statement).filter(|node| node.is_named()) else { return false };
    !succeeds(before, text, home) && is_heeded(statement)
}

/// Whether a statement's exit status is that of something larger.
fn is_heeded(statement: Node<'_>) -> bool {
    let mut node = statement;
    loop {
        let Some(parent) = node.parent() else { return true };
        match next(node) {
            Some(next) if next.kind() == "then" || next.kind() == "do_group" => return true,
            Some(next) if is_operator(next) => return true,
            Some(next) if next.is_named() && !is_clause(next) => return false,
            _ => {}
        }
        match parent.kind() {
            "program" | "subshell" | "command_substitution" | "function_definition" => return true,
            _ => node = parent,
        }
    }
}

/// Whether a statement cannot have failed when the one behind it runs.
fn succeeds(statement: Node<'_>, text: &str, home: &Home) -> bool {
    let mut node = statement;
    while node.kind() == "redirected_statement" {
        let Some(body) = node.child("body") else { return false };
        node = body;
    }
    match node.kind() {
        "variable_assignment" | "declaration_command" | "function_definition" => true,
        "unset_command" => true,
        "command" => {
            let name = node.children().find(|child| child.kind() == "command_name");
            let name = name.and_then(|name| text.get(name.byte_range())).unwrap_or_default();
            let harmless = matches!(name, "echo" | "printf" | ":" | "true" | "set" | "shopt");
            // CI services start their shells with `-e`.
            harmless || *home == Home::Ci || stops_at_errors(&text[..statement.start_byte()])
        }
        _ => false,
    }
}

/// Whether a script has said `set -e`, in one of its forms, or its first line does.
fn stops_at_errors(text: &str) -> bool {
    let first = text.strip_prefix("#!").and_then(|rest| rest.lines().next()).unwrap_or_default();
    let short = |word: &str| {
        let letters = word.strip_prefix('-').unwrap_or_default();
        letters.contains('e') && letters.bytes().all(|letter| letter.is_ascii_alphabetic())
    };
    let sets = text.split(['\n', ';', '&']).map(str::trim_start).any(|statement| {
        let mut words = statement.split_whitespace();
        words.next() == Some("set") && words.any(|word| short(word) || word == "errexit")
    });
    sets || first.split_whitespace().skip(1).any(short)
}

fn is_operator(node: Node<'_>) -> bool {
    matches!(node.kind(), "&&" | "||")
}

fn is_clause(node: Node<'_>) -> bool {
    matches!(node.kind(), "elif_clause" | "else_clause" | "case_item")
}

/// Whether a node has a statement's operators beside it rather than around it.
fn joins(node: Node<'_>) -> bool {
    matches!(node.kind(), "list" | "redirected_statement")
}

fn previous(node: Node<'_>) -> Option<Node<'_>> {
    let mut previous = node.prev_sibling();
    while previous.is_some_and(is_filling) {
        previous = previous.and_then(Node::prev_sibling);
    }
    previous
}

/// What follows, redirections of the statement itself left out.
fn next(node: Node<'_>) -> Option<Node<'_>> {
    let mut next = node.next_sibling();
    while next.is_some_and(|next| is_filling(next) || next.field() == Some("redirect")) {
        next = next.and_then(Node::next_sibling);
    }
    next
}

fn is_filling(node: Node<'_>) -> bool {
    matches!(node.kind(), ";" | "\n" | "comment")
}
