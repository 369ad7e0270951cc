//! Assignments, and what goes if one goes.

use super::place::{self, is_alone_in_body};
use super::tree::Node;
use super::walk::Walk;
use super::word::{Raw, before_blanks, behind_blanks};
use crate::facts::{Home, Origin, Span, Variable, Word, assigned};
use crate::passage::Passage;

impl<'t> Walk<'_, '_, 't> {
    /// An assignment that lasts.
    pub(super) fn statement(&mut self, node: Node<'t>) {
        let whole = self.statement_whole(node, node);
        if let Some(variable) = self.variable(node, whole, self.origin(false)) {
            self.keep(variable, self.appends(node));
        }
        self.visit_children(node);
    }

    /// `export`, `readonly`, `declare`, `local`, `typeset`.
    pub(super) fn declaration(&mut self, node: Node<'t>) {
        let children: Vec<Node<'t>> = node.children().collect();
        let operands: Vec<Node<'t>> = children
            .iter()
            .copied()
            .filter(|child| child.is_named() && !self.text(*child).starts_with('-'))
            .filter(|child| !matches!(child.kind(), "comment" | "ERROR"))
            .collect();
        for raw in Raw::collect(self.passage.text(), operands.iter().copied()) {
            let operand = raw.nodes[0];
            let whole = if raw.nodes.len() == operands.len() {
                self.statement_whole(node, operand)
            } else {
                let start = before_blanks(self.passage.text(), raw.range.start);
                self.passage.span_with_gap(start..raw.range.end)
            };
            let variable = match operand.kind() {
                "variable_assignment" => self.variable(operand, whole, self.origin(false)),
                "variable_name" => Some(Variable {
                    name: self.text(operand).to_owned(),
                    name_span: self.passage.span(operand.byte_range()),
                    value: None,
                    whole,
                    origin: self.origin(false),
                }),
                _ => {
                    let word = raw.read(self.passage, self.scope);
                    self.variable_of_word(&raw, &word, self.origin(false))
                        .map(|variable| Variable { whole, ..variable })
                }
            };
            if let Some(variable) = variable {
                self.keep(variable, self.appends(operand));
            }
            self.visit_children(operand);
        }
        for child in children {
            if child.is_error() || child.is_missing() || child.kind() == "comment" {
                self.visit(child);
            }
        }
    }

    fn keep(&mut self, variable: Variable, appends: bool) {
        if let Some(value) = &variable.value {
            let known = value.known && !appends;
            self.scope.set(&variable.name, known.then(|| value.text.clone()));
        }
        self.facts.variables.push(variable);
    }

    fn appends(&self, node: Node<'t>) -> bool {
        node.children().any(|child| child.kind() == "+=")
    }

    /// What goes with a statement; where none may go, the value does.
    fn statement_whole(&self, statement: Node<'t>, assignment: Node<'t>) -> Span {
        statement_whole(self.passage, self.home, statement).unwrap_or_else(|| {
            let value = assignment.child("value");
            self.passage.span(value.unwrap_or(assignment).byte_range())
        })
    }

    pub(super) fn origin(&self, prefix: bool) -> Origin {
        if prefix { Origin::Prefix(self.home.clone()) } else { Origin::Shell(self.home.clone()) }
    }

    /// The variable of `NAME=value`; none of an array's element.
    pub(super) fn variable(&self, node: Node<'t>, whole: Span, origin: Origin) -> Option<Variable> {
        let name = node.child("name")?;
        if name.kind() != "variable_name" {
            return None;
        }
        let parts =
            node.children().filter(|child| child.field() == Some("value") || child.is_error());
        let mut words = Raw::collect(self.passage.text(), parts).into_iter();
        let value = match words.next() {
            Some(raw) => {
                let mut word = raw.read(self.passage, self.scope);
                if raw.nodes[0].kind() == "array" {
                    word.text = self.passage.text()[raw.range.clone()].to_owned();
                    word.known = false;
                }
                word.whole = word.span.clone();
                word
            }
            None => {
                let end = node.end_byte();
                let span = self.passage.span(end..end);
                Word { text: String::new(), known: true, whole: span.clone(), span }
            }
        };
        Some(Variable {
            name: self.text(name).to_owned(),
            name_span: self.passage.span(name.byte_range()),
            value: Some(value),
            whole,
            origin,
        })
    }

