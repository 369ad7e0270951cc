//! The way through a syntax tree, which collects facts.

use tree_sitter::Node;

use super::assignment::statement_whole;
use super::scope::Scope;
use super::word::Raw;
use super::{nested, tree};
use crate::facts::{Command, Comment, Facts, Home, Span, SyntaxError, Word, assigning_words};
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
    walk.visit(tree.root_node());
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
                for (child, _) in tree::children(node) {
                    if child.kind() == "variable_name" {
                        self.scope.set(self.text(child), None);
                    }
                }
            }
            "comment" => self.comment(node),
            "ERROR" => self.broken(node),
            "subshell" | "command_substitution" | "process_substitution" | "pipeline" => {
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
        for (child, _) in tree::children(node) {
            self.visit(child);
        }
    }

    /// What a branch or a loop sets may or may not have been set behind it.
    fn branching(&mut self, node: Node<'t>) {
        let mark = self.scope.mark();
        for (child, field) in tree::children(node) {
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
        for (child, _) in tree::children(node) {
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
        let children = tree::children(node);
        let mut words = Vec::new();
        let mut rest = Vec::new();
        for &(child, field) in &children {
            match field {
                Some("body") => {}
                Some("redirect") => self.redirect(child, &mut words, &mut rest),
                _ => rest.push(child),
            }
        }
        match children.iter().find(|(_, field)| *field == Some("body")) {
            Some(&(body, _)) => {
                if !words.is_empty() {
                    self.tails.push((last_command(body).id(), words));
                }
                self.visit(body);
            }
            None => self.emit(&[], Raw::collect(self.passage.text(), words), None),
        }
        rest.into_iter().for_each(|child| self.visit(child));
    }

    /// Takes words of the command out of a redirection; the rest is visited later.
    fn redirect(&self, node: Node<'t>, words: &mut Vec<Node<'t>>, rest: &mut Vec<Node<'t>>) {
        let mut target: Option<usize> = None;
        for (child, field) in tree::children(node) {
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
        for (child, field) in tree::children(node) {
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
                    if child.child_count() > 0 {
                        parts.push(child);
                    }
                }
                _ => parts.push(child),
            }
        }
        if let Some(at) = self.tails.iter().rposition(|(id, _)| *id == node.id()) {
            parts.extend(self.tails.remove(at).1);
        }
        parts.sort_by_key(Node::start_byte);
        let words = Raw::collect(self.passage.text(), parts);
        if words.is_empty() {
            prefix.drain(..).for_each(|assignment| self.statement(assignment));
        }
        self.emit(&prefix, words, self.command_whole(node));
        rest.into_iter().for_each(|child| self.visit(child));
    }

    fn ends_line(&self, from: usize, next: Node<'_>) -> bool {
        let gap = self.passage.text().get(from..next.start_byte()).unwrap_or_default();
        gap.match_indices('\n').any(|(at, _)| !gap[..at].trim_end_matches('\r').ends_with('\\'))
    }

    /// What goes if a command goes: with its redirections, from the list it stands in.
    fn command_whole(&self, node: Node<'t>) -> Option<Span> {
        let parent = node.parent().filter(|parent| {
            parent.kind() == "redirected_statement"
                && parent.child_by_field_name("body") == Some(node)
        });
        let whole = statement_whole(self.passage, parent.unwrap_or(node))?;
        // A script in a word is not left empty.
        let text = self.passage.span(0..self.passage.text().len());
        let alone = self.depth > 0 && whole.start <= text.start && text.end <= whole.end;
        (!alone).then_some(whole)
    }

    fn emit(&mut self, prefix: &[Node<'t>], words: Vec<Raw<'t>>, whole: Option<Span>) {
        let (Some(first), Some(last)) = (words.first(), words.last()) else { return };
        let start = prefix.first().map_or(first.range.start, Node::start_byte);
        let span = self.passage.span(start..last.range.end);
        let mut assignments = Vec::new();
        for (index, &assignment) in prefix.iter().enumerate() {
            let next = prefix.get(index + 1).map_or(first.range.start, Node::start_byte);
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
        let home = self.home.clone();
        let command = Command { assignments, words: read, span, whole, home };
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
        for (child, _) in tree::children(node) {
            match child.kind() {
                "command_name" => {
                    self.emit(
                        &[],
                        Raw::collect(self.passage.text(), std::mem::take(&mut words)),
                        None,
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
                        &[],
                        Raw::collect(self.passage.text(), std::mem::take(&mut words)),
                        None,
                    );
                    self.visit(child);
                }
            }
        }
        self.emit(&[], Raw::collect(self.passage.text(), words), None);
    }

    fn error(&mut self, node: Node<'t>, message: String) {
        let span = self.passage.span(node.byte_range());
        self.facts.errors.push(SyntaxError { message, span });
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
        let inner = tree::children(node)
            .into_iter()
            .rfind(|(child, field)| child.is_named() && *field != Some("redirect"));
        match inner {
            Some((inner, _)) => node = inner,
            None => break,
        }
    }
    node
}
