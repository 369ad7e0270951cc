//! The way through a syntax tree, which collects facts.

use super::assignment::command_whole;
use super::scope::Scope;
use super::tree::{self, Node};
use super::word::Raw;
use super::{nested, written};
use crate::facts::{
    Command, Comment, Facts, Home, Removal, Span, SyntaxError, Word, assigning_words,
};
use crate::passage::Passage;

/// How deep scripts within words are read.
const MOST_NESTED: usize = 4;

/// How deep a tree is followed.
const MOST_LEVELS: usize = 200;

/// Reads a text into facts; `depth` counts the words it stands in.
pub(super) fn read(
    passage: &Passage,
    home: &Home,
    scope: &mut Scope<'_>,
    facts: &mut Facts,
    depth: usize,
) {
    let Some(tree) = tree::parse(passage.text()) else { return };
    let mut walk = Walk { passage, home, scope, facts, depth, level: 0, tails: Vec::new() };
    if let Some(root) = tree.root() {
        walk.visit(root);
    }
}

pub(super) struct Walk<'a, 'k, 't> {
    pub(super) passage: &'a Passage,
    pub(super) home: &'a Home,
    pub(super) scope: &'a mut Scope<'k>,
    pub(super) facts: &'a mut Facts,
    depth: usize,
    level: usize,
    /// Words behind the redirection that follows a command, by the command's node.
    tails: Vec<(usize, Vec<Node<'t>>)>,
}