    /// The variable of a word such as that behind `env`, whose quotes may begin before the name.
    pub(super) fn variable_of_word(
        &self,
        raw: &Raw<'t>,
        word: &Word,
        origin: Origin,
    ) -> Option<Variable> {
        let (name, value) = assigned(&word.text)?;
        let text = &self.passage.text()[raw.range.clone()];
        let plain = text.starts_with(name) && text[name.len()..].starts_with('=');
        let (name_range, value_range) = if plain {
            let equals = raw.range.start + name.len();
            (raw.range.start..equals, equals + 1..raw.range.end)
        } else {
            (raw.range.clone(), raw.range.clone())
        };
        let span = self.passage.span(value_range);
        Some(Variable {
            name: name.to_owned(),
            name_span: self.passage.span(name_range),
            value: Some(Word {
                text: value.to_owned(),
                known: word.known,
                whole: span.clone(),
                span,
            }),
            whole: word.whole.clone(),
            origin,
        })
    }
}

/// What goes if an assignment that stands as a statement of its own goes: its lines if nothing else
/// stands there, otherwise the statement with what separates it from its neighbours. None where the
/// text would not be valid, or not mean the same, without any statement in its place.
fn statement_whole(passage: &Passage, home: &Home, statement: Node<'_>) -> Option<Span> {
    separated_whole(passage, home, statement, statement.end_byte())
}

/// The same of a statement that ends at `end`.
fn separated_whole(
    passage: &Passage,
    home: &Home,
    statement: Node<'_>,
    end: usize,
) -> Option<Span> {
    let text = passage.text();
    let start = statement.start_byte();
    let before = before_blanks(text, start);
    let behind = behind_blanks(text, end);
    let (left, right) = (&text[..before], &text[behind..]);
    let guarded = left.ends_with(['|', '!']) || right.starts_with('|');
    let background = right.starts_with('&') && !right.starts_with("&&");
    if guarded || background || is_alone_in_body(statement) {
        return None;
    }
    let (led, leads) = (place::operator_before(statement), place::operator_behind(statement));
    if [led, leads].into_iter().flatten().any(|operator| operator.kind() != "&&") {
        return None;
    }
    if let (Some(sign), None) = (led, leads) {
        // What was led to by it becomes the list's last: then `set -e` heeds it.
        let between = text.get(sign.end_byte()..start)?;
        let last = place::is_last(statement) && !between.contains('#');
        let from = before_blanks(text, sign.start_byte());
        return last.then(|| passage.span_with_gap(from..end));
    }
    if leads.is_none() && place::gives_status(statement, text, home) {
        return None;
    }
    let starts_line = left.is_empty() || left.ends_with('\n');
    let separator = ["&&", ";"].into_iter().find(|sign| right.starts_with(sign));
    let behind_separator = separator.map(|sign| {
        let place = behind_blanks(text, behind + sign.len());
        // A list goes on in the next line.
        let lines = if sign == "&&" { &text[place..] } else { "" };
        let blank = lines.len() - lines.trim_start().len();
        if right.starts_with(";;") { end } else { place + blank }
    });
    let line_end = |place: usize| match &text[place..] {
        "" => Some(place),
        rest if rest.starts_with('\n') => Some(place + 1),
        rest if rest.starts_with("\r\n") => Some(place + 2),
        _ => None,
    };
    if left.is_empty() && right.starts_with('#') && !right.contains('\n') {
        return Some(passage.span_with_gap(0..text.len()));
    }
    if starts_line && let Some(stop) = line_end(behind_separator.unwrap_or(behind)) {
        return Some(passage.span_with_gap(before..stop));
    }
    if let Some(place) = behind_separator {
        let stop = if place < text.len() { passage.start_of(place) } else { passage.end_of(place) };
        return Some(passage.start_of(start)..stop);
    }
    if let Some(shorter) = left.strip_suffix(';')
        && !shorter.ends_with(';')
    {
        return Some(passage.span_with_gap(before_blanks(text, shorter.len())..end));
    }
    Some(passage.span(start..end))
}

/// What goes if a command goes, redirections included. None also where it reads a heredoc.
pub(super) fn command_whole(passage: &Passage, home: &Home, command: Node<'_>) -> Option<Span> {
    let mut statement = command;
    let mut last = command;
    // The grammar takes a redirection behind a list for one of the whole list.
    while let Some(parent) = last.parent() {
        match parent.kind() {
            "redirected_statement" => {
                if parent.children().any(|one| one.kind() == "heredoc_redirect") {
                    return None;
                }
                if statement.id() == last.id() {
                    statement = parent;
                }
            }
            "list" if parent.end_byte() == last.end_byte() => {}
            _ => break,
        }
        last = parent;
    }
    if statement.has_error() {
        return None;
    }
    separated_whole(passage, home, statement, last.end_byte())
}