impl<'a, 't> Walk<'a, '_, 't> {
    pub(super) fn visit(&mut self, node: Node<'t>) {
        if self.level == MOST_LEVELS {
            self.error(node, "nested too deeply".to_owned());
            return;
        }
        self.level += 1;
        self.visit_kind(node);
        self.level -= 1;
    }

    fn visit_kind(&mut self, node: Node<'t>) {
        if node.is_missing() {
            self.error(node, format!("missing `{}`", node.kind()));
            return;
        }
        match node.kind() {
            "command" => self.command(node),
            "redirected_statement" => self.redirected(node),
            "variable_assignment" => self.statement(node),
            "declaration_command" => self.declaration(node),
            "unset_command" => {
                for child in node.children() {
                    if child.kind() == "variable_name" {
                        self.scope.set(self.text(child), None);
                    }
                }
            }
            "comment" => self.comment(node),
            "ERROR" => self.broken(node),
            "subshell" | "command_substitution" | "process_substitution" | "pipeline" => {
                if node.kind() == "pipeline" {
                    self.written(node);
                }
                let mark = self.scope.mark();
                self.visit_children(node);
                self.scope.restore(mark);
            }
            "if_statement"
            | "while_statement"
            | "case_statement"
            | "for_statement"
            | "c_style_for_statement"
            | "function_definition" => self.branching(node),
            "list" => self.list(node),
            _ => self.visit_children(node),
        }
    }

    pub(super) fn visit_children(&mut self, node: Node<'t>) {
        for child in node.children() {
            self.visit(child);
        }
    }

    /// What a branch or a loop sets may or may not have been set behind it.
    fn branching(&mut self, node: Node<'t>) {
        let mark = self.scope.mark();
        for child in node.children() {
            let field = child.field();
            if matches!(child.kind(), "elif_clause" | "else_clause" | "case_item") {
                self.scope.doubt(mark);
            }
            if field == Some("variable") {
                self.scope.set(self.text(child), None);
            }
            self.visit(child);
        }
        self.scope.doubt(mark);
    }

    fn list(&mut self, node: Node<'t>) {
        let mut mark = None;
        for child in node.children() {
            if child.kind() == "||" {
                mark = Some(self.scope.mark());
            }
            self.visit(child);
        }
        if let Some(mark) = mark {
            self.scope.doubt(mark);
        }
    }

    /// A statement with redirections, behind which the grammar takes words of the command for more targets.
    fn redirected(&mut self, node: Node<'t>) {
        self.written(node);
        let mut words = Vec::new();
        let mut rest = Vec::new();
        for child in node.children() {
            match child.field() {
                Some("body") => {}
                Some("redirect") => self.redirect(child, &mut words, &mut rest),
                _ => rest.push(child),
            }
        }
        match node.child("body") {
            Some(body) => {
                if !words.is_empty() {
                    self.tails.push((last_command(body).id(), words));
                }
                self.visit(body);
            }
            None => self.emit(Some(node), &[], Raw::collect(self.passage.text(), words)),
        }
        rest.into_iter().for_each(|child| self.visit(child));
    }

    /// Takes words of the command out of a redirection; the rest is visited later.
    fn redirect(&self, node: Node<'t>, words: &mut Vec<Node<'t>>, rest: &mut Vec<Node<'t>>) {
        let mut target: Option<usize> = None;
        for child in node.children() {
            let field = child.field();
            match field {
                Some("destination") if target.is_none_or(|end| end == child.start_byte()) => {
                    target = Some(child.end_byte());
                    rest.push(child);
                }
                Some("destination" | "argument") => words.push(child),
                Some("redirect") => self.redirect(child, words, rest),
                _ => rest.push(child),
            }
        }
    }

    fn command(&mut self, node: Node<'t>) {
        let mut prefix: Vec<Node<'t>> = Vec::new();
        let mut parts = Vec::new();
        let mut rest = Vec::new();
        let mut previous_end = node.start_byte();
        for child in node.children() {
            let field = child.field();
            // The grammar goes on behind the end of a line that consists of assignments.
            if !prefix.is_empty() && parts.is_empty() && self.ends_line(previous_end, child) {
                prefix.drain(..).for_each(|assignment| self.statement(assignment));
            }
            previous_end = child.end_byte();
            match child.kind() {
                "variable_assignment" if parts.is_empty() => prefix.push(child),
                "comment" | "subshell" => rest.push(child),
                _ if field == Some("redirect") => self.redirect(child, &mut parts, &mut rest),
                "ERROR" => {
                    rest.push(child);
                    if child.children().next().is_some() {
                        parts.push(child);
                    }
                }
                _ => parts.push(child),
            }
        }
        if let Some(at) = self.tails.iter().rposition(|(id, _)| *id == node.id()) {
            parts.extend(self.tails.remove(at).1);
        }
        parts.sort_by_key(|part| part.start_byte());
        let words = Raw::collect(self.passage.text(), parts);
        if words.is_empty() {
            prefix.drain(..).for_each(|assignment| self.statement(assignment));
        }
        self.emit(Some(node), &prefix, words);
        rest.into_iter().for_each(|child| self.visit(child));
    }

    fn ends_line(&self, from: usize, next: Node<'_>) -> bool {
        let gap = self.passage.text().get(from..next.start_byte()).unwrap_or_default();
        gap.match_indices('\n').any(|(at, _)| !gap[..at].trim_end_matches('\r').ends_with('\\'))
    }

    /// The settings in a file that a statement writes. A pipeline with redirections is read with them.
    fn written(&mut self, statement: Node<'t>) {
        if written::is_told_above(statement) {
            return;
        }
        if let Some(written) = written::of_statement(self.passage, statement) {
            let whole = command_whole(self.passage, self.home, written::last_of(statement));
            let text = self.passage.span(0..self.passage.text().len());
            let nested = self.depth > 0;
            let empties = |whole: &Span| whole.start <= text.start && text.end <= whole.end;
            let whole = whole.filter(|whole| !(nested && empties(whole)));
            written.read(whole.as_ref(), self.facts);
        }
    }

    fn emit(&mut self, statement: Option<Node<'t>>, prefix: &[Node<'t>], words: Vec<Raw<'t>>) {
        let (Some(first), Some(last)) = (words.first(), words.last()) else { return };
        let start = prefix.first().map_or(first.range.start, |node| node.start_byte());
        let span = self.passage.span(start..last.range.end);
        if let Some(whole) = statement.and_then(|node| command_whole(self.passage, self.home, node))
        {
            self.facts.removals.push(Removal { command: span.clone(), whole });
        }
        let mut assignments = Vec::new();
        for (index, &assignment) in prefix.iter().enumerate() {
            let next = prefix.get(index + 1).map_or(first.range.start, |node| node.start_byte());
            let whole = self.passage.start_of(assignment.start_byte())..self.passage.start_of(next);
            if let Some(variable) = self.variable(assignment, whole, self.origin(true)) {
                assignments.push(self.facts.variables.len());
                self.facts.variables.push(variable);
            }
        }
        let read: Vec<Word> =
            words.iter().map(|word| word.read(self.passage, self.scope)).collect();
        for index in assigning_words(&read) {
            assignments.push(self.facts.variables.len());
            self.facts.variables.extend(self.variable_of_word(
                &words[index],
                &read[index],
                self.origin(true),
            ));
        }
        let command = Command { assignments, words: read, span, home: self.home.clone() };
        let script = nested::script_word(&command).filter(|_| self.depth < MOST_NESTED);
        if command.words[0].text == "read" {
            for word in &command.words[1..] {
                self.scope.set(&word.text, None);
            }
        }
        self.facts.commands.push(command);
        for &assignment in prefix {
            self.visit_children(assignment);
        }
        for (index, word) in words.iter().enumerate() {
            if script == Some(index) {
                let text = word.unquoted(self.passage);
                let mark = self.scope.mark();
                read_nested(&text, self);
                self.scope.restore(mark);
            } else {
                word.nodes.iter().for_each(|&node| self.visit_children_or_self(node));
            }
        }
    }

    fn visit_children_or_self(&mut self, node: Node<'t>) {
        if node.kind() != "ERROR" {
            self.visit(node);
        }
    }

    fn comment(&mut self, node: Node<'t>) {
        let text = self.text(node).trim_end_matches('\r');
        let start = node.start_byte();
        let before = &self.passage.text()[..start];
        let own_line = before.trim_end_matches([' ', '\t']);
        self.facts.comments.push(Comment {
            text: text.strip_prefix('#').unwrap_or(text).to_owned(),
            span: self.passage.span(start..start + text.len()),
            own_line: own_line.is_empty() || own_line.ends_with('\n'),
        });
    }

    /// What the grammar gave up on: the commands that stand in it are still seen.
    fn broken(&mut self, node: Node<'t>) {
        self.error(node, "shell text that is not understood".to_owned());
        let mut words: Vec<Node<'t>> = Vec::new();
        for child in node.children() {
            match child.kind() {
                "command_name" => {
                    self.emit(
                        None,
                        &[],
                        Raw::collect(self.passage.text(), std::mem::take(&mut words)),
                    );
                    words.push(child);
                }
                "word" | "string" | "raw_string" | "ansi_c_string" | "concatenation" | "number"
                | "simple_expansion" | "expansion"
                    if !words.is_empty() =>
                {
                    words.push(child);
                }
                _ => {
                    self.emit(
                        None,
                        &[],
                        Raw::collect(self.passage.text(), std::mem::take(&mut words)),
                    );
                    self.visit(child);
                }
            }
        }
        self.emit(None, &[], Raw::collect(self.passage.text(), words));
    }

    fn error(&mut self, node: Node<'t>, message: String) {
        let span = self.passage.span(node.byte_range());
        self.facts.errors.push(SyntaxError { message, span, of_shell: true });
    }

    pub(super) fn text(&self, node: Node<'t>) -> &'a str {
        self.passage.text().get(node.byte_range()).unwrap_or_default()
    }
}

fn read_nested(text: &Passage, walk: &mut Walk<'_, '_, '_>) {
    read(text, walk.home, walk.scope, walk.facts, walk.depth + 1);
}

/// The simple command that a redirection behind a statement belongs to.
fn last_command(node: Node<'_>) -> Node<'_> {
    let mut node = node;
    while matches!(node.kind(), "list" | "pipeline" | "negated_command" | "redirected_statement") {
        let inner = node
            .children()
            .filter(|child| child.is_named() && child.field() != Some("redirect"))
            .last();
        match inner {
            Some(inner) => node = inner,
            None => break,
        }
    }
    node
}
